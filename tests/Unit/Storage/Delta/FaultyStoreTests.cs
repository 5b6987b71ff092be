using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>A store that fails at one call and works again: a lost request, or a lost answer to one that arrived.</summary>
public sealed class FaultyStoreTests
{
    [TestCase(false, TestName = "Commit_RequestLostAnywhere_ARetryOnTheSameInstanceCommitsOnce")]
    [TestCase(true, TestName = "Commit_AnswerLostAnywhere_ARetryOnTheSameInstanceCommitsOnce")]
    public async Task Commit_StoreFailsOnce(bool failsAfter)
    {
        for (int call = 1; ; call++)
        {
            using var t = new DeltaFixture();
            Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
            var store = new FaultyObjectStore(new LocalObjectStore(t.RootPath, new UnsyncedFileCalls()), call, failsAfter, () => new LeptonDataException("storage.io", ["x", "y"]) { IsTransient = true });
            var table = new DeltaTable(store, "t");
            TableChange change = Overwrite(first, t.File("b")) with { Transactions = [new TransactionStep("step", null, 1)] };
            Snapshot done;
            try
            {
                done = await table.CommitAsync(change);
            }
            catch (LeptonDataException failure) when (failure.Code == "storage.io")
            {
                done = await table.CommitAsync(change);
            }
            Assert.That((done.Version, done.Files.Single().Path), Is.EqualTo((1L, "b")), $"call {call}");
            Snapshot read = (await t.Open().ReadAsync())!;
            Assert.That((read.Version, read.Files.Single().Path), Is.EqualTo((1L, "b")), $"call {call}");
            if (store.CallCount < call) break;
        }
    }

    [Test]
    public async Task Commit_AnswerLostAndNoProgressGiven_ARetryDoublesNothing()
    {
        for (int call = 1; ; call++)
        {
            using var t = new DeltaFixture();
            Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
            var store = new FaultyObjectStore(new LocalObjectStore(t.RootPath, new UnsyncedFileCalls()), call, failsAfter: true, () => new LeptonDataException("storage.io", ["x", "y"]) { IsTransient = true });
            var table = new DeltaTable(store, "t");
            TableChange change = Append(first, t.File("b"));
            for (int attempt = 1; attempt <= 2; attempt++)
            {
                try
                {
                    await table.CommitAsync(change);
                    break;
                }
                catch (LeptonDataException failure) when (failure.Code is "storage.io" or "storage.conflict")
                {
                    // A conflict with itself: the same files cannot be added a second time.
                }
            }
            Assert.That((await t.Open().ReadAsync())!.Files.Select(file => file.Path), Is.EqualTo(new[] { "a", "b" }), $"call {call}");
            if (store.CallCount < call) break;
        }
    }

    // Where it stands in the log it is reported as done: who were told that it failed would write the rows once more.
    [Test]
    public async Task Commit_StoreFailsAfterThePut_IsReportedAsDone()
    {
        for (int call = 1; ; call++)
        {
            using var t = new DeltaFixture();
            Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
            var store = new FaultyObjectStore(new LocalObjectStore(t.RootPath, new UnsyncedFileCalls()), call, failsAfter: false, () => new InvalidOperationException("x"));
            var table = new DeltaTable(store, "t");
            bool isDone = false;
            try
            {
                isDone = (await table.CommitAsync(Append(first, t.File("b")))).Version == 1;
            }
            catch (InvalidOperationException)
            {
            }
            if (store.CallCount < call) break;
            Assert.That(isDone, Is.EqualTo(File.Exists(t.LogFile(1))), $"call {call}");
            Snapshot next = await table.CommitAsync(Append(first, t.File("c")));
            Assert.That(next.Files.Select(file => file.Path), Is.EqualTo(isDone ? new[] { "a", "b", "c" } : ["a", "c"]), $"call {call}");
        }
    }

    // The creation's last sync comes after the put, and a failure of it is reported: the same change again is a conflict with itself, or known by its progress.
    [Test]
    public async Task Commit_CreationFailsAnywhere_ARetryDoublesNothing([Values] bool failsAfter, [Values] bool hasProgress)
    {
        for (int call = 1; ; call++)
        {
            using var t = new DeltaFixture();
            var store = new FaultyObjectStore(new LocalObjectStore(t.RootPath, new UnsyncedFileCalls()), call, failsAfter, () => new LeptonDataException("storage.io", ["x", "y"]) { IsTransient = true });
            var table = new DeltaTable(store, "t");
            TableChange change = Append(null, t.File("a")) with { Transactions = hasProgress ? [new TransactionStep("step", null, 1)] : [] };
            for (int attempt = 1; attempt <= 2; attempt++)
            {
                try
                {
                    await table.CommitAsync(change);
                    break;
                }
                catch (LeptonDataException failure) when (attempt == 1 ? failure.Code == "storage.io" : !hasProgress && failure.Code == "storage.conflict")
                {
                }
            }
            Snapshot read = (await t.Open().ReadAsync())!;
            Assert.That((read.Version, read.Files.Single().Path), Is.EqualTo((0L, "a")), $"call {call}");
            if (store.CallCount < call) break;
        }
    }

    [Test]
    public async Task Read_StoreFailsAnywhere_TheNextReadIsRight()
    {
        using var t = new DeltaFixture();
        Snapshot last = await t.Table.CommitAsync(Append(null, t.File("f0")));
        for (int i = 1; i < 5; i++) last = await t.Table.CommitAsync(Append(last, t.File($"f{i}")));
        for (int call = 1; ; call++)
        {
            var store = new FaultyObjectStore(new LocalObjectStore(t.RootPath), call, failsAfter: false, () => new LeptonDataException("storage.io", ["x", "y"]) { IsTransient = true });
            var table = new DeltaTable(store, "t");
            Snapshot read;
            try
            {
                read = (await table.ReadAsync())!;
            }
            catch (LeptonDataException)
            {
                read = (await table.ReadAsync())!;
            }
            DeltaTableTests.AssertSame(last, read);
            if (store.CallCount < call) break;
        }
    }
}

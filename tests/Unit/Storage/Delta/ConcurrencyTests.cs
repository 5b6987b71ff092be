using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class ConcurrencyTests
{
    [Test]
    public async Task Commit_TwoWritersAppendAThousandTimes_NothingIsLostOrDoubled()
    {
        const int commits = 500;
        using var t = new DeltaFixture();
        await t.Table.CommitAsync(Append(null));
        await Task.WhenAll(Enumerable.Range(0, 2).Select(writer => Task.Run(async () =>
        {
            DeltaTable table = t.Open();
            string application = $"writer-{writer}";
            for (int i = 1; i <= commits; i++)
            {
                Snapshot current = (await table.ReadAsync())!;
                Snapshot done = await table.CommitAsync(Append(current, t.File($"{writer}-{i}")) with { Transactions = [new TransactionStep(application, i == 1 ? null : i - 1, i)] });
                Assert.That(done.Transactions[application], Is.EqualTo(i));
            }
        })));
        Snapshot last = (await t.Open().ReadAsync())!;
        Assert.That(last.Version, Is.EqualTo(2 * commits));
        Assert.That(last.Files.Select(file => file.Path), Is.EquivalentTo(Enumerable.Range(1, commits).SelectMany(i => new[] { $"0-{i}", $"1-{i}" })));
    }

    [Test]
    public async Task Commit_NameOfTheNextCommitIsTakenByAFolder_Ends()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null));
        Directory.CreateDirectory(t.LogFile(1));
        LeptonDataException refusal = await Refusal.Of("storage.not_a_file", () => t.Open().CommitAsync(Append(first, t.File("a"))).AsTask());
        Assert.That(refusal.Message, Does.Contain(t.LogFile(1)));
    }

    [Test]
    public async Task Commit_TwoWritersReadAndReplace_LoseNoUpdate()
    {
        const int increments = 100;
        using var t = new DeltaFixture();
        await t.Table.CommitAsync(Append(null, t.File("count=0")));
        int conflicts = 0;
        await Task.WhenAll(Enumerable.Range(0, 2).Select(writer => Task.Run(async () =>
        {
            DeltaTable table = t.Open();
            for (int i = 0; i < increments; i++)
            {
                while (true)
                {
                    Snapshot current = (await table.ReadAsync())!;
                    long count = long.Parse(current.Files.Single().Path.Split('=', '/')[1], CultureInfo.InvariantCulture);
                    try
                    {
                        await table.CommitAsync(Overwrite(current, t.File($"count={count + 1}/{writer}-{i}-{current.Version}")));
                        break;
                    }
                    catch (LeptonDataException failure) when (failure.Code == "storage.conflict")
                    {
                        Interlocked.Increment(ref conflicts);
                    }
                }
            }
        })));
        Snapshot last = (await t.Open().ReadAsync())!;
        Assert.That(last.Files.Single().Path, Does.StartWith($"count={2 * increments}/"));
        Assert.That(last.Version, Is.EqualTo(2 * increments));
        TestContext.Out.WriteLine($"{conflicts} conflicts");
    }

    [Test]
    public async Task Commit_ManyThreadsOnOneInstance_AllArrive()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () => await t.Table.CommitAsync(Append(first, t.File($"f{i}"))))));
        Assert.That((await t.Table.ReadAsync())!.Files, Has.Count.EqualTo(40));
    }

    [Test]
    public async Task Commit_TwoRunsRaceForOneStep_OneCommitsAndTheOtherIsToldSo()
    {
        for (int round = 0; round < 50; round++)
        {
            using var t = new DeltaFixture();
            Snapshot first = await t.Table.CommitAsync(Append(null));
            Snapshot[] results = await Task.WhenAll(Enumerable.Range(0, 2).Select(writer => Task.Run(async () =>
                await t.Open().CommitAsync(Append(first, t.File($"{writer}")) with { Transactions = [new TransactionStep("step", null, 1)] }))));
            Assert.That(results.Select(result => result.Version), Is.EqualTo(new[] { 1L, 1L }));
            Assert.That((await t.Open().ReadAsync())!.Files, Has.Count.EqualTo(1));
        }
    }
}

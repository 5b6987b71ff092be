using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class DeltaTableTests
{
    [Test]
    public async Task Read_NoTable_IsNull()
    {
        using var t = new DeltaFixture();
        Assert.That(await t.Table.ReadAsync(), Is.Null);
    }

    [Test]
    public async Task Commit_FirstChange_CreatesTheTable()
    {
        using var t = new DeltaFixture();
        Snapshot committed = await t.Table.CommitAsync(Append(null, t.File("a.parquet", rows: 3)));
        Snapshot read = (await t.Open().ReadAsync())!;

        Assert.That(read.Version, Is.Zero);
        Assert.That(read.Schema, Is.EqualTo(Columns));
        Assert.That(read.RowCount, Is.EqualTo(3));
        Assert.That(read.CommittedAt, Is.EqualTo(Noon));
        Assert.That(read.Properties, Is.EquivalentTo(new Dictionary<string, string>
        {
            ["delta.logRetentionDuration"] = "interval 365 days",
            ["delta.deletedFileRetentionDuration"] = "interval 30 days",
        }));
        AssertSame(committed, read);
    }

    [Test]
    public async Task Commit_Append_KeepsEveryVersionReadable()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        Snapshot second = await t.Table.CommitAsync(Append(first, t.File("b")));
        Snapshot third = await t.Table.CommitAsync(Overwrite(second, t.File("c")));

        Assert.That((await t.Table.ReadAsync(0))!.Files.Select(file => file.Path), Is.EqualTo(new[] { "a" }));
        Assert.That((await t.Table.ReadAsync(1))!.Files.Select(file => file.Path), Is.EqualTo(new[] { "a", "b" }));
        Assert.That((await t.Table.ReadAsync(2))!.Files.Select(file => file.Path), Is.EqualTo(new[] { "c" }));
        AssertSame(third, (await t.Table.ReadAsync())!);
    }

    [Test]
    public async Task Commit_TwoBlindAppendsFromOneBase_BothArrive()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null));
        await t.Open().CommitAsync(Append(first, t.File("a")));
        Snapshot last = await t.Open().CommitAsync(Append(first, t.File("b")));
        Assert.That(last.Files.Select(file => file.Path), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public async Task Commit_OverwriteAfterAnAppendInBetween_IsAConflict()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        await t.Open().CommitAsync(Append(first, t.File("b")));
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(Overwrite(first, t.File("c"))).AsTask());
        Assert.That((await t.Table.ReadAsync())!.Version, Is.EqualTo(1));
    }

    [Test]
    public async Task Commit_HasReadTableAfterProgressWithoutFiles_IsNoConflict()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        await t.Open().CommitAsync(Append(first) with { Transactions = [new TransactionStep("other", null, 1)] });
        Snapshot last = await t.Table.CommitAsync(Overwrite(first, t.File("c")));
        Assert.That(last.Files.Select(file => file.Path), Is.EqualTo(new[] { "c" }));
    }

    [Test]
    public async Task Commit_AppendAfterAChangeOfColumns_IsAConflict()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        await t.Open().CommitAsync(Append(first) with { Schema = new Schema([.. Columns.Fields, new Field("more", DataType.Date)]) });
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(Append(first, t.File("b"))).AsTask());
    }

    [Test]
    public async Task Commit_RemovedFileIsGoneAlready_IsAConflict()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a"), t.File("b")));
        DataFile a = first.Files[0];
        await t.Open().CommitAsync(Append(first) with { Removed = [a] });
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(Append(first) with { Removed = [a] }).AsTask());
    }

    [Test]
    public async Task Commit_TableExistsAlready_IsAConflict()
    {
        using var t = new DeltaFixture();
        await t.Table.CommitAsync(Append(null));
        await Refusal.Of("storage.conflict", () => t.Open().CommitAsync(Append(null, t.File("a"))).AsTask());
    }

    [Test]
    public async Task Commit_TableWasMadeAnew_IsAConflict()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null));
        Directory.Delete(t.TablePath, recursive: true);
        await t.Open().CommitAsync(Append(null));
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(Append(first, t.File("a"))).AsTask());
    }

    [Test]
    public async Task Commit_ProgressAtExpected_Moves()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null) with { Transactions = [new TransactionStep("p/s", null, 7)] });
        Assert.That(first.Transactions["p/s"], Is.EqualTo(7));
        Snapshot second = await t.Table.CommitAsync(Append(first) with { Transactions = [new TransactionStep("p/s", 7, 9), new TransactionStep("p/other", null, 0)] });
        Assert.That(second.Transactions, Is.EquivalentTo(new Dictionary<string, long> { ["p/s"] = 9, ["p/other"] = 0 }));
    }

    [Test]
    public async Task Commit_ProgressAtNext_AnswersWithTheSnapshotThatDidIt()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null));
        TableChange change = Append(first, t.File("a")) with { Transactions = [new TransactionStep("p/s", null, 1)] };
        Snapshot done = await t.Table.CommitAsync(change);
        await t.Table.CommitAsync(Append(done, t.File("b")));

        Snapshot again = await t.Open().CommitAsync(change with { Added = [t.File("a-again")] });
        Assert.That(again.Version, Is.EqualTo(1));
        AssertSame(done, again);
        Assert.That((await t.Table.ReadAsync())!.Version, Is.EqualTo(2));
    }

    [Test]
    public async Task Commit_CreationThatWasDoneBefore_AnswersWithIt()
    {
        using var t = new DeltaFixture();
        TableChange change = Append(null, t.File("a")) with { Transactions = [new TransactionStep("p/s", null, 1)] };
        Snapshot done = await t.Table.CommitAsync(change);
        AssertSame(done, await t.Open().CommitAsync(change));
    }

    [TestCase(null, 5L, TestName = "Commit_ProgressOfAnotherRun_IsFenced(expected none)")]
    [TestCase(1L, 5L, TestName = "Commit_ProgressOfAnotherRun_IsFenced(expected older)")]
    public async Task Commit_ProgressOfAnotherRun_IsFenced(long? expected, long next)
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null) with { Transactions = [new TransactionStep("p/s", null, 2)] });
        LeptonDataException failure = await Refusal.Of("storage.fenced", () => t.Table.CommitAsync(Append(first) with { Transactions = [new TransactionStep("p/s", expected, next)] }).AsTask());
        Assert.That(failure.IsTransient, Is.False);
    }

    [Test]
    public async Task Commit_ProgressHalfDone_IsFenced()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null) with { Transactions = [new TransactionStep("a", null, 1)] });
        await Refusal.Of("storage.fenced", () => t.Table.CommitAsync(Append(first) with { Transactions = [new TransactionStep("a", null, 1), new TransactionStep("b", null, 1)] }).AsTask());
    }

    [Test]
    public async Task Commit_FileIsNotThere_IsRefused()
    {
        using var t = new DeltaFixture();
        DataFile file = t.File("a");
        File.Delete(Path.Join(t.TablePath, "a"));
        await Refusal.Of("storage.missing_file", () => t.Table.CommitAsync(Append(null, file)).AsTask());
        Assert.That(await t.Table.ReadAsync(), Is.Null);
    }

    [Test]
    public async Task Commit_ColumnAdded_IsKeptWithItsMetadata()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        var wider = new Schema([.. Columns.Fields, new Field("来源", DataType.Decimal(10, 2)) { Metadata = FieldMetadata.Empty.With(FieldMetadata.SourceNameKey, "来 源").With("comment", "a \"quoted\" word") }]);
        await t.Table.CommitAsync(Append(first, t.File("b")) with { Schema = wider });
        Snapshot read = (await t.Open().ReadAsync())!;
        Assert.That(read.Schema, Is.EqualTo(wider));
        Assert.That(read.TableId, Is.EqualTo(first.TableId));
        Assert.That((await t.Table.ReadAsync(0))!.Schema, Is.EqualTo(Columns));
    }

    [Test]
    public async Task Commit_ColumnDroppedWhileFilesStay_IsRefused()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        var narrower = new Schema([Columns[0]]);
        await Refusal.Of("storage.schema_change", () => t.Table.CommitAsync(Append(first) with { Schema = narrower }).AsTask());
        Snapshot replaced = await t.Table.CommitAsync(Overwrite(first, t.File("b")) with { Schema = narrower });
        Assert.That(replaced.Schema, Is.EqualTo(narrower));
    }

    [Test]
    public async Task History_SeveralCommits_NewestFirstWithTheirRuns()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null) with { Operation = "CREATE TABLE", RunId = "run-1" });
        await t.Table.CommitAsync(Append(first, t.File("a")) with { Parameters = new Dictionary<string, string> { ["mode"] = "Append" } });
        var entries = new List<CommitEntry>();
        await foreach (CommitEntry entry in t.Table.HistoryAsync()) entries.Add(entry);

        Assert.That(entries.Select(entry => entry.Version), Is.EqualTo(new[] { 1L, 0L }));
        Assert.That(entries.Select(entry => entry.Operation), Is.EqualTo(new[] { "WRITE", "CREATE TABLE" }));
        Assert.That(entries[0].Parameters["mode"], Is.EqualTo("Append"));
        Assert.That(entries[1].RunId, Is.EqualTo("run-1"));
        Assert.That(entries[0].Engine, Does.StartWith("Lepton.Data/"));
    }

    [Test]
    public async Task Read_AnotherWriterCommitted_SeesItWithoutReopening()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null));
        await t.Open().CommitAsync(Append(first, t.File("a")));
        Assert.That((await t.Table.ReadAsync())!.Version, Is.EqualTo(1));
    }

    [Test]
    public async Task Read_VersionThatIsNotThere_IsRefused()
    {
        using var t = new DeltaFixture();
        await t.Table.CommitAsync(Append(null));
        LeptonDataException failure = await Refusal.Of("storage.no_such_version", () => t.Table.ReadAsync(1).AsTask());
        Assert.That(failure.Message, Does.Contain("has no version 1; its versions go from 0 to 0"));
    }

    internal static void AssertSame(Snapshot expected, Snapshot actual)
    {
        Assert.That(actual.Version, Is.EqualTo(expected.Version));
        Assert.That(actual.TableId, Is.EqualTo(expected.TableId));
        Assert.That(actual.Schema, Is.EqualTo(expected.Schema));
        Assert.That(actual.CommittedAt, Is.EqualTo(expected.CommittedAt));
        Assert.That(actual.Transactions, Is.EquivalentTo(expected.Transactions));
        Assert.That(actual.Files.Select(file => (file.Path, file.SizeBytes, file.ModifiedAt, file.ContentSum, file.Statistics?.RowCount)),
            Is.EqualTo(expected.Files.Select(file => (file.Path, file.SizeBytes, file.ModifiedAt, file.ContentSum, file.Statistics?.RowCount))));
    }

    }

using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.DuckDb;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.EditorFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>What an editor does beyond what <see cref="OperationModelTests"/> shows of rows: columns, refusals, other writers in between.</summary>
public sealed class TableEditorTests
{
    private static readonly RowPredicate s_low = RowPredicate.Compare("id", Comparison.LessOrEqual, 2L);

    private EditorFixture _t = null!;

    [SetUp]
    public void Open() => _t = new EditorFixture();

    [TearDown]
    public void Close() => _t.Dispose();

    [Test]
    public async Task Edit_NoTable_IsRefused() => await Refusal.Of("storage.no_table", () => _t.Editor().AppendAsync(Rows([1L, "a", 1])).AsTask());

    [Test]
    public async Task Append_ColumnsInAnotherOrderAndOneMissing_GoByName()
    {
        await CreateAsync();
        var rows = new Schema([new Field("VALUE", DataType.Int16), new Field("Id", DataType.Int32)]);
        await _t.Editor().AppendAsync(RowsOf(rows, [(short)7, 1]));
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|-|7"));
    }

    [Test]
    public async Task Append_NewColumn_IsAddedOrRefusedByPolicy()
    {
        await CreateAsync();
        await AppendAsync([1L, "a", 1]);
        var wider = new Schema([.. Columns.Fields, new Field("more", DataType.Boolean)]);
        await Refusal.Of("storage.schema_policy_add", () => _t.Editor().AppendAsync(RowsOf(wider, [2L, "b", 2, true])).AsTask());
        TableEdit done = await _t.Editor().AppendAsync(RowsOf(wider, [2L, "b", 2, true]), SchemaPolicy.Add);
        Assert.That(done.Removed, Is.Empty);
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|a|1|- 2|b|2|True"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Append_WiderType_RewritesAllFilesInTheCommit([Values] bool isPartitioned)
    {
        await CreateAsync(isPartitioned);
        await AppendAsync([1L, "a", 1], [2L, null, null]);
        Snapshot before = await AppendAsync([3L, "b", 3]);
        var wider = new Schema([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("value", DataType.Decimal(12, 1))]);
        await Refusal.Of("storage.schema_policy", () => _t.Editor().AppendAsync(RowsOf(wider, [4L, "c", (Int128)45]), SchemaPolicy.Add).AsTask());
        TableEdit done = await _t.Editor().AppendAsync(RowsOf(wider, [4L, "c", (Int128)45]), SchemaPolicy.Widen);
        Assert.That(done.Snapshot.Version, Is.EqualTo(before.Version + 1));
        Assert.That(done.Removed, Is.EquivalentTo(before.Files));
        Assert.That(done.Snapshot.Schema.Find("value")!.Type, Is.EqualTo(DataType.Decimal(12, 1)));
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|a|10 2|-|- 3|b|30 4|c|45"));
        Assert.That(await _t.TextAsync(before.Version), Is.EqualTo("1|a|1 2|-|- 3|b|3"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Edit_WiderTypeWithUpsertOrOverwrite_KeepsTheOtherRows()
    {
        await CreateAsync();
        await AppendAsync([1L, "a", 1], [2L, "b", 2], [3L, "c", 3]);
        var wider = new Schema([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("value", DataType.Int64)]);
        await _t.Editor().UpsertAsync(RowsOf(wider, [2L, "B", 1L << 40]), ["id"], SchemaPolicy.Widen);
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|a|1 2|B|1099511627776 3|c|3"));
        var real = new Schema([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("value", DataType.Decimal(20, 1))]);
        await _t.Editor().OverwriteWhereAsync(s_low, RowsOf(real, [0L, "z", (Int128)5]), SchemaPolicy.Widen);
        Assert.That(await _t.TextAsync(), Is.EqualTo("0|z|5 3|c|30"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Delete_OnlyFilesWithSuchRows_AreTouched()
    {
        await CreateAsync();
        Snapshot first = await AppendAsync([1L, "a", 1], [2L, "b", 2]);
        await AppendAsync([0L, "x", 1], [9L, "y", 2]);
        Snapshot all = await AppendAsync([1L, "c", 1], [8L, "d", 2]);
        // The second file may hold an id of 1 or 2 by its bounds, and does not.
        TableEdit done = await _t.Editor().DeleteAsync(RowPredicate.In("id", [1L, 2L]));
        Assert.That(done.Removed, Is.EquivalentTo(new[] { first.Files[0], all.Files[2] }));
        Assert.That(done.Added, Has.Count.EqualTo(1));
        Assert.That(await _t.TextAsync(), Is.EqualTo("0|x|1 8|d|2 9|y|2"));
        Assert.That((await _t.Editor().DeleteAsync(RowPredicate.In("id", [1L, 2L]))).IsCommitted, Is.False);
    }

    [Test]
    public async Task OverwriteWhere_RowOutside_IsRefusedAndLeavesNothing()
    {
        await CreateAsync(isPartitioned: true);
        await AppendAsync([1L, "a", 1]);
        LeptonDataException refusal = await Refusal.Of("storage.rows_outside", () => _t.Editor().OverwriteWhereAsync(s_low.Or(RowPredicate.IsNull("city")), Rows([2L, "a", 1], [3L, "a", 1], [4L, null, 1])).AsTask());
        Assert.That(refusal.Arguments[1], Is.EqualTo(1L));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|a|1"));
    }

    [TestCase("storage.upsert_duplicate", "id = 2, city = b", TestName = "Upsert_TwoRowsOfOneKey_IsRefusedByTheKey")]
    [TestCase("storage.upsert_null", "2", TestName = "Upsert_NoKey_IsRefused")]
    [TestCase("storage.upsert_key", "value", TestName = "Upsert_KeyOfFloats_IsRefused")]
    [TestCase("storage.upsert_column", "city", TestName = "Upsert_RowsWithoutAColumn_IsRefused")]
    public async Task Upsert_Refused(string code, string named)
    {
        var columns = new Schema([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("value", DataType.Float64)]);
        await _t.Editor().CreateAsync(columns);
        MemoryBatchReader rows = code switch
        {
            "storage.upsert_duplicate" => RowsOf(columns, [1L, "b", 1.0], [2L, "b", 1.0], [2L, "b", 2.0]),
            "storage.upsert_null" => RowsOf(columns, [1L, "b", 1.0], [2L, null, 1.0], [null, "c", 1.0]),
            "storage.upsert_column" => RowsOf(new Schema([columns[0], columns[2]]), [1L, 1.0]),
            _ => RowsOf(columns, [1L, "b", 1.0]),
        };
        LeptonDataException refusal = await Refusal.Of(code, () => _t.Editor().UpsertAsync(rows, code == "storage.upsert_key" ? ["value"] : ["ID", "city"]).AsTask());
        Assert.That(refusal.Message, Does.Contain(named));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Upsert_ManyKeys_ReadsOnlyFilesBetweenTheirBounds()
    {
        await CreateAsync();
        await AppendAsync([.. Enumerable.Range(0, 3000).Select(i => new object?[] { (long)i, "a", i })]);
        Snapshot before = await AppendAsync([.. Enumerable.Range(10_000, 10).Select(i => new object?[] { (long)i, "b", i })]);
        TableEdit done = await _t.Editor().UpsertAsync(Rows(Enumerable.Range(1000, 1500).Select(i => new object?[] { (long)i, "new", -i })), ["id"]);
        Assert.That(done.Removed, Is.EqualTo(new[] { before.Files[0] }));
        List<object?[]> rows = _t.Read(done.Snapshot);
        Assert.That(rows, Has.Count.EqualTo(3010));
        Assert.That(rows.Count(row => (string)row[1]! == "new" && (int)row[2]! == -(long)row[0]!), Is.EqualTo(1500));
    }

    [Test]
    public async Task Compact_FileWithoutItsEnd_NamesItAndBlamesNoValue()
    {
        await CreateAsync();
        await AppendAsync([1L, "a", 1]);
        await AppendAsync([2L, "b", 2]);
        string path = (await _t.Open().ReadAsync())!.FilePaths.First();
        // As long as it was, as after a lost page of the disk.
        await File.WriteAllBytesAsync(path, [.. File.ReadAllBytes(path)[..^8], 0, 0, 0, 0, 0, 0, 0, 0]);
        // DuckDB keeps what it read of a file until it sees another time.
        File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddMinutes(1));
        DuckDbException failure = (await Assert.ThrowsAsync<DuckDbException>(() => _t.Editor().CompactAsync().AsTask()))!;
        Assert.That(failure.Code, Is.EqualTo("storage.duckdb_file"), failure.Message);
        Assert.That(failure.Message, Does.Contain(path).And.Contain("whole").And.Not.Contain("TRY_CAST"));
    }

    [Test]
    public async Task Compact_ManySmallFiles_BecomeFewOfTheSameRows([Values] bool isPartitioned)
    {
        await CreateAsync(isPartitioned);
        for (int i = 0; i < 5; i++) await AppendAsync([(long)i, "a", i], [(long)i, null, null]);
        Snapshot before = (await _t.Open().ReadAsync())!;
        TableEdit done = await _t.Editor().CompactAsync();
        Assert.That(done.Snapshot.Files, Has.Count.EqualTo(isPartitioned ? 2 : 1));
        Assert.That(done.Snapshot.ContentHash, Is.EqualTo(before.ContentHash));
        Assert.That(_t.Read(done.Snapshot).Select(Text), Is.EqualTo(_t.Read(before).Select(Text)));
        Assert.That((await _t.Editor().CompactAsync()).IsCommitted, Is.False);
    }

    [Test]
    public async Task Compact_ClusterBy_GivesSortedFilesWhoseBoundsDoNotOverlap()
    {
        await CreateAsync();
        for (int i = 0; i < 4; i++) await AppendAsync([.. Enumerable.Range(0, 1000).Select(row => new object?[] { (row * 7919L % 1000 * 4) + i, $"text {row * 31 % 997}", row })]);
        long target = (await _t.Open().ReadAsync())!.Files.Sum(file => file.SizeBytes) / 4;
        TableEdit done = await _t.Editor().CompactAsync(target, ["id"]);
        Assert.That(done.Added, Has.Count.EqualTo(4));
        long last = -1;
        foreach (DataFile file in done.Added)
        {
            Assert.That(file.Statistics!.Columns["id"].Min, Is.EqualTo(last + 1));
            last = (long)file.Statistics.Columns["id"].Max!;
        }
        using Lepton.Data.Storage.DuckDb.DuckDbConnection connection = _t.Database.Connect();
        Assert.That(connection.ReadValue<bool>($"SELECT bool_and(id >= before) FROM (SELECT id, lag(id, 1, id) OVER () AS before FROM read_parquet('{_t[$"t/{done.Added[0].Path}"]}'))"), Is.True, "sorted within a file");
    }

    [Test]
    public async Task Append_OthersCommitMeanwhile_NeverConflicts()
    {
        await CreateAsync();
        await AppendAsync([1L, "a", 1]);
        var meddled = new MeddledTable(_t.Open(), async () => await _t.Editor().OverwriteAsync(Rows([9L, "z", 9])));
        TableEdit done = await _t.Editor(new TableEditorOptions { AttemptCountMax = 1 }, table: meddled).AppendAsync(Rows([2L, "b", 2]));
        Assert.That(done.Snapshot.Version, Is.EqualTo(3));
        Assert.That(await _t.TextAsync(), Is.EqualTo("2|b|2 9|z|9"));
    }

    [Test]
    public async Task Append_ColumnsChangeMeanwhile_RowsAreWrittenAsTheyAreNow()
    {
        await CreateAsync();
        await AppendAsync([1L, "a", 1]);
        var wider = new Schema([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("value", DataType.Int64), new Field("more", DataType.String)]);
        var meddled = new MeddledTable(_t.Open(), async () => await _t.Editor().AppendAsync(RowsOf(wider, [3L, "c", 1L << 40, "x"]), SchemaPolicy.Widen));
        TableEdit done = await _t.Editor(table: meddled).AppendAsync(Rows([2L, "b", 2]));
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|a|1|- 2|b|2|- 3|c|1099511627776|x"));
        using Lepton.Data.Storage.DuckDb.DuckDbConnection connection = _t.Database.Connect();
        Assert.That(connection.Describe($"SELECT value FROM read_parquet('{_t[$"t/{done.Added[0].Path}"]}')")[0].Type, Is.EqualTo("BIGINT"), "other readers do not cast");
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Delete_SuchRowsArriveMeanwhile_GoToo()
    {
        await CreateAsync();
        await AppendAsync([1L, "a", 1], [5L, "e", 5]);
        var meddled = new MeddledTable(_t.Open(), async () => await _t.Editor().AppendAsync(Rows([2L, "b", 2], [6L, "f", 6])));
        await _t.Editor(table: meddled).DeleteAsync(s_low);
        Assert.That(await _t.TextAsync(), Is.EqualTo("5|e|5 6|f|6"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Delete_NoMoreAttempts_IsAConflictThatLeavesNothing([Values] bool hasBase)
    {
        await CreateAsync();
        Snapshot first = await AppendAsync([1L, "a", 1], [5L, "e", 5]);
        // With a base the row is there before the call, which must not look at it.
        if (hasBase) await AppendAsync([2L, "b", 2]);
        ITable table = hasBase ? _t.Open() : new MeddledTable(_t.Open(), async () => await AppendAsync([2L, "b", 2]));
        TableEditorOptions options = hasBase ? new TableEditorOptions { BaseVersion = first.Version } : new TableEditorOptions { AttemptCountMax = 1 };
        await Refusal.Of("storage.conflict", () => _t.Editor(options, table: table).DeleteAsync(s_low).AsTask());
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|a|1 2|b|2 5|e|5"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Edit_FileOfAnotherLength_IsRefusedByTableFileAndLengths()
    {
        await CreateAsync();
        DataFile file = (await AppendAsync([1L, "a", 1], [5L, "e", 5])).Files[0];
        File.AppendAllText(_t[$"t/{file.Path}"], "more");
        LeptonDataException refusal = await Refusal.Of("storage.file_size", () => _t.Editor().DeleteAsync(s_low).AsTask());
        Assert.That(refusal.Arguments, Is.EqualTo(new object[] { _t["t"], file.Path, file.SizeBytes + 4, file.SizeBytes }));
        Assert.That((await _t.Editor().DeleteAsync(RowPredicate.Everything)).Removed, Has.Count.EqualTo(1), "what is not read may go");
    }

    [Test]
    public async Task Edit_FileOfOtherRows_IsRefusedByTableFileAndCounts([Values("delete", "cluster", "widen", "widening upsert", "delete whole", "upsert whole", "overwrite whole")] string operation)
    {
        await CreateAsync();
        DataFile file = (await AppendAsync([1L, "a", 1], [5L, "e", 5])).Files[0];
        string log = _t["t/_delta_log/00000000000000000001.json"];
        // Where it says 1, as many rows are meant as it says.
        long said = operation.EndsWith("whole", StringComparison.Ordinal) ? 1 : 3;
        File.WriteAllText(log, File.ReadAllText(log).Replace("numRecords\\\":2", $"numRecords\\\":{said}", StringComparison.Ordinal).Replace("contentSum\":\"2:", $"contentSum\":\"{said}:", StringComparison.Ordinal));
        TableEditor editor = _t.Editor();
        var wider = new Schema([Columns[0], Columns[1], new Field("value", DataType.Int64)]);
        LeptonDataException refusal = await Refusal.Of("storage.file_rows", async () => _ = operation switch
        {
            "delete" or "delete whole" => await editor.DeleteAsync(s_low),
            "upsert whole" => await editor.UpsertAsync(Rows([1L, "x", 9]), ["id"]),
            "overwrite whole" => await editor.OverwriteWhereAsync(s_low, Rows([2L, "x", 9])),
            "cluster" => await editor.CompactAsync(clusterBy: ["id"]),
            "widen" => await editor.AppendAsync(RowsOf(wider, [7L, "a", 1L]), SchemaPolicy.Widen),
            _ => await editor.UpsertAsync(RowsOf(wider, [7L, "a", 1L]), ["id"], SchemaPolicy.Widen),
        });
        Assert.That(refusal.Arguments, Is.EqualTo(new object[] { _t["t"], file.Path, 2L, said }));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [TestCase("WRITE", "numOutputRows=1")]
    [TestCase("DELETE", "numCopiedRows=1")]
    [TestCase("OPTIMIZE", "")]
    [TestCase("RESTORE", "")]
    public async Task Metrics_RemovedFileWhoseRowCountIsRefused_AreThoseThatNeedItNot(string operation, string expected)
    {
        await CreateAsync();
        Snapshot current = await AppendAsync([1L, "a", 1]);
        DataFile damaged = current.Files[0] with { DeletionVector = new DeletionVector("i", "x", null, 1, 5) };
        Refusal.Of("storage.log_field", () => _ = damaged.RowCount);
        TableChange change = DeltaFixture.Append(current with { Files = [damaged] }, current.Files[0]) with { Removed = [damaged], Operation = operation };
        IEnumerable<string> rows = OperationMetrics.Of(change).Where(metric => metric.Name.EndsWith("Rows", StringComparison.Ordinal)).Select(metric => $"{metric.Name}={metric.Value}");
        Assert.That(string.Join(' ', rows), Is.EqualTo(expected));
    }

    [TestCase("append", "numFiles=1 numOutputBytes=+ numOutputRows=2 numRemovedFiles=0 numRemovedBytes=0")]
    [TestCase("overwrite", "numFiles=1 numOutputBytes=+ numOutputRows=1 numRemovedFiles=2 numRemovedBytes=+")]
    [TestCase("delete", "numRemovedFiles=1 numRemovedBytes=+ numAddedFiles=1 numAddedBytes=+ numDeletedRows=1 numCopiedRows=1")]
    [TestCase("upsert", "numTargetFilesRemoved=1 numTargetBytesRemoved=+ numTargetFilesAdded=2 numTargetBytesAdded=+ numSourceRows=2 numTargetRowsCopied=1 numOutputRows=3")]
    [TestCase("compact", "numRemovedFiles=2 numRemovedBytes=+ numAddedFiles=1 numAddedBytes=+")]
    [TestCase("restore", "numRemovedFiles=1 removedFilesSize=+ numRestoredFiles=0 restoredFilesSize=0 numOfFilesAfterRestore=1 tableSizeAfterRestore=+")]
    public async Task Edit_Operation_SaysInTheLogHowMuchItMoved(string operation, string expected)
    {
        await CreateAsync();
        await AppendAsync([1L, "a", 1], [2L, "b", 2]);
        await AppendAsync([3L, "c", 3], [4L, "d", 4]);
        TableEditor editor = _t.Editor();
        TableEdit done = operation switch
        {
            "append" => await editor.AppendAsync(Rows([5L, "e", 5], [6L, "f", 6])),
            "overwrite" => await editor.OverwriteAsync(Rows([5L, "e", 5])),
            "delete" => await editor.DeleteAsync(RowPredicate.Compare("id", Comparison.Equal, 1L)),
            "upsert" => await editor.UpsertAsync(Rows([1L, "x", 5], [0L, "y", 5]), ["id"]),
            "compact" => await editor.CompactAsync(),
            _ => await editor.RestoreAsync(version: 1),
        };
        using JsonDocument info = JsonDocument.Parse(File.ReadLines(_t[$"t/_delta_log/{done.Snapshot.Version:d20}.json"]).First());
        IEnumerable<string> metrics = info.RootElement.GetProperty("commitInfo").GetProperty("operationMetrics").EnumerateObject()
            .Select(metric => metric.Value.GetString()! is var value && (metric.Name.Contains("Bytes", StringComparison.Ordinal) || metric.Name.Contains("Size", StringComparison.Ordinal)) && value != "0" ? $"{metric.Name}=+" : $"{metric.Name}={value}");
        Assert.That(string.Join(' ', metrics), Is.EqualTo(expected));
    }

    [Test]
    public async Task Upsert_TheKeyArrivesMeanwhile_IsReplaced()
    {
        await CreateAsync(isPartitioned: true);
        await AppendAsync([1L, "a", 1]);
        var meddled = new MeddledTable(_t.Open(), async () => await _t.Editor().AppendAsync(Rows([2L, "b", 2])));
        await _t.Editor(table: meddled).UpsertAsync(Rows([2L, "c", 3]), ["id"]);
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|a|1 2|c|3"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Compact_SomeFilesAreReplacedMeanwhile_LaysTheOthers()
    {
        await CreateAsync(isPartitioned: true);
        for (int i = 0; i < 3; i++) await AppendAsync([(long)i, "a", i], [(long)i, "b", i]);
        var meddled = new MeddledTable(_t.Open(), async () => await _t.Editor().DeleteAsync(RowPredicate.Compare("city", Comparison.Equal, "a").And(RowPredicate.Compare("id", Comparison.Equal, 1L))));
        TableEdit done = await _t.Editor(table: meddled).CompactAsync();
        Assert.That(done.Added.Select(file => file.PartitionValues["city"]), Is.EqualTo(new[] { "b" }));
        Assert.That(await _t.TextAsync(), Is.EqualTo("0|a|0 0|b|0 1|b|1 2|a|2 2|b|2"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [TestCase(true, TestName = "Compact_ColumnIsAddedMeanwhile_KeepsWhatItWrote")]
    [TestCase(false, TestName = "Compact_ColumnIsWidenedMeanwhile_WritesItAgain")]
    public async Task Compact_ColumnsChangeMeanwhile(bool isAdded)
    {
        await CreateAsync();
        for (int i = 0; i < 3; i++) await AppendAsync([(long)i, "a", i]);
        EventTime before = EventTime.FromDateTimeOffset(_t.Time.GetUtcNow());
        Schema other = isAdded ? new Schema([.. Columns.Fields, new Field("more", DataType.String)]) : new Schema([Columns[0], Columns[1], new Field("value", DataType.Int64)]);
        var meddled = new MeddledTable(_t.Open(), async () =>
        {
            _t.Time.Advance(TimeSpan.FromHours(1));
            await _t.Editor().AppendAsync(isAdded ? RowsOf(other, [3L, "b", 3, "x"]) : RowsOf(other, [3L, "b", 3L]), SchemaPolicy.Widen);
        });
        TableEdit done = await _t.Editor(table: meddled).CompactAsync(clusterBy: ["id"]);
        Assert.That(done.Added.Single().ModifiedAt == before, Is.EqualTo(isAdded));
        Assert.That(await _t.TextAsync(), Is.EqualTo(isAdded ? "0|a|0|- 1|a|1|- 2|a|2|- 3|b|3|x" : "0|a|0 1|a|1 2|a|2 3|b|3"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
    }

    [Test]
    public async Task Append_SentTwiceWithProgress_IsDoneOnce()
    {
        await CreateAsync();
        var options = new TableEditorOptions { Transactions = [new TransactionStep("stream", null, 7)] };
        Assert.That((await _t.Editor(options).AppendAsync(Rows([1L, "a", 1]))).IsCommitted, Is.True);
        Assert.That((await _t.Editor(options).AppendAsync(Rows([1L, "a", 1]))).IsCommitted, Is.False);
        Assert.That(await _t.TextAsync(), Is.EqualTo("1|a|1"));
        Assert.That(await _t.LeftoversAsync(), Is.Empty);
        // Rows or none, the progress is made.
        await _t.Editor(new TableEditorOptions { Transactions = [new TransactionStep("stream", 7, 8)] }).AppendAsync(Rows());
        Assert.That((await _t.Open().ReadAsync())!.Transactions["stream"], Is.EqualTo(8));
    }

    [TestCase("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}""", "{}", "deletionVectors")]
    [TestCase("""{"protocol":{"minReaderVersion":1,"minWriterVersion":3}}""", """{"delta.constraints.positive":"id > 0"}""", "checkConstraints (positive)")]
    public async Task Edit_TableThatAsksMoreOfWriters_IsRefusedByNameBeforeAnythingIsWritten(string protocol, string configuration, string feature)
    {
        Directory.CreateDirectory(_t["t/_delta_log"]);
        File.WriteAllText(_t["t/_delta_log/00000000000000000000.json"], DeltaFixture.FirstLines(protocol, configuration, SchemaJson.Write(Columns)));
        await using MemoryBatchReader rows = Rows([1L, "a", 1]);
        LeptonDataException refusal = await Refusal.Of("storage.delta_feature", () => _t.Editor().AppendAsync(rows).AsTask());
        Assert.That(refusal.Message, Does.Contain(feature));
        using RecordBatch? unread = await rows.ReadAsync();
        Assert.That(unread?.RowCount, Is.EqualTo(1));
    }

    [Test]
    public async Task Delete_PartitionTextsOfOtherWriters_StayAsTheyAre()
    {
        var columns = new Schema([new Field("id", DataType.Int64), new Field("at", DataType.Instant), new Field("city", DataType.String)]);
        Directory.CreateDirectory(_t["t/_delta_log"]);
        using (Lepton.Data.Storage.DuckDb.DuckDbConnection connection = _t.Database.Connect()) connection.Execute($"COPY (SELECT i AS id FROM range(4) t(i)) TO '{_t["t/f.parquet"]}' (FORMAT parquet)");
        string metadata = DeltaFixture.FirstLines(schema: SchemaJson.Write(columns)).Replace("\"partitionColumns\":[]", "\"partitionColumns\":[\"at\",\"city\"]", StringComparison.Ordinal);
        string add = $$$"""{"add":{"path":"f.parquet","partitionValues":{"at":"2026-01-01 00:00:00","city":""},"size":{{{new FileInfo(_t["t/f.parquet"]).Length}}},"modificationTime":0,"dataChange":true}}{{{"\n"}}}""";
        File.WriteAllText(_t["t/_delta_log/00000000000000000000.json"], metadata + add);
        TableEdit done = await _t.Editor().DeleteAsync(s_low);
        Assert.That(done.Added.Single().PartitionValues, Is.EquivalentTo(new Dictionary<string, string?> { ["at"] = "2026-01-01 00:00:00", ["city"] = null }));
        Assert.That(done.Added.Single().ContentSum, Is.Null, "the file that it was made of had none");
        Assert.That(_t.Read(done.Snapshot).Select(row => row[0]), Is.EqualTo(new object[] { 3L }));
    }

    // The example of docs/delta.md.
    [Test]
    public async Task Editor_EveryCallInTurn_DoesWhatThePageSays()
    {
        var columns = new Schema([new Field("id", DataType.Int64), new Field("day", DataType.Date), new Field("customer", DataType.String)]);
        var more = new Schema([.. columns.Fields, new Field("note", DataType.String)]);
        (DateOnly day, DateOnly next) = (new DateOnly(2026, 3, 1), new DateOnly(2026, 3, 2));
        TableEditor editor = _t.Editor();
        await editor.CreateAsync(columns, partitionColumns: ["day"]);
        await editor.AppendAsync(RowsOf(columns, [1L, day, "a"], [150L, next, "b"]));
        await editor.AppendAsync(RowsOf(more, [2L, day, "c", "x"]), SchemaPolicy.Add);
        await editor.OverwriteAsync(RowsOf(columns, [3L, day, "a"], [150L, next, "b"], [160L, day, "c"]));
        await editor.OverwriteWhereAsync(RowPredicate.Compare("day", Comparison.Equal, day), RowsOf(columns, [4L, day, "d"], [170L, day, "e"]));
        await editor.DeleteAsync(RowPredicate.Between("id", 100L, 160L));
        await editor.UpsertAsync(RowsOf(more, [4L, next, "D", "y"], [5L, next, "e", null]), ["id"]);
        await editor.CompactAsync(clusterBy: ["customer"]);
        Assert.That(await _t.TextAsync(), Is.EqualTo($"170|{day}|e|- 4|{next}|D|y 5|{next}|e|-"));
        TableEdit done = await editor.RestoreAsync(version: 3);
        Assert.That(_t.Read(done.Snapshot).Select(row => row[0]), Is.EqualTo(new object[] { 150L, 160L, 3L }));
    }

    private async Task CreateAsync(bool isPartitioned = false) => await _t.Editor().CreateAsync(Columns, isPartitioned ? ["city"] : null);

    private async Task<Snapshot> AppendAsync(params object?[][] rows) => (await _t.Editor().AppendAsync(Rows(rows))).Snapshot;

    /// <summary>A table to which another writer commits just before the first commit.</summary>
    private sealed class MeddledTable(ITable table, Func<Task> meddle) : ITable
    {
        private bool _isDone;

        public string RootPath => table.RootPath;

        public ValueTask<Snapshot?> ReadAsync(long? version = null, CancellationToken cancellationToken = default) => table.ReadAsync(version, cancellationToken);

        public ValueTask<Snapshot?> ReadAtAsync(EventTime time, CancellationToken cancellationToken = default) => table.ReadAtAsync(time, cancellationToken);

        public ValueTask CheckWritableAsync(bool removes, CancellationToken cancellationToken = default) => table.CheckWritableAsync(removes, cancellationToken);

        public async ValueTask<Snapshot> CommitAsync(TableChange change, CancellationToken cancellationToken = default)
        {
            if (!_isDone) await meddle();
            _isDone = true;
            return await table.CommitAsync(change, cancellationToken);
        }

        public IAsyncEnumerable<CommitEntry> HistoryAsync(CancellationToken cancellationToken = default) => table.HistoryAsync(cancellationToken);

        public ValueTask<VacuumResult> VacuumAsync(VacuumOptions options, CancellationToken cancellationToken = default) => table.VacuumAsync(options, cancellationToken);
    }
}

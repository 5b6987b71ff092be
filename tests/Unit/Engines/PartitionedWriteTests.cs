using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Engines;

/// <summary>Tables divided by columns, written, committed and read again by the engine.</summary>
public sealed class PartitionedWriteTests
{
    private static readonly Schema s_rows = new([new Field("id", DataType.Int64), new Field("city", DataType.String), new Field("day", DataType.Date), new Field("value", DataType.Decimal(9, 2))]);

    private readonly TempFolder _folder = new();
    private readonly DuckDbFrontEnd _frontEnd = new();
    private readonly DuckDbEngine _engine;
    private readonly ITable _table;

    public PartitionedWriteTests()
    {
        _engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, AllowedFolders = [_folder.Path] });
        _table = Lake.Create(_folder["lake"]).Table(TableName.Parse("main.t"));
    }

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        await _engine.DisposeAsync();
        _frontEnd.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task WriteAsync_OddValues_ComeBackFromTheCommittedTableWithTheirSum()
    {
        string?[] cities = ["Oslo", "it's/../%20 = 北京?*[x]", "__HIVE_DEFAULT_PARTITION__", null, " ", new string('長', 300)];
        object?[][] rows = [.. Enumerable.Range(0, 60).Select(i => new object?[] { (long)i, cities[i % cities.Length], i % 5 == 0 ? null : new DateOnly(2026, 1, 1 + (i % 3)), i % 7 == 0 ? null : (Int128)i })];
        using RecordBatch batch = BatchRows.Build(s_rows, rows);
        using var sum = new ContentSumAccumulator(s_rows);
        sum.Process(batch);
        Inputs inputs = new Inputs().Add("t", new BatchInput(s_rows, [batch]));
        IReadOnlyList<DataFile> files = await WriteAsync("SELECT * FROM t", inputs, new FileTarget(_table.RootPath) { PartitionColumns = ["city", "day"] });
        Assert.That(ContentSum.Total(files.Select(file => file.ContentSum!.Value)), Is.EqualTo(sum.Sum));
        Assert.That(files.Select(file => (file.PartitionValues["city"], file.PartitionValues["day"])), Is.Unique);
        Assert.That(files.Select(file => file.Statistics!.Columns.Keys.Order()), Is.All.EqualTo(new[] { "id", "value" }));
        Snapshot done = await _table.CommitAsync(Creation(files));

        Inputs read = new Inputs().Add("t", new SnapshotInput((await _table.ReadAsync())!));
        await using IRecordBatchReader reader = await _engine.ReadAsync(Bind("SELECT * FROM t ORDER BY id", read), read, Run(), default);
        Assert.That(BatchRows.FirstDifference(rows, await BatchRows.ReadAsync(reader)), Is.Null);

        // What a predicate on the partition columns leaves to read.
        RewritePlan plan = RewritePlan.Of(done, RowPredicate.Compare("city", Comparison.Equal, "Oslo").And(RowPredicate.IsNull("day")));
        Assert.That(plan.Mixed, Is.Empty);
        Assert.That(plan.Matching.Sum(file => file.RowCount), Is.EqualTo(rows.Count(row => row[1] is "Oslo" && row[2] is null)));
    }

    [Test]
    public async Task WriteAsync_RowsPerFile_DividesInTheQuerysOrder()
    {
        Inputs none = new();
        IReadOnlyList<DataFile> files = await WriteAsync("SELECT x AS id FROM (SELECT (i * 7919) % 1000 AS x FROM generate_series(0, 999) AS s(i)) ORDER BY x", none, new FileTarget(_folder["sorted"]) { RowsPerFile = 300 });
        Assert.That(files.Select(file => (file.RowCount, file.Statistics!.Columns["id"].Min, file.Statistics!.Columns["id"].Max)),
            Is.EqualTo(new (long?, object?, object?)[] { (300, 0L, 299L), (300, 300L, 599L), (300, 600L, 899L), (100, 900L, 999L) }));
    }

    [Test]
    public async Task WriteAsync_EmptyTextAsPartition_IsRefusedAndLeavesNoFile()
    {
        LeptonDataException refusal = (await Assert.ThrowsAsync<LeptonDataException>(() => WriteAsync("SELECT 1 AS id, '' AS city", new Inputs(), new FileTarget(_folder["empty"]) { PartitionColumns = ["city"] })))!;
        Assert.That(refusal.Code, Is.EqualTo("storage.partition_value_write"));
        Assert.That(Directory.Exists(_folder["empty"]) ? Directory.GetFiles(_folder["empty"], "*", SearchOption.AllDirectories) : [], Is.Empty);
    }

    private static TableChange Creation(IReadOnlyList<DataFile> files) => new()
    {
        Base = null, Schema = s_rows, Added = files, PartitionColumns = ["city", "day"], HasReadTable = false, Operation = "CREATE TABLE", CommittedAt = new EventTime(0),
    };

    private async Task<IReadOnlyList<DataFile>> WriteAsync(string sql, Inputs inputs, FileTarget target) => await _engine.WriteAsync(Bind(sql, inputs), inputs, target, Run(), default);

    private static RunContext Run() => new(new RunId("20010101T000000-00000000"), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));

    private BoundQuery Bind(string sql, Inputs inputs) => new Binder(_frontEnd).Bind(new SqlText(sql), inputs.Schemas, AccessContext.Owner);
}

using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Spark;

/// <summary>Tables that we made, read by Spark: every version has the rows that we say.</summary>
public sealed class OurTablesTests
{
    private static readonly Schema s_columns = new(
    [
        new Field("id", DataType.Int64), new Field("name", DataType.String), new Field("at", DataType.Instant), new Field("n", DataType.Decimal(20, 3)),
        new Field("tags", DataType.Parse("VARCHAR[]")), new Field("place", DataType.Parse("STRUCT(x DOUBLE, y DOUBLE)")), new Field("m", DataType.Parse("MAP(VARCHAR, BIGINT)")),
    ]);

    private SparkTable _table = null!;

    [SetUp]
    public void Open() => _table = new SparkTable(SparkServer.Running);

    [TearDown]
    public void Close() => _table?.Dispose();

    [Test]
    public async Task Write_AppendsAndOverwrites_IsReadBySparkWhichAppends()
    {
        DeltaTable table = _table.Open();
        Snapshot snapshot = await table.CommitAsync(SparkTable.Change(null, s_columns, [_table.Write(s_columns, Row(1), Row(2))]));
        snapshot = await table.CommitAsync(SparkTable.Change(snapshot, s_columns, [_table.Write(s_columns, Row(3), NullRow(4))]));
        snapshot = await table.CommitAsync(SparkTable.Change(snapshot, s_columns, [_table.Write(s_columns, Row(5))], snapshot.Files));
        var wider = new Schema([.. s_columns.Fields, new Field("more", DataType.String)]);
        await table.CommitAsync(SparkTable.Change(snapshot, wider, [_table.Write(wider, [.. Row(6), "new"])]));
        await _table.AssertSameEverywhereAsync(3);
        _table.Do("INSERT INTO {t} SELECT id + 10, name, at, n, tags, place, m, 'spark' FROM {t}", "DELETE FROM {t} WHERE id = 6");
        snapshot = (await table.ReadAsync())!;
        Assert.That(snapshot.Version, Is.EqualTo(5));
        await table.CommitAsync(SparkTable.Change(snapshot, snapshot.Schema, [_table.Write(snapshot.Schema, [.. Row(7), null])]));
        await _table.AssertSameEverywhereAsync(6);
    }

    [Test]
    public async Task Write_Checkpoints_AreReadBySparkWithoutTheCommitsBefore()
    {
        DeltaTable table = _table.Open();
        Snapshot snapshot = await table.CommitAsync(SparkTable.Change(null, s_columns, [_table.Write(s_columns, Row(0))]));
        for (int i = 1; i <= 21; i++)
        {
            DataFile[] added = [_table.Write(s_columns, Row(i))];
            snapshot = await table.CommitAsync(SparkTable.Change(snapshot, s_columns, added, i == 7 ? snapshot.Files.Take(2).ToArray() : null));
        }
        foreach (long version in (long[])[10, 20]) Assert.That(_table[Name(version, "checkpoint.parquet")], Does.Exist);
        Assert.That(File.ReadAllText(_table["_delta_log/_last_checkpoint"]), Does.StartWith("""{"version":20,"""));
        for (long version = 0; version < 20; version++) File.Delete(_table[Name(version, "json")]);
        await _table.AssertSameAsync();
        await _table.AssertSameAsync(20);
        // Spark makes its own checkpoint out of ours, tombstones included.
        _table.Do("INSERT INTO {t} SELECT * FROM {t} WHERE id = 21");
        for (int i = 2; i < 10; i++) _table.Do("DELETE FROM {t} WHERE id = " + i);
        await _table.AssertSameAsync();
        Assert.That(_table[Name(30, "checkpoint.parquet")], Does.Exist);
        Assert.That(_table.Spark.Sql($"DESCRIBE HISTORY {_table.Name}"), Is.Not.Empty);
    }

    [Test]
    public async Task Write_EveryOperation_IsReadBySparkWhichAppends()
    {
        var noon = EventTime.FromDateTimeOffset(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        DeltaTable table = _table.Open();
        Snapshot first = await table.CommitAsync(SparkTable.Change(null, s_columns, [_table.Write(s_columns, Row(1), Row(2)), _table.Write(s_columns, Row(3), Row(4)), _table.Write(s_columns, Row(5))]));
        RewritePlan delete = RewritePlan.Of(first, RowPredicate.Between("id", 2L, 3L));
        Snapshot snapshot = await table.CommitAsync(delete.Delete([_table.Write(s_columns, Row(1), Row(4))], noon));
        RewritePlan overwrite = RewritePlan.Of(snapshot, RowPredicate.Compare("id", Comparison.GreaterOrEqual, 5L));
        snapshot = await table.CommitAsync(overwrite.Overwrite([_table.Write(s_columns, Row(6), Row(7))], [], noon));
        RewritePlan upsert = RewritePlan.Of(snapshot, RowPredicate.In("id", [7L, 8L]));
        snapshot = await table.CommitAsync(upsert.Upsert([_table.Write(s_columns, Row(6), NullRow(7), Row(8))], noon));
        CompactionPlan compaction = CompactionPlan.Of(snapshot);
        snapshot = await table.CommitAsync(compaction.Commit(compaction.Groups, [_table.Write(s_columns, Row(1), Row(4), Row(6), NullRow(7), Row(8))], noon));
        Assert.That(snapshot.Files, Has.Count.EqualTo(1));
        await table.CommitAsync(RestorePlan.Of(snapshot, first, noon));
        await _table.AssertSameEverywhereAsync(5);
        _table.Do("INSERT INTO {t} SELECT * FROM {t} WHERE id = 3", "OPTIMIZE {t}");
        Assert.That((await _table.AssertSameAsync()).RowCount, Is.EqualTo(6));
        Assert.That(_table.Spark.Sql($"DESCRIBE HISTORY {_table.Name}").Select(row => row[4]), Does.Contain("DELETE").And.Contain("MERGE").And.Contain("RESTORE"));
    }

    private static string Name(long version, string kind) => string.Create(CultureInfo.InvariantCulture, $"_delta_log/{version:d20}.{kind}");

    private static object?[] Row(int id) =>
    [
        (long)id, $"n{id} 北京", new EventTime(1_700_000_000_000_000L + id), (Int128)(id * 1001), new object?[] { "a", null, $"t{id}" }, new object?[] { id / 2.0, null },
        new[] { new KeyValuePair<object, object?>("k", (long)id), new KeyValuePair<object, object?>("l", null) },
    ];

    private static object?[] NullRow(int id) => [(long)id, null, null, null, null, null, null];
}

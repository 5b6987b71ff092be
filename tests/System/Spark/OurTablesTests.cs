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
    public async Task Edit_EveryOperation_IsReadBySparkWhichWritesToo([Values] bool isPartitioned)
    {
        await _table.Editor().CreateAsync(s_columns, isPartitioned ? ["name"] : null);
        await _table.Editor().AppendAsync(SparkTable.Rows(s_columns, Row(1), Row(2), NullRow(3)));
        await _table.Editor().AppendAsync(SparkTable.Rows(s_columns, Row(4), NullRow(5)));
        await _table.Editor().DeleteAsync(RowPredicate.Between("id", 2L, 3L));
        await _table.Editor().OverwriteWhereAsync(RowPredicate.Compare("id", Comparison.GreaterOrEqual, 5L).Or(RowPredicate.IsNull("n")), SparkTable.Rows(s_columns, Row(6), NullRow(7)));
        await _table.Editor().UpsertAsync(SparkTable.Rows(s_columns, Row(1), NullRow(6), Row(8)), ["id"]);
        await _table.Editor().CompactAsync();
        await _table.Editor().CompactAsync(clusterBy: ["at", "id"]);
        var wider = new Schema([.. s_columns.Fields.Select(field => field.Name == "n" ? field with { Type = DataType.Decimal(30, 5) } : field), new Field("more", DataType.String)]);
        await _table.Editor().AppendAsync(SparkTable.Rows(wider, [.. Row(9), "new"]), SchemaPolicy.Widen);
        await _table.Editor().OverwriteAsync(SparkTable.Rows(wider, [.. Row(10), null], [.. NullRow(11), "x"]));
        await _table.Editor().RestoreAsync(2);
        await _table.AssertSameEverywhereAsync(10);
        _table.Do("INSERT INTO {t} SELECT id + 10, name, at, n, tags, place, m FROM {t} WHERE id < 3", "DELETE FROM {t} WHERE id = 11", "OPTIMIZE {t}");
        await _table.AssertSameAsync();
        // What Spark wrote, we go on with.
        await _table.Editor().UpsertAsync(SparkTable.Rows(s_columns, Row(12), Row(13)), ["id"]);
        Assert.That((await _table.AssertSameAsync()).RowCount, Is.EqualTo(7));
        string?[][] history = _table.Spark.Sql($"DESCRIBE HISTORY {_table.Name}");
        Assert.That(history.Single(row => row[0] == "3")[12], Does.Contain("'numDeletedRows': '2'").And.Contain("'numRemovedFiles': '"));
        Assert.That(history.Select(row => row[4]), Does.Contain("DELETE").And.Contain("MERGE").And.Contain("OPTIMIZE").And.Contain("RESTORE"));
    }

    [Test]
    public async Task Write_Checkpoints_AreReadBySparkWithoutTheCommitsBefore()
    {
        await _table.Editor().CreateAsync(s_columns);
        for (int i = 1; i <= 21; i++)
        {
            if (i == 7) await _table.Editor().DeleteAsync(RowPredicate.Between("id", 1L, 2L));
            else await _table.Editor().AppendAsync(SparkTable.Rows(s_columns, Row(i)));
        }
        foreach (long version in (long[])[10, 20]) Assert.That(_table[Name(version, "checkpoint.parquet")], Does.Exist);
        Assert.That(File.ReadAllText(_table["_delta_log/_last_checkpoint"]), Does.StartWith("""{"version":20,"""));
        for (long version = 0; version < 20; version++) File.Delete(_table[Name(version, "json")]);
        await _table.AssertSameAsync();
        await _table.AssertSameAsync(20);
        // Spark makes its own checkpoint out of ours, tombstones included.
        _table.Do("INSERT INTO {t} SELECT * FROM {t} WHERE id = 21");
        for (int i = 3; i < 12; i++) _table.Do("DELETE FROM {t} WHERE id = " + i);
        await _table.AssertSameAsync();
        Assert.That(_table[Name(30, "checkpoint.parquet")], Does.Exist);
        Assert.That(_table.Spark.Sql($"DESCRIBE HISTORY {_table.Name}"), Is.Not.Empty);
    }

    private static string Name(long version, string kind) => string.Create(CultureInfo.InvariantCulture, $"_delta_log/{version:d20}.{kind}");

    private static object?[] Row(int id) =>
    [
        (long)id, $"n{id} 北京", new EventTime(1_700_000_000_000_000L + id), (Int128)(id * 1001), new object?[] { "a", null, $"t{id}" }, new object?[] { id / 2.0, null },
        new[] { new KeyValuePair<object, object?>("k", (long)id), new KeyValuePair<object, object?>("l", null) },
    ];

    private static object?[] NullRow(int id) => [(long)id, null, null, null, null, null, null];
}

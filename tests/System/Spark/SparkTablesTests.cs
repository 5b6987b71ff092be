using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.DeletionVectors;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Spark;

/// <summary>Tables that Spark made, read by us: every version has the rows that Spark says.</summary>
public sealed class SparkTablesTests
{
    private SparkTable _table = null!;

    [SetUp]
    public void Open() => _table = new SparkTable(SparkServer.Running);

    [TearDown]
    public void Close() => _table?.Dispose();

    [Test]
    public async Task Read_AllTypes_IsWhatSparkSays()
    {
        _table.Do(
            """
            CREATE TABLE {t} (id LONG NOT NULL, b BOOLEAN, i8 BYTE, i16 SHORT, i32 INT, f FLOAT, d DOUBLE, s STRING, bin BINARY, day DATE, at TIMESTAMP, naive TIMESTAMP_NTZ, small DECIMAL(5,2), large DECIMAL(38,10),
              st STRUCT<x: INT, `y z`: STRING>, ls ARRAY<LONG>, lst ARRAY<STRUCT<p: DOUBLE>>, m MAP<STRING, ARRAY<INT>>) USING delta TBLPROPERTIES ('delta.columnMapping.mode' = 'name')
            """,
            """
            INSERT INTO {t} VALUES (1, true, 127, -32768, 2147483647, 1.5, -0.0, 'é 北京 🙂', X'00FF', DATE'1582-10-15', TIMESTAMP'2024-02-29 12:34:56.123456Z', TIMESTAMP_NTZ'1969-12-31 23:59:59.999999', 123.45, 1234567890123456789012345678.0123456789,
              named_struct('x', 1, 'y z', 'q'), array(1L, NULL, 3L), array(named_struct('p', 0.5D), NULL), map('k', array(1, NULL), 'l', NULL))
            """,
            "INSERT INTO {t} (id) VALUES (2)",
            """
            INSERT INTO {t} VALUES (3, false, -128, 0, 0, double('NaN'), double('-Infinity'), '', X'', DATE'9999-12-31', TIMESTAMP'1900-01-01 00:00:00Z', TIMESTAMP_NTZ'0001-01-01 00:00:00', -0.01, -0.0000000001,
              named_struct('x', NULL, 'y z', NULL), array(), array(), map())
            """);
        Snapshot snapshot = await _table.AssertSameAsync();
        Assert.That(snapshot.RowCount, Is.EqualTo(3));
        Assert.That(snapshot.Schema.Find("naive")!.Type, Is.EqualTo(DataType.NaiveTime));
    }

    [Test]
    public async Task Read_PartitionsWithOddValues_IsWhatSparkSays()
    {
        _table.Do(
            "CREATE TABLE {t} (id LONG, s STRING, day DATE, at TIMESTAMP, n DECIMAL(6,2), b BOOLEAN, d DOUBLE, bin BINARY) USING delta PARTITIONED BY (s, day, at, n, b, d, bin)",
            """
            INSERT INTO {t} VALUES
              (1, 'a/b=c', DATE'2020-01-01', TIMESTAMP'2020-01-01 01:02:03.000004Z', 1.50, true, 0.5, X'41'), (2, '北京 %25 x', NULL, NULL, NULL, NULL, NULL, NULL), (3, NULL, DATE'1600-02-29', TIMESTAMP'1969-12-31 23:59:59Z', -0.01, false, double('NaN'), X'42'),
              (4, '', DATE'2020-01-01', TIMESTAMP'2020-01-01 00:00:00Z', 9999.99, true, 1e300, NULL), (5, 'a=b,c;d:e+''f"{}[]#?*\\', DATE'2020-01-01', NULL, 0, false, -0.0, X'43'), (6, ' lead and trail ', NULL, NULL, NULL, NULL, double('Infinity'), NULL)
            """,
            "INSERT INTO {t} VALUES (7, 'more', DATE'2021-01-01', NULL, 2, true, 2.5, NULL)",
            "DELETE FROM {t} WHERE id = 5");
        await _table.AssertSameEverywhereAsync(3);
        // What we write anew has the values that it had, and what we remove of such a table is gone for Spark too: paths are compared by their letters.
        Snapshot snapshot = (await _table.Editor().CompactAsync(clusterBy: ["id"])).Snapshot;
        Assert.That(snapshot.Version, Is.EqualTo(4));
        await _table.AssertSameAsync();
        await _table.Editor().OverwriteAsync(SparkTable.Rows(snapshot.Schema));
        Assert.That(_table.Spark.Sql($"SELECT count(*) FROM {_table.Name}")[0][0], Is.EqualTo("0"));
    }

    [Test]
    public async Task Read_DeletionVectors_IsWhatSparkSays()
    {
        _table.Do(
            "CREATE TABLE {t} (id LONG, file_index LONG, file_row_number STRING, p INT) USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
            "INSERT INTO {t} SELECT id, id, concat('v', id), CAST(id % 2 AS INT) FROM range(0, 200000)",
            "DELETE FROM {t} WHERE id % 7 = 0",
            "DELETE FROM {t} WHERE id BETWEEN 70000 AND 190000",
            "DELETE FROM {t} WHERE id = 5",
            "MERGE INTO {t} AS t USING (SELECT id, id % 2 AS p FROM range(0, 300, 3)) AS s ON t.id = s.id WHEN MATCHED AND t.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET file_row_number = 'merged' WHEN NOT MATCHED THEN INSERT (id, file_index, file_row_number, p) VALUES (s.id, -1, 'new', s.p)",
            "UPDATE {t} SET file_index = -2 WHERE id % 1000 = 1",
            "OPTIMIZE {t}");
        await _table.AssertSameEverywhereAsync(7);
        Assert.That((await _table.Open().ReadAsync(4))!.Files.Any(file => file.DeletionVector is not null), "there were deletion vectors");
    }

    [Test]
    public async Task Read_RenamedAndDroppedColumns_IsWhatSparkSays([Values("name", "id")] string mode)
    {
        _table.Do(
            $"CREATE TABLE {{t}} (a LONG, b STRUCT<x: INT, y: STRING>, c ARRAY<STRUCT<z: INT>>, m MAP<STRING, STRUCT<v: LONG>>, p STRING) USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.columnMapping.mode' = '{mode}')",
            "INSERT INTO {t} VALUES (1, named_struct('x', 1, 'y', 'q'), array(named_struct('z', 3), NULL), map('k', named_struct('v', 5L)), 'one'), (2, NULL, NULL, NULL, NULL)",
            "ALTER TABLE {t} RENAME COLUMN a TO `A, odd; name`",
            "ALTER TABLE {t} RENAME COLUMN b.x TO xx",
            "ALTER TABLE {t} RENAME COLUMN c.element.z TO zz",
            "ALTER TABLE {t} RENAME COLUMN p TO part",
            "ALTER TABLE {t} ADD COLUMN (b.n LONG)",
            "ALTER TABLE {t} ADD COLUMN (a STRING)",
            "INSERT INTO {t} VALUES (3, named_struct('xx', 2, 'y', 'r', 'n', 9L), array(named_struct('zz', 4)), map('l', named_struct('v', 6L)), 'two', 'new')",
            "ALTER TABLE {t} DROP COLUMN b.y",
            "ALTER TABLE {t} DROP COLUMN m",
            "INSERT INTO {t} VALUES (4, named_struct('xx', 3, 'n', 10L), NULL, 'one', NULL)");
        Snapshot snapshot = await _table.AssertSameAsync();
        Assert.That(snapshot.Schema.Fields.Select(field => field.Name), Is.EqualTo(new[] { "A, odd; name", "b", "c", "part", "a" }));
        Assert.That(snapshot.Files.All(file => file.Statistics!.Columns.ContainsKey("A, odd; name")), "statistics are found by the files' names");
        await _table.AssertSameAsync(1);
    }

    [TestCase("classic", "")]
    [TestCase("parts", "spark.databricks.delta.checkpoint.partSize=2")]
    [TestCase("v2", "spark.databricks.delta.checkpointV2.topLevelFileFormat=json")]
    [TestCase("v2", "spark.databricks.delta.checkpointV2.topLevelFileFormat=parquet")]
    public async Task Read_Checkpoints_IsWhatSparkSaysWithoutTheCommitsBefore(string kind, string setting)
    {
        string[] pair = setting.Split('=');
        if (setting.Length > 0) _table.Spark.Sql($"SET {setting}");
        try
        {
            _table.Do($"CREATE TABLE {{t}} (id LONG, s STRING) USING delta TBLPROPERTIES ('delta.checkpointInterval' = '4', 'delta.checkpointPolicy' = '{(kind == "v2" ? "v2" : "classic")}', 'delta.enableDeletionVectors' = 'true')");
            for (int i = 1; i <= 8; i++) _table.Do($"INSERT INTO {{t}} SELECT id, 'x' FROM range({i * 10}, {(i * 10) + 10})");
            _table.Do("DELETE FROM {t} WHERE id % 10 = 3");
        }
        finally
        {
            if (setting.Length > 0) _table.Spark.Sql($"RESET {pair[0]}");
        }
        string[] checkpoints = Directory.GetFiles(_table["_delta_log"], "*.checkpoint.*").Where(file => !file.EndsWith(".crc", StringComparison.Ordinal)).ToArray();
        Assert.That(checkpoints, Has.Length.EqualTo(kind == "parts" ? checkpoints.Length : 2));
        if (kind == "parts") Assert.That(checkpoints, Has.Length.GreaterThan(3), "parts");
        for (long version = 0; version < 4; version++) File.Delete(_table[string.Create(CultureInfo.InvariantCulture, $"_delta_log/{version:d20}.json")]);
        foreach (long version in (long[])[4, 6, 8, 9]) await _table.AssertSameAsync(version);
        Snapshot snapshot = await _table.AssertSameAsync();
        Assert.That(snapshot.RowCount, Is.EqualTo(72));
    }

    [Test]
    [Category("Torture")]
    public async Task Read_ManyVersions_EachIsWhatSparkSays()
    {
        // 50 versions, of which each seventh is compared; a thousand in `make torture`, of which each twentieth is.
        bool isTorture = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("LEPTON_TORTURE"));
        int versions = isTorture ? 1000 : 50, step = isTorture ? 20 : 7;
        _table.Do("CREATE TABLE {t} (id LONG, n LONG, s STRING) USING delta TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')");
        for (int version = 1; version < versions; version++)
        {
            string text = version.ToString(CultureInfo.InvariantCulture);
            _table.Do((version % 7) switch
            {
                3 => $"DELETE FROM {{t}} WHERE id % 11 = {version % 11}",
                5 => $"UPDATE {{t}} SET n = n + {text} WHERE id % 5 = {version % 5}",
                6 => $"MERGE INTO {{t}} AS t USING (SELECT id, {text} AS n FROM range({text}, {text} + 20)) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT (id, n, s) VALUES (s.id, s.n, 'merged')",
                _ => $"INSERT INTO {{t}} SELECT id, {text}, concat('s', id) FROM range({text}, {text} + 30)",
            });
        }
        for (long version = 0; version < versions - 1; version += step) await _table.AssertSameAsync(version);
        await _table.AssertSameAsync();
    }
}

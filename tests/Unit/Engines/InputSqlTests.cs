using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Engines;

public sealed class InputSqlTests
{
    private static readonly SourcePlace s_query = new("pipelines/flights.yaml", 7, 9);

    private TempFolder _folder = null!;
    private DuckDbDatabase _database = null!;
    private DuckDbConnection _connection = null!;

    [SetUp]
    public void Open()
    {
        _folder = new TempFolder();
        _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder.Path], ThreadCount = 2 });
        _connection = _database.Connect();
    }

    [TearDown]
    public void Close()
    {
        _connection.Dispose();
        _database.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task OfSnapshot_FilesOlderThanAColumn_GiveNullThere()
    {
        WriteParquet("a.parquet", "SELECT 1::INTEGER AS id, 'x' AS name");
        WriteParquet("b.parquet", "SELECT 'y' AS name, 2::INTEGER AS id, 0.5::DOUBLE AS score, 'extra' AS other");
        Snapshot snapshot = SnapshotOf([new Field("name", DataType.String), new Field("id", DataType.Int64), new Field("score", DataType.Float64)], "a.parquet", "b.parquet");
        List<object?[]> rows = await RowsAsync(OfSnapshot(snapshot), snapshot.Schema);
        Assert.That(BatchRows.FirstDifference([["x", 1L, null], ["y", 2L, 0.5]], rows), Is.Null);
    }

    [Test]
    public async Task OfSnapshot_WithoutFiles_IsATypedEmptyRelation()
    {
        Schema schema = RandomBatches.SchemaOf(RandomBatches.FlatTypes);
        Assert.That(await RowsAsync(OfSnapshot(SnapshotOf(schema.Fields)), schema), Is.Empty);
    }

    [Test]
    public async Task OfSnapshot_OddNames_AreQuoted()
    {
        string[] names = ["it's", "a \"quoted\" one", "with, comma: {and} [more]", "select", "世界", "UPPER", "$1"];
        string columns = string.Join(", ", names.Select((name, i) => $"{i} AS {SqlLiteral.Name(name)}"));
        WriteParquet("it's a 'path'.parquet", $"SELECT {columns}");
        Snapshot snapshot = SnapshotOf(names.Select(name => new Field(name, DataType.Int32)), "it's a 'path'.parquet");
        List<object?[]> rows = await RowsAsync(OfSnapshot(snapshot), snapshot.Schema);
        Assert.That(BatchRows.FirstDifference([[0, 1, 2, 3, 4, 5, 6]], rows), Is.Null);
    }

    [Test]
    public async Task OfSnapshot_PathsThatLookLikePatterns_MeanThemselves()
    {
        string[] names = ["a*.parquet", "a1.parquet", "b[1].parquet", "b1.parquet", "c?d.parquet", "cxd.parquet", "{x,y}.parquet", "x.parquet", "e\\f.parquet", "h%20i.parquet", "[ab].parquet", "j**k.parquet", "[*].parquet"];
        for (int i = 0; i < names.Length; i++) WriteParquet(names[i], $"SELECT {i} AS id");
        for (int i = 0; i < names.Length; i++)
        {
            Snapshot snapshot = SnapshotOf([new Field("id", DataType.Int32)], names[i]);
            Assert.That(BatchRows.FirstDifference([[i]], await RowsAsync(OfSnapshot(snapshot), snapshot.Schema)), Is.Null, names[i]);
        }
        LeptonDataException error = FailureOf(OfSnapshot(SnapshotOf([new Field("id", DataType.Int32)], "a[*]?.parquet")));
        Assert.That(error.Message, Does.Contain(_folder["a[*]?.parquet"]));
    }

    [Test]
    public async Task OfFiles_ParquetWithNaiveTimes_BecomesInstantsByTheZone()
    {
        WriteParquet("a.parquet", "SELECT TIMESTAMP '2001-07-01 12:00:00' AS \"when it was\", NULL::TIMESTAMP AS other, 3 AS n");
        var fileSchema = new Schema([new Field("when it was", DataType.NaiveTime), new Field("other", DataType.NaiveTime), new Field("n", DataType.Int32)]);
        var schema = new Schema([new Field("when_it_was", DataType.Instant), new Field("other", DataType.NaiveTime), new Field("n", DataType.Int32)]);
        var scan = new FileScan(FileFormat.Parquet, [SourceOf("a.parquet")], fileSchema, schema, null, new Dictionary<string, string> { ["when_it_was"] = "America/New_York" });
        List<object?[]> rows = await RowsAsync(InputSql.OfFiles(scan), schema);
        Assert.That(rows[0][0], Is.EqualTo(EventTime.FromDateTimeOffset(new DateTimeOffset(2001, 7, 1, 16, 0, 0, TimeSpan.Zero))), "New York is four hours behind UTC in summer");
        Assert.That(rows[0][1..], Is.EqualTo(new object?[] { null, 3 }));
    }

    // 20,000 rows in two files; a share of a tenth is 2,000 of them, five standard deviations are 212.
    [Test]
    public async Task OfFiles_Sampled_GivesTheSameRowsEachTimeAndMoreOfThemForALargerShare([Values] bool isCsv)
    {
        string[] names = isCsv ? ["a.csv", "b.csv"] : ["a.parquet", "b.parquet"];
        for (int i = 0; i < 2; i++)
            _connection.Execute($"COPY (SELECT range + {i} * 10000 AS id FROM range(10000)) TO {SqlLiteral.Text(_folder[names[i]])} ({(isCsv ? "FORMAT csv, HEADER" : "FORMAT parquet, ROW_GROUP_SIZE 2048")})");
        var schema = new Schema([new Field("id", DataType.Int64)]);
        var scan = new FileScan(isCsv ? FileFormat.Csv : FileFormat.Parquet, new EquatableList<SourceFile>(names.Select(SourceOf)), schema, schema, isCsv ? new CsvFormat(',', '"', '"', HasHeader: true, [""], "utf-8") : null, new Dictionary<string, string>());
        async Task<HashSet<long>> Sample(double share, long seed) => [.. (await RowsAsync(InputSql.OfFiles(scan with { Sample = new RowSample(share, seed) }), schema)).Select(row => (long)row[0]!)];
        HashSet<long> tenth = await Sample(0.1, 1);
        Assert.Multiple(async () =>
        {
            Assert.That(tenth, Has.Count.InRange(2_000 - 212, 2_000 + 212));
            Assert.That(tenth.Count(id => id < 10_000), Is.InRange(1_000 - 150, 1_000 + 150), "of each file");
            Assert.That(tenth.Where(id => id >= 10_000).Select(id => id - 10_000), Is.Not.EquivalentTo(tenth.Where(id => id < 10_000)), "not the same places of each");
            Assert.That(await Sample(0.1, 1), Is.EquivalentTo(tenth));
            Assert.That(await Sample(0.3, 1), Is.SupersetOf(tenth).And.Count.LessThan(7_000));
            Assert.That(await Sample(0.1, 2), Is.Not.EquivalentTo(tenth));
            Assert.That(await Sample(1, 1), Has.Count.EqualTo(20_000));
        });
    }

    [Test]
    public async Task OfFiles_SampledParquetThatNamesItsRows_StillChoosesByPlace()
    {
        WriteParquet("a.parquet", "SELECT 7 AS file_row_number, 7 AS __row_number FROM range(10000)");
        var schema = new Schema([new Field("file_row_number", DataType.Int32), new Field("__row_number", DataType.Int32)]);
        var scan = new FileScan(FileFormat.Parquet, [SourceOf("a.parquet")], schema, schema, null, new Dictionary<string, string>()) { Sample = new RowSample(0.5, 1) };
        Assert.That((await RowsAsync(InputSql.OfFiles(scan), schema)).Count, Is.InRange(4_750, 5_250));
    }

    [Test]
    public async Task OfFiles_ParquetThatNamesItsRows_SaysTheirPlacesBesides()
    {
        WriteParquet("a.parquet", "SELECT 7 AS File_Index, 10 * range AS file_row_number FROM range(3)");
        var schema = new Schema([new Field("File_Index", DataType.Int64), new Field("file_row_number", DataType.Int64)]);
        var scan = new FileScan(FileFormat.Parquet, [SourceOf("a.parquet")], schema, schema, null, new Dictionary<string, string>());
        var numbered = new Schema([.. schema.Fields, new Field("file", DataType.Int64), new Field("place", DataType.Int64)]);
        Assert.That(await RowsAsync(InputSql.OfFiles(scan, fileNumber: "file", rowNumber: "place"), numbered), Is.EqualTo((object?[][])[[7L, 0L, 0L, 0L], [7L, 10L, 0L, 1L], [7L, 20L, 0L, 2L]]));
    }

    [Test]
    public async Task OfFiles_ParquetWithNanoseconds_IsReadWhereNothingIsLost()
    {
        WriteParquet("whole.parquet", "SELECT TIMESTAMP_NS '2001-07-01 12:00:00.000001' AS t UNION ALL SELECT NULL");
        WriteParquet("micro.parquet", "SELECT TIMESTAMP '2001-07-01 12:00:00.000002' AS t");
        WriteParquet("fine.parquet", "SELECT TIMESTAMP_NS '2001-07-01 12:00:00.000001500' AS t");
        var fileSchema = new Schema([new Field("t", DataType.NaiveTime)]);
        var schema = new Schema([new Field("t", DataType.Instant)]);
        string Sql(params string[] files)
        {
            var scan = new FileScan(FileFormat.Parquet, new EquatableList<SourceFile>(files.Select(SourceOf)), fileSchema, schema, null, new Dictionary<string, string> { ["t"] = "UTC" });
            return InputSql.OfFiles(scan, InputSql.NanosecondColumns(scan, _connection));
        }
        long noon = new DateTimeOffset(2001, 7, 1, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;
        object?[][] expected = [[new EventTime(noon + 2)], [new EventTime(noon + 1)], [null]];
        Assert.That(BatchRows.FirstDifference(expected, await RowsAsync(Sql("micro.parquet", "whole.parquet"), schema)), Is.Null);
        LeptonDataException error = FailureOf(Sql("micro.parquet", "fine.parquet"));
        Assert.That((error.Code, error.Arguments[0]), Is.EqualTo(("engines.imprecise_time", "t")));
    }

    [Test]
    public async Task OfFiles_Csv_IsReadAsDeclared()
    {
        _folder.Write("a.csv", "id;name;day\n1;'NA';2001-02-03\n;NA;\n3;'';NA\n4;'it\\'s; two\nlines';2001-02-04\n");
        FileScan scan = CsvOf("a.csv", new CsvFormat(';', '\'', '\\', HasHeader: true, ["", "NA"], "utf-8"), ("id", DataType.Int64), ("name", DataType.String), ("day", DataType.Date));
        List<object?[]> rows = await RowsAsync(InputSql.OfFiles(scan), scan.Schema);
        object?[][] expected = [[1L, "NA", new DateOnly(2001, 2, 3)], [null, null, null], [3L, "", null], [4L, "it's; two\nlines", new DateOnly(2001, 2, 4)]];
        Assert.That(BatchRows.FirstDifference(expected, rows), Is.Null);
    }

    [Test]
    public async Task OfFiles_CsvWithoutQuoteAndHeader_IsReadAsDeclared()
    {
        _folder.Write("a.tsv", "\"a\"\t1\nb\t2\n");
        FileScan scan = CsvOf("a.tsv", new CsvFormat('\t', null, null, HasHeader: false, [""], "utf-8"), ("name", DataType.String), ("n", DataType.Int32));
        Assert.That(BatchRows.FirstDifference([["\"a\"", 1], ["b", 2]], await RowsAsync(InputSql.OfFiles(scan), scan.Schema)), Is.Null);
    }

    [Test]
    public async Task OfFiles_CsvAsWindowsWritesIt_IsRead()
    {
        File.WriteAllBytes(_folder["a.csv"], [0xEF, 0xBB, 0xBF, .. "id,name\r\n1,x\r\n2,\"y\r\nz\""u8]);
        FileScan scan = CsvOf("a.csv", new CsvFormat(',', '"', '"', HasHeader: true, [""], "utf-8"), ("id", DataType.Int64), ("name", DataType.String));
        Assert.That(BatchRows.FirstDifference([[1L, "x"], [2L, "y\r\nz"]], await RowsAsync(InputSql.OfFiles(scan), scan.Schema)), Is.Null);
    }

    [Test]
    public void OfFiles_CsvOfMixedLineEnds_IsRefused()
    {
        _folder.Write("a.csv", "id,name\r\n1,x\n2,y\r\n");
        FileScan scan = CsvOf("a.csv", new CsvFormat(',', '"', '"', HasHeader: true, [""], "utf-8"), ("id", DataType.Int64), ("name", DataType.String));
        LeptonDataException error = FailureOf(InputSql.OfFiles(scan));
        Assert.That((error.Code, error.Place), Is.EqualTo(("engines.csv_form", s_query)));
    }

    [TestCase("id,name\n1,x\nzz,y\n", "engines.csv_value", 3, "Column 'id' holds 'zz', which is no BIGINT")]
    [TestCase("id,name\n1,x\n2,y,9\n", "engines.csv_columns", 3, "2 columns are declared, and the line has 3")]
    [TestCase("id,name\n1,x\n2\n", "engines.csv_columns", 3, "2 columns are declared, and the line has 1")]
    [TestCase("id,name\n1,\"x\n2,y\n", "engines.csv_quote", 2, "never closed")]
    [TestCase("id,name\n1,x\n2,\u00FF\u00FE\n", "engines.csv_encoding", 3, "not in the declared encoding")]
    public void OfFiles_BadCsv_NamesFileLineAndRemedy(string text, string code, int line, string what)
    {
        string path = _folder["bad.csv"];
        File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes(text));
        FileScan scan = CsvOf("bad.csv", new CsvFormat(',', '"', '"', HasHeader: true, [""], "utf-8"), ("id", DataType.Int64), ("name", DataType.String));
        LeptonDataException error = FailureOf(InputSql.OfFiles(scan));
        Assert.That((error.Code, error.Place), Is.EqualTo((code, new SourcePlace(path, line))));
        Assert.That(error.Message, Does.Contain(what).And.Not.Contain("\n"));
        TestContext.Out.WriteLine(error.Message);
    }

    [Test]
    public void OfFiles_ParquetCutShort_IsNamed([Values(0, 3, 50, 200)] int size)
    {
        WriteParquet("whole.parquet", "SELECT i AS id FROM range(1000) t(i)");
        File.WriteAllBytes(_folder["cut.parquet"], File.ReadAllBytes(_folder["whole.parquet"])[..size]);
        LeptonDataException error = FailureOf(OfSnapshot(SnapshotOf([new Field("id", DataType.Int64)], "cut.parquet")));
        Assert.That(error.Code, Is.EqualTo("engines.parquet_broken"));
        Assert.That(error.Message, Does.Contain(_folder["cut.parquet"]).And.Not.Contain("\n"));
        TestContext.Out.WriteLine(error.Message);
    }

    [Test]
    public void OfFiles_MissingFile_IsNamed()
    {
        LeptonDataException error = FailureOf(OfSnapshot(SnapshotOf([new Field("id", DataType.Int64)], "gone.parquet")));
        Assert.That(error.Code, Is.EqualTo("engines.file_missing"));
        Assert.That(error.Message, Does.Contain(_folder["gone.parquet"]));
    }

    [Test]
    public void EnsureUnchanged_AFileThatGrewOrAged_IsRefused()
    {
        string path = _folder.Write("a.csv", "1");
        SourceFile seen = SourceOf("a.csv");
        SourceFiles.EnsureUnchanged([seen]);
        File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddSeconds(1));
        Assert.That(() => SourceFiles.EnsureUnchanged([seen]), Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("engines.file_changed"));
        seen = SourceOf("a.csv");
        File.WriteAllText(path, "12");
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddTicks(seen.ModifiedAt.MicrosecondsSinceEpoch * 10));
        Assert.That(() => SourceFiles.EnsureUnchanged([seen]), Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("engines.file_changed"));
        File.Delete(path);
        Assert.That(() => SourceFiles.EnsureUnchanged([seen]), Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("engines.file_missing"));
    }

    private string OfSnapshot(Snapshot snapshot) => SnapshotRows.Of(snapshot, _database).Sql;

    private static FileScan Scan(FileFormat format, SourceFile file, Schema schema, CsvFormat? csv) => new(format, [file], schema, schema, csv, new Dictionary<string, string>());

    private FileScan CsvOf(string name, CsvFormat format, params (string Name, DataType Type)[] columns)
        => Scan(FileFormat.Csv, SourceOf(name), new Schema(columns.Select(column => new Field(column.Name, column.Type))), format);

    private SourceFile SourceOf(string name)
    {
        var info = new FileInfo(_folder[name]);
        return new SourceFile(info.FullName, info.Length, EventTime.FromDateTimeOffset(info.LastWriteTimeUtc), "");
    }

    private void WriteParquet(string name, string select) => _connection.Execute($"COPY ({select}) TO {SqlLiteral.Text(_folder[name])} (FORMAT parquet)");

    private Snapshot SnapshotOf(IEnumerable<Field> fields, params string[] files) => new()
    {
        RootPath = _folder.Path,
        Version = 0,
        CommittedAt = default,
        Schema = new Schema(fields),
        Files = [.. files.Select(file => new DataFile(file, File.Exists(_folder[file]) ? new FileInfo(_folder[file]).Length : 0, default, null, null))],
        Transactions = new Dictionary<string, long>(),
        TableId = "t",
        Properties = new Dictionary<string, string>(),
    };

    private async Task<List<object?[]>> RowsAsync(string relation, Schema schema)
    {
        await using DuckDbReader reader = _connection.Read($"SELECT * FROM {relation}");
        Assert.That(reader.Schema, Is.EqualTo(schema));
        return await BatchRows.ReadAsync(reader);
    }

    private LeptonDataException FailureOf(string relation)
    {
        DuckDbException error = Assert.Throws<DuckDbException>(() =>
        {
            using DuckDbReader reader = _connection.Read($"SELECT * FROM {relation}");
            while (reader.ReadBatch() is { } batch) batch.Dispose();
        })!;
        return EngineErrors.Of(error, s_query);
    }
}

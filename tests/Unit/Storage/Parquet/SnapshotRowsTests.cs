using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using Lepton.Data.Tests.Unit.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Parquet;

public sealed class SnapshotRowsTests
{
    private TempFolder _folder = null!;
    private DuckDbDatabase _database = null!;

    [SetUp]
    public void Open()
    {
        _folder = new TempFolder();
        _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder.Path] });
    }

    [TearDown]
    public void Close()
    {
        _database.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task Of_FileThatIsALink_HasTheLengthOfWhatItLeadsTo()
    {
        using var t = new EditorFixture();
        await t.Editor().CreateAsync(EditorFixture.Columns);
        Snapshot snapshot = (await t.Editor().AppendAsync(EditorFixture.Rows([1L, "a", 1]))).Snapshot;
        string file = t[$"t/{snapshot.Files[0].Path}"];
        File.Move(file, t["elsewhere"]);
        File.CreateSymbolicLink(file, t["elsewhere"]);
        Assert.That(t.Read(snapshot), Has.Count.EqualTo(1));
        File.AppendAllText(t["elsewhere"], "more");
        Refusal.Of("storage.file_size", () => t.Read(snapshot));
    }

    [Test]
    public void Of_PartitionColumns_HaveTheValuesOfTheirFiles()
    {
        WriteParquet("a.parquet", "SELECT 1::BIGINT AS id");
        WriteParquet("b.parquet", "SELECT 2::BIGINT AS id, 9::INTEGER AS p");
        Snapshot snapshot = SnapshotOf(
            [new Field("p", DataType.Int32), new Field("id", DataType.Int64), new Field("q", DataType.String)],
            Part("a.parquet", ("p", "7"), ("q", "x")),
            Part("b.parquet", ("p", null), ("q", "x"))) with
        { PartitionColumns = ["p", "q"] };
        Assert.That(BatchRows.FirstDifference([[7, 1L, "x"], [null, 2L, "x"]], Rows(snapshot)), Is.Null, "also where a file has a column of that name");
    }

    [Test]
    public void Of_SomeColumns_AreThoseWhateverElseTheFilesNeed([Values] bool hasDeletions, [Values] bool isPartitioned)
    {
        WriteParquet("a.parquet", "SELECT i AS a, 10 * i AS b, 100 * i AS c, 1000 * i AS d FROM range(4) t(i)");
        DataFile file = isPartitioned ? Part("a.parquet", ("p", "7")) : Part("a.parquet");
        Snapshot snapshot = SnapshotOf(
            [new Field("a", DataType.Int64), .. isPartitioned ? [new Field("p", DataType.Int32)] : (Field[])[], new Field("b", DataType.Int64), new Field("c", DataType.Int64), new Field("d", DataType.Int64)],
            hasDeletions ? file with { DeletionVector = VectorOf([0, 2]) } : file) with
        { PartitionColumns = isPartitioned ? ["p"] : [] };
        using SnapshotRows rows = SnapshotRows.Of(snapshot, _database, columns: new HashSet<string> { "b", "d" });
        using DuckDbConnection connection = _database.Connect();
        Assert.That(connection.ReadValue<string>($"SELECT string_agg(b || ' ' || d, ', ') FROM {rows.Sql}"), Is.EqualTo(hasDeletions ? "10 1000, 30 3000" : "0 0, 10 1000, 20 2000, 30 3000"));
    }

    [Test]
    public void Of_PartitionValueThatIsNoneOfItsType_NamesTheFile()
    {
        WriteParquet("a.parquet", "SELECT 1::BIGINT AS id");
        Snapshot snapshot = SnapshotOf([new Field("p", DataType.Int32), new Field("id", DataType.Int64)], Part("a.parquet", ("p", "seven"))) with { PartitionColumns = ["p"] };
        Assert.That(Refusal.Of("storage.partition_value", () => Rows(snapshot)).Place, Is.EqualTo(new SourcePlace(_folder["a.parquet"])));
    }

    [Test]
    public void Of_OnlyPartitionColumns_HasAsManyRowsAsTheFiles()
    {
        WriteParquet("a.parquet", "SELECT i AS gone FROM range(3) t(i)");
        Snapshot snapshot = SnapshotOf([new Field("p", DataType.Int32)], Part("a.parquet", ("p", "7"))) with { PartitionColumns = ["p"] };
        Assert.That(BatchRows.FirstDifference([[7], [7], [7]], Rows(snapshot)), Is.Null);
    }

    [Test]
    public void Of_DeletionVectors_LeaveOutTheirRowsInTheOrderOfTheFiles()
    {
        // Columns of the names that DuckDB has for a file's number and a row's.
        WriteParquet("a.parquet", "SELECT i AS file_index, -i AS file_row_number FROM range(300000) t(i)");
        WriteParquet("b.parquet", "SELECT i AS file_index, i AS file_row_number FROM range(5) t(i)");
        Snapshot snapshot = SnapshotOf(
            [new Field("file_index", DataType.Int64), new Field("file_row_number", DataType.Int64)],
            Part("a.parquet") with { DeletionVector = VectorOf([.. Enumerable.Range(1, 299_998).Select(i => (long)i)]) },
            Part("b.parquet"),
            Part("a.parquet") with { DeletionVector = VectorOf([.. Enumerable.Range(0, 299_999).Select(i => (long)i)]) });
        object?[][] expected = [[0L, 0L], [299_999L, -299_999L], [0L, 0L], [1L, 1L], [2L, 2L], [3L, 3L], [4L, 4L], [299_999L, -299_999L]];
        Assert.That(BatchRows.FirstDifference(expected, Rows(snapshot)), Is.Null);
    }

    [Test]
    public void Of_DeletionVectorOfAnotherFile_IsRefused()
    {
        WriteParquet("a.parquet", "SELECT 1::BIGINT AS id");
        Snapshot snapshot = SnapshotOf([new Field("id", DataType.Int64)], Part("a.parquet") with { DeletionVector = VectorOf([0]) with { RowCount = 2 } });
        Refusal.Of("storage.deletion_vector", () => Rows(snapshot));
    }

    [Test]
    public void Of_MappedColumns_AreFoundUnderTheNamesOfTheFiles([Values] bool byId)
    {
        const string value = "1::BIGINT AS \"col-1\", {'col-3': 5::INTEGER, 'col-4': 'x'} AS \"col-2\", [{'col-6': 7::INTEGER}, NULL] AS \"col-5\", MAP {'k': {'col-8': 9::INTEGER}} AS \"col-7\"";
        string ids = byId ? ", FIELD_IDS {'col-1': 1, 'col-2': {__duckdb_field_id: 2, 'col-3': 3, 'col-4': 4}, 'col-5': {__duckdb_field_id: 5, element: {__duckdb_field_id: 50, 'col-6': 6}}, 'col-7': {__duckdb_field_id: 7, key: 70, value: {__duckdb_field_id: 71, 'col-8': 8}}}" : "";
        WriteParquet("a.parquet", $"SELECT {value}", ids);
        // Younger than the column below.
        WriteParquet("b.parquet", "SELECT 2::BIGINT AS \"col-1\", NULL::STRUCT(\"col-3\" INTEGER) AS \"col-2\"", byId ? ", FIELD_IDS {'col-1': 1, 'col-2': {__duckdb_field_id: 2, 'col-3': 3}}" : "");
        const string schema = """
            {"type":"struct","fields":[
              {"name":"A a","type":"long","nullable":true,"metadata":{"delta.columnMapping.id":1,"delta.columnMapping.physicalName":"col-1"}},
              {"name":"s","type":{"type":"struct","fields":[
                {"name":"y","type":"string","nullable":true,"metadata":{"delta.columnMapping.id":4,"delta.columnMapping.physicalName":"col-4"}},
                {"name":"it's","type":"integer","nullable":true,"metadata":{"delta.columnMapping.id":3,"delta.columnMapping.physicalName":"col-3"}}]},"nullable":true,"metadata":{"delta.columnMapping.id":2,"delta.columnMapping.physicalName":"col-2"}},
              {"name":"l","type":{"type":"array","containsNull":true,"elementType":{"type":"struct","fields":[
                {"name":"z","type":"integer","nullable":true,"metadata":{"delta.columnMapping.id":6,"delta.columnMapping.physicalName":"col-6"}}]}},"nullable":true,"metadata":{"delta.columnMapping.id":5,"delta.columnMapping.physicalName":"col-5"}},
              {"name":"m","type":{"type":"map","valueContainsNull":true,"keyType":"string","valueType":{"type":"struct","fields":[
                {"name":"v","type":"integer","nullable":true,"metadata":{"delta.columnMapping.id":8,"delta.columnMapping.physicalName":"col-8"}}]}},"nullable":true,"metadata":{"delta.columnMapping.id":7,"delta.columnMapping.physicalName":"col-7"}}]}
            """;
        TableColumns columns = ColumnMapping.Split(SchemaJson.Read(schema, "t"), byId ? "id" : "name", "t");
        Snapshot snapshot = SnapshotOf(columns.Schema.Fields, Part("a.parquet"), Part("b.parquet")) with { Mapping = columns.Mapping };
        object?[] first = [1L, new object?[] { "x", 5 }, new object?[] { new object?[] { 7 }, null }, new[] { new KeyValuePair<object, object?>("k", new object?[] { 9 }) }];
        Assert.That(BatchRows.FirstDifference([first, [2L, null, null, null]], Rows(snapshot)), Is.Null);
    }

    private List<object?[]> Rows(Snapshot snapshot)
    {
        using DuckDbConnection connection = _database.Connect();
        using SnapshotRows rows = SnapshotRows.Of(snapshot, _database);
        var all = new List<object?[]>();
        using DuckDbReader reader = connection.Read($"SELECT * FROM {rows.Sql}");
        while (reader.ReadBatch() is { } batch)
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) all.Add([.. Enumerable.Range(0, batch.Schema.Count).Select(column => batch.Column(column).Value(row))]);
        return all;
    }

    private void WriteParquet(string name, string select, string options = "")
    {
        using DuckDbConnection connection = _database.Connect();
        connection.Execute($"COPY ({select}) TO {SqlLiteral.Text(_folder[name])} (FORMAT parquet{options})");
    }

    private DataFile Part(string name, params (string Column, string? Value)[] values)
        => new(name, new FileInfo(_folder[name]).Length, default, null, null) { PartitionValues = values.ToDictionary(value => value.Column, value => value.Value, StringComparer.Ordinal) };

    private static DeletionVector VectorOf(long[] rows)
    {
        byte[] set = [.. BitConverter.GetBytes(RoaringBytes.Magic), .. RoaringBytes.Write(rows, _ => 1)];
        return new DeletionVector("i", RoaringBytes.Base85(set), null, set.Length, rows.Length);
    }

    private Snapshot SnapshotOf(IEnumerable<Field> fields, params DataFile[] files) => new()
    {
        RootPath = _folder.Path, Version = 0, CommittedAt = default, Schema = new Schema(fields), Files = files, Transactions = new Dictionary<string, long>(), TableId = "t", Properties = new Dictionary<string, string>(),
    };
}

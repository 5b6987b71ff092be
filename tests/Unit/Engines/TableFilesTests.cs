using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using Lepton.Data.Tests.Unit.Storage;
using Lepton.Data.Tests.Unit.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Engines;

/// <summary>A table of two sound files, and a third that somebody spoiled: whatever the query, the file is named and the SQL is not blamed.</summary>
public sealed class TableFilesTests
{
    private static readonly Schema s_columns = new([new Field("id", DataType.Int64), new Field("name", DataType.String)]);

    private readonly DuckDbFrontEnd _frontEnd = new();
    private TempFolder _folder = null!;
    private DuckDbEngine _engine = null!;
    private DeltaTable _table = null!;

    [OneTimeTearDown]
    public void CloseFrontEnd() => _frontEnd.Dispose();

    [SetUp]
    public void Open()
    {
        _folder = new TempFolder();
        var store = new LocalObjectStore(_folder.Path);
        _engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 1, Store = store, AllowedFolders = [_folder.Path] });
        _table = new DeltaTable(store, "main/t");
    }

    [TearDown]
    public async Task Close()
    {
        await _engine.DisposeAsync();
        _folder.Dispose();
    }

    // DuckDB names file and column in the first only: where a filter or an order looks at the column before it is cast, it names neither.
    [TestCase("SELECT id, name FROM t")]
    [TestCase("SELECT id FROM t WHERE id > 1")]
    [TestCase("SELECT id FROM t ORDER BY id LIMIT 1")]
    public async Task ReadAsync_FileOfAnotherTypeThanTheLogSays_NamesFileAndColumn(string sql)
    {
        Snapshot snapshot = await SpoilAsync(path => WriteParquet(path, "SELECT 'abc' AS id, 'x' AS name"));
        LeptonDataException failure = await Refusal.Of("engines.table_file_type", () => ReadAsync(sql, snapshot));
        Assert.That(failure.Message, Does.Contain($"{snapshot.FilePaths.Last()} holds the column 'id' as VARCHAR").And.Contain("BIGINT").And.Not.Contain("TRY_CAST"));
        Assert.That(failure.Place, Is.Null);
    }

    [TestCase("SELECT id, name FROM t")]
    [TestCase("SELECT count(*) AS n FROM t WHERE id > 1")]
    public async Task ReadAsync_BytesThatWentWrong_NamesTheFile(string sql)
    {
        Snapshot snapshot = await SpoilAsync(path =>
        {
            byte[] bytes = File.ReadAllBytes(path);
            bytes.AsSpan(4, 60).Fill(0xFF);
            File.WriteAllBytes(path, bytes);
        });
        LeptonDataException failure = await Refusal.Of("engines.table_file_broken", () => ReadAsync(sql, snapshot));
        Assert.That(failure.Message, Does.Contain(snapshot.FilePaths.Last()).And.Contain("lepton table restore"));
    }

    [Test]
    public async Task ReadAsync_AfterARestoreToAVersionWithoutTheFile_Works()
    {
        Snapshot snapshot = await SpoilAsync(path => File.WriteAllText(path, "no Parquet at all"));
        await Refusal.Of("engines.table_file_broken", () => ReadAsync("SELECT id FROM t", snapshot));
        Snapshot restored = await _table.CommitAsync(RestorePlan.Of(snapshot, (await _table.ReadAsync(1))!, DeltaFixture.Noon));
        Assert.That(await ReadAsync("SELECT id FROM t ORDER BY id", restored), Has.Count.EqualTo(4));
    }

    [Test]
    public async Task ReadAsync_ValueThatDoesNotFitTheQuery_BlamesTheQuery()
    {
        Snapshot snapshot = await SpoilAsync(_ => { });
        LeptonDataException failure = await Refusal.Of("engines.value", () => ReadAsync("SELECT CAST(name AS BIGINT) AS n FROM t", snapshot));
        Assert.That(failure.Place, Is.Not.Null);
    }

    /// <summary>Version 2 of three files, of which the last is not the one that was written, though as long as the log says.</summary>
    private async Task<Snapshot> SpoilAsync(Action<string> change)
    {
        Snapshot? snapshot = null;
        for (int i = 0; i < 3; i++)
        {
            using RecordBatch batch = BatchRows.Build(s_columns, [2L * i, "x"], [(2L * i) + 1, null]);
            Inputs inputs = new Inputs().Add("rows", new BatchInput(s_columns, [batch]));
            IReadOnlyList<DataFile> files = await _engine.WriteAsync(Bind("SELECT id, name FROM rows", inputs), inputs, new FileTarget(_table.RootPath), Run(), default);
            if (i == 2)
            {
                string path = _folder[$"main/t/{files[0].Path}"];
                change(path);
                files = [files[0] with { SizeBytes = new FileInfo(path).Length }];
            }
            snapshot = await _table.CommitAsync(DeltaFixture.Append(snapshot, [.. files]));
        }
        return snapshot!;
    }

    private void WriteParquet(string path, string select)
    {
        File.Delete(path);
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder.Path], ThreadCount = 1 });
        using DuckDbConnection connection = database.Connect();
        connection.Execute($"COPY ({select}) TO {SqlLiteral.Text(path)} (FORMAT parquet)");
    }

    private async Task<IReadOnlyList<object?[]>> ReadAsync(string sql, Snapshot snapshot)
    {
        Inputs inputs = new Inputs().Add("t", new SnapshotInput(snapshot));
        await using IRecordBatchReader reader = await _engine.ReadAsync(Bind(sql, inputs), inputs, Run(), default);
        return await BatchRows.ReadAsync(reader);
    }

    private static RunContext Run() => new(new RunId("20010101T000000-00000000"), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));

    private BoundQuery Bind(string sql, Inputs inputs) => new Binder(_frontEnd).Bind(new SqlText(sql), inputs.Schemas, AccessContext.Owner);
}

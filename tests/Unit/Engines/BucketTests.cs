using System.Buffers.Binary;
using System.Text;
using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using Lepton.Data.Tests.Unit.Storage;
using Lepton.Data.Tests.Unit.Storage.Delta;
using Lepton.Data.Tests.Unit.Storage.Objects.S3;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Engines;

/// <summary>Tables in a bucket, and those that lie as they can only lie there: in the files of other tables.</summary>
public sealed class BucketTests
{
    private const string Vector = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";

    private readonly DuckDbFrontEnd _frontEnd = new();

    [OneTimeTearDown]
    public void CloseFrontEnd() => _frontEnd.Dispose();

    [Test]
    public async Task ReadAsync_DamagedObject_IsNamedAndNotItsCopy()
    {
        await using var world = new World(isBucket: true);
        Snapshot snapshot = await WriteAsync(world, "t");
        (string key, Stored stored) = world.Server.Objects.Single(entry => entry.Key.EndsWith(".parquet", StringComparison.Ordinal));
        world.Server.Objects[key] = stored with { Content = [.. stored.Content[..^4], 0, 0, 0, 0], Tag = "\"other\"" };
        LeptonDataException failure = await Refusal.Of("engines.table_file_broken", () => ReadAsync(world, snapshot));
        Assert.That(failure.Message, Does.Contain($"s3://bucket/{key}").And.Not.Contain(world.Store.LocalRoot));
        failure = (await Assert.ThrowsAsync<DuckDbException>(async () => await (await world.Lake.ReadRecordsAsync(snapshot)).DisposeAsync()))!;
        Assert.That(failure.Message, Does.Contain($"s3://bucket/{key}").And.Not.Contain(world.Store.LocalRoot));
    }

    [Test]
    public async Task ReadAsync_ObjectOfAnotherLength_IsNamedAndNotItsCopy([Values] bool isBucket)
    {
        await using var world = new World(isBucket);
        Snapshot snapshot = await WriteAsync(world, "t");
        if (isBucket)
        {
            (string key, Stored stored) = world.Server.Objects.Single(entry => entry.Key.EndsWith(".parquet", StringComparison.Ordinal));
            world.Server.Objects[key] = stored with { Content = [.. stored.Content, 0], Tag = "\"other\"" };
        }
        else File.AppendAllText(snapshot.FilePaths.Single(), "x");
        DataFile file = snapshot.Files[0];
        LeptonDataException failure = await Refusal.Of("storage.file_size", () => ReadAsync(world, snapshot));
        Assert.That(failure.Arguments, Is.EqualTo(new object[] { snapshot.RootPath, file.Path, file.SizeBytes + 1, file.SizeBytes }));
        Assert.That(await Refusal.Of("storage.file_size", async () => await (await world.Lake.ReadRecordsAsync(snapshot)).DisposeAsync()), Has.Message.EqualTo(failure.Message));
    }

    [Test]
    public async Task Open_DamagedCheckpoint_NamesTheObject()
    {
        await using var world = new World(isBucket: true);
        await WriteAsync(world, "t");
        ITable table = world.Lake.Table(TableName.Parse("main.t"));
        for (int i = 0; i < 10; i++) await table.CommitAsync(DeltaFixture.Append(await table.ReadAsync()));
        string key = world.Server.Objects.Keys.Single(key => key.EndsWith(".checkpoint.parquet", StringComparison.Ordinal));
        world.Server.Objects[key] = world.Server.Objects[key] with { Content = Encoding.UTF8.GetBytes("PAR1 and no more, PAR1"), Tag = "\"other\"" };
        world.Server.Objects.Remove("lake/main/t/_delta_log/00000000000000000000.json");
        LeptonDataException failure = await Refusal.Of("storage.checkpoint", async () => await Lake.Open(world.Store).Table(TableName.Parse("main.t")).ReadAsync());
        Assert.That(failure.Message, Does.Contain($"s3://bucket/{key}").And.Not.Contain(world.Store.LocalRoot));
    }

    // As Spark's SHALLOW CLONE makes it: a log whose files, and whose sets of deleted rows, are another table's by their whole paths.
    [Test]
    public async Task ReadAsync_ShallowClone_ReadsTheOtherTablesFiles([Values] bool isBucket)
    {
        await using var world = new World(isBucket);
        await WriteAsync(world, "t 1");
        Snapshot source = await WriteAsync(world, "t 1");
        await DeleteRowsAsync(world, "main/t 1", [0, 1]);
        await world.PutAsync("main/clone/_delta_log/00000000000000000000.json", DeltaFixture.FirstLines("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}""")
            + AddLine(world, source.Files[0], "")
            + AddLine(world, source.Files[1], $$""","deletionVector":{"storageType":"p","pathOrInlineDv":"{{world.UrlOf($"main/t 1/{Vector}")}}","offset":1,"sizeInBytes":{{VectorOf([0, 1]).Length - 9}},"cardinality":2}"""));

        ITable table = world.Lake.Table(TableName.Parse("main.clone"));
        Snapshot clone = (await table.ReadAsync())!;
        object?[][] expected = [.. Rows, Rows[2]];
        Assert.That(BatchRows.FirstDifference(Ordered(expected), Ordered(await ReadAsync(world, clone))), Is.Null);
        await using (IRecordBatchReader reader = await world.Lake.ReadRecordsAsync(clone)) Assert.That(BatchRows.FirstDifference(Ordered(expected), Ordered(await BatchRows.ReadAsync(reader))), Is.Null);
        Assert.That(await world.Lake.FindLostFileAsync(clone), Is.Null);
    }

    [Test]
    public async Task ReadAsync_TornDeletionVector_NamesItsFileAsThePersonKnowsIt([Values] bool isBucket)
    {
        await using var world = new World(isBucket);
        Snapshot source = await WriteAsync(world, "t 1");
        await world.PutAsync($"main/t 1/{Vector}", "torn");
        await world.PutAsync("main/clone/_delta_log/00000000000000000000.json", DeltaFixture.FirstLines("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}""")
            + AddLine(world, source.Files[0], $$""","deletionVector":{"storageType":"p","pathOrInlineDv":"{{world.UrlOf($"main/t 1/{Vector}")}}","offset":1,"sizeInBytes":40,"cardinality":2}"""));
        Snapshot clone = (await world.Lake.Table(TableName.Parse("main.clone")).ReadAsync())!;
        LeptonDataException failure = await Refusal.Of("storage.deletion_vector", () => ReadAsync(world, clone));
        Assert.That(failure.Place!.Path, Is.EqualTo(world.Store.Locate($"main/t 1/{Vector}")));
    }

    [Test]
    public async Task Restore_ToAVersionWithFilesOfAnotherTable_NamesThemAgain([Values] bool isBucket)
    {
        await using var world = new World(isBucket);
        Snapshot source = await WriteAsync(world, "t 1");
        await world.PutAsync("main/clone/_delta_log/00000000000000000000.json", DeltaFixture.FirstLines() + AddLine(world, source.Files[0], ""));
        ITable table = world.Lake.Table(TableName.Parse("main.clone"));
        Snapshot clone = (await table.ReadAsync())!;
        Snapshot emptied = await table.CommitAsync(DeltaFixture.Overwrite(clone));
        Assert.That(emptied.Files, Is.Empty);
        Snapshot restored = await table.CommitAsync(RestorePlan.Of(emptied, clone, DeltaFixture.Noon));
        Assert.That(BatchRows.FirstDifference(Ordered(Rows), Ordered(await ReadAsync(world, restored))), Is.Null);
        Assert.That((await Lake.Open(world.Store).Table(TableName.Parse("main.clone")).ReadAsync())!.FilePaths, Is.EqualTo(source.FilePaths));
        Assert.That(await world.ReadAsync("main/clone/_delta_log/00000000000000000002.json"), Does.Contain(world.UrlOf($"main/t 1/{source.Files[0].Path}")), "by the letters of its first add");
    }

    [TestCase("s3://elsewhere/lake/main/t/a.parquet")]
    [TestCase("abfss://c@account/lake/a.parquet")]
    [TestCase("/etc/passwd")]
    public async Task Open_CloneOfATableBeyondTheLake_IsRefusedByTheFilesName(string path)
    {
        await using var world = new World(isBucket: true);
        await world.PutAsync("main/clone/_delta_log/00000000000000000000.json", DeltaFixture.FirstLines() + DeltaFixture.AddLine(path));
        LeptonDataException failure = await Refusal.Of("storage.log_path", async () => await world.Lake.Table(TableName.Parse("main.clone")).ReadAsync());
        Assert.That(failure.Message, Does.Contain(path).And.Contain("deep clone"));
        Assert.That(failure.Place!.Path, Is.EqualTo("s3://bucket/lake/main/clone/_delta_log/00000000000000000000.json"));
    }

    private static object?[][] Rows { get; } = [[1L, "a"], [2L, null], [3L, "c"]];

    private static List<object?[]> Ordered(IEnumerable<object?[]> rows) => [.. rows.OrderBy(row => (long)row[0]!)];

    private static string AddLine(World world, DataFile file, string more)
        => $$$"""{"add":{"path":"{{{world.UrlOf($"main/t 1/{file.Path}")}}}","partitionValues":{},"size":{{{file.SizeBytes}}},"modificationTime":0,"dataChange":true{{{more}}}}}{{{"\n"}}}""";

    private static byte[] VectorOf(long[] rows)
    {
        byte[] set = [.. BitConverter.GetBytes(RoaringBytes.Magic), .. RoaringBytes.Write(rows, _ => 0)];
        byte[] file = new byte[set.Length + 9];
        file[0] = 1;
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(1), set.Length);
        set.CopyTo(file, 5);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(5 + set.Length), DeletionVectorFiles.Crc32(set));
        return file;
    }

    private static async Task DeleteRowsAsync(World world, string folder, long[] rows) => Assert.That(await world.Store.PutIfAbsentAsync($"{folder}/{Vector}", VectorOf(rows)), Is.True);

    private async Task<Snapshot> WriteAsync(World world, string name)
    {
        using RecordBatch batch = BatchRows.Build(DeltaFixture.Columns, Rows);
        Inputs inputs = new Inputs().Add("rows", new BatchInput(DeltaFixture.Columns, [batch]));
        DeltaTable table = new(world.Store, $"main/{name}");
        IReadOnlyList<DataFile> files = await world.Engine.WriteAsync(Bind("SELECT id, name FROM rows", inputs), inputs, new FileTarget(table.RootPath), Run(), default);
        return await table.CommitAsync(DeltaFixture.Append(await table.ReadAsync(), [.. files]));
    }

    private async Task<IReadOnlyList<object?[]>> ReadAsync(World world, Snapshot snapshot)
    {
        Inputs inputs = new Inputs().Add("t", new SnapshotInput(snapshot));
        await using IRecordBatchReader reader = await world.Engine.ReadAsync(Bind("SELECT id, name FROM t", inputs), inputs, Run(), default);
        return await BatchRows.ReadAsync(reader);
    }

    private static RunContext Run() => new(new RunId("20010101T000000-00000000"), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));

    private BoundQuery Bind(string sql, Inputs inputs) => new Binder(_frontEnd).Bind(new SqlText(sql), inputs.Schemas, AccessContext.Owner);

    /// <summary>A lake in a bucket or a folder, and an engine that reaches it.</summary>
    private sealed class World : IAsyncDisposable
    {
        private readonly TempFolder _folder = new();

        internal World(bool isBucket)
        {
            Store = isBucket ? Server.Store(_folder) : new LocalObjectStore(_folder["lake"]);
            Lake = Lake.Create(Store);
            Engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 1, Store = Store, AllowedFolders = [Store.LocalRoot] });
        }

        internal FakeS3 Server { get; } = new();

        internal IObjectStore Store { get; }

        internal Lake Lake { get; }

        internal DuckDbEngine Engine { get; }

        /// <summary>What Spark calls an object.</summary>
        internal string UrlOf(string path) => Store.Locate(path) is var place && Store.IsOfFiles ? $"file://{PathEncoding.Encode(place)}" : $"s3a://{PathEncoding.Encode(place["s3://".Length..])}";

        internal async Task PutAsync(string path, string text) => Assert.That(await Store.PutIfAbsentAsync(path, Encoding.UTF8.GetBytes(text)), Is.True);

        internal async Task<string> ReadAsync(string path)
        {
            using var reader = new StreamReader((await Store.OpenAsync(path))!);
            return await reader.ReadToEndAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Engine.DisposeAsync();
            (Store as IDisposable)?.Dispose();
            Server.Dispose();
            _folder.Dispose();
        }
    }
}

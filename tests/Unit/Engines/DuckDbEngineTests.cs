using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Engines;

public sealed class DuckDbEngineTests
{
    private static readonly Schema s_numbers = new([new Field("id", DataType.Int64), new Field("name", DataType.String)]);

    private readonly DuckDbFrontEnd _frontEnd = new();
    private TempFolder _folder = null!;
    private DuckDbEngine _engine = null!;

    [OneTimeTearDown]
    public void CloseFrontEnd() => _frontEnd.Dispose();

    [SetUp]
    public void Open()
    {
        _folder = new TempFolder();
        _engine = Engine(2);
    }

    [TearDown]
    public async Task Close()
    {
        await _engine.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task ReadAsync_OfBatches_GivesTheQuerysRows()
    {
        using RecordBatch batch = BatchRows.Build(s_numbers, [1L, "a"], [2L, null], [3L, "c"]);
        Inputs inputs = new Inputs().Add("t", new BatchInput(s_numbers, [batch]));
        BoundQuery query = Bind("SELECT name, id * 2 AS twice FROM t WHERE id <> 2 ORDER BY id DESC", inputs);
        await using IRecordBatchReader reader = await _engine.ReadAsync(query, inputs, Run(), default);
        Assert.That(reader.Schema, Is.EqualTo(query.Schema));
        Assert.That(BatchRows.FirstDifference([["c", 6L], ["a", 2L]], await BatchRows.ReadAsync(reader)), Is.Null);
    }

    [Test]
    public async Task ReadAsync_BatchesLetGoWhileItReads_StayReadable()
    {
        RecordBatch batch = RandomBatches.Create(new Random(3), RandomBatches.SchemaOf([DataType.String]), 20_000);
        int rows = batch.RowCount;
        Inputs inputs = new Inputs().Add("t", new BatchInput(batch.Schema, [batch]));
        IRecordBatchReader reader = await _engine.ReadAsync(Bind("SELECT c0 FROM t", inputs), inputs, Run(), default);
        await _engine.DisposeAsync();
        Assert.That(await BatchRows.ReadAsync(reader), Has.Count.EqualTo(rows));
        await reader.DisposeAsync();
        batch.Dispose();
    }

    [Test]
    public async Task WriteAsync_RandomRows_ComeBackWithStatisticsAndSum([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.SchemaOf((seed <= 6 ? RandomBatches.FlatTypes : RandomBatches.NestedTypes).Where(type => type.Id != TypeId.NaiveTime));
        RecordBatch[] batches = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomBatches.Create(random, schema, random.Next(1, 3000)))];
        Inputs inputs = new Inputs().Add("t", new BatchInput(schema, batches));
        BoundQuery query = Bind($"SELECT {string.Join(", ", schema.Fields.Select(field => field.Name))} FROM t", inputs);
        IReadOnlyList<DataFile> files = await _engine.WriteAsync(query, inputs, new FileTarget(_folder["table"]), Run(), default);
        Assert.That(files, Has.Count.EqualTo(1));
        using var sum = new ContentSumAccumulator(schema);
        foreach (RecordBatch batch in batches) sum.Process(batch);
        Assert.That(files[0].ContentSum, Is.EqualTo(sum.Sum), $"seed {seed}");
        Assert.That(files[0].SizeBytes, Is.EqualTo(new FileInfo(Path.Combine(_folder["table"], files[0].Path)).Length));
        Assert.That(files[0].Statistics!.RowCount, Is.EqualTo(batches.Sum(batch => batch.RowCount)));
        Inputs written = new Inputs().Add("t", new SnapshotInput(SnapshotOf(schema, files)));
        await using IRecordBatchReader reader = await _engine.ReadAsync(Bind(query.Source.Text, written), written, Run(), default);
        Assert.That(BatchRows.FirstDifference([.. batches.SelectMany(BatchRows.Of)], await BatchRows.ReadAsync(reader)), Is.Null, $"seed {seed}");
        foreach (RecordBatch batch in batches) batch.Dispose();
    }

    [Test]
    public async Task WriteAsync_NoRows_LeavesNoFile()
    {
        Inputs inputs = new Inputs().Add("t", new SnapshotInput(SnapshotOf(s_numbers, [])));
        Assert.That(await _engine.WriteAsync(Bind("SELECT id, name FROM t", inputs), inputs, new FileTarget(_folder["table"]), Run(), default), Is.Empty);
        Assert.That(Directory.GetFileSystemEntries(_folder["table"]), Is.Empty);
    }

    [Test]
    public async Task WriteAsync_FolderNotThere_MakesExactlyTheseCalls()
    {
        var calls = new RecordingFileCalls(_folder.Path);
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, AllowedFolders = [_folder.Path] }, folder => new LocalObjectStore(folder, calls));
        await engine.WriteAsync(Bind("SELECT 1 AS id", new Inputs()), new Inputs(), new FileTarget(_folder["lake/table"]), Run(), default);
        calls.AssertAre("""
            make lake
            sync names in .
            make lake/table
            sync names in lake
            sync lake/table/part-*.parquet
            sync names in lake/table
            """);
    }

    [Test]
    public async Task WriteAsync_ManyRows_SumsAllOfThem()
    {
        var inputs = new Inputs();
        BoundQuery query = Bind("SELECT range AS id, CAST(range AS VARCHAR) AS name FROM range(1200000)", inputs);
        DataFile file = (await _engine.WriteAsync(query, inputs, new FileTarget(_folder["table"]), Run(), default))[0];
        using ContentSumAccumulator sum = await _engine.ScanAsync(query, inputs, () => new ContentSumAccumulator(query.Schema), Run(), default);
        Assert.That(file.ContentSum, Is.EqualTo(sum.Sum));
        Assert.That(sum.Sum.RowCount, Is.EqualTo(1_200_000));
    }

    [TestCase("SELECT id, name FROM t ORDER BY name, id")]
    [TestCase("SELECT id, name FROM t WHERE id % 7 <> 3")]
    public async Task WriteAsync_KeepingOrder_GivesTheSameBytesOnAnyNumberOfThreads(string sql)
    {
        var digests = new HashSet<string>();
        BoundQuery source = Bind("SELECT range AS id, md5(CAST(range AS VARCHAR)) AS name FROM range(260000)", new Inputs());
        IReadOnlyList<DataFile> files = await _engine.WriteAsync(source, new Inputs(), new FileTarget(_folder["source"], KeepsOrder: true), Run(), default);
        foreach ((int round, int threads) in ((int[])[1, 2, 1, 3]).Index())
        {
            await using DuckDbEngine engine = Engine(threads);
            string target = _folder[$"copy-{round}"];
            Inputs inputs = new Inputs().Add("t", new SnapshotInput(SnapshotOf(source.Schema, files, "source")));
            IReadOnlyList<DataFile> written = await engine.WriteAsync(Bind(sql, inputs), inputs, new FileTarget(target, KeepsOrder: true), Run(), default);
            digests.Add(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(target, written[0].Path)))));
        }
        Assert.That(digests, Has.Count.EqualTo(1));
    }

    [TestCase("SELECT TIMESTAMP '2001-01-01 00:00:00' AS t", "engines.naive_time")]
    public async Task WriteAsync_ColumnThatNoTableHolds_IsRefusedByName(string sql, string code)
    {
        var inputs = new Inputs();
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await _engine.WriteAsync(Bind(sql, inputs), inputs, new FileTarget(_folder["table"]), Run(), default)))!;
        Assert.That(error.Code, Is.EqualTo(code));
        Assert.That(error.Place, Is.Not.Null);
        Assert.That(Directory.Exists(_folder["table"]), Is.False);
    }

    [Test]
    public async Task WriteAsync_ErrorInMidWrite_LeavesNoFile()
    {
        var inputs = new Inputs();
        BoundQuery query = Bind("SELECT 1000000000 * CAST(10000000000 AS BIGINT) / 1 AS a, range * 4611686018427387904 AS b FROM range(3000000)", inputs);
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await _engine.WriteAsync(query, inputs, new FileTarget(_folder["table"]), Run(), default)))!;
        Assert.That(error.Code, Is.EqualTo("engines.value"));
        Assert.That(error.Place, Is.EqualTo(query.Source.Start));
        Assert.That(Directory.GetFileSystemEntries(_folder["table"]), Is.Empty);
    }

    [Test]
    public async Task WriteAsync_Cancelled_LeavesNoFile()
    {
        var inputs = new Inputs();
        BoundQuery query = Bind("SELECT range AS id, md5(md5(CAST(range AS VARCHAR))) AS h FROM range(100000000000)", inputs);
        using var source = new CancellationTokenSource();
        Task work = _engine.WriteAsync(query, inputs, new FileTarget(_folder["table"]), Run(), source.Token).AsTask();
        while (!Directory.Exists(_folder["table"]) || Directory.GetFiles(_folder["table"]).Length == 0) await Task.Delay(20);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await source.CancelAsync();
        Assert.That(async () => await work, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(3)));
        TestContext.Out.WriteLine($"stopped after {watch.Elapsed.TotalMilliseconds:F1} ms");
        Assert.That(Directory.GetFileSystemEntries(_folder["table"]), Is.Empty);
    }

    [Test]
    public async Task WriteAsync_OutsideTheAllowedFolders_IsRefused()
    {
        using var elsewhere = new TempFolder();
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await _engine.WriteAsync(Bind("SELECT 1 AS a", new Inputs()), new Inputs(), new FileTarget(elsewhere["table"]), Run(), default)))!;
        Assert.That(error.Code, Is.EqualTo("engines.refused"));
    }

    [Test]
    public async Task WriteAsync_NumberedNameThatIsTaken_IsRefusedAndTheFileStays()
    {
        BoundQuery query = Bind("SELECT 1 AS a", new Inputs());
        DataFile first = (await _engine.WriteAsync(query, new Inputs(), new FileTarget(_folder["set"], KeepsOrder: true), Run(), default))[0];
        Assert.That(first.Path, Is.EqualTo("part-00000.parquet"));
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await _engine.WriteAsync(query, new Inputs(), new FileTarget(_folder["set"], KeepsOrder: true), Run(), default)))!;
        Assert.That(error.Code, Is.EqualTo("storage.file_exists"));
        Assert.That(File.Exists(_folder["set/part-00000.parquet"]), Is.True);
    }

    [Test]
    public async Task ReadAsync_CsvWithLittleMemory_IsRead()
    {
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 100 << 20, AllowedFolders = [_folder.Path] });
        Inputs inputs = new Inputs().Add("t", new FileInput(CsvScan("a.csv", "id,name\n1,x\n")));
        await using IRecordBatchReader reader = await engine.ReadAsync(Bind("SELECT id, name FROM t", inputs), inputs, Run(), default);
        Assert.That(BatchRows.FirstDifference([[1L, "x"]], await BatchRows.ReadAsync(reader)), Is.Null);
    }

    [Test]
    public async Task ReadAsync_FileChangedBeforeOrMeanwhile_IsRefused()
    {
        FileScan scan = CsvScan("a.csv", "id,name\n1,x\n2,y\n");
        Inputs inputs = new Inputs().Add("t", new FileInput(scan));
        BoundQuery query = Bind("SELECT id, name FROM t", inputs);
        await using (IRecordBatchReader whole = await _engine.ReadAsync(query, inputs, Run(), default))
            Assert.That(BatchRows.FirstDifference([[1L, "x"], [2L, "y"]], await BatchRows.ReadAsync(whole)), Is.Null);
        await using IRecordBatchReader reader = await _engine.ReadAsync(query, inputs, Run(), default);
        await File.WriteAllTextAsync(_folder["a.csv"], "id,name\n1,x\n2,y\n3,z\n");
        Assert.That(async () => await BatchRows.ReadAsync(reader), Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("engines.file_changed"), "at the end of the rows");
        Assert.That(async () => await _engine.StageAsync(query, inputs, Run(), default), Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("engines.file_changed"));
    }

    [Test]
    public async Task StageAsync_Rows_AreReadUntilDisposed()
    {
        using RecordBatch batch = BatchRows.Build(s_numbers, [1L, "a"], [2L, null]);
        Inputs inputs = new Inputs().Add("t", new BatchInput(s_numbers, [batch]));
        StagedRelation staged = await _engine.StageAsync(Bind("SELECT id, name, random() < 2 AS yes FROM t", inputs), inputs, Run(), default);
        Assert.That(staged.RowCount, Is.EqualTo(2));
        Inputs second = new Inputs().Add("s", new StagedInput(staged));
        BoundQuery query = Bind("SELECT a.id, b.name FROM s AS a JOIN s AS b ON a.id = b.id ORDER BY a.id", second);
        await using (IRecordBatchReader reader = await _engine.ReadAsync(query, second, Run(), default))
            Assert.That(BatchRows.FirstDifference([[1L, "a"], [2L, null]], await BatchRows.ReadAsync(reader)), Is.Null);
        await staged.DisposeAsync();
        await staged.DisposeAsync();
        Assert.That(async () => await _engine.ReadAsync(query, second, Run(), default), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task StageAsync_OfAnotherEngine_IsRefused()
    {
        await using DuckDbEngine other = Engine(1);
        await using StagedRelation staged = await other.StageAsync(Bind("SELECT 1 AS a", new Inputs()), new Inputs(), Run(), default);
        Inputs inputs = new Inputs().Add("s", new StagedInput(staged));
        Assert.That(async () => await _engine.ReadAsync(Bind("SELECT a FROM s", inputs), inputs, Run(), default), Throws.ArgumentException);
    }

    [Test]
    public async Task ReadWriteAndStage_ManyAtOnce_DoNotMix()
    {
        BoundQuery query = Bind("SELECT range AS id, CAST(range AS VARCHAR) AS name FROM range(50000)", new Inputs());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async number =>
        {
            await using StagedRelation staged = await _engine.StageAsync(query, new Inputs(), Run(), default);
            Inputs inputs = new Inputs().Add("s", new StagedInput(staged));
            BoundQuery part = Bind($"SELECT id, name FROM s WHERE id % 8 = {number}", inputs);
            DataFile file = (await _engine.WriteAsync(part, inputs, new FileTarget(_folder["table"]), Run(), default))[0];
            await using IRecordBatchReader reader = await _engine.ReadAsync(part, inputs, Run(), default);
            List<object?[]> rows = await BatchRows.ReadAsync(reader);
            Assert.That(rows, Has.Count.EqualTo(6250));
            Assert.That(rows.All(row => (long)row[0]! % 8 == number), Is.True);
            Assert.That(file.ContentSum!.Value.RowCount, Is.EqualTo(6250));
        }));
        Assert.That(Directory.GetFiles(_folder["table"]), Has.Length.EqualTo(8));
    }

    [Test]
    public async Task DisposeAsync_WhileItWrites_LeavesNoFile()
    {
        // So many rows that no pause of the machine between the file's first sight and the end lets the write finish.
        BoundQuery query = Bind("SELECT range AS id, md5(CAST(range AS VARCHAR)) AS name FROM range(2000000000)", new Inputs());
        DuckDbEngine engine = Engine(2);
        Task<IReadOnlyList<DataFile>> work = engine.WriteAsync(query, new Inputs(), new FileTarget(_folder["table"]), Run(), default).AsTask();
        while (!Directory.Exists(_folder["table"]) || Directory.GetFiles(_folder["table"]).Length == 0) await Task.Delay(5);
        await engine.DisposeAsync();
        Assert.That(async () => await work, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(Directory.GetFiles(_folder["table"]), Is.Empty);
    }

    [Test]
    public void ScanAsync_AccumulatorThatFails_EndsWithItsError()
    {
        BoundQuery query = Bind("SELECT range AS id FROM range(10000000)", new Inputs());
        Assert.That(async () => await _engine.ScanAsync(query, new Inputs(), () => new FailingAccumulator(), Run(), default), Throws.InvalidOperationException.With.Message.EqualTo("as told"));
        Assert.That(FailingAccumulator.OpenCount, Is.Zero, "every accumulator is disposed");
    }

    [Test]
    public async Task ReadAsync_LongQuery_ReportsProgress()
    {
        var seen = new System.Collections.Concurrent.ConcurrentQueue<StepProgress>();
        using RecordBatch batch = BatchRows.Build(s_numbers, Enumerable.Range(0, 200_000).Select(i => (object?[])[(long)i, "x"]));
        Inputs inputs = new Inputs().Add("t", new BatchInput(s_numbers, [batch]));
        // However quick the machine is, one of these takes long enough to be told of on its way.
        for (int repeats = 8; seen.IsEmpty && repeats <= 512; repeats *= 4)
        {
            BoundQuery query = Bind($"SELECT max(md5(md5(md5(md5(md5(concat(a.id, b.range))))))) AS m FROM t AS a CROSS JOIN range({repeats}) AS b", inputs);
            await using IRecordBatchReader reader = await _engine.ReadAsync(query, inputs, Run() with { Progress = new Listener(seen) }, default);
            Assert.That(await BatchRows.ReadAsync(reader), Has.Count.EqualTo(1));
        }
        Assert.That(seen.Select(progress => progress.Activity), Is.Not.Empty.And.All.EqualTo("engines.reading"));
    }

    private static RunContext Run() => new(new RunId("20010101T000000-00000000"), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));

    private static Snapshot Snapshot(string root, Schema schema, IReadOnlyList<DataFile> files) => new()
    {
        RootPath = root,
        Version = 0,
        CommittedAt = default,
        Schema = schema,
        Files = files,
        Transactions = new Dictionary<string, long>(),
        TableId = "t",
        Properties = new Dictionary<string, string>(),
    };

    private Snapshot SnapshotOf(Schema schema, IReadOnlyList<DataFile> files, string folder = "table") => Snapshot(_folder[folder], schema, files);

    private FileScan CsvScan(string name, string text)
    {
        var info = new FileInfo(_folder.Write(name, text));
        var file = new SourceFile(info.FullName, info.Length, EventTime.FromDateTimeOffset(info.LastWriteTimeUtc), "");
        return new FileScan(FileFormat.Csv, [file], s_numbers, s_numbers, new CsvFormat(',', '"', '"', HasHeader: true, [""], "utf-8"), new Dictionary<string, string>());
    }

    private DuckDbEngine Engine(int threads) => new(new DuckDbEngineOptions { ThreadCount = threads, MemoryLimitBytes = 512 << 20, TempFolder = _folder["temp"], AllowedFolders = [_folder.Path] });

    private BoundQuery Bind(string sql, Inputs inputs) => new Binder(_frontEnd).Bind(new SqlText(sql, new SourcePlace("pipelines/flights.yaml", 7, 9), 8), inputs.Schemas, AccessContext.Owner);

    private sealed class Listener(System.Collections.Concurrent.ConcurrentQueue<StepProgress> seen) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => seen.Enqueue(value);
    }

    private sealed class FailingAccumulator : IAccumulator
    {
        private static int s_openCount;

        internal FailingAccumulator() => Interlocked.Increment(ref s_openCount);

        internal static int OpenCount => s_openCount;

        public void Process(RecordBatch borrowed) => throw new InvalidOperationException("as told");

        public void Merge(IAccumulator other) => throw new InvalidOperationException("never merged");

        public void Dispose() => Interlocked.Decrement(ref s_openCount);
    }
}

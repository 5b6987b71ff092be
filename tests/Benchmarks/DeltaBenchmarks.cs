using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>Opening a table of 10,000 commits and 100,000 files whose newest version has a checkpoint, against pyarrow reading all columns of that checkpoint.</summary>
[MemoryDiagnoser]
public class OpenTableBenchmarks
{
    private const int Commits = 10_000, FilesOfACommit = 10;

    private string _folder = null!;
    private string _checkpoint = null!;
    private LocalObjectStore _store = null!;
    private PyArrow _pyarrow = null!;

    [GlobalSetup]
    public void Make() => MakeAsync().GetAwaiter().GetResult();

    private async Task MakeAsync()
    {
        _folder = Directory.CreateTempSubdirectory("lepton-bench-").FullName;
        string log = Path.Combine(_folder, "t", LogFolder.FolderName);
        Directory.CreateDirectory(log);
        var schema = new Schema([.. Enumerable.Range(0, 6).Select(i => new Field($"column_{i}", i % 2 == 0 ? DataType.Int64 : DataType.String))]);
        var random = new Random(1);
        for (int version = 0; version <= Commits; version++)
        {
            var text = new StringBuilder();
            text.Append("""{"commitInfo":{"timestamp":1772366400000,"operation":"WRITE","operationParameters":{}}}""").Append('\n');
            if (version == 0)
            {
                text.Append("""{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""").Append('\n');
                text.Append("""{"metaData":{"id":"i","format":{"provider":"parquet","options":{}},"schemaString":""").Append(System.Text.Json.JsonSerializer.Serialize(SchemaJson.Write(schema))).Append(""","partitionColumns":[],"configuration":{},"createdTime":0}}""").Append('\n');
            }
            else for (int file = 0; file < FilesOfACommit; file++) text.Append(AddLine(random, schema)).Append('\n');
            await File.WriteAllTextAsync(Path.Combine(log, string.Create(CultureInfo.InvariantCulture, $"{version:d20}.json")), text.ToString());
        }
        _store = new LocalObjectStore(_folder);
        var folder = new LogFolder(_store, "t");
        var state = new LogState(_store.Locate("t"));
        while (state.Version < Commits) state.Apply((await folder.ReadAsync(state.Version + 1, default))!);
        await new CheckpointWriter(_store, "t", new CheckpointReader(_store, "t", folder)).WriteAsync(state, new EventTime(0), default);
        _checkpoint = Directory.GetFiles(log, "*.checkpoint.parquet")[0];
        _pyarrow = new PyArrow();
    }

    [GlobalCleanup]
    public void Delete()
    {
        _pyarrow.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public void PyArrow() => _pyarrow.Do("parquet", _checkpoint);

    [Benchmark]
    public int Open() => new DeltaTable(_store, "t").ReadAsync().AsTask().GetAwaiter().GetResult()!.Files.Count;

    /// <summary>The same, and the statistics of all files as text, as a query with a predicate wants them.</summary>
    [Benchmark]
    public long? OpenAndStatistics() => new DeltaTable(_store, "t").ReadAsync().AsTask().GetAwaiter().GetResult()!.Files[0].Statistics?.RowCount;

    private static string AddLine(Random random, Schema schema)
    {
        var columns = schema.Fields.ToDictionary(field => field.Name, field => field.Type is StringType
            ? new ColumnStatistics(random.Next(10), $"value {random.Next()}", $"value {random.Next()}")
            : new ColumnStatistics(random.Next(10), random.NextInt64(), random.NextInt64()), StringComparer.Ordinal);
        byte[] name = new byte[16];
        random.NextBytes(name);
        string stats = System.Text.Json.JsonSerializer.Serialize(StatisticsJson.Write(new FileStatistics(1000, columns), schema));
        return $$$$"""{"add":{"path":"part-{{{{Convert.ToHexStringLower(name)}}}}.parquet","partitionValues":{},"size":{{{{random.Next()}}}},"modificationTime":1772366400000,"dataChange":true,"stats":{{{{stats}}}},"tags":{"lepton.contentSum":"{{{{new ContentSum(1000, (UInt128)random.NextInt64())}}}}"}}}""";
    }
}

/// <summary>A small append to a table, file synced and all, against the same number of syncs alone: ten at once, of which one writes a checkpoint. In /dev/shm (TMPDIR) syncs cost nothing, and what is left is ours.</summary>
[MemoryDiagnoser]
public class CommitBenchmarks
{
    private const int Commits = 10;

    private static readonly Schema s_schema = new([new Field("id", DataType.Int64)]);
    private static readonly EventTime s_now = EventTime.FromDateTimeOffset(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    private string _folder = null!;
    private LocalObjectStore _store = null!;
    private DeltaTable _table = null!;
    private Snapshot? _snapshot;
    private int _number;

    [GlobalSetup]
    public void Make()
    {
        _folder = Directory.CreateTempSubdirectory("lepton-bench-").FullName;
        _store = new LocalObjectStore(_folder);
        _table = new DeltaTable(_store, "t");
        Directory.CreateDirectory(Path.Combine(_folder, "t"));
    }

    [GlobalCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    /// <summary>What a commit syncs: the data file and its folder, the log file and its folder.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Commits)]
    public void Syncs()
    {
        for (int i = 0; i < Commits; i++)
        {
            string name = $"t/sync-{_number++}";
            File.WriteAllText(_store.Locate(name), "x");
            _store.SyncAsync([name]).AsTask().GetAwaiter().GetResult();
            _store.PutIfAbsentAsync($"t/put-{_number++}", "x"u8.ToArray()).AsTask().GetAwaiter().GetResult();
        }
    }

    [Benchmark(OperationsPerInvoke = Commits)]
    public void Append()
    {
        for (int i = 0; i < Commits; i++) AppendOne();
    }

    private void AppendOne()
    {
        string name = $"part-{_number++}.parquet";
        File.WriteAllText(_store.Locate($"t/{name}"), "x");
        var file = new DataFile(name, 1, s_now, new FileStatistics(1, new Dictionary<string, ColumnStatistics>()), new ContentSum(1, 1));
        var change = new TableChange { Base = _snapshot, Schema = s_schema, Added = [file], HasReadTable = false, Operation = "WRITE", CommittedAt = s_now };
        _snapshot = _table.CommitAsync(change).AsTask().GetAwaiter().GetResult();
    }
}

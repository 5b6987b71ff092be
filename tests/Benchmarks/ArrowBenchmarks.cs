using BenchmarkDotNet.Attributes;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>Arrow files against pyarrow's, of the same columns in the same batches: written; read into memory, batch by batch; mapped and read without a copy (ours is checked whole, pyarrow's is not).</summary>
[MemoryDiagnoser]
public class ArrowBenchmarks
{
    private const string TenDoubles = "SELECT i / 1.0 AS a, i / 2.0 AS b, i / 3.0 AS c, i / 4.0 AS d, i / 5.0 AS e, i / 6.0 AS f, i / 7.0 AS g, i / 8.0 AS h, i / 9.0 AS j, i / 10.0 AS k FROM range(3000000) t(i)";

    // In memory where that can be had, so that no disk is measured.
    private readonly string _folder = Directory.Exists("/dev/shm") ? Directory.CreateDirectory($"/dev/shm/lepton-bench-{Environment.ProcessId}").FullName : Directory.CreateTempSubdirectory("lepton-bench-").FullName;
    private readonly List<RecordBatch> _batches = [];
    private PyArrow _pyArrow = null!;

    /// <summary>3,000,000 rows.</summary>
    [Params("ten doubles", "flights")]
    public string Rows { get; set; } = "";

    private string Source => Path.Combine(_folder, "source.arrow");

    private string Target => Path.Combine(_folder, "target.arrow");

    [GlobalSetup]
    public void Open()
    {
        Directory.CreateDirectory(_folder);
        using var flights = new Flights();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [flights.Folder] });
        using DuckDbConnection connection = database.Connect();
        using DuckDbReader reader = connection.Read(Rows == "flights" ? $"FROM {flights.Sql}" : TenDoubles);
        while (reader.ReadBatch() is { } batch) _batches.Add(batch);
        WriteAsync(Source).GetAwaiter().GetResult();
        _pyArrow = new PyArrow();
        _pyArrow.Do("load", Source);
    }

    [GlobalCleanup]
    public void Close()
    {
        _pyArrow.Dispose();
        _batches.ForEach(batch => batch.Dispose());
        _batches.Clear();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark]
    public void PyArrowWrite() => _pyArrow.Do("write", Target);

    [Benchmark]
    public void Write() => WriteAsync(Target).GetAwaiter().GetResult();

    [Benchmark]
    public void PyArrowRead() => _pyArrow.Do("read", Source);

    [Benchmark]
    public long Read() => ReadAsync().GetAwaiter().GetResult();

    [Benchmark]
    public void PyArrowMap() => _pyArrow.Do("map", Source);

    [Benchmark]
    public long MapAndCheck()
    {
        using ArrowFile file = ArrowFile.Open(Source);
        long rows = 0;
        for (int i = 0; i < file.BatchCount; i++)
            using (RecordBatch batch = file.ReadBatch(i)) rows += batch.RowCount;
        return rows;
    }

    private async Task<long> ReadAsync()
    {
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new FileStream(Source, new FileStreamOptions { BufferSize = 0 }));
        long rows = 0;
        while (await reader.ReadAsync() is { } batch)
            using (batch) rows += batch.RowCount;
        return rows;
    }

    private async Task WriteAsync(string path)
    {
        await using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 });
        await using var writer = new ArrowFileWriter(file, _batches[0].Schema);
        foreach (RecordBatch batch in _batches) await writer.WriteAsync(batch);
        await writer.CompleteAsync();
    }
}

/// <summary>Opening an Arrow file of 1 GiB by mapping it: the footer alone is looked at.</summary>
[MemoryDiagnoser]
public class ArrowOpenBenchmarks
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lepton-bench-").FullName;
    private PyArrow _pyArrow = null!;

    private string Source => Path.Combine(_folder, "big.arrow");

    [GlobalSetup]
    public void Open()
    {
        Directory.CreateDirectory(_folder);
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions());
        using DuckDbConnection connection = database.Connect();
        using DuckDbReader reader = connection.Read("SELECT i / 1.0 AS a, i / 2.0 AS b FROM range(65536) t(i)");
        using RecordBatch batch = reader.ReadBatch()!;
        WriteAsync(batch).GetAwaiter().GetResult();
        _pyArrow = new PyArrow();
    }

    [GlobalCleanup]
    public void Close()
    {
        _pyArrow.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public void PyArrowOpen() => _pyArrow.Do("open", Source);

    [Benchmark]
    public int OpenMapped()
    {
        using ArrowFile file = ArrowFile.Open(Source);
        return file.BatchCount;
    }

    private async Task WriteAsync(RecordBatch batch)
    {
        await using ArrowFileWriter writer = ArrowFileWriter.Create(Source, batch.Schema);
        for (long written = 0; written < 1L << 30; written += batch.RowCount * 16L) await writer.WriteAsync(batch);
        await writer.CompleteAsync();
    }
}

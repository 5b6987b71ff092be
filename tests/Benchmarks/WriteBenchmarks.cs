using BenchmarkDotNet.Attributes;
using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>A table's files as the engine writes them (copied, synced, read back for statistics and content sum), against DuckDB's COPY alone.</summary>
[MemoryDiagnoser]
public class WriteBenchmarks
{
    private static readonly RunContext s_run = new(new RunId("20010101T000000-00000000"), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));

    private readonly DuckDbFrontEnd _frontEnd = new();
    private Flights _flights = null!;
    private DuckDbDatabase _database = null!;
    private DuckDbConnection _connection = null!;
    private DuckDbEngine _engine = null!;
    private BoundQuery _query = null!;

    [GlobalSetup]
    public void Open()
    {
        _flights = new Flights();
        _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_flights.Folder] });
        _connection = _database.Connect();
        _engine = new DuckDbEngine(new DuckDbEngineOptions { AllowedFolders = [_flights.Folder] });
        _query = new Binder(_frontEnd).Bind(new SqlText("SELECT * FROM flights"), _flights.Inputs.Schemas, AccessContext.Owner);
    }

    [GlobalCleanup]
    public async Task Close()
    {
        _connection.Dispose();
        _database.Dispose();
        await _engine.DisposeAsync();
        _frontEnd.Dispose();
        _flights.Dispose();
    }

    [IterationCleanup]
    public void Empty()
    {
        string target = Path.Combine(_flights.Folder, "target");
        if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public void Copy()
    {
        Directory.CreateDirectory(Path.Combine(_flights.Folder, "target"));
        _connection.Execute($"COPY (FROM {_flights.Sql}) TO {SqlLiteral.Text(Path.Combine(_flights.Folder, "target", "a.parquet"))} (FORMAT parquet, COMPRESSION lz4_raw)");
    }

    [Benchmark]
    public async Task<IReadOnlyList<DataFile>> Engine() => await _engine.WriteAsync(_query, _flights.Inputs, new FileTarget(Path.Combine(_flights.Folder, "target")), s_run, default);

    /// <summary>As for training sets: rows in order, equal bytes.</summary>
    [Benchmark]
    public async Task<IReadOnlyList<DataFile>> EngineInOrder()
        => await _engine.WriteAsync(_query, _flights.Inputs, new FileTarget(Path.Combine(_flights.Folder, "target"), KeepsOrder: true), s_run, default);
}

using BenchmarkDotNet.Attributes;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>Batches into a table, against a table made from DuckDB's own table.</summary>
[MemoryDiagnoser]
public class InsertBenchmarks
{
    private readonly List<RecordBatch> _batches = [];
    private Flights _flights = null!;
    private DuckDbDatabase _database = null!;
    private DuckDbConnection _connection = null!;

    [GlobalSetup]
    public void Open()
    {
        _flights = new Flights();
        _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_flights.Folder] });
        _connection = _database.Connect();
        _connection.Execute($"CREATE TABLE source AS FROM {_flights.Sql}");
        using DuckDbReader reader = _connection.Read("FROM source");
        while (reader.ReadBatch() is { } batch) _batches.Add(batch);
    }

    [GlobalCleanup]
    public void Close()
    {
        foreach (RecordBatch batch in _batches) batch.Dispose();
        _connection.Dispose();
        _database.Dispose();
        _flights.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void FromTable()
    {
        _connection.Execute("CREATE TABLE target AS FROM source");
        _connection.Execute("DROP TABLE target");
    }

    [Benchmark]
    public void FromBatches()
    {
        _connection.CreateTable(_database, "target", Flights.Schema, _batches);
        _connection.Execute("DROP TABLE target");
    }

    /// <summary>Without a table between: the scan alone, with all columns.</summary>
    [Benchmark]
    public long Scan()
    {
        using OfferedBatches offered = _database.Offer(Flights.Schema, _batches);
        return _connection.ReadValue<long>($"SELECT CAST(sum(delay) + sum(distance) + sum(length(origin)) + sum(length(destination)) + count(date) AS BIGINT) FROM {offered.Sql}");
    }
}

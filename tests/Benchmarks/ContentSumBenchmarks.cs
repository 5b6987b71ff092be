using BenchmarkDotNet.Attributes;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>The content hash of 3,000,000 rows in memory, on one core.</summary>
[MemoryDiagnoser]
public class ContentSumBenchmarks
{
    private readonly List<RecordBatch> _batches = [];

    [GlobalSetup]
    public void Read()
    {
        using var flights = new Flights();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [flights.Folder] });
        using DuckDbConnection connection = database.Connect();
        using DuckDbReader reader = connection.Read($"FROM {flights.Sql}");
        while (reader.ReadBatch() is { } batch) _batches.Add(batch);
    }

    [GlobalCleanup]
    public void Free()
    {
        foreach (RecordBatch batch in _batches) batch.Dispose();
    }

    [Benchmark]
    public ContentSum Sum()
    {
        using var sum = new ContentSumAccumulator(Flights.Schema);
        foreach (RecordBatch batch in _batches) sum.Process(batch);
        return sum.Sum;
    }
}

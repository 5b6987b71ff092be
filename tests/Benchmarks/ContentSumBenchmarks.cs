using BenchmarkDotNet.Attributes;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>The content hash of 3,000,000 rows in memory, on one core.</summary>
[MemoryDiagnoser]
public class ContentSumBenchmarks
{
    private readonly List<RecordBatch> _batches = [];
    private Schema _schema = null!;

    /// <summary>What is hashed: the example's rows, six columns of numbers (two BIGINTs, an INTEGER, two DOUBLEs, a DECIMAL), four of text (10 to 40 letters, one in five NULL in one of them).</summary>
    [Params("flights", "six numbers", "four texts")]
    public string Rows { get; set; } = "";

    [GlobalSetup]
    public void Read()
    {
        using var flights = new Flights();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [flights.Folder] });
        using DuckDbConnection connection = database.Connect();
        using DuckDbReader reader = connection.Read(Rows switch
        {
            "flights" => $"FROM {flights.Sql}",
            "six numbers" => "SELECT i AS a, i * 7919 AS b, CAST(i % 1000 AS INTEGER) AS c, i / 3.0 AS d, sqrt(i) AS e, CAST(i AS DECIMAL(18, 2)) AS f FROM range(3000000) t(i)",
            _ => "SELECT md5(i::VARCHAR) AS a, 'customer-' || i AS b, CASE WHEN i % 5 > 0 THEN 'city of ' || i % 1000 END AS c, left(md5((i % 777)::VARCHAR) || md5(i::VARCHAR), 10 + (i % 31)::INTEGER) AS d FROM range(3000000) t(i)",
        });
        _schema = reader.Schema;
        while (reader.ReadBatch() is { } batch) _batches.Add(batch);
    }

    [GlobalCleanup]
    public void Free()
    {
        foreach (RecordBatch batch in _batches) batch.Dispose();
        _batches.Clear();
    }

    [Benchmark]
    public ContentSum Sum()
    {
        using var sum = new ContentSumAccumulator(_schema);
        foreach (RecordBatch batch in _batches) sum.Process(batch);
        return sum.Sum;
    }
}

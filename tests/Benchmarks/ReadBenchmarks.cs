using BenchmarkDotNet.Attributes;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>What batches cost beyond what DuckDB gives: chunks of 2,048 rows, looked at and thrown away, against batches of 64 k rows and more.</summary>
[MemoryDiagnoser]
public class ReadBenchmarks
{
    private const string TenDoubles = "SELECT i / 1.0 AS a, i / 2.0 AS b, i / 3.0 AS c, i / 4.0 AS d, i / 5.0 AS e, i / 6.0 AS f, i / 7.0 AS g, i / 8.0 AS h, i / 9.0 AS j, i / 10.0 AS k FROM range(10000000) t(i)";

    private Flights _flights = null!;
    private DuckDbDatabase _database = null!;
    private DuckDbConnection _connection = null!;

    /// <summary>What is read; all from DuckDB's own tables in memory, 10,000,000 rows (the flights as often as it takes).</summary>
    [Params("ten doubles", "flights")]
    public string Rows { get; set; } = "";

    [GlobalSetup]
    public void Open()
    {
        _flights = new Flights();
        _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_flights.Folder] });
        _connection = _database.Connect();
        _connection.Execute($"CREATE TABLE source AS {(Rows == "flights" ? $"SELECT f.* FROM {_flights.Sql} AS f, range(4) LIMIT 10000000" : TenDoubles)}");
    }

    [GlobalCleanup]
    public void Close()
    {
        _connection.Dispose();
        _database.Dispose();
        _flights.Dispose();
    }

    [Benchmark(Baseline = true)]
    public unsafe long Chunks()
    {
        NativeMethods.Prepare(_connection.Handle, "FROM source", out nint prepared);
        using var statement = new StatementHandle(prepared, _connection.Handle);
        NativeMethods.PendStreaming(statement, out nint pended);
        using var pending = new PendingHandle(pended, _connection.Handle);
        using var result = new ResultHandle(_connection.Handle);
        if (NativeMethods.ExecutePending(pending, result.Pointer) != 0) throw new InvalidOperationException(result.Error);
        long rows = 0;
        using var chunk = new ChunkHandle();
        while (chunk.MoveNext(result)) rows += chunk.RowCount;
        return rows;
    }

    [Benchmark]
    public long Batches()
    {
        using DuckDbReader reader = _connection.Read("FROM source");
        long rows = 0;
        while (reader.ReadBatch() is { } batch)
            using (batch) rows += batch.RowCount;
        return rows;
    }
}

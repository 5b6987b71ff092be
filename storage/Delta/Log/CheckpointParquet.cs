using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>
/// Parquet files of a checkpoint, open to queries, each with the columns that its writer gave it: asked for a schema of ours instead, DuckDB would read every field of a struct.
/// What is read is bounded by what is there: a text that compresses a thousandfold is no checkpoint. Safe for use by several threads.
/// </summary>
internal sealed class CheckpointParquet : IDisposable
{
    private const long BytesMin = 256 << 20;
    private const int GrowthMax = 128;
    private const int ThreadsMax = 4;

    // What is no file, as the columns that hold it.
    private static readonly string[] s_headers = ["txn", "metaData", "protocol", "domainMetadata", "checkpointMetadata", "sidecar"];

    private readonly DuckDbDatabase _database;
    private readonly MemoryBudget _budget;
    private readonly IReadOnlyList<string> _paths;

    /// <param name="paths">Absolute; at least one.</param>
    /// <param name="sizeBytes">Of all of them.</param>
    internal CheckpointParquet(IReadOnlyList<string> paths, long sizeBytes)
    {
        _paths = paths;
        _budget = new MemoryBudget(BytesMin + (sizeBytes * GrowthMax));
        _database = DuckDbDatabase.Open(new DuckDbOptions
        {
            AllowedFolders = [.. paths.Select(path => Path.GetDirectoryName(path)!).Distinct(StringComparer.Ordinal)],
            ThreadCount = Math.Min(Environment.ProcessorCount, ThreadsMax),
            MemoryLimitBytes = _budget.LimitBytes,
        });
    }

    /// <summary>All that is no file, each as the line that it would be in a commit.</summary>
    internal IEnumerable<byte[]> Headers(CancellationToken cancellationToken)
    {
        using DuckDbConnection connection = _database.Connect();
        foreach ((string rows, IReadOnlyList<string> columns) in Groups(connection, "*"))
            if (s_headers.Intersect(columns, StringComparer.Ordinal).ToArray() is { Length: > 0 } headers)
                foreach (byte[] line in Lines(connection, rows, headers, string.Join(" OR ", headers.Select(header => $"{header} IS NOT NULL")), cancellationToken))
                    yield return line;
    }

    /// <summary>Likewise the tombstones of files that were deleted after a time.</summary>
    internal IEnumerable<byte[]> Tombstones(long afterMilliseconds, CancellationToken cancellationToken)
    {
        using DuckDbConnection connection = _database.Connect();
        foreach ((string rows, IReadOnlyList<string> fields) in Groups(connection, "remove"))
            if (fields.Contains("deletionTimestamp", StringComparer.Ordinal))
                foreach (byte[] line in Lines(connection, rows, ["remove"], $"remove.deletionTimestamp > {SqlLiteral.BigInt(afterMilliseconds)}", cancellationToken))
                    yield return line;
    }

    /// <summary>Reads the files; their statistics, most of the bytes, beside the rest.</summary>
    internal async Task ReadFilesAsync(RestoredFiles files, CancellationToken cancellationToken)
    {
        using DuckDbConnection connection = _database.Connect(), beside = _database.Connect();
        (string Rows, IReadOnlyList<string> Fields)[] groups = [.. Groups(connection, "add")];
        await Task.WhenAll(
            Task.Run(() => ReadAll(connection, group => RestoredFiles.FilesSql(group.Rows, group.Fields), files.Add), cancellationToken),
            Task.Run(() => ReadAll(beside, group => RestoredFiles.StatisticsSql(group.Rows, group.Fields), files.AddStatistics), cancellationToken)).ConfigureAwait(false);

        void ReadAll(DuckDbConnection one, Func<(string Rows, IReadOnlyList<string> Fields), string> sqlOf, Action<RecordBatch> add)
        {
            foreach ((string, IReadOnlyList<string>) group in groups)
            {
                using DuckDbReader reader = one.Read(sqlOf(group), null, _budget, cancellationToken);
                while (reader.ReadBatch(cancellationToken) is { } batch)
                {
                    using (batch) add(batch);
                }
            }
        }
    }

    public void Dispose() => _database.Dispose();

    private IEnumerable<byte[]> Lines(DuckDbConnection connection, string rows, IReadOnlyList<string> columns, string where, CancellationToken cancellationToken)
    {
        string line = string.Join(", ", columns.Select(column => $"{SqlLiteral.Text(column)}: {column}"));
        using DuckDbReader reader = connection.Read($"SELECT CAST(to_json({{{line}}}) AS VARCHAR) FROM {rows} WHERE {where}", null, _budget, cancellationToken);
        while (reader.ReadBatch(cancellationToken) is { } batch)
        {
            using (batch)
            {
                for (int i = 0; i < batch.RowCount; i++) yield return batch.Column(0).Bytes(i).ToArray();
            }
        }
    }

    // What stands after FROM for the files that have the same columns (of "*") or the same fields of a column; those without the column are left out. A checkpoint of the second kind may have files of several writers.
    private IEnumerable<(string Rows, IReadOnlyList<string> Names)> Groups(DuckDbConnection connection, string column) => _paths
        .Select(path => (Path: path, Names: NamesOf(connection, path, column)))
        .Where(file => file.Names.Length > 0)
        .GroupBy(file => string.Join('\n', file.Names), StringComparer.Ordinal)
        .Select(group => (RowsOf(group.Select(file => file.Path)), (IReadOnlyList<string>)group.First().Names));

    private static string[] NamesOf(DuckDbConnection connection, string path, string column)
    {
        string[] columns = Describe("*");
        return column == "*" ? columns : columns.Contains(column, StringComparer.Ordinal) ? Describe($"unnest({column})") : [];

        string[] Describe(string what) => [.. connection.Describe($"SELECT {what} FROM {RowsOf([path])}").Select(found => found.Name)];
    }

    private static string RowsOf(IEnumerable<string> paths) => $"read_parquet({SqlLiteral.TextList(paths.Select(ParquetSql.Pattern))}, hive_partitioning = false)";
}

using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;
using Microsoft.Win32.SafeHandles;

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

    // Where Linux shows the files that this process has open, also those that were deleted since.
    private const string HandlesFolder = "/proc/self/fd";
    private const int HandlesMax = 16;

    // What is no file, as the columns that hold it.
    private static readonly string[] s_headers = ["txn", "metaData", "protocol", "domainMetadata", "checkpointMetadata", "sidecar"];

    private readonly DuckDbDatabase _database;
    private readonly MemoryBudget _budget;
    private readonly IReadOnlyList<string> _paths;
    private readonly IReadOnlyList<string> _folders;
    private readonly long _sizeBytes;

    /// <param name="paths">Absolute; at least one.</param>
    /// <param name="sizeBytes">Of all of them.</param>
    internal CheckpointParquet(IReadOnlyList<string> paths, long sizeBytes)
        : this(paths, [.. paths.Select(path => Path.GetDirectoryName(path)!).Distinct(StringComparer.Ordinal)], sizeBytes)
    {
    }

    private CheckpointParquet(IReadOnlyList<string> paths, IReadOnlyList<string> folders, long sizeBytes)
    {
        (_paths, _folders, _sizeBytes) = (paths, folders, sizeBytes);
        _budget = new MemoryBudget(BytesMin + (sizeBytes * GrowthMax));
        _database = DuckDbDatabase.Open(new DuckDbOptions
        {
            AllowedFolders = folders,
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

    /// <summary>Reads all that is said of files but their statistics.</summary>
    internal void ReadFiles(RestoredFiles files, CancellationToken cancellationToken) => ReadAdds(RestoredFiles.FilesSql, files.Add, cancellationToken);

    /// <summary>The files' statistics: most of the bytes, which few ask for.</summary>
    /// <returns>Reads them, in the order of <see cref="ReadFiles"/>, with their files' paths; to be called once. Until then the files are held open, so that it does not matter when the checkpoint is deleted meanwhile.</returns>
    internal Func<IReadOnlyList<(TextColumn Paths, TextColumn Texts)>> HoldStatistics()
    {
        if (_paths.Count > HandlesMax || !Directory.Exists(HandlesFolder))
        {
            IReadOnlyList<(TextColumn, TextColumn)> read = ReadStatistics();
            return () => read;
        }
        var held = new List<SafeFileHandle>();
        try
        {
            foreach (string path in _paths) held.Add(FileErrors.Guard(path, () => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)));
        }
        catch
        {
            held.ForEach(handle => handle.Dispose());
            throw;
        }
        return () =>
        {
            try
            {
                // DuckDB looks where a name leads, which is a file's own folder while it is not deleted.
                string[] names = [.. held.Select(handle => string.Create(CultureInfo.InvariantCulture, $"{HandlesFolder}/{handle.DangerousGetHandle()}"))];
                using var parquet = new CheckpointParquet(names, [HandlesFolder, .. _folders], _sizeBytes);
                return parquet.ReadStatistics();
            }
            finally
            {
                held.ForEach(handle => handle.Dispose());
            }
        };
    }

    private List<(TextColumn Paths, TextColumn Texts)> ReadStatistics()
    {
        var read = new List<(TextColumn, TextColumn)>();
        ReadAdds(RestoredFiles.StatisticsSql, batch => read.Add((new TextColumn(batch.Column(0)), new TextColumn(batch.Column(1)))), CancellationToken.None);
        return read;
    }

    private void ReadAdds(Func<string, IReadOnlyList<string>, string> sqlOf, Action<RecordBatch> add, CancellationToken cancellationToken)
    {
        using DuckDbConnection connection = _database.Connect();
        foreach ((string rows, IReadOnlyList<string> fields) in Groups(connection, "add"))
        {
            using DuckDbReader reader = connection.Read(sqlOf(rows, fields), null, _budget, cancellationToken);
            while (reader.ReadBatch(cancellationToken) is { } batch)
            {
                using (batch) add(batch);
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
    private (string Rows, IReadOnlyList<string> Names)[] Groups(DuckDbConnection connection, string column) =>
    [
        .. _paths
            .Select(path => (Path: path, Names: NamesOf(connection, path, column)))
            .Where(file => file.Names.Length > 0)
            .GroupBy(file => string.Join('\n', file.Names), StringComparer.Ordinal)
            .Select(group => (RowsOf(group.Select(file => file.Path)), (IReadOnlyList<string>)group.First().Names)),
    ];

    private static string[] NamesOf(DuckDbConnection connection, string path, string column)
    {
        string[] columns = Describe("*");
        return column == "*" ? columns : columns.Contains(column, StringComparer.Ordinal) ? Describe($"unnest({column})") : [];

        string[] Describe(string what) => [.. connection.Describe($"SELECT {what} FROM {RowsOf([path])}").Select(found => found.Name)];
    }

    private static string RowsOf(IEnumerable<string> paths) => $"read_parquet({SqlLiteral.TextList(paths.Select(ParquetSql.Pattern))}, hive_partitioning = false)";
}

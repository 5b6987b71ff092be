using System.Collections.Concurrent;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Storage.Parquet;

/// <summary>Reads Parquet files once, in no order, on several threads. One stream of DuckDB's keeps one core busy, so the rows are cut into ranges and each thread has a connection.</summary>
internal static class ParquetScan
{
    // Four row groups of the size that we write; DuckDB skips the groups outside a range.
    internal static readonly IReadOnlyDictionary<string, string> NoConstants = new Dictionary<string, string>();

    private const long RangeRows = 4 * 122_880;

    /// <param name="database">May read the files.</param>
    /// <param name="files">Absolute paths and row counts.</param>
    /// <param name="schema">The columns to read.</param>
    /// <param name="constants">SQL of columns that the files lack, since each has one value only; by name.</param>
    /// <param name="perThread">Makes one accumulator for each thread.</param>
    /// <param name="threadCount">At most so many.</param>
    /// <param name="memory">Charged for the batches.</param>
    /// <param name="report">Told of rows that were read, from any thread.</param>
    /// <param name="cancellationToken">Observed between batches and in them.</param>
    /// <returns>The merged accumulator, which the caller disposes.</returns>
    internal static async Task<T> RunAsync<T>(DuckDbDatabase database, IReadOnlyList<(string Path, long RowCount)> files, Schema schema, IReadOnlyDictionary<string, string> constants, Func<T> perThread, int threadCount, MemoryBudget memory, Action<int> report, CancellationToken cancellationToken)
        where T : IAccumulator
    {
        // A column of that name would hide the row's number; then a file is one range.
        bool canCut = schema.IndexOf("file_row_number") < 0;
        var ranges = new ConcurrentQueue<string>();
        var fileSchema = constants.Count == 0 ? schema : new Schema(schema.Fields.Where(field => !constants.ContainsKey(field.Name)));
        string columns = string.Join(", ", schema.Fields.Select(field => constants.TryGetValue(field.Name, out string? constant) ? $"{constant} AS {SqlLiteral.Name(field.Name)}" : SqlLiteral.Name(field.Name)));
        foreach ((string path, long rows) in files)
        {
            string sql = $"SELECT {columns} FROM {ParquetSql.Rows([path], fileSchema)}";
            if (!canCut || rows <= RangeRows) ranges.Enqueue(sql);
            else for (long start = 0; start < rows; start += RangeRows) ranges.Enqueue($"{sql} WHERE file_row_number BETWEEN {SqlLiteral.Number(start)} AND {SqlLiteral.Number(start + RangeRows - 1)}");
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        return await Accumulators.RunAsync(perThread, Math.Clamp(ranges.Count, 1, threadCount), accumulator => Drain(database, ranges, accumulator, memory, report, stop.Token), stop).ConfigureAwait(false);
    }

    private static void Drain(DuckDbDatabase database, ConcurrentQueue<string> ranges, IAccumulator accumulator, MemoryBudget memory, Action<int> report, CancellationToken cancellationToken)
    {
        if (ranges.IsEmpty) return;
        using DuckDbConnection connection = database.Connect();
        while (ranges.TryDequeue(out string? sql))
        {
            using DuckDbReader reader = connection.Read(sql, null, memory, cancellationToken);
            while (reader.ReadBatch(cancellationToken) is { } batch)
            {
                using (batch) accumulator.Process(batch);
                report(batch.RowCount);
            }
        }
    }
}

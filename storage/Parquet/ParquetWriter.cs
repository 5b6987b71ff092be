using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Parquet;

/// <summary>Rows to be written: a query, and the connection that runs it.</summary>
/// <param name="Connection">Free until the rows are written.</param>
/// <param name="Sql">A SELECT whose columns have the names and types of <paramref name="Schema"/>, in its order.</param>
/// <param name="Schema">The columns, with their metadata.</param>
public sealed record RowQuery(DuckDbConnection Connection, string Sql, Schema Schema)
{
    /// <summary>Whether the order of its rows counts.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>Called when its rows were read to their end; throws where what they came from is not what it was.</summary>
    public Action? WhenRead { get; init; }
}

/// <summary>Writes a query's rows as Parquet files: synced, read back, with statistics and content sums, for a table's log to name them. Safe for use by several threads.</summary>
/// <param name="database">Runs the queries; may write to the folder.</param>
/// <param name="folder">Where the files go; those of a table lie below the table's folder.</param>
/// <param name="threadCount">How many threads read the files back.</param>
/// <param name="run">The clock, the memory, and who is told of progress.</param>
public sealed class ParquetWriter(DuckDbDatabase database, IObjectStore folder, int threadCount, RunContext run)
{
    // DuckDB's own size, spelled out, since the bytes of a training set depend on it.
    private const int RowGroupRows = 122_880;

    // Read at nearly the speed of no compression (docs/decisions/lz4-files.md).
    private const string Codec = "lz4_raw";

    private const string OrderColumn = "__lepton_write_order";

    /// <summary>Writes the rows.</summary>
    /// <param name="rows">Read once.</param>
    /// <param name="target">How to divide and name them; its folder is that of the writer.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    /// <returns>The files, by paths relative to the folder, in order; none where there are no rows. On failure no file is left.</returns>
    /// <exception cref="LeptonDataException"><c>storage.file_exists</c>, <c>storage.lost_rows</c>, <c>storage.partition_value_write</c>; what the query fails with.</exception>
    public async ValueTask<IReadOnlyList<DataFile>> WriteAsync(RowQuery rows, FileTarget target, CancellationToken cancellationToken = default)
    {
        if (target.RowsPerFile is < 1) throw new ArgumentException("a file holds a row at least", nameof(target));
        Field[] keys = [.. target.PartitionColumns.Select(name => rows.Schema.Find(name) ?? throw new ArgumentException($"the query has no column '{name}'", nameof(target)))];
        bool isOneFile = target.RowsPerFile is null && (keys.Length == 0 || target.PartitionValues is not null);
        if (target.KeepsOrder && !(isOneFile && keys.Length == 0)) throw new ArgumentException("rows that keep their order are written to one file", nameof(target));
        var work = new Work(rows, target, keys, new Schema(rows.Schema.Fields.Where(field => !keys.Contains(field))));
        bool isDone = false;
        try
        {
            List<DataFile> files = isOneFile ? await WriteOneAsync(work, cancellationToken).ConfigureAwait(false) : await WritePartsAsync(work, cancellationToken).ConfigureAwait(false);
            // Last: from here on they may be files of this machine no more.
            await folder.SyncAsync([.. files.Select(file => file.Path)], cancellationToken).ConfigureAwait(false);
            isDone = true;
            return files;
        }
        finally
        {
            if (!isDone)
                foreach (string name in work.Names) await DeleteQuietlyAsync(name).ConfigureAwait(false);
        }
    }

    private async ValueTask<List<DataFile>> WriteOneAsync(Work work, CancellationToken cancellationToken)
    {
        (RowQuery rows, FileTarget target) = (work.Rows, work.Target);
        string name = target.KeepsOrder ? FormattableString.Invariant($"{target.FileNamePrefix}{target.FileNumber:D5}.parquet") : work.NewName(work.FolderOf(target.PartitionValues));
        // Only a numbered name can be taken, and then the file is not ours to delete when this fails.
        if (File.Exists(folder.PathToWrite(name))) throw new LeptonDataException("storage.file_exists", [folder.Locate(name)]);
        work.Names.Add(name);
        string select = work.FileSchema.Count == rows.Schema.Count ? rows.Sql : $"SELECT {work.Columns} FROM ({rows.Sql})";
        // Sorted rows fall into the same row groups on any number of threads; others would not, so they are sorted by the order in which they come.
        if (target.KeepsOrder && !rows.IsOrdered) select = $"SELECT * EXCLUDE ({OrderColumn}) FROM (SELECT *, row_number() OVER () AS {OrderColumn} FROM ({select})) ORDER BY {OrderColumn}";
        CopiedFile copied = await Task.Run(() => Copy(rows.Connection, select, name, target.KeepsOrder || rows.IsOrdered, cancellationToken), cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        rows.WhenRead?.Invoke();
        if (copied.RowCount > 0) return [await DescribeAsync(work, name, copied, target.PartitionValues, new Reading(run, copied.RowCount), cancellationToken).ConfigureAwait(false)];
        await DeleteQuietlyAsync(name).ConfigureAwait(false);
        return [];
    }

    // The rows are laid down once, sorted by the keys, so that each file's rows are a range of them: a scan a file would read all rows as often as there are files.
    private async ValueTask<List<DataFile>> WritePartsAsync(Work work, CancellationToken cancellationToken)
    {
        RowQuery rows = work.Rows;
        string table = SqlLiteral.Name($"lepton_parts_{Guid.NewGuid():N}");
        try
        {
            await Task.Run(() => Lay(work, table, cancellationToken), cancellationToken).ConfigureAwait(false);
            rows.WhenRead?.Invoke();
            List<Part> parts = await Task.Run(() => PartsOf(work, table, cancellationToken), cancellationToken).ConfigureAwait(false);
            var reading = new Reading(run, parts.Sum(part => part.RowCount));
            var files = new List<DataFile>(parts.Count);
            foreach (Part part in parts)
            {
                string name = work.NewName(work.FolderOf(part.Values));
                work.Names.Add(name);
                string select = $"SELECT {work.Columns} FROM {table} WHERE rowid BETWEEN {SqlLiteral.Number(part.Start)} AND {SqlLiteral.Number(part.Start + part.RowCount - 1)}";
                CopiedFile copied = await Task.Run(() => Copy(rows.Connection, select, name, rows.IsOrdered, cancellationToken), cancellationToken).ConfigureAwait(false);
                if (copied.RowCount != part.RowCount) throw new LeptonDataException("storage.lost_rows", [folder.Locate(name), part.RowCount, copied.RowCount]);
                files.Add(await DescribeAsync(work, name, copied, part.Values, reading, cancellationToken).ConfigureAwait(false));
            }
            return files;
        }
        finally
        {
            rows.Connection.Execute($"DROP TABLE IF EXISTS {table}", null, CancellationToken.None);
        }
    }

    private void Lay(Work work, string table, CancellationToken cancellationToken)
    {
        RowQuery rows = work.Rows;
        bool isSorted = work.Keys.Length > 0 && work.Target.PartitionValues is null;
        string select = rows.Sql;
        if (isSorted)
        {
            string number = rows.IsOrdered ? $", row_number() OVER () AS {OrderColumn}" : "";
            select = $"SELECT *{number} FROM ({select}) ORDER BY {work.KeyColumns}{(rows.IsOrdered ? $", {OrderColumn}" : "")}";
        }
        using (new ProgressReport(run, "storage.writing", rows.Connection)) rows.Connection.Execute($"CREATE TABLE {table} AS {select}", null, cancellationToken);
    }

    /// <summary>The files to write: for each combination of the keys' values one, or as many as its rows need.</summary>
    private List<Part> PartsOf(Work work, string table, CancellationToken cancellationToken)
    {
        var parts = new List<Part>();
        bool isGiven = work.Target.PartitionValues is not null || work.Keys.Length == 0;
        string sql = isGiven ? $"SELECT count(*) FROM {table}" : $"SELECT count(*), {work.KeyColumns} FROM {table} GROUP BY {work.KeyColumns} ORDER BY {work.KeyColumns}";
        using DuckDbReader reader = work.Rows.Connection.Read(sql, null, run.Memory, cancellationToken);
        long start = 0;
        while (reader.ReadBatch(cancellationToken) is { } batch)
        {
            using (batch)
            {
                for (int row = 0; row < batch.RowCount; row++)
                {
                    long end = start + (long)batch.Column(0).Value(row)!;
                    IReadOnlyDictionary<string, string?>? values = isGiven ? work.Target.PartitionValues : work.ValuesOf(batch, row);
                    long most = work.Target.RowsPerFile ?? (end - start);
                    for (; start < end; start = Math.Min(start + most, end)) parts.Add(new Part(values, start, Math.Min(most, end - start)));
                }
            }
        }
        return parts;
    }

    private CopiedFile Copy(DuckDbConnection connection, string select, string name, bool keepsOrder, CancellationToken cancellationToken)
    {
        folder.MakeFolder(name.LastIndexOf('/') is var slash and > 0 ? name[..slash] : "");
        string order = keepsOrder ? "true" : "false";
        using (new ProgressReport(run, "storage.writing", connection))
            return connection.Copy(
                $"COPY ({select}) TO {SqlLiteral.Text(folder.PathToWrite(name))} (FORMAT parquet, COMPRESSION {Codec}, ROW_GROUP_SIZE {SqlLiteral.Number(RowGroupRows)}, PRESERVE_ORDER {order}, USE_TMP_FILE false, RETURN_STATS)",
                cancellationToken)[0];
    }

    // The sum is taken of what stands in the file, so it also proves that the file can be read.
    private async ValueTask<DataFile> DescribeAsync(Work work, string name, CopiedFile copied, IReadOnlyDictionary<string, string?>? values, Reading reading, CancellationToken cancellationToken)
    {
        string path = folder.PathToWrite(name);
        Dictionary<string, string> constants = work.Keys.ToDictionary(key => key.Name, key => PartitionValue.ToSql(values![key.Name], key), StringComparer.Ordinal);
        Schema schema = work.Rows.Schema;
        using ContentSumAccumulator sum = await ParquetScan.RunAsync(database, [(path, copied.RowCount)], schema, constants, () => new ContentSumAccumulator(schema), threadCount, run.Memory, reading.Report, cancellationToken).ConfigureAwait(false);
        if (sum.Sum.RowCount != copied.RowCount) throw new LeptonDataException("storage.lost_rows", [folder.Locate(name), copied.RowCount, sum.Sum.RowCount]);
        var file = new DataFile(name, copied.SizeBytes, EventTime.FromDateTimeOffset(run.Time.GetUtcNow()), CopyStatistics.Of(copied, work.FileSchema), sum.Sum);
        return work.Keys.Length == 0 ? file : file with { PartitionValues = values! };
    }

    // Another error is under way, and the file may not be there; no commit names it, so it is only garbage.
    private async ValueTask DeleteQuietlyAsync(string name)
    {
        try
        {
            await folder.DeleteAsync(name).ConfigureAwait(false);
        }
        catch (LeptonDataException)
        {
        }
    }

    /// <summary>What is written, and under which names so far.</summary>
    private sealed record Work(RowQuery Rows, FileTarget Target, Field[] Keys, Schema FileSchema)
    {
        internal List<string> Names { get; } = [];

        internal string Columns { get; } = string.Join(", ", FileSchema.Fields.Select(field => SqlLiteral.Name(field.Name)));

        internal string KeyColumns { get; } = string.Join(", ", Keys.Select(key => SqlLiteral.Name(key.Name)));

        internal string NewName(string folder) => $"{folder}{Target.FileNamePrefix}{Guid.NewGuid():N}.parquet";

        /// <summary>Empty, or with a slash at its end.</summary>
        internal string FolderOf(IReadOnlyDictionary<string, string?>? values) => Keys.Length == 0 ? "" : $"{PartitionValue.FolderOf([.. Keys.Select(key => key.Name)], values!)}/";

        internal Dictionary<string, string?> ValuesOf(RecordBatch counts, int row)
        {
            var values = new Dictionary<string, string?>(StringComparer.Ordinal);
            for (int i = 0; i < Keys.Length; i++)
            {
                string? text = PartitionValue.Write(counts.Column(i + 1).Value(row), Keys[i].Type);
                PartitionValue.Check(text, Keys[i], Target.Folder);
                values.Add(Keys[i].Name, text);
            }
            return values;
        }
    }

    /// <summary>What one file holds: a range of the rows that were laid down.</summary>
    private sealed record Part(IReadOnlyDictionary<string, string?>? Values, long Start, long RowCount);

    /// <summary>Tells how many of the rows that were written are read back.</summary>
    private sealed class Reading(RunContext run, long rowCount)
    {
        private long _done;

        internal void Report(int rows) => run.Progress?.Report(new StepProgress("", "storage.checking", (double)Interlocked.Add(ref _done, rows) / rowCount));
    }
}

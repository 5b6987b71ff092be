using System.Globalization;
using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Engines;

public sealed partial class DuckDbEngine
{
    // DuckDB's own size, spelled out, since the bytes of a training set depend on it.
    private const int RowGroupRows = 122_880;

    private const string OrderColumn = "__lepton_write_order";

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<DataFile>> WriteAsync(BoundQuery query, Inputs inputs, FileTarget target, RunContext run, CancellationToken cancellationToken)
    {
        EnsureWritable(query);
        if (target.PartitionColumns.Count > 0 || target.RowsPerFile is not null) return await WritePartsAsync(query, inputs, target, run, cancellationToken).ConfigureAwait(false);
        string name = target.KeepsOrder ? $"{target.FileNamePrefix}00000.parquet" : $"{target.FileNamePrefix}{Guid.NewGuid():N}.parquet";
        IObjectStore store = _storeOf(target.Folder);
        string path = store.PathToWrite(name);
        // Only a numbered name can be taken, and then the file is not ours to delete when this fails.
        if (File.Exists(path)) throw new LeptonDataException("engines.file_exists", [path]);
        bool isDone = false;
        try
        {
            using LocalInputs local = await LocalInputs.FetchAsync(_options.Store, inputs, cancellationToken).ConfigureAwait(false);
            CopiedFile copied = await Task.Run(() => Copy(query, local, store, name, target.KeepsOrder, run, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (copied.RowCount == 0) return [];
            ContentSum sum = await SumAsync(query, path, copied.RowCount, ParquetScan.NoConstants, run, cancellationToken).ConfigureAwait(false);
            // Last: from here on it may be a file of this machine no more.
            await store.SyncAsync([name], cancellationToken).ConfigureAwait(false);
            var file = new DataFile(name, copied.SizeBytes, EventTime.FromDateTimeOffset(run.Time.GetUtcNow()), CopyStatistics.Of(copied, query.Schema), query.RowsAreInexact ? null : sum);
            isDone = true;
            return [file];
        }
        catch (DuckDbException error)
        {
            throw EngineErrors.Of(error, query.Source.Start);
        }
        finally
        {
            if (!isDone) await DeleteQuietlyAsync(store, name).ConfigureAwait(false);
        }
    }

    private static void EnsureWritable(BoundQuery query)
    {
        foreach (Field field in query.Schema.Fields) EnsureWritable(field.Name, field.Type);

        void EnsureWritable(string path, DataType type)
        {
            string? code = type.Id switch
            {
                TypeId.NaiveTime => "engines.naive_time",
                TypeId.Null => "engines.untyped_null",
                _ => null,
            };
            if (code is not null) throw new LeptonDataException(code, [path, type]) { Place = query.Source.Start };
            foreach (Field inner in type.Children) EnsureWritable($"{path}.{inner.Name}", inner.Type);
        }
    }

    private CopiedFile Copy(BoundQuery query, LocalInputs inputs, IObjectStore store, string name, bool keepsOrder, RunContext run, CancellationToken cancellationToken)
    {
        using var statement = new Statement(this, query, inputs);
        string select = statement.SelectAs(query.Schema);
        // Sorted rows fall into the same row groups on any number of threads; others would not, so they are sorted by the order in which they come.
        if (keepsOrder && !query.IsOrdered) select = $"SELECT * EXCLUDE ({OrderColumn}) FROM (SELECT *, row_number() OVER () AS {OrderColumn} FROM ({select})) ORDER BY {OrderColumn}";
        store.MakeFolder("");
        string order = keepsOrder ? "true" : "false";
        using (new ProgressReport(run, "engines.writing", statement.Connection))
        {
            CopiedFile copied = statement.Connection.Copy(
                $"COPY ({select}) TO {SqlLiteral.Text(store.PathToWrite(name))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {RowGroupRows.ToString(CultureInfo.InvariantCulture)}, PRESERVE_ORDER {order}, USE_TMP_FILE false, RETURN_STATS)",
                cancellationToken)[0];
            cancellationToken.ThrowIfCancellationRequested();
            statement.EnsureFilesUnchanged();
            return copied;
        }
    }

    // Another error is under way, and the file may not be there; no commit names it, so it is only garbage.
    private static async ValueTask DeleteQuietlyAsync(IObjectStore store, string name)
    {
        try
        {
            await store.DeleteAsync(name).ConfigureAwait(false);
        }
        catch (LeptonDataException)
        {
        }
    }

    // The sum is taken of what stands in the file, so it also proves that the file can be read.
    private async Task<ContentSum> SumAsync(BoundQuery query, string path, long rowCount, IReadOnlyDictionary<string, string> constants, RunContext run, CancellationToken cancellationToken)
    {
        long done = 0;
        void Report(int rows) => run.Progress?.Report(new StepProgress("", "engines.checking", (double)Interlocked.Add(ref done, rows) / rowCount));
        using ContentSumAccumulator sum = await ParquetScan.RunAsync(Database, [(path, rowCount)], query.Schema, constants, () => new ContentSumAccumulator(query.Schema), ThreadCount, run.Memory, Report, cancellationToken).ConfigureAwait(false);
        if (sum.Sum.RowCount != rowCount) throw new LeptonDataException("engines.lost_rows", [path, rowCount, sum.Sum.RowCount]);
        return sum.Sum;
    }
}

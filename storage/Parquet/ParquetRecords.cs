using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Parquet;

/// <summary>Small Parquet files from and to record batches. Large ones are an engine's work.</summary>
internal static class ParquetRecords
{
    /// <summary>Writes rows into a new file of a table. It is not part of the table until it is committed, and the commit syncs it.</summary>
    /// <param name="store">Where the table lies.</param>
    /// <param name="tableFolder">The table, relative to the store.</param>
    /// <param name="schema">The rows' columns.</param>
    /// <param name="batches">Borrowed; at least one row.</param>
    /// <param name="writtenAt">What the log says of when.</param>
    /// <param name="cancellationToken">Stops the writing; no file is left then.</param>
    internal static DataFile Write(
        IObjectStore store, string tableFolder, Schema schema, IReadOnlyList<RecordBatch> batches, EventTime writtenAt, CancellationToken cancellationToken)
    {
        string name = $"part-{Guid.NewGuid():n}.parquet";
        string path = store.PathToWrite($"{tableFolder}/{name}");
        try
        {
            store.MakeFolder(tableFolder);
            // Made empty first: what the system refuses is then said in its own number, and not only in DuckDB's words.
            File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write).Dispose();
            using (DuckDbDatabase database = DuckDbDatabase.Open(OptionsFor(Path.GetDirectoryName(path)!)))
            using (DuckDbConnection connection = database.Connect())
            using (OfferedBatches offered = database.Offer(schema, batches))
                connection.Execute($"COPY (FROM {offered.Sql}) TO {SqlLiteral.Text(path)} (FORMAT parquet, COMPRESSION zstd)", null, cancellationToken);
            using var sum = new ContentSumAccumulator(schema);
            foreach (RecordBatch batch in batches) sum.Process(batch);
            return new DataFile(name, new FileInfo(path).Length, writtenAt, BatchStatistics.Of(schema, batches), sum.Sum);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            Forget(path);
            throw FileErrors.Of(failure, path);
        }
        catch
        {
            Forget(path);
            throw;
        }
    }

    // What remains is an unused file, and the first failure is the one to report: where the folder could not be made, there is nothing to delete it from.
    private static void Forget(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
        }
    }

    /// <summary>The rows of a snapshot.</summary>
    /// <param name="store">Where the table lies.</param>
    /// <param name="tableFolder">The table, relative to the store.</param>
    /// <param name="snapshot">Which version.</param>
    /// <param name="cancellationToken">Stops the start.</param>
    internal static async ValueTask<IRecordBatchReader> ReadAsync(IObjectStore store, string tableFolder, Snapshot snapshot, CancellationToken cancellationToken)
    {
        if (snapshot.Files.Count == 0) return new MemoryBatchReader(snapshot.Schema, []);
        string[] paths = [.. snapshot.StoredLocations.Select(location => store.PathOf(location)!)];
        LocalFiles files = await store.FetchAsync(paths, cancellationToken).ConfigureAwait(false);
        DuckDbDatabase? database = null;
        DuckDbConnection? connection = null;
        SnapshotRows? rows = null;
        try
        {
            // The files of a clone lie in another table's folder.
            database = DuckDbDatabase.Open(OptionsFor(files.RootPath));
            connection = database.Connect();
            rows = SnapshotRows.Of(snapshot.At(store, files), database);
            DuckDbReader reader = connection.Read($"SELECT * FROM {rows.Sql}", null, null, cancellationToken);
            reader.Own(connection, rows, database, files);
            reader.Rename(snapshot.Schema);
            return reader;
        }
        catch (Exception failure)
        {
            connection?.Dispose();
            rows?.Dispose();
            database?.Dispose();
            files.Dispose();
            if (failure is DuckDbException error) throw error.In(store.NameObjects);
            throw;
        }
    }

    // Little is read and written here, beside work that needs the cores.
    private static DuckDbOptions OptionsFor(string folder) => new() { ThreadCount = 1, MemoryLimitBytes = 256 << 20, AllowedFolders = [folder] };
}

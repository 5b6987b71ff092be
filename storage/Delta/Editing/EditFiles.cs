using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Storage.Delta.Editing;

/// <summary>The files that one operation reads and writes. What it wrote is known until it is committed or deleted.</summary>
internal sealed class EditFiles(IObjectStore store, string folder, DuckDbDatabase database, RunContext run, int threadCount)
{
    private readonly List<DataFile> _written = [];

    internal DuckDbDatabase Database => database;

    /// <summary>Writes the rows of a query as files of a table with these partition columns.</summary>
    /// <param name="sql">Gives the columns of <paramref name="schema"/>.</param>
    /// <param name="schema">The table's columns.</param>
    /// <param name="target">How to divide them.</param>
    /// <param name="isOrdered">Whether the order of the rows counts.</param>
    /// <param name="cancellationToken">Stops it; no file is left then.</param>
    internal async ValueTask<IReadOnlyList<DataFile>> WriteAsync(string sql, Schema schema, FileTarget target, bool isOrdered, CancellationToken cancellationToken)
    {
        using DuckDbConnection connection = database.Connect();
        var rows = new RowQuery(connection, sql, schema) { IsOrdered = isOrdered };
        try
        {
            IReadOnlyList<DataFile> files = await new ParquetWriter(database, store.Below(folder), threadCount, run).WriteAsync(rows, target, cancellationToken).ConfigureAwait(false);
            _written.AddRange(files);
            return files;
        }
        catch (DuckDbException error)
        {
            throw error.In(store.NameObjects);
        }
    }

    /// <summary>Writes the rows of files anew: those of each partition together, up to a size.</summary>
    /// <param name="rows">The table as if it had these files only.</param>
    /// <param name="schema">The columns to write; those that the table lacks are NULL.</param>
    /// <param name="keeps">Which rows <c>t</c> to keep; SQL.</param>
    /// <param name="leftOut">How many rows of a file that leaves out; null where nobody counted them.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    internal async ValueTask<IReadOnlyList<DataFile>> RewriteAsync(Snapshot rows, Schema schema, string keeps, Func<DataFile, long>? leftOut, CancellationToken cancellationToken)
    {
        var written = new List<DataFile>();
        foreach (IReadOnlyList<DataFile> group in FileGroups.Of(rows.PartitionColumns, rows.Files, CompactionPlan.DefaultTargetBytes))
        {
            var target = new RewriteTarget(schema, $"WHERE {keeps}") { RowCount = leftOut is null || group.Any(file => file.RowCount is null) ? null : group.Sum(file => file.RowCount - leftOut(file)) };
            written.AddRange(await RewriteGroupAsync(rows with { Files = group }, target, cancellationToken).ConfigureAwait(false));
        }
        return written;
    }

    /// <summary>Writes the rows of files of one partition anew.</summary>
    /// <param name="rows">The table as if it had these files only.</param>
    /// <param name="to">What they become.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <exception cref="LeptonDataException"><c>storage.file_rows</c></exception>
    internal async ValueTask<IReadOnlyList<DataFile>> RewriteGroupAsync(Snapshot rows, RewriteTarget to, CancellationToken cancellationToken)
    {
        using OpenedRows opened = await OpenAsync(rows, null, cancellationToken).ConfigureAwait(false);
        if (to.RowCount is null) await CheckRowCountsAsync(opened.Snapshot, cancellationToken).ConfigureAwait(false);
        string sql = $"SELECT {Columns(to.Schema, name => rows.Schema.Find(name) is null ? null : $"t.{SqlLiteral.Name(name)}")} FROM {opened.Sql} AS t {to.Clauses}";
        var target = new FileTarget(rows.RootPath) { PartitionColumns = rows.PartitionColumns, PartitionValues = Values(rows), RowsPerFile = to.RowsPerFile };
        // In their order, since files may be sorted.
        IReadOnlyList<DataFile> files = await WriteAsync(sql, to.Schema, target, isOrdered: true, cancellationToken).ConfigureAwait(false);
        if (to.RowCount is { } expected && files.Sum(file => file.RowCount) != expected)
        {
            // Most likely some file is not the one that the log means.
            await CheckRowCountsAsync(opened.Snapshot, cancellationToken).ConfigureAwait(false);
            throw new LeptonDataException("storage.rewrite_differs", [rows.RootPath, rows.Version]);
        }
        // A file without a sum is of another writer, or its rows are not to be reproduced: then neither are these.
        return rows.Files.All(file => file.ContentSum is not null) ? files : [.. files.Select(file => file with { ContentSum = null })];
    }

    /// <summary>The rows of files as SQL that reads them.</summary>
    /// <param name="snapshot">A snapshot of the table, or one with other files of its folder.</param>
    /// <param name="fileNumber">Null, or a column to have besides the snapshot's: the number of the file that a row is of, counted from 0.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    internal async ValueTask<OpenedRows> OpenAsync(Snapshot snapshot, string? fileNumber, CancellationToken cancellationToken)
    {
        string[] paths = [.. snapshot.StoredLocations.Select(location => store.PathOf(location) ?? throw new ArgumentException($"{location} is not in {store.Locate("")}", nameof(snapshot)))];
        LocalFiles files = await store.FetchAsync(paths, cancellationToken).ConfigureAwait(false);
        try
        {
            Snapshot here = snapshot.At(store, files);
            return new OpenedRows(here, SnapshotRows.Of(here, database, fileNumber), files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>The rows that a small query gives.</summary>
    internal Task<List<object?[]>> QueryAsync(string sql, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var rows = new List<object?[]>();
            try
            {
                using DuckDbConnection connection = database.Connect();
                using DuckDbReader reader = connection.Read(sql, null, run.Memory, cancellationToken);
                while (reader.ReadBatch(cancellationToken) is { } batch)
                {
                    using (batch)
                        for (int row = 0; row < batch.RowCount; row++) rows.Add([.. Enumerable.Range(0, batch.Schema.Count).Select(i => batch.Column(i).Value(row))]);
                }
                return rows;
            }
            catch (DuckDbException error)
            {
                throw error.In(store.NameObjects);
            }
        },
        cancellationToken);

    /// <summary>Deletes what was written, all but <paramref name="kept"/>, which stays known.</summary>
    internal async ValueTask DropAsync(IEnumerable<DataFile> kept)
    {
        HashSet<string> paths = [.. kept.Select(file => file.Path)];
        foreach (DataFile file in _written.Where(file => !paths.Contains(file.Path)))
        {
            try
            {
                await store.DeleteAsync($"{folder}/{file.Path}").ConfigureAwait(false);
            }
            catch (LeptonDataException)
            {
                // No commit names it; vacuum takes it.
            }
        }
        _written.RemoveAll(file => !paths.Contains(file.Path));
    }

    /// <inheritdoc cref="SnapshotRows.CheckRowCounts"/>
    internal Task CheckRowCountsAsync(Snapshot opened, CancellationToken cancellationToken) => opened.Files.Count == 0 ? Task.CompletedTask : Task.Run(
        () =>
        {
            try
            {
                using DuckDbConnection connection = database.Connect();
                SnapshotRows.CheckRowCounts(opened, connection, cancellationToken);
            }
            catch (DuckDbException error)
            {
                throw error.In(store.NameObjects);
            }
        },
        cancellationToken);

    // To Delta an empty text is NULL, and not every writer says it so.
    private static Dictionary<string, string?> Values(Snapshot rows)
        => rows.PartitionColumns.ToDictionary(column => column, column => rows.Files[0].PartitionValues[column] is { Length: > 0 } text ? text : null, StringComparer.Ordinal);

    /// <summary>SQL for columns, cast.</summary>
    /// <param name="schema">Names and types.</param>
    /// <param name="valueOf">SQL of a column's value; null for NULL.</param>
    internal static string Columns(Schema schema, Func<string, string?> valueOf)
        => string.Join(", ", schema.Fields.Select(field => $"CAST({valueOf(field.Name) ?? "NULL"} AS {field.Type}) AS {SqlLiteral.Name(field.Name)}"));
}

/// <summary>What the rows of some files become.</summary>
/// <param name="Schema">The columns to write.</param>
/// <param name="Clauses">SQL after FROM: which of the rows <c>t</c>, in which order.</param>
internal sealed record RewriteTarget(Schema Schema, string Clauses)
{
    /// <summary>In one file at most; null for any number.</summary>
    internal long? RowsPerFile { get; init; }

    /// <summary>How many there must be in all, by the log; null where that is not known: then the files' footers are asked first.</summary>
    internal long? RowCount { get; init; }
}

/// <summary>Rows of files that are being read.</summary>
internal sealed class OpenedRows(Snapshot snapshot, SnapshotRows rows, LocalFiles files) : IDisposable
{
    /// <summary>What is read, with the files of this machine.</summary>
    internal Snapshot Snapshot => snapshot;

    internal string Sql => rows.Sql;

    public void Dispose()
    {
        rows.Dispose();
        files.Dispose();
    }
}

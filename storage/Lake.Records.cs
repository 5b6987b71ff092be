using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Storage;

/// <content>Small tables of the product's own, as record batches: run records, the registry.</content>
public sealed partial class Lake
{
    // Each lost race is another writer's success; so many in a row on a table of a few commits a minute are no race.
    private const int AttemptsMax = 100;

    /// <summary>Appends rows to a table in one commit, creating it where it does not exist; appends of several processes at once all arrive.</summary>
    /// <param name="table">One of this lake.</param>
    /// <param name="schema">The rows' columns; equal by name and type to the table's. Columns more that may be NULL are added to it, and those that the rows lack are NULL.</param>
    /// <param name="rows">Borrowed. None: a commit without files, as for a table that begins empty or progress without rows.</param>
    /// <param name="commit">What the history says, and the progress that moves along.</param>
    /// <param name="cancellationToken">Observed until the commit begins.</param>
    /// <returns>The snapshot that holds the rows.</returns>
    /// <exception cref="LeptonDataException"><c>storage.fenced</c>, <c>storage.schema_change</c>, or the folder cannot be written.</exception>
    public async ValueTask<Snapshot> AppendRecordsAsync(ITable table, Schema schema, IReadOnlyList<RecordBatch> rows, RecordsCommit commit, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<DataFile> files = WriteFiles(table, schema, rows, commit, cancellationToken);
        return await CommitOrForgetAsync(table, files, async () =>
        {
            for (int attempt = 1; ; attempt++)
            {
                Snapshot? current = await table.ReadAsync(null, cancellationToken).ConfigureAwait(false);
                TableChange change = ChangeOf(current, current is null ? schema : Together(current, schema), files, commit);
                try
                {
                    Snapshot made = await CommitOutcome.CommitAsync(table, Store, change, cancellationToken).ConfigureAwait(false);
                    if (commit.MustBeFirst && !CommitOutcome.Holds(made, files))
                        throw new LeptonDataException("storage.fenced", [table.RootPath, commit.Transactions[0].Application, commit.Transactions[0].Next, commit.Transactions[0].Expected is { } expected ? expected : "none"]);
                    return made;
                }
                catch (LeptonDataException failure) when (failure.Code == "storage.conflict" && attempt < AttemptsMax)
                {
                    // An append rests on nothing but the columns: another made the table or changed them, so look again.
                }
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Puts rows in the place of all that a table held at <paramref name="current"/>; another commit in between is a conflict.</summary>
    /// <param name="table">One of this lake.</param>
    /// <param name="current">What the rows were made from; null creates the table.</param>
    /// <param name="schema">The table's columns from now on.</param>
    /// <param name="rows">Borrowed. None: the table is empty afterwards.</param>
    /// <param name="commit">What the history says, and the progress that moves along.</param>
    /// <param name="cancellationToken">Observed until the commit begins.</param>
    /// <returns>The snapshot that holds the rows.</returns>
    /// <exception cref="LeptonDataException"><c>storage.conflict</c>, <c>storage.fenced</c>, or the folder cannot be written.</exception>
    public async ValueTask<Snapshot> ReplaceRecordsAsync(
        ITable table, Snapshot? current, Schema schema, IReadOnlyList<RecordBatch> rows, RecordsCommit commit, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<DataFile> files = WriteFiles(table, schema, rows, commit, cancellationToken);
        TableChange change = ChangeOf(current, schema, files, commit) with { HasReadTable = true, Removed = current?.Files ?? [] };
        return await CommitOrForgetAsync(table, files, () => CommitOutcome.CommitAsync(table, Store, change, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>The rows of a small table, in no order.</summary>
    /// <param name="snapshot">Of a table of this lake.</param>
    /// <param name="cancellationToken">Stops the start; each read takes its own.</param>
    /// <returns>A reader that the caller disposes; its batches have the snapshot's schema.</returns>
    /// <exception cref="LeptonDataException">A file is missing or is not what it was.</exception>
    public ValueTask<IRecordBatchReader> ReadRecordsAsync(Snapshot snapshot, CancellationToken cancellationToken = default)
        => ParquetRecords.ReadAsync(Store, FolderOf(snapshot.RootPath), snapshot, cancellationToken);

    private static TableChange ChangeOf(Snapshot? current, Schema schema, IReadOnlyList<DataFile> files, RecordsCommit commit) => new()
    {
        Base = current,
        Schema = schema,
        Added = files,
        HasReadTable = false,
        Transactions = commit.Transactions,
        Operation = commit.Operation,
        Parameters = commit.Parameters,
        RunId = commit.RunId,
        CommittedAt = commit.CommittedAt,
    };

    /// <summary>The table's columns, and those of the rows that it lacks.</summary>
    private static Schema Together(Snapshot current, Schema rows)
    {
        Schema table = current.Schema;
        Field[] added = [.. rows.Fields.Where(field => table.Find(field.Name) is null)];
        foreach (Field field in rows.Fields)
            if (table.Find(field.Name) is { } known && (known.Type != field.Type || known.Name != field.Name)) throw new LeptonDataException("storage.schema_change", [current.RootPath, field.Name]);
        foreach (Field field in table.Fields)
            if (!field.IsNullable && rows.Find(field.Name) is null) throw new LeptonDataException("storage.schema_change", [current.RootPath, field.Name]);
        return added.Length == 0 ? table : new Schema(table.Fields.Concat(added));
    }

    private IReadOnlyList<DataFile> WriteFiles(ITable table, Schema schema, IReadOnlyList<RecordBatch> rows, RecordsCommit commit, CancellationToken cancellationToken)
    {
        if (rows.All(batch => batch.RowCount == 0)) return [];
        return [ParquetRecords.Write(Store, FolderOf(table.RootPath), schema, rows, commit.CommittedAt, cancellationToken)];
    }

    /// <summary>The folder of a table, relative to the store.</summary>
    internal string FolderOf(string path) => Store.PathOf(path) ?? throw new ArgumentException($"{path} is not in the lake {RootPath}", nameof(path));

    /// <summary>Commits; where the files did not become part of the table, removes them. Where nobody knows, they stay.</summary>
    private async ValueTask<Snapshot> CommitOrForgetAsync(ITable table, IReadOnlyList<DataFile> files, Func<ValueTask<Snapshot>> commit)
    {
        try
        {
            Snapshot made = await commit().ConfigureAwait(false);
            // Found done before, the commit is another one's, with files of its own.
            if (!CommitOutcome.Holds(made, files)) await ForgetAsync(table, files).ConfigureAwait(false);
            return made;
        }
        catch (Exception failure) when (!CommitOutcome.IsUnknown(failure))
        {
            await ForgetAsync(table, files).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask ForgetAsync(ITable table, IReadOnlyList<DataFile> files)
    {
        try
        {
            foreach (DataFile file in files) await Store.DeleteAsync($"{FolderOf(table.RootPath)}/{file.Path}").ConfigureAwait(false);
        }
        catch (LeptonDataException)
        {
            // What stays is an unused file, and the first failure is the one to report.
        }
    }
}

/// <summary>What the history says of a commit of records, and the progress that moves along with it.</summary>
/// <param name="Operation">For example <c>WRITE</c>.</param>
/// <param name="CommittedAt">When it is made.</param>
public sealed record RecordsCommit(string Operation, EventTime CommittedAt)
{
    /// <summary>The run that makes it.</summary>
    public string? RunId { get; init; }

    /// <inheritdoc cref="TableChange.Transactions"/>
    public IReadOnlyList<TransactionStep> Transactions { get; init; } = [];

    /// <summary>Whether progress that somebody else moved to the same place is refused (<c>storage.fenced</c>) instead of counted as this commit, done before: a number that is given out once.</summary>
    public bool MustBeFirst { get; init; }

    /// <summary>The operation's parameters.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
}

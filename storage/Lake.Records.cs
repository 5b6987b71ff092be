using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Storage;

/// <content>Small tables of the product's own, as record batches: run records, the registry.</content>
public sealed partial class Lake
{
    /// <summary>Appends rows to a table in one commit, creating it where it does not exist; appends of several processes at once all arrive.</summary>
    /// <param name="table">One of this lake.</param>
    /// <param name="schema">The rows' columns; equal to the table's, or with columns more that may be NULL.</param>
    /// <param name="rows">Borrowed. None: a commit without files, as for a table that begins empty or progress without rows.</param>
    /// <param name="commit">What the history says, and the progress that moves along.</param>
    /// <param name="cancellationToken">Observed until the commit begins.</param>
    /// <returns>The snapshot that holds the rows.</returns>
    /// <exception cref="LeptonDataException"><c>storage.fenced</c>, <c>storage.schema_change</c>, or the folder cannot be written.</exception>
    public ValueTask<Snapshot> AppendRecordsAsync(ITable table, Schema schema, IReadOnlyList<RecordBatch> rows, RecordsCommit commit, CancellationToken cancellationToken = default)
        => throw new InvalidOperationException($"{RootPath} {table} {schema} {rows} {commit} {cancellationToken}");

    /// <summary>Puts rows in the place of all that a table held at <paramref name="current"/>; another commit in between is a conflict.</summary>
    /// <param name="table">One of this lake.</param>
    /// <param name="current">What the rows were made from; null creates the table.</param>
    /// <inheritdoc cref="AppendRecordsAsync" path="/param|/returns"/>
    /// <exception cref="LeptonDataException"><c>storage.conflict</c>, <c>storage.fenced</c>, or the folder cannot be written.</exception>
    public ValueTask<Snapshot> ReplaceRecordsAsync(ITable table, Snapshot? current, Schema schema, IReadOnlyList<RecordBatch> rows, RecordsCommit commit, CancellationToken cancellationToken = default)
        => throw new InvalidOperationException($"{RootPath} {table} {current} {schema} {rows} {commit} {cancellationToken}");

    /// <summary>The rows of a small table, in no order.</summary>
    /// <returns>A reader that the caller disposes; its batches have the snapshot's schema.</returns>
    /// <exception cref="LeptonDataException">A file is missing or is not what it was.</exception>
    public ValueTask<IRecordBatchReader> ReadRecordsAsync(Snapshot snapshot, CancellationToken cancellationToken = default)
        => throw new InvalidOperationException($"{RootPath} {snapshot} {cancellationToken}");
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

    /// <summary>The operation's parameters.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
}

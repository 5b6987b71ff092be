using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta.Editing;

/// <summary>
/// Changes the rows and files of a Delta table, each call in one commit: creates, appends, overwrites, deletes, upserts, compacts, restores. Safe for use by several threads; other processes
/// and programs may change the table at the same time.
/// </summary>
/// <remarks>
/// Files are written aside, synced, and become part of the table by the commit. Where another commit got in the way (<c>storage.conflict</c>), the change is planned again from the newest
/// version and tried again, <see cref="TableEditorOptions.AttemptCountMax"/> times in all, so that it is what it would have been had it come later; a blind append is in nobody's way.
/// A call that fails deletes what it wrote, unless its commit may have arrived all the same (<see cref="CommitOutcome"/>); what is left then, or by a process that was killed, vacuum deletes.
/// Rows are streams: what is held at once is what DuckDB holds, which spills where <see cref="DuckDbOptions.TempFolder"/> says. See docs/delta.md.
/// </remarks>
public sealed class TableEditor
{
    private readonly ITable _table;
    private readonly IObjectStore _store;
    private readonly DuckDbDatabase _database;
    private readonly RunContext _run;
    private readonly TableEditorOptions _options;
    private readonly string _folder;

    /// <summary>An editor of one table.</summary>
    /// <param name="table">Need not exist yet.</param>
    /// <param name="store">Where the table lies.</param>
    /// <param name="database">Reads and writes the files: its allowed folders hold the store's <see cref="IObjectStore.LocalRoot"/>.</param>
    /// <param name="run">The clock, the memory for batches, who is told of progress; its name goes to the table's history.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The table does not lie in the store.</exception>
    public TableEditor(ITable table, IObjectStore store, DuckDbDatabase database, RunContext run, TableEditorOptions? options = null)
    {
        (_table, _store, _database, _run, _options) = (table, store, database, run, options ?? new TableEditorOptions());
        _folder = store.PathOf(table.RootPath) is { Length: > 0 } folder ? folder : throw new ArgumentException($"{table.RootPath} is not below {store.Locate("")}", nameof(store));
    }

    private EventTime Now => EventTime.FromDateTimeOffset(_run.Time.GetUtcNow());

    /// <summary>Creates the table, without rows.</summary>
    /// <param name="schema">Its columns.</param>
    /// <param name="partitionColumns">Columns by whose values its files are to be divided, for good; null for none.</param>
    /// <param name="properties">Delta table properties; null for those that our tables have.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    /// <returns>Version 0.</returns>
    /// <exception cref="LeptonDataException"><c>storage.conflict</c>: it is there already; a column that Delta does not take.</exception>
    public ValueTask<Snapshot> CreateAsync(Schema schema, IReadOnlyList<string>? partitionColumns = null, IReadOnlyDictionary<string, string>? properties = null, CancellationToken cancellationToken = default)
        => _table.CommitAsync(
            new TableChange
            {
                Base = null,
                Schema = schema,
                PartitionColumns = partitionColumns ?? [],
                Properties = properties ?? new Dictionary<string, string>(),
                HasReadTable = false,
                Transactions = _options.Transactions,
                Operation = "CREATE TABLE",
                RunId = _run.Id.Value,
                CommittedAt = Now,
            },
            cancellationToken);

    /// <summary>Adds rows.</summary>
    /// <param name="rows">Read once, to the end; they stay the caller's to dispose. Columns go by name, in any case and order; what is missing is NULL.</param>
    /// <param name="policy">What may become of the table's columns where the rows have others. A wider type means that all files are written anew in the commit.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    /// <exception cref="LeptonDataException"><c>storage.no_table</c>; <c>storage.schema_policy</c> and the like; a table that we do not write (<c>storage.delta_feature</c>, by name).</exception>
    public async ValueTask<TableEdit> AppendAsync(IRecordBatchReader rows, SchemaPolicy policy = SchemaPolicy.Fail, CancellationToken cancellationToken = default)
    {
        await using RowEdit edit = NewRowEdit(rows, policy);
        return await EditAsync(edit.Files, removes: false, edit.AppendAsync, () => edit.NewFiles, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts rows in the place of all that the table holds.</summary>
    /// <inheritdoc cref="AppendAsync"/>
    public async ValueTask<TableEdit> OverwriteAsync(IRecordBatchReader rows, SchemaPolicy policy = SchemaPolicy.Fail, CancellationToken cancellationToken = default)
    {
        await using RowEdit edit = NewRowEdit(rows, policy);
        return await EditAsync(edit.Files, removes: true, edit.OverwriteAsync, () => edit.NewFiles, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts rows in the place of those that a predicate means (Delta's <c>replaceWhere</c>).</summary>
    /// <param name="predicate">Columns of the table.</param>
    /// <param name="rows">As in <see cref="AppendAsync"/>; the predicate must mean each of them.</param>
    /// <param name="policy">What may become of the table's columns where the rows have others.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    /// <exception cref="LeptonDataException"><c>storage.rows_outside</c>: the predicate does not mean all rows; as <see cref="AppendAsync"/>.</exception>
    public async ValueTask<TableEdit> OverwriteWhereAsync(RowPredicate predicate, IRecordBatchReader rows, SchemaPolicy policy = SchemaPolicy.Fail, CancellationToken cancellationToken = default)
    {
        await using RowEdit edit = NewRowEdit(rows, policy);
        return await EditAsync(edit.Files, removes: true, (current, token) => edit.OverwriteWhereAsync(current, predicate, token), () => edit.NewFiles, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes the rows that a predicate means: files of which it means all are removed unread, others are written anew without them.</summary>
    /// <param name="predicate">Columns of the table.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    /// <returns>No commit where there was no such row.</returns>
    /// <exception cref="ArgumentException">A column that the table lacks, or a value of another type.</exception>
    /// <exception cref="LeptonDataException"><c>storage.no_table</c>, <c>storage.append_only</c>, <c>storage.delta_feature</c>.</exception>
    public async ValueTask<TableEdit> DeleteAsync(RowPredicate predicate, CancellationToken cancellationToken = default)
    {
        await using RowEdit edit = NewRowEdit(null, SchemaPolicy.Fail);
        return await EditAsync(edit.Files, removes: true, (current, token) => edit.DeleteAsync(current, predicate, token), () => [], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Replaces rows by key, as a whole, and adds those whose key is new. Of rows of the table that share a key, all are replaced by the one.</summary>
    /// <param name="rows">As in <see cref="AppendAsync"/>, with every column of the table; no two have one key, and no part of a key is NULL.</param>
    /// <param name="keys">The columns that identify a row: booleans, whole numbers, decimals, texts, dates, times. Texts are equal where their code points are.</param>
    /// <param name="policy">What may become of the table's columns where the rows have others.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    /// <exception cref="LeptonDataException">
    /// <c>storage.upsert_duplicate</c>, <c>storage.upsert_null</c>: two rows of one key, or one without; <c>storage.upsert_key</c>, <c>storage.upsert_column</c>: a key that cannot be one, a column
    /// that the rows lack; as <see cref="AppendAsync"/>.
    /// </exception>
    public async ValueTask<TableEdit> UpsertAsync(IRecordBatchReader rows, IReadOnlyList<string> keys, SchemaPolicy policy = SchemaPolicy.Fail, CancellationToken cancellationToken = default)
    {
        if (keys.Count == 0 || keys.Distinct(StringComparer.OrdinalIgnoreCase).Count() != keys.Count) throw new ArgumentException("one key column at least, each once", nameof(keys));
        await using RowEdit edit = NewRowEdit(rows, policy);
        return await EditAsync(edit.Files, removes: true, (current, token) => edit.UpsertAsync(current, keys, token), () => edit.NewFiles, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lays the table's rows into fewer, larger files, or into files sorted by columns. The rows stay the same: who reads or appends is not disturbed.</summary>
    /// <param name="targetBytes">As <see cref="CompactionPlan.Of"/> has it.</param>
    /// <param name="clusterBy">As <see cref="CompactionPlan.Of"/> has it.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    /// <returns>No commit where there was nothing to do.</returns>
    /// <exception cref="ArgumentException">The rows are not sorted by such a column.</exception>
    /// <exception cref="LeptonDataException"><c>storage.no_table</c>, <c>storage.append_only</c>, <c>storage.delta_feature</c>; <c>storage.rewrite_differs</c>: a file does not hold what the log says.</exception>
    public ValueTask<TableEdit> CompactAsync(long targetBytes = CompactionPlan.DefaultTargetBytes, IReadOnlyList<string>? clusterBy = null, CancellationToken cancellationToken = default)
    {
        var edit = new CompactionEdit(NewFiles(), targetBytes, clusterBy ?? [], () => Now);
        return EditAsync(edit.Files, removes: true, edit.PlanAsync, () => edit.Written, cancellationToken);
    }

    /// <summary>Makes the table hold what it held at a version, as a new version: columns and rows come back, progress stays.</summary>
    /// <param name="version">One that is there still, and its files too.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    /// <returns>No commit where it holds that already.</returns>
    /// <exception cref="LeptonDataException"><c>storage.no_such_version</c>, <c>storage.missing_file</c>: vacuum took it; <c>storage.restore_partitions</c>, <c>storage.no_table</c>, <c>storage.delta_feature</c>.</exception>
    public ValueTask<TableEdit> RestoreAsync(long version, CancellationToken cancellationToken = default)
        => EditAsync(NewFiles(), removes: true, async (current, token) => RestoreTo(current, (await _table.ReadAsync(version, token).ConfigureAwait(false))!), () => [], cancellationToken);

    /// <summary>Makes the table hold what it held at a time: the newest version that was committed then or before.</summary>
    /// <exception cref="LeptonDataException"><c>storage.before_first_version</c>; as for a version.</exception>
    /// <inheritdoc cref="RestoreAsync(long, CancellationToken)"/>
    public ValueTask<TableEdit> RestoreAsync(EventTime time, CancellationToken cancellationToken = default)
        => EditAsync(NewFiles(), removes: true, async (current, token) => RestoreTo(current, (await _table.ReadAtAsync(time, token).ConfigureAwait(false))!), () => [], cancellationToken);

    private TableChange? RestoreTo(Snapshot current, Snapshot target)
    {
        TableChange change = RestorePlan.Of(current, target, Now);
        return change.Added.Count + change.Removed.Count == 0 && change.Schema.Equals(current.Schema) ? null : change;
    }

    private EditFiles NewFiles() => new(_store, _folder, _database, _run, _options.ThreadCount ?? Environment.ProcessorCount);

    private RowEdit NewRowEdit(IRecordBatchReader? rows, SchemaPolicy policy) => new(NewFiles(), rows, policy, () => Now);

    /// <summary>Plans and commits, again where another commit got in the way.</summary>
    /// <param name="files">What is written for it.</param>
    /// <param name="removes">Whether it may remove files.</param>
    /// <param name="plan">Writes files and makes the change; null where there is nothing to do.</param>
    /// <param name="reusable">Those of the files that the next plan may use again.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    private async ValueTask<TableEdit> EditAsync(
        EditFiles files, bool removes, Func<Snapshot, CancellationToken, ValueTask<TableChange?>> plan, Func<IEnumerable<DataFile>> reusable, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                Snapshot current = await _table.ReadAsync(_options.BaseVersion, cancellationToken).ConfigureAwait(false) ?? throw new LeptonDataException("storage.no_table", [_table.RootPath]);
                await _table.CheckWritableAsync(removes, cancellationToken).ConfigureAwait(false);
                TableChange? change = await plan(current, cancellationToken).ConfigureAwait(false);
                if (change is null && _options.Transactions.Count == 0)
                {
                    await files.DropAsync([]).ConfigureAwait(false);
                    return new TableEdit(current, [], []) { IsCommitted = false };
                }
                // Progress moves also where no row does.
                change ??= new TableChange { Base = current, Schema = current.Schema, HasReadTable = false, Operation = "WRITE", CommittedAt = Now };
                change = change with { Transactions = _options.Transactions, RunId = _run.Id.Value };
                Snapshot made = await CommitOutcome.CommitAsync(_table, _store, change, cancellationToken).ConfigureAwait(false);
                // Found done before, the commit is another one's, with files of its own.
                bool isOurs = _options.Transactions.Count == 0 || CommitOutcome.Holds(made, change.Added);
                await files.DropAsync(isOurs ? change.Added : []).ConfigureAwait(false);
                return isOurs ? new TableEdit(made, change.Added, change.Removed) : new TableEdit(made, [], []) { IsCommitted = false };
            }
            catch (LeptonDataException failure) when (failure.Code == "storage.conflict" && _options.BaseVersion is null && attempt < _options.AttemptCountMax)
            {
                await files.DropAsync(reusable()).ConfigureAwait(false);
            }
            catch (Exception failure) when (!CommitOutcome.IsUnknown(failure))
            {
                await files.DropAsync([]).ConfigureAwait(false);
                throw;
            }
        }
    }
}

/// <summary>How a <see cref="TableEditor"/> works.</summary>
public sealed record TableEditorOptions
{
    /// <summary>How often a change is planned and tried at most, where other commits get in its way; at least 1.</summary>
    public int AttemptCountMax { get; init; } = 10;

    /// <summary>
    /// The version that the change was thought out from: a commit since that changes what the operation reads is then a conflict for the caller to look at, and nothing is tried again.
    /// Null for the newest, whichever that is.
    /// </summary>
    public long? BaseVersion { get; init; }

    /// <summary>Progress to move along with each change: found there already, the change was done before and is not done again (exactly once, however often it is sent).</summary>
    public IReadOnlyList<TransactionStep> Transactions { get; init; } = [];

    /// <summary>How many threads read back what was written; null for one a core.</summary>
    public int? ThreadCount { get; init; }
}

/// <summary>What a call of a <see cref="TableEditor"/> did.</summary>
/// <param name="Snapshot">The table afterwards.</param>
/// <param name="Added">Files that became part of it.</param>
/// <param name="Removed">Files that are part of it no longer.</param>
public sealed record TableEdit(Snapshot Snapshot, IReadOnlyList<DataFile> Added, IReadOnlyList<DataFile> Removed)
{
    /// <summary>Whether it made a commit; not where there was nothing to do, or all was done before.</summary>
    public bool IsCommitted { get; init; } = true;
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;

namespace Lepton.Data.Storage.Delta.Editing;

/// <summary>A change of rows under way: plans it from a snapshot and writes the files that it needs, again for each attempt.</summary>
internal sealed class RowEdit(EditFiles files, IRecordBatchReader? reader, SchemaPolicy policy, Func<EventTime> now) : IAsyncDisposable
{
    private const string FileNumber = "lepton_file_number";

    private readonly NewRows? _rows = reader is null ? null : new NewRows(files, reader);
    private bool _hasCheckedKeys;

    internal EditFiles Files => files;

    /// <summary>The files with the new rows, which every plan uses.</summary>
    internal IEnumerable<DataFile> NewFiles => _rows?.Files ?? [];

    internal async ValueTask<TableChange?> AppendAsync(Snapshot current, CancellationToken cancellationToken)
    {
        (EvolvedSchema evolved, IReadOnlyList<DataFile> added) = await TakeAsync(current, cancellationToken).ConfigureAwait(false);
        if (added.Count == 0 && evolved.Schema.Equals(current.Schema)) return null;
        TableChange change = Write(current, evolved.Schema, added, "Append");
        if (!evolved.NeedsRewrite) return change;
        IReadOnlyList<DataFile> rewritten = await files.RewriteAsync(current, evolved.Schema, "true", static _ => 0, cancellationToken).ConfigureAwait(false);
        return change with { HasReadTable = true, Added = [.. rewritten, .. added], Removed = current.Files };
    }

    internal async ValueTask<TableChange?> OverwriteAsync(Snapshot current, CancellationToken cancellationToken)
    {
        (EvolvedSchema evolved, IReadOnlyList<DataFile> added) = await TakeAsync(current, cancellationToken).ConfigureAwait(false);
        if (added.Count + current.Files.Count == 0 && evolved.Schema.Equals(current.Schema)) return null;
        return Write(current, evolved.Schema, added, "Overwrite") with { HasReadTable = true, Removed = current.Files };
    }

    internal async ValueTask<TableChange?> DeleteAsync(Snapshot current, RowPredicate predicate, CancellationToken cancellationToken)
    {
        RewritePlan plan = RewritePlan.Of(current, predicate);
        string where = $"({predicate.ToSql(current.Schema)})";
        (plan, IReadOnlyList<DataFile> kept) = await WithoutAsync(plan, where, $"{where} IS NOT TRUE", cancellationToken).ConfigureAwait(false);
        return plan.Matching.Count + plan.Mixed.Count == 0 ? null : plan.Delete(kept, now());
    }

    internal async ValueTask<TableChange?> OverwriteWhereAsync(Snapshot current, RowPredicate predicate, CancellationToken cancellationToken)
    {
        RewritePlan plan = RewritePlan.Of(current, predicate);
        (EvolvedSchema evolved, IReadOnlyList<DataFile> added) = await TakeAsync(current, cancellationToken).ConfigureAwait(false);
        string where = $"({predicate.ToSql(current.Schema)})";
        if (added.Count > 0)
        {
            using OpenedRows rows = await files.OpenAsync(_rows!.AsSnapshot(current), null, cancellationToken).ConfigureAwait(false);
            long outside = (long)(await files.QueryAsync($"SELECT count(*) FROM {rows.Sql} AS t WHERE {where} IS NOT TRUE", cancellationToken).ConfigureAwait(false))[0][0]!;
            if (outside > 0) throw new LeptonDataException("storage.rows_outside", [current.RootPath, outside, predicate.ToSql(current.Schema)]);
        }
        TableChange change;
        if (evolved.NeedsRewrite)
        {
            IReadOnlyList<DataFile> rewritten = await files.RewriteAsync(current, evolved.Schema, $"{where} IS NOT TRUE", null, cancellationToken).ConfigureAwait(false);
            change = plan.Replace(added, rewritten, now()) with { Removed = current.Files, ReadRows = null };
        }
        else
        {
            (plan, IReadOnlyList<DataFile> kept) = await WithoutAsync(plan, where, $"{where} IS NOT TRUE", cancellationToken).ConfigureAwait(false);
            change = plan.Replace(added, kept, now());
        }
        return change.Added.Count + change.Removed.Count == 0 && evolved.Schema.Equals(current.Schema) ? null : change with { Schema = evolved.Schema };
    }

    internal async ValueTask<TableChange?> UpsertAsync(Snapshot current, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var keys = UpsertKeys.Of(current, reader!.Schema, names);
        (EvolvedSchema evolved, IReadOnlyList<DataFile> added) = await TakeAsync(current, cancellationToken).ConfigureAwait(false);
        if (added.Count == 0) return evolved.Schema.Equals(current.Schema) ? null : Write(current, evolved.Schema, [], "Append");
        using OpenedRows rows = await files.OpenAsync(_rows!.AsSnapshot(current), null, cancellationToken).ConfigureAwait(false);
        if (!_hasCheckedKeys) await keys.CheckAsync(files, rows.Sql, cancellationToken).ConfigureAwait(false);
        _hasCheckedKeys = true;
        // Values of a wider type than the table's are compared once all is of that type.
        RowPredicate? bounds = evolved.NeedsRewrite ? null : await keys.BoundsAsync(files, rows.Sql, cancellationToken).ConfigureAwait(false);
        RewritePlan plan = RewritePlan.Of(current, bounds ?? RowPredicate.Everything).AllMixed();
        string isReplaced = $"EXISTS (SELECT 1 FROM {rows.Sql} AS s WHERE {keys.Equality})";
        TableChange change;
        if (evolved.NeedsRewrite)
        {
            IReadOnlyList<DataFile> rewritten = await files.RewriteAsync(current, evolved.Schema, $"NOT {isReplaced}", null, cancellationToken).ConfigureAwait(false);
            change = plan.Upsert([.. rewritten, .. added], now()) with { Removed = current.Files, ReadRows = null };
        }
        else
        {
            (plan, IReadOnlyList<DataFile> kept) = await WithoutAsync(plan, isReplaced, $"NOT {isReplaced}", cancellationToken).ConfigureAwait(false);
            change = plan.Upsert([.. kept, .. added], now());
        }
        return change with { Schema = evolved.Schema, SourceRowCount = added.Sum(file => file.RowCount), Parameters = new Dictionary<string, string> { ["predicate"] = keys.Equality } };
    }

    public ValueTask DisposeAsync()
    {
        _rows?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<(EvolvedSchema Evolved, IReadOnlyList<DataFile> Files)> TakeAsync(Snapshot current, CancellationToken cancellationToken)
    {
        EvolvedSchema evolved = EvolvedSchema.Of(current, reader!.Schema, policy);
        return (evolved, await _rows!.WriteAsync(current, evolved.Schema, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Writes the rows of mixed files anew that do not match.</summary>
    /// <param name="plan">What is known without reading.</param>
    /// <param name="matches">Which rows <c>t</c> are meant; SQL.</param>
    /// <param name="keeps">Which are not; SQL.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <returns>The plan as it is now that the files were read, and what is kept of those that it calls mixed.</returns>
    /// <exception cref="LeptonDataException"><c>storage.file_rows</c></exception>
    private async ValueTask<(RewritePlan Plan, IReadOnlyList<DataFile> Kept)> WithoutAsync(RewritePlan plan, string matches, string keeps, CancellationToken cancellationToken)
    {
        if (plan.Mixed.Count == 0) return (plan, []);
        string number = FileNumber;
        while (plan.Base.Schema.Find(number) is not null) number += "_";
        var counts = new Dictionary<DataFile, long>();
        using (OpenedRows rows = await files.OpenAsync(plan.MixedRows, number, cancellationToken).ConfigureAwait(false))
        {
            foreach (object?[] row in await files.QueryAsync($"SELECT t.{number}, count(*) FROM {rows.Sql} AS t WHERE {matches} GROUP BY t.{number}", cancellationToken).ConfigureAwait(false))
                counts.Add(plan.Mixed[checked((int)(long)row[0]!)], (long)row[1]!);
            // Of those that go as a whole nothing is written that could be counted: one with more rows than the log says would take them along.
            await files.CheckRowCountsAsync(rows.Snapshot with { Files = [.. rows.Snapshot.Files.Where((_, i) => IsWhole(plan.Mixed[i]))] }, cancellationToken).ConfigureAwait(false);
        }
        plan = plan.Found([.. plan.Mixed.Where(counts.ContainsKey)], [.. plan.Mixed.Where(IsWhole)]);
        if (plan.Mixed.Count == 0) return (plan, []);
        return (plan, await files.RewriteAsync(plan.MixedRows, plan.Base.Schema, keeps, file => counts[file], cancellationToken).ConfigureAwait(false));

        bool IsWhole(DataFile file) => counts.TryGetValue(file, out long count) && count == file.RowCount;
    }

    private TableChange Write(Snapshot current, Schema schema, IReadOnlyList<DataFile> added, string mode) => new()
    {
        Base = current,
        Schema = schema,
        Added = added,
        HasReadTable = false,
        Operation = "WRITE",
        Parameters = new Dictionary<string, string> { ["mode"] = mode },
        CommittedAt = now(),
    };
}

using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Rewrites;

namespace Lepton.Data.Storage.Delta.Editing;

/// <summary>A compaction under way.</summary>
internal sealed class CompactionEdit(EditFiles files, long targetBytes, IReadOnlyList<string> clusterBy, Func<EventTime> now)
{
    private readonly List<(CompactionGroup Group, IReadOnlyList<DataFile> Files)> _done = [];
    private Schema? _schema;

    internal EditFiles Files => files;

    /// <summary>What was written so far.</summary>
    internal IEnumerable<DataFile> Written => _done.SelectMany(done => done.Files);

    internal async ValueTask<TableChange?> PlanAsync(Snapshot current, CancellationToken cancellationToken)
    {
        CompactionPlan plan = CompactionPlan.Of(current, targetBytes, clusterBy);
        // Where somebody changed rows of some groups meanwhile, what was made of the others still holds, and is enough. Columns that were added are as NULL in it as in the files that it replaces.
        HashSet<DataFile> live = [.. current.Files];
        bool fits = _schema is not null && _schema.Fields.All(field => current.Schema.Find(field.Name) is { } column && column.Name == field.Name && column.Type.Equals(field.Type));
        _done.RemoveAll(done => !fits || !done.Group.Files.All(live.Contains));
        if (_done.Count == 0)
        {
            _schema = current.Schema;
            foreach (CompactionGroup group in plan.Groups) _done.Add((group, await WriteAsync(plan, group, cancellationToken).ConfigureAwait(false)));
        }
        return _done.Count == 0 ? null : plan.Commit([.. _done.Select(done => done.Group)], [.. Written], now());
    }

    private async ValueTask<IReadOnlyList<DataFile>> WriteAsync(CompactionPlan plan, CompactionGroup group, CancellationToken cancellationToken)
    {
        string order = clusterBy.Count == 0 ? "" : $"ORDER BY {string.Join(", ", clusterBy.Select(column => $"t.{SqlLiteral.Name(column)}"))}";
        // Rows of one table are about equally long.
        long fileCount = Math.Max(1, (group.SizeBytes + (targetBytes / 2)) / targetBytes);
        long rowCount = group.Files.Sum(file => file.RowCount!.Value);
        long? rowsPerFile = fileCount == 1 || rowCount == 0 ? null : (rowCount + fileCount - 1) / fileCount;
        return await files.RewriteGroupAsync(plan.RowsOf(group), new RewriteTarget(plan.Base.Schema, order) { RowsPerFile = rowsPerFile, RowCount = rowCount }, cancellationToken).ConfigureAwait(false);
    }
}

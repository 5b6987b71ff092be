using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Running;

/// <summary>Commits what a step wrote, and takes away what it wrote and did not commit.</summary>
internal static class StepCommitter
{
    /// <summary>What the names of a run's files begin with.</summary>
    internal static string FilePrefix(string runId) => $"part-{runId}-";

    /// <summary>Puts files in the place of others that the table held when the step was planned.</summary>
    /// <returns>What the table is then; as it stands where the run's commit was there already.</returns>
    internal static async ValueTask<Snapshot> CommitAsync(TableState table, Schema schema, FileSwap files, StepCommit step, RunContext run, CancellationToken cancellationToken)
        => table.IsDone(step.Application, step.RunNumber) ? table.Snapshot! : await table.Table.CommitAsync(
            new TableChange
            {
                Base = table.Snapshot,
                Schema = schema,
                Added = files.Added,
                Removed = files.Removed,
                HasReadTable = true,
                Transactions = [new TransactionStep(step.Application, Expected(table, step.Application), step.RunNumber)],
                Operation = table.Snapshot is null ? "CREATE TABLE AS SELECT" : "WRITE",
                Parameters = step.ToParameters(isAppend: files.Removed.Count == 0 && table.Snapshot is { Files.Count: > 0 }),
                RunId = run.Id.Value,
                CommittedAt = EventTime.FromDateTimeOffset(run.Time.GetUtcNow()),
            },
            cancellationToken).ConfigureAwait(false);

    /// <summary>Deletes files of a run in a table's folder that no commit of that run names.</summary>
    /// <param name="lake">Of the table.</param>
    /// <param name="table">Whose folder.</param>
    /// <param name="runId">A run that has ended.</param>
    /// <param name="cancellationToken">Observed before the first deletion.</param>
    internal static ValueTask DropLeftoversAsync(Lake lake, ITable table, string runId, CancellationToken cancellationToken)
        => Leftovers.SweepFilesAsync(
            lake,
            table,
            FilePrefix(runId),
            async () =>
            {
                // A run may commit more than once to a table: what a dead one had begun, and its own.
                var named = new HashSet<string>(StringComparer.Ordinal);
                try
                {
                    await foreach (CommitEntry entry in table.HistoryAsync(cancellationToken).ConfigureAwait(false))
                        if (entry.RunId == runId && await table.ReadAsync(entry.Version, cancellationToken).ConfigureAwait(false) is { } made) named.UnionWith(made.Files.Select(file => file.Path));
                    return named;
                }
                catch (LeptonDataException failure) when (failure is { IsTransient: false, Code: "storage.no_such_version" or "storage.log_checkpoint" })
                {
                    // Its log begins later by now: what the commit named is not known.
                    return null;
                }
            },
            cancellationToken);

    private static long? Expected(TableState table, string application)
        => table.Snapshot is { } snapshot && snapshot.Transactions.TryGetValue(application, out long version) ? version : null;
}

/// <summary>Files that come into a table and files that go.</summary>
internal sealed record FileSwap(IReadOnlyList<DataFile> Added, IReadOnlyList<DataFile> Removed)
{
    /// <summary>The files that the table has afterwards.</summary>
    internal IReadOnlyList<DataFile> After(Snapshot? before)
    {
        HashSet<DataFile> gone = [.. Removed];
        return [.. (before?.Files ?? []).Where(file => !gone.Contains(file)), .. Added];
    }

    /// <summary>The same rows without content sums.</summary>
    internal FileSwap WithoutSums() => this with { Added = [.. Added.Select(file => file with { ContentSum = null })] };
}

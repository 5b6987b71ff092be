using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Running;

/// <summary>Cleans up after runs whose process died. Only called while the lake's lock is held, so a run without an end is dead.</summary>
internal static class DeadRuns
{
    /// <summary>Takes away the files that dead runs wrote and did not commit, and marks the runs.</summary>
    /// <param name="lake">Whose.</param>
    /// <param name="hold">Its lock. Where that does not prove that who held it is dead, nothing is taken away.</param>
    /// <param name="log">The lake's runs.</param>
    /// <param name="time">Says when they were buried.</param>
    /// <param name="cancellationToken">Observed between files.</param>
    /// <returns>The records as they are now.</returns>
    internal static async ValueTask<IReadOnlyList<RunRecord>> BuryAsync(Lake lake, RunLock hold, RunLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        EventTime start = EventTime.FromDateTimeOffset(time.GetUtcNow());
        if (hold.ProvesDeath)
        {
            await Leftovers.SweepRootAsync(lake, cancellationToken).ConfigureAwait(false);
            await log.SweepAsync(start, cancellationToken).ConfigureAwait(false);
        }
        IReadOnlyList<RunRecord> runs = await log.ReadAsync(null, cancellationToken).ConfigureAwait(false);
        var now = new List<RunRecord>(runs.Count);
        foreach (RunRecord run in runs)
        {
            if (run.State != RunState.Running)
            {
                now.Add(run);
                continue;
            }
            foreach (StepRecord step in run.Steps)
            {
                var name = TableName.Parse(step.Table);
                if (!hold.ProvesDeath) continue;
                foreach (ITable table in name.Companions.Prepend(name).Select(lake.Table))
                {
                    await StepCommitter.DropLeftoversAsync(lake, table, run.RunId, cancellationToken).ConfigureAwait(false);
                    await Leftovers.SweepLogAsync(lake, table, cancellationToken).ConfigureAwait(false);
                }
            }
            RunRecord buried = run with { State = RunState.Abandoned, FinishedAt = start };
            await log.FinishAsync(buried, cancellationToken).ConfigureAwait(false);
            now.Add(buried);
        }
        return now;
    }
}

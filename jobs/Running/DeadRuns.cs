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
    /// <returns>The records as they are now.</returns>
    internal static async ValueTask<IReadOnlyList<RunRecord>> BuryAsync(Lake lake, RunLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        EventTime start = EventTime.FromDateTimeOffset(time.GetUtcNow());
        Leftovers.SweepRoot(lake);
        await log.SweepAsync(start, cancellationToken).ConfigureAwait(false);
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
                foreach (ITable table in new[] { lake.Table(name), lake.Table(name.Quarantine) })
                {
                    await StepCommitter.DropLeftoversAsync(table, run.RunId, cancellationToken).ConfigureAwait(false);
                    Leftovers.SweepLog(table);
                }
            }
            RunRecord buried = run with { State = RunState.Abandoned, FinishedAt = start };
            await log.FinishAsync(buried, cancellationToken).ConfigureAwait(false);
            now.Add(buried);
        }
        return now;
    }
}

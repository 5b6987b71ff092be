using Lepton.Data.Jobs.Planning;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Running;

/// <summary>Finds the pipelines that are not finished though none of their steps failed: they read what others made and do not publish, so that readers would see rows of two states.</summary>
internal static class HeldBackRuns
{
    /// <summary>Those of a run that came to its end.</summary>
    /// <param name="steps">Of all pipelines.</param>
    /// <param name="records">What became of the steps, by name.</param>
    /// <param name="unfinished">Pipelines of which a step failed.</param>
    /// <param name="published">The versions that readers see.</param>
    internal static List<HeldBackRun> Find(IReadOnlyList<BoundStep> steps, IReadOnlyDictionary<string, StepRecord> records, IEnumerable<string> unfinished, IReadOnlyDictionary<TableName, long> published)
    {
        Dictionary<string, string> owners = steps.ToDictionary(step => step.Node.Step.Name, step => step.Node.Pipeline.Name, StringComparer.Ordinal);
        var held = new List<HeldBackRun>();
        var open = unfinished.ToHashSet(StringComparer.Ordinal);
        // One that is held back may hold back others, and these some that were looked at before.
        for (int before = -1; before < held.Count;)
        {
            before = held.Count;
            foreach (BoundStep step in steps)
            {
                string own = step.Node.Pipeline.Name;
                if (!open.Contains(own) && step.Node.Inputs.FirstOrDefault(HoldsBack)?.Step is { } read && open.Add(own)) held.Add(new HeldBackRun(own, owners[read]));
            }
        }
        return held;

        bool HoldsBack(StepInput input) => input is { Step: { } step, Table: { } table } && open.Contains(owners[step]) && VersionOf(records[step], table) is { } version && !(published.TryGetValue(table, out long seen) && seen == version);
    }

    private static long? VersionOf(StepRecord record, TableName table)
    {
        var made = TableName.Parse(record.Table);
        return table.Equals(made) ? record.Version : table.Equals(made.Quarantine) ? record.QuarantineVersion : record.LateVersion;
    }
}

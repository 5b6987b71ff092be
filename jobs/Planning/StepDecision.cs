using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Planning;

/// <summary>Whether a step has to run, and why.</summary>
internal static class StepDecision
{
    /// <summary>The reason where a run ended between its commits.</summary>
    internal const string Interrupted = "interrupted";

    /// <summary>Why the step runs; null where plan and inputs are those of the table's version.</summary>
    /// <param name="step">The step.</param>
    /// <param name="fingerprint">Of its plan and inputs.</param>
    /// <param name="inputs">What it would read.</param>
    /// <param name="tables">Its tables as they stand.</param>
    /// <param name="changing">Steps that will give the inputs they make a new version first.</param>
    /// <param name="isFullRefresh">Whether the person wants it run in any case.</param>
    /// <exception cref="LeptonDataException"><c>jobs.foreign_commit</c>: another program wrote to the table; <c>jobs.restored</c>: somebody restored it.</exception>
    internal static string? ReasonToRun(BoundStep step, string fingerprint, IReadOnlyList<InputRecord> inputs, IReadOnlySet<string> changing, StepTables tables, bool isFullRefresh)
    {
        if (isFullRefresh) return "full_refresh";
        foreach (TableState table in tables.All) CheckOurs(step, table);
        if (tables.Table.MadeBy is not { } made) return "new";
        if (made.Step.PlanHash != step.PlanHash) return "plan";
        foreach (InputRecord input in inputs)
        {
            if (IsMadeBy(step, input, changing) || HasChanged(made.Step, input)) return $"input:{input.Name}";
        }
        return made.Step.Fingerprint != fingerprint ? "plan" : ReasonNotToRest(made.Step, tables);
    }

    /// <summary>Why what stands there is not what the step made, so that nothing may rest on it; null where it is.</summary>
    internal static string? ReasonNotToRest(StepRecord made, StepTables tables)
    {
        // A run that died between the commits left them apart.
        if (!tables.Quarantine.HasRowsOf(made.QuarantineVersion) || !tables.Late.HasRowsOf(made.LateVersion)) return Interrupted;
        return tables.All.Select(table => table.LostFile).FirstOrDefault(file => file is not null) is { } lost ? $"file:{lost}" : null;
    }

    /// <summary>Whether an input is another than the one that a table was made from.</summary>
    internal static bool HasChanged(StepRecord made, InputRecord input)
        => made.Inputs.FirstOrDefault(other => other.Name == input.Name) is not { } before || before.Kind != input.Kind || before.Version != input.Version || before.Digest != input.Digest;

    private static bool IsMadeBy(BoundStep step, InputRecord input, IReadOnlySet<string> changing)
        => changing.Count > 0 && step.Node.Inputs.First(other => other.Name == input.Name).Step is { } maker && changing.Contains(maker);

    private static void CheckOurs(BoundStep step, TableState table)
    {
        if (table.Snapshot is null) return;
        if (table.MadeBy is { } made && made.Application == step.Node.Application) return;
        if (table.Commit is { Operation: "RESTORE" } restore)
            throw new LeptonDataException("jobs.restored", [step.Node.Step.Name, table.Table.RootPath, restore.Version, restore.Parameters.GetValueOrDefault("version") ?? "?"]) { Place = step.Node.Step.Place };
        string writer = table.MadeBy?.Application ?? table.Commit?.Engine ?? table.Commit?.Operation ?? "?";
        throw new LeptonDataException("jobs.foreign_commit", [step.Node.Step.Name, table.Table.RootPath, table.RowsVersion, writer]) { Place = step.Node.Step.Place };
    }
}

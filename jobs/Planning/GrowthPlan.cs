using Lepton.Data.Engines;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Planning;

/// <summary>What a step that grows has to look at in a run.</summary>
/// <param name="FullBecause">As <see cref="GrowthRecord.FullBecause"/>.</param>
/// <param name="Changed">Where it grows: the files of its input that hold rows which came or went.</param>
/// <param name="FileCount">How many those are.</param>
internal sealed record GrowthPlan(string? FullBecause, Input? Changed, int FileCount)
{
    /// <summary>Finds out what changed since the table was made.</summary>
    /// <param name="step">A step that grows.</param>
    /// <param name="reason">Why it runs.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="table">Its table as it stands.</param>
    /// <param name="quarantine">Its quarantine as it stands.</param>
    /// <param name="preparation">Its sources.</param>
    /// <param name="snapshots">Tables as they stand.</param>
    /// <param name="lake">Of the tables.</param>
    /// <param name="cancellationToken">Observed while the log of the input is read.</param>
    internal static async ValueTask<GrowthPlan> MakeAsync(
        BoundStep step, string reason, IReadOnlyList<InputRecord> inputs, TableState table, TableState quarantine, Preparation preparation, Func<TableName, Snapshot?> snapshots, Lake lake, CancellationToken cancellationToken)
    {
        StepGrowth growth = step.Growth!;
        if (!reason.StartsWith("input:", StringComparison.Ordinal)) return Full(reason);
        StepRecord made = table.MadeBy!.Step;
        // New rows are laid beside the old ones, so these have to be there, and once.
        if (StepDecision.ReasonNotToRest(made, table, quarantine) is { } broken) return Full(broken);
        foreach (InputRecord input in inputs)
        {
            if (input.Name.Equals(growth.Input, StringComparison.OrdinalIgnoreCase)) continue;
            if (StepDecision.HasChanged(made, input)) return Full($"input:{input.Name}");
        }
        StepInput followed = step.Node.Inputs.First(input => input.Name.Equals(growth.Input, StringComparison.OrdinalIgnoreCase));
        if (made.Inputs.FirstOrDefault(input => input.Name == followed.Name) is not { } last) return Full(reason);
        return followed.Source is { } source
            ? OfSource(growth, followed.Name, preparation, preparation.Sources[source], last)
            : await OfTableAsync(growth, followed, last, snapshots(followed.Table!), lake, cancellationToken).ConfigureAwait(false);
    }

    private static GrowthPlan OfSource(StepGrowth growth, string name, Preparation preparation, ReadySource source, InputRecord last)
    {
        if (last.Kind != "source") return Full($"input:{name}");
        (IReadOnlyList<SourceFile>? added, bool hasRemoved) = preparation.Stage.ChangesSince(source, last.Digest);
        if (added is null) return Full($"history:{name}");
        // What stood in a file that is gone, nobody knows.
        return hasRemoved
            ? Full($"removed:{name}")
            : new GrowthPlan(null, new FileInput(source.Inspected.Scan with { Files = new EquatableList<SourceFile>(added) }), added.Count);
    }

    private static async ValueTask<GrowthPlan> OfTableAsync(StepGrowth growth, StepInput input, InputRecord last, Snapshot? now, Lake lake, CancellationToken cancellationToken)
    {
        if (last.Kind != "table" || last.Version is not { } since || now is null || last.Digest != now.TableId) return Full($"input:{input.Name}");
        if (await lake.Table(input.Table!).RowChangesAsync(since, now, cancellationToken).ConfigureAwait(false) is not { } changes) return Full($"history:{input.Name}");
        if (growth.Keyed is null && changes.Removed.Count > 0) return Full($"removed:{input.Name}");
        Snapshot changed = now with { Files = [.. changes.Added, .. changes.Removed] };
        return await lake.FindLostFileAsync(changed, cancellationToken).ConfigureAwait(false) is null
            ? new GrowthPlan(null, new SnapshotInput(changed), changed.Files.Count)
            : Full($"vacuumed:{input.Name}");
    }

    private static GrowthPlan Full(string because) => new(because, null, 0);
}

using Lepton.Data.Engines;
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
    /// <summary>Of revisions: the input's greatest created time when the table was made; null where no row had one.</summary>
    internal EventTime? KnownUntil { get; private init; }

    /// <summary>Whether rows only came.</summary>
    internal bool HasOnlyNew { get; private init; }

    /// <summary>Finds out what changed since the table was made.</summary>
    /// <param name="step">A step that grows, whose plan is the one that the table was made by.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="made">What made the table. Rows are laid beside those that stand there, so these have to be there, and once.</param>
    /// <param name="stage">Remembers which files a source had.</param>
    /// <param name="lake">Of the tables.</param>
    /// <param name="cancellationToken">Observed while the log of the input is read.</param>
    internal static async ValueTask<GrowthPlan> MakeAsync(BoundStep step, IReadOnlyList<ReadInput> inputs, StepRecord made, SourceStage stage, Lake lake, CancellationToken cancellationToken)
    {
        StepGrowth growth = step.Growth!;
        ReadInput followed = inputs.First(input => input.Of.Name.Equals(growth.Input, StringComparison.OrdinalIgnoreCase));
        foreach (ReadInput input in inputs)
            if (input != followed && StepDecision.HasChanged(made, input.Record)) return Full($"input:{input.Of.Name}");
        if (made.Inputs.FirstOrDefault(input => input.Name == followed.Of.Name) is not { } last) return Full($"input:{followed.Of.Name}");
        GrowthPlan plan = followed.Source is { } source
            ? OfSource(followed.Of.Name, stage, source, last)
            : await OfTableAsync(growth, followed.Of, last, followed.Snapshot, lake, cancellationToken).ConfigureAwait(false);
        return plan with { KnownUntil = made.Growth?.KnownUntil };
    }

    private static GrowthPlan OfSource(string name, SourceStage stage, ReadySource source, InputRecord last)
    {
        if (last.Kind != "source") return Full($"input:{name}");
        (string? unknown, IReadOnlyList<SourceFile> added, bool hasRemoved) = stage.ChangesSince(source, last.Digest);
        if (unknown is not null) return Full($"{unknown}:{name}");
        // What stood in a file that is gone, nobody knows.
        return hasRemoved
            ? Full($"removed:{name}")
            : new GrowthPlan(null, new FileInput(source.Inspected.Scan with { Files = new EquatableList<SourceFile>(added) }), added.Count) { HasOnlyNew = true };
    }

    private static async ValueTask<GrowthPlan> OfTableAsync(StepGrowth growth, StepInput input, InputRecord last, Snapshot? now, Lake lake, CancellationToken cancellationToken)
    {
        if (last.Kind != "table" || last.Version is not { } since || now is null || last.Digest != now.TableId) return Full($"input:{input.Name}");
        if (await lake.Table(input.Table!).RowChangesAsync(since, now, cancellationToken).ConfigureAwait(false) is not { } changes) return Full($"history:{input.Name}");
        if (growth.Keyed is null && changes.Removed.Count > 0) return Full($"removed:{input.Name}");
        Snapshot changed = now with { Files = [.. changes.Added, .. changes.Removed] };
        return await lake.FindLostFileAsync(changed, cancellationToken).ConfigureAwait(false) is null
            ? new GrowthPlan(null, new SnapshotInput(changed), changed.Files.Count) { HasOnlyNew = changes.Removed.Count == 0 }
            : Full($"vacuumed:{input.Name}");
    }

    internal static GrowthPlan Full(string because) => new(because, null, 0);
}

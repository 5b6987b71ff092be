using Lepton.Data.Engines;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Planning;

/// <summary>
/// A run of a step that grows which ended after its first commit and before its last. Rows were laid beside others in its quarantine or among its late rows, so that the same run has to be brought to its end before
/// another looks at what changed since. The commit that is there says what the run read.
/// </summary>
/// <param name="Number">The run's number, to which the progress of the table has to move.</param>
/// <param name="Inputs">What it read.</param>
/// <param name="Plan">What had changed for it.</param>
internal sealed record InterruptedStep(long Number, IReadOnlyList<ReadInput> Inputs, GrowthPlan Plan)
{
    /// <summary>Finds it where it can be repeated exactly: the plan is the same, and all that it read can be read still.</summary>
    /// <param name="step">The step.</param>
    /// <param name="now">What it would read now.</param>
    /// <param name="tables">Its tables as they stand.</param>
    /// <param name="stage">Remembers which files a source had.</param>
    /// <param name="lake">Of the tables.</param>
    /// <param name="cancellationToken">Observed while logs are read.</param>
    /// <returns>Null where there is none; and where it cannot be, or computed the whole: then a new one computes the whole.</returns>
    internal static async ValueTask<InterruptedStep?> FindAsync(
        BoundStep step, IReadOnlyList<ReadInput> now, StepTables tables, SourceStage stage, Lake lake, CancellationToken cancellationToken)
    {
        if (step.Growth is null || tables.Table.MadeBy is not { } made) return null;
        StepCommit? ahead = new[] { tables.Quarantine.MadeBy, tables.Late.MadeBy }.MaxBy(commit => commit?.RunNumber ?? -1);
        if (ahead is not { Step: { Growth.FullBecause: null } dead } || ahead.RunNumber <= made.RunNumber || dead.Growth is null || dead.PlanHash != step.PlanHash || made.Step.PlanHash != step.PlanHash) return null;
        if (!tables.Table.HasRowsOf(dead.VersionBefore) || tables.All.Any(table => table.LostFile is not null)) return null;
        if (!IsBetween(tables.Quarantine, made.Step.QuarantineVersion, dead.QuarantineVersion) || !IsBetween(tables.Late, made.Step.LateVersion, dead.LateVersion)) return null;
        var inputs = new List<ReadInput>(now.Count);
        foreach (ReadInput input in now)
        {
            if (dead.Inputs.FirstOrDefault(record => record.Name == input.Record.Name && record.Kind == input.Record.Kind) is not { } record) return null;
            ReadInput? then = input.Source is { } source ? OfSource(input, record, source, stage) : await OfTableAsync(input, record, lake, cancellationToken).ConfigureAwait(false);
            if (then is null) return null;
            inputs.Add(then);
        }
        GrowthPlan plan = await GrowthPlan.MakeAsync(step, inputs, made.Step, stage, lake, cancellationToken).ConfigureAwait(false);
        return plan.FullBecause is null ? new InterruptedStep(ahead.RunNumber, inputs, plan) : null;
    }

    // The dead run wrote it, or did not come so far.
    private static bool IsBetween(TableState companion, long? before, long? after) => companion.HasRowsOf(after) || companion.HasRowsOf(before);

    // Files that came since are not for it.
    private static ReadInput? OfSource(ReadInput now, InputRecord record, ReadySource source, SourceStage stage)
    {
        if (source.Digest == record.Digest) return now;
        (string? unknown, IReadOnlyList<SourceFile> added, bool hasRemoved) = stage.ChangesSince(source, record.Digest);
        if (unknown is not null || hasRemoved) return null;
        var then = new EquatableList<SourceFile>([.. source.Inspected.Scan.Files.Except(added, ReferenceEqualityComparer.Instance).Cast<SourceFile>()]);
        return now with { Record = record, Source = source with { Digest = record.Digest, Inspected = source.Inspected with { Scan = source.Inspected.Scan with { Files = then } } } };
    }

    private static async ValueTask<ReadInput?> OfTableAsync(ReadInput now, InputRecord record, Lake lake, CancellationToken cancellationToken)
    {
        if (now.Record.Version == record.Version && now.Record.Digest == record.Digest) return now;
        if (record.Version is not { } version) return null;
        try
        {
            Snapshot? then = await lake.Table(now.Of.Table!).ReadAsync(version, cancellationToken).ConfigureAwait(false);
            if (then is null || then.TableId != record.Digest || await lake.FindLostFileAsync(then, cancellationToken).ConfigureAwait(false) is not null) return null;
            return now with { Record = record, Snapshot = then };
        }
        catch (LeptonDataException failure) when (failure is { IsTransient: false, Code: "storage.no_such_version" or "storage.log_checkpoint" })
        {
            return null;
        }
    }
}

using System.Collections.Concurrent;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Rules;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Running;

/// <summary>Takes prepared steps, each after those that it reads: decides, runs, and remembers what became of each. Steps that do not read each other may be taken at once.</summary>
internal sealed class RunSession(Lake lake, IEngine engine, Binder binder, Preparation preparation, RunContext run, RunOptions options)
{
    private const int AttemptCountMax = 3;

    private static readonly HashSet<string> s_none = [];
    private static readonly TimeSpan s_retryDelay = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<TableName, Snapshot?> _snapshots = new(preparation.LakeTables);

    // Since which version a table has its rows: what was read is named by it, so that a compaction makes nobody compute anew.
    private readonly ConcurrentDictionary<TableName, long> _rowsVersions = new(preparation.RowsVersions);
    private readonly ConcurrentDictionary<TableName, bool> _inexact = new(preparation.InexactTables.Select(table => KeyValuePair.Create(table, true)));
    private readonly ConcurrentDictionary<string, StepRecord> _records = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<StepFailure> _failures = new();

    /// <summary>What became of the steps so far, by name.</summary>
    internal IReadOnlyDictionary<string, StepRecord> Records => _records;

    /// <summary>What failed so far.</summary>
    internal IReadOnlyList<StepFailure> Failures => [.. _failures];

    /// <summary>What the step's record holds before it is taken up.</summary>
    internal static StepRecord Planned(BoundStep step) => new()
    {
        Name = step.Node.Step.Name,
        Table = step.Table.ToString(),
        State = StepState.Planned,
        PlanHash = step.PlanHash,
        Columns = [.. step.Schema.Fields.Select(field => field.ToString())],
        InexactColumns = [.. step.Schema.Fields.Where(field => field.Metadata[FieldMetadata.InexactKey] == "true").Select(field => field.Name)],
        Lineage = StepLineage.Of(step),
    };

    /// <summary>Whether the step would run, and why; nothing is written.</summary>
    internal async ValueTask<PlannedStep> PlanAsync(BoundStep step, IReadOnlySet<string> running, CancellationToken cancellationToken)
    {
        TableState table = await TableState.ReadAsync(lake, step.Table, cancellationToken).ConfigureAwait(false);
        TableState quarantine = await TableState.ReadAsync(lake, step.Table.Quarantine, cancellationToken).ConfigureAwait(false);
        // What a step before this one will make is not there yet; what it made last time stands for it.
        Remember(step.Table, table.Snapshot, table.RowsVersion);
        Remember(step.Table.Quarantine, quarantine.Snapshot, quarantine.RowsVersion);
        ReadInput[] inputs = InputsOf(step);
        string? reason = ReasonToRun(step, inputs, running, table, quarantine);
        var planned = new PlannedStep(step.Node.Pipeline.Name, step.Node.Step.Name, reason is not null, reason);
        if (step.Growth is null || reason is null || step.Node.Inputs.Any(input => input.Step is { } before && running.Contains(before))) return planned;
        InterruptedStep? dead = await InterruptedAsync(step, inputs, table, quarantine, cancellationToken).ConfigureAwait(false);
        GrowthPlan plan = dead?.Plan ?? await PlanOfAsync(step, reason, inputs, table, quarantine, cancellationToken).ConfigureAwait(false);
        return planned with { Reason = dead is null ? reason : StepDecision.Interrupted, Growth = new GrowthRecord(step.Growth.Mode, plan.FullBecause, plan.FullBecause is null ? plan.FileCount : null, null, null) };
    }

    /// <summary>Runs the step, unless it is up to date or a step before it failed.</summary>
    /// <param name="step">Its inputs were taken before.</param>
    /// <param name="begin">Called before anything is written; gives the run's number.</param>
    /// <param name="cancellationToken">Observed until the step's first commit.</param>
    internal async Task TakeAsync(BoundStep step, Func<ValueTask<long>> begin, CancellationToken cancellationToken)
    {
        string name = step.Node.Step.Name;
        StepRecord planned = Planned(step);
        RunContext own = StepProgressOf.Of(run, name);
        if (step.Node.Inputs.FirstOrDefault(input => input.Step is { } before && _records[before].State is StepState.Failed or StepState.Skipped) is { } missing)
        {
            _records[name] = planned with { State = StepState.Skipped, Reason = $"after:{missing.Step}" };
            own.Progress?.Report(new StepProgress(name, "jobs.skipped"));
            return;
        }
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    await DoAsync(step, planned, begin, own, cancellationToken).ConfigureAwait(false);
                    return;
                }
                catch (LeptonDataException failure) when (MayHelp(failure) && attempt < AttemptCountMax && !cancellationToken.IsCancellationRequested)
                {
                    own.Progress?.Report(new StepProgress(name, "jobs.retrying"));
                    await Task.Delay(s_retryDelay * (1 << (2 * attempt - 2)), run.Time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (LeptonDataException failure) when (cancellationToken.IsCancellationRequested)
        {
            // Work that is cut off may end in any error; that it was cut off is what counts.
            throw new OperationCanceledException(failure.Message, failure, cancellationToken);
        }
        catch (LeptonDataException failure)
        {
            _records[name] = planned with { State = StepState.Failed, ErrorCode = failure.Code, Error = failure.Message };
            _failures.Enqueue(new StepFailure(step.Node.Pipeline.Name, name, failure));
            own.Progress?.Report(new StepProgress(name, "jobs.failed"));
        }
    }

    private TableJudge JudgeOf(BoundStep step) => new(step, preparation.Earlier, engine, binder, run) { JudgesRowCounts = options.Sample is null };

    // A store may answer the next time. A source that changed, or a lock that was lost, asks for another run.
    private static bool MayHelp(LeptonDataException failure) => failure.IsTransient && failure.Code.StartsWith("storage.", StringComparison.Ordinal) && failure.Code != "storage.lock_lost";

    private async ValueTask DoAsync(BoundStep step, StepRecord planned, Func<ValueTask<long>> begin, RunContext own, CancellationToken cancellationToken)
    {
        string name = step.Node.Step.Name;
        TableState table = await TableState.ReadAsync(lake, step.Table, cancellationToken).ConfigureAwait(false);
        TableState quarantine = await TableState.ReadAsync(lake, step.Table.Quarantine, cancellationToken).ConfigureAwait(false);
        ReadInput[] inputs = InputsOf(step);
        string? reason = ReasonToRun(step, inputs, s_none, table, quarantine);
        if (reason is null)
        {
            _records[name] = table.MadeBy!.Step with
            {
                State = StepState.Unchanged,
                Rules = await JudgeOf(step).JudgeAgainAsync(table.MadeBy.Step.Rules, table.Snapshot!, cancellationToken).ConfigureAwait(false),
                Lineage = planned.Lineage,
                Reason = null,
                Growth = null,
                // Readers go on to the files as they lie now.
                Version = table.Snapshot!.Version,
                QuarantineVersion = quarantine.Snapshot?.Version,
            };
            if (table.MadeBy.Step.RowsAreInexact) _inexact[step.Table] = true;
            Remember(step.Table, table.Snapshot, table.RowsVersion);
            Remember(step.Table.Quarantine, quarantine.Snapshot, quarantine.RowsVersion);
            own.Progress?.Report(new StepProgress(name, "jobs.unchanged", 1, table.MadeBy.Step.RowsOut));
            return;
        }
        long number = await begin().ConfigureAwait(false);
        if (await InterruptedAsync(step, inputs, table, quarantine, cancellationToken).ConfigureAwait(false) is { } dead)
        {
            await WorkAsync(step, planned, StepDecision.Interrupted, dead.Inputs, table, quarantine, dead.Plan, own, dead.Number, cancellationToken).ConfigureAwait(false);
            table = await TableState.ReadAsync(lake, step.Table, cancellationToken).ConfigureAwait(false);
            quarantine = await TableState.ReadAsync(lake, step.Table.Quarantine, cancellationToken).ConfigureAwait(false);
            reason = ReasonToRun(step, inputs, s_none, table, quarantine);
        }
        if (reason is not null)
        {
            GrowthPlan? plan = step.Growth is null ? null : await PlanOfAsync(step, reason, inputs, table, quarantine, cancellationToken).ConfigureAwait(false);
            await WorkAsync(step, planned, reason, inputs, table, quarantine, plan, own, number, cancellationToken).ConfigureAwait(false);
        }
        own.Progress?.Report(new StepProgress(name, "jobs.done", 1, _records[name].RowsOut, _snapshots[step.Table]?.Files.Sum(file => file.SizeBytes)));
    }

    private async ValueTask WorkAsync(
        BoundStep step, StepRecord planned, string reason, IReadOnlyList<ReadInput> inputs, TableState table, TableState quarantine, GrowthPlan? plan, RunContext own, long number, CancellationToken cancellationToken)
    {
        bool areInputsInexact = step.Node.Inputs.Any(input => input.Table is { } read && _inexact.ContainsKey(read));
        var read = new Inputs();
        foreach (ReadInput input in inputs) read.Add(input.Of.Name, input.ToInput(preparation.SchemaOf(input.Of)));
        InputRecord[] records = [.. inputs.Select(input => input.Record)];
        var work = new StepRun(lake, step, read, table, quarantine, engine, binder, own, number, JudgeOf(step), plan);
        (StepRecord record, Snapshot good, Snapshot? bad) = await work.DoAsync(
            planned with { Inputs = records, Fingerprint = Fingerprints.Of(step.PlanHash, records), Reason = reason },
            areInputsInexact,
            () =>
            {
                foreach (ReadInput input in inputs) input.Source?.Inspected.CheckUnchanged();
            },
            cancellationToken).ConfigureAwait(false);
        _records[record.Name] = record;
        if (record.RowsAreInexact) _inexact[step.Table] = true;
        Remember(step.Table, good, RowsVersionOf(table, good));
        Remember(step.Table.Quarantine, bad, bad is null ? null : RowsVersionOf(quarantine, bad));
    }

    private string? ReasonToRun(BoundStep step, IEnumerable<ReadInput> inputs, IReadOnlySet<string> changing, TableState table, TableState quarantine)
    {
        InputRecord[] records = [.. inputs.Select(input => input.Record)];
        return StepDecision.ReasonToRun(step, Fingerprints.Of(step.PlanHash, records), records, changing, table, quarantine, options.FullRefresh);
    }

    private ValueTask<InterruptedStep?> InterruptedAsync(BoundStep step, IReadOnlyList<ReadInput> inputs, TableState table, TableState quarantine, CancellationToken cancellationToken)
        => options.FullRefresh ? default : InterruptedStep.FindAsync(step, inputs, table, quarantine, preparation.Stage, lake, cancellationToken);

    private void Remember(TableName name, Snapshot? snapshot, long? rowsVersion)
    {
        _snapshots[name] = snapshot;
        if (rowsVersion is { } version) _rowsVersions[name] = version;
    }

    private async ValueTask<GrowthPlan> PlanOfAsync(BoundStep step, string reason, IReadOnlyList<ReadInput> inputs, TableState table, TableState quarantine, CancellationToken cancellationToken)
    {
        if (!reason.StartsWith("input:", StringComparison.Ordinal)) return GrowthPlan.Full(reason);
        StepRecord made = table.MadeBy!.Step;
        return StepDecision.ReasonNotToRest(made, table, quarantine) is { } broken
            ? GrowthPlan.Full(broken)
            : await GrowthPlan.MakeAsync(step, inputs, made, preparation.Stage, lake, cancellationToken).ConfigureAwait(false);
    }

    // A commit that brings no row and takes none leaves the version of the rows.
    private static long RowsVersionOf(TableState before, Snapshot after)
        => before is { Snapshot: { } old, RowsVersion: { } version } && old.Schema.Equals(after.Schema) && old.Files.Count == after.Files.Count && old.Files.ToHashSet().IsSupersetOf(after.Files) ? version : after.Version;

    private ReadInput[] InputsOf(BoundStep step) => [.. step.Node.Inputs.Select(InputOf)];

    private ReadInput InputOf(StepInput input)
    {
        if (input.Source is { } source)
        {
            ReadySource ready = preparation.Sources[source];
            return new ReadInput(input, new InputRecord(input.Name, "source", null, ready.Digest, ready.RowCount), ready, null);
        }
        return _snapshots.GetValueOrDefault(input.Table!) is { } snapshot
            ? new ReadInput(input, new InputRecord(input.Name, "table", _rowsVersions[input.Table!], snapshot.TableId, snapshot.RowCount), null, snapshot)
            : new ReadInput(input, new InputRecord(input.Name, "table", null, "", 0), null, null);
    }
}

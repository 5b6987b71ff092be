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
        StepTables tables = await StepTables.ReadAsync(lake, step.Table, cancellationToken).ConfigureAwait(false);
        // What a step before this one will make is not there yet; what it made last time stands for it.
        Remember(step, tables);
        ReadInput[] inputs = InputsOf(step);
        string? reason = ReasonToRun(step, inputs, running, tables);
        var planned = new PlannedStep(step.Node.Pipeline.Name, step.Node.Step.Name, reason is not null, reason);
        if (step.Growth is null || reason is null || step.Node.Inputs.Any(input => input.Step is { } before && running.Contains(before))) return planned;
        InterruptedStep? dead = await InterruptedAsync(step, inputs, tables, cancellationToken).ConfigureAwait(false);
        GrowthPlan plan = dead?.Plan ?? await PlanOfAsync(step, reason, inputs, tables, cancellationToken).ConfigureAwait(false);
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
            // The end of a dead run may have been committed before: then that version stands.
            _records[name] = _records.GetValueOrDefault(name, planned) with { State = StepState.Failed, ErrorCode = failure.Code, Error = failure.Message };
            _failures.Enqueue(new StepFailure(step.Node.Pipeline.Name, name, failure));
            own.Progress?.Report(new StepProgress(name, "jobs.failed"));
        }
    }

    private TableJudge JudgeOf(BoundStep step) => new(step, preparation.Earlier, engine, binder, run) { JudgesRowCounts = options.Sample is null };

    // A store may answer the next time. A source that changed asks for another run.
    private static bool MayHelp(LeptonDataException failure) => failure.IsTransient && failure.Code.StartsWith("storage.", StringComparison.Ordinal);

    private async ValueTask DoAsync(BoundStep step, StepRecord planned, Func<ValueTask<long>> begin, RunContext own, CancellationToken cancellationToken)
    {
        string name = step.Node.Step.Name;
        StepTables tables = await StepTables.ReadAsync(lake, step.Table, cancellationToken).ConfigureAwait(false);
        ReadInput[] inputs = InputsOf(step);
        string? reason = ReasonToRun(step, inputs, s_none, tables);
        if (reason is null)
        {
            _records[name] = tables.Table.MadeBy!.Step with
            {
                State = StepState.Unchanged,
                Rules = await JudgeOf(step).JudgeAgainAsync(tables.Table.MadeBy.Step.Rules, tables.Table.Snapshot!, cancellationToken).ConfigureAwait(false),
                Lineage = planned.Lineage,
                Reason = null,
                Growth = null,
                // Readers go on to the files as they lie now.
                Version = tables.Table.Snapshot!.Version,
                QuarantineVersion = tables.Quarantine.Snapshot?.Version,
                LateVersion = tables.Late.Snapshot?.Version,
            };
            if (tables.Table.MadeBy.Step.RowsAreInexact) _inexact[step.Table] = true;
            Remember(step, tables);
            own.Progress?.Report(new StepProgress(name, "jobs.unchanged", 1, tables.Table.MadeBy.Step.RowsOut));
            return;
        }
        long number = await begin().ConfigureAwait(false);
        if (await InterruptedAsync(step, inputs, tables, cancellationToken).ConfigureAwait(false) is { } dead)
        {
            await WorkAsync(step, planned, StepDecision.Interrupted, dead.Inputs, tables, dead.Plan, own, dead.Number, cancellationToken).ConfigureAwait(false);
            tables = await StepTables.ReadAsync(lake, step.Table, cancellationToken).ConfigureAwait(false);
            reason = ReasonToRun(step, inputs, s_none, tables);
        }
        if (reason is not null)
        {
            GrowthPlan? plan = step.Growth is null ? null : await PlanOfAsync(step, reason, inputs, tables, cancellationToken).ConfigureAwait(false);
            await WorkAsync(step, planned, reason, inputs, tables, plan, own, number, cancellationToken).ConfigureAwait(false);
        }
        own.Progress?.Report(new StepProgress(name, "jobs.done", 1, _records[name].RowsOut, _snapshots[step.Table]?.Files.Sum(file => file.SizeBytes)));
    }

    private async ValueTask WorkAsync(
        BoundStep step, StepRecord planned, string reason, IReadOnlyList<ReadInput> inputs, StepTables tables, GrowthPlan? plan, RunContext own, long number, CancellationToken cancellationToken)
    {
        bool areInputsInexact = step.Node.Inputs.Any(input => input.Table is { } read && _inexact.ContainsKey(read));
        var read = new Inputs();
        foreach (ReadInput input in inputs) read.Add(input.Of.Name, input.ToInput(preparation.SchemaOf(input.Of)));
        InputRecord[] records = [.. inputs.Select(input => input.Record)];
        var work = new StepRun(lake, step, read, tables, engine, binder, own, number, JudgeOf(step), plan);
        (StepRecord record, MadeTables made) = await work.DoAsync(
            planned with { Inputs = records, Fingerprint = Fingerprints.Of(step.PlanHash, records), Reason = reason },
            areInputsInexact,
            () =>
            {
                foreach (ReadInput input in inputs) input.Source?.Inspected.CheckUnchanged();
            },
            cancellationToken).ConfigureAwait(false);
        _records[record.Name] = record;
        if (record.RowsAreInexact) _inexact[step.Table] = true;
        Remember(step.Table, made.Table, RowsVersionOf(tables.Table, made.Table));
        Remember(step.Table.Quarantine, made.Quarantine, RowsVersionOf(tables.Quarantine, made.Quarantine));
        Remember(step.Table.Late, made.Late, RowsVersionOf(tables.Late, made.Late));
    }

    private string? ReasonToRun(BoundStep step, IEnumerable<ReadInput> inputs, IReadOnlySet<string> changing, StepTables tables)
    {
        InputRecord[] records = [.. inputs.Select(input => input.Record)];
        return StepDecision.ReasonToRun(step, Fingerprints.Of(step.PlanHash, records), records, changing, tables, options.FullRefresh);
    }

    private ValueTask<InterruptedStep?> InterruptedAsync(BoundStep step, IReadOnlyList<ReadInput> inputs, StepTables tables, CancellationToken cancellationToken)
        => options.FullRefresh ? default : InterruptedStep.FindAsync(step, inputs, tables, preparation.Stage, lake, cancellationToken);

    private void Remember(BoundStep step, StepTables tables)
    {
        Remember(step.Table, tables.Table.Snapshot, tables.Table.RowsVersion);
        Remember(step.Table.Quarantine, tables.Quarantine.Snapshot, tables.Quarantine.RowsVersion);
        Remember(step.Table.Late, tables.Late.Snapshot, tables.Late.RowsVersion);
    }

    private void Remember(TableName name, Snapshot? snapshot, long? rowsVersion)
    {
        _snapshots[name] = snapshot;
        if (rowsVersion is { } version) _rowsVersions[name] = version;
    }

    private async ValueTask<GrowthPlan> PlanOfAsync(BoundStep step, string reason, IReadOnlyList<ReadInput> inputs, StepTables tables, CancellationToken cancellationToken)
    {
        if (!reason.StartsWith("input:", StringComparison.Ordinal)) return GrowthPlan.Full(reason);
        StepRecord made = tables.Table.MadeBy!.Step;
        return StepDecision.ReasonNotToRest(made, tables) is { } broken
            ? GrowthPlan.Full(broken)
            : await GrowthPlan.MakeAsync(step, inputs, made, preparation.Stage, lake, cancellationToken).ConfigureAwait(false);
    }

    // A commit that brings no row and takes none leaves the version of the rows.
    private static long? RowsVersionOf(TableState before, Snapshot? after)
        => after is null ? null : before is { Snapshot: { } old, RowsVersion: { } version } && old.Schema.Equals(after.Schema) && old.Files.Count == after.Files.Count && old.Files.ToHashSet().IsSupersetOf(after.Files) ? version : after.Version;

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

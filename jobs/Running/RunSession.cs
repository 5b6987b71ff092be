using Lepton.Data.Connectors.Files;
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

/// <summary>Takes prepared steps one after the other: decides, runs, and remembers what became of each.</summary>
internal sealed class RunSession(Lake lake, IEngine engine, Binder binder, Preparation preparation, RunContext run, RunOptions options)
{
    private static readonly HashSet<string> s_none = [];

    private readonly Dictionary<TableName, Snapshot?> _snapshots = new(preparation.LakeTables);

    // Since which version a table has its rows: what was read is named by it, so that a compaction makes nobody compute anew.
    private readonly Dictionary<TableName, long> _rowsVersions = new(preparation.RowsVersions);
    private readonly HashSet<TableName> _inexact = [.. preparation.InexactTables];
    private readonly Dictionary<string, StepRecord> _records = new(StringComparer.Ordinal);

    /// <summary>What became of the steps so far, by name.</summary>
    internal IReadOnlyDictionary<string, StepRecord> Records => _records;

    /// <summary>What failed so far.</summary>
    internal List<StepFailure> Failures { get; } = [];

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
        IReadOnlyList<InputRecord> inputs = InputsOf(step);
        string? reason = StepDecision.ReasonToRun(step, Fingerprints.Of(step.PlanHash, inputs), inputs, running, table, quarantine, options.FullRefresh);
        return new PlannedStep(step.Node.Pipeline.Name, step.Node.Step.Name, reason is not null, reason);
    }

    /// <summary>Runs the step, unless it is up to date or a step before it failed.</summary>
    /// <param name="step">Its inputs were taken before.</param>
    /// <param name="begin">Called before anything is written; gives the run's number.</param>
    /// <param name="cancellationToken">Observed until the step's first commit.</param>
    internal async ValueTask TakeAsync(BoundStep step, Func<ValueTask<long>> begin, CancellationToken cancellationToken)
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
            TableState table = await TableState.ReadAsync(lake, step.Table, cancellationToken).ConfigureAwait(false);
            TableState quarantine = await TableState.ReadAsync(lake, step.Table.Quarantine, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<InputRecord> inputs = InputsOf(step);
            string fingerprint = Fingerprints.Of(step.PlanHash, inputs);
            string? reason = StepDecision.ReasonToRun(step, fingerprint, inputs, s_none, table, quarantine, options.FullRefresh);
            if (reason is null)
            {
                _records[name] = table.MadeBy!.Step with
                {
                    State = StepState.Unchanged,
                    Rules = await JudgeOf(step).JudgeAgainAsync(table.MadeBy.Step.Rules, table.Snapshot!, cancellationToken).ConfigureAwait(false),
                    Lineage = planned.Lineage,
                    Reason = null,
                    // Readers go on to the files as they lie now.
                    Version = table.Snapshot!.Version,
                    QuarantineVersion = quarantine.Snapshot?.Version,
                };
                if (table.MadeBy.Step.RowsAreInexact) _inexact.Add(step.Table);
                Remember(step.Table, table.Snapshot, table.RowsVersion);
                Remember(step.Table.Quarantine, quarantine.Snapshot, quarantine.RowsVersion);
                own.Progress?.Report(new StepProgress(name, "jobs.unchanged", 1, table.MadeBy.Step.RowsOut));
                return;
            }
            long number = await begin().ConfigureAwait(false);
            bool areInputsInexact = step.Node.Inputs.Any(input => input.Table is { } read && _inexact.Contains(read));
            var work = new StepRun(lake, step, EngineInputsOf(step), table, quarantine, engine, binder, own, number, JudgeOf(step));
            (StepRecord record, Snapshot good, Snapshot? bad) = await work.DoAsync(
                planned with { Inputs = inputs, Fingerprint = fingerprint, Reason = reason }, areInputsInexact, () => CheckSources(step), cancellationToken).ConfigureAwait(false);
            _records[name] = record;
            if (record.RowsAreInexact) _inexact.Add(step.Table);
            Remember(step.Table, good, good.Version);
            Remember(step.Table.Quarantine, bad, bad is null ? null : bad.Version == quarantine.Snapshot?.Version ? quarantine.RowsVersion : bad.Version);
            own.Progress?.Report(new StepProgress(name, "jobs.done", 1, record.RowsOut));
        }
        catch (LeptonDataException failure) when (cancellationToken.IsCancellationRequested)
        {
            // Work that is cut off may end in any error; that it was cut off is what counts.
            throw new OperationCanceledException(failure.Message, failure, cancellationToken);
        }
        catch (LeptonDataException failure)
        {
            _records[name] = planned with { State = StepState.Failed, ErrorCode = failure.Code, Error = failure.Message };
            Failures.Add(new StepFailure(step.Node.Pipeline.Name, name, failure));
            own.Progress?.Report(new StepProgress(name, "jobs.failed"));
        }
    }

    private TableJudge JudgeOf(BoundStep step) => new(step, preparation.Earlier, engine, binder, run);

    private void Remember(TableName name, Snapshot? snapshot, long? rowsVersion)
    {
        _snapshots[name] = snapshot;
        if (rowsVersion is { } version) _rowsVersions[name] = version;
    }

    private void CheckSources(BoundStep step)
    {
        foreach (StepInput input in step.Node.Inputs)
            if (input.Source is { } source) preparation.Sources[source].Inspected.CheckUnchanged();
    }

    private InputRecord[] InputsOf(BoundStep step)
        => [.. step.Node.Inputs.Select(input => input.Source is { } source
            ? new InputRecord(input.Name, "source", null, preparation.Sources[source].Digest, preparation.Sources[source].RowCount)
            : SnapshotOf(input) is { } snapshot
                ? new InputRecord(input.Name, "table", _rowsVersions[input.Table!], snapshot.TableId, snapshot.RowCount)
                : new InputRecord(input.Name, "table", null, "", 0))];

    private Inputs EngineInputsOf(BoundStep step)
    {
        var inputs = new Inputs();
        foreach (StepInput input in step.Node.Inputs)
        {
            if (input.Source is { } source) inputs.Add(input.Name, new FileInput(preparation.Sources[source].Inspected.Scan));
            else if (SnapshotOf(input) is { } snapshot) inputs.Add(input.Name, new SnapshotInput(snapshot));
            else inputs.Add(input.Name, new BatchInput(preparation.SchemaOf(input), []));
        }
        return inputs;
    }

    // Null only for the quarantine of a step that has no rules: it reads as empty.
    private Snapshot? SnapshotOf(StepInput input) => _snapshots.GetValueOrDefault(input.Table!);
}

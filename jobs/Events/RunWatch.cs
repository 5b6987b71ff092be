using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Events;

/// <summary>Tells a listener of the steps of a run. Where nobody listens, it costs nothing.</summary>
internal sealed class RunWatch
{
    private readonly Lake _lake;
    private readonly Preparation _preparation;
    private readonly RunSession _session;
    private readonly RunContext _run;
    private readonly IRunListener? _listener;
    private readonly Dictionary<BoundStep, RunningStep> _steps = new(ReferenceEqualityComparer.Instance);

    internal RunWatch(Project project, Lake lake, Preparation preparation, RunSession session, RunContext run, IRunListener? listener)
    {
        (_lake, _preparation, _session, _run, _listener) = (lake, preparation, session, run, listener);
        if (listener is null) return;
        foreach (BoundStep step in preparation.Steps) _steps.Add(step, Describe(project, step));
        listener.Report(new RunStarted(Now, run.Id, [.. preparation.Steps.Select(step => _steps[step])]));
    }

    private EventTime Now => EventTime.FromDateTimeOffset(_run.Time.GetUtcNow());

    /// <summary>Has the session take a step.</summary>
    internal async Task TakeAsync(BoundStep step, Func<ValueTask<long>> begin, CancellationToken cancellationToken)
    {
        if (_listener is null)
        {
            await _session.TakeAsync(step, begin, cancellationToken).ConfigureAwait(false);
            return;
        }
        long start = _run.Time.GetTimestamp();
        RunningStep known = _steps[step];
        _listener.Report(new StepStarted(Now, known));
        try
        {
            await _session.TakeAsync(step, begin, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception stopped)
        {
            // A run that is cut off: whoever was told of the beginning is told of the end.
            StepRecord record = new() { Name = known.Name, Table = step.Table.ToString(), State = StepState.Failed, Error = stopped.Message };
            _listener.Report(new StepEnded(Now, known, record, stopped as LeptonDataException, _run.Time.GetElapsedTime(start).TotalSeconds));
            throw;
        }
        _listener.Report(await EndAsync(step, known, _run.Time.GetElapsedTime(start).TotalSeconds).ConfigureAwait(false));
    }

    private async ValueTask<StepEnded> EndAsync(BoundStep step, RunningStep known, double seconds)
    {
        StepRecord record = _session.Records[step.Node.Step.Name];
        var ended = new StepEnded(Now, known, record, _session.Failures.FirstOrDefault(failure => failure.Step == record.Name)?.Error, seconds);
        if (record.State != StepState.Done || record.Version is not { } version) return ended;
        try
        {
            ITable table = _lake.Table(step.Table);
            Snapshot? before = record.VersionBefore is { } earlier ? await table.ReadAsync(earlier, CancellationToken.None).ConfigureAwait(false) : null;
            Snapshot? now = await table.ReadAsync(version, CancellationToken.None).ConfigureAwait(false);
            return ended with { RowsBefore = before?.RowCount, SizeBytes = now?.Files.Sum(file => file.SizeBytes), FileCount = now?.Files.Count };
        }
        catch (LeptonDataException)
        {
            // The step is done and committed; what can be said of it besides is not worth a failure.
            return ended;
        }
    }

    private RunningStep Describe(Project project, BoundStep step)
        => new(
            step.Node.Pipeline.Name,
            step.Node.Step.Name,
            Dataset(step.Table),
            step.Schema,
            [.. step.Node.Inputs.Select(input => new RunningInput(
                input.Name,
                input.Source is { } source ? RunningDataset.Of(Path.GetFullPath(source.Path.Value, project.Folder)) : Dataset(input.Table!),
                _preparation.SchemaOf(input)))],
            step.Node.Step.Sql,
            step.Node.Step.Description);

    private RunningDataset Dataset(TableName table) => RunningDataset.Of($"{_lake.RootPath.TrimEnd('/')}/{table.Schema}/{table.Table}");
}

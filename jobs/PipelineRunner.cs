using System.Runtime.ExceptionServices;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Events;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs;

/// <summary>Runs pipelines: looks into sources, binds steps, computes what is not up to date, checks it, commits it, writes the run's record.</summary>
/// <param name="lake">Where the tables lie.</param>
/// <param name="engine">Computes.</param>
/// <param name="frontEnd">The engine's parser and binder.</param>
public sealed class PipelineRunner(Lake lake, IEngine engine, ISqlFrontEnd frontEnd)
{
    private readonly Binder _binder = new(frontEnd);

    /// <summary>Told what happens in a run; null where nobody listens.</summary>
    public IRunListener? Listener { get; init; }

    /// <summary>Where tables are read that none of the steps makes, and whose runs say what sources were; the lake itself as a rule.</summary>
    public Lake? ReadsFrom { get; init; }

    /// <summary>Runs <paramref name="pipelines"/>. A step that fails stops what depends on it; the rest finishes.</summary>
    /// <param name="project">Where they belong.</param>
    /// <param name="pipelines">Which; steps run in the order that they need, across pipelines.</param>
    /// <param name="run">Who asks; told of progress, step by step.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Stops the run: what was committed stays, nothing is left half-written.</param>
    /// <returns>What was done, failures included (<see cref="RunSummary.Failures"/>).</returns>
    /// <exception cref="LeptonDataException">Nothing was run: a bad definition or source, another run of the same lake. Or the end of a run could not be written; where a step failed before, that step's error.</exception>
    public async ValueTask<RunSummary> RunAsync(Project project, IReadOnlyList<PipelineDefinition> pipelines, RunContext run, RunOptions options, CancellationToken cancellationToken)
    {
        long start = run.Time.GetTimestamp();
        EventTime startedAt = Now(run);
        using RunLock hold = RunLock.Take(lake, $"run {run.Id}", run.Time);
        var log = new RunLog(lake);
        IReadOnlyList<RunRecord> earlier = await DeadRuns.BuryAsync(lake, hold, log, run.Time, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<RunRecord> known = ReadsFrom is null ? earlier : await new RunLog(ReadsFrom).ReadAsync(null, cancellationToken).ConfigureAwait(false);
        Preparation preparation = await Preparation.MakeAsync(project, pipelines, ReadsFrom ?? lake, engine, _binder, known, run, options, cancellationToken).ConfigureAwait(false);
        var session = new RunSession(lake, engine, _binder, preparation, run, options);
        var books = new Dictionary<string, RunBook>(StringComparer.Ordinal);
        foreach (PipelineDefinition pipeline in pipelines.Where(pipeline => preparation.Steps.Any(step => step.Node.Pipeline == pipeline)))
        {
            RunRecord? last = earlier.Where(record => record.Pipeline == pipeline.Name && record.State == RunState.Finished).MaxBy(record => record.Number);
            books.Add(pipeline.Name, await PlannedRunAsync(pipeline, preparation, last, run, startedAt, log, cancellationToken).ConfigureAwait(false));
        }

        var watch = new RunWatch(project, lake, preparation, session, run, Listener);
        RunState? stopped = null;
        ExceptionDispatchInfo? failed = null;
        try
        {
            await StepSchedule.RunAsync(
                preparation.Steps,
                options.StepsAtOnce,
                async (step, stop) =>
                {
                    hold.EnsureHeld();
                    await watch.TakeAsync(step, () => books[step.Node.Pipeline.Name].BeginAsync(stop), stop).ConfigureAwait(false);
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            stopped = failure is OperationCanceledException ? RunState.Interrupted : RunState.Failed;
            failed = ExceptionDispatchInfo.Capture(failure);
        }
        List<HeldBackRun> heldBack = stopped is not null
            ? []
            : HeldBackRuns.Find(preparation.Steps, session.Records, books.Values.Where(book => !book.IsWhole(session.Records)).Select(book => book.Record.Pipeline), RunLog.PublishedVersions(earlier));
        // Every pipeline's end is written, whatever became of another's. What went wrong before is the news; a run whose end could not be written the next one finds dead.
        foreach (RunBook book in books.Values)
        {
            try
            {
                await book.FinishAsync(session.Records, stopped, heldBack.Exists(held => held.Pipeline == book.Record.Pipeline), Now(run), CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                failed ??= ExceptionDispatchInfo.Capture(session.Failures is [var first, ..] ? first.Error : failure);
            }
        }
        failed?.Throw();
        return new RunSummary(run.Id, [.. books.Values.Select(book => book.Record)], session.Failures, run.Time.GetElapsedTime(start)) { HeldBack = heldBack };
    }

    /// <summary>What <see cref="RunAsync"/> would do, and why; nothing is written.</summary>
    /// <exception cref="LeptonDataException">A bad definition or source, or a table that another program wrote to.</exception>
    public async ValueTask<IReadOnlyList<PlannedStep>> PlanAsync(Project project, IReadOnlyList<PipelineDefinition> pipelines, RunContext run, RunOptions options, CancellationToken cancellationToken)
    {
        IReadOnlyList<RunRecord> earlier = await new RunLog(lake).ReadAsync(null, cancellationToken).ConfigureAwait(false);
        Preparation preparation = await Preparation.MakeAsync(project, pipelines, lake, engine, _binder, earlier, run, options, cancellationToken).ConfigureAwait(false);
        var session = new RunSession(lake, engine, _binder, preparation, run, options);
        var running = new HashSet<string>(StringComparer.Ordinal);
        var planned = new List<PlannedStep>(preparation.Steps.Count);
        foreach (BoundStep step in preparation.Steps)
        {
            planned.Add(await session.PlanAsync(step, running, cancellationToken).ConfigureAwait(false));
            if (planned[^1].WillRun) running.Add(step.Node.Step.Name);
        }
        return planned;
    }

    private async ValueTask<RunBook> PlannedRunAsync(PipelineDefinition pipeline, Preparation preparation, RunRecord? last, RunContext run, EventTime startedAt, RunLog log, CancellationToken cancellationToken)
    {
        BoundStep[] steps = [.. preparation.Steps.Where(step => step.Node.Pipeline == pipeline)];
        long newestInLog = await log.NewestNumberAsync(pipeline.Name, cancellationToken).ConfigureAwait(false);
        long newest = newestInLog;
        // Where the log was lost, the tables still know how far they are.
        foreach (TableName table in steps.SelectMany(step => step.Table.Companions.Prepend(step.Table)))
            if (await lake.Table(table).ReadAsync(null, cancellationToken).ConfigureAwait(false) is { } snapshot)
                newest = Math.Max(newest, steps.Max(step => snapshot.Transactions.GetValueOrDefault(step.Node.Application)));
        var planned = new RunRecord
        {
            RunId = run.Id.Value,
            Number = newest + 1,
            Pipeline = pipeline.Name,
            StartedAt = startedAt,
            State = RunState.Running,
            SoftwareVersion = typeof(PipelineRunner).Assembly.GetName().Version?.ToString(3) ?? "0",
            Sources = [.. pipeline.Sources.Select(source => preparation.Sources.TryGetValue(source, out ReadySource? ready) ? preparation.Stage.RecordOf(ready) : last?.Sources.FirstOrDefault(known => known.Name == source.Name) is { } known ? known with { Changes = [] } : null).OfType<SourceRecord>()],
            Steps = [.. steps.Select(RunSession.Planned), .. pipeline.Steps.Where(step => !Array.Exists(steps, taken => taken.Node.Step == step)).Select(step => LeftOut(step, last))],
        };
        return new RunBook(log, planned, newestInLog);
    }

    // A run's record names a version of each of its pipeline's tables, so that readers of several see what belongs together.
    private static StepRecord LeftOut(StepDefinition step, RunRecord? last)
        => (last?.Steps.FirstOrDefault(known => known.Name == step.Name) ?? new StepRecord { Name = step.Name, Table = TableName.Parse(step.Name).ToString(), State = StepState.LeftOut })
            with { State = StepState.LeftOut, Reason = null, Phases = [] };

    private static EventTime Now(RunContext run) => EventTime.FromDateTimeOffset(run.Time.GetUtcNow());
}

/// <summary>How to run.</summary>
/// <param name="FullRefresh">Every step runs, also where nothing changed and where another program wrote to its table.</param>
/// <param name="Select">Which steps, each as its name, with <c>+</c> before it for all that it rests on and behind it for all that rests on it; empty for all. What the others made is read as it stands.</param>
/// <param name="StepsAtOnce">How many steps may be under way at once, where none reads another; at least 1. They share the engine's memory.</param>
public sealed record RunOptions(bool FullRefresh = false, IReadOnlyList<string>? Select = null, int StepsAtOnce = 1)
{
    /// <summary>Which rows of sources are read (those of more than <see cref="WholeSizeBytesMax"/>); null for all. For a lake that holds nothing else: steps that selected ones rest on are run with them, and rules on the number of rows judge nothing.</summary>
    public RowSample? Sample { get; init; }

    /// <summary>Sources of no more bytes are read whole also for a sample: they are what others refer to, and cost nothing.</summary>
    public const long WholeSizeBytesMax = 1 << 20;
}

/// <summary>What would become of a step.</summary>
/// <param name="Pipeline">Its pipeline.</param>
/// <param name="Step">Its name.</param>
/// <param name="WillRun">Whether it would be computed.</param>
/// <param name="Reason">As <see cref="StepRecord.Reason"/>; null where nothing changed.</param>
public sealed record PlannedStep(string Pipeline, string Step, bool WillRun, string? Reason)
{
    /// <summary>Of a step that grows and runs: how. Null also where that is known only when a step before it has run.</summary>
    public GrowthRecord? Growth { get; init; }
}

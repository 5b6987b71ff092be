using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs;

/// <summary>What one call of <see cref="PipelineRunner.RunAsync"/> did.</summary>
/// <param name="Id">The run's name.</param>
/// <param name="Runs">By pipeline, in the order in which they ran.</param>
/// <param name="Failures">What failed, in the order in which it did; steps skipped because of it are not among them.</param>
/// <param name="Duration">From the first look at a source to the last record.</param>
public sealed record RunSummary(RunId Id, IReadOnlyList<RunRecord> Runs, IReadOnlyList<StepFailure> Failures, TimeSpan Duration)
{
    /// <summary>Pipelines that are not finished though none of their steps failed, so that readers see their tables as before.</summary>
    public IReadOnlyList<HeldBackRun> HeldBack { get; init; } = [];

    /// <summary>Whether every step is done or unchanged.</summary>
    public bool IsComplete => Failures.Count == 0;

    /// <summary>Whether nothing had to be computed.</summary>
    public bool IsUnchanged => Runs.All(run => run.Steps.All(step => step.State is StepState.Unchanged or StepState.LeftOut));

    /// <summary>What the failures mean to who started the run: refused data only where nothing else failed.</summary>
    public ErrorKind? FailureKind => IsComplete ? null : Failures.All(failure => failure.Error.Kind == ErrorKind.DataRefused) ? ErrorKind.DataRefused : ErrorKind.Failed;
}

/// <summary>One step that failed.</summary>
/// <param name="Pipeline">Its pipeline.</param>
/// <param name="Step">Its name.</param>
/// <param name="Error">Why.</param>
public sealed record StepFailure(string Pipeline, string Step, LeptonDataException Error);

/// <summary>A pipeline that is not finished because of another.</summary>
/// <param name="Pipeline">Its name.</param>
/// <param name="Because">The pipeline of which it read, in this run, a table that is not published.</param>
public sealed record HeldBackRun(string Pipeline, string Because);

using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Storage;

namespace Lepton.Data.Jobs;

/// <summary>Runs pipelines: looks into sources, binds steps, computes what is not up to date, checks it, commits it, writes the run's record.</summary>
/// <param name="lake">Where the tables lie.</param>
/// <param name="engine">Computes.</param>
/// <param name="frontEnd">The engine's parser and binder.</param>
public sealed class PipelineRunner(Lake lake, IEngine engine, ISqlFrontEnd frontEnd)
{
    /// <summary>Runs <paramref name="pipelines"/>. A step that fails stops what depends on it; the rest finishes.</summary>
    /// <param name="project">Where they belong.</param>
    /// <param name="pipelines">Which; a pipeline after those whose tables it reads.</param>
    /// <param name="run">Who asks; told of progress, step by step.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Stops the run: what was committed stays, nothing is left half-written.</param>
    /// <returns>What was done, failures included (<see cref="RunSummary.Failures"/>).</returns>
    /// <exception cref="Schemas.LeptonDataException">Nothing was run: a bad definition or source, another run of the same lake.</exception>
    public ValueTask<RunSummary> RunAsync(Project project, IReadOnlyList<PipelineDefinition> pipelines, RunContext run, RunOptions options, CancellationToken cancellationToken)
        => throw new InvalidOperationException($"{lake} {engine} {frontEnd} {project} {pipelines} {run} {options} {cancellationToken}");

    /// <summary>What <see cref="RunAsync"/> would do, and why; nothing is written.</summary>
    public ValueTask<IReadOnlyList<PlannedStep>> PlanAsync(Project project, IReadOnlyList<PipelineDefinition> pipelines, RunContext run, RunOptions options, CancellationToken cancellationToken)
        => throw new InvalidOperationException($"{lake} {engine} {frontEnd} {project} {pipelines} {run} {options} {cancellationToken}");
}

/// <summary>How to run.</summary>
/// <param name="FullRefresh">Every step runs, also where nothing changed and where another program wrote to its table.</param>
public sealed record RunOptions(bool FullRefresh = false);

/// <summary>What would become of a step.</summary>
/// <param name="Pipeline">Its pipeline.</param>
/// <param name="Step">Its name.</param>
/// <param name="WillRun">Whether it would be computed.</param>
/// <param name="Reason">As <see cref="Storage.Runs.StepRecord.Reason"/>; null where nothing changed.</param>
public sealed record PlannedStep(string Pipeline, string Step, bool WillRun, string? Reason);

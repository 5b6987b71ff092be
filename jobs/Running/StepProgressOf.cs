using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Jobs.Running;

/// <summary>Puts a step's name on what an engine reports.</summary>
internal sealed class StepProgressOf(string step, IProgress<StepProgress> inner) : IProgress<StepProgress>
{
    public void Report(StepProgress value) => inner.Report(value with { Step = step });

    /// <summary>The run as seen by one step.</summary>
    internal static RunContext Of(RunContext run, string step) => run.Progress is { } progress ? run with { Progress = new StepProgressOf(step, progress) } : run;
}

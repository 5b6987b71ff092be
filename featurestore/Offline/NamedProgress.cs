using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Says whose work it is where the engine reports what it does without knowing for whom.</summary>
internal sealed class NamedProgress(IProgress<StepProgress> progress, string name) : IProgress<StepProgress>
{
    /// <summary>Null where nobody looks.</summary>
    internal static NamedProgress? Of(IProgress<StepProgress>? progress, string name) => progress is null ? null : new NamedProgress(progress, name);

    public void Report(StepProgress value) => progress.Report(value.Step.Length > 0 ? value : value with { Step = name });
}

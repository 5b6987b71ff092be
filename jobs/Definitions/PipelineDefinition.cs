using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>A pipeline as a person wrote it.</summary>
public sealed record PipelineDefinition
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>Where the file begins.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The steps, as the file orders them.</summary>
    public required IReadOnlyList<StepDefinition> Steps { get; init; }
}

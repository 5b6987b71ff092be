using Lepton.Data.Connectors.Files;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>A pipeline as a person wrote it.</summary>
public sealed record PipelineDefinition
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>Where its name stands.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The sources, as the file orders them; only this pipeline's steps see them.</summary>
    public IReadOnlyList<FileSourceDefinition> Sources { get; init; } = [];

    /// <summary>The steps, as the file orders them.</summary>
    public required IReadOnlyList<StepDefinition> Steps { get; init; }
}

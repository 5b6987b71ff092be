namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>All that a project defines for its feature store. Immutable.</summary>
public sealed record FeatureDefinitions
{
    /// <summary>No definitions.</summary>
    public static FeatureDefinitions Empty { get; } = new();

    /// <summary>By name, in order of name.</summary>
    public IReadOnlyList<Entity> Entities { get; init; } = [];

    /// <inheritdoc cref="Entities"/>
    public IReadOnlyList<FeatureView> FeatureViews { get; init; } = [];

    /// <inheritdoc cref="Entities"/>
    public IReadOnlyList<FeatureService> FeatureServices { get; init; } = [];

    /// <inheritdoc cref="Entities"/>
    public IReadOnlyList<TrainingSetDefinition> TrainingSets { get; init; } = [];

    /// <summary>Whether nothing is defined.</summary>
    public bool IsEmpty => Entities.Count + FeatureViews.Count + FeatureServices.Count + TrainingSets.Count == 0;

    /// <summary>Reads <c>features/*.yaml</c> of a project.</summary>
    /// <param name="projectFolder">The folder of <c>lepton.yaml</c>; errors name files relative to it.</param>
    /// <returns>The definitions, checked for themselves (names, references among them), not yet against the lake's tables; empty where there is no such folder.</returns>
    /// <exception cref="Schemas.LeptonDataException">A file is not as it must be; the place says where.</exception>
    public static FeatureDefinitions Load(string projectFolder) => throw new Schemas.LeptonDataException("featurestore.unfinished", [projectFolder]);
}

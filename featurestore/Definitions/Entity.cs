using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>A thing that features describe, and the columns that identify it.</summary>
/// <param name="Name"><c>[a-z][a-z0-9_]*</c>, unique among the entities.</param>
/// <param name="Keys">The join keys, in order; at least one, distinct without case. Entity rows carry them under these names.</param>
public sealed record Entity(string Name, EquatableList<string> Keys)
{
    /// <summary>What people say of it.</summary>
    public Notes Notes { get; init; } = Notes.None;

    /// <summary>Where it is defined; null where it was read from the registry. No part of the definition.</summary>
    public SourcePlace? Place { get; init; }
}

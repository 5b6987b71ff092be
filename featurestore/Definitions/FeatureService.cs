using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>The features of one model.</summary>
/// <param name="Name"><c>[a-z][a-z0-9_]*</c>, unique among the services.</param>
/// <param name="Features">In order; at least one.</param>
public sealed record FeatureService(string Name, EquatableList<FeatureReference> Features)
{
    /// <summary>What people say of it.</summary>
    public Notes Notes { get; init; } = Notes.None;

    /// <summary>Where it is defined; null where it was read from the registry. No part of the definition.</summary>
    public SourcePlace? Place { get; init; }
}

/// <summary>One feature of a view, or all of them.</summary>
/// <param name="View">The view.</param>
/// <param name="Feature">The feature; null for all of the view's.</param>
public readonly record struct FeatureReference(string View, string? Feature)
{
    /// <summary>What the output columns begin with instead of the view's name: <c>prefix__feature</c>, <c>prefix__status</c>; null for the view's name. So that one view is joined more than once.</summary>
    public string? Prefix { get; init; }

    /// <summary>The label columns that hold keys of the entity, where they have other names than the keys; null for none.</summary>
    public EquatableList<KeyColumn>? Keys { get; init; }

    /// <summary>Reads <c>view</c> or <c>view:feature</c>.</summary>
    public static FeatureReference Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? new FeatureReference(text, null) : new FeatureReference(text[..colon], text[(colon + 1)..]);
    }

    /// <summary><c>view</c> or <c>view:feature</c>, without prefix and keys.</summary>
    public override string ToString() => Feature is null ? View : $"{View}:{Feature}";
}

/// <summary>The label column that holds a key of an entity.</summary>
/// <param name="Key">The entity's key.</param>
/// <param name="Column">The labels' column.</param>
public readonly record struct KeyColumn(string Key, string Column);

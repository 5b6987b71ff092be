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
    /// <summary>Reads <c>view</c> or <c>view:feature</c>.</summary>
    public static FeatureReference Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? new FeatureReference(text, null) : new FeatureReference(text[..colon], text[(colon + 1)..]);
    }

    /// <summary><c>view</c> or <c>view:feature</c>.</summary>
    public override string ToString() => Feature is null ? View : $"{View}:{Feature}";
}

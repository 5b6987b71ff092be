using System.Globalization;
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

    /// <summary>The version of the view, counted from 1, as the registry keeps it; null for the newest.</summary>
    public int? Version { get; init; }

    /// <summary>Reads <c>view</c> or <c>view:feature</c>, and <c>view@v1</c> in place of the view.</summary>
    public static FeatureReference Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        FeatureReference view = ParseView(colon < 0 ? text : text[..colon]);
        return colon < 0 ? view : view with { Feature = text[(colon + 1)..] };
    }

    /// <summary>Reads <c>view</c> or <c>view@v1</c>.</summary>
    internal static FeatureReference ParseView(string text)
    {
        int at = text.IndexOf("@v", StringComparison.Ordinal);
        return at > 0 && int.TryParse(text[(at + 2)..], NumberStyles.None, CultureInfo.InvariantCulture, out int version) && version > 0
            ? new FeatureReference(text[..at], null) { Version = version }
            : new FeatureReference(text, null);
    }

    /// <summary>The view, with its version where one is meant.</summary>
    internal string ViewText => Version is { } version ? string.Create(CultureInfo.InvariantCulture, $"{View}@v{version}") : View;

    /// <summary><c>view</c> or <c>view:feature</c>, without prefix and keys.</summary>
    public override string ToString() => Feature is null ? ViewText : $"{ViewText}:{Feature}";
}

/// <summary>The label column that holds a key of an entity.</summary>
/// <param name="Key">The entity's key.</param>
/// <param name="Column">The labels' column.</param>
public readonly record struct KeyColumn(string Key, string Column);

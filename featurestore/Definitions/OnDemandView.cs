using Lepton.Data.Schemas;
using Lepton.Data.Sql;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>Features that are computed from joined ones and from columns of the labels, row by row; docs/training-sets.md.</summary>
/// <param name="Name"><c>[a-z][a-z0-9_]*</c>, unique among all views.</param>
/// <param name="Features">In order; at least one.</param>
public sealed record OnDemandView(string Name, EquatableList<OnDemandFeature> Features)
{
    /// <summary>The views that are joined for it: expressions call their columns <c>view__feature</c> and <c>view__status</c>, with the prefix where a reference has one.</summary>
    public EquatableList<FeatureReference> Reads { get; init; } = [];

    /// <summary>The columns of the labels that expressions may take, with their types.</summary>
    public EquatableList<RequestColumn> Inputs { get; init; } = [];

    /// <summary>What people say of it.</summary>
    public Notes Notes { get; init; } = Notes.None;

    /// <summary>Where it is defined; null where it was read from the registry. No part of the definition.</summary>
    public SourcePlace? Place { get; init; }

    /// <summary>The output column of one feature: <c>view__feature</c>.</summary>
    public string ColumnOf(string feature) => $"{Name}__{feature}";
}

/// <summary>A feature that is computed.</summary>
/// <param name="Name"><c>[a-z][a-z0-9_]*</c>, unique in its view.</param>
/// <param name="Expression">One scalar expression, the same each time for the same row.</param>
public sealed record OnDemandFeature(string Name, SqlText Expression);

/// <summary>A column that the labels bring to an on-demand view.</summary>
/// <param name="Name">As the labels call it, without regard to case.</param>
/// <param name="Type">Its type, which the labels must have exactly.</param>
public readonly record struct RequestColumn(string Name, DataType Type);

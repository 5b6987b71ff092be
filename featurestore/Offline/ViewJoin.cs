using Lepton.Data.FeatureStore.Definitions;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>One view to join.</summary>
/// <param name="View">With the features that are wanted, in the order of their columns.</param>
/// <param name="Entity">The view's entity.</param>
internal sealed record ViewJoin(FeatureView View, Entity Entity)
{
    /// <summary>The view's name in the definitions, where it is joined under another.</summary>
    internal string DefinedView { get; init; } = View.Name;

    /// <summary>The entity's name in the definitions, where its keys are called otherwise here.</summary>
    internal string DefinedEntity { get; init; } = Entity.Name;

    /// <summary>The columns that the view adds, in order: its features, then its status where it is point-in-time.</summary>
    internal IEnumerable<string> Columns => View.IsPointInTime ? View.Features.Select(View.ColumnOf).Append(View.StatusColumn) : View.Features.Select(View.ColumnOf);
}

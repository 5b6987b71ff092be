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

    /// <summary>The version of the view that is joined, where it is not the newest.</summary>
    internal int? OldVersion { get; init; }

    /// <summary>How many of the view's features come out, the first; the others are joined for on-demand features alone. Where none comes out, the status does not either.</summary>
    internal int AskedCount { get; init; } = View.Features.Count;

    /// <summary>The columns that are joined, in order: the view's features, then its status where it is point-in-time.</summary>
    internal IEnumerable<string> Columns => View.IsPointInTime ? View.Features.Select(View.ColumnOf).Append(View.StatusColumn) : View.Features.Select(View.ColumnOf);

    /// <summary>Those of <see cref="Columns"/> that come out.</summary>
    internal IEnumerable<string> AskedColumns
        => View.Features.Take(AskedCount).Select(View.ColumnOf).Concat(View.IsPointInTime && AskedCount > 0 ? [View.StatusColumn] : (string[])[]);
}

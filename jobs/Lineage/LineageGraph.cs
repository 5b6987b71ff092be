using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Lineage;

/// <summary>What a relation of a lineage is.</summary>
public enum LineageRelationKind
{
    /// <summary>Files outside the lake.</summary>
    Source,

    /// <summary>A table that no step of the project makes.</summary>
    Table,

    /// <summary>A table that a step makes.</summary>
    Step,
}

/// <summary>A source or a table.</summary>
/// <param name="Name">The table's name; of a source the name that steps use.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Pipeline">Whose source or step; null for a table that no step makes.</param>
/// <param name="Path">Of a source: its files, as the pipeline says.</param>
/// <param name="Columns">Its columns, with what is known of them.</param>
public sealed record LineageRelation(string Name, LineageRelationKind Kind, string? Pipeline, string? Path, IReadOnlyList<Field> Columns);

/// <summary>A column of a relation.</summary>
public sealed record LineageColumn(string Relation, string Column)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Relation}.{Column}";
}

/// <summary>A column of which another is made.</summary>
/// <param name="From">What is read.</param>
/// <param name="To">What is made.</param>
/// <param name="IsValue">Whether its values flow there; false where it only decides which rows count, or in which group.</param>
public sealed record LineageEdge(LineageColumn From, LineageColumn To, bool IsValue);

/// <summary>All columns of a project's pipelines, and what each is made of. Immutable.</summary>
public sealed class LineageGraph
{
    private readonly ILookup<LineageColumn, LineageEdge> _up;
    private readonly ILookup<LineageColumn, LineageEdge> _down;

    internal LineageGraph(IReadOnlyList<LineageRelation> relations, IReadOnlyList<LineageEdge> edges)
    {
        (Relations, Edges) = (relations, edges);
        _up = edges.ToLookup(edge => edge.To);
        _down = edges.ToLookup(edge => edge.From);
    }

    /// <summary>Sources first, then the others as they are made.</summary>
    public IReadOnlyList<LineageRelation> Relations { get; }

    /// <summary>From what to what, one step each.</summary>
    public IReadOnlyList<LineageEdge> Edges { get; }

    /// <summary>The edges at <paramref name="column"/> on the way up to the sources, or down: values first, each group by name.</summary>
    public IReadOnlyList<LineageEdge> At(LineageColumn column, bool isDownstream)
        => [.. (isDownstream ? _down : _up)[column].OrderBy(edge => !edge.IsValue).ThenBy(edge => (isDownstream ? edge.To : edge.From).ToString(), StringComparer.Ordinal)];

    /// <summary>Every edge on the way up from <paramref name="start"/>, or down. Where a column only decides which rows count, its own values are followed further and nothing that decided about it: all else would be everything.</summary>
    public IReadOnlyList<LineageEdge> Reach(IEnumerable<LineageColumn> start, bool isDownstream)
    {
        var found = new HashSet<LineageEdge>();
        var seen = new HashSet<(LineageColumn, bool)>();
        var open = new Queue<(LineageColumn Column, bool FollowsInfluences)>(start.Select(column => (column, true)));
        while (open.TryDequeue(out (LineageColumn Column, bool FollowsInfluences) next))
        {
            if (!seen.Add(next)) continue;
            foreach (LineageEdge edge in At(next.Column, isDownstream))
            {
                if (!edge.IsValue && !next.FollowsInfluences) continue;
                found.Add(edge);
                open.Enqueue((isDownstream ? edge.To : edge.From, next.FollowsInfluences && edge.IsValue));
            }
        }
        return [.. found];
    }
}

using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>Asks an ordered query by what its rows are sorted, so that one can see whether the order is total.</summary>
public static class OrderKeys
{
    /// <summary>
    /// The sort keys of the rows that <paramref name="query"/> gives, one column for each key. Where LIMIT and OFFSET cut rows out, the row before the first and the one behind the last
    /// are among them: if one ties with its neighbour, chance decides which of the two is in.
    /// </summary>
    /// <param name="query">Left unchanged.</param>
    /// <exception cref="ArgumentException">The query is not ordered.</exception>
    public static BoundQuery Of(BoundQuery query)
    {
        if (Find(query.Root) is not { } ordered) throw new ArgumentException("the query has no ORDER BY", nameof(query));
        var items = new EquatableList<BoundItem>(ordered.Keys.Select((key, i) => Item(key.Expression, i)));
        var schema = new Schema(items.Select(item => new Field(item.Column.Name, item.Column.Type.DataType!)));
        return new BoundQuery(query.Source, new BoundProject(ordered.Relation, items), schema, query.Inputs, query.Facts with { IsOrdered = false, PlanHash = "" }, query.Access);
    }

    private static BoundItem Item(BoundExpression key, int index)
    {
        SqlType type = key is BoundColumnReference reference ? reference.Column.Type : throw new InvalidOperationException("a sort key is a column");
        // Equal values have equal texts, whatever the type.
        bool isFlat = type.DataType is { Id: not (TypeId.Struct or TypeId.List or TypeId.FixedSizeList or TypeId.Map or TypeId.Null) };
        return isFlat
            ? new BoundItem(new BoundColumn($"key{index}", type), key)
            : new BoundItem(new BoundColumn($"key{index}", SqlType.Of(DataType.String)), new BoundCast(key, SqlType.Of(DataType.String), GivesNull: false));
    }

    private static (BoundRelation Relation, EquatableList<BoundSortKey> Keys)? Find(BoundRelation relation)
    {
        switch (relation)
        {
            case BoundSort sort: return (sort, sort.Keys);
            case BoundDistinctOn { Order.Count: > 0 } distinct: return (distinct, distinct.Order);
            // What is projected away above the sort is what we are after.
            case BoundProject project: return Find(project.Source);
            case BoundLimit limit when Find(limit.Source) is { } cut:
                int before = limit.Offset > 0 ? 1 : 0;
                return (new BoundLimit(cut.Relation, limit.Count is { } count && count < long.MaxValue - 2 ? count + 1 + before : null, limit.Offset - before), cut.Keys);
            case BoundWith with when Find(with.Source) is { } inner: return (new BoundWith(with.Tables, inner.Relation), inner.Keys);
            default: return null;
        }
    }
}

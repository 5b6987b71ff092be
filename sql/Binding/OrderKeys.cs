using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>Shows by what an ordered query sorts its rows, so that one can see whether the order is total.</summary>
/// <param name="Query">The query with its sort keys as further columns (<c>__key0</c>, …), in the same order, and with the neighbours of what LIMIT and OFFSET cut out.</param>
/// <param name="KeyCount">How many keys.</param>
/// <param name="RowsBefore">How many rows at the front are neighbours: 0 or 1.</param>
/// <param name="RowCountMax">How many rows after them are the query's own; what follows is a neighbour again. Null where nothing cuts the rows.</param>
/// <remarks>The neighbours matter: where the last row ties with the one behind it, chance decides which of the two is in.</remarks>
public sealed record OrderKeys(BoundQuery Query, int KeyCount, long RowsBefore, long? RowCountMax)
{
    private const string KeyPrefix = "__key";

    /// <summary>The name of the column that holds a key.</summary>
    /// <param name="index">Counted from 0.</param>
    public static string ColumnName(int index) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{KeyPrefix}{index}");

    /// <summary>The keys beside the rows of <paramref name="query"/>.</summary>
    /// <param name="query">Left unchanged.</param>
    /// <exception cref="ArgumentException">The query is not ordered.</exception>
    public static OrderKeys Beside(BoundQuery query)
    {
        if (Extend(query.Root) is not { } ordered) throw new ArgumentException("the query has no ORDER BY", nameof(query));
        IEnumerable<BoundItem> own = ordered.Relation.Columns.Take(query.Schema.Count).Select(column => new BoundItem(new BoundColumn(column.Name, column.Type), new BoundColumnReference(column)));
        BoundItem[] keys = [.. ordered.Keys.Select(Flat)];
        var root = new BoundProject(ordered.Relation, new EquatableList<BoundItem>([.. own, .. keys]));
        var schema = new Schema([.. query.Schema.Fields, .. keys.Select(key => new Field(key.Column.Name, key.Column.Type.DataType!))]);
        return new OrderKeys(new BoundQuery(query.Source, root, schema, query.Inputs, query.Facts with { PlanHash = "" }, query.Access), keys.Length, ordered.Before, ordered.Count);
    }

    // Equal values have equal texts, so what a batch cannot hold is compared as text.
    private static BoundItem Flat(BoundColumn key, int index)
    {
        bool isFlat = key.Type.DataType is { Id: not (TypeId.Struct or TypeId.List or TypeId.FixedSizeList or TypeId.Map or TypeId.Null) };
        SqlType type = isFlat ? key.Type : SqlType.Of(DataType.String);
        BoundExpression value = new BoundColumnReference(key);
        return new BoundItem(new BoundColumn(ColumnName(index), type), isFlat ? value : new BoundCast(value, type, GivesNull: false));
    }

    private static Ordered? Extend(BoundRelation relation)
    {
        switch (relation)
        {
            case BoundSort sort: return new Ordered(sort, ColumnsOf(sort.Keys), 0, null);
            case BoundDistinctOn { Order.Count: > 0 } distinct: return new Ordered(distinct, ColumnsOf(distinct.Order), 0, null);
            case BoundProject project when Extend(project.Source) is { } source:
                // What is projected away above the sort is what we are after.
                BoundItem[] kept = [.. source.Keys.Select(key => new BoundItem(new BoundColumn(key.Name, key.Type), new BoundColumnReference(key)))];
                return source with { Relation = new BoundProject(source.Relation, new EquatableList<BoundItem>([.. project.Items, .. kept])), Keys = [.. kept.Select(item => item.Column)] };
            case BoundLimit limit when Extend(limit.Source) is { } whole:
                long before = limit.Offset > 0 ? 1 : 0;
                long? count = limit.Count is { } own && own < long.MaxValue - 2 ? own : null;
                return whole with { Relation = new BoundLimit(whole.Relation, count + before + 1, limit.Offset - before), Before = before, Count = count };
            case BoundWith with when Extend(with.Source) is { } inner: return inner with { Relation = new BoundWith(with.Tables, inner.Relation) };
            default: return null;
        }
    }

    private static IReadOnlyList<BoundColumn> ColumnsOf(EquatableList<BoundSortKey> keys)
        => [.. keys.Select(key => key.Expression is BoundColumnReference reference ? reference.Column : throw new InvalidOperationException("a sort key is a column"))];

    private sealed record Ordered(BoundRelation Relation, IReadOnlyList<BoundColumn> Keys, long Before, long? Count);
}

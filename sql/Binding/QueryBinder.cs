using System.Numerics;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

/// <summary>Binds one query: names, stars, functions and types, scope by scope. Used once.</summary>
internal sealed partial class QueryBinder(SqlText text, ISqlFrontEnd frontEnd, IReadOnlyDictionary<string, Schema> inputs)
{
    // Aliases that name aliases double an expression with each step; this ends it long before memory does.
    private const long ExpressionSizeMax = 50_000;

    // Twice what DuckDB takes in one expression, since aliases put expressions inside others.
    private const int ExpressionDepthMax = 2_000;

    private readonly TypeProber _prober = new(text, frontEnd);
    private readonly Dictionary<string, Schema> _used = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The inputs that were read.</summary>
    internal IReadOnlyDictionary<string, Schema> UsedInputs => _used;

    /// <summary>The first call that is not pure.</summary>
    internal ImpureCall? ImpureCall { get; private set; }

    internal BoundRelation Bind(ParsedQuery query) => Query(query, null, null);

    private BoundRelation Query(ParsedQuery query, Scope? outer, CommonTableScope? commonTables)
    {
        text.EnsureStack(-1);
        var tables = new List<BoundCommonTable>();
        foreach (ParsedCommonTable parsed in query.CommonTables)
        {
            if (tables.Any(table => table.Name.Equals(parsed.Name, StringComparison.OrdinalIgnoreCase))) throw text.At(-1, "sql.duplicate_table", parsed.Name);
            // A common table that reads columns around it would be another one for each row: its scope is empty, so that such a name is unknown.
            BoundRelation relation = Query(parsed.Query, null, commonTables);
            if (parsed.ColumnNames.Count > 0) relation = Renamed(relation, parsed.ColumnNames, parsed.Name, -1);
            var table = new BoundCommonTable(parsed.Name, relation);
            tables.Add(table);
            commonTables = new CommonTableScope(commonTables, table);
        }
        BoundRelation bound = query switch
        {
            ParsedSelect select => Select(select, outer, commonTables),
            ParsedSetOperation operation => SetOperation(operation, outer, commonTables),
            ParsedRecursion recursion => Recursion(recursion, commonTables),
            _ => throw new InvalidOperationException($"A query is a {query.GetType()}."),
        };
        return tables.Count == 0 ? bound : new BoundWith(new EquatableList<BoundCommonTable>(tables), bound);
    }

    private BoundRecursion Recursion(ParsedRecursion recursion, CommonTableScope? commonTables)
    {
        if (recursion.Modifiers != ParsedModifiers.None) throw text.At(-1, "sql.unknown_node", "RECURSIVE_CTE_NODE.modifiers");
        BoundRelation anchor = Query(recursion.Anchor, null, commonTables);
        IReadOnlyList<string> names = recursion.ColumnNames;
        if (names.Count > anchor.Columns.Count) throw text.At(FirstOffset(recursion.Anchor), "sql.too_many_column_names", recursion.Name, names.Count, anchor.Columns.Count);
        // The anchor's types hold, and what the step gives is cast to them. What is nothing but NULL there is an INTEGER.
        EquatableList<BoundColumn> Columns() => new(anchor.Columns.Select((column, i)
            => new BoundColumn(i < names.Count ? names[i] : column.Name, column.Type.DataType is NullType ? new SqlType("INTEGER") : column.Type)));
        var working = new BoundCommonTable(recursion.Name, new BoundWorkingTable(Columns()));
        BoundRelation step = Query(recursion.Step, null, new CommonTableScope(commonTables, working));
        if (step.Columns.Count != anchor.Columns.Count) throw text.At(FirstOffset(recursion.Step), "sql.set_operation_columns", anchor.Columns.Count, step.Columns.Count);
        return new BoundRecursion(recursion.IsAll, anchor, step, working, Columns());
    }

    private BoundProject Renamed(BoundRelation relation, IReadOnlyList<string> names, string table, long offset)
    {
        if (names.Count > relation.Columns.Count) throw text.At(offset, "sql.too_many_column_names", table, names.Count, relation.Columns.Count);
        return new BoundProject(relation, new EquatableList<BoundItem>(relation.Columns.Select((column, i)
            => new BoundItem(new BoundColumn(i < names.Count ? names[i] : column.Name, column.Type), new BoundColumnReference(column)))));
    }

    private BoundRelation SetOperation(ParsedSetOperation operation, Scope? outer, CommonTableScope? commonTables)
    {
        SetOperationKind kind = operation.Type switch
        {
            "UNION" => SetOperationKind.Union,
            "EXCEPT" => SetOperationKind.Except,
            "INTERSECT" => SetOperationKind.Intersect,
            "UNION_BY_NAME" => SetOperationKind.Union,
            _ => throw text.At(-1, "sql.unknown_node", operation.Type),
        };
        BoundRelation left = Query(operation.Left, outer, commonTables);
        BoundRelation right = Query(operation.Right, outer, commonTables);
        if (operation.Type == "UNION_BY_NAME")
        {
            List<string> names = [.. left.Columns.Concat(right.Columns).Select(column => column.Name).Distinct(StringComparer.OrdinalIgnoreCase)];
            left = ByName(left, names);
            right = ByName(right, names);
        }
        if (left.Columns.Count != right.Columns.Count) throw text.At(FirstOffset(operation.Right), "sql.set_operation_columns", left.Columns.Count, right.Columns.Count);
        IReadOnlyList<SqlType> types = _prober.SetOperation(left.Columns, right.Columns, FirstOffset(operation.Right));
        var columns = new EquatableList<BoundColumn>(left.Columns.Select((column, i) => new BoundColumn(column.Name, types[i])));
        BoundRelation result = new BoundSetOperation(kind, operation.IsAll, left, right, columns);

        ParsedModifiers modifiers = operation.Modifiers;
        if (modifiers.IsDistinct) throw text.At(-1, "sql.unknown_node", "SET_OPERATION_NODE.DISTINCT_MODIFIER");
        if (modifiers.Order.Count > 0) result = new BoundSort(result, new EquatableList<BoundSortKey>(modifiers.Order.SelectMany(order => OutputOrder(order, columns))));
        return Limited(result, modifiers);
    }

    // A column that one side lacks is NULL there.
    private BoundProject ByName(BoundRelation side, List<string> names)
    {
        var items = new List<BoundItem>();
        foreach (string name in names)
        {
            List<BoundColumn> found = [.. side.Columns.Where(column => Same(column.Name, name))];
            if (found.Count > 1) throw text.At(-1, "sql.ambiguous_column", name, "UNION BY NAME");
            items.Add(found.Count == 1
                ? new BoundItem(new BoundColumn(name, found[0].Type), new BoundColumnReference(found[0]))
                : new BoundItem(new BoundColumn(name, SqlType.Of(DataType.Null)), new BoundConstant(new SqlType("NULL"), null)));
        }
        return new BoundProject(side, new EquatableList<BoundItem>(items));
    }

    private static long FirstOffset(ParsedQuery query) => query switch
    {
        ParsedSelect select => select.Items.Select(item => item.Offset).FirstOrDefault(offset => offset >= 0, select.From.Offset),
        ParsedSetOperation operation => FirstOffset(operation.Left),
        _ => -1,
    };

    // After a set operation only the columns that come out can be named.
    private IEnumerable<BoundSortKey> OutputOrder(ParsedOrder order, EquatableList<BoundColumn> columns)
    {
        switch (order.Expression)
        {
            case ParsedStar { IsColumns: true, Table: "", Pattern: null }:
                return columns.Select(column => SortKey(order, new BoundColumnReference(column)));
            case ParsedConstant constant when Ordinal(constant, columns.Count, "ORDER BY") is { } index:
                return [SortKey(order, new BoundColumnReference(columns[index]) { Offset = constant.Offset })];
            case ParsedColumn { Names: [var name] } named:
                List<BoundColumn> found = [.. columns.Where(column => column.Name.Equals(name, StringComparison.OrdinalIgnoreCase))];
                if (found.Count == 0) throw UnknownColumn(name, named.Offset, columns.Select(column => column.Name));
                if (found.Count > 1) throw text.At(named.Offset, "sql.ambiguous_column", name, "ORDER BY");
                return [SortKey(order, new BoundColumnReference(found[0]) { Offset = named.Offset })];
            default:
                throw text.At(order.Expression.Offset, "sql.order_by_not_an_output");
        }
    }

    /// <summary>The index that an integer constant names in GROUP BY or ORDER BY, or null where it is no integer.</summary>
    private int? Ordinal(ParsedConstant constant, int count, string clause)
    {
        if (constant.Value is not BigInteger number || constant.Type.Name.StartsWith("DECIMAL", StringComparison.Ordinal)) return null;
        if (number < 1 || number > count) throw text.At(constant.Offset, "sql.ordinal_out_of_range", clause, number, count);
        return (int)number - 1;
    }

    private BoundSortKey SortKey(ParsedOrder order, BoundExpression expression)
    {
        bool isDescending = order.Direction switch
        {
            "ORDER_DEFAULT" or "ASCENDING" => false,
            "DESCENDING" => true,
            _ => throw text.At(expression.Offset, "sql.unknown_node", order.Direction),
        };
        bool nullsFirst = order.Nulls switch
        {
            "ORDER_DEFAULT" or "NULLS LAST" or "NULLS_LAST" => false,
            "NULLS FIRST" or "NULLS_FIRST" => true,
            _ => throw text.At(expression.Offset, "sql.unknown_node", order.Nulls),
        };
        return new BoundSortKey(expression, isDescending, nullsFirst);
    }

    private BoundRelation Limited(BoundRelation relation, ParsedModifiers modifiers)
    {
        long? count = LimitValue(modifiers.Limit, "LIMIT");
        long? offset = LimitValue(modifiers.Offset, "OFFSET");
        return count is null && offset is null ? relation : new BoundLimit(relation, count, offset ?? 0);
    }

    private long? LimitValue(ParsedExpression? expression, string clause)
    {
        switch (expression)
        {
            case null or ParsedConstant { Value: null }:
                return null;
            case ParsedConstant { Value: BigInteger value, Type.Name: "INTEGER" or "BIGINT" } when value >= 0:
                return (long)value;
            case ParsedCast { Operand: ParsedConstant { Value: BigInteger value, Type.Name: "INTEGER" or "BIGINT" }, Type.Name: "INTEGER" or "BIGINT" } when value >= 0:
                return (long)value;
            default:
                throw text.At(expression.Offset, "sql.limit_not_a_constant", clause);
        }
    }

    private LeptonDataException UnknownColumn(string name, long offset, IEnumerable<string> candidates) => Unknown("sql.unknown_column", name, offset, candidates);

    // Each such code has a twin that ends with a suggestion.
    private LeptonDataException Unknown(string code, string name, long offset, IEnumerable<string> candidates)
        => Suggest.Nearest(name, candidates) is { } near ? text.At(offset, $"{code}_suggest", name, near) : text.At(offset, code, name);
}

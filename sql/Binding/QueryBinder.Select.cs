using Lepton.Data.Schemas;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

internal sealed partial class QueryBinder
{
    private BoundRelation Select(ParsedSelect select, Scope? outer, CommonTableScope? commonTables)
    {
        (BoundRelation relation, Scope scope) = From(select.From, outer, commonTables);
        return Select(select, relation, scope, commonTables);
    }

    private BoundRelation Select(ParsedSelect select, BoundRelation relation, Scope scope, CommonTableScope? commonTables)
    {
        var block = new SelectBlock();
        var context = new ExpressionContext(scope, Clause.Select, block, commonTables, 0, []);
        OpenItems(select.Items, block, context);

        BoundExpression? where = select.Where is null ? null : Expression(select.Where, context with { Clause = Clause.Where, AliasLimit = block.Items.Count });
        List<BoundExpression> keys = GroupKeys(select, context);
        foreach (BoundColumnReference key in keys.OfType<BoundColumnReference>()) block.GroupedColumns.Add(key.Column);
        List<BoundExpression> items = [.. block.Items.Select((item, i) => Item(block, i, context))];
        BoundExpression? having = select.Having is null ? null : Expression(select.Having, context with { Clause = Clause.Having, AliasLimit = block.Items.Count });
        BoundExpression? qualify = select.Qualify is null ? null : Expression(select.Qualify, context with { Clause = Clause.Qualify, AliasLimit = block.Items.Count });
        List<(ParsedOrder Order, BoundExpression Expression)> order = [.. select.Modifiers.Order.SelectMany(key => OrderKeys(key, items, context))];
        List<BoundExpression> distinctOn = [.. select.Modifiers.DistinctOn.SelectMany(key => OrderKeys(new ParsedOrder("ORDER_DEFAULT", "ORDER_DEFAULT", key), items, context)).Select(key => key.Expression)];

        if (where is not null) relation = new BoundFilter(relation, where);
        bool isAggregated = select.GroupsByAll || select.GroupingSets.Count > 0 || keys.Count > 0 || select.Having is not null || block.Aggregates.Count > 0;
        if (isAggregated)
        {
            if (select.GroupsByAll) keys = AllKeys(items, block);
            (relation, Regrouper regrouper) = Aggregate(relation, where, keys, select, block, scope);
            items = [.. items.Select(regrouper.Rewrite)];
            having = having is null ? null : regrouper.Rewrite(having);
            qualify = qualify is null ? null : regrouper.Rewrite(qualify);
            order = [.. order.Select(key => (key.Order, regrouper.Rewrite(key.Expression)))];
            distinctOn = [.. distinctOn.Select(regrouper.Rewrite)];
            for (int i = 0; i < block.Windows.Count; i++) block.Windows[i] = block.Windows[i] with { Call = (BoundWindowCall)regrouper.Rewrite(block.Windows[i].Call) };
            if (having is not null)
            {
                _prober.Check([having]);
                relation = new BoundFilter(relation, having);
            }
        }
        else if (where is not null && block.Windows.Count > 0) _prober.Check([where]);

        if (block.Windows.Count > 0)
        {
            List<BoundWindowItem> windows = _prober.Windows(block.Windows);
            relation = new BoundWindow(relation, new EquatableList<BoundWindowItem>(windows));
            if (qualify is not null)
            {
                _prober.Check([qualify]);
                relation = new BoundFilter(relation, qualify);
            }
        }
        else if (qualify is not null) throw text.At(select.Qualify!.Offset, "sql.qualify_without_window");

        return Output(select, block, relation, items, order, distinctOn, isAggregated || block.Windows.Count > 0 ? null : where);
    }

    private BoundRelation Output(
        ParsedSelect select, SelectBlock block, BoundRelation relation, List<BoundExpression> items, List<(ParsedOrder Order, BoundExpression Expression)> order,
        List<BoundExpression> distinctOn, BoundExpression? where)
    {
        // What is sorted by need not come out; it rides along and is dropped at the end.
        List<BoundExpression> hidden = [.. order.Select(key => key.Expression).Concat(distinctOn).Where(expression => !items.Contains(expression)).Distinct()];
        if (hidden.Count > 0 && select.Modifiers.IsDistinct && distinctOn.Count == 0) throw text.At(hidden[0].Offset, "sql.order_by_not_an_output");
        IReadOnlyList<SqlType> types = _prober.Types([.. items, .. hidden], where);
        var all = new List<BoundItem>();
        for (int i = 0; i < items.Count; i++)
            all.Add(new BoundItem(new BoundColumn(block.Items[i].Name ?? AutomaticName.Of(block.Items[i].Parsed!) ?? AutomaticName.Unnamed, types[i]), items[i]));
        for (int i = 0; i < hidden.Count; i++) all.Add(new BoundItem(new BoundColumn("__order", types[items.Count + i]), hidden[i]));

        relation = new BoundProject(relation, new EquatableList<BoundItem>(all));
        BoundColumn Output(BoundExpression expression) => all.First(item => item.Expression.Equals(expression)).Column;
        var keys = new EquatableList<BoundSortKey>(order.Select(key => SortKey(key.Order, new BoundColumnReference(Output(key.Expression)) { Offset = key.Expression.Offset })));
        if (select.Modifiers.IsDistinct)
        {
            relation = distinctOn.Count == 0
                ? new BoundDistinct(relation)
                : new BoundDistinctOn(relation, new EquatableList<BoundColumn>(distinctOn.Select(Output)), keys);
        }
        if (keys.Count > 0 && relation is not BoundDistinctOn) relation = new BoundSort(relation, keys);
        relation = Limited(relation, select.Modifiers);
        if (hidden.Count == 0) return relation;
        return new BoundProject(relation, new EquatableList<BoundItem>(
            all.Take(items.Count).Select(item => new BoundItem(new BoundColumn(item.Column.Name, item.Column.Type), new BoundColumnReference(item.Column)))));
    }

    private BoundExpression Item(SelectBlock block, int index, ExpressionContext context)
        => block.Items[index].Bound ?? Alias(block, index, context with { Clause = Clause.Select });

    // GROUP BY: an ordinal, a column, an alias that is no column, or any expression over columns.
    private List<BoundExpression> GroupKeys(ParsedSelect select, ExpressionContext context)
    {
        var keys = new List<BoundExpression>();
        SelectBlock block = context.Block!;
        foreach (ParsedExpression parsed in select.Groups)
        {
            ExpressionContext group = context with { Clause = Clause.GroupBy };
            if (parsed is ParsedConstant constant && Ordinal(constant, block.Items.Count, "GROUP BY") is { } index)
                keys.Add(block.Items[index].Bound ?? Alias(block, index, group));
            else
                keys.Add(Expression(parsed, parsed is ParsedColumn ? group with { AliasLimit = block.Items.Count } : group));
        }
        return keys;
    }

    // GROUP BY ALL: the items that read columns outside aggregates. One without columns is the same for all rows, and no key.
    private List<BoundExpression> AllKeys(List<BoundExpression> items, SelectBlock block)
    {
        var keys = new List<BoundExpression>();
        foreach (BoundExpression item in items)
        {
            IReadOnlySet<BoundColumn> columns = ExpressionWalk.Columns(item);
            // A window over aggregates is computed from the groups, so it cannot be what makes them.
            bool IsAggregated(IReadOnlySet<BoundColumn> read) => block.Aggregates.Exists(call => read.Contains(call.Column));
            List<BoundWindowItem> windows = block.Windows.FindAll(window => columns.Contains(window.Column));
            if (windows.Exists(window => IsAggregated(ExpressionWalk.Columns(window.Call)))) continue;
            if (windows is [var window, ..]) throw text.At(item.Offset, "sql.window_not_here", window.Call.Function.Name, "GROUP BY ALL");
            if (columns.Count > 0 && !IsAggregated(columns) && !keys.Contains(item)) keys.Add(item);
        }
        return keys;
    }

    // ORDER BY and DISTINCT ON: an ordinal, an alias, or any expression, where columns come before aliases.
    private IEnumerable<(ParsedOrder Order, BoundExpression Expression)> OrderKeys(ParsedOrder order, List<BoundExpression> items, ExpressionContext context)
    {
        SelectBlock block = context.Block!;
        switch (order.Expression)
        {
            case ParsedStar { IsColumns: true, Table: "", Pattern: null }: return items.Select(item => (order, item));
            case ParsedConstant constant when Ordinal(constant, items.Count, "ORDER BY") is { } index: return [(order, items[index])];
            case ParsedColumn { Names: [var name] } named:
                for (int i = 0; i < block.Items.Count; i++)
                    if (block.Items[i].IsAlias && name.Equals(block.Items[i].Name, StringComparison.OrdinalIgnoreCase)) return [(order, items[i])];
                return [(order, Expression(named, context with { Clause = Clause.OrderBy, AliasLimit = block.Items.Count }))];
            default: return [(order, Expression(order.Expression, context with { Clause = Clause.OrderBy, AliasLimit = block.Items.Count }))];
        }
    }

    private (BoundRelation, Regrouper) Aggregate(BoundRelation relation, BoundExpression? where, List<BoundExpression> keys, ParsedSelect select, SelectBlock block, Scope scope)
    {
        foreach (BoundExpression named in block.Aggregates.Where(item => item.Call.Function == FunctionTable.Grouping).SelectMany(item => item.Call.Arguments))
            if (!keys.Contains(named)) throw text.At(named.Offset, "sql.grouping_not_a_key");
        // A group without keys and calls is still one row.
        if (keys.Count == 0 && block.Aggregates.Count == 0)
            block.Aggregates.Add(new BoundAggregateItem(new BoundColumn("__count"), new BoundAggregateCall(FunctionTable.Aggregate("count_star"), [], false, null, [])));
        (IReadOnlyList<SqlType> keyTypes, List<BoundAggregateItem> calls) = _prober.Aggregates(keys, block.Aggregates, where);
        var items = new EquatableList<BoundItem>(keys.Select((key, i) => new BoundItem(new BoundColumn(key is BoundColumnReference column ? column.Column.Name : $"__key{i}", keyTypes[i]), key)));
        bool isPlain = select.GroupsByAll || select.GroupingSets.Count == 0 || (select.GroupingSets.Count == 1 && select.GroupingSets[0].Count == keys.Count);
        EquatableList<EquatableList<int>>? sets = isPlain ? null : new(select.GroupingSets.Select(set => new EquatableList<int>(set)));
        var aggregate = new BoundAggregate(relation, items, sets, new EquatableList<BoundAggregateItem>(calls));
        return (aggregate, new Regrouper(text, items, scope));
    }

    /// <summary>What an item of the select list means where its alias is used.</summary>
    private BoundExpression Alias(SelectBlock block, int index, ExpressionContext context)
    {
        if (block.Items[index].Bound is { } bound) return bound;
        if (block.Resolved.TryGetValue((index, context.Clause), out BoundExpression? resolved)) return resolved;
        if (!block.Resolving.Add(index)) throw text.At(block.Items[index].Offset, "sql.alias_circle", block.Items[index].Name);
        // An item may name only aliases that stand before it.
        resolved = Expression(block.Items[index].Parsed!, context with { AliasLimit = index });
        block.Resolving.Remove(index);
        return block.Resolved[(index, context.Clause)] = resolved;
    }
}

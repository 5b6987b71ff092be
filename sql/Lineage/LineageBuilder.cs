using System.Runtime.CompilerServices;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Lineage;

/// <summary>What flows into a value.</summary>
/// <param name="Values">Input columns whose values do.</param>
/// <param name="Influences">Input columns that decide about it from outside.</param>
/// <param name="IsInexact">Whether it may depend on the order in which rows arrive.</param>
internal sealed record Flow(IReadOnlySet<InputColumn> Values, IReadOnlySet<InputColumn> Influences, bool IsInexact)
{
    internal static Flow None { get; } = new(new HashSet<InputColumn>(), new HashSet<InputColumn>(), false);

    internal static Flow Of(InputColumn column, bool isInexact) => new(new HashSet<InputColumn> { column }, None.Influences, isInexact);

    internal static Flow Union(IEnumerable<Flow> flows)
    {
        Flow[] all = [.. flows];
        if (all.Length == 0) return None;
        if (all.Length == 1) return all[0];
        return new Flow(all.SelectMany(flow => flow.Values).ToHashSet(), all.SelectMany(flow => flow.Influences).ToHashSet(), all.Any(flow => flow.IsInexact));
    }

    internal IEnumerable<InputColumn> Everything => Values.Concat(Influences);

    internal bool Same(Flow other) => IsInexact == other.IsInexact && Values.SetEquals(other.Values) && Influences.SetEquals(other.Influences);

    /// <summary>The same columns, none of them by value.</summary>
    internal Flow AsInfluence() => new(None.Values, Everything.ToHashSet(), IsInexact);
}

/// <summary>Follows columns through a bound tree, from the inputs up.</summary>
internal sealed class LineageBuilder(IReadOnlyDictionary<string, Schema> inputs)
{
    private readonly Dictionary<BoundColumn, Flow> _flows = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<BoundCommonTable, Flow> _commonTables = new(ReferenceEqualityComparer.Instance);

    /// <summary>What flows into each column of <paramref name="root"/>, and what decides which rows there are.</summary>
    internal (IReadOnlyList<Flow> Columns, Flow Rows) Follow(BoundRelation root)
    {
        Flow rows = Rows(root);
        return ([.. root.Columns.Select(column => _flows[column])], rows);
    }

    /// <summary>Follows the columns of a relation; what is returned is what decides which of its rows exist, all of it as influence.</summary>
    private Flow Rows(BoundRelation relation)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (relation)
        {
            case BoundInput input:
                foreach (BoundColumn column in input.Columns)
                    _flows[column] = Flow.Of(new InputColumn(input.Name, column.Name), inputs[input.Name].Find(column.Name)!.Metadata[FieldMetadata.InexactKey] == "true");
                return Flow.None;
            case BoundSingleRow: return Flow.None;
            case BoundValues values:
                for (int i = 0; i < values.Columns.Count; i++) _flows[values.Columns[i]] = Flow.Union(values.Rows.Select(row => Of(row[i])));
                return Flow.None;
            case BoundTableFunction function:
                Flow arguments = Flow.Union(function.Arguments.Select(Of));
                foreach (BoundColumn column in function.Columns) _flows[column] = arguments;
                // How many rows there are before one follows from the arguments, but is not made of them.
                if (function.HasOrdinality) _flows[function.Columns[^1]] = arguments.AsInfluence();
                return arguments.AsInfluence();
            case BoundFilter filter: return Flow.Union([Rows(filter.Source), Of(filter.Condition).AsInfluence()]);
            case BoundProject project:
                Flow projected = Rows(project.Source);
                foreach (BoundItem item in project.Items) _flows[item.Column] = Of(item.Expression);
                return projected;
            case BoundAggregate aggregate: return Aggregate(aggregate);
            case BoundWindow window:
                Flow seen = Rows(window.Source);
                foreach (BoundWindowItem item in window.Calls)
                {
                    Flow flow = Of(item.Call);
                    _flows[item.Column] = flow with { Influences = flow.Influences.Concat(seen.Influences).ToHashSet(), IsInexact = flow.IsInexact || seen.IsInexact };
                }
                return seen;
            case BoundUnpivot unpivot:
                Flow repeated = Rows(unpivot.Source);
                for (int i = 0; i < unpivot.NewColumns.Count; i++) _flows[unpivot.NewColumns[i]] = Flow.Union(unpivot.Rows.Select(row => Of(row[i])));
                return repeated;
            case BoundDistinct distinct: return Flow.Union([Rows(distinct.Source), .. distinct.Columns.Select(column => _flows[column].AsInfluence())]);
            case BoundDistinctOn distinct:
                Flow picked = Flow.Union(
                    [Rows(distinct.Source), .. distinct.Keys.Select(key => _flows[key].AsInfluence()), .. distinct.Order.Select(key => Of(key.Expression).AsInfluence())]);
                // Without an order any row of the group may be the first.
                return distinct.Order.Count == 0 ? picked with { IsInexact = true } : picked;
            case BoundSort sort:
                Flow sorted = Rows(sort.Source);
                // The order by itself decides about no row; a LIMIT above does, and asks again.
                return Flow.Union([sorted, Flow.Union(sort.Keys.Select(key => Of(key.Expression))).AsInfluence() with { IsInexact = false }]);
            case BoundLimit limit: return Limit(limit);
            case BoundJoin join:
                Flow joined = Flow.Union([Rows(join.Left), Rows(join.Right)]);
                return join.Condition is null ? joined : Flow.Union([joined, Of(join.Condition).AsInfluence()]);
            case BoundSetOperation operation: return SetOperation(operation);
            case BoundRecursion recursion: return Recursion(recursion);
            case BoundWith with: return Rows(with.Source);
            case BoundCommonTableScan scan:
                if (!_commonTables.TryGetValue(scan.Table, out Flow? rows)) _commonTables[scan.Table] = rows = Rows(scan.Table.Relation);
                for (int i = 0; i < scan.Columns.Count; i++) _flows[scan.Columns[i]] = _flows[scan.Table.Relation.Columns[i]];
                return rows;
            default: throw new InvalidOperationException($"A relation is a {relation.GetType()}.");
        }
    }

    private Flow Aggregate(BoundAggregate aggregate)
    {
        Flow source = Rows(aggregate.Source);
        foreach (BoundItem key in aggregate.Keys) _flows[key.Column] = Of(key.Expression);
        foreach (BoundAggregateItem item in aggregate.Calls)
        {
            Flow flow = Of(item.Call);
            // Which rows are in the group decides about the value.
            _flows[item.Column] = flow with { Influences = flow.Influences.Concat(source.Influences).ToHashSet(), IsInexact = flow.IsInexact || source.IsInexact };
        }
        Flow keys = Flow.Union(aggregate.Keys.Select(key => _flows[key.Column])).AsInfluence();
        // Without keys there is one row, whatever the source holds.
        return Flow.Union([aggregate.Keys.Count == 0 ? source with { IsInexact = false } : source, keys]);
    }

    private Flow Limit(BoundLimit limit)
    {
        Flow rows = Rows(limit.Source);
        if (limit.Count is null && limit.Offset == 0) return rows;
        BoundRelation source = limit.Source;
        while (source is BoundProject or BoundWith) source = ExpressionWalk.Sources(source).Last();
        Flow? order = source switch
        {
            BoundSort sort => Flow.Union(sort.Keys.Select(key => Of(key.Expression))).AsInfluence(),
            BoundDistinctOn { Order.Count: > 0 } distinct => Flow.Union(distinct.Order.Select(key => Of(key.Expression))).AsInfluence(),
            _ => null,
        };
        return order is null ? rows with { IsInexact = true } : Flow.Union([rows, order]);
    }

    private Flow SetOperation(BoundSetOperation operation)
    {
        Flow rows = Flow.Union([Rows(operation.Left), Rows(operation.Right)]);
        bool isPlain = operation is { Kind: SetOperationKind.Union, IsAll: true };
        for (int i = 0; i < operation.Columns.Count; i++)
        {
            Flow left = _flows[operation.Left.Columns[i]];
            Flow right = _flows[operation.Right.Columns[i]];
            _flows[operation.Columns[i]] = operation.Kind == SetOperationKind.Union ? Flow.Union([left, right]) : left;
            if (!isPlain) rows = Flow.Union([rows, left.AsInfluence(), right.AsInfluence()]);
        }
        return rows;
    }

    // What flows into the anchor flows round by round, until a round brings nothing new.
    private Flow Recursion(BoundRecursion recursion)
    {
        Flow Distinct(Flow rows, IEnumerable<Flow> columns) => recursion.IsAll ? rows : Flow.Union([rows, .. columns.Select(column => column.AsInfluence())]);
        Flow rows = Rows(recursion.Anchor);
        List<Flow> columns = [.. recursion.Anchor.Columns.Select(column => _flows[column])];
        rows = Distinct(rows, columns);
        for (bool isNew = true; isNew;)
        {
            _commonTables[recursion.Working] = rows;
            for (int i = 0; i < columns.Count; i++) _flows[recursion.Working.Relation.Columns[i]] = columns[i];
            HashSet<BoundCommonTable> known = [.. _commonTables.Keys];
            Flow stepped = Rows(recursion.Step);
            // What a common table inside the step was found to be holds for this round only.
            foreach (BoundCommonTable inside in _commonTables.Keys.Where(table => !known.Contains(table)).ToList()) _commonTables.Remove(inside);
            List<Flow> next = [.. columns.Select((column, i) => Flow.Union([column, _flows[recursion.Step.Columns[i]]]))];
            Flow nextRows = Distinct(Flow.Union([rows, stepped]), next);
            isNew = !nextRows.Same(rows) || next.Where((column, i) => !column.Same(columns[i])).Any();
            (columns, rows) = (next, nextRows);
        }
        for (int i = 0; i < columns.Count; i++) _flows[recursion.Columns[i]] = columns[i];
        return rows;
    }

    private Flow Of(BoundExpression expression)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (expression)
        {
            case BoundColumnReference reference: return _flows[reference.Column];
            case BoundConstant: return Flow.None;
            case BoundLambda lambda:
                // A parameter is an element of what stands beside the lambda, whose flow the call has anyway.
                foreach (BoundColumn parameter in lambda.Parameters) _flows[parameter] = Flow.None;
                return Of(lambda.Body);
            case BoundSubquery subquery:
                Flow rows = Rows(subquery.Query);
                Flow operand = subquery.Operand is null ? Flow.None : Of(subquery.Operand);
                return Flow.Union(subquery.Kind == SubqueryKind.Exists ? [operand, rows] : [operand, rows, _flows[subquery.Query.Columns[0]]]);
            // Which keys a row leaves out is written in the query; the keys' values have no part in it.
            case BoundAggregateCall { Function: var function } when function == Functions.FunctionTable.Grouping: return Flow.None;
            case BoundAggregateCall call:
                Flow aggregated = Flow.Union(
                [
                    .. call.Arguments.Select(Of), call.Filter is null ? Flow.None : Of(call.Filter).AsInfluence(), .. call.Order.Select(key => Of(key.Expression).AsInfluence()),
                ]);
                return call.IsExact ? aggregated : aggregated with { IsInexact = true };
            case BoundWindowCall call:
                HashSet<BoundExpression> arguments = new(call.Arguments, ReferenceEqualityComparer.Instance);
                Flow over = Flow.Union(ExpressionWalk.Parts(call).Select(part => arguments.Contains(part) ? Of(part) : Of(part).AsInfluence()));
                return call.IsExact ? over : over with { IsInexact = true };
            default: return Flow.Union(ExpressionWalk.Parts(expression).Select(Of));
        }
    }
}

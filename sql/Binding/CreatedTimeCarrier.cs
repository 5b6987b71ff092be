using Lepton.Data.Schemas;
using Lepton.Data.Sql.Functions;

namespace Lepton.Data.Sql.Binding;

/// <summary>Rebuilds a bound tree so that each relation also gives the greatest created time that it read. Existing columns keep their identity, so that expressions stay as they are.</summary>
internal sealed class CreatedTimeCarrier(SqlText text, IReadOnlyDictionary<string, string> columnByInput)
{
    private static readonly SqlType s_instant = SqlType.Of(DataType.Instant);
    private static readonly SqlFunction s_max = FunctionTable.Aggregate("max");

    private readonly Dictionary<BoundCommonTable, (BoundCommonTable Table, bool HasTime)> _commonTables = new(ReferenceEqualityComparer.Instance);

    internal BoundRelation Carry(BoundRelation root)
    {
        (BoundRelation relation, BoundColumn? time) = Follow(root);
        return WithTime(relation, root.Columns, time, new BoundColumn(CreatedTimes.ColumnName, s_instant));
    }

    /// <summary>The relation and its created time; null where nothing that it reads has one, and the relation is then as it was.</summary>
    private (BoundRelation Relation, BoundColumn? Time) Follow(BoundRelation relation)
    {
        text.EnsureStack(-1);
        foreach (BoundExpression expression in ExpressionWalk.Expressions(relation)) RefuseSubqueries(expression);
        switch (relation)
        {
            case BoundInput input:
                return (input, columnByInput.TryGetValue(input.Name, out string? name) ? input.Columns.First(column => column.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) : null);
            case BoundFilter filter:
                (BoundRelation filtered, BoundColumn? filteredTime) = Follow(filter.Source);
                return (filteredTime is null ? filter : new BoundFilter(filtered, filter.Condition), filteredTime);
            case BoundProject project:
                (BoundRelation projected, BoundColumn? projectedTime) = Follow(project.Source);
                if (projectedTime is null) return (project, null);
                BoundColumn carried = NewTime();
                return (new BoundProject(projected, new EquatableList<BoundItem>([.. project.Items, new BoundItem(carried, new BoundColumnReference(projectedTime))])), carried);
            case BoundAggregate aggregate:
                (BoundRelation grouped, BoundColumn? groupedTime) = Follow(aggregate.Source);
                return groupedTime is null ? (aggregate, null) : Greatest(grouped, aggregate.Keys, aggregate.GroupingSets, aggregate.Calls, groupedTime);
            case BoundWindow window: return Window(window);
            case BoundUnpivot unpivot:
                (BoundRelation wide, BoundColumn? wideTime) = Follow(unpivot.Source);
                return (wideTime is null ? unpivot : new BoundUnpivot(wide, unpivot.Rows, unpivot.NewColumns), wideTime);
            case BoundDistinct distinct:
                (BoundRelation source, BoundColumn? sourceTime) = Follow(distinct.Source);
                return sourceTime is null ? (distinct, null) : Greatest(source, Themselves(distinct.Columns), null, [], sourceTime);
            case BoundDistinctOn distinct: return DistinctOn(distinct);
            case BoundSort sort:
                (BoundRelation sorted, BoundColumn? sortedTime) = Follow(sort.Source);
                return (sortedTime is null ? sort : new BoundSort(sorted, sort.Keys), sortedTime);
            case BoundLimit limit:
                // Which rows are kept depends on all that were left out.
                return Follow(limit.Source).Time is null ? (limit, null) : throw NotFollowed("LIMIT");
            case BoundJoin join: return Join(join);
            case BoundSetOperation operation: return SetOperation(operation);
            case BoundRecursion recursion: return Recursion(recursion);
            case BoundWith with:
                (BoundRelation inner, BoundColumn? innerTime) = Follow(with.Source);
                if (innerTime is null) return (with, null);
                return (new BoundWith(new EquatableList<BoundCommonTable>(with.Tables.Select(table => CommonTable(table).Table)), inner), innerTime);
            case BoundCommonTableScan scan:
                (BoundCommonTable common, bool hasTime) = CommonTable(scan.Table);
                if (!hasTime) return (scan, null);
                BoundColumn read = NewTime();
                return (new BoundCommonTableScan(common, new EquatableList<BoundColumn>([.. scan.ScanColumns, read])), read);
            default: return (relation, null);
        }
    }

    private (BoundCommonTable Table, bool HasTime) CommonTable(BoundCommonTable table)
    {
        if (_commonTables.TryGetValue(table, out (BoundCommonTable Table, bool HasTime) known)) return known;
        (BoundRelation relation, BoundColumn? time) = Follow(table.Relation);
        known = time is null ? (table, false) : (new BoundCommonTable(table.Name, WithTime(relation, table.Relation.Columns, time, NewTime())), true);
        return _commonTables[table] = known;
    }

    private (BoundRelation, BoundColumn?) Recursion(BoundRecursion recursion)
    {
        if (!ExpressionWalk.AllRelations(recursion).OfType<BoundInput>().Any(input => columnByInput.ContainsKey(input.Name))) return (recursion, null);
        // With times beside them equal rows would differ, and go round again.
        if (!recursion.IsAll) throw NotFollowed("WITH RECURSIVE … UNION");
        var working = new BoundCommonTable(recursion.Working.Name, new BoundWorkingTable(new EquatableList<BoundColumn>([.. recursion.Working.Relation.Columns, NewTime()])));
        _commonTables[recursion.Working] = (working, true);
        (BoundRelation anchor, BoundColumn? anchorTime) = Follow(recursion.Anchor);
        (BoundRelation step, BoundColumn? stepTime) = Follow(recursion.Step);
        BoundColumn time = NewTime();
        var carried = new BoundRecursion(
            true, WithTime(anchor, recursion.Anchor.Columns, anchorTime, NewTime()), WithTime(step, recursion.Step.Columns, stepTime, NewTime()), working,
            new EquatableList<BoundColumn>([.. recursion.ResultColumns, time]));
        return (carried, time);
    }

    private (BoundRelation, BoundColumn?) Window(BoundWindow window)
    {
        (BoundRelation source, BoundColumn? time) = Follow(window.Source);
        if (time is null) return (window, null);
        var calls = new List<BoundWindowItem>(window.Calls);
        var times = new List<BoundExpression> { new BoundColumnReference(time) };
        foreach (BoundWindowCall call in window.Calls.Select(item => item.Call))
        {
            (EquatableList<BoundSortKey> order, BoundFrame frame) = call.Function switch
            {
                { Kind: FunctionKind.Aggregate } or { Name: "first_value" or "last_value" or "nth_value" } => (call.Order, call.Frame),
                { Name: "row_number" or "rank" or "dense_rank" } => (call.Order, BoundFrame.Default),
                _ => ([], BoundFrame.Default),
            };
            var seen = new BoundWindowCall(s_max, [new BoundColumnReference(time)], call.Partition, order, frame, false, false, null, []);
            BoundWindowItem? known = calls.Find(item => item.Call.Equals(seen));
            if (known is null) calls.Add(known = new BoundWindowItem(NewTime(), seen));
            times.Add(new BoundColumnReference(known.Column));
        }
        return WithGreatest(new BoundWindow(source, new EquatableList<BoundWindowItem>(calls)), window.Columns, times);
    }

    // The row that is kept was compared with all rows of its key.
    private (BoundRelation, BoundColumn?) DistinctOn(BoundDistinctOn distinct)
    {
        (BoundRelation source, BoundColumn? time) = Follow(distinct.Source);
        if (time is null) return (distinct, null);
        BoundColumn greatest = NewTime();
        var seen = new BoundWindowCall(
            s_max, [new BoundColumnReference(time)], new EquatableList<BoundExpression>(distinct.Keys.Select(key => new BoundColumnReference(key))), [], BoundFrame.Default, false, false, null, []);
        return (new BoundDistinctOn(new BoundWindow(source, [new BoundWindowItem(greatest, seen)]), distinct.Keys, distinct.Order), greatest);
    }

    private (BoundRelation, BoundColumn?) Join(BoundJoin join)
    {
        (BoundRelation left, BoundColumn? leftTime) = Follow(join.Left);
        (BoundRelation right, BoundColumn? rightTime) = Follow(join.Right);
        if (leftTime is null && rightTime is null) return (join, null);
        if (join.Kind is JoinKind.Semi or JoinKind.Anti && rightTime is not null) throw NotFollowed(join.Kind == JoinKind.Semi ? "SEMI JOIN" : "ANTI JOIN");
        var joined = new BoundJoin(join.Kind, join.IsAsOf, left, right, join.Condition);
        if (leftTime is null || rightTime is null) return (joined, leftTime ?? rightTime);
        return WithGreatest(joined, join.Columns, [new BoundColumnReference(leftTime), new BoundColumnReference(rightTime)]);
    }

    private (BoundRelation, BoundColumn?) SetOperation(BoundSetOperation operation)
    {
        (BoundRelation left, BoundColumn? leftTime) = Follow(operation.Left);
        (BoundRelation right, BoundColumn? rightTime) = Follow(operation.Right);
        if (leftTime is null && rightTime is null) return (operation, null);
        if (operation.Kind != SetOperationKind.Union) throw NotFollowed(operation.Kind == SetOperationKind.Except ? "EXCEPT" : "INTERSECT");
        BoundColumn time = NewTime();
        var union = new BoundSetOperation(
            SetOperationKind.Union, true, WithTime(left, operation.Left.Columns, leftTime, NewTime()), WithTime(right, operation.Right.Columns, rightTime, NewTime()),
            new EquatableList<BoundColumn>([.. operation.ResultColumns, time]));
        return operation.IsAll ? (union, time) : Greatest(union, Themselves(operation.ResultColumns), null, [], time);
    }

    private static (BoundRelation, BoundColumn?) Greatest(
        BoundRelation source, EquatableList<BoundItem> keys, EquatableList<EquatableList<int>>? sets, EquatableList<BoundAggregateItem> calls, BoundColumn time)
    {
        BoundColumn greatest = NewTime();
        var max = new BoundAggregateItem(greatest, new BoundAggregateCall(s_max, [new BoundColumnReference(time)], false, null, []));
        return (new BoundAggregate(source, keys, sets, new EquatableList<BoundAggregateItem>([.. calls, max])), greatest);
    }

    private static (BoundRelation, BoundColumn?) WithGreatest(BoundRelation relation, EquatableList<BoundColumn> columns, IReadOnlyList<BoundExpression> times)
    {
        BoundColumn greatest = NewTime();
        // Of SQL's greatest NULLs are left out: a side that was not read adds nothing.
        var call = new BoundCall(FunctionTable.Scalar("greatest"), new EquatableList<BoundExpression>(times), []);
        return (new BoundProject(relation, new EquatableList<BoundItem>([.. Themselves(columns), new BoundItem(greatest, call)])), greatest);
    }

    private static BoundProject WithTime(BoundRelation relation, EquatableList<BoundColumn> columns, BoundColumn? time, BoundColumn name)
        => new(relation, new EquatableList<BoundItem>([.. Themselves(columns), new BoundItem(name, time is null ? new BoundConstant(s_instant, null) : new BoundColumnReference(time))]));

    private static EquatableList<BoundItem> Themselves(EquatableList<BoundColumn> columns) => new(columns.Select(column => new BoundItem(column, new BoundColumnReference(column))));

    private static BoundColumn NewTime() => new("__created_time", s_instant);

    // What a subquery in an expression read would have to be known row by row.
    private void RefuseSubqueries(BoundExpression expression)
    {
        if (expression is BoundSubquery subquery && Follow(subquery.Query).Time is not null) throw text.At(subquery.Offset, "sql.created_time_not_followed", "a subquery in an expression");
        foreach (BoundExpression part in ExpressionWalk.Parts(expression)) RefuseSubqueries(part);
    }

    private LeptonDataException NotFollowed(string form) => text.At(-1, "sql.created_time_not_followed", form);
}

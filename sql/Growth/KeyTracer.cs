using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Functions;

namespace Lepton.Data.Sql.Growth;

/// <summary>
/// Follows a query's keys from its result down to the rows of one input. Where it arrives, the rows of a key in the result are made of the input's rows of that key alone
/// (and of the other inputs), so that they can be computed without the rest.
/// </summary>
/// <param name="text">The query, for places.</param>
/// <param name="input">Whose rows change.</param>
internal sealed class KeyTracer(SqlText text, string input)
{
    private readonly Dictionary<BoundCommonTable, Keys> _commonTables = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whose rows change, as the query spells it.</summary>
    internal string Input => input;

    /// <summary>By reading of the input: what its rows' keys are.</summary>
    internal Dictionary<BoundInput, Keys> Readings { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whether rows of keys that were not asked for may come out: they come of other inputs, or of rows that are read only for what follows them.</summary>
    internal bool GivesOtherKeys { get; private set; }

    /// <summary>Follows <paramref name="keys"/> through the relation.</summary>
    /// <exception cref="LeptonDataException"><c>sql.not_grown</c>: some row is made of rows of other keys, or that cannot be seen.</exception>
    internal void Trace(BoundRelation relation, Keys keys)
    {
        text.EnsureStack(-1);
        foreach (BoundExpression expression in ExpressionWalk.Expressions(relation)) RefuseSubqueries(expression);
        switch (relation)
        {
            case BoundInput leaf:
                if (leaf.Name != input) throw Refusal(-1, Reasons.NotRead(input));
                if (keys.HaveSubqueries || keys.FirstOutside(leaf.Columns) is not null) throw Refusal(-1, Reasons.KeyFromElsewhere(input));
                Readings.Add(leaf, keys);
                break;
            case BoundFilter filter: Trace(filter.Source, keys); break;
            case BoundProject project: Trace(project.Source, keys.Over(project.Items.ToDictionary(item => item.Column, item => item.Expression))); break;
            case BoundAggregate aggregate: Trace(aggregate.Source, OverGroups(aggregate, keys)); break;
            case BoundWindow window: Trace(window.Source, OverWindows(window, keys)); break;
            case BoundUnpivot unpivot:
                if (keys.Read(unpivot.NewColumns)) throw Refusal(-1, Reasons.KeyFromElsewhere(input));
                Trace(unpivot.Source, keys);
                break;
            case BoundDistinct distinct:
                EnsureDeterminedBy(distinct.Columns, keys);
                Trace(distinct.Source, keys);
                break;
            case BoundDistinctOn distinct:
                if (!keys.AreDeterminedBy([.. distinct.Keys.Select(key => new BoundColumnReference(key))])) throw Refusal(-1, Reasons.DistinctOn);
                Trace(distinct.Source, keys);
                break;
            case BoundSort sort: Trace(sort.Source, keys); break;
            case BoundLimit { Count: null, Offset: 0 } limit: Trace(limit.Source, keys); break;
            case BoundLimit: throw Refusal(-1, Reasons.Limit);
            case BoundJoin join: OverJoin(join, keys); break;
            case BoundSetOperation operation: OverSides(operation, keys); break;
            case BoundWith with: Trace(with.Source, keys); break;
            case BoundCommonTableScan scan:
                Keys inside = keys.Over(scan.ScanColumns.Select((column, i) => (column, scan.Table.Relation.Columns[i])).ToDictionary(pair => pair.column, pair => (BoundExpression)new BoundColumnReference(pair.Item2)));
                if (!_commonTables.TryGetValue(scan.Table, out Keys? known))
                {
                    _commonTables.Add(scan.Table, inside);
                    Trace(scan.Table.Relation, inside);
                }
                else if (!known.Equals(inside))
                {
                    throw Refusal(-1, Reasons.ReadTwice(scan.Table.Name));
                }
                break;
            case BoundRecursion: throw Refusal(-1, Reasons.Recursion);
            default: throw Refusal(-1, Reasons.KeyFromElsewhere(input));
        }
    }

    private bool Reads(BoundRelation relation) => ExpressionWalk.AllRelations(relation).OfType<BoundInput>().Any(leaf => leaf.Name == input);

    private void RefuseSubqueries(BoundExpression expression)
    {
        if (expression is BoundSubquery subquery && Reads(subquery.Query)) throw Refusal(subquery.Offset, Reasons.Subquery(input));
        foreach (BoundExpression part in ExpressionWalk.Parts(expression)) RefuseSubqueries(part);
    }

    private Keys OverGroups(BoundAggregate aggregate, Keys keys)
    {
        var common = new Dictionary<BoundColumn, BoundExpression>();
        for (int i = 0; i < aggregate.Keys.Count; i++)
            if (aggregate.GroupingSets?.All(set => set.Contains(i)) != false) common.Add(aggregate.Keys[i].Column, aggregate.Keys[i].Expression);
        long offset = aggregate.Calls is [var call, ..] ? call.Call.Offset : -1;
        if (keys.FirstOutside(common.Keys) is { } outside) throw Refusal(offset, Reasons.KeyNotGrouped(outside));
        // A group without keys has a row also where none of the input's rows is left.
        if (aggregate.Keys.Count == 0 || aggregate.GroupingSets?.Any(set => set.Count == 0) == true) throw Refusal(offset, Reasons.GroupOfAll);
        EnsureDeterminedBy(common.Keys, keys);
        return keys.Over(common);
    }

    // Where rows are one if these columns are equal, so must be their keys.
    private void EnsureDeterminedBy(IEnumerable<BoundColumn> columns, Keys keys)
    {
        if (!keys.AreDeterminedBy([.. columns.Select(column => new BoundColumnReference(column))])) throw Refusal(-1, Reasons.EqualNotSame);
    }

    private Keys OverWindows(BoundWindow window, Keys keys)
    {
        if (window.Calls.FirstOrDefault(item => keys.Read([item.Column])) is { } made) throw Refusal(made.Call.Offset, Reasons.KeyFromElsewhere(input));
        TimeSpan reach = TimeSpan.Zero;
        foreach (BoundWindowItem item in window.Calls)
        {
            if (keys.AreDeterminedBy(item.Call.Partition)) continue;
            if (keys.Time is not { } time || ReachOf(item.Call, time) is not { } back) throw Refusal(item.Call.Offset, keys.Time is null ? Reasons.WindowOverKeys : Reasons.WindowOverTime);
            if (back > keys.Lookback) throw Refusal(item.Call.Offset, Reasons.Lookback(back, keys.Lookback));
            if (back > reach) reach = back;
            GivesOtherKeys = true;
        }
        return keys with { Lookback = keys.Lookback - reach };
    }

    // How far before a row the rows lie that decide about its value; null where that cannot be seen, or where they lie after it.
    private static TimeSpan? ReachOf(BoundWindowCall call, BoundExpression time)
    {
        bool isFramed = call.Function.Kind == FunctionKind.Aggregate || call.Function.Name is "first_value" or "last_value" or "nth_value";
        if (!isFramed || call.Order is not [{ IsDescending: false } order] || !order.Expression.Equals(time)) return null;
        if (call.Frame is not { Start: { Unit: FrameUnit.Range } start, End: { Unit: FrameUnit.Range, Kind: FrameBoundKind.CurrentRow or FrameBoundKind.Preceding } }) return null;
        return start.Kind switch
        {
            FrameBoundKind.CurrentRow => TimeSpan.Zero,
            FrameBoundKind.Preceding => Intervals.TryLength(start.Distance!),
            _ => null,
        };
    }

    private void OverJoin(BoundJoin join, Keys keys)
    {
        bool left = Reads(join.Left), right = Reads(join.Right);
        if (right && join.IsLateral) throw Refusal(join.Condition?.Offset ?? -1, Reasons.Lateral(input));
        (BoundRelation First, BoundRelation Second)[] orders = join.Kind switch
        {
            JoinKind.Inner or JoinKind.Cross when !join.IsAsOf && !join.IsLateral => [(join.Left, join.Right), (join.Right, join.Left)],
            JoinKind.Right => [(join.Right, join.Left)],
            JoinKind.Full => [],
            _ => [(join.Left, join.Right)],
        };
        foreach ((BoundRelation first, BoundRelation second) in orders)
        {
            var equalities = Equalities.Of(join.Condition, first.Columns, second.Columns);
            // Of an inner join, what the other side calls the key is the same value.
            Keys own = join.Kind == JoinKind.Inner ? keys.With(equalities.ToFirst) : keys;
            if (own.FirstOutside(first.Columns) is not null) continue;
            bool isFirst = first == join.Left ? left : right, isSecond = first == join.Left ? right : left;
            Keys? others = null;
            if (isSecond)
            {
                others = own.With(equalities.ToSecond);
                if (others.FirstOutside(second.Columns) is not null) continue;
            }
            if (isFirst) Trace(first, own);
            else GivesOtherKeys = true;
            if (others is not null) Trace(second, others);
            return;
        }
        if (Equalities.OfTwoTypes(join.Condition) is var (one, other) && keys.Read([one, other])) throw Refusal(join.Condition!.Offset, Reasons.KeyTypes(one, other));
        throw Refusal(join.Condition?.Offset ?? -1, join.Kind is JoinKind.Full ? Reasons.FullJoin : left && right ? Reasons.SelfJoin : Reasons.OuterSide(input));
    }

    private void OverSides(BoundSetOperation operation, Keys keys)
    {
        if (operation is not { Kind: SetOperationKind.Union, IsAll: true }) EnsureDeterminedBy(operation.ResultColumns, keys);
        foreach ((BoundRelation side, bool isLeft) in new[] { (operation.Left, true), (operation.Right, false) })
        {
            if (!Reads(side))
            {
                // What the other side takes away, or leaves, is the same for whichever keys.
                if (isLeft || operation.Kind == SetOperationKind.Union) GivesOtherKeys = true;
                continue;
            }
            Trace(side, keys.Over(operation.ResultColumns.Select((column, i) => (column, side.Columns[i])).ToDictionary(pair => pair.column, pair => KeyedGrowth.Cast(new BoundColumnReference(pair.Item2), pair.column.Type))));
        }
    }

    private LeptonDataException Refusal(long offset, BilingualText reason) => text.At(offset, "sql.not_grown", reason);
}

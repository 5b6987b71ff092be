using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Growth;

/// <summary>Finds out whether each row of a query is made of one row of an input, so that new rows there make new rows here and change no other.</summary>
/// <param name="text">The query, for places.</param>
/// <param name="input">Whose rows are added.</param>
internal sealed class RowTracer(SqlText text, string input)
{
    private readonly HashSet<BoundCommonTable> _commonTables = new(ReferenceEqualityComparer.Instance);

    /// <exception cref="LeptonDataException"><c>sql.not_grown</c>: some row is made of several, or that cannot be seen.</exception>
    internal void Trace(BoundRelation relation)
    {
        text.EnsureStack(-1);
        foreach (BoundExpression expression in ExpressionWalk.Expressions(relation)) RefuseSubqueries(expression);
        switch (relation)
        {
            case BoundInput leaf:
                if (leaf.Name != input) throw Refusal(-1, Reasons.NotRead(input));
                break;
            case BoundFilter filter: Trace(filter.Source); break;
            case BoundProject project: Trace(project.Source); break;
            case BoundUnpivot unpivot: Trace(unpivot.Source); break;
            case BoundSort sort: Trace(sort.Source); break;
            case BoundLimit { Count: null, Offset: 0 } limit: Trace(limit.Source); break;
            case BoundLimit: throw Refusal(-1, Reasons.Limit);
            case BoundAggregate aggregate: throw Refusal(aggregate.Calls is [var call, ..] ? call.Call.Offset : aggregate.Keys is [var key, ..] ? key.Expression.Offset : -1, Reasons.Groups);
            case BoundWindow window: throw Refusal(window.Calls[0].Call.Offset, Reasons.Windows);
            case BoundDistinct: throw Refusal(-1, Reasons.Distinct);
            case BoundDistinctOn: throw Refusal(-1, Reasons.DistinctOn);
            case BoundRecursion: throw Refusal(-1, Reasons.Recursion);
            case BoundJoin join: OverJoin(join); break;
            case BoundSetOperation operation: OverSides(operation); break;
            case BoundWith with: Trace(with.Source); break;
            case BoundCommonTableScan scan:
                if (_commonTables.Add(scan.Table)) Trace(scan.Table.Relation);
                break;
            default: throw Refusal(-1, Reasons.NotRead(input));
        }
    }

    private bool Reads(BoundRelation relation) => ExpressionWalk.AllRelations(relation).OfType<BoundInput>().Any(leaf => leaf.Name == input);

    private void RefuseSubqueries(BoundExpression expression)
    {
        if (expression is BoundSubquery subquery && Reads(subquery.Query)) throw Refusal(subquery.Offset, Reasons.Subquery(input));
        foreach (BoundExpression part in ExpressionWalk.Parts(expression)) RefuseSubqueries(part);
    }

    private void OverJoin(BoundJoin join)
    {
        bool left = Reads(join.Left), right = Reads(join.Right);
        long offset = join.Condition?.Offset ?? -1;
        if (left && right) throw Refusal(offset, Reasons.SelfJoin);
        if (join.Kind == JoinKind.Full) throw Refusal(offset, Reasons.FullJoin);
        bool isFirst = join.Kind switch
        {
            JoinKind.Inner or JoinKind.Cross => left || (!join.IsAsOf && !join.IsLateral),
            JoinKind.Right => right,
            _ => left,
        };
        if (!isFirst) throw Refusal(offset, Reasons.OuterSide(input));
        Trace(left ? join.Left : join.Right);
    }

    private void OverSides(BoundSetOperation operation)
    {
        if (operation.Kind != SetOperationKind.Union || !operation.IsAll) throw Refusal(-1, Reasons.Distinct);
        foreach (BoundRelation side in new[] { operation.Left, operation.Right })
        {
            if (!Reads(side)) throw Refusal(-1, Reasons.NotRead(input));
            Trace(side);
        }
    }

    private LeptonDataException Refusal(long offset, BilingualText reason) => text.At(offset, "sql.not_grown", reason);
}

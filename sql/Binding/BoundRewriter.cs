using System.Runtime.CompilerServices;
using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.Binding;

/// <summary>Rebuilds a bound tree with some expressions replaced. What does not change is kept.</summary>
internal abstract class BoundRewriter
{
    /// <summary>What stands for <paramref name="expression"/>, or null to look inside it.</summary>
    protected abstract BoundExpression? Replace(BoundExpression expression);

    internal BoundExpression Rewrite(BoundExpression expression)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (Replace(expression) is { } replacement) return replacement;
        BoundExpression rewritten = expression switch
        {
            BoundCall call => new BoundCall(call.Function, All(call.Arguments), call.Names),
            BoundCast cast => new BoundCast(Rewrite(cast.Operand), cast.Type, cast.GivesNull),
            BoundCase choice => new BoundCase(
                new EquatableList<BoundCaseBranch>(choice.Branches.Select(branch => new BoundCaseBranch(Rewrite(branch.Condition), Rewrite(branch.Result)))), Rewrite(choice.Otherwise)),
            BoundLambda lambda => new BoundLambda(lambda.Parameters, Rewrite(lambda.Body)),
            BoundComparison comparison => new BoundComparison(comparison.Kind, Rewrite(comparison.Left), Rewrite(comparison.Right)),
            BoundConnective connective => new BoundConnective(connective.IsAnd, All(connective.Terms)),
            BoundNot not => new BoundNot(Rewrite(not.Operand)),
            BoundIsNull isNull => new BoundIsNull(Rewrite(isNull.Operand), isNull.IsNegated),
            BoundIn isIn => new BoundIn(Rewrite(isIn.Operand), All(isIn.Items), isIn.IsNegated),
            BoundBetween between => new BoundBetween(Rewrite(between.Operand), Rewrite(between.Lower), Rewrite(between.Upper)),
            BoundSubquery subquery => new BoundSubquery(subquery.Kind, Rewrite(subquery.Query), Optional(subquery.Operand), subquery.Comparison),
            BoundAggregateCall call => new BoundAggregateCall(call.Function, All(call.Arguments), call.IsDistinct, Optional(call.Filter), All(call.Order), call.Result) { IsExact = call.IsExact },
            BoundWindowCall call => new BoundWindowCall(
                call.Function, All(call.Arguments), All(call.Partition), All(call.Order),
                new BoundFrame(
                    call.Frame.Start with { Distance = Optional(call.Frame.Start.Distance) }, call.Frame.End with { Distance = Optional(call.Frame.End.Distance) }, call.Frame.Exclusion),
                call.IsDistinct, call.IgnoresNulls, Optional(call.Filter), All(call.ArgumentOrder), call.Result) { IsExact = call.IsExact },
            _ => expression,
        };
        return ReferenceEquals(rewritten, expression) ? expression : rewritten with { Offset = expression.Offset };
    }

    internal virtual BoundRelation Rewrite(BoundRelation relation) => relation switch
    {
        BoundFilter filter => new BoundFilter(Rewrite(filter.Source), Rewrite(filter.Condition)),
        BoundProject project => new BoundProject(Rewrite(project.Source), All(project.Items)),
        BoundAggregate aggregate => new BoundAggregate(Rewrite(aggregate.Source), All(aggregate.Keys), aggregate.GroupingSets,
            new EquatableList<BoundAggregateItem>(aggregate.Calls.Select(call => call with { Call = (BoundAggregateCall)Rewrite(call.Call) }))),
        BoundWindow window => new BoundWindow(Rewrite(window.Source),
            new EquatableList<BoundWindowItem>(window.Calls.Select(call => call with { Call = (BoundWindowCall)Rewrite(call.Call) }))),
        BoundUnpivot unpivot => new BoundUnpivot(Rewrite(unpivot.Source), new EquatableList<EquatableList<BoundExpression>>(unpivot.Rows.Select(All)), unpivot.NewColumns),
        BoundDistinct distinct => new BoundDistinct(Rewrite(distinct.Source)),
        BoundDistinctOn distinct => new BoundDistinctOn(Rewrite(distinct.Source), distinct.Keys, All(distinct.Order)),
        BoundSort sort => new BoundSort(Rewrite(sort.Source), All(sort.Keys)),
        BoundLimit limit => new BoundLimit(Rewrite(limit.Source), limit.Count, limit.Offset),
        BoundJoin join => new BoundJoin(join.Kind, join.IsAsOf, Rewrite(join.Left), Rewrite(join.Right), Optional(join.Condition)),
        BoundSetOperation operation => new BoundSetOperation(operation.Kind, operation.IsAll, Rewrite(operation.Left), Rewrite(operation.Right), operation.ResultColumns),
        BoundValues values => new BoundValues(new EquatableList<EquatableList<BoundExpression>>(values.Rows.Select(All)), values.ValueColumns),
        BoundTableFunction function => function with { Arguments = All(function.Arguments) },
        // Common tables take no column from around them.
        BoundWith with => new BoundWith(with.Tables, Rewrite(with.Source)),
        _ => relation,
    };

    private BoundExpression? Optional(BoundExpression? expression) => expression is null ? null : Rewrite(expression);

    private EquatableList<BoundExpression> All(EquatableList<BoundExpression> expressions) => new(expressions.Select(Rewrite));

    private EquatableList<BoundSortKey> All(EquatableList<BoundSortKey> keys) => new(keys.Select(key => key with { Expression = Rewrite(key.Expression) }));

    private EquatableList<BoundItem> All(EquatableList<BoundItem> items) => new(items.Select(item => item with { Expression = Rewrite(item.Expression) }));
}

/// <summary>Turns expressions over the rows of groups into expressions over the groups: a key's expression becomes the key, and a column that is no key is refused.</summary>
internal sealed class Regrouper(SqlText text, EquatableList<BoundItem> keys, Scope scope) : BoundRewriter
{
    private readonly HashSet<BoundColumn> _ungrouped = [.. scope.Tables.SelectMany(table => table.Columns).Select(column => column.Column)];

    protected override BoundExpression? Replace(BoundExpression expression)
    {
        foreach (BoundItem key in keys)
            if (key.Expression.Equals(expression)) return new BoundColumnReference(key.Column) { Offset = expression.Offset };
        if (expression is not BoundColumnReference reference) return null;
        if (_ungrouped.Contains(reference.Column)) throw text.At(reference.Offset, "sql.not_grouped", reference.Column.Name);
        return expression;
    }
}

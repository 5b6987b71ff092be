using System.Runtime.CompilerServices;

namespace Lepton.Data.Sql.Binding;

/// <summary>Looks through the bound tree.</summary>
internal static class ExpressionWalk
{
    /// <summary>The expressions directly inside <paramref name="expression"/>; the query of a subquery is not one.</summary>
    internal static IEnumerable<BoundExpression> Parts(BoundExpression expression)
    {
        IEnumerable<BoundExpression?> parts = expression switch
        {
            BoundCall call => call.Arguments,
            BoundCast cast => [cast.Operand],
            BoundCase choice => [.. choice.Branches.SelectMany(branch => new[] { branch.Condition, branch.Result }), choice.Otherwise],
            BoundLambda lambda => [lambda.Body],
            BoundComparison comparison => [comparison.Left, comparison.Right],
            BoundConnective connective => connective.Terms,
            BoundNot not => [not.Operand],
            BoundIsNull isNull => [isNull.Operand],
            BoundIn isIn => [isIn.Operand, .. isIn.Items],
            BoundBetween between => [between.Operand, between.Lower, between.Upper],
            BoundSubquery subquery => [subquery.Operand],
            BoundAggregateCall call => (BoundExpression?[])[.. call.Arguments, call.Filter, .. call.Order.Select(key => key.Expression)],
            BoundWindowCall call => (BoundExpression?[])
            [
                .. call.Arguments, .. call.Partition, .. call.Order.Select(key => key.Expression), call.Frame.Start.Distance, call.Frame.End.Distance, call.Filter,
                .. call.ArgumentOrder.Select(key => key.Expression),
            ],
            _ => [],
        };
        return parts.OfType<BoundExpression>();
    }

    /// <summary>The relations directly inside <paramref name="relation"/>, common tables before what reads them.</summary>
    internal static IEnumerable<BoundRelation> Sources(BoundRelation relation) => relation switch
    {
        BoundFilter filter => [filter.Source],
        BoundProject project => [project.Source],
        BoundAggregate aggregate => [aggregate.Source],
        BoundWindow window => [window.Source],
        BoundUnpivot unpivot => [unpivot.Source],
        BoundDistinct distinct => [distinct.Source],
        BoundDistinctOn distinct => [distinct.Source],
        BoundSort sort => [sort.Source],
        BoundLimit limit => [limit.Source],
        BoundJoin join => [join.Left, join.Right],
        BoundSetOperation operation => [operation.Left, operation.Right],
        BoundRecursion recursion => [recursion.Anchor, recursion.Step],
        BoundWith with => [.. with.Tables.Select(table => table.Relation), with.Source],
        _ => [],
    };

    /// <summary>The expressions that <paramref name="relation"/> itself holds.</summary>
    internal static IEnumerable<BoundExpression> Expressions(BoundRelation relation) => relation switch
    {
        BoundFilter filter => [filter.Condition],
        BoundProject project => project.Items.Select(item => item.Expression),
        BoundAggregate aggregate => [.. aggregate.Keys.Select(key => key.Expression), .. aggregate.Calls.Select(call => call.Call)],
        BoundWindow window => window.Calls.Select(call => call.Call),
        BoundDistinctOn distinct => [.. distinct.Keys.Select(key => new BoundColumnReference(key)), .. distinct.Order.Select(key => key.Expression)],
        BoundSort sort => sort.Keys.Select(key => key.Expression),
        BoundJoin { Condition: { } condition } => [condition],
        BoundUnpivot unpivot => unpivot.Rows.SelectMany(row => row),
        BoundValues values => values.Rows.SelectMany(row => row),
        BoundTableFunction function => function.Arguments,
        _ => [],
    };

    /// <summary>All relations of the tree, those of subqueries and common tables (each once) among them, sources first.</summary>
    internal static IEnumerable<BoundRelation> AllRelations(BoundRelation root)
    {
        var found = new List<BoundRelation>();
        var commonTables = new HashSet<BoundCommonTable>();
        Collect(root, found, commonTables);
        return found;
    }

    private static void Collect(BoundRelation relation, List<BoundRelation> found, HashSet<BoundCommonTable> commonTables)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (BoundRelation source in relation is BoundWith with ? [with.Source] : Sources(relation)) Collect(source, found, commonTables);
        // A common table that nobody reads is no part of the query.
        if (relation is BoundCommonTableScan scan && commonTables.Add(scan.Table)) Collect(scan.Table.Relation, found, commonTables);
        foreach (BoundExpression expression in Expressions(relation)) Collect(expression, found, commonTables);
        found.Add(relation);
    }

    private static void Collect(BoundExpression expression, List<BoundRelation> found, HashSet<BoundCommonTable> commonTables)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (expression is BoundSubquery subquery) Collect(subquery.Query, found, commonTables);
        foreach (BoundExpression part in Parts(expression)) Collect(part, found, commonTables);
    }

    /// <summary>The columns that <paramref name="expression"/> takes from outside: those that neither a lambda nor a subquery in it makes.</summary>
    internal static IReadOnlySet<BoundColumn> Columns(BoundExpression expression)
    {
        var used = new HashSet<BoundColumn>();
        var made = new HashSet<BoundColumn>();
        Collect(expression, used, made);
        used.ExceptWith(made);
        return used;
    }

    /// <summary>The columns that <paramref name="relation"/> takes from a query around it.</summary>
    internal static IReadOnlySet<BoundColumn> Columns(BoundRelation relation)
    {
        var used = new HashSet<BoundColumn>();
        var made = new HashSet<BoundColumn>();
        Collect(relation, used, made);
        used.ExceptWith(made);
        return used;
    }

    private static void Collect(BoundExpression expression, HashSet<BoundColumn> used, HashSet<BoundColumn> made)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (expression is BoundColumnReference reference) used.Add(reference.Column);
        if (expression is BoundLambda lambda) made.UnionWith(lambda.Parameters);
        if (expression is BoundSubquery subquery) Collect(subquery.Query, used, made);
        foreach (BoundExpression part in Parts(expression)) Collect(part, used, made);
    }

    private static void Collect(BoundRelation relation, HashSet<BoundColumn> used, HashSet<BoundColumn> made)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        made.UnionWith(relation.Columns);
        foreach (BoundRelation source in Sources(relation)) Collect(source, used, made);
        foreach (BoundExpression expression in Expressions(relation)) Collect(expression, used, made);
    }
}

namespace Lepton.Data.Sql.Binding;

/// <summary>
/// Leaves out of wide inputs the columns that nothing in the query takes, so that to print and to prepare a query costs what it uses and not what its tables hold. The columns that come
/// out stay as they are.
/// </summary>
internal sealed class InputNarrower : BoundRewriter
{
    private readonly HashSet<BoundColumn> _used = new(ReferenceEqualityComparer.Instance);

    private readonly int _columnCountMin;

    private InputNarrower(BoundRelation root, int columnCountMin)
    {
        _columnCountMin = columnCountMin;
        _used.UnionWith(root.Columns);
        foreach (BoundRelation relation in ExpressionWalk.AllRelations(root))
        {
            foreach (BoundExpression expression in ExpressionWalk.Expressions(relation)) Use(expression);
            // What is read by place and not by name; the rows of DISTINCT are told apart by all columns.
            if (relation is BoundSetOperation or BoundDistinct or BoundRecursion or BoundUnpivot)
                foreach (BoundRelation source in ExpressionWalk.Sources(relation)) _used.UnionWith(source.Columns);
            if (relation is BoundDistinctOn distinct) _used.UnionWith(distinct.Keys);
            if (relation is BoundCommonTableScan scan) _used.UnionWith(scan.Table.Relation.Columns);
        }
    }

    /// <summary>From so many columns on an input is worth it: DuckDB takes about 10 microseconds to bind one.</summary>
    internal const int WideColumnCountMin = 100;

    /// <summary>The query, its wide inputs narrowed; and by the name of each input the columns of it that the query names, all of a small one.</summary>
    internal static (BoundRelation Root, ILookup<string, BoundColumn> Columns) Narrow(BoundRelation root, int columnCountMin = WideColumnCountMin)
    {
        if (Inputs(root).Any(input => input.Columns.Count >= columnCountMin)) root = new InputNarrower(root, columnCountMin).Rewrite(root);
        // Common tables are not rewritten, so that one input may be read whole beside.
        return (root, Inputs(root).SelectMany(input => input.Columns.Select(column => (input.Name, column))).DistinctBy(pair => (pair.Name, pair.column.Name)).ToLookup(pair => pair.Name, pair => pair.column));
    }

    private static IEnumerable<BoundInput> Inputs(BoundRelation root) => ExpressionWalk.AllRelations(root).OfType<BoundInput>();

    internal override BoundRelation Rewrite(BoundRelation relation)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        if (relation is not BoundInput input) return base.Rewrite(relation);
        if (input.Columns.Count < _columnCountMin) return input;
        BoundColumn[] kept = [.. input.InputColumns.Where(_used.Contains)];
        // A relation has a column, even where only its rows are counted.
        return input with { InputColumns = kept.Length > 0 ? new(kept) : new(input.InputColumns.Take(1)) };
    }

    protected override BoundExpression? Replace(BoundExpression expression) => null;

    private void Use(BoundExpression expression)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        if (expression is BoundColumnReference reference) _used.Add(reference.Column);
        if (expression is BoundSubquery subquery) _used.UnionWith(subquery.Query.Columns);
        foreach (BoundExpression part in ExpressionWalk.Parts(expression)) Use(part);
    }
}

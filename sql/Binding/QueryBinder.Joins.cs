using Lepton.Data.Schemas;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

internal sealed partial class QueryBinder
{
    private (BoundRelation, Scope) Join(ParsedJoin join, Scope? outer, CommonTableScope? commonTables)
    {
        (BoundRelation left, Scope leftScope) = From(join.Left, outer, commonTables);
        // What stands further right may read what stands further left: LATERAL, written or not.
        (BoundRelation right, Scope rightScope) = From(join.Right, leftScope, commonTables);
        foreach (ScopeTable table in rightScope.Tables)
            if (table.Name.Length > 0 && leftScope.FindTable(null, table.Name) is not null) throw text.At(Offset(join.Right), "sql.duplicate_table", table.Name);

        bool isAsOf = join.Reference == "ASOF";
        JoinKind kind = (join.Reference, join.Kind) switch
        {
            ("CROSS", "INNER") => JoinKind.Cross,
            ("REGULAR" or "NATURAL" or "ASOF", "INNER") => JoinKind.Inner,
            ("REGULAR" or "NATURAL" or "ASOF", "LEFT") => JoinKind.Left,
            ("REGULAR" or "NATURAL", "RIGHT") => JoinKind.Right,
            ("REGULAR" or "NATURAL", "OUTER" or "FULL") => JoinKind.Full,
            ("REGULAR" or "NATURAL", "SEMI") => JoinKind.Semi,
            ("REGULAR" or "NATURAL", "ANTI") => JoinKind.Anti,
            ("POSITIONAL", _) => throw text.At(Offset(join), "sql.unsupported_with_remedy", "POSITIONAL JOIN", "join on a key, since the order of rows is no key"),
            _ => throw text.At(Offset(join), "sql.unsupported", $"{join.Reference} {join.Kind} JOIN"),
        };

        if ((isAsOf || kind is not (JoinKind.Inner or JoinKind.Left or JoinKind.Cross)) && BoundJoin.IsReadBy(left, right))
            throw text.At(Offset(join), "sql.lateral_join_kind", isAsOf ? "ASOF JOIN" : $"{kind.ToString().ToUpperInvariant()} JOIN");

        Scope both = leftScope.With(rightScope);
        if (kind == JoinKind.Cross) return (new BoundJoin(kind, false, left, right, null), both);

        var terms = new List<BoundExpression>();
        IReadOnlyList<string> names = join.Reference == "NATURAL" ? CommonNames(join, leftScope, rightScope) : join.Using;
        for (int i = 0; i < names.Count; i++)
        {
            VisibleColumn leftColumn = UsingColumn(leftScope, names[i], join);
            VisibleColumn rightColumn = UsingColumn(rightScope, names[i], join);
            // Of an ASOF join's USING columns the last is the time.
            ComparisonKind comparison = isAsOf && i == names.Count - 1 ? ComparisonKind.GreaterOrEqual : ComparisonKind.Equal;
            terms.Add(new BoundComparison(comparison, leftColumn.Expression, rightColumn.Expression) { Offset = Offset(join) });
            BoundExpression merged = kind switch
            {
                JoinKind.Right => rightColumn.Expression,
                JoinKind.Full => new BoundCall(FunctionTable.Scalar("coalesce"), [leftColumn.Expression, rightColumn.Expression], []),
                _ => leftColumn.Expression,
            };
            both = both with { Visible = [.. both.Visible.Where(column => column != rightColumn).Select(column => column == leftColumn ? column with { Expression = merged } : column)] };
        }
        if (join.Condition is not null) terms.Add(Expression(join.Condition, new ExpressionContext(both, Clause.On, null, commonTables, 0, [])));
        if (terms.Count == 0) throw text.At(Offset(join), "sql.join_without_condition");
        BoundExpression condition = terms.Count == 1 ? terms[0] : new BoundConnective(true, new EquatableList<BoundExpression>(terms));
        _prober.Check([condition]);
        if (isAsOf) CheckAsOf(condition, Offset(join));
        var relation = new BoundJoin(kind, isAsOf, left, right, condition);
        return (relation, kind is JoinKind.Semi or JoinKind.Anti ? leftScope : both);
    }

    // The tree gives joins no place; their right side has one.
    private static long Offset(ParsedTable table) => table.Offset >= 0 ? table.Offset : table switch
    {
        ParsedJoin join => Offset(join.Right),
        ParsedDerivedTable derived => FirstOffset(derived.Query),
        _ => -1,
    };

    private List<string> CommonNames(ParsedJoin join, Scope left, Scope right)
    {
        List<string> names = [.. left.Visible.Select(column => column.Name).Where(name => right.Find(name).Any()).Distinct(StringComparer.OrdinalIgnoreCase)];
        return names.Count > 0 ? names : throw text.At(Offset(join), "sql.natural_join_without_columns");
    }

    private VisibleColumn UsingColumn(Scope side, string name, ParsedJoin join)
    {
        List<VisibleColumn> found = [.. side.Find(name)];
        return found.Count switch
        {
            1 => found[0],
            0 => throw UnknownColumn(name, Offset(join), side.Visible.Select(column => column.Name)),
            _ => throw text.At(Offset(join), "sql.ambiguous_column", name, string.Join(", ", found.Select(column => column.Table.Name))),
        };
    }

    private void CheckAsOf(BoundExpression condition, long offset)
    {
        IEnumerable<BoundExpression> terms = condition is BoundConnective { IsAnd: true } all ? all.Terms : [condition];
        int inequalities = terms.Count(term => term is BoundComparison { Kind: ComparisonKind.Less or ComparisonKind.LessOrEqual or ComparisonKind.Greater or ComparisonKind.GreaterOrEqual });
        if (inequalities != 1) throw text.At(offset, "sql.asof_inequality", inequalities);
    }
}

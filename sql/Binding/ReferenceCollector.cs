using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

/// <summary>Finds the tables that a query names and does not define.</summary>
internal sealed class ReferenceCollector(SqlText text)
{
    private readonly Dictionary<string, (string Name, long Offset)> _found = new(StringComparer.OrdinalIgnoreCase);

    internal static IReadOnlyList<TableReference> Collect(SqlText text, ParsedQuery query)
    {
        var collector = new ReferenceCollector(text);
        collector.Query(query, []);
        return [.. collector._found.Values.OrderBy(found => found.Offset).Select(found => new TableReference(found.Name, text.PlaceAt(found.Offset)))];
    }

    /// <summary>The name that an input has: <c>schema.table</c>, the schema <c>main</c> left out.</summary>
    internal static string InputName(ParsedBaseTable table)
        => table.Schema.Length == 0 || table.Schema.Equals("main", StringComparison.OrdinalIgnoreCase) ? table.Name : $"{table.Schema}.{table.Name}";

    private void Query(ParsedQuery query, HashSet<string> defined)
    {
        text.EnsureStack(-1);
        var inner = new HashSet<string>(defined, StringComparer.OrdinalIgnoreCase);
        foreach (ParsedCommonTable table in query.CommonTables)
        {
            Query(table.Query, inner);
            inner.Add(table.Name);
        }
        void Visit(ParsedExpression? expression) => Expression(expression, inner);
        switch (query)
        {
            case ParsedSetOperation operation:
                Query(operation.Left, inner);
                Query(operation.Right, inner);
                break;
            case ParsedRecursion recursion:
                Query(recursion.Anchor, inner);
                inner.Add(recursion.Name);
                Query(recursion.Step, inner);
                break;
            case ParsedSelect select:
                Table(select.From, inner);
                foreach (ParsedExpression expression in (IEnumerable<ParsedExpression>)[.. select.Items, .. select.Groups]) Visit(expression);
                Visit(select.Where);
                Visit(select.Having);
                Visit(select.Qualify);
                break;
        }
        foreach (ParsedExpression expression in query.Modifiers.DistinctOn) Visit(expression);
        foreach (ParsedOrder order in query.Modifiers.Order) Visit(order.Expression);
        Visit(query.Modifiers.Limit);
        Visit(query.Modifiers.Offset);
    }

    private void Table(ParsedTable table, HashSet<string> defined)
    {
        text.EnsureStack(table.Offset);
        switch (table)
        {
            case ParsedBaseTable named:
                string name = InputName(named);
                if (named.Schema.Length == 0 && defined.Contains(named.Name)) break;
                _found.TryAdd(name, (name, named.Offset));
                break;
            case ParsedDerivedTable derived:
                Query(derived.Query, defined);
                break;
            case ParsedJoin join:
                Table(join.Left, defined);
                Table(join.Right, defined);
                Expression(join.Condition, defined);
                break;
            case ParsedPivot pivot:
                Table(pivot.Source, defined);
                foreach (ParsedExpression expression in pivot.Aggregates.Concat(pivot.Axes.SelectMany(axis => axis.Expressions))) Expression(expression, defined);
                break;
            case ParsedValues values:
                foreach (ParsedExpression expression in values.Rows.SelectMany(row => row)) Expression(expression, defined);
                break;
            case ParsedTableFunction function:
                Expression(function.Function, defined);
                break;
        }
    }

    private void Expression(ParsedExpression? expression, HashSet<string> defined)
    {
        if (expression is null) return;
        text.EnsureStack(expression.Offset);
        if (expression is ParsedSubquery subquery) Query(subquery.Query, defined);
        foreach (ParsedExpression part in ParsedParts.Of(expression)) Expression(part, defined);
    }
}

using System.Globalization;
using System.Numerics;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Functions;
using Lepton.Data.Sql.ParseTree;
using Lepton.Data.Sql.Printing;

namespace Lepton.Data.Sql.Binding;

internal sealed partial class QueryBinder
{
    // Several axes multiply.
    private const int PivotColumnsMax = 10_000;

    private static readonly SqlType s_text = new("VARCHAR");

    private (BoundRelation, Scope) Pivot(ParsedPivot pivot, Scope? outer, CommonTableScope? commonTables)
    {
        (BoundRelation source, Scope offered) = From(pivot.Source, outer, commonTables);
        // Inside, columns are named without their table.
        Scope scope = offered with { Tables = [.. offered.Tables.Select(table => table with { Name = "" })] };
        BoundRelation relation = pivot.ValueNames.Count > 0 ? Unpivoted(pivot, source, scope, commonTables) : Pivoted(pivot, source, scope, commonTables);
        return (relation, Named(relation, pivot.Alias, null, pivot.ColumnNames, outer, pivot.Offset));
    }

    /// <summary>GROUP BY with one filtered aggregate for each column. Values are compared as texts, which is how DuckDB does it.</summary>
    private BoundRelation Pivoted(ParsedPivot pivot, BoundRelation source, Scope scope, CommonTableScope? commonTables)
    {
        IReadOnlyList<ParsedExpression> aggregates = pivot.Aggregates.Count > 0 ? pivot.Aggregates : [new ParsedFunction("", pivot.Offset, "", "", "count_star", [], false, null, [], false)];
        foreach (ParsedExpression aggregate in aggregates)
        {
            if (AggregatesIn(aggregate) is not 1 and var count) throw text.At(Place(aggregate), "sql.pivot_aggregate", count);
            // DuckDB forgets it, where there are few values.
            if (HasFilter(aggregate)) throw text.At(Place(aggregate), "sql.unsupported_with_remedy", "FILTER in PIVOT", "filter the rows before, or write CASE inside the aggregate");
        }

        // Without GROUP BY, what is named nowhere in PIVOT groups.
        var named = new HashSet<string>(aggregates.Concat(pivot.Axes.SelectMany(axis => axis.Expressions)).SelectMany(ColumnNames), StringComparer.OrdinalIgnoreCase);
        List<ParsedExpression> keys = pivot.Groups.Count > 0
            ? [.. pivot.Groups.Select(name => new ParsedColumn("", pivot.Offset, [name]))]
            : [.. scope.Visible.Where(column => !named.Contains(column.Name)).Select(column => new ParsedBound(column.Name, pivot.Offset, column.Expression with { Offset = pivot.Offset }))];

        var items = new List<ParsedExpression>(keys);
        long width = pivot.Axes.Aggregate((long)aggregates.Count, (product, axis) => Math.Min(product * axis.Entries.Count, int.MaxValue));
        if (width > PivotColumnsMax) throw text.At(pivot.Offset, "sql.pivot_too_wide", width, PivotColumnsMax);
        foreach ((string label, IReadOnlyList<ParsedExpression> conditions) in Cells(pivot, 0))
        {
            ParsedExpression condition = conditions.Count == 1 ? conditions[0] : new ParsedConjunction("", pivot.Offset, "CONJUNCTION_AND", conditions);
            foreach (ParsedExpression aggregate in aggregates)
            {
                string name = aggregates.Count == 1 && aggregate.Alias.Length == 0 ? label : $"{label}_{AggregateName(aggregate)}";
                items.Add(ParsedParts.Replaced(aggregate, part => part is ParsedFunction call && IsAggregate(call) ? [call with { Filter = condition }] : null) with { Alias = name });
            }
        }
        return Select(new ParsedSelect([], ParsedModifiers.None, items, pivot.Source, null, keys, [], false, null, null), source, scope, commonTables);
    }

    private static bool IsAggregate(ParsedFunction call) => FunctionTable.Find(Canonical(call), FunctionKind.Aggregate) is not null;

    private static int AggregatesIn(ParsedExpression expression) => expression is ParsedFunction call && IsAggregate(call) ? 1 : ParsedParts.Of(expression).Sum(AggregatesIn);

    private static IEnumerable<string> ColumnNames(ParsedExpression expression) => expression is ParsedColumn column ? [column.Names[0]] : ParsedParts.Of(expression).SelectMany(ColumnNames);

    private static bool HasFilter(ParsedExpression expression) => expression is ParsedFunction { Filter: not null } || ParsedParts.Of(expression).Any(HasFilter);

    private string AggregateName(ParsedExpression aggregate)
    {
        if (aggregate.Alias.Length > 0) return aggregate.Alias;
        return aggregate is ParsedFunction { Arguments.Count: 0, Filter: null } call && Canonical(call) == "count_star"
            ? "count_star()" : AutomaticName.Of(aggregate) ?? throw text.At(Place(aggregate), "sql.unnamed_column");
    }

    // Every way to take one entry of each axis, the first axis slowest.
    private IEnumerable<(string Label, IReadOnlyList<ParsedExpression> Conditions)> Cells(ParsedPivot pivot, int index)
    {
        ParsedPivotAxis axis = pivot.Axes[index];
        foreach (ParsedPivotEntry entry in axis.Entries)
        {
            if (entry.Expression is not null) throw text.At(pivot.Offset, "sql.pivot_without_values");
            if (entry.Values.Count != axis.Expressions.Count) throw text.At(pivot.Offset, "sql.pivot_values", axis.Expressions.Count, entry.Values.Count);
            List<string?> values = [.. entry.Values.Select(value => Written(value, pivot.Offset))];
            string label = entry.Alias.Length > 0 ? entry.Alias : string.Join('_', values.Select(value => value ?? "NULL"));
            List<ParsedExpression> conditions = [.. axis.Expressions.Select((expression, i) => new ParsedComparison(
                "", pivot.Offset, "COMPARE_NOT_DISTINCT_FROM", new ParsedCast("", pivot.Offset, expression, s_text, false),
                new ParsedConstant("", pivot.Offset, values[i] is null ? new SqlType("NULL") : s_text, values[i])))];
            if (index == pivot.Axes.Count - 1) yield return (label, conditions);
            else foreach ((string inner, IReadOnlyList<ParsedExpression> more) in Cells(pivot, index + 1)) yield return ($"{label}_{inner}", [.. conditions, .. more]);
        }
    }

    private string? Written(ParsedConstant constant, long offset) => constant.Value switch
    {
        null => null,
        string value => value,
        bool value => value ? "true" : "false",
        BigInteger value when !constant.Type.Name.StartsWith("DECIMAL", StringComparison.Ordinal) => value.ToString(CultureInfo.InvariantCulture),
        BigInteger when SqlWords.Constant(new BoundConstant(constant.Type, constant.Value)) is var number && !number.StartsWith("CAST", StringComparison.Ordinal) => number,
        _ => throw text.At(offset, "sql.pivot_value"),
    };

    /// <summary>Each row once for each entry; what an entry does not name stays beside it.</summary>
    private BoundProject Unpivoted(ParsedPivot pivot, BoundRelation source, Scope scope, CommonTableScope? commonTables)
    {
        if (pivot.Axes is not [{ Names: [var nameColumn] } axis]) throw text.At(pivot.Offset, "sql.unknown_node", "PIVOT.unpivot_names");
        // DuckDB would give them to the columns of values too.
        if (pivot.ColumnNames.Count > 0) throw text.At(pivot.Offset, "sql.unsupported_with_remedy", "A list of column names after UNPIVOT", "name the columns inside it, and others with AS in the SELECT list");
        var context = new ExpressionContext(scope, Clause.TableFunction, null, commonTables, 0, []);
        var named = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var rows = new List<EquatableList<BoundExpression>>();
        foreach ((string label, IReadOnlyList<ParsedExpression> values) in axis.Entries.SelectMany(entry => UnpivotEntries(entry, pivot, context)))
        {
            if (values.Count != pivot.ValueNames.Count) throw text.At(pivot.Offset, "sql.pivot_values", pivot.ValueNames.Count, values.Count);
            named.UnionWith(values.SelectMany(ColumnNames));
            rows.Add([new BoundConstant(s_text, label), .. values.Select(value => Expression(value, context))]);
        }
        List<BoundColumn> made = [new(nameColumn, s_text), .. pivot.ValueNames.Select((name, i) => new BoundColumn(name, _prober.Common([.. rows.Select(row => row[i + 1])], pivot.Offset)))];
        BoundRelation relation = new BoundUnpivot(source, new EquatableList<EquatableList<BoundExpression>>(rows), new EquatableList<BoundColumn>(made));
        if (!pivot.IncludesNulls)
        {
            List<BoundExpression> present = [.. made.Skip(1).Select(column => new BoundIsNull(new BoundColumnReference(column), true))];
            relation = new BoundFilter(relation, present.Count == 1 ? present[0] : new BoundConnective(true, new EquatableList<BoundExpression>(present)));
        }
        List<VisibleColumn> kept = [.. scope.Visible.Where(column => !named.Contains(column.Name))];
        IReadOnlyList<SqlType> types = _prober.Types([.. kept.Select(column => column.Expression)]);
        return new BoundProject(relation, new EquatableList<BoundItem>(
        [
            .. kept.Select((column, i) => new BoundItem(new BoundColumn(column.Name, types[i]), column.Expression)),
            .. made.Select(column => new BoundItem(new BoundColumn(column.Name, column.Type), new BoundColumnReference(column))),
        ]));
    }

    private IEnumerable<(string Label, IReadOnlyList<ParsedExpression> Values)> UnpivotEntries(ParsedPivotEntry entry, ParsedPivot pivot, ExpressionContext context)
    {
        switch (entry.Expression)
        {
            case null:
                List<string> names = [.. entry.Values.Select(value => value.Value as string ?? throw text.At(pivot.Offset, "sql.unpivot_expression"))];
                return [(entry.Alias.Length > 0 ? entry.Alias : string.Join('_', names), [.. names.Select(name => new ParsedColumn("", pivot.Offset, [name]))])];
            case ParsedStar star when star.Replaced.Count == 0 && star.Renamed.Count == 0:
                return Chosen(star, context).Select(column => (column.Name!, (IReadOnlyList<ParsedExpression>)[new ParsedColumn("", star.Offset, [column.Name!])]));
            case ParsedStar star: throw text.At(Place(star), "sql.unpivot_expression");
            // Of COLUMNS(…) inside an expression there is one entry for each column; any other is over one column, by whose name it is called where it has no alias.
            case var expression when StarsIn(expression).ToList() is [var star]:
                return Chosen(star, context).Select(column => (column.Name!, (IReadOnlyList<ParsedExpression>)[ParsedParts.Replaced(expression, part => part is ParsedStar { IsColumns: true } ? [new ParsedColumn("", star.Offset, [column.Name!])] : null)]));
            case var expression:
                string alias = entry.Alias.Length > 0 ? entry.Alias : expression.Alias;
                List<string> read = [.. ColumnNames(expression).Distinct(StringComparer.OrdinalIgnoreCase)];
                if (read.Count != 1) throw text.At(Place(expression), "sql.unpivot_expression");
                return [(alias.Length > 0 ? alias : read[0], [expression])];
        }
    }
}

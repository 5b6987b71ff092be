using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Functions;

namespace Lepton.Data.Sql.Printing;

internal sealed partial class DuckDbWriter
{
    /// <summary>The expression as text; <paramref name="isKey"/> where GROUP BY and ORDER BY would read a number as a column's place.</summary>
    internal string Expression(BoundExpression expression, bool isKey)
    {
        if (isKey && expression is BoundConstant constant)
            return constant.Type.Name == "NULL" ? "CAST(NULL AS INTEGER)" : $"CAST({SqlWords.Constant(constant)} AS {constant.Type.Name})";
        string text = Expression(expression);
        // A column may itself stand for a constant.
        return isKey && expression is BoundColumnReference { Column: { IsTyped: true } column } && IsConstantText(text) ? $"CAST({text} AS {column.Type.Name})" : text;
    }

    private static bool IsConstantText(string text) => text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] is '-' or '\'' || text is "NULL" or "true" or "false");

    internal string Expression(BoundExpression expression)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        return expression switch
        {
            BoundColumnReference reference => _columns.TryGetValue(reference.Column, out string? text) ? text : throw new InvalidOperationException($"The column {reference.Column.Name} is out of reach."),
            BoundConstant constant => SqlWords.Constant(constant),
            BoundCast cast => $"{(cast.GivesNull ? "TRY_CAST" : "CAST")}({Expression(cast.Operand)} AS {cast.Type.Name})",
            BoundCall call => Call(call),
            BoundCase choice => Case(choice),
            BoundLambda lambda => Lambda(lambda),
            BoundComparison comparison => $"({Expression(comparison.Left)} {Sign(comparison.Kind)} {Expression(comparison.Right)})",
            BoundConnective connective => $"({string.Join(connective.IsAnd ? " AND " : " OR ", connective.Terms.Select(Expression))})",
            BoundNot not => $"(NOT {Expression(not.Operand)})",
            BoundIsNull isNull => $"({Expression(isNull.Operand)} IS {(isNull.IsNegated ? "NOT " : "")}NULL)",
            BoundIn isIn => $"({Expression(isIn.Operand)} {(isIn.IsNegated ? "NOT " : "")}IN ({string.Join(", ", isIn.Items.Select(Expression))}))",
            BoundBetween between => $"({Expression(between.Operand)} BETWEEN {Expression(between.Lower)} AND {Expression(between.Upper)})",
            BoundSubquery subquery => Subquery(subquery),
            BoundAggregateCall call => AggregateCall(call),
            BoundWindowCall call => WindowCall(call),
            _ => throw new InvalidOperationException($"An expression is a {expression.GetType()}."),
        };
    }

    private static string Sign(ComparisonKind kind) => kind switch
    {
        ComparisonKind.Equal => "=",
        ComparisonKind.NotEqual => "<>",
        ComparisonKind.Less => "<",
        ComparisonKind.LessOrEqual => "<=",
        ComparisonKind.Greater => ">",
        ComparisonKind.GreaterOrEqual => ">=",
        ComparisonKind.IsDistinctFrom => "IS DISTINCT FROM",
        ComparisonKind.IsNotDistinctFrom => "IS NOT DISTINCT FROM",
        _ => throw new InvalidOperationException($"A comparison is {kind}."),
    };

    private string Call(BoundCall call)
    {
        string name = call.Function.DuckDbName;
        List<string> arguments = [.. call.Arguments.Select(Expression)];
        if (call.Names.Count > 0) arguments = [.. arguments.Select((argument, i) => $"{SqlLiteral.Name(call.Names[i])} := {argument}")];
        return call.Function.Form switch
        {
            // Only so written may it be a map or a struct whose part is taken.
            _ when name == "array_extract" && arguments.Count == 2 => $"({arguments[0]})[{arguments[1]}]",
            FunctionForm.Infix when arguments.Count == 2 => $"({arguments[0]} {name} {arguments[1]})",
            FunctionForm.Infix or FunctionForm.Prefix => $"({name} {arguments[0]})",
            _ => $"{name}({string.Join(", ", arguments)})",
        };
    }

    private string Case(BoundCase choice)
    {
        var text = new StringBuilder("CASE");
        foreach (BoundCaseBranch branch in choice.Branches) text.Append(" WHEN ").Append(Expression(branch.Condition)).Append(" THEN ").Append(Expression(branch.Result));
        return text.Append(" ELSE ").Append(Expression(choice.Otherwise)).Append(" END").ToString();
    }

    private string Lambda(BoundLambda lambda)
    {
        foreach (BoundColumn parameter in lambda.Parameters) _columns[parameter] = NewAlias("p");
        return $"lambda {string.Join(", ", lambda.Parameters.Select(parameter => _columns[parameter]))}: {Expression(lambda.Body)}";
    }

    private string Subquery(BoundSubquery subquery)
    {
        if (isProbe)
        {
            string value = subquery.Kind == SubqueryKind.Exists ? "CAST(NULL AS BOOLEAN)" : $"CAST(NULL AS {subquery.Query.Columns[0].Type.Name})";
            return subquery.Kind == SubqueryKind.Any ? $"({Expression(subquery.Operand!)} {Sign(subquery.Comparison!.Value)} {value})" : value;
        }
        SelectText select = Relation(subquery.Query);
        EnsureItems(select, subquery.Query);
        string text = select.Finish(Distinct(subquery.Query.Columns));
        return subquery.Kind switch
        {
            SubqueryKind.Scalar => $"({text})",
            SubqueryKind.Exists => $"EXISTS({text})",
            _ => $"({Expression(subquery.Operand!)} {Sign(subquery.Comparison!.Value)} ANY({text}))",
        };
    }

    // GROUPING names keys as GROUP BY writes them.
    private string AggregateCall(BoundAggregateCall call)
        => call.Function == FunctionTable.Grouping ? $"GROUPING({string.Join(", ", call.Arguments.Select(key => Expression(key, isKey: true)))})" : Aggregated(call.Function, call.Arguments, call.IsDistinct, call.Order, call.Filter, call.Result, nulls: "", over: "");

    private string WindowCall(BoundWindowCall call)
    {
        var parts = new List<string>();
        if (call.Partition.Count > 0) parts.Add($"PARTITION BY {string.Join(", ", call.Partition.Select(key => Expression(key, isKey: true)))}");
        if (call.Order.Count > 0) parts.Add($"ORDER BY {string.Join(", ", call.Order.Select(SortKey))}");
        if (!call.Frame.Equals(BoundFrame.Default)) parts.Add(Frame(call.Frame));
        string over = $" OVER ({string.Join(" ", parts)})";
        return Aggregated(call.Function, call.Arguments, call.IsDistinct, call.ArgumentOrder, call.Filter, call.Result, call.IgnoresNulls ? " IGNORE NULLS" : "", over);
    }

    private string Aggregated(
        SqlFunction function, EquatableList<BoundExpression> operands, bool isDistinct, EquatableList<BoundSortKey> keys, BoundExpression? condition, SqlType? result, string nulls, string over)
    {
        string filter = condition is null ? "" : $" FILTER (WHERE {Expression(condition)})";
        string order = keys.Count == 0 ? "" : $" ORDER BY {string.Join(", ", keys.Select(SortKey))}";
        string arguments = $"{(isDistinct ? "DISTINCT " : "")}{string.Join(", ", operands.Select(Expression))}";
        string One(string name) => $"{name}({arguments}{order}{nulls}){filter}{over}";
        string text = function == FunctionTable.IntegerMean ? $"(CAST({One("sum")} AS DOUBLE) / {One("count")})"
            : function.Name == "count_star" ? $"count(*){filter}{over}"
            : One(function.DuckDbName);
        return result is null ? text : $"CAST({text} AS {result.Name})";
    }

    private string Frame(BoundFrame frame)
    {
        // Unbounded ends and RANGE at the current row fit any unit; the other end decides.
        FrameUnit unit = frame.Start.Unit != FrameUnit.Range ? frame.Start.Unit : frame.End.Unit;
        string word = unit switch { FrameUnit.Rows => "ROWS", FrameUnit.Range => "RANGE", _ => "GROUPS" };
        string exclusion = frame.Exclusion switch
        {
            FrameExclusion.CurrentRow => " EXCLUDE CURRENT ROW",
            FrameExclusion.Group => " EXCLUDE GROUP",
            FrameExclusion.Ties => " EXCLUDE TIES",
            _ => "",
        };
        return $"{word} BETWEEN {End(frame.Start)} AND {End(frame.End)}{exclusion}";
    }

    private string End(FrameBound end) => end.Kind switch
    {
        FrameBoundKind.UnboundedPreceding => "UNBOUNDED PRECEDING",
        FrameBoundKind.UnboundedFollowing => "UNBOUNDED FOLLOWING",
        FrameBoundKind.CurrentRow => "CURRENT ROW",
        FrameBoundKind.Preceding => $"{Expression(end.Distance!)} PRECEDING",
        _ => $"{Expression(end.Distance!)} FOLLOWING",
    };
}

using System.Globalization;
using System.Numerics;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.ParseTree;
using Lepton.Data.Sql.Printing;

namespace Lepton.Data.Sql.Binding;

/// <summary>The names that DuckDB gives to expressions without an alias, for the usual ones.</summary>
internal static class AutomaticName
{
    /// <summary>What a column is called while nobody needs its name: in a subquery, on the right of a set operation. It cannot come out.</summary>
    internal const string Unnamed = "(unnamed)";

    /// <summary>The name, or null for an expression that should be given one with AS.</summary>
    internal static string? Of(ParsedExpression expression) => expression switch
    {
        ParsedColumn column => string.Join('.', column.Names),
        ParsedConstant { Value: null } => "NULL",
        ParsedConstant { Value: string value } => SqlLiteral.Text(value),
        ParsedConstant { Value: BigInteger value, Type.Name: "INTEGER" or "BIGINT" or "HUGEINT" } => value.ToString(CultureInfo.InvariantCulture),
        ParsedConstant { Value: BigInteger } constant => SqlWords.Constant(new BoundConstant(constant.Type, constant.Value)),
        ParsedCast cast when Of(cast.Operand) is { } operand => $"{(cast.IsTry ? "TRY_CAST" : "CAST")}({operand} AS {cast.Type.Name.Replace(", ", ",", StringComparison.Ordinal).Replace(",", ", ", StringComparison.Ordinal)})",
        ParsedComparison comparison when Sign(comparison.Type) is { } sign => Infix(comparison.Left, sign, comparison.Right),
        ParsedConjunction conjunction when All(conjunction.Terms) is { } terms => $"({string.Join(conjunction.Type == "CONJUNCTION_AND" ? " AND " : " OR ", terms)})",
        ParsedOperator { Type: "OPERATOR_NOT" } not when All(not.Operands) is [var operand] => $"(NOT {operand})",
        ParsedOperator { Type: "OPERATOR_IS_NULL" } isNull when All(isNull.Operands) is [var operand] => $"({operand} IS NULL)",
        ParsedOperator { Type: "OPERATOR_IS_NOT_NULL" } isNull when All(isNull.Operands) is [var operand] => $"({operand} IS NOT NULL)",
        ParsedOperator { Type: "OPERATOR_COALESCE" } coalesce when All(coalesce.Operands) is { } operands => $"COALESCE({string.Join(", ", operands)})",
        ParsedOperator { Type: "GROUPING_FUNCTION" } grouping when All(grouping.Operands) is { } keys => $"GROUPING({string.Join(", ", keys)})",
        ParsedFunction { IsOperator: true, Arguments: [var left, var right] } call => Infix(left, call.Name, right),
        ParsedFunction { IsOperator: true, Arguments: [var operand] } call when Of(operand) is { } name => $"{call.Name}({name})",
        ParsedFunction { IsOperator: false, Order.Count: 0 } call => Call(call),
        _ => null,
    };

    private static string? Call(ParsedFunction call)
    {
        if (All(call.Arguments) is not { } arguments || call.Arguments.Any(argument => argument.Alias.Length > 0)) return null;
        string name = call.Arguments.Count == 0 && call.Name == "count" ? "count_star" : call.Name;
        string text = $"{(call.Schema.Length > 0 ? $"{call.Schema}." : "")}{name}({(call.IsDistinct ? "DISTINCT " : "")}{string.Join(", ", arguments)})";
        if (call.Filter is null) return text;
        return Of(call.Filter) is { } filter ? $"{text} FILTER (WHERE {filter})" : null;
    }

    private static string? Infix(ParsedExpression left, string sign, ParsedExpression right)
        => Of(left) is { } leftName && Of(right) is { } rightName ? $"({leftName} {sign} {rightName})" : null;

    private static List<string>? All(IReadOnlyList<ParsedExpression> expressions)
    {
        List<string> names = [.. expressions.Select(Of).OfType<string>()];
        return names.Count == expressions.Count ? names : null;
    }

    private static string? Sign(string type) => type switch
    {
        "COMPARE_EQUAL" => "=",
        "COMPARE_NOTEQUAL" => "!=",
        "COMPARE_LESSTHAN" => "<",
        "COMPARE_LESSTHANOREQUALTO" => "<=",
        "COMPARE_GREATERTHAN" => ">",
        "COMPARE_GREATERTHANOREQUALTO" => ">=",
        "COMPARE_DISTINCT_FROM" => "IS DISTINCT FROM",
        _ => null,
    };
}

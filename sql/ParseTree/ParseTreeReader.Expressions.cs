using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Sql.ParseTree;

internal sealed partial class ParseTreeReader
{
    private ParsedExpression? Optional(TreeNode node, string property) => node.Optional(property) is { } element ? Expression(element) : null;

    private List<ParsedExpression> Expressions(TreeNode node, string property) => [.. node.List(property).Select(Expression)];

    private ParsedExpression Expression(JsonElement element)
    {
        _text.EnsureStack(-1);
        var node = new TreeNode(_text, element, "expression");
        string kind = node.Text("class");
        string type = node.Text("type");
        string alias = node.Text("alias");
        ParsedExpression expression = kind switch
        {
            "COLUMN_REF" => new ParsedColumn(alias, node.Offset, node.Texts("column_names")),
            "CONSTANT" => Constant(node, alias),
            "FUNCTION" => Function(node, alias),
            "WINDOW" => Window(node, alias, type),
            "CASE" => Case(node, alias),
            "COMPARISON" => new ParsedComparison(alias, node.Offset, type, Expression(node.Any("left")), Expression(node.Any("right"))),
            "CONJUNCTION" => new ParsedConjunction(alias, node.Offset, type, Expressions(node, "children")),
            "OPERATOR" => new ParsedOperator(alias, node.Offset, type, Expressions(node, "children")),
            "CAST" => new ParsedCast(alias, node.Offset, Expression(node.Any("child")), Type(node.Any("cast_type"), node.Offset), node.Flag("try_cast")),
            "BETWEEN" => new ParsedBetween(alias, node.Offset, Expression(node.Any("input")), Expression(node.Any("lower")), Expression(node.Any("upper"))),
            "LAMBDA" => new ParsedLambda(alias, node.Offset, Expression(node.Any("lhs")), Expression(node.Any("expr"))),
            "SUBQUERY" => new ParsedSubquery(
                alias, node.Offset, node.Text("subquery_type"), Query(node.Any("subquery")), Optional(node, "child"), node.Text("comparison_type")),
            "STAR" => Star(node, alias),
            "PARAMETER" => Parameter(alias, node.Text("identifier")),
            "COLLATE" => new ParsedCollation(alias, node.Offset, Expression(node.Any("child")), node.Text("collation")),
            "POSITIONAL_REFERENCE" => new ParsedPosition(alias, node.Offset, node.Number("index")),
            _ => throw node.Unknown(kind),
        };
        node.End();
        return expression;
    }

    // The value in the place of the parameter, so that everything else sees a constant.
    private ParsedExpression Parameter(string alias, string name)
    {
        // The tree says no place. A ? has a number for a name.
        int index = _text.Text.IndexOf($"${name}", StringComparison.OrdinalIgnoreCase);
        if (index < 0) index = Math.Max(_text.Text.IndexOf('?', StringComparison.Ordinal), 0);
        if (_text.Parameters.FirstOrDefault(known => known.Key.Equals(name, StringComparison.OrdinalIgnoreCase)) is not { Value: { } value })
        {
            throw Suggest.Nearest(name, _text.Parameters.Keys) is { } near
                ? _text.AtCharacter(index, "sql.unknown_parameter_suggest", name, near) : _text.AtCharacter(index, "sql.unknown_parameter", name);
        }
        long offset = Encoding.UTF8.GetByteCount(_text.Text.AsSpan(0, index));
        if (value.Value is null) return new ParsedCast(alias, offset, new ParsedConstant("", offset, new SqlType("NULL"), null), value.Type is null ? new SqlType("VARCHAR") : SqlType.Of(value.Type), false);
        ParsedConstant constant = value.Type is IntegerType && BigInteger.Parse(value.Value, CultureInfo.InvariantCulture) is var number && number >= long.MinValue && number <= long.MaxValue
            ? new ParsedConstant("", offset, new SqlType("BIGINT"), number) : new ParsedConstant("", offset, new SqlType("VARCHAR"), value.Value);
        if (value.Type is null) return new ParsedConstant(alias, offset, constant.Type, constant.Value);
        return new ParsedCast(alias, offset, constant, SqlType.Of(value.Type), false);
    }

    private ParsedFunction Function(TreeNode node, string alias)
    {
        if (node.Flag("export_state")) throw _text.At(node.Offset, "sql.unsupported", "EXPORT_STATE");
        return new ParsedFunction(
            alias, node.Offset, node.Text("catalog"), node.Text("schema"), node.Text("function_name"), Expressions(node, "children"), node.Flag("distinct"),
            Optional(node, "filter"), NestedOrders(node.Any("order_bys")), node.Flag("is_operator"));
    }

    private ParsedWindow Window(TreeNode node, string alias, string type) => new(
        alias, node.Offset, type, node.Text("catalog"), node.Text("schema"), node.Text("function_name"), Expressions(node, "children"), Expressions(node, "partitions"),
        Orders(node), node.Text("start"), node.Text("end"), Optional(node, "start_expr"), Optional(node, "end_expr"), Optional(node, "offset_expr"), Optional(node, "default_expr"),
        node.Flag("ignore_nulls"), Optional(node, "filter_expr"), node.Text("exclude_clause"), node.Flag("distinct"), [.. node.List("arg_orders").Select(Order)]);

    private ParsedCase Case(TreeNode node, string alias)
    {
        var branches = new List<(ParsedExpression, ParsedExpression)>();
        foreach (JsonElement element in node.List("case_checks"))
        {
            var check = new TreeNode(_text, element, "case_check");
            branches.Add((Expression(check.Any("when_expr")), Expression(check.Any("then_expr"))));
            check.End();
        }
        return new ParsedCase(alias, node.Offset, branches, Expression(node.Any("else_expr")));
    }

    private ParsedStar Star(TreeNode node, string alias)
    {
        List<(string, ParsedExpression)> replaced = [.. Pairs(node, "replace_list").Select(pair => (pair.Text("key"), Expression(pair.Any("value"))))];
        List<(string, string)> excluded = [.. node.List("qualified_exclude_list").Select(QualifiedName)];
        List<(string, string)> renamed = [.. Pairs(node, "rename_list").Select(pair => (QualifiedName(pair.Any("key")).Column, pair.Text("value")))];
        return new ParsedStar(
            alias, node.Offset, node.Text("relation_name"), node.Texts("exclude_list"), excluded, replaced, renamed, node.Flag("columns"), Optional(node, "expr"));
    }

    private IEnumerable<TreeNode> Pairs(TreeNode node, string property) => node.List(property).Select(pair => new TreeNode(_text, pair, property));

    private (string Table, string Column) QualifiedName(JsonElement element)
    {
        var name = new TreeNode(_text, element, "name");
        (string, string) result = (name.Text("table"), name.Text("column"));
        name.Ignore("catalog", "schema");
        name.End();
        return result;
    }
}

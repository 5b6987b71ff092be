using System.Globalization;
using System.Text.Json;

namespace Lepton.Data.Sql.ParseTree;

internal sealed partial class ParseTreeReader
{
    private static readonly int s_epochDay = new DateOnly(1970, 1, 1).DayNumber;

    private ParsedTable Table(JsonElement element)
    {
        _text.EnsureStack(-1);
        var node = new TreeNode(_text, element, "from");
        string type = node.Text("type");
        string alias = node.Text("alias");
        if (node.Optional("sample") is not null) throw _text.At(node.Offset, "sql.unsupported_with_remedy", "TABLESAMPLE", "filter by a hash of the key, which gives the same rows every time");
        ParsedTable table = type switch
        {
            "EMPTY" => new ParsedNoTable(node.Offset),
            "BASE_TABLE" => BaseTable(node, alias),
            "SUBQUERY" => new ParsedDerivedTable(alias, node.Offset, Query(node.Any("subquery")), node.Texts("column_name_alias")),
            "JOIN" => Join(node, alias),
            "TABLE_FUNCTION" => new ParsedTableFunction(
                alias, node.Offset, Expression(node.Any("function")), node.Text("with_ordinality") != "WITHOUT_ORDINALITY", node.Texts("column_name_alias")),
            "EXPRESSION_LIST" => Values(node, alias),
            "PIVOT" => Pivot(node, alias),
            "SHOW_REF" => throw _text.At(0, "sql.not_select"),
            "COLUMN_DATA" or "DELIM_GET" or "BOUND_TABLE_REF" => throw node.Unknown(type),
            _ => throw node.Unknown(type),
        };
        node.End();
        return table;
    }

    private ParsedBaseTable BaseTable(TreeNode node, string alias)
    {
        if (node.Optional("at_clause") is not null) throw _text.At(node.Offset, "sql.unsupported", "AT (VERSION …)");
        return new ParsedBaseTable(alias, node.Offset, node.Text("catalog_name"), node.Text("schema_name"), node.Text("table_name"), node.Texts("column_name_alias"));
    }

    private ParsedValues Values(TreeNode node, string alias)
    {
        List<IReadOnlyList<ParsedExpression>> rows = [.. node.List("values").Select(row => (IReadOnlyList<ParsedExpression>)[.. row.EnumerateArray().Select(Expression)])];
        List<string> names = node.Texts("expected_names");
        if (node.List("expected_types").Any()) throw node.Unknown("expected_types");
        return new ParsedValues(alias, node.Offset, rows, names);
    }

    private ParsedPivot Pivot(TreeNode node, string alias)
    {
        ParsedTable source = Table(node.Any("source"));
        long offset = node.Offset >= 0 ? node.Offset : source.Offset;
        List<ParsedPivotAxis> axes = [.. node.List("pivots").Select(axis => Axis(new TreeNode(_text, axis, "pivot"), offset))];
        return new ParsedPivot(
            alias, offset, source, Expressions(node, "aggregates"), axes, node.Texts("groups"), node.Texts("unpivot_names"), node.Flag("include_nulls"), node.Texts("column_name_alias"));
    }

    private ParsedPivotAxis Axis(TreeNode node, long offset)
    {
        if (node.Text("pivot_enum").Length > 0) throw _text.At(offset, "sql.pivot_without_values");
        var entries = new List<ParsedPivotEntry>();
        foreach (JsonElement element in node.List("entries"))
        {
            var entry = new TreeNode(_text, element, "entry");
            List<ParsedConstant> values = [.. entry.List("values").Select(value => ConstantOf(value, offset, "") ?? DateOf(value, offset) ?? throw _text.At(offset, "sql.pivot_value"))];
            entries.Add(new ParsedPivotEntry(values, Optional(entry, "star_expr"), entry.Text("alias")));
            entry.End();
        }
        var axis = new ParsedPivotAxis(Expressions(node, "pivot_expressions"), node.Texts("unpivot_names"), entries);
        node.End();
        return axis;
    }

    // Days since 1970; values of PIVOT are compared as texts, so the text is what counts.
    private static ParsedConstant? DateOf(JsonElement value, long offset)
        => value.GetProperty("type").GetProperty("id").GetString() == "DATE" && value.TryGetProperty("value", out JsonElement days) && days.TryGetInt32(out int number)
            && number + s_epochDay is >= 0 and var day && day <= DateOnly.MaxValue.DayNumber
            ? new ParsedConstant("", offset, new SqlType("VARCHAR"), DateOnly.FromDayNumber(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)) : null;

    private ParsedJoin Join(TreeNode node, string alias)
    {
        ParsedTable left = Table(node.Any("left"));
        ParsedTable right = Table(node.Any("right"));
        var join = new ParsedJoin(alias, node.Offset, left, right, node.Text("join_type"), node.Text("ref_type"), Optional(node, "condition"), node.Texts("using_columns"));
        if (node.Flag("delim_flipped")) throw node.Unknown("delim_flipped");
        if (node.List("duplicate_eliminated_columns").Any()) throw node.Unknown("duplicate_eliminated_columns");
        return join;
    }
}

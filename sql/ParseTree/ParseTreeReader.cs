using System.Text.Json;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;

namespace Lepton.Data.Sql.ParseTree;

/// <summary>Reads the front end's JSON into the mirror of the parse tree. What it does not know is an error, never skipped.</summary>
internal sealed partial class ParseTreeReader
{
    // DuckDB refuses expressions nested over 1,000 deep; each level is a few levels of JSON.
    private const int JsonDepthMax = 16_384;

    // The time that DuckDB takes grows with the square of some lists: this much is read in seconds.
    private const int TextLengthMax = 500_000;

    // The same with the columns of one SELECT: 10,000 take seconds, 60,000 a minute and gigabytes.
    internal const int ColumnCountMax = 10_000;

    private readonly SqlText _text;

    private ParseTreeReader(SqlText text) => _text = text;

    /// <summary>The one SELECT in <paramref name="text"/>.</summary>
    /// <exception cref="LeptonDataException">A syntax error; not a SELECT; none, or several; a part that is not known.</exception>
    internal static ParsedQuery Read(ISqlFrontEnd frontEnd, SqlText text)
    {
        if (string.IsNullOrWhiteSpace(text.Text[text.PrefixLength..(text.Text.Length - text.SuffixLength)])) throw text.At(0, "sql.empty");
        if (text.Text.Length > TextLengthMax) throw text.At(0, "sql.too_long", text.Text.Length, TextLengthMax);
        if (text.Text.Contains('\0', StringComparison.Ordinal)) throw text.AtCharacter(text.Text.IndexOf('\0', StringComparison.Ordinal), "sql.nul_character");
        try
        {
            using JsonDocument document = JsonDocument.Parse(frontEnd.Parse(text.Text), new JsonDocumentOptions { MaxDepth = JsonDepthMax });
            return new ParseTreeReader(text).Statement(document.RootElement);
        }
        catch (SqlFrontEndException error)
        {
            throw IsTooDeep(error.Message) ? text.At(0, "sql.too_deep") : text.At(0, "sql.syntax", FirstLine(error.Message).TrimEnd('.'));
        }
        catch (JsonException)
        {
            // A number beyond a double's range is printed as Infinity, which is no JSON.
            throw text.At(0, "sql.unreadable_tree");
        }
    }

    private ParsedQuery Statement(JsonElement root)
    {
        var answer = new TreeNode(_text, root, "answer");
        if (answer.Flag("error")) throw SyntaxError(answer);
        List<JsonElement> statements = [.. answer.List("statements")];
        answer.End();
        if (statements.Count == 0) throw _text.At(0, "sql.empty");
        if (statements.Count > 1) throw _text.At(0, "sql.several_statements", statements.Count);
        return Query(statements[0]);
    }

    private LeptonDataException SyntaxError(TreeNode answer)
    {
        string type = answer.Text("error_type");
        string message = FirstLine(answer.Text("error_message"));
        if (type == "not implemented" && message.StartsWith("Only SELECT", StringComparison.Ordinal)) 
            return PivotWithoutValues().Match(_text.Text) is { Success: true } select ? _text.AtCharacter(select.Groups["pivot"].Index, "sql.pivot_without_values") : _text.At(0, "sql.not_select");
        int index = 0;
        if (answer.Optional("position") is { } position && long.TryParse(position.ToString(), out long characters)) index = CharacterOfCodePoint(characters);
        index = Math.Max(index, _text.PrefixLength);
        return IsTooDeep(message) ? _text.AtCharacter(index, "sql.too_deep")
            : KeywordAt(index) is { } word ? _text.AtCharacter(index, "sql.syntax_keyword", message, word) : _text.AtCharacter(index, "sql.syntax", message);
    }

    // The parser stumbles over a column that is called like a word of SQL there, or over what follows it.
    private string? KeywordAt(int index)
    {
        string before = _text.Text[_text.PrefixLength..index];
        string? last = WordAtEnd().Match(before) is { Success: true } match ? match.Groups[1].Value : null;
        string here = WordAtBeginning().Match(_text.Text[index..(_text.Text.Length - _text.SuffixLength)]).Value;
        return new[] { last, here }.FirstOrDefault(word => word is not null && s_likeColumns.Contains(word));
    }

    /// <summary>Whether the parser gave up for the depth of the text: its stack is full, or an expression is deeper than it takes.</summary>
    internal static bool IsTooDeep(string message) => message.Contains("memory exhausted at or near", StringComparison.Ordinal) || message.Contains("Max expression depth limit of", StringComparison.Ordinal);

    // Words that cannot stand as the name of a column without quotes, and well may be one.
    private static readonly HashSet<string> s_likeColumns = new(StringComparer.OrdinalIgnoreCase)
    {
        "all", "analyze", "any", "array", "asc", "at", "both", "case", "check", "column", "constraint", "create", "default", "desc", "describe", "do", "else", "end", "except", "fetch", "foreign",
        "grant", "group", "in", "initially", "into", "leading", "limit", "offset", "only", "order", "pivot", "placing", "primary", "references", "returning", "show", "some", "summarize",
        "symmetric", "table", "then", "to", "trailing", "union", "unique", "using", "when", "window",
    };

    [GeneratedRegex(@"(?<![\w.""])([A-Za-z]+)\s*\z", RegexOptions.CultureInvariant)]
    private static partial Regex WordAtEnd();

    [GeneratedRegex(@"\A[A-Za-z]+\b", RegexOptions.CultureInvariant)]
    private static partial Regex WordAtBeginning();

    // DuckDB makes several statements of such a PIVOT and says no more than that they are not one SELECT.
    [GeneratedRegex(@"\A[\s(]*(?:(?<pivot>PIVOT)|(?:SELECT|WITH|FROM)\b.*?\b(?<pivot>PIVOT))\b", RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PivotWithoutValues();

    // The parser counts code points where the tree counts bytes.
    private int CharacterOfCodePoint(long codePoints)
    {
        int index = 0;
        for (; index < _text.Text.Length && codePoints > 0; index++)
            if (!char.IsHighSurrogate(_text.Text[index])) codePoints--;
        return index;
    }

    internal static string FirstLine(string message)
    {
        int end = message.IndexOf('\n', StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).Trim();
    }

    // {"node": …, "named_param_map": […]}
    private ParsedQuery Query(JsonElement element)
    {
        var statement = new TreeNode(_text, element, "statement");
        ParsedQuery query = QueryNode(statement.Any("node"));
        statement.Ignore("named_param_map");
        statement.End();
        return query;
    }

    private ParsedQuery QueryNode(JsonElement element)
    {
        _text.EnsureStack(-1);
        var node = new TreeNode(_text, element, "query");
        string type = node.Text("type");
        switch (type)
        {
            case "SELECT_NODE": return Select(node);
            case "SET_OPERATION_NODE":
                string kind = node.Text("setop_type");
                var operation = new ParsedSetOperation(
                    CommonTables(node), Modifiers(node), kind, node.Flag("setop_all"), QueryNode(node.Any("left")), QueryNode(node.Any("right")));
                node.End();
                return operation;
            case "RECURSIVE_CTE_NODE":
                if (node.List("key_targets").Any()) throw _text.At(-1, "sql.unsupported", "USING KEY");
                var recursion = new ParsedRecursion(
                    CommonTables(node), Modifiers(node), node.Text("cte_name"), node.Flag("union_all"), node.Texts("aliases"), QueryNode(node.Any("left")), QueryNode(node.Any("right")));
                node.End();
                return recursion;
            default: throw node.Unknown(type);
        }
    }

    private ParsedSelect Select(TreeNode node)
    {
        List<ParsedCommonTable> commonTables = CommonTables(node);
        ParsedModifiers modifiers = Modifiers(node);
        List<ParsedExpression> items = [.. node.List("select_list").Select(Expression)];
        ParsedTable from = Table(node.Any("from_table"));
        ParsedExpression? where = Optional(node, "where_clause");
        List<ParsedExpression> groups = [.. node.List("group_expressions").Select(Expression)];
        List<IReadOnlyList<int>> sets = [.. node.List("group_sets").Select(set => (IReadOnlyList<int>)[.. set.EnumerateArray().Select(index => index.GetInt32())])];
        string handling = node.Text("aggregate_handling");
        if (handling is not ("STANDARD_HANDLING" or "FORCE_AGGREGATES")) throw node.Unknown(handling);
        ParsedExpression? having = Optional(node, "having");
        ParsedExpression? qualify = Optional(node, "qualify");
        if (node.Optional("sample") is not null) throw _text.At(from.Offset, "sql.unsupported_with_remedy", "USING SAMPLE", "filter by a hash of the key, which gives the same rows every time");
        node.End();
        return new ParsedSelect(commonTables, modifiers, items, from, where, groups, sets, handling == "FORCE_AGGREGATES", having, qualify);
    }

    private List<ParsedCommonTable> CommonTables(TreeNode node)
    {
        var map = new TreeNode(_text, node.Any("cte_map"), "cte_map");
        var tables = new List<ParsedCommonTable>();
        foreach (JsonElement element in map.List("map"))
        {
            var entry = new TreeNode(_text, element, "cte_map");
            string name = entry.Text("key");
            var value = new TreeNode(_text, entry.Any("value"), "cte");
            entry.End();
            List<string> columnNames = value.Texts("aliases");
            // The hint MATERIALIZED does not arrive here; the engine decides.
            value.Ignore("materialized");
            if (value.List("key_targets").Any()) throw _text.At(-1, "sql.unsupported", "USING KEY");
            tables.Add(new ParsedCommonTable(name, columnNames, Query(value.Any("query"))));
            value.End();
        }
        map.End();
        return tables;
    }

    private ParsedModifiers Modifiers(TreeNode node)
    {
        ParsedModifiers modifiers = ParsedModifiers.None;
        foreach (JsonElement element in node.List("modifiers"))
        {
            var modifier = new TreeNode(_text, element, "modifier");
            string type = modifier.Text("type");
            modifiers = type switch
            {
                "DISTINCT_MODIFIER" => modifiers with { IsDistinct = true, DistinctOn = [.. modifier.List("distinct_on_targets").Select(Expression)] },
                "ORDER_MODIFIER" => modifiers with { Order = Orders(modifier) },
                "LIMIT_MODIFIER" => modifiers with { Limit = Optional(modifier, "limit"), Offset = Optional(modifier, "offset") },
                "LIMIT_PERCENT_MODIFIER" => throw _text.At(Optional(modifier, "limit")?.Offset ?? -1, "sql.unsupported", "LIMIT with %"),
                _ => throw modifier.Unknown(type),
            };
            modifier.End();
        }
        return modifiers;
    }

    private List<ParsedOrder> Orders(TreeNode modifier) => [.. modifier.List("orders").Select(Order)];

    // An aggregate's own order arrives as a modifier that is always there, mostly empty.
    private List<ParsedOrder> NestedOrders(JsonElement element)
    {
        var modifier = new TreeNode(_text, element, "order_bys");
        modifier.Ignore("type");
        List<ParsedOrder> orders = Orders(modifier);
        modifier.End();
        return orders;
    }

    private ParsedOrder Order(JsonElement element)
    {
        var node = new TreeNode(_text, element, "order");
        var order = new ParsedOrder(node.Text("type"), node.Text("null_order"), Expression(node.Any("expression")));
        node.End();
        return order;
    }
}

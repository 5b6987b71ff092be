using Lepton.Data.Schemas;
using Lepton.Data.Sql.ParseTree;
using Lepton.Data.Sql.Printing;

namespace Lepton.Data.Sql.Binding;

internal sealed partial class QueryBinder
{
    private static readonly HashSet<string> s_patterns = new(StringComparer.Ordinal) { "~~", "!~~", "~~*", "!~~*", "~~~", "regexp_full_match" };

    /// <summary>The items that one with <c>COLUMNS(…)</c> in it stands for: one for each column; one in all where they are unpacked (<c>*COLUMNS(…)</c>). Null where there is none in it.</summary>
    private List<SelectItem>? Columns(ParsedExpression item, ExpressionContext context)
    {
        // * LIKE 'a%' is COLUMNS(c -> c LIKE 'a%').
        if (item is ParsedFunction { Arguments: [ParsedStar { IsColumns: false } all, var pattern] } like && s_patterns.Contains(like.Name))
        {
            var name = new ParsedColumn("", all.Offset, ["c"]);
            item = all with { IsColumns = true, Pattern = Filter(new ParsedLambda("", all.Offset, name, like with { Alias = "", Arguments = [name, pattern] })) };
        }
        List<ParsedStar> stars = [.. StarsIn(item)];
        if (stars.Count == 0) return null;
        List<SelectItem> chosen = Chosen(stars[0], context);
        foreach (ParsedStar other in stars.Skip(1))
            if (!Chosen(other, context).Select(column => (column.Name, column.Bound)).SequenceEqual(chosen.Select(column => (column.Name, column.Bound)))) throw text.At(other.Offset, "sql.columns_differ");

        if (HasUnpacked(item))
        {
            ParsedExpression whole = ParsedParts.Replaced(item, part => part switch
            {
                ParsedFunction { Name: "struct_pack", Arguments: [ParsedOperator { Type: "OPERATOR_UNPACK" }] } pack => [pack with { Arguments = [.. chosen.Select(column => Part(column) with { Alias = column.Name! })] }],
                ParsedOperator { Type: "OPERATOR_UNPACK" } => [.. chosen.Select(Part)],
                _ => null,
            });
            return [new SelectItem(item.Alias.Length > 0 ? item.Alias : null, whole, null, item.Alias.Length > 0, item.Offset)];
        }
        IReadOnlyList<string?> names = item.Alias.Length == 0 ? [.. chosen.Select(column => column.Name)] : Aliases(item.Alias, stars[0], chosen, context);
        return [.. chosen.Select((column, i) => new SelectItem(
            names[i], ParsedParts.Replaced(item, part => part is ParsedStar { IsColumns: true } ? [Part(column)] : null), null, item.Alias.Length > 0, Place(item)))];
    }

    private static ParsedFunction Filter(ParsedLambda lambda) => new("", lambda.Offset, "", "", "list_filter", [lambda, lambda], false, null, [], false);

    private static IEnumerable<ParsedStar> StarsIn(ParsedExpression expression)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        return expression is ParsedStar star ? star.IsColumns ? [star] : [] : ParsedParts.Of(expression).SelectMany(StarsIn);
    }

    private static bool HasUnpacked(ParsedExpression expression) => expression is ParsedOperator { Type: "OPERATOR_UNPACK" } || ParsedParts.Of(expression).Any(HasUnpacked);

    private static ParsedExpression Part(SelectItem column) => column.Parsed ?? new ParsedBound("", column.Offset, column.Bound!);

    /// <summary>The columns that COLUMNS picks, in the order of the star.</summary>
    private List<SelectItem> Chosen(ParsedStar star, ExpressionContext context)
    {
        List<SelectItem> all = StarItems(star, context.Scope);
        if (star.Pattern is null) return all;
        List<SelectItem> chosen;
        if (star.Pattern is ParsedFunction { Name: "list_value" } list)
        {
            List<string> names = [.. list.Arguments.Select(name => name is ParsedConstant { Value: string value } ? value : throw text.At(Place(list), "sql.columns_pattern"))];
            foreach (string name in names)
                if (!all.Exists(column => Same(column.Name!, name))) throw UnknownColumn(name, Place(list), all.Select(column => column.Name!));
            chosen = [.. all.Where(column => names.Exists(name => Same(name, column.Name!)))];
        }
        else
        {
            string pattern = Pattern(star, context);
            // DuckDB itself says which of the names match, so that expressions mean what they mean there. Names that occur twice are asked about in turns.
            var kept = new HashSet<SelectItem>(ReferenceEqualityComparer.Instance);
            foreach (List<SelectItem> turn in Turns(all))
            {
                HashSet<string> matched = [.. Matches(star, pattern, "", turn)];
                kept.UnionWith(turn.Where(column => matched.Contains(column.Name!)));
            }
            chosen = [.. all.Where(kept.Contains)];
        }
        return chosen.Count > 0 ? chosen : throw text.At(star.Offset, "sql.no_column_matches");
    }

    // \1 in the alias is what the first group of the regular expression matched, \0 the whole name.
    private IReadOnlyList<string?> Aliases(string alias, ParsedStar star, List<SelectItem> chosen, ExpressionContext context)
    {
        if (!alias.Contains('\\', StringComparison.Ordinal)) return [.. chosen.Select(_ => alias)];
        string pattern = star.Pattern is null or ParsedFunction { Name: "list_value" } ? "*" : Pattern(star, context);
        var names = new Dictionary<SelectItem, string>(ReferenceEqualityComparer.Instance);
        foreach (List<SelectItem> turn in Turns(chosen))
        {
            IReadOnlyList<string> found = Matches(star, pattern, $" AS {SqlLiteral.Name(alias)}", turn);
            for (int i = 0; i < turn.Count; i++) names[turn[i]] = found[i];
        }
        return [.. chosen.Select(column => names[column])];
    }

    private static IEnumerable<List<SelectItem>> Turns(List<SelectItem> columns)
    {
        var seen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        return columns.Select(column => (Column: column, Turn: seen[column.Name!] = seen.GetValueOrDefault(column.Name!) + 1)).ToList().GroupBy(pair => pair.Turn, pair => pair.Column).Select(turn => turn.ToList());
    }

    private IReadOnlyList<string> Matches(ParsedStar star, string pattern, string alias, List<SelectItem> columns)
    {
        try
        {
            string names = string.Join(", ", columns.Select(column => $"NULL AS {SqlLiteral.Name(column.Name!)}"));
            return [.. frontEnd.Describe($"SELECT COLUMNS({pattern}){alias} FROM (SELECT {names}) AS s").Select(column => column.Name)];
        }
        catch (SqlFrontEndException error) when (error.Message.Contains("No matching columns", StringComparison.Ordinal) || error.Message.Contains("empty set of columns", StringComparison.Ordinal))
        {
            return [];
        }
        catch (SqlFrontEndException error)
        {
            throw RefusalWords.Error(text, Place(star.Pattern!), error);
        }
    }

    private string Pattern(ParsedStar star, ExpressionContext context)
    {
        switch (star.Pattern)
        {
            case ParsedConstant { Value: string expression }: return SqlLiteral.Text(expression);
            case ParsedFunction { Name: "list_filter", Arguments: [_, ParsedLambda lambda] }:
                // Only the names are there to look at.
                BoundLambda bound = Lambda(lambda, context with { Scope = Scope.Empty(null), Block = null, Clause = Clause.Values, AliasLimit = 0 });
                if (!Holds(bound)) return new DuckDbWriter(name => throw new InvalidOperationException($"COLUMNS reads {name}.")).Expression(bound);
                break;
        }
        throw text.At(star.Offset, "sql.columns_pattern");
        static bool Holds(BoundExpression expression) => expression is BoundSubquery || ExpressionWalk.Parts(expression).Any(Holds);
    }
}

using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Rules;

/// <summary>Pieces of SQL that rules are made of. All of it is bound like a person's own text before it runs.</summary>
internal static class RuleSql
{
    /// <summary>The name of the only column of <see cref="Holds"/>.</summary>
    internal const string HoldsColumn = "__holds";

    /// <summary>A query that gives, for each row of the step, whether the rule holds; places in it mean the person's expression.</summary>
    /// <exception cref="LeptonDataException"><c>jobs.rule_not_expression</c>: the text is more than one expression.</exception>
    internal static SqlText Holds(SqlRule rule, string step)
    {
        // Closed in itself, the text cannot reach beyond the parentheses that we put around it and mean something else there.
        if (!IsClosed(rule.Expression.Text)) throw new LeptonDataException("jobs.rule_not_expression", [rule.Name]) { Place = rule.Expression.Start };
        return rule.Expression.Wrap("SELECT (", $"\n) AS {HoldsColumn} FROM {SqlLiteral.Name(step)}");
    }

    /// <summary>A value as text of at most 100 characters, <c>NULL</c> for none.</summary>
    internal static string Shown(Field field)
        => field.Type.Id == TypeId.String
            ? $"coalesce({SqlLiteral.Text("'")} || left({SqlLiteral.Name(field.Name)}, 100) || {SqlLiteral.Text("'")}, 'NULL')"
            : $"coalesce(left(CAST({SqlLiteral.Name(field.Name)} AS VARCHAR), 100), 'NULL')";

    /// <summary>Whether parentheses, quotes and comments that begin in the text end in it, and no parenthesis ends that did not begin.</summary>
    internal static bool IsClosed(string text)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            char next = i + 1 < text.Length ? text[i + 1] : '\0';
            if (c is '(') depth++;
            else if (c is ')' && --depth < 0) return false;
            else if (c is ';') return false;
            else if (c is '\'' or '"')
            {
                // A doubled quote ends one run and begins the next, which comes to the same. E'…' knows \' too, so it is told apart.
                bool hasEscapes = c == '\'' && i > 0 && text[i - 1] is 'e' or 'E' && (i < 2 || !(char.IsLetterOrDigit(text[i - 2]) || text[i - 2] == '_'));
                for (i++; i < text.Length && text[i] != c; i++)
                    if (hasEscapes && text[i] == '\\') i++;
                if (i >= text.Length) return false;
            }
            else if (c is '$')
            {
                // $tag$ … $tag$
                int end = i + 1;
                while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] == '_')) end++;
                if (end >= text.Length || text[end] != '$') continue;
                string tag = text[i..(end + 1)];
                int close = text.IndexOf(tag, end + 1, StringComparison.Ordinal);
                if (close < 0) return false;
                i = close + tag.Length - 1;
            }
            else if (c is '-' && next is '-')
            {
                int end = text.IndexOf('\n', i);
                if (end < 0) break;
                i = end;
            }
            else if (c is '/' && next is '*')
            {
                int open = 1;
                for (i += 2; open > 0; i++)
                {
                    if (i + 1 >= text.Length) return false;
                    if (text[i] == '/' && text[i + 1] == '*') (open, i) = (open + 1, i + 1);
                    else if (text[i] == '*' && text[i + 1] == '/') (open, i) = (open - 1, i + 1);
                }
                i--;
            }
        }
        return depth == 0;
    }
}

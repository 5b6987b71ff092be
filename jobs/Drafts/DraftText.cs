using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Drafts;

/// <summary>Names and texts of a file as YAML, SQL and comments: whatever it holds, it stays what it is.</summary>
internal static class DraftText
{
    private const int ShownMax = 40;

    private static readonly HashSet<string> s_sqlWords = new(StringComparer.OrdinalIgnoreCase)
    {
        "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "at", "both", "by", "case", "cast", "check", "collate", "column", "constraint", "create", "cross", "default", "deferrable", "desc", "describe", "distinct", "do",
        "else", "end", "except", "exists", "false", "fetch", "filter", "for", "foreign", "from", "full", "glob", "grant", "group", "having", "ilike", "in", "initially", "inner", "intersect", "interval", "into", "is", "isnull", "join", "lambda",
        "lateral", "leading", "left", "like", "limit", "map", "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "over", "overlaps", "pivot", "pivot_longer", "pivot_wider", "placing", "positional", "primary",
        "qualify", "references", "returning", "right", "row", "select", "semi", "anti", "asof", "show", "similar", "some", "struct", "summarize", "symmetric", "table", "tablesample", "then", "to", "trailing", "true", "try_cast", "union", "unique",
        "unpivot", "using", "values", "variadic", "verbose", "when", "where", "window", "with", "within",
    };

    /// <summary>A name in SQL, quoted where it has to be.</summary>
    internal static string SqlName(string name)
        => name.Length > 0 && !s_sqlWords.Contains(name) && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? name : SqlLiteral.Name(name);

    /// <summary>A text as one value of YAML, quoted where it has to be.</summary>
    internal static string Yaml(string text)
    {
        bool isPlain = text.Length > 0 && (char.IsLetter(text[0]) || text[0] is '/' or '.') && text.All(c => char.IsLetterOrDigit(c) || c is '_' or '.' or '/' or '-') && text is not ("null" or "Null" or "NULL" or "true" or "True" or "TRUE" or "false" or "False" or "FALSE");
        if (isPlain) return text;
        var quoted = new StringBuilder("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\') quoted.Append('\\').Append((char)rune.Value);
            else if (rune.Value == '\t') quoted.Append("\\t");
            else if (IsShown(rune)) quoted.Append(rune);
            else quoted.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}");
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>A text of a file in a comment or a message: one line, not long.</summary>
    internal static string Shown(string text, int lengthMax = ShownMax)
    {
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length >= lengthMax) return $"{shown}…";
            if (IsShown(rune)) shown.Append(rune);
            else shown.Append('?');
        }
        return shown.ToString();
    }

    internal static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>The name that a file gives a table: <c>[a-z][a-z0-9_]*</c>.</summary>
    /// <param name="path">A file or pattern.</param>
    /// <param name="taken">Names that are taken; the new one is added.</param>
    internal static string TableName(string path, ISet<string> taken)
    {
        string file = Path.GetFileName(path);
        string stem = file.Contains('.', StringComparison.Ordinal) ? file[..file.IndexOf('.', StringComparison.Ordinal)] : file;
        // A pattern such as data/2024-*/*.csv: the folder may say more than the file.
        string name = Fit(stem) is { Length: > 0 } own ? own : !file.AsSpan().ContainsAny('*', '?') ? "data" : Fit(Path.GetFileName(Path.GetDirectoryName(path) ?? "")) is { Length: > 0 } folder ? folder : "data";
        string unique = name;
        for (int number = 2; !taken.Add(unique); number++) unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{number}");
        return unique;
    }

    private static string Fit(string text)
    {
        var name = new StringBuilder();
        foreach (char c in text)
        {
            if (char.IsAsciiLetterOrDigit(c)) name.Append(char.ToLowerInvariant(c));
            else if (name.Length > 0 && name[^1] != '_') name.Append('_');
        }
        string fit = name.ToString().Trim('_').TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '_');
        return fit.Length > 50 ? fit[..50].Trim('_') : fit;
    }

    // What YAML calls printable, line breaks and half characters aside.
    private static bool IsShown(Rune rune) => !Rune.IsControl(rune) && rune.Value is not (0x2028 or 0x2029 or 0xFEFF or 0xFFFD or (>= 0xFDD0 and <= 0xFDEF)) && (rune.Value & 0xFFFE) != 0xFFFE;
}

using System.Globalization;

namespace Lepton.Data.Schemas;

/// <summary>Names and values as SQL text: the only place that quotes them.</summary>
public static class SqlLiteral
{
    /// <summary>A name in double quotes, whatever it holds.</summary>
    public static string Name(string name) => Quoted(name, '"');

    /// <summary>A text in single quotes.</summary>
    public static string Text(string text) => Quoted(text, '\'');

    /// <summary>A list of texts.</summary>
    public static string TextList(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Text))}]";

    /// <summary>A whole number, of the narrowest type that holds it.</summary>
    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A whole number as a BIGINT; written as text, since the parser reads <c>-9223372036854775808</c> as a minus and a number that no BIGINT holds.</summary>
    public static string BigInt(long value) => string.Create(CultureInfo.InvariantCulture, $"CAST('{value}' AS BIGINT)");

    // A mark inside is doubled, which is all that SQL needs. A NUL ends a statement: what takes one refuses it, and there it has a place.
    private static string Quoted(string text, char mark) => $"{mark}{text.Replace($"{mark}", $"{mark}{mark}", StringComparison.Ordinal)}{mark}";
}

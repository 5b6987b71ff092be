using System.Globalization;
using System.Text;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Values and names as DuckDB SQL.</summary>
public static class SqlLiteral
{
    /// <summary>A text in quotes.</summary>
    /// <exception cref="ArgumentException">The text holds a NUL character, which ends a statement.</exception>
    public static string Text(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal)) throw new ArgumentException("a text of SQL holds no NUL", nameof(text));
        return $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    /// <summary>A list of texts.</summary>
    public static string TextList(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Text))}]";

    /// <summary>A name in double quotes.</summary>
    /// <exception cref="ArgumentException">The name holds a NUL character, which ends a statement.</exception>
    public static string Name(string name)
    {
        if (name.Contains('\0', StringComparison.Ordinal)) throw new ArgumentException("a name in SQL holds no NUL", nameof(name));
        return new StringBuilder(name.Length + 2).Append('"').Append(name.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"').ToString();
    }

    /// <summary>A whole number.</summary>
    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Names and constants as they stand in SQL that this room writes.</summary>
internal static class SqlIdentifiers
{
    /// <summary>The name in double quotes, so that any column may be named.</summary>
    internal static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>The text as a constant.</summary>
    internal static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>The number as a BIGINT; written as text, since the parser reads <c>-9223372036854775808</c> as a minus and a number that no BIGINT holds.</summary>
    internal static string BigInt(long number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"CAST('{number}' AS BIGINT)");
}

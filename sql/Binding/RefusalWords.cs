using System.Text.RegularExpressions;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.ParseTree;

namespace Lepton.Data.Sql.Binding;

/// <summary>Says in our words why the front end refuses types; what is not known stays in its own.</summary>
internal static partial class RefusalWords
{
    internal static LeptonDataException Error(SqlText text, long offset, SqlFrontEndException error)
    {
        string line = ParseTreeReader.FirstLine(error.Message);
        if (ParseTreeReader.IsTooDeep(line)) return text.At(offset, "sql.too_deep");
        int colon = line.IndexOf("Error: ", StringComparison.Ordinal);
        if (colon >= 0) line = line[(colon + "Error: ".Length)..];
        if (NoFunction().Match(line) is { Success: true } call) return text.At(offset, "sql.argument_types", WithoutLiterals(call.Groups[1].Value));
        if (NoComparison().Match(line) is { Success: true } comparison)
            return text.At(offset, "sql.comparison_types", WithoutLiterals(comparison.Groups[1].Value), WithoutLiterals(comparison.Groups[2].Value));
        if (Mixture().Match(line) is { Success: true } mixture)
            return text.At(offset, "sql.mixed_types", WithoutLiterals(mixture.Groups[1].Value), WithoutLiterals(mixture.Groups[2].Value));
        if (NoCommonType().Match(line) is { Success: true } elements) return text.At(offset, "sql.mixed_types", elements.Groups[1].Value, elements.Groups[2].Value);
        return text.At(offset, "sql.refused", line.TrimEnd('.'));
    }

    // The type of a number that is written out is any integer type.
    private static string WithoutLiterals(string types) => types.Replace("INTEGER_LITERAL", "INTEGER", StringComparison.Ordinal).Replace("STRING_LITERAL", "VARCHAR", StringComparison.Ordinal);

    [GeneratedRegex("^No function matches the given name and argument types '(.*?)'\\. You might need", RegexOptions.CultureInvariant)]
    private static partial Regex NoFunction();

    [GeneratedRegex("^Cannot mix values of type (.+?) and (.+?) in .* - an explicit cast", RegexOptions.CultureInvariant)]
    private static partial Regex Mixture();

    [GeneratedRegex("^Cannot deduce template type .*? - '(.+?)', from first occurrence - '(.+?)', which is incompatible", RegexOptions.CultureInvariant)]
    private static partial Regex NoCommonType();

    [GeneratedRegex("^Cannot compare values of type (.+?) and type (.+?) - an explicit cast", RegexOptions.CultureInvariant)]
    private static partial Regex NoComparison();
}

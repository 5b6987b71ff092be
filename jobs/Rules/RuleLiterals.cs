using System.Globalization;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Rules;

/// <summary>Values that stand in rules, as SQL of a column's type.</summary>
internal static partial class RuleLiterals
{
    /// <summary>The value as SQL.</summary>
    /// <exception cref="LeptonDataException"><c>jobs.rule_value</c>: it is none of the column's type.</exception>
    internal static string Of(Located<string> value, Field field)
    {
        string text = value.Value;
        switch (field.Type.Id)
        {
            case TypeId.String:
                return SqlLiteral.Text(text);
            // The number stands as it was written, so that 0.5 against an integer column means 0.5.
            case TypeId.Integer or TypeId.Float or TypeId.Decimal when NumberPattern().IsMatch(text):
                return text.StartsWith('-') ? $"({text})" : text;
            case TypeId.Boolean when text is "true" or "false":
                return text;
            case TypeId.Date when DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _):
                return $"CAST({SqlLiteral.Text(text)} AS DATE)";
            case TypeId.Instant when EventTime.TryParse(text, out EventTime time):
                return $"CAST({SqlLiteral.Text(time.ToString())} AS TIMESTAMPTZ)";
            default:
                throw new LeptonDataException("jobs.rule_value", [text, field.Name, field.Type]) { Place = value.Place };
        }
    }

    /// <summary>Whether the least value is greater than the greatest, so that no row could pass.</summary>
    internal static bool AreSwapped(string min, string max, Field field) => field.Type.Id switch
    {
        TypeId.String or TypeId.Date => string.CompareOrdinal(min, max) > 0,
        TypeId.Instant => EventTime.TryParse(min, out EventTime from) && EventTime.TryParse(max, out EventTime to) && from > to,
        _ => double.TryParse(min, CultureInfo.InvariantCulture, out double least) && double.TryParse(max, CultureInfo.InvariantCulture, out double greatest) && least > greatest,
    };

    [GeneratedRegex("^[+-]?[0-9]{1,38}(\\.[0-9]{1,38})?([eE][+-]?[0-9]{1,3})?$", RegexOptions.CultureInvariant)]
    private static partial Regex NumberPattern();
}

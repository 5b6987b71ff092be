using System.Globalization;

namespace Lepton.Data.Schemas;

/// <summary>A short text in both languages: the documentation of a key, or a part of a message that depends on the language.</summary>
/// <param name="English">Never empty.</param>
/// <param name="Chinese">Never empty.</param>
public sealed record BilingualText(string English, string Chinese)
{
    // By its name: without ICU a culture knows nothing else of itself.
    /// <summary>The text for <paramref name="culture"/>: Chinese for Chinese, English for every other.</summary>
    public string In(CultureInfo culture) => culture.Name.StartsWith("zh", StringComparison.OrdinalIgnoreCase) ? Chinese : English;

    /// <summary>The English text.</summary>
    public override string ToString() => English;
}

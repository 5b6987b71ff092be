using System.Globalization;

namespace Lepton.Data.Storage.Delta;

/// <summary>How long a table keeps what it no longer needs.</summary>
internal static class Retention
{
    private const long Day = 86_400_000_000;

    /// <summary>How long deleted files stay, in microseconds: what the table's property says, else Delta's week.</summary>
    internal static long OfFiles(IReadOnlyDictionary<string, string> properties)
        => properties.TryGetValue("delta.deletedFileRetentionDuration", out string? text) && TryParse(text, out long microseconds) ? microseconds : 7 * Day;

    /// <summary>An interval as Spark writes it, of weeks and what is shorter: <c>interval 1 day 12 hours</c>.</summary>
    internal static bool TryParse(string text, out long microseconds)
    {
        microseconds = 0;
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int start = words.Length > 0 && words[0].Equals("interval", StringComparison.OrdinalIgnoreCase) ? 1 : 0;
        if (words.Length <= start || (words.Length - start) % 2 != 0) return false;
        for (int i = start; i < words.Length; i += 2)
        {
            long unit = words[i + 1].ToUpperInvariant().TrimEnd('S') switch
            {
                "WEEK" => 7 * Day,
                "DAY" => Day,
                "HOUR" => Day / 24,
                "MINUTE" => 60_000_000,
                "SECOND" => 1_000_000,
                "MILLISECOND" => 1000,
                "MICROSECOND" => 1,
                _ => 0,
            };
            // A million weeks are more than any table keeps, and far from what 64 bits hold.
            if (unit == 0 || !long.TryParse(words[i], NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number > 1_000_000 * (7 * Day / unit)) return false;
            microseconds += number * unit;
        }
        return true;
    }
}

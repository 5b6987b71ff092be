using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Values and figures of profiles as people read them; without culture, as all figures of the product.</summary>
public static class ProfileText
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>A value of a column.</summary>
    /// <param name="type">The column's.</param>
    /// <param name="value">Never null.</param>
    public static string Value(DataType type, object value) => (type, value) switch
    {
        (_, bool truth) => truth ? "true" : "false",
        (_, byte[] bytes) => $"\\x{Convert.ToHexStringLower(bytes)}",
        (_, DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        (_, EventTime time) => time.ToString().Replace(".000000", "", StringComparison.Ordinal).Replace('T', ' '),
        (DecimalType { Scale: var scale }, Int128 unscaled) => Decimal(unscaled, scale),
        (_, double number) => Number(number),
        (_, float number) => Number(number),
        (_, IFormattable other) => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    /// <summary>A figure, to five digits.</summary>
    public static string Number(double value)
        => value == Math.Truncate(value) && Math.Abs(value) < 1e15 ? value.ToString("0", CultureInfo.InvariantCulture) : value.ToString("G5", CultureInfo.InvariantCulture);

    /// <summary>A part of a whole, in percent; what is not nothing is never shown as nothing, what is not all never as all.</summary>
    public static string Share(long part, long whole)
    {
        if (part == 0 || whole == 0) return "0 %";
        if (part == whole) return "100 %";
        double percent = 100.0 * part / whole;
        return percent < 0.1 ? "<0.1 %" : percent > 99.9 ? ">99.9 %" : string.Create(CultureInfo.InvariantCulture, $"{percent:0.#} %");
    }

    /// <summary>A histogram as a line of bars; an empty bin is a dot.</summary>
    public static string Sparkline(Histogram histogram)
    {
        long max = histogram.Counts.Max();
        return string.Concat(histogram.Counts.Select(count => count == 0 ? '·' : Bars[(int)Math.Min((long)(Bars.Length * ((double)count / max)), Bars.Length - 1)]));
    }

    private static string Decimal(Int128 unscaled, int scale)
    {
        string digits = Int128.Abs(unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        return (unscaled < 0 ? "-" : "") + (scale == 0 ? digits : $"{digits[..^scale]}.{digits[^scale..]}");
    }
}

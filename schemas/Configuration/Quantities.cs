using System.Globalization;

namespace Lepton.Data.Schemas.Configuration;

/// <summary>Numbers with units, as people write them.</summary>
public static class Quantities
{
    /// <summary>A time span: a whole number and <c>us</c>, <c>ms</c>, <c>s</c>, <c>min</c>, <c>h</c> or <c>d</c>.</summary>
    /// <returns>False for other texts, and for what 64 bits of 100 ns do not hold.</returns>
    public static bool TryDuration(string text, out TimeSpan value)
    {
        value = default;
        if (!Split(text, out ReadOnlySpan<char> number, out ReadOnlySpan<char> unit)) return false;
        long ticks = unit switch
        {
            "us" => TimeSpan.TicksPerMicrosecond,
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "min" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            "d" => TimeSpan.TicksPerDay,
            _ => 0,
        };
        if (ticks == 0 || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long count) || count > long.MaxValue / ticks) return false;
        value = new TimeSpan(count * ticks);
        return true;
    }

    /// <summary>A number of bytes: a number and <c>B</c>, <c>kB</c>, <c>MB</c>, <c>GB</c>, <c>TB</c>, <c>KiB</c>, <c>MiB</c>, <c>GiB</c> or <c>TiB</c>; a fraction of a byte is left out.</summary>
    /// <returns>False for other texts, and for what 64 bits do not hold.</returns>
    public static bool TryByteSize(string text, out long value)
    {
        value = default;
        if (!Split(text, out ReadOnlySpan<char> number, out ReadOnlySpan<char> unit)) return false;
        decimal size = unit switch
        {
            "B" => 1,
            "kB" => 1000,
            "MB" => 1000_000,
            "GB" => 1000_000_000,
            "TB" => 1000_000_000_000,
            "KiB" => 1L << 10,
            "MiB" => 1L << 20,
            "GiB" => 1L << 30,
            "TiB" => 1L << 40,
            _ => 0,
        };
        if (size == 0 || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal count) || count > long.MaxValue / size) return false;
        value = (long)(count * size);
        return true;
    }

    /// <summary>A duration as a person would write it, in the greatest unit that it is whole in: <c>6h</c>, <c>90min</c>.</summary>
    public static string DurationText(TimeSpan duration)
    {
        foreach ((long ticks, string unit) in ((long, string)[])[(TimeSpan.TicksPerDay, "d"), (TimeSpan.TicksPerHour, "h"), (TimeSpan.TicksPerMinute, "min"), (TimeSpan.TicksPerSecond, "s"), (TimeSpan.TicksPerMillisecond, "ms")])
            if (duration.Ticks % ticks == 0) return string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks / ticks}{unit}");
        return string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks / TimeSpan.TicksPerMicrosecond}us");
    }

    /// <summary>A share: a number that is not negative, and <c>%</c>.</summary>
    /// <returns>False for other texts.</returns>
    public static bool TryPercent(string text, out double value)
    {
        value = default;
        if (!text.EndsWith('%') || !double.TryParse(text.AsSpan(0, text.Length - 1).TrimEnd(' '), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)) return false;
        value = percent / 100;
        return true;
    }

    private static bool Split(string text, out ReadOnlySpan<char> number, out ReadOnlySpan<char> unit)
    {
        int end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.')) end++;
        number = text.AsSpan(0, end);
        unit = text.AsSpan(end).TrimStart(' ');
        return end is > 0 and < 32;
    }
}

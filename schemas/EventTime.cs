using System.Globalization;

namespace Lepton.Data.Schemas;

/// <summary>A point in time in UTC, to the microsecond: when something happened, or when it could first have been known.</summary>
/// <param name="MicrosecondsSinceEpoch">Microseconds since 1970-01-01T00:00:00Z; negative before it.</param>
/// <remarks>The whole range of <see cref="long"/> is a valid value, so that whatever a file holds can be carried; text is only had for years 1 to 9999.</remarks>
public readonly record struct EventTime(long MicrosecondsSinceEpoch) : IComparable<EventTime>
{
    // K takes "Z" or an offset, and also nothing; zzz takes an offset only. So "Z" is said as a letter.
    private static readonly string[] s_forms =
        [.. from separator in new[] { "'T'", "' '" } from time in new[] { "HH:mm", "HH:mm:ss", "HH:mm:ss.FFFFFF" } from zone in new[] { "'Z'", "zzz" } select $"yyyy-MM-dd{separator}{time}{zone}"];

    /// <summary>The instant of <paramref name="time"/>, cut to whole microseconds (towards the past, before 1970 too).</summary>
    public static EventTime FromDateTimeOffset(DateTimeOffset time)
        => new((time.UtcTicks / TimeSpan.TicksPerMicrosecond) - (DateTimeOffset.UnixEpoch.Ticks / TimeSpan.TicksPerMicrosecond));

    /// <summary>
    /// Reads a date (<c>2001-05-01</c>, midnight in UTC), or a date and time with its zone: <c>2001-05-01T12:00:00Z</c>, <c>2001-05-01 12:00:00.25+02:00</c>; at most six digits
    /// of a second. A time without a zone is no instant and not taken. Reads what <see cref="ToString"/> writes.
    /// </summary>
    /// <returns>False where the text is of no such form.</returns>
    public static bool TryParse(string? text, out EventTime time)
    {
        time = default;
        if (text is null) return false;
        if (text.EndsWith("us", StringComparison.Ordinal) && long.TryParse(text.AsSpan()[..^2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long microseconds))
        {
            time = new EventTime(microseconds);
            return true;
        }
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date))
        {
            time = FromDateTimeOffset(new DateTimeOffset(date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero));
            return true;
        }
        if (!DateTimeOffset.TryParseExact(text, s_forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset moment)) return false;
        time = FromDateTimeOffset(moment);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(EventTime other) => MicrosecondsSinceEpoch.CompareTo(other.MicrosecondsSinceEpoch);

    /// <summary>Earlier.</summary>
    public static bool operator <(EventTime left, EventTime right) => left.MicrosecondsSinceEpoch < right.MicrosecondsSinceEpoch;

    /// <summary>Later.</summary>
    public static bool operator >(EventTime left, EventTime right) => left.MicrosecondsSinceEpoch > right.MicrosecondsSinceEpoch;

    /// <summary>Earlier or equal.</summary>
    public static bool operator <=(EventTime left, EventTime right) => left.MicrosecondsSinceEpoch <= right.MicrosecondsSinceEpoch;

    /// <summary>Later or equal.</summary>
    public static bool operator >=(EventTime left, EventTime right) => left.MicrosecondsSinceEpoch >= right.MicrosecondsSinceEpoch;

    /// <summary>ISO 8601 with microseconds and <c>Z</c>; outside years 1 to 9999 the number of microseconds with <c>us</c>.</summary>
    public override string ToString()
        => MicrosecondsSinceEpoch >= (DateTime.MinValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond
           && MicrosecondsSinceEpoch <= (DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond
            ? DateTime.UnixEpoch.AddTicks(MicrosecondsSinceEpoch * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{MicrosecondsSinceEpoch}us");
}

using System.Globalization;

namespace Lepton.Data.Schemas;

/// <summary>A point in time in UTC, to the microsecond: when something happened, or when it could first have been known.</summary>
/// <param name="MicrosecondsSinceEpoch">Microseconds since 1970-01-01T00:00:00Z; negative before it.</param>
/// <remarks>The whole range of <see cref="long"/> is a valid value, so that whatever a file holds can be carried; text is only had for years 1 to 9999.</remarks>
public readonly record struct EventTime(long MicrosecondsSinceEpoch) : IComparable<EventTime>
{
    /// <summary>The instant of <paramref name="time"/>, cut to whole microseconds.</summary>
    public static EventTime FromDateTimeOffset(DateTimeOffset time) => new((time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);

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

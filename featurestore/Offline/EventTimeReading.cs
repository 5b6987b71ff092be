using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>What the event times of entity rows were taken for.</summary>
public enum EventTimeForm
{
    /// <summary>Texts in ISO 8601, each with its zone or offset, or in the declared zone where it has none.</summary>
    Text,

    /// <summary>Times without a zone, in the declared one.</summary>
    Clock,

    /// <summary>Dates: the beginning of the day in the declared zone.</summary>
    Day,

    /// <summary>Seconds since 1970.</summary>
    Seconds,

    /// <summary>Milliseconds since 1970.</summary>
    Milliseconds,

    /// <summary>Microseconds since 1970.</summary>
    Microseconds,

    /// <summary>Nanoseconds since 1970, cut to microseconds.</summary>
    Nanoseconds,
}

/// <summary>How event times that did not come as instants were read.</summary>
/// <param name="Form">What they were taken for.</param>
/// <param name="Zone">The declared zone, where one was needed; else null.</param>
public sealed record EventTimeReading(EventTimeForm Form, string? Zone)
{
    /// <summary>The form in words.</summary>
    public BilingualText Words => WordOf(Form);

    internal static BilingualText WordOf(EventTimeForm form) => form switch
    {
        EventTimeForm.Text => new("text in ISO 8601", "ISO 8601 文本"),
        EventTimeForm.Clock => new("a time without a zone", "不带时区的时间"),
        EventTimeForm.Day => new("the beginning of a day", "一天的开始"),
        EventTimeForm.Seconds => new("seconds since 1970", "自 1970 年起的秒数"),
        EventTimeForm.Milliseconds => new("milliseconds since 1970", "自 1970 年起的毫秒数"),
        EventTimeForm.Microseconds => new("microseconds since 1970", "自 1970 年起的微秒数"),
        _ => new("nanoseconds since 1970", "自 1970 年起的纳秒数"),
    };
}

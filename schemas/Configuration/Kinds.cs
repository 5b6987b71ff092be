using System.Globalization;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Schemas.Configuration;

/// <summary>The kinds of values in our YAML files.</summary>
public static class Kinds
{
    /// <summary>Any text that is not empty.</summary>
    public static ValueKind<string> Text { get; } = new ScalarKind<string>(new("a text", "文本"), (string text, out string value) => (value = text).Length > 0);

    /// <summary>Any text; the empty one is written in quotes.</summary>
    public static ValueKind<string> TextOrEmpty { get; } = new ScalarKind<string>(new("a text", "文本"), (string text, out string value) => (value = text) is not null);

    /// <summary>SQL, or another text into which errors point. What is folded over several lines is refused, since places and <c>--</c> comments would be lost.</summary>
    public static ValueKind<TextWithPlace> Sql { get; } = new SqlKind();

    /// <summary>A name of a pipeline, step, view or the like, see <see cref="TableName.IsName"/>.</summary>
    public static ValueKind<string> Name { get; } = Text.Select(
        text => TableName.IsName(text) ? text : throw new LeptonDataException("schemas.bad_name", [text]), new("a name", "名称"));

    /// <summary><c>table</c> or <c>schema.table</c>.</summary>
    public static ValueKind<TableName> Table { get; } = Text.Select(TableName.Parse, new("a table's name", "表名"));

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static ValueKind<bool> Boolean { get; } = new ScalarKind<bool>(new("true or false", "true 或 false"), TryBoolean, "boolean");

    /// <summary>A type's SQL name.</summary>
    public static ValueKind<DataType> Type { get; } = Text.Select(DataType.Parse, new("an SQL type", "SQL 类型"));

    /// <summary>A span of time of whole microseconds: a number and <c>us</c>, <c>ms</c>, <c>s</c>, <c>min</c>, <c>h</c> or <c>d</c>.</summary>
    public static ValueKind<TimeSpan> Duration { get; } = new ScalarKind<TimeSpan>(
        new("a duration such as 90s, 15min, 6h or 7d", "时长，如 90s、15min、6h 或 7d"), Quantities.TryDuration, pattern: "^[0-9]+ ?(us|ms|s|min|h|d)$");

    /// <summary>A share: a number and <c>%</c>; <c>30%</c> is 0.3.</summary>
    public static ValueKind<double> Percent { get; } = new ScalarKind<double>(new("a share such as 30%", "占比，如 30%"), Quantities.TryPercent, pattern: "^[0-9]+(\\.[0-9]+)? ?%$");

    /// <summary>A size in bytes: a number and <c>B</c>, <c>kB</c>, <c>MB</c>, <c>GB</c>, <c>TB</c> (powers of 1000) or <c>KiB</c>, <c>MiB</c>, <c>GiB</c>, <c>TiB</c> (powers of 1024).</summary>
    public static ValueKind<long> ByteSize { get; } = new ScalarKind<long>(
        new("a size such as 512MiB or 4GiB", "大小，如 512MiB 或 4GiB"), Quantities.TryByteSize, pattern: "^[0-9]+(\\.[0-9]+)? ?(B|[kMGT]B|[KMGT]iB)$");

    /// <summary>A point in time: a date (midnight in UTC), or a date and time with its zone.</summary>
    public static ValueKind<EventTime> Instant { get; } = new ScalarKind<EventTime>(
        new("a date such as 2001-05-01, or a time with its zone such as 2001-05-01T12:00:00Z", "日期（如 2001-05-01），或带时区的时间（如 2001-05-01T12:00:00Z）"), EventTime.TryParse);

    /// <summary>A whole number in <c>[min, max]</c>.</summary>
    public static ValueKind<long> Integer(long min = long.MinValue, long max = long.MaxValue)
        => new ScalarKind<long>(
            IntegerForm(min, max),
            (string text, out long value) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
            "integer");

    /// <summary>A number in <c>[min, max]</c>.</summary>
    public static ValueKind<double> Number(double min = double.MinValue, double max = double.MaxValue)
        => new ScalarKind<double>(
            (min, max) is (double.MinValue, double.MaxValue)
                ? new("a number", "数字")
                : new(string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"), string.Create(CultureInfo.InvariantCulture, $"{min} 到 {max} 之间的数字")),
            (string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
            "number");

    /// <summary>Any value at all, nothing included; what it means is found out later, when its type is known.</summary>
    public static ValueKind<YamlNode> Any { get; } = new NodeKind();

    /// <summary>One of a few words.</summary>
    public static ValueKind<T> Choice<T>(params (string Word, T Value)[] choices) => new ChoiceKind<T>(choices);

    /// <summary>A list, in order.</summary>
    /// <param name="item">What each item is.</param>
    /// <param name="countMin">The fewest items.</param>
    public static ValueKind<EquatableList<T>> List<T>(ValueKind<T> item, int countMin = 0) => new ListKind<T>(item, countMin);

    /// <summary>A list, in order, or one item that stands for a list of one.</summary>
    /// <inheritdoc cref="List{T}"/>
    public static ValueKind<EquatableList<T>> OneOrMore<T>(ValueKind<T> item) => List(item, countMin: 1).Or(item.Select(value => new EquatableList<T>([value])));

    /// <summary>Values by name; a name is as <see cref="Name"/> says.</summary>
    /// <param name="value">What each value is.</param>
    /// <param name="countMin">The fewest entries.</param>
    public static ValueKind<EquatableList<Entry<T>>> MapByName<T>(ValueKind<T> value, int countMin = 0) => new MapKind<T>(Name, value, countMin);

    /// <summary>Values by any text, for example by a column's name.</summary>
    /// <inheritdoc cref="MapByName{T}"/>
    public static ValueKind<EquatableList<Entry<T>>> MapByText<T>(ValueKind<T> value, int countMin = 0) => new MapKind<T>(Text, value, countMin);

    private static bool TryBoolean(string text, out bool value)
    {
        value = text == "true";
        return value || text == "false";
    }

    private static BilingualText IntegerForm(long min, long max) => (min, max) switch
    {
        (long.MinValue, long.MaxValue) => new("a whole number", "整数"),
        (_, long.MaxValue) => new(string.Create(CultureInfo.InvariantCulture, $"a whole number of at least {min}"), string.Create(CultureInfo.InvariantCulture, $"不小于 {min} 的整数")),
        _ => new(string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"), string.Create(CultureInfo.InvariantCulture, $"{min} 到 {max} 之间的整数")),
    };
}

/// <summary>A value with its name in a map.</summary>
/// <param name="Name">The key.</param>
/// <param name="Place">Where the key stands.</param>
/// <param name="Value">What it names.</param>
public readonly record struct Entry<T>(string Name, SourcePlace Place, T Value);

using System.Globalization;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Drafts;

/// <summary>What the texts of a column look like.</summary>
internal enum ShapeKind
{
    Text,
    Boolean,
    Whole,
    Number,
    Date,
    Time,
    ZonedTime,
    TimeOfDay,
}

/// <summary>One way in which values are written: what they look like, and the SQL that makes values of them.</summary>
/// <param name="Kind">What they are.</param>
/// <param name="Type">What the reader makes of them by itself; null where the step's SQL has to.</param>
/// <param name="Pattern">What each looks like (understood by .NET and RE2 alike), spaces around it aside.</param>
/// <param name="Format">How <c>strptime</c> reads it; null where a cast does.</param>
internal sealed record TextShape(ShapeKind Kind, DataType? Type, string Pattern, string? Format = null)
{
    private const string Clock = "[0-9]{1,2}:[0-9]{2}";
    private const string Seconds = ":[0-9]{2}([.][0-9]{1,9})?";
    private const string Day = "[0-9]{1,2}";
    private const string Year = "[0-9]{4}";

    private readonly Regex _regex = new($"^(?:{Pattern})$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    internal static TextShape Text { get; } = new(ShapeKind.Text, DataType.String, "(?s:.*)");

    internal static TextShape Boolean { get; } = new(ShapeKind.Boolean, DataType.Boolean, "(?i:true|false)");

    internal static TextShape Whole { get; } = new(ShapeKind.Whole, DataType.Int64, "[-+]?[0-9]{1,18}");

    internal static TextShape Number { get; } = new(ShapeKind.Number, DataType.Float64, "[-+]?([0-9]{1,15}([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]{1,3})?");

    internal static TextShape CommaNumber { get; } = new(ShapeKind.Number, null, "[-+]?([0-9]{1,3}([.][0-9]{3})+|[0-9]+),[0-9]+");

    internal static TextShape GroupedNumber { get; } = new(ShapeKind.Number, null, "[-+]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?");

    internal static TextShape Money { get; } = new(ShapeKind.Number, null, "-?[$€£¥￥] ?-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)([.][0-9]{1,2})?");

    internal static TextShape IsoDate { get; } = new(ShapeKind.Date, DataType.Date, $"{Year}[-/]{Day}[-/]{Day}");

    internal static TextShape IsoZonedTime { get; } = new(ShapeKind.ZonedTime, DataType.Instant, $"{Year}-{Day}-{Day}[ T]{Clock}({Seconds})? ?(Z|UTC|[-+][0-9]{{2}}(:?[0-9]{{2}})?)");

    /// <summary>All that are told apart, the more special before the more general.</summary>
    internal static IReadOnlyList<TextShape> All { get; } =
    [
        Boolean, Whole, Number, GroupedNumber, CommaNumber, Money,
        IsoDate,
        new(ShapeKind.Time, DataType.NaiveTime, $"{Year}[-/]{Day}[-/]{Day}[ T]{Clock}({Seconds})?"),
        IsoZonedTime,
        .. Dated("/", "%m/%d/%Y"), .. Dated("/", "%d/%m/%Y"), .. Dated("-", "%d-%m-%Y"), .. Dated("-", "%m-%d-%Y"), .. Dated(".", "%d.%m.%Y"),
        new(ShapeKind.Date, null, $"{Year}年{Day}月{Day}日", "%Y年%m月%d日"),
        new(ShapeKind.Date, null, $"[A-Z][a-z]{{2}} {Day},? {Year}", "%b %d %Y"),
        new(ShapeKind.TimeOfDay, DataType.String, $"{Clock}:[0-9]{{2}}", "%H:%M:%S"),
        new(ShapeKind.TimeOfDay, DataType.String, Clock, "%H:%M"),
        new(ShapeKind.TimeOfDay, DataType.String, $"{Clock}[AaPp][Mm]", "%I:%M%p"),
        new(ShapeKind.TimeOfDay, DataType.String, $"{Clock} [AaPp][Mm]", "%I:%M %p"),
    ];

    /// <summary>The same with day and month the other way round; null where that is no question.</summary>
    internal TextShape? Swapped => Format is null || Pattern.Contains('年', StringComparison.Ordinal) ? null
        : All.FirstOrDefault(other => other != this && other.Pattern == Pattern && other.Kind == Kind && other.Kind is ShapeKind.Date or ShapeKind.Time && other.Format is not null);

    /// <summary>Whether the value is written so. Where the pattern leaves days and months open, the numbers decide.</summary>
    internal bool Matches(string value)
    {
        if (!_regex.IsMatch(value)) return false;
        if (Format is null || !char.IsAsciiDigit(value[0]) || Kind is ShapeKind.TimeOfDay || !Format.StartsWith('%') || Format.StartsWith("%Y", StringComparison.Ordinal)) return true;
        string[] parts = value.Split('/', '-', '.', ' ');
        int month = int.Parse(parts[Format.StartsWith("%m", StringComparison.Ordinal) ? 0 : 1], CultureInfo.InvariantCulture);
        int day = int.Parse(parts[Format.StartsWith("%m", StringComparison.Ordinal) ? 1 : 0], CultureInfo.InvariantCulture);
        return month is >= 1 and <= 12 && day is >= 1 and <= 31;
    }

    /// <summary>SQL for the values; fails, or (where <paramref name="isLenient"/>) gives NULL, for a text that is written otherwise.</summary>
    /// <param name="text">SQL of a text.</param>
    /// <param name="isLenient">Whether to look, not to convert.</param>
    internal string Sql(string text, bool isLenient)
    {
        string cast = isLenient ? "TRY_CAST" : "CAST";
        string parse = isLenient ? "try_strptime" : "strptime";
        string trimmed = isLenient ? $"trim({text})" : text;
        string value = this switch
        {
            { Kind: ShapeKind.Text } => text,
            { Kind: ShapeKind.TimeOfDay } => isLenient ? $"CASE WHEN try_strptime({trimmed}, {SqlLiteral.Text(Format!)}) IS NOT NULL THEN {text} END" : text,
            { Format: { } format, Kind: ShapeKind.Date } => $"CAST({parse}({(format.Contains("%b", StringComparison.Ordinal) ? $"replace({trimmed}, ',', '')" : trimmed)}, {SqlLiteral.Text(format)}) AS DATE)",
            { Format: { } format } => $"{parse}({trimmed}, {SqlLiteral.Text(format)})",
            _ when this == CommaNumber => $"{cast}(replace(replace({trimmed}, '.', ''), ',', '.') AS DOUBLE)",
            _ when this == GroupedNumber => $"{cast}(replace({trimmed}, ',', '') AS DOUBLE)",
            _ when this == Money => $"{cast}(regexp_replace({trimmed}, '[$€£¥￥, ]', '', 'g') AS DECIMAL(18,2))",
            _ => $"{cast}({trimmed} AS {Type})",
        };
        return isLenient && Kind is not ShapeKind.Text and not ShapeKind.TimeOfDay ? $"CASE WHEN regexp_full_match({trimmed}, {SqlLiteral.Text(Pattern)}) THEN {value} END" : value;
    }

    private static TextShape[] Dated(string mark, string format)
    {
        string day = $"{Day}[{mark}]{Day}[{mark}]{Year}";
        return
        [
            new(ShapeKind.Date, null, day, format),
            new(ShapeKind.Time, null, $"{day} {Clock}", $"{format} %H:%M"),
            new(ShapeKind.Time, null, $"{day} {Clock}:[0-9]{{2}}", $"{format} %H:%M:%S"),
            new(ShapeKind.Time, null, $"{day} {Clock} [AaPp][Mm]", $"{format} %I:%M %p"),
        ];
    }
}

using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Drafts;

/// <summary>A column as the draft reads it and makes it.</summary>
/// <param name="Facts">What was found out.</param>
/// <param name="Name">What the table calls it.</param>
/// <param name="Type">As what the source reads it; null where the file says so itself.</param>
/// <param name="Zone">The zone that the source declares.</param>
/// <param name="Sql">What makes it in the step.</param>
/// <param name="Note">What a person should know, as a comment.</param>
internal sealed record DraftColumn(ColumnFacts Facts, string Name, DataType? Type, string? Zone, string Sql, string Note)
{
    /// <summary>Whether the step leaves it out.</summary>
    internal bool IsEmpty => Facts.ValueCount == 0;

    /// <summary>Whether an instant comes out.</summary>
    internal bool IsInstant { get; private init; }

    /// <summary>Draws one column.</summary>
    /// <param name="column">What was found out.</param>
    /// <param name="name">What the table is to call it.</param>
    /// <param name="isText">Whether the file holds texts.</param>
    /// <param name="isEventTime">Whether it has to be an instant.</param>
    /// <param name="fileNulls">Words that the whole file has for NULL.</param>
    /// <param name="zone">The zone of clocks without one; null where none is needed.</param>
    /// <param name="rowCount">Of the rows that the step keeps.</param>
    /// <param name="culture">Of the comments.</param>
    internal static DraftColumn Of(ColumnFacts column, string name, bool isText, bool isEventTime, IReadOnlySet<string> fileNulls, string? zone, long rowCount, CultureInfo culture)
    {
        string text = DraftText.SqlName(column.Name);
        string[] own = [.. column.NullWords.Select(word => word.Text).Where(word => !fileNulls.Contains(word))];
        bool isRead = isText && column.Shape.Type is not null && own.Length == 0 && !column.HasSpaces;
        string sql = text;
        if (isText && !isRead)
        {
            string trimmed = column.HasSpaces || own.Length > 0 ? $"trim({text})" : text;
            string kept = own.Length switch
            {
                0 => trimmed,
                1 => $"nullif({trimmed}, {SqlLiteral.Text(own[0])})",
                _ => $"CASE WHEN {trimmed} NOT IN ({string.Join(", ", own.Select(SqlLiteral.Text))}) THEN {trimmed} END",
            };
            sql = column.Shape.Type is { } type && column.Shape.Kind is not ShapeKind.Text and not ShapeKind.TimeOfDay ? $"CAST({kept} AS {type})" : column.Shape.Sql(kept, isLenient: false);
        }
        bool isDay = column.Shape.Kind == ShapeKind.Date;
        bool isNaive = column.Shape.Kind == ShapeKind.Time;
        bool readsZone = isRead && isNaive;
        if (column.EpochMicroseconds is { } unit) sql = unit == 1 ? $"make_timestamptz({sql})" : string.Create(CultureInfo.InvariantCulture, $"make_timestamptz({sql} * {unit})");
        else if (isDay && isEventTime) sql = $"timezone({SqlLiteral.Text(zone!)}, CAST({sql} AS TIMESTAMP))";
        else if (isNaive && !readsZone) sql = $"timezone({SqlLiteral.Text(zone!)}, {sql})";
        return new DraftColumn(column, name, isText ? isRead ? column.Shape.Type : DataType.String : null, readsZone ? zone : null, sql, Notes(column, name, rowCount, culture))
        {
            IsInstant = isNaive || column.Shape.Kind == ShapeKind.ZonedTime || column.EpochMicroseconds is not null || (isDay && isEventTime),
        };
    }

    private static string Notes(ColumnFacts column, string name, long rowCount, CultureInfo culture)
    {
        string Say(string code, params ReadOnlySpan<object?> arguments) => MessageCatalog.Format(code, culture, arguments);
        var notes = new List<string>();
        if (column.ValueCount == 0) return Say("jobs.draft_note_empty");
        if (column.SourceName != name) notes.Add(Say("jobs.draft_note_name", DraftText.Shown(column.SourceName)));
        notes.Add(Say(column.IsDistinctExact ? "jobs.draft_note_distinct" : "jobs.draft_note_distinct_nearly", DraftText.Number(Math.Min(column.DistinctCount, column.ValueCount))));
        if (column.Min is { } min && column.Max is { } max && column.EpochMicroseconds is null) notes.Add(Say("jobs.draft_note_range", min, max));
        if (rowCount - column.ValueCount is > 0 and var nulls) notes.Add(Say("jobs.draft_note_nulls", DraftText.Number(nulls)));
        foreach ((string word, long count) in column.NullWords) notes.Add(Say("jobs.draft_note_word", DraftText.Shown(word), DraftText.Number(count)));
        if (column.HasLeadingZeros) notes.Add(Say("jobs.draft_note_zeros"));
        if (column.IsDayMonthOpen) notes.Add(Say(column.Shape.Format!.StartsWith("%m", StringComparison.Ordinal) ? "jobs.draft_note_month_first" : "jobs.draft_note_day_first"));
        if (column.Exception is var (almost, example, others)) notes.Add(Say("jobs.draft_note_exception", DraftText.Number(others), DraftText.Shown(example), Kind(almost.Kind, culture)));
        if (column.PerhapsNull is var (perhaps, often)) notes.Add(Say("jobs.draft_note_perhaps", DraftText.Shown(perhaps), DraftText.Number(often), $"nullif({DraftText.SqlName(column.Name)}, {SqlLiteral.Text(DraftText.Shown(perhaps))})"));
        if (column.Sentinel is var (value, times)) notes.Add(Say("jobs.draft_note_sentinel", value, DraftText.Number(times), $"nullif({DraftText.SqlName(column.Name)}, {value})"));
        return string.Join(Say("jobs.draft_note_separator"), notes);
    }

    private static string Kind(ShapeKind kind, CultureInfo culture) => MessageCatalog.Format(kind switch
    {
        ShapeKind.Whole or ShapeKind.Number => "jobs.draft_kind_number",
        ShapeKind.Boolean => "jobs.draft_kind_boolean",
        _ => "jobs.draft_kind_time",
    }, culture);
}

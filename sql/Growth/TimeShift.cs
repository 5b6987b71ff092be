using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Growth;

/// <summary>How far an expression of time lies from the column that it is made of.</summary>
/// <param name="Column">An instant.</param>
/// <param name="Least">The expression is at least the column and this much.</param>
/// <param name="Greatest">It is at most the column and this much.</param>
internal sealed record TimeShift(BoundColumn Column, TimeSpan Least, TimeSpan Greatest)
{
    // Of the longer units (months, years) a day more than the longest.
    private static readonly Dictionary<string, TimeSpan> s_units = new(StringComparer.OrdinalIgnoreCase)
    {
        ["microseconds"] = TimeSpan.Zero,
        ["milliseconds"] = TimeSpan.FromMilliseconds(1),
        ["second"] = TimeSpan.FromSeconds(1),
        ["minute"] = TimeSpan.FromMinutes(1),
        ["hour"] = TimeSpan.FromHours(1),
        ["day"] = TimeSpan.FromDays(1),
        ["week"] = TimeSpan.FromDays(7),
        ["month"] = TimeSpan.FromDays(32),
        ["quarter"] = TimeSpan.FromDays(93),
        ["year"] = TimeSpan.FromDays(367),
    };

    // What is further away may leave the years that can be written down.
    private static readonly TimeSpan s_lengthMax = TimeSpan.FromDays(3660);

    /// <summary>The shift; null where it is not seen.</summary>
    internal static TimeShift? Of(BoundExpression expression) => expression switch
    {
        BoundColumnReference { Column: var column } => column.Type.DataType is InstantType ? new TimeShift(column, TimeSpan.Zero, TimeSpan.Zero) : null,
        BoundCast { Type.DataType: DateType, Operand: var operand } => Of(operand)?.Earlier(TimeSpan.FromDays(1)),
        BoundCast { Type.DataType: InstantType, Operand: var operand } => Of(operand),
        BoundCall { Function.Name: "date_trunc" or "datetrunc", Arguments: [BoundConstant { Value: string unit }, var operand] } => s_units.TryGetValue(unit, out TimeSpan length) ? Of(operand)?.Earlier(length) : null,
        BoundCall { Function.Name: "time_bucket", Arguments: [var width, var operand] } => Intervals.TryLength(width) is { } length ? Of(operand)?.Earlier(length) : null,
        BoundCall { Function.Name: "+", Arguments: [var operand, var interval] } => Intervals.TryLength(interval) is { } length ? Of(operand)?.Moved(length) : null,
        BoundCall { Function.Name: "-", Arguments: [var operand, var interval] } => Intervals.TryLength(interval) is { } length ? Of(operand)?.Moved(-length) : null,
        _ => null,
    };

    private TimeShift? Earlier(TimeSpan atMost) => atMost > s_lengthMax ? null : this with { Least = Least - atMost };

    private TimeShift? Moved(TimeSpan by) => by.Duration() > s_lengthMax ? null : this with { Least = Least + by, Greatest = Greatest + by };
}

using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Makes instants of entity rows' event times that came as something else. What is not certain is refused, before anything is joined.</summary>
/// <remarks>
/// A count since 1970 is taken for the one unit in which all its values lie between 1990 and 2100; these ranges have no value in common. A text must be ISO 8601 and say its zone or offset, each its own;
/// where it says none, and for times without a zone and dates, the zone must be declared. Labels of training sets are not read here: their SELECT says it itself, for good.
/// </remarks>
internal static class EventTimes
{
    private const string RowColumn = "__row";
    private const string ClockText = @"\d{4}-\d{2}-\d{2}([T ]([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,6}0{0,3})?)?)?";
    private const string ZoneText = @"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)";

    // 1990-01-01 to 2100-01-01.
    private const long SecondsMin = 631_152_000;
    private const long SecondsMax = 4_102_444_800;

    private static readonly (EventTimeForm Form, long PerSecond)[] s_units =
        [(EventTimeForm.Seconds, 1), (EventTimeForm.Milliseconds, 1_000), (EventTimeForm.Microseconds, 1_000_000), (EventTimeForm.Nanoseconds, 1_000_000_000)];

    /// <summary>The columns as they will be where the event time can be read: an instant.</summary>
    internal static Schema Becomes(Schema rows, string eventTime, string? zone)
        => rows.Find(eventTime) is { } time && (time.Type is StringType or IntegerType || (zone is not null && time.Type is NaiveTimeType or DateType))
            ? new Schema(rows.Fields.Select(field => field.Name == time.Name ? field with { Type = DataType.Instant } : field))
            : rows;

    /// <summary>The rows with instants as event times.</summary>
    /// <param name="rows">As they came, kept by the engine.</param>
    /// <param name="eventTime">Their time column.</param>
    /// <param name="zone">The declared zone of times that have none.</param>
    /// <param name="runner">Runs the queries, and keeps the rows.</param>
    /// <param name="place">Where the rows stand, for errors.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <exception cref="LeptonDataException">What the times are is not certain; an unknown zone.</exception>
    internal static async ValueTask<(LabelRows Rows, EventTimeReading? Reading)> ReadAsync(
        LabelRows rows, string eventTime, string? zone, QueryRunner runner, SourcePlace? place, CancellationToken cancellationToken)
    {
        Schema schema = Becomes(rows.Schema, eventTime, zone);
        if (schema.Equals(rows.Schema)) return (rows, null);
        Field time = rows.Schema.Find(eventTime)!;
        Inputs inputs = new Inputs().Add(PointInTimeJoin.RawLabelsInput, rows.Input with { RowNumber = RowColumn });
        if (zone is not null) await CheckZoneAsync(zone, runner, cancellationToken).ConfigureAwait(false);
        (string expression, EventTimeReading reading) = time.Type switch
        {
            StringType => await OfTextAsync(time, zone, inputs, runner, place, cancellationToken).ConfigureAwait(false),
            IntegerType => await OfNumbersAsync(time, inputs, runner, place, cancellationToken).ConfigureAwait(false),
            _ => ($"timezone({Text(zone!)}, CAST({Name(time.Name)} AS TIMESTAMP))", new EventTimeReading(time.Type is DateType ? EventTimeForm.Day : EventTimeForm.Clock, zone)),
        };
        IEnumerable<string> columns = rows.Schema.Fields.Select(field => field.Name == time.Name ? $"{expression} AS {Name(field.Name)}" : Name(field.Name));
        StagedRelation read = await runner.StageAsync("__read_labels", $"SELECT {string.Join(", ", columns)} FROM {PointInTimeJoin.RawLabelsInput}", inputs, cancellationToken).ConfigureAwait(false);
        return (new LabelRows(new StagedInput(read), schema), reading);
    }

    private static async ValueTask<(string Expression, EventTimeReading Reading)> OfTextAsync(Field time, string? zone, Inputs inputs, QueryRunner runner, SourcePlace? place, CancellationToken cancellationToken)
    {
        string value = Name(time.Name);
        string zoned = $"regexp_full_match({value}, {Text(ClockText + ZoneText)})";
        IReadOnlyList<Kind> kinds = await KindsAsync(
            $"CASE WHEN {value} IS NULL THEN NULL WHEN {zoned} AND TRY_CAST({value} AS TIMESTAMPTZ) IS NOT NULL THEN 'zoned' WHEN regexp_full_match({value}, {Text(ClockText)}) AND TRY_CAST({value} AS TIMESTAMP) IS NOT NULL THEN 'naive' ELSE '' END",
            value, inputs, runner, cancellationToken).ConfigureAwait(false);
        if (kinds.FirstOrDefault(kind => kind.Name.Length == 0) is { } other) throw Refused("featurestore.label_time_unreadable", place, time.Name, other.FirstRow, other.FirstValue);
        Kind? naive = kinds.FirstOrDefault(kind => kind.Name == "naive"), own = kinds.FirstOrDefault(kind => kind.Name == "zoned");
        if (zone is null && naive is not null)
        {
            throw own is null
                ? Refused("featurestore.label_time_zoneless", place, time.Name, naive.FirstRow, naive.FirstValue)
                : Refused("featurestore.label_time_mixed_zones", place, time.Name, own.FirstRow, own.FirstValue, naive.FirstRow, naive.FirstValue);
        }
        string instant = $"TRY_CAST({value} AS TIMESTAMPTZ)";
        if (naive is null) return (instant, new EventTimeReading(EventTimeForm.Text, null));
        return ($"CASE WHEN {zoned} THEN {instant} ELSE timezone({Text(zone!)}, TRY_CAST({value} AS TIMESTAMP)) END", new EventTimeReading(EventTimeForm.Text, zone));
    }

    private static async ValueTask<(string Expression, EventTimeReading Reading)> OfNumbersAsync(Field time, Inputs inputs, QueryRunner runner, SourcePlace? place, CancellationToken cancellationToken)
    {
        string value = $"CAST({Name(time.Name)} AS BIGINT)";
        string units = string.Concat(s_units.Select((unit, i) => $" WHEN {value} >= {BigInt(SecondsMin * unit.PerSecond)} AND {value} < {BigInt(SecondsMax * unit.PerSecond)} THEN '{i}'"));
        IReadOnlyList<Kind> kinds = await KindsAsync($"CASE WHEN {value} IS NULL THEN NULL{units} ELSE '' END", Name(time.Name), inputs, runner, cancellationToken).ConfigureAwait(false);
        if (kinds.FirstOrDefault(kind => kind.Name.Length == 0) is { } other) throw Refused("featurestore.label_time_no_epoch", place, time.Name, other.FirstRow, other.FirstValue);
        if (kinds.Count > 1)
        {
            Kind[] two = [.. kinds.OrderBy(kind => kind.FirstRow).Take(2)];
            throw Refused("featurestore.label_time_mixed_epochs", place, time.Name, two[0].FirstRow, two[0].FirstValue, WordOf(two[0]), two[1].FirstRow, two[1].FirstValue, WordOf(two[1]));
        }
        // Without any value nothing is said; rows without a time are refused later.
        (EventTimeForm form, long perSecond) = s_units[kinds.Count == 0 ? 2 : UnitOf(kinds[0])];
        string instant = perSecond > 1_000_000 ? $"make_timestamptz({value} // {BigInt(perSecond / 1_000_000)})" : $"make_timestamptz({value} * {BigInt(1_000_000 / perSecond)})";
        return (instant, new EventTimeReading(form, null));
    }

    private static int UnitOf(Kind kind) => kind.Name[0] - '0';

    private static BilingualText WordOf(Kind kind) => EventTimeReading.WordOf(s_units[UnitOf(kind)].Form);

    private static async ValueTask<IReadOnlyList<Kind>> KindsAsync(string kind, string value, Inputs inputs, QueryRunner runner, CancellationToken cancellationToken)
    {
        IReadOnlyList<object?[]> rows = await runner.RowsAsync(
            $"SELECT k, min(n) AS n FROM (SELECT {kind} AS k, {RowColumn} AS n FROM {PointInTimeJoin.RawLabelsInput}) AS l WHERE k IS NOT NULL GROUP BY k ORDER BY k", inputs, int.MaxValue, cancellationToken).ConfigureAwait(false);
        var kinds = new List<Kind>();
        foreach (object?[] row in rows)
        {
            object?[] first = (await runner.FirstRowAsync($"SELECT CAST({value} AS VARCHAR) AS v FROM {PointInTimeJoin.RawLabelsInput} WHERE {RowColumn} = {BigInt((long)row[1]!)}", inputs, cancellationToken).ConfigureAwait(false))!;
            kinds.Add(new Kind((string)row[0]!, (long)row[1]! + 1, (string)first[0]!));
        }
        return kinds;
    }

    private static async ValueTask CheckZoneAsync(string zone, QueryRunner runner, CancellationToken cancellationToken)
    {
        try
        {
            await runner.FirstRowAsync($"SELECT timezone({Text(zone)}, TIMESTAMP '2000-01-01 00:00:00') AS t", new Inputs(), cancellationToken).ConfigureAwait(false);
        }
        catch (LeptonDataException failure)
        {
            throw new LeptonDataException("featurestore.unknown_zone", [zone], failure);
        }
    }

    private static LeptonDataException Refused(string code, SourcePlace? place, params object?[] arguments) => new(code, arguments) { Place = place, Kind = ErrorKind.DataRefused };

    /// <summary>Values of one kind, and the first row that has one, counted from 1.</summary>
    private sealed record Kind(string Name, long FirstRow, string FirstValue);
}

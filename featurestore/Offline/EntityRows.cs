using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>The rows that features are wanted for: the join keys, an event time, and any further columns, which are carried through.</summary>
public sealed record EntityRows
{
    private EntityRows() { }

    /// <summary>A SELECT over the lake; its order is kept if it has one.</summary>
    public SqlText? Query { get; private init; }

    /// <summary>A Parquet or CSV file; its order is kept.</summary>
    public FileScan? File { get; private init; }

    /// <summary>Rows that come from elsewhere, such as an Arrow stream; their order is kept. They are read once.</summary>
    public IRecordBatchReader? Reader { get; private init; }

    /// <summary>All keys that the views' tables know, at instants of a range.</summary>
    public TimeRange? Range { get; private init; }

    /// <summary>The column of the time that features must not be later than: instants; texts in ISO 8601; seconds, milliseconds, microseconds or nanoseconds since 1970 (see <see cref="HistoricalFeatures.EventTimeReading"/>).</summary>
    public required string EventTime { get; init; }

    /// <summary>The zone of event times that have none: texts without one, naive times, and dates, which are then the beginning of their day. Null refuses such times.</summary>
    public string? Zone { get; init; }

    /// <summary>The rows of a SELECT over the lake.</summary>
    public static EntityRows FromQuery(SqlText query, string eventTime = "event_time") => new() { Query = query, EventTime = eventTime };

    /// <summary>The rows of a reader, which stays the caller's and is read to its end.</summary>
    public static EntityRows FromReader(IRecordBatchReader reader, string eventTime = "event_time") => new() { Reader = reader, EventTime = eventTime };

    /// <summary>No rows of one's own: the keys of the views' tables with the event times of their rows, or at steps. The views must be of one entity.</summary>
    /// <param name="from">The first instant.</param>
    /// <param name="to">The end: itself a step where it is one, and no longer an event time that is taken.</param>
    /// <param name="every">From step to step, in whole microseconds; null for one row for each key and event time in <c>[from, to)</c>.</param>
    /// <param name="eventTime">What the column of the instants is called.</param>
    public static EntityRows FromRange(EventTime from, EventTime to, TimeSpan? every = null, string eventTime = "event_time") => new() { Range = new TimeRange(from, to, every), EventTime = eventTime };

    /// <summary>The rows of files.</summary>
    public static EntityRows FromFile(FileScan file, string eventTime = "event_time") => new() { File = file, EventTime = eventTime };
}

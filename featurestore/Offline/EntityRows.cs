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

    /// <summary>The column of the instant that features must not be later than.</summary>
    public required string EventTime { get; init; }

    /// <summary>The rows of a SELECT over the lake.</summary>
    public static EntityRows FromQuery(SqlText query, string eventTime = "event_time") => new() { Query = query, EventTime = eventTime };

    /// <summary>The rows of files.</summary>
    public static EntityRows FromFile(FileScan file, string eventTime = "event_time") => new() { File = file, EventTime = eventTime };
}

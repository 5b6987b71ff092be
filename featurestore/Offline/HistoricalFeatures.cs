using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Joined rows, ready to be read or written. Disposing it frees what is kept for it.</summary>
public sealed class HistoricalFeatures : IAsyncDisposable
{
    private readonly QueryRunner _runner;
    private readonly PointInTimeJoin _join;

    internal HistoricalFeatures(QueryRunner runner, PointInTimeJoin join) => (_runner, _join, Query) = (runner, join, join.Query);

    /// <summary>What gives the rows, in the order of the entity rows, for engines that write them.</summary>
    public BoundQuery Query { get; }

    /// <summary>What <see cref="Query"/> reads; it lives as long as this.</summary>
    public Inputs Inputs => _join.Inputs;

    /// <summary>The entity rows' own columns, then for each view its features and its status, then on-demand features.</summary>
    public Schema Schema => Query.Schema;

    /// <summary>How many rows: as many as there are entity rows.</summary>
    public long RowCount => _join.RowCount;

    /// <summary>What the event times were taken for, where they did not come as instants; else null.</summary>
    public EventTimeReading? EventTimeReading { get; internal init; }

    /// <summary>How each view met the entity rows, in the order of the views.</summary>
    public IReadOnlyList<ViewStatistics> Views => _join.Statistics;

    /// <summary>The rows, in the order of the entity rows. The caller disposes the reader, before this.</summary>
    /// <remarks>Where memory does not suffice for all rows, tables are read again for each part of them, and what such a part fails with comes out of a read.</remarks>
    public ValueTask<IRecordBatchReader> ReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _join.Computed.Count == 0 ? ValueTask.FromResult(_join.Read()) : _runner.Engine.ReadAsync(Query, Inputs, _runner.Run, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _join.DisposeAsync().ConfigureAwait(false);
        await _runner.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>How one view met the entity rows.</summary>
/// <param name="View">The view.</param>
/// <param name="RowCount">Rows of the view's table.</param>
/// <param name="WithoutKey">Rows that match nothing because a key is NULL.</param>
/// <param name="WithoutEventTime">Rows with all keys that are left out because their event time is NULL.</param>
/// <param name="WithoutCreatedTime">Of the others, rows that are never visible because their created time is NULL.</param>
public sealed record ViewStatistics(string View, long RowCount, long WithoutKey, long WithoutEventTime, long WithoutCreatedTime);

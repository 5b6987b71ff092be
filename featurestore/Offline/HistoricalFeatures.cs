using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Joined rows, ready to be read or written once. Disposing it frees what the engine keeps for it.</summary>
public abstract class HistoricalFeatures : IAsyncDisposable
{
    /// <summary>The entity rows' own columns, then for each view its features and its status.</summary>
    public abstract Schema Schema { get; }

    /// <summary>How each view met the entity rows, in the order of the views.</summary>
    public abstract IReadOnlyList<ViewStatistics> Views { get; }

    /// <summary>The rows, in the order of the entity rows. The caller disposes the reader.</summary>
    public abstract ValueTask<IRecordBatchReader> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Writes the rows as one Parquet file, or as CSV where the name ends in <c>.csv</c>; what stood there is replaced in one step.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="cancellationToken">Cancelled, nothing is left.</param>
    /// <returns>How many rows.</returns>
    public abstract ValueTask<long> WriteAsync(string path, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

/// <summary>How one view met the entity rows.</summary>
/// <param name="View">The view.</param>
/// <param name="RowCount">Rows of the view's table.</param>
/// <param name="WithoutKey">Rows that match nothing because a key is NULL.</param>
/// <param name="WithoutEventTime">Rows with all keys that are left out because their event time is NULL.</param>
/// <param name="WithoutCreatedTime">Of the others, rows that are never visible because their created time is NULL.</param>
public sealed record ViewStatistics(string View, long RowCount, long WithoutKey, long WithoutEventTime, long WithoutCreatedTime);

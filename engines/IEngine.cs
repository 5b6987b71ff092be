using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Engines;

/// <summary>Runs bound queries. Safe for use by several threads.</summary>
public interface IEngine : IAsyncDisposable
{
    /// <summary><c>duckdb</c> or <c>spark</c>.</summary>
    string Name { get; }

    /// <summary>Reads the query's rows as a stream, in the query's order if it has one.</summary>
    /// <exception cref="Schemas.LeptonDataException">The query failed: a cast, an overflow, a file that is not what it was.</exception>
    ValueTask<IRecordBatchReader> ReadAsync(BoundQuery query, Inputs inputs, RunContext run, CancellationToken cancellationToken);

    /// <summary>Writes the query's rows as Parquet files, synced, with statistics and content sums; the caller commits them.</summary>
    /// <returns>The files, in order; none where the query has no rows. On failure no file is left.</returns>
    ValueTask<IReadOnlyList<DataFile>> WriteAsync(BoundQuery query, Inputs inputs, FileTarget target, RunContext run, CancellationToken cancellationToken);

    /// <summary>Feeds the query's rows, in no order and a few thousand at a time, to one accumulator per thread and merges them. All cores decode.</summary>
    /// <param name="query">Has at least one column.</param>
    /// <param name="inputs">What its names stand for.</param>
    /// <param name="perThread">Makes an accumulator, which begins anew: an engine that has to run the query twice makes others for the second time.</param>
    /// <param name="run">Its memory is charged.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <returns>The merged accumulator, which the caller disposes.</returns>
    ValueTask<T> ScanAsync<T>(BoundQuery query, Inputs inputs, Func<T> perThread, RunContext run, CancellationToken cancellationToken)
        where T : class, IAccumulator;

    /// <summary>Computes the query once and keeps the rows (in memory, spilled when large), so that several queries can read the very same ones.</summary>
    /// <returns>To be named in <see cref="Inputs"/>; disposing it frees the rows.</returns>
    ValueTask<StagedRelation> StageAsync(BoundQuery query, Inputs inputs, RunContext run, CancellationToken cancellationToken);
}

/// <summary>Rows that an engine keeps for further queries of its own.</summary>
public abstract class StagedRelation : IAsyncDisposable
{
    /// <summary>The columns.</summary>
    public required Schemas.Schema Schema { get; init; }

    /// <summary>How many rows.</summary>
    public required long RowCount { get; init; }

    /// <summary>Frees the rows; a second call does nothing.</summary>
    public abstract ValueTask DisposeAsync();
}

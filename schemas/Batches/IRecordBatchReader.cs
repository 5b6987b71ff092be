namespace Lepton.Data.Schemas.Batches;

/// <summary>A stream of record batches of one schema. Read by one caller at a time; disposing it early ends the work behind it.</summary>
public interface IRecordBatchReader : IAsyncDisposable
{
    /// <summary>The schema of every batch; known before the first is read.</summary>
    Schema Schema { get; }

    /// <summary>The next batch, which the caller owns, or null at the end. Batches may be of any size above zero rows.</summary>
    /// <exception cref="LeptonDataException">The source failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the reader can only be disposed now.</exception>
    ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default);
}

/// <summary>Batches that are there already, as a reader.</summary>
public sealed class MemoryBatchReader : IRecordBatchReader
{
    private readonly Queue<RecordBatch> _batches;

    /// <summary>Takes ownership of <paramref name="batches"/>.</summary>
    public MemoryBatchReader(Schema schema, IEnumerable<RecordBatch> batches) => (Schema, _batches) = (schema, new Queue<RecordBatch>(batches));

    /// <inheritdoc/>
    public Schema Schema { get; }

    /// <inheritdoc/>
    public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_batches.TryDequeue(out RecordBatch? batch) ? batch : null);
    }

    /// <summary>Disposes the batches that were not read.</summary>
    public ValueTask DisposeAsync()
    {
        while (_batches.TryDequeue(out RecordBatch? batch)) batch.Dispose();
        return ValueTask.CompletedTask;
    }
}

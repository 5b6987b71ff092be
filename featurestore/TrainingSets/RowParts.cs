using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>The rows of one reader as readers of so many rows each, one after the other.</summary>
/// <param name="rows">Read once, from where it stands; the caller disposes it after this.</param>
internal sealed class RowParts(IRecordBatchReader rows) : IDisposable
{
    private RecordBatch? _batch;
    private int _batchRow;

    /// <summary>A reader of the next rows. Of several that are open only one is read, and to its end before the next.</summary>
    internal IRecordBatchReader Next(long count) => new Part(this, count);

    public void Dispose() => _batch?.Dispose();

    private async ValueTask<RecordBatch?> ReadAsync(long most, CancellationToken cancellationToken)
    {
        if (most == 0) return null;
        while (_batch is null || _batchRow == _batch.RowCount)
        {
            _batch?.Dispose();
            _batch = null;
            _batchRow = 0;
            _batch = await rows.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (_batch is null) return null;
        }
        int count = (int)Math.Min(most, _batch.RowCount - _batchRow);
        RecordBatch part = _batch.Slice(_batchRow, count);
        _batchRow += count;
        return part;
    }

    private sealed class Part(RowParts parts, long count) : IRecordBatchReader
    {
        private long _left = count;

        public Schema Schema => parts.Schema;

        public async ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
        {
            RecordBatch? batch = await parts.ReadAsync(_left, cancellationToken).ConfigureAwait(false);
            _left -= batch?.RowCount ?? 0;
            return batch;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private Schema Schema => rows.Schema;
}

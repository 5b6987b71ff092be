using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>Offers a reader that can be read once to an engine, which opens one for each statement that it prepares and reads one of them.</summary>
internal sealed class ReadOnce(IRecordBatchReader reader)
{
    private View? _taken;

    internal IRecordBatchReader Open() => new View(this);

    private sealed class View(ReadOnce owner) : IRecordBatchReader
    {
        public Schema Schema => owner.Source.Schema;

        public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
        {
            View first = Interlocked.CompareExchange(ref owner._taken, this, null) ?? this;
            if (first != this) throw new InvalidOperationException("rows that come once were asked for twice");
            return owner.Source.ReadAsync(cancellationToken);
        }

        // The reader stays with who brought it.
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private IRecordBatchReader Source => reader;
}

namespace Lepton.Data.Schemas.Batches;

/// <summary>The counted native memory beneath one or more batches.</summary>
/// <param name="columns">One for each column of the schema.</param>
/// <param name="owners">Disposed with the last batch.</param>
internal sealed class BatchMemory(ColumnBuffers[] columns, IDisposable[] owners)
{
    private int _ownerCount = 1;

    internal ColumnBuffers[] Columns { get; } = columns;

    internal void AddOwner()
    {
        int count;
        do
        {
            count = Volatile.Read(ref _ownerCount);
            ObjectDisposedException.ThrowIf(count == 0, typeof(RecordBatch));
        }
        while (Interlocked.CompareExchange(ref _ownerCount, count + 1, count) != count);
    }

    internal void RemoveOwner()
    {
        if (Interlocked.Decrement(ref _ownerCount) > 0) return;
        foreach (IDisposable owner in owners) owner.Dispose();
    }
}

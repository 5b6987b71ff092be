namespace Lepton.Data.Schemas.Batches;

/// <summary>Where one column's buffers lie. Pointers stay valid as long as the <see cref="BatchMemory"/> has an owner.</summary>
internal unsafe struct ColumnBuffers
{
    /// <summary>Bitmap of present values, or null where none is missing.</summary>
    internal byte* Validity;

    /// <summary>Fixed-width values, boolean bits, or <c>rows + 1</c> offsets of 32 bits for text and bytes.</summary>
    internal byte* Values;

    /// <summary>Text and bytes; null for fixed widths.</summary>
    internal byte* Data;
}

/// <summary>The counted native memory beneath one or more batches.</summary>
internal sealed class BatchMemory(ColumnBuffers[] columns, NativeBlock[] blocks)
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
        foreach (NativeBlock block in blocks) block.Dispose();
    }
}

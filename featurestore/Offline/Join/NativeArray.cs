using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Native;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Numbers in native memory that a budget counts. What it holds at first is left from earlier use.</summary>
internal sealed unsafe class NativeArray<T> : IDisposable
    where T : unmanaged
{
    private readonly NativeBlock _block;

    internal NativeArray(int length, MemoryBudget budget)
    {
        _block = NativeBlock.Rent((long)length * sizeof(T), budget);
        Length = length;
        HugePages.Advise(_block.Pointer, _block.SizeBytes);
    }

    internal int Length { get; }

    internal T* Pointer => (T*)_block.Pointer;

    internal Span<T> Span => new(_block.Pointer, Length);

    internal ref T this[int index] => ref ((T*)_block.Pointer)[index];

    public void Dispose() => _block.Dispose();
}

/// <summary>Numbers in native memory, of which more may be appended.</summary>
internal sealed unsafe class NativeList<T>(MemoryBudget budget) : IDisposable
    where T : unmanaged
{
    private NativeBlock _block = NativeBlock.Rent(1024, budget);

    internal int Count { get; private set; }

    internal T* Pointer => (T*)_block.Pointer;

    internal void Add(T value)
    {
        Reserve(1);
        Pointer[Count++] = value;
    }

    internal void Add(ReadOnlySpan<T> values)
    {
        Reserve(values.Length);
        values.CopyTo(new Span<T>(Pointer + Count, values.Length));
        Count += values.Length;
    }

    public void Dispose() => _block.Dispose();

    private void Reserve(int count)
    {
        long needed = ((long)Count + count) * sizeof(T);
        if (needed <= _block.SizeBytes) return;
        NativeBlock grown = NativeBlock.Rent(Math.Max(needed, 2 * _block.SizeBytes), budget);
        Buffer.MemoryCopy(_block.Pointer, grown.Pointer, grown.SizeBytes, (long)Count * sizeof(T));
        _block.Dispose();
        _block = grown;
    }
}

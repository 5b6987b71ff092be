using System.Runtime.InteropServices;

namespace Lepton.Data.Schemas.Batches;

/// <summary>One run of native memory, aligned to 64 bytes (Arrow's recommendation, and a cache line), drawn from a pool of powers of two.</summary>
/// <remarks>Freed by <see cref="Dispose"/>, exactly once, by whoever owns the batch; the finalizer is the net below that.</remarks>
internal sealed unsafe class NativeBlock : IDisposable
{
    internal const int Alignment = 64;
    private const int SmallestShift = 10;
    private const int LargestShift = 30;
    private const long PooledBytesMax = 256L << 20;

    private static readonly Stack<nint>[] s_free = [.. Enumerable.Range(0, LargestShift + 1).Select(_ => new Stack<nint>())];
    private static long s_pooledBytes;
    private static long s_outstandingBytes;

    private readonly MemoryBudget? _budget;
    private nint _pointer;

    private NativeBlock(byte* pointer, long sizeBytes, MemoryBudget? budget) => (_pointer, SizeBytes, _budget) = ((nint)pointer, sizeBytes, budget);

    ~NativeBlock() => Release(pooled: false);

    internal byte* Pointer => (byte*)_pointer;

    internal long SizeBytes { get; }

    /// <summary>Bytes rented and not freed, for tests that look for leaks.</summary>
    internal static long OutstandingBytes => Volatile.Read(ref s_outstandingBytes);

    internal static NativeBlock Rent(long sizeBytes, MemoryBudget? budget)
    {
        int shift = Math.Max(SmallestShift, 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)Math.Max(sizeBytes, 1) - 1));
        long size = 1L << shift;
        budget?.Take(size);
        try
        {
            byte* pointer = (byte*)Pop(shift);
            if (pointer is null) pointer = (byte*)NativeMemory.AlignedAlloc((nuint)size, Alignment);
            Interlocked.Add(ref s_outstandingBytes, size);
            return new NativeBlock(pointer, size, budget);
        }
        catch
        {
            budget?.Give(size);
            throw;
        }
    }

    public void Dispose()
    {
        Release(pooled: true);
        GC.SuppressFinalize(this);
    }

    private static nint Pop(int shift)
    {
        if (shift > LargestShift) return 0;
        Stack<nint> free = s_free[shift];
        lock (free)
        {
            if (free.Count == 0) return 0;
            Interlocked.Add(ref s_pooledBytes, -(1L << shift));
            return free.Pop();
        }
    }

    private void Release(bool pooled)
    {
        byte* pointer = (byte*)Interlocked.Exchange(ref _pointer, 0);
        if (pointer is null) return;
        Interlocked.Add(ref s_outstandingBytes, -SizeBytes);
        _budget?.Give(SizeBytes);
        int shift = System.Numerics.BitOperations.Log2((ulong)SizeBytes);
        if (pooled && shift <= LargestShift && Interlocked.Add(ref s_pooledBytes, SizeBytes) <= PooledBytesMax)
        {
            Stack<nint> free = s_free[shift];
            lock (free) free.Push((nint)pointer);
            return;
        }
        if (pooled && shift <= LargestShift) Interlocked.Add(ref s_pooledBytes, -SizeBytes);
        NativeMemory.AlignedFree(pointer);
    }
}

using System.Runtime.InteropServices;

namespace Lepton.Data.Schemas.Batches;

/// <summary>One run of native memory, aligned to 64 bytes (Arrow's recommendation, and a cache line), drawn from a pool of sizes an eighth of a power of two apart.</summary>
/// <remarks>Freed by <see cref="Dispose"/>, exactly once, by whoever owns the batch; the finalizer is the net below that.</remarks>
public sealed unsafe class NativeBlock : IDisposable
{
    /// <summary>Bytes that every block's address is a multiple of.</summary>
    public const int Alignment = 64;

    private const int SmallestShift = 10;
    private const int LargestShift = 30;
    private const long PooledBytesMax = 256L << 20;

    private static readonly Stack<nint>[] s_free = [.. Enumerable.Range(0, 8 * (LargestShift + 1)).Select(_ => new Stack<nint>())];
    private static long s_pooledBytes;
    private static long s_outstandingBytes;

    private readonly MemoryBudget? _budget;
    private nint _pointer;

    private NativeBlock(byte* pointer, long sizeBytes, MemoryBudget? budget) => (_pointer, SizeBytes, _budget) = ((nint)pointer, sizeBytes, budget);

    /// <inheritdoc/>
    ~NativeBlock() => Release(pooled: false);

    /// <summary>Its first byte; null once it was disposed. What it holds at first is left from earlier use.</summary>
    public byte* Pointer => (byte*)_pointer;

    /// <summary>How many bytes it has: at least what was asked for.</summary>
    public long SizeBytes { get; }

    /// <summary>Bytes rented and not freed, for tests that look for leaks.</summary>
    internal static long OutstandingBytes => Volatile.Read(ref s_outstandingBytes);

    /// <summary>A block of at least <paramref name="sizeBytes"/>, which the caller disposes.</summary>
    /// <param name="sizeBytes">Not negative.</param>
    /// <param name="budget">Charged until the block is disposed; null for none.</param>
    /// <exception cref="LeptonDataException"><c>schemas.memory_exhausted</c></exception>
    public static NativeBlock Rent(long sizeBytes, MemoryBudget? budget)
    {
        long size = ClassSize(sizeBytes);
        budget?.Take(size);
        try
        {
            byte* pointer = (byte*)Pop(size);
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

    /// <summary>Gives the memory back; a second call does nothing.</summary>
    public void Dispose()
    {
        Release(pooled: true);
        GC.SuppressFinalize(this);
    }

    // At most an eighth is given away, and few sizes are in use at once, so that freed blocks fit again.
    private static long ClassSize(long sizeBytes)
    {
        if (sizeBytes <= 1L << SmallestShift) return 1L << SmallestShift;
        long step = 1L << (System.Numerics.BitOperations.Log2((ulong)sizeBytes - 1) - 3);
        return (sizeBytes + step - 1) / step * step;
    }

    /// <summary>The free blocks of a class's size, or null for sizes that are not pooled.</summary>
    private static Stack<nint>? Free(long classSize)
    {
        int shift = System.Numerics.BitOperations.Log2((ulong)classSize);
        return shift < LargestShift ? s_free[(shift * 8) + (int)((classSize >> (shift - 3)) & 7)] : null;
    }

    private static nint Pop(long size)
    {
        if (Free(size) is not { } free) return 0;
        lock (free)
        {
            if (free.Count == 0) return 0;
            Interlocked.Add(ref s_pooledBytes, -size);
            return free.Pop();
        }
    }

    private void Release(bool pooled)
    {
        byte* pointer = (byte*)Interlocked.Exchange(ref _pointer, 0);
        if (pointer is null) return;
        Interlocked.Add(ref s_outstandingBytes, -SizeBytes);
        _budget?.Give(SizeBytes);
        if (pooled && Free(SizeBytes) is { } free)
        {
            if (Interlocked.Add(ref s_pooledBytes, SizeBytes) <= PooledBytesMax)
            {
                lock (free) free.Push((nint)pointer);
                return;
            }
            Interlocked.Add(ref s_pooledBytes, -SizeBytes);
        }
        NativeMemory.AlignedFree(pointer);
    }
}

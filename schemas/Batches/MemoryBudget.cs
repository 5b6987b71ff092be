namespace Lepton.Data.Schemas.Batches;

/// <summary>How much memory one piece of work may hold, and how much it holds. Safe for use by several threads.</summary>
public sealed class MemoryBudget
{
    private long _usedBytes;

    /// <summary>A budget of <paramref name="limitBytes"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not positive.</exception>
    public MemoryBudget(long limitBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limitBytes);
        LimitBytes = limitBytes;
    }

    /// <summary>The most that may be held at once, in bytes.</summary>
    public long LimitBytes { get; }

    /// <summary>What is held now, in bytes.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Takes <paramref name="bytes"/> out of the budget.</summary>
    /// <exception cref="LeptonDataException"><c>schemas.memory_exhausted</c>: nothing was taken.</exception>
    public void Take(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (Interlocked.Add(ref _usedBytes, bytes) <= LimitBytes) return;
        Interlocked.Add(ref _usedBytes, -bytes);
        throw new LeptonDataException("schemas.memory_exhausted", [bytes, LimitBytes]);
    }

    /// <summary>Gives <paramref name="bytes"/> back.</summary>
    public void Give(long bytes) => Interlocked.Add(ref _usedBytes, -bytes);
}

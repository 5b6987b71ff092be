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
        long used;
        do
        {
            used = Volatile.Read(ref _usedBytes);
            if (bytes > LimitBytes - used) throw new LeptonDataException("schemas.memory_exhausted", [bytes, LimitBytes]);
        }
        while (Interlocked.CompareExchange(ref _usedBytes, used + bytes, used) != used);
    }

    /// <summary>Gives back <paramref name="bytes"/> that were taken.</summary>
    public void Give(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        long left = Interlocked.Add(ref _usedBytes, -bytes);
        System.Diagnostics.Debug.Assert(left >= 0, "more was given back than taken");
    }
}

using System.Numerics;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>How old values were, in sixteen steps for each doubling: a quantile is told to within a sixteenth.</summary>
internal sealed class AgeHistogram
{
    private const int StepShift = 4;
    private const int Steps = 1 << StepShift;

    private readonly long[] _counts = new long[Steps * (64 - StepShift + 1)];

    /// <summary>How many values.</summary>
    internal long Count { get; private set; }

    /// <summary>Counts one value.</summary>
    /// <param name="age">In microseconds; not negative.</param>
    internal void Add(ulong age)
    {
        Count++;
        _counts[IndexOf(age)]++;
    }

    /// <summary>The steps that are not empty, for notes.</summary>
    internal IEnumerable<KeyValuePair<int, long>> Counts => _counts.Select((count, step) => KeyValuePair.Create(step, count)).Where(step => step.Value > 0);

    /// <summary>Counts values of a step that was noted.</summary>
    internal void Add(int step, long count)
    {
        Count += count;
        _counts[step] += count;
    }

    internal void Add(AgeHistogram other)
    {
        Count += other.Count;
        for (int i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
    }

    /// <summary>The age that a share of the values do not exceed, in microseconds, rounded down by at most a sixteenth; null where there are none.</summary>
    /// <param name="share">From 0 to 1.</param>
    internal ulong? Quantile(double share)
    {
        if (Count == 0) return null;
        long rank = Math.Clamp((long)Math.Ceiling(share * Count), 1, Count);
        for (int i = 0; ; i++)
        {
            rank -= _counts[i];
            if (rank <= 0) return LeastOf(i);
        }
    }

    private static int IndexOf(ulong age)
    {
        if (age < Steps) return (int)age;
        int shift = BitOperations.Log2(age) - StepShift;
        return ((shift + 1) << StepShift) + (int)((age >> shift) & (Steps - 1));
    }

    private static ulong LeastOf(int index) => index < Steps ? (ulong)index : (ulong)(Steps + (index & (Steps - 1))) << ((index >> StepShift) - 1);
}

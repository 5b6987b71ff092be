using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Labels of a range of rows, those of one key side by side in order of time. A label's position there is its slot; labels with a NULL in their key have none.</summary>
internal sealed unsafe class LabelSlots : IDisposable
{
    private const int VectorRows = 16;

    private readonly NativeArray<int> _starts;
    private readonly NativeArray<long> _times;
    private readonly NativeArray<int> _rows;

    /// <param name="keys">The labels' keys, all of them added; owned.</param>
    /// <param name="numbers">Each row's key.</param>
    /// <param name="times">Each row's time.</param>
    /// <param name="budget">Charged.</param>
    internal LabelSlots(KeyTable keys, ReadOnlySpan<int> numbers, ReadOnlySpan<long> times, MemoryBudget budget)
    {
        Keys = keys;
        var starts = new NativeArray<int>(keys.Count + 2, budget);
        try
        {
            starts.Span.Clear();
            foreach (int number in numbers)
                if (number >= 0) starts[number + 2]++;
            for (int key = 2; key < starts.Length; key++) starts[key] += starts[key - 1];
            Count = starts[starts.Length - 1];
            // Vectors may read behind the last.
            _times = new NativeArray<long>(checked(Count + VectorRows), budget);
            _rows = new NativeArray<int>(Count, budget);
        }
        catch
        {
            starts.Dispose();
            _times?.Dispose();
            throw;
        }
        _starts = starts;
        // starts[key + 1] moves from where the key's labels begin to where they end, which is where the next ones begin.
        for (int row = 0; row < numbers.Length; row++)
        {
            if (numbers[row] < 0) continue;
            int slot = starts[numbers[row] + 1]++;
            (_times[slot], _rows[slot]) = (times[row], row);
        }
        for (int key = 0; key < keys.Count; key++)
        {
            int count = starts[key + 1] - starts[key];
            if (count > 1) _times.Span.Slice(starts[key], count).Sort(_rows.Span.Slice(starts[key], count));
        }
    }

    internal KeyTable Keys { get; }

    /// <summary>How many slots.</summary>
    internal int Count { get; }

    /// <summary>The first slot of each key; one more than there are keys.</summary>
    internal int* Starts => _starts.Pointer;

    /// <summary>The time of each slot's label.</summary>
    internal long* Times => _times.Pointer;

    /// <summary>The row of each slot's label, counted from the range's first.</summary>
    internal int* Rows => _rows.Pointer;

    /// <summary>Where the slots of a key end.</summary>
    internal int EndOf(int key) => Starts[key + 1];

    /// <summary>The row of a slot's label, counted from the range's first.</summary>
    internal int RowOf(int slot) => Rows[slot];

    /// <summary>How old a row is at the time of a label that sees it, in microseconds.</summary>
    internal ulong AgeOf(int slot, in WinnerSlots.Slot winner) => unchecked((ulong)Times[slot] - (ulong)winner.EventTime);

    /// <summary>The first slot of a key whose label's time is <paramref name="from"/> or later; the end of its slots where there is none.</summary>
    internal int Find(int key, long from) => Find(Times, Starts[key], Starts[key + 1] - Starts[key], from);

    /// <summary>The first of <paramref name="count"/> ascending times from <paramref name="slot"/> on that is <paramref name="from"/> or later, or the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Find(long* times, int slot, int count, long from)
    {
        // Few labels of a key are the rule. All are compared at once, without a branch that nobody could foretell; those of the next key do not count.
        if (Vector256.IsHardwareAccelerated && count <= VectorRows)
        {
            Vector256<long> limit = Vector256.Create(from);
            uint earlier = Vector256.LessThan(Vector256.Load(times + slot), limit).ExtractMostSignificantBits()
                | (Vector256.LessThan(Vector256.Load(times + slot + 4), limit).ExtractMostSignificantBits() << 4)
                | (Vector256.LessThan(Vector256.Load(times + slot + 8), limit).ExtractMostSignificantBits() << 8)
                | (Vector256.LessThan(Vector256.Load(times + slot + 12), limit).ExtractMostSignificantBits() << 12);
            return slot + BitOperations.PopCount(earlier & ((1U << count) - 1));
        }
        while (count > 1)
        {
            int half = count >> 1;
            bool isEarlier = times[slot + half - 1] < from;
            slot += half & -*(byte*)&isEarlier;
            count -= half;
        }
        return count == 1 && times[slot] < from ? slot + 1 : slot;
    }

    public void Dispose()
    {
        Keys.Dispose();
        _starts.Dispose();
        _times.Dispose();
        _rows.Dispose();
    }
}

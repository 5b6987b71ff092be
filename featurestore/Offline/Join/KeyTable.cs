using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.FeatureStore.Offline.Join;

/// <summary>Numbers key tuples by value and type; a tuple with a NULL has no number, since it equals nothing. Once all are added, looking them up is safe for several threads.</summary>
internal abstract class KeyTable : IDisposable
{
    /// <summary>The number of a tuple that was not added.</summary>
    internal const int Unknown = -1;

    /// <summary>The number of a tuple with a NULL.</summary>
    internal const int Null = -2;

    /// <summary>How many tuples have a number; numbers count from 0.</summary>
    internal abstract int Count { get; }

    /// <summary>A table for keys of these types; integers of any width are of one type.</summary>
    internal static KeyTable Of(IReadOnlyList<DataType> types, MemoryBudget budget)
        => types is [IntegerType or DateType or InstantType or NaiveTimeType or BooleanType] ? new WholeKeyTable(budget) : new TupleKeyTable(types, budget);

    /// <summary>Gives the tuples of a batch their numbers, new ones where they have none yet.</summary>
    internal abstract void Add(RecordBatch batch, ReadOnlySpan<int> columns, Span<int> numbers, KeyScratch scratch);

    /// <summary>To be called when all were added.</summary>
    internal virtual void Seal() { }

    /// <summary>Finds the numbers of a batch's tuples.</summary>
    internal abstract void Find(RecordBatch batch, ReadOnlySpan<int> columns, Span<int> numbers, KeyScratch scratch);

    public abstract void Dispose();

    /// <summary>The values of a column as numbers of 64 bits; anything where they are NULL.</summary>
    private protected static ReadOnlySpan<long> Whole(ColumnView column, KeyScratch scratch)
    {
        switch (column.Type)
        {
            case IntegerType { BitWidth: 64 } or InstantType or NaiveTimeType: return column.Values<long>();
            case IntegerType { BitWidth: 32 } or DateType: return Widen(column.Values<int>(), scratch);
            case IntegerType { BitWidth: 16 }: return Widen(column.Values<short>(), scratch);
            case IntegerType: return Widen(column.Values<sbyte>(), scratch);
            case FloatType { BitWidth: 64 }: return Canonical(column.Values<double>(), scratch);
            case FloatType: return Canonical(column.Values<float>(), scratch);
            default:
                Span<long> truths = scratch.Longs(column.Count);
                for (int i = 0; i < truths.Length; i++) truths[i] = column.Boolean(i) ? 1 : 0;
                return truths;
        }
    }

    private static Span<long> Widen<T>(ReadOnlySpan<T> values, KeyScratch scratch)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        Span<long> wide = scratch.Longs(values.Length);
        for (int i = 0; i < wide.Length; i++) wide[i] = long.CreateTruncating(values[i]);
        return wide;
    }

    // As SQL compares: one NaN, one zero.
    private static Span<long> Canonical<T>(ReadOnlySpan<T> values, KeyScratch scratch)
        where T : unmanaged, System.Numerics.IFloatingPoint<T>
    {
        Span<long> bits = scratch.Longs(values.Length);
        for (int i = 0; i < bits.Length; i++)
        {
            double value = double.CreateTruncating(values[i]);
            bits[i] = BitConverter.DoubleToInt64Bits(double.IsNaN(value) ? double.NaN : value == 0 ? 0 : value);
        }
        return bits;
    }
}

/// <summary>Room for one thread that looks keys up.</summary>
internal sealed class KeyScratch
{
    private long[] _longs = [];
    private byte[] _bytes = [];

    /// <summary>Where the tuples of a batch end, with a 0 before the first.</summary>
    internal int[] Offsets { get; private set; } = [];

    /// <summary>Where the next value of each tuple goes.</summary>
    internal int[] Cursors { get; private set; } = [];

    internal Span<long> Longs(int count)
    {
        if (_longs.Length < count) _longs = new long[count];
        return _longs.AsSpan(0, count);
    }

    internal byte[] Bytes(int count)
    {
        if (_bytes.Length < count) _bytes = new byte[Math.Max(count, 2 * _bytes.Length)];
        return _bytes;
    }

    internal void Reserve(int rows)
    {
        if (Offsets.Length > rows) return;
        (Offsets, Cursors) = (new int[rows + 1], new int[rows + 1]);
    }
}

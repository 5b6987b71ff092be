using System.Runtime.CompilerServices;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>Hashes the rows of batches, column by column over a run of rows, without an allocation for any row. Not safe for use by several threads.</summary>
public sealed class RowHasher
{
    /// <summary>Rows hashed together: their states and one column's words stay in the first cache.</summary>
    public const int RunRowsMax = 1024;

    private readonly HashedColumn[] _columns;
    private readonly ulong[] _low = new ulong[RunRowsMax];
    private readonly ulong[] _high = new ulong[RunRowsMax];
    private readonly ulong[] _words = new ulong[RunRowsMax];
    private Schema? _mapped;

    /// <param name="schema">The columns that count; batches may have others too.</param>
    /// <param name="skipInexact">Whether columns that are inexact (see <see cref="FieldMetadata.InexactKey"/>) are left out.</param>
    public RowHasher(Schema schema, bool skipInexact)
        => _columns = [.. schema.Fields.Where(field => !skipInexact || !HashedColumn.IsInexact(field)).Select(field => new HashedColumn(field))];

    /// <summary>Hashes of the rows <c>[start, start + count)</c>, as two halves; valid until the next call. Rows are equal where their hashes are, but for a chance of 2^-128; one NaN, one zero.</summary>
    /// <param name="batch">Has the columns, by name.</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">How many, at most <see cref="RunRowsMax"/>.</param>
    /// <param name="low">The lower halves.</param>
    /// <param name="high">The higher halves.</param>
    public void Hash(RecordBatch batch, int start, int count, out ReadOnlySpan<ulong> low, out ReadOnlySpan<ulong> high)
    {
        if (!ReferenceEquals(batch.Schema, _mapped))
        {
            HashedColumn.Map(_columns, batch.Schema.Fields);
            _mapped = batch.Schema;
        }
        Span<ulong> lowSums = _low.AsSpan(0, count);
        Span<ulong> highSums = _high.AsSpan(0, count);
        lowSums.Clear();
        highSums.Clear();
        for (int i = 0; i < _columns.Length; i++) Add(_columns[i], batch.Column(_columns[i].Index), start, lowSums, highSums);
        Finish(lowSums, highSums);
        low = lowSums;
        high = highSums;
    }

    // One mixing of the sums makes the row's hash depend on all its values together; without it, swapping two values between rows would change nothing.
    private static void Finish(Span<ulong> low, Span<ulong> high)
    {
        high = high[..low.Length];
        for (int row = 0; row < low.Length; row++)
        {
            ulong mixed = HashState.Mix(high[row] ^ HashState.RowHigh);
            high[row] = mixed;
            low[row] = HashState.Mix(low[row] ^ HashState.RowLow ^ mixed);
        }
    }

    private void Add(HashedColumn column, ColumnView values, int start, Span<ulong> low, Span<ulong> high)
    {
        Span<ulong> words = _words.AsSpan(0, low.Length);
        switch (values.Type)
        {
            case NullType: return;
            case DecimalType:
                AddDecimals(column, values, start, low, high);
                return;
            case StringType or BinaryType:
                AddBytes(column, values, start, low, high);
                return;
            case StructType or ListType or FixedSizeListType or MapType:
                AddNested(column, values, start, low, high);
                return;
            case BooleanType:
                for (int i = 0; i < words.Length; i++) words[i] = values.Boolean(start + i) ? 1UL : 0;
                break;
            case IntegerType { BitWidth: 8 }: Widen(values.Values<sbyte>().Slice(start, words.Length), words); break;
            case IntegerType { BitWidth: 16 }: Widen(values.Values<short>().Slice(start, words.Length), words); break;
            case IntegerType { BitWidth: 32 } or DateType: Widen(values.Values<int>().Slice(start, words.Length), words); break;
            case FloatType { BitWidth: 32 }: Canonical(values.Values<float>().Slice(start, words.Length), words); break;
            case FloatType: Canonical(values.Values<double>().Slice(start, words.Length), words); break;
            default: values.Values<ulong>().Slice(start, words.Length).CopyTo(words); break;
        }
        AddWords(column, values, start, words, low, high);
    }

    private static void AddWords(HashedColumn column, ColumnView values, int start, ReadOnlySpan<ulong> words, Span<ulong> low, Span<ulong> high)
    {
        ulong keyLow = column.Key.Low;
        ulong keyHigh = column.Key.High;
        low = low[..words.Length];
        high = high[..words.Length];
        for (int run = 0; run < words.Length; run += 64)
        {
            int end = Math.Min(run + 64, words.Length);
            ulong present = values.PresentBits(start + run);
            if (System.Numerics.BitOperations.PopCount(present) >= end - run)
            {
                for (int i = run; i < end; i++)
                {
                    low[i] += HashState.Mix(words[i] ^ keyLow);
                    high[i] += HashState.Mix(words[i] ^ keyHigh);
                }
                continue;
            }
            for (int i = run; i < end; i++, present >>= 1)
            {
                // A mask instead of a branch: which values are NULL cannot be foretold.
                ulong mask = 0 - (present & 1);
                low[i] += HashState.Mix(words[i] ^ keyLow) & mask;
                high[i] += HashState.Mix(words[i] ^ keyHigh) & mask;
            }
        }
    }

    private static void AddDecimals(HashedColumn column, ColumnView values, int start, Span<ulong> low, Span<ulong> high)
    {
        ReadOnlySpan<Int128> unscaled = values.Values<Int128>().Slice(start, low.Length);
        for (int i = 0; i < unscaled.Length; i++)
        {
            if (values.IsNull(start + i)) continue;
            HashState cell = column.Key;
            cell.Absorb(unscaled[i]);
            low[i] += cell.Low;
            high[i] += cell.High;
        }
    }

    private static void AddBytes(HashedColumn column, ColumnView values, int start, Span<ulong> low, Span<ulong> high)
    {
        ReadOnlySpan<int> offsets = values.Offsets.Slice(start, low.Length + 1);
        ReadOnlySpan<byte> data = values.Data;
        bool mayHaveNulls = values.MayHaveNulls;
        for (int i = 0; i < low.Length; i++)
        {
            if (mayHaveNulls && values.IsNull(start + i)) continue;
            HashState cell = column.Key;
            cell.Absorb(data[offsets[i]..offsets[i + 1]]);
            low[i] += cell.Low;
            high[i] += cell.High;
        }
    }

    private static void AddNested(HashedColumn column, ColumnView values, int start, Span<ulong> low, Span<ulong> high)
    {
        for (int i = 0; i < low.Length; i++)
        {
            if (values.IsNull(start + i)) continue;
            HashState cell = column.Key;
            NestedHash.Absorb(ref cell, column, values, start + i);
            low[i] += cell.Low;
            high[i] += cell.High;
        }
    }

    private static void Widen<T>(ReadOnlySpan<T> values, Span<ulong> words)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        for (int i = 0; i < words.Length; i++) words[i] = (ulong)long.CreateTruncating(values[i]);
    }

    private static void Canonical<T>(ReadOnlySpan<T> values, Span<ulong> words)
        where T : unmanaged, System.Numerics.IFloatingPoint<T>
    {
        for (int i = 0; i < words.Length; i++) words[i] = HashState.Canonical(double.CreateTruncating(values[i]));
    }
}

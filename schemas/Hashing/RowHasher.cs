using System.Runtime.CompilerServices;
using System.Text;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>Hashes the rows of batches, column by column over a run of rows, without an allocation for any row. Not safe for use by several threads.</summary>
internal sealed class RowHasher
{
    /// <summary>Rows hashed together: their states and one column's words stay in the first cache.</summary>
    internal const int RunRowsMax = 1024;

    private readonly HashedColumn[] _columns;
    private readonly ulong[] _low = new ulong[RunRowsMax];
    private readonly ulong[] _high = new ulong[RunRowsMax];
    private readonly ulong[] _words = new ulong[RunRowsMax];
    private readonly int[] _indexes;
    private Schema? _mapped;

    internal RowHasher(Schema schema, bool skipInexact)
    {
        _columns = [.. schema.Fields.Where(field => !skipInexact || !HashedColumn.IsInexact(field)).Select(field => new HashedColumn(field))];
        _indexes = new int[_columns.Length];
    }

    /// <summary>Hashes of the rows <c>[start, start + count)</c>, as two halves; valid until the next call.</summary>
    internal void Hash(RecordBatch batch, int start, int count, out ReadOnlySpan<ulong> low, out ReadOnlySpan<ulong> high)
    {
        if (!ReferenceEquals(batch.Schema, _mapped)) Map(batch.Schema);
        Span<ulong> lowSums = _low.AsSpan(0, count);
        Span<ulong> highSums = _high.AsSpan(0, count);
        lowSums.Clear();
        highSums.Clear();
        for (int i = 0; i < _columns.Length; i++) Add(_columns[i], batch.Column(_indexes[i]), start, lowSums, highSums);
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
            cell.Absorb((ulong)unscaled[i]);
            cell.Absorb((ulong)(unscaled[i] >> 64));
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

    private static void Widen<T>(ReadOnlySpan<T> values, Span<ulong> words)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        for (int i = 0; i < words.Length; i++) words[i] = (ulong)long.CreateTruncating(values[i]);
    }

    private static void Canonical<T>(ReadOnlySpan<T> values, Span<ulong> words)
        where T : unmanaged, System.Numerics.IFloatingPoint<T>
    {
        for (int i = 0; i < words.Length; i++)
        {
            // Adding 0.0 makes 0.0 of -0.0 and leaves every other number as it is.
            double value = double.CreateTruncating(values[i]) + 0.0;
            words[i] = double.IsNaN(value) ? 0x7FF8_0000_0000_0000 : BitConverter.DoubleToUInt64Bits(value);
        }
    }

    private void Map(Schema schema)
    {
        for (int i = 0; i < _columns.Length; i++)
        {
            _indexes[i] = schema.IndexOf(_columns[i].Name);
            if (_indexes[i] < 0) throw new ArgumentException($"the batch has no column {_columns[i].Name}", nameof(schema));
            if (HashedColumn.Tag(schema[_indexes[i]].Type) != _columns[i].TypeTag) throw new ArgumentException($"the batch has {schema[_indexes[i]]} where {_columns[i].Type} is hashed", nameof(schema));
        }
        _mapped = schema;
    }
}

/// <summary>A column's part in a row's hash.</summary>
internal sealed class HashedColumn
{
    internal HashedColumn(Field field)
    {
        (Name, Type, TypeTag) = (field.Name, field.Type, Tag(field.Type));
        HashState key = HashState.Start;
        key.Absorb(TypeTag);
        key.Absorb(Encoding.UTF8.GetBytes(field.Name));
        Key = key;
    }

    internal string Name { get; }

    internal DataType Type { get; }

    internal ulong TypeTag { get; }

    internal HashState Key { get; }

    internal static bool IsInexact(Field field) => field.Metadata[FieldMetadata.InexactKey] == "true";

    /// <summary>What kind of value; for decimals with the scale, since 10 means 1.0 under one scale and 0.1 under another.</summary>
    internal static ulong Tag(DataType type) => type switch
    {
        NullType => 0,
        BooleanType => 1,
        IntegerType => 2,
        FloatType => 3,
        DecimalType { Scale: var scale } => 4 + ((ulong)scale << 8),
        StringType => 5,
        BinaryType => 6,
        DateType => 7,
        InstantType => 8,
        NaiveTimeType => 9,
        _ => throw new LeptonDataException("schemas.nested_batch", [type]),
    };
}

using System.Runtime.CompilerServices;
using System.Text;

namespace Lepton.Data.Schemas.Batches;

/// <summary>One column of a <see cref="RecordBatch"/>, or one within it, for reading. Row numbers count from 0 in the batch (a slice starts at its own 0).</summary>
/// <remarks>What stands under a NULL is zero in batches of <see cref="RecordBatchBuilder"/>, and anything in those over other memory (<see cref="RecordBatch.Over"/>).</remarks>
public readonly unsafe ref struct ColumnView
{
    private readonly ColumnBuffers _buffers;
    private readonly int _start;

    internal ColumnView(DataType type, in ColumnBuffers buffers, int start, int count)
    {
        (Type, _start, Count) = (type, buffers.Offset + start, count);
        _buffers = buffers;
    }

    /// <summary>What the values are.</summary>
    public DataType Type { get; }

    /// <summary>How many rows.</summary>
    public int Count { get; }

    /// <summary>False promises that no value of the column is NULL.</summary>
    public bool MayHaveNulls => Type.Id == TypeId.Null || _buffers.Validity is not null;

    /// <summary>Whether the value of <paramref name="row"/> is NULL.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsNull(int row)
    {
        if ((uint)row >= (uint)Count) ThrowRow(row);
        if (_buffers.Validity is null) return Type.Id == TypeId.Null;
        int bit = _start + row;
        return (_buffers.Validity[bit >> 3] & (1 << (bit & 7))) == 0;
    }

    /// <summary>Whether the values of <paramref name="row"/> and the following 63 are present: bit i says it of row + i; bits behind the last row are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong PresentBits(int row)
    {
        if ((uint)row >= (uint)Count) ThrowRow(row);
        int rest = Count - row;
        ulong mask = rest >= 64 ? ulong.MaxValue : (1UL << rest) - 1;
        if (_buffers.Validity is null) return Type.Id == TypeId.Null ? 0 : mask;
        int bit = _start + row;
        byte* at = _buffers.Validity + (bit >> 3);
        int shift = bit & 7;
        // A word that lies inside the bitmap is read at once; near the end, only bytes that exist are read.
        if (rest >= 64 + 8) return (Unsafe.ReadUnaligned<ulong>(at) >> shift) | ((ulong)at[8] << 1 << (63 - shift));
        ulong bits = 0;
        int byteCount = (shift + Math.Min(rest, 64) + 7) / 8;
        for (int i = 0; i < byteCount; i++) bits |= i == 0 ? (ulong)at[0] >> shift : (ulong)at[i] << ((8 * i) - shift);
        return bits & mask;
    }

    /// <summary>How many values are NULL; counted at each call.</summary>
    public int CountNulls()
    {
        int present = 0;
        for (int row = 0; row < Count; row += 64) present += System.Numerics.BitOperations.PopCount(PresentBits(row));
        return Count - present;
    }

    /// <summary>
    /// All values of a fixed width, side by side: sbyte, short, int, long, float, double by type; <see cref="Int128"/> for decimals (unscaled),
    /// int (days) for dates, long (microseconds) for times.
    /// </summary>
    /// <exception cref="InvalidOperationException"><typeparamref name="T"/> is not as wide as the column's values.</exception>
    public ReadOnlySpan<T> Values<T>()
        where T : unmanaged
    {
        if (TypeWidths.Of(Type) != sizeof(T)) throw new InvalidOperationException($"a column of {Type} has no values of {sizeof(T)} bytes");
        return new ReadOnlySpan<T>((T*)_buffers.Values + _start, Count);
    }

    /// <summary>The value of a boolean column.</summary>
    public bool Boolean(int row)
    {
        if (Type.Id != TypeId.Boolean) throw new InvalidOperationException($"a column of {Type} has no booleans");
        if ((uint)row >= (uint)Count) ThrowRow(row);
        int bit = _start + row;
        return (_buffers.Values[bit >> 3] & (1 << (bit & 7))) != 0;
    }

    /// <summary>The bytes of a text (UTF-8) or binary value.</summary>
    public ReadOnlySpan<byte> Bytes(int row)
    {
        if (Type.Id is not (TypeId.String or TypeId.Binary)) throw new InvalidOperationException($"a column of {Type} has no bytes");
        if ((uint)row >= (uint)Count) ThrowRow(row);
        int* offsets = (int*)_buffers.Values + _start + row;
        return new ReadOnlySpan<byte>(_buffers.Data + offsets[0], offsets[1] - offsets[0]);
    }

    /// <summary>
    /// The offsets of text or bytes into <see cref="Data"/>, of lists and maps into <see cref="Child"/>: <see cref="Count"/> + 1 of them, ascending; the first is not 0 in a slice.
    /// </summary>
    public ReadOnlySpan<int> Offsets
    {
        get
        {
            if (Type.Id is not (TypeId.String or TypeId.Binary or TypeId.List or TypeId.Map)) throw new InvalidOperationException($"a column of {Type} has no offsets");
            return new ReadOnlySpan<int>((int*)_buffers.Values + _start, Count + 1);
        }
    }

    /// <summary>What <see cref="Offsets"/> of text and bytes point into.</summary>
    public ReadOnlySpan<byte> Data => new(_buffers.Data, Offsets[^1]);

    /// <summary>
    /// The column within, one for each of <see cref="DataType.Children"/>. A struct's has a value for each row. A fixed-size list's has <c>Length</c> values for each row, row
    /// after row. A list's element, and a map's key and value, are counted by <see cref="Offsets"/>: row i has those in <c>[Offsets[i], Offsets[i + 1])</c>.
    /// Under a NULL of the outer column there may be values; they mean nothing.
    /// </summary>
    public ColumnView Child(int index)
    {
        DataType type = Type.Children[index].Type;
        ref readonly ColumnBuffers child = ref _buffers.Children![index];
        return Type switch
        {
            StructType => new ColumnView(type, in child, _start, Count),
            FixedSizeListType { Length: var length } => new ColumnView(type, in child, _start * length, Count * length),
            _ => new ColumnView(type, in child, 0, Offsets[^1]),
        };
    }

    /// <summary>Where the buffers lie, with <see cref="ColumnBuffers.Offset"/> set to this view's first row; valid as long as the batch.</summary>
    public ColumnBuffers Buffers
    {
        get
        {
            ColumnBuffers buffers = _buffers;
            buffers.Offset = _start;
            return buffers;
        }
    }

    /// <summary>
    /// The value as an object, for edges made for people: null, bool, sbyte to long, float, double, <see cref="Int128"/> (unscaled decimal), string, byte[],
    /// <see cref="DateOnly"/> or int days outside its range, <see cref="EventTime"/> for both kinds of time; object?[] for a struct (by field) and both kinds of list,
    /// <c>KeyValuePair&lt;object, object?&gt;[]</c> for a map, in the entries' order.
    /// </summary>
    public object? Value(int row)
    {
        if (IsNull(row)) return null;
        return Type switch
        {
            BooleanType => Boolean(row),
            IntegerType { BitWidth: 8 } => Values<sbyte>()[row],
            IntegerType { BitWidth: 16 } => Values<short>()[row],
            IntegerType { BitWidth: 32 } => Values<int>()[row],
            IntegerType => Values<long>()[row],
            FloatType { BitWidth: 32 } => Values<float>()[row],
            FloatType => Values<double>()[row],
            DecimalType => Values<Int128>()[row],
            StringType => Encoding.UTF8.GetString(Bytes(row)),
            BinaryType => Bytes(row).ToArray(),
            DateType => DateOf(Values<int>()[row]),
            InstantType or NaiveTimeType => new EventTime(Values<long>()[row]),
            StructType { Fields.Count: var count } => StructValue(row, count),
            FixedSizeListType { Length: var length } => Child(0).ValuesOf(row * length, (row + 1) * length),
            ListType => Child(0).ValuesOf(Offsets[row], Offsets[row + 1]),
            MapType => MapValue(Offsets[row], Offsets[row + 1]),
            _ => throw new InvalidOperationException($"a batch holds no {Type}"),
        };
    }

    private object?[] StructValue(int row, int fieldCount)
    {
        var values = new object?[fieldCount];
        for (int i = 0; i < values.Length; i++) values[i] = Child(i).Value(row);
        return values;
    }

    private object?[] ValuesOf(int start, int end)
    {
        var values = new object?[end - start];
        for (int i = 0; i < values.Length; i++) values[i] = Value(start + i);
        return values;
    }

    private KeyValuePair<object, object?>[] MapValue(int start, int end)
    {
        ColumnView keys = Child(0);
        ColumnView values = Child(1);
        var entries = new KeyValuePair<object, object?>[end - start];
        for (int i = 0; i < entries.Length; i++) entries[i] = new(keys.Value(start + i)!, values.Value(start + i));
        return entries;
    }

    private static object DateOf(int days)
    {
        long dayNumber = days + (long)new DateOnly(1970, 1, 1).DayNumber;
        return dayNumber >= 0 && dayNumber <= DateOnly.MaxValue.DayNumber ? DateOnly.FromDayNumber((int)dayNumber) : days;
    }

    private void ThrowRow(int row) => throw new ArgumentOutOfRangeException(nameof(row), row, $"the batch has {Count} rows");
}

/// <summary>How wide the values of flat types are in a batch.</summary>
public static class TypeWidths
{
    /// <summary>Bytes of one value: 1 to 16; 0 for types without a fixed width in whole bytes (booleans are bits; text and bytes have offsets; NULL has nothing).</summary>
    public static int Of(DataType type) => type switch
    {
        IntegerType { BitWidth: var bits } => bits / 8,
        FloatType { BitWidth: var bits } => bits / 8,
        DecimalType => 16,
        DateType => 4,
        InstantType or NaiveTimeType => 8,
        _ => 0,
    };
}

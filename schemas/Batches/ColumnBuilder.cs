using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Lepton.Data.Schemas.Batches;

/// <summary>Fills one column of a batch to be. Not safe for use by several threads.</summary>
/// <remarks>What stands under a NULL is zeroed, so that equal rows are equal bytes.</remarks>
public sealed unsafe partial class ColumnBuilder
{
    private readonly MemoryBudget? _budget;
    private readonly int _width;
    private readonly bool _hasOffsets;
    private readonly bool _hasData;
    private readonly ColumnBuilder[] _children = [];
    private NativeBlock? _validity;
    private NativeBlock? _values;
    private NativeBlock? _data;
    private readonly int _rowCapacity;
    private int _dataBytes;

    internal ColumnBuilder(DataType type, int rowCapacity, MemoryBudget? budget)
    {
        (Type, _rowCapacity, _budget, _width) = (type, rowCapacity, budget, TypeWidths.Of(type));
        _hasData = type.Id is TypeId.String or TypeId.Binary;
        _hasOffsets = _hasData || type.Id is TypeId.List or TypeId.Map;
        if (type.Children.Count > 0) _children = [.. type.Children.Select(field => new ColumnBuilder(field.Type, ChildRowCapacity(), budget))];
    }

    /// <summary>What the values are.</summary>
    public DataType Type { get; }

    /// <summary>Rows appended so far.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes appended so far whose number the count of rows does not bound: of text and binary values, and of what is within lists and maps.</summary>
    public long DataSizeBytes
    {
        get
        {
            long size = _dataBytes;
            foreach (ColumnBuilder child in _children) size += child.DataSizeBytes + (_hasOffsets ? (long)child.Count * Math.Max(child._width, 1) : 0);
            return size;
        }
    }

    /// <summary>One NULL.</summary>
    public void AppendNull()
    {
        if (Type.Id == TypeId.Null)
        {
            CheckRows(1);
            Count++;
            return;
        }
        Reserve(1);
        EnsureValidity();
        ClearBit(_validity!.Pointer, Count);
        if (_hasOffsets)
        {
            CheckNothingPending();
            AppendOffset(Count);
        }
        else if (Type.Id is TypeId.Struct or TypeId.FixedSizeList) AppendNullsWithin();
        else if (_width > 0) new Span<byte>(_values!.Pointer + ((long)Count * _width), _width).Clear();
        else ClearBit(_values!.Pointer, Count);
        Count++;
    }

    /// <summary>Many NULLs; at once where the column is of nothing else.</summary>
    /// <param name="count">How many; 0 or more.</param>
    public void AppendNulls(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (Type.Id == TypeId.Null)
        {
            CheckRows(count);
            Count += count;
            return;
        }
        for (int i = 0; i < count; i++) AppendNull();
    }

    /// <summary>One value of a fixed width; see <see cref="ColumnView.Values{T}"/> for the types.</summary>
    public void Append<T>(T value)
        where T : unmanaged
    {
        CheckWidth<T>();
        Reserve(1);
        if (_validity is not null) SetBit(_validity.Pointer, Count);
        ((T*)_values!.Pointer)[Count++] = value;
    }

    /// <summary>One boolean.</summary>
    public void AppendBoolean(bool value)
    {
        if (Type.Id != TypeId.Boolean) throw new InvalidOperationException($"a column of {Type} takes no booleans");
        Reserve(1);
        if (_validity is not null) SetBit(_validity.Pointer, Count);
        if (value) SetBit(_values!.Pointer, Count);
        else ClearBit(_values!.Pointer, Count);
        Count++;
    }

    /// <summary>One text (UTF-8, not checked) or binary value.</summary>
    /// <exception cref="LeptonDataException"><c>schemas.batch_too_large</c>: a column of a batch holds at most 2^31 - 1 bytes of text.</exception>
    public void AppendBytes(ReadOnlySpan<byte> value)
    {
        if (!_hasData) throw new InvalidOperationException($"a column of {Type} takes no bytes");
        Reserve(1);
        ReserveData(value.Length);
        if (_validity is not null) SetBit(_validity.Pointer, Count);
        value.CopyTo(new Span<byte>(_data!.Pointer + _dataBytes, value.Length));
        _dataBytes += value.Length;
        ((int*)_values!.Pointer)[++Count] = _dataBytes;
    }

    /// <summary>Makes room for many texts or binary values; they are written by the writer, and counted by <see cref="CompleteBytes"/>.</summary>
    /// <param name="count">How many values.</param>
    /// <param name="sizeBytes">How many bytes they have together, or more.</param>
    /// <param name="validity">See <see cref="AppendRange{T}"/>.</param>
    /// <inheritdoc cref="AppendBytes(ReadOnlySpan{byte})" path="/exception"/>
    public BytesWriter AppendBytes(int count, long sizeBytes, ReadOnlySpan<ulong> validity)
    {
        if (!_hasData) throw new InvalidOperationException($"a column of {Type} takes no bytes");
        Reserve(count);
        ReserveData(sizeBytes + BytesWriter.SlackBytes);
        AppendValidity(count, validity);
        return new BytesWriter((int*)_values!.Pointer + Count + 1, count, _data!.Pointer, _dataBytes, (int)sizeBytes);
    }

    /// <summary>Counts the values of a writer, all of which were written; nothing else was appended meanwhile.</summary>
    public void CompleteBytes(BytesWriter writer)
    {
        _dataBytes = writer.End;
        Count += writer.Count;
    }

    /// <summary>One text; what is no Unicode in it (half a surrogate pair) becomes U+FFFD.</summary>
    /// <inheritdoc cref="AppendBytes(ReadOnlySpan{byte})" path="/exception"/>
    public void AppendString(string value)
    {
        if (Type.Id != TypeId.String) throw new InvalidOperationException($"a column of {Type} takes no text");
        int size = Encoding.UTF8.GetByteCount(value);
        Reserve(1);
        ReserveData(size);
        if (_validity is not null) SetBit(_validity.Pointer, Count);
        _dataBytes += Encoding.UTF8.GetBytes(value, new Span<byte>(_data!.Pointer + _dataBytes, size));
        ((int*)_values!.Pointer)[++Count] = _dataBytes;
    }

    /// <summary>Many values of a fixed width at once.</summary>
    /// <param name="values">The values.</param>
    /// <param name="validity">Bit i set means that value i is present; least significant bit first, 64 to a word. Empty: all are present.</param>
    public void AppendRange<T>(ReadOnlySpan<T> values, ReadOnlySpan<ulong> validity = default)
        where T : unmanaged
    {
        CheckWidth<T>();
        Reserve(values.Length);
        values.CopyTo(new Span<T>((T*)_values!.Pointer + Count, values.Length));
        if (AppendValidity(values.Length, validity))
        {
            T* target = (T*)_values.Pointer + Count;
            for (int i = 0; i < values.Length; i++)
                if ((validity[i >> 6] & (1UL << (i & 63))) == 0) target[i] = default;
        }
        Count += values.Length;
    }

    /// <summary>Many booleans, one a byte (0 is false).</summary>
    /// <inheritdoc cref="AppendRange{T}" path="/param"/>
    public void AppendBooleans(ReadOnlySpan<byte> values, ReadOnlySpan<ulong> validity = default)
    {
        if (Type.Id != TypeId.Boolean) throw new InvalidOperationException($"a column of {Type} takes no booleans");
        Reserve(values.Length);
        bool hasNulls = AppendValidity(values.Length, validity);
        for (int i = 0; i < values.Length; i++)
        {
            bool isSet = values[i] != 0 && (!hasNulls || (validity[i >> 6] & (1UL << (i & 63))) != 0);
            if (isSet) SetBit(_values!.Pointer, Count + i);
            else ClearBit(_values!.Pointer, Count + i);
        }
        Count += values.Length;
    }

    /// <summary>One value as an object, as <see cref="ColumnView.Value"/> gives it, for edges and tests; null is NULL.</summary>
    /// <exception cref="InvalidCastException">The value is of another type than the column.</exception>
    public void AppendValue(object? value)
    {
        switch (Type, value)
        {
            case (_, null): AppendNull(); break;
            case (BooleanType, _): AppendBoolean((bool)value); break;
            case (IntegerType { BitWidth: 8 }, _): Append((sbyte)value); break;
            case (IntegerType { BitWidth: 16 }, _): Append((short)value); break;
            case (IntegerType { BitWidth: 32 }, _): Append((int)value); break;
            case (IntegerType, _): Append((long)value); break;
            case (FloatType { BitWidth: 32 }, _): Append((float)value); break;
            case (FloatType, _): Append((double)value); break;
            case (DecimalType, _): Append((Int128)value); break;
            case (StringType, _): AppendString((string)value); break;
            case (BinaryType, _): AppendBytes((byte[])value); break;
            case (DateType, DateOnly date): Append(date.DayNumber - new DateOnly(1970, 1, 1).DayNumber); break;
            case (DateType, _): Append((int)value); break;
            case (InstantType or NaiveTimeType, _): Append(((EventTime)value).MicrosecondsSinceEpoch); break;
            default:
                if (_children.Length == 0) throw new InvalidCastException($"a column of {Type} takes no {value.GetType()}");
                AppendNestedValue(value);
                break;
        }
    }

    /// <summary>Hands the buffers over and starts anew. <see cref="Complete"/> was called before, so that nothing here can fail.</summary>
    internal ColumnBuffers Take(List<IDisposable> blocks)
    {
        ColumnBuffers buffers = default;
        if (_validity is not null)
        {
            buffers.Validity = _validity.Pointer;
            blocks.Add(_validity);
        }
        if (_values is not null)
        {
            buffers.Values = _values.Pointer;
            blocks.Add(_values);
        }
        if (_data is not null)
        {
            buffers.Data = _data.Pointer;
            blocks.Add(_data);
        }
        if (_children.Length > 0)
        {
            buffers.Children = new ColumnBuffers[_children.Length];
            for (int i = 0; i < _children.Length; i++) buffers.Children[i] = _children[i].Take(blocks);
        }
        (_validity, _values, _data, _dataBytes, Count) = (null, null, null, 0, 0);
        return buffers;
    }

    /// <summary>Makes the buffers whole: offsets begin with a 0 also where no row follows, and the columns within have what the rows say.</summary>
    /// <exception cref="InvalidOperationException">A column within holds another number of values.</exception>
    internal void Complete()
    {
        if (_hasOffsets) Reserve(0);
        for (int i = 0; i < _children.Length; i++)
        {
            if (_children[i].Count != ExpectedWithin) throw new InvalidOperationException($"{Count} values of {Type} stand over {_children[i].Count} of {_children[i].Type}, not {ExpectedWithin}");
            _children[i].Complete();
        }
    }

    internal void Free()
    {
        _validity?.Dispose();
        _values?.Dispose();
        _data?.Dispose();
        foreach (ColumnBuilder child in _children) child.Free();
        (_validity, _values, _data, _dataBytes, Count) = (null, null, null, 0, 0);
    }

    private void CheckRows(int rows)
    {
        if ((long)Count + rows > int.MaxValue - 1) throw new LeptonDataException("schemas.batch_too_large", [int.MaxValue - 1]);
    }

    private void Reserve(int rows)
    {
        CheckRows(rows);
        // Memory is taken with the first row, so that a builder that waits for its next batch holds none.
        long needed = Math.Max((long)Count + rows, rows > 0 && _values is null ? _rowCapacity : 0);
        if (_hasOffsets)
        {
            bool isNew = _values is null;
            Grow(ref _values, (needed + 1) * sizeof(int), ((long)Count + 1) * sizeof(int));
            if (isNew) ((int*)_values!.Pointer)[0] = 0;
        }
        else if (_width > 0) Grow(ref _values, needed * _width, (long)Count * _width);
        else if (Type.Id == TypeId.Boolean) Grow(ref _values, (needed + 7) / 8, ((long)Count + 7) / 8);
        if (_validity is not null) Grow(ref _validity, (needed + 7) / 8, ((long)Count + 7) / 8);
    }

    private void ReserveData(long size)
    {
        long needed = _dataBytes + size;
        if (needed > int.MaxValue) throw new LeptonDataException("schemas.batch_too_large", [int.MaxValue]);
        // Rows to come are taken to be as long as those before, so that a long column is not copied from block to ever larger block.
        if (_data is not null && needed > _data.SizeBytes && Count > 0 && Count < _rowCapacity) needed = Math.Min(Math.Max(needed, needed / Count * _rowCapacity), int.MaxValue);
        Grow(ref _data, needed, _dataBytes);
    }

    private void Grow(ref NativeBlock? block, long sizeBytes, long keptBytes)
    {
        if (block is not null && block.SizeBytes >= sizeBytes) return;
        // Twice as much each time, so that what was appended is copied once on average.
        NativeBlock grown = NativeBlock.Rent(block is null ? Math.Max(sizeBytes, 1) : Math.Max(sizeBytes, 2 * block.SizeBytes), _budget);
        if (block is not null)
        {
            Buffer.MemoryCopy(block.Pointer, grown.Pointer, grown.SizeBytes, Math.Min(keptBytes, block.SizeBytes));
            block.Dispose();
        }
        block = grown;
    }

    private void EnsureValidity()
    {
        if (_validity is not null) return;
        Grow(ref _validity, (Math.Max((long)Count + 1, _rowCapacity) + 7) / 8, 0);
        new Span<byte>(_validity!.Pointer, (Count + 7) / 8).Fill(0xFF);
    }

    /// <returns>Whether a NULL is among the appended.</returns>
    private bool AppendValidity(int count, ReadOnlySpan<ulong> validity)
    {
        bool hasNulls = !validity.IsEmpty && CountSet(validity, count) < count;
        if (!hasNulls && _validity is null) return false;
        if (_validity is null)
        {
            EnsureValidity();
            Grow(ref _validity, ((long)Count + count + 7) / 8, ((long)Count + 7) / 8);
        }
        if (!hasNulls)
        {
            SetBits(_validity!.Pointer, Count, count);
            return false;
        }
        if ((Count & 7) == 0)
        {
            fixed (ulong* source = validity)
                Buffer.MemoryCopy(source, _validity!.Pointer + (Count >> 3), _validity.SizeBytes - (Count >> 3), (count + 7) / 8);
            return true;
        }
        for (int i = 0; i < count; i++)
        {
            if ((validity[i >> 6] & (1UL << (i & 63))) != 0) SetBit(_validity!.Pointer, Count + i);
            else ClearBit(_validity!.Pointer, Count + i);
        }
        return true;
    }

    private static int CountSet(ReadOnlySpan<ulong> words, int count)
    {
        int set = 0;
        for (int word = 0; word < count >> 6; word++) set += BitOperations.PopCount(words[word]);
        if ((count & 63) != 0) set += BitOperations.PopCount(words[count >> 6] & ((1UL << (count & 63)) - 1));
        return set;
    }

    private void CheckWidth<T>()
        where T : unmanaged
    {
        if (_width != sizeof(T)) throw new InvalidOperationException($"a column of {Type} takes no values of {sizeof(T)} bytes");
    }

    private static void SetBits(byte* bits, int start, int count)
    {
        int end = start + count;
        while (start < end && (start & 7) != 0) SetBit(bits, start++);
        new Span<byte>(bits + (start >> 3), (end - start) >> 3).Fill(0xFF);
        for (start = Math.Max(start, end & ~7); start < end; start++) SetBit(bits, start);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SetBit(byte* bits, int index) => bits[index >> 3] |= (byte)(1 << (index & 7));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ClearBit(byte* bits, int index) => bits[index >> 3] &= (byte)~(1 << (index & 7));
}

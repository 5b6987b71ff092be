namespace Lepton.Data.Schemas.Batches;

/// <content>Structs, lists and maps: values go to the columns within, and the rows above say how many belong to each.</content>
public sealed unsafe partial class ColumnBuilder
{
    /// <summary>The column within, one for each of <see cref="DataType.Children"/>: a struct's field, a list's elements, a map's keys (0) and values (1).</summary>
    public ColumnBuilder Child(int index) => _children[index];

    /// <summary>How many values each column within must have by now.</summary>
    private long ExpectedWithin => Type switch
    {
        StructType => Count,
        FixedSizeListType { Length: var length } => (long)Count * length,
        _ => _values is null ? 0 : ((int*)_values.Pointer)[Count],
    };

    /// <summary>One value that is present, of what was or will be appended within: one value in each field of a struct, <c>Length</c> in a fixed-size list.</summary>
    public void AppendPresent()
    {
        CheckFixedNesting();
        Reserve(1);
        if (_validity is not null) SetBit(_validity.Pointer, Count);
        Count++;
    }

    /// <summary>Many values of structs or fixed-size lists at once; what is within is appended apart, NULLs under a NULL.</summary>
    /// <param name="count">How many.</param>
    /// <param name="validity">See <see cref="AppendRange{T}"/>.</param>
    public void AppendPresent(int count, ReadOnlySpan<ulong> validity)
    {
        CheckFixedNesting();
        Reserve(count);
        AppendValidity(count, validity);
        Count += count;
    }

    /// <summary>One list or map of all that was appended within since the value before.</summary>
    public void AppendList()
    {
        CheckList();
        Reserve(1);
        if (_validity is not null) SetBit(_validity.Pointer, Count);
        AppendOffset(Count);
        Count++;
    }

    /// <summary>Many lists or maps at once; what is within is appended apart, nothing under a NULL.</summary>
    /// <param name="lengths">How many elements each has; 0 for a NULL.</param>
    /// <param name="validity">See <see cref="AppendRange{T}"/>.</param>
    /// <exception cref="LeptonDataException"><c>schemas.batch_too_large</c>: a column within holds at most 2^31 - 2 values.</exception>
    public void AppendLists(ReadOnlySpan<int> lengths, ReadOnlySpan<ulong> validity = default)
    {
        CheckList();
        Reserve(lengths.Length);
        AppendValidity(lengths.Length, validity);
        int* offsets = (int*)_values!.Pointer + Count;
        long end = offsets[0];
        for (int i = 0; i < lengths.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(lengths[i]);
            end += lengths[i];
            if (end > int.MaxValue - 1) throw new LeptonDataException("schemas.batch_too_large", [int.MaxValue - 1]);
            offsets[i + 1] = (int)end;
        }
        Count += lengths.Length;
    }

    private int ChildRowCapacity() => Type switch
    {
        StructType => _rowCapacity,
        FixedSizeListType { Length: var length } => (int)Math.Min((long)_rowCapacity * length, int.MaxValue / 16),
        _ => 0,
    };

    /// <summary>Says where the value <paramref name="row"/> ends: where data or the columns within end now.</summary>
    private void AppendOffset(int row) => ((int*)_values!.Pointer)[row + 1] = _hasData ? _dataBytes : _children[0].Count;

    private void CheckNothingPending()
    {
        if (!_hasData && ((int*)_values!.Pointer)[Count] != _children[0].Count) throw new InvalidOperationException($"values were appended within, and no {Type} was made of them");
    }

    private void AppendNullsWithin()
    {
        int count = Type is FixedSizeListType { Length: var length } ? length : 1;
        foreach (ColumnBuilder child in _children) child.AppendNulls(count);
    }

    private void AppendNestedValue(object value)
    {
        switch (Type)
        {
            case MapType:
                foreach ((object key, object? item) in (KeyValuePair<object, object?>[])value)
                {
                    _children[0].AppendValue(key);
                    _children[1].AppendValue(item);
                }
                AppendList();
                break;
            case StructType:
                var fields = (object?[])value;
                if (fields.Length != _children.Length) throw new InvalidCastException($"{Type} takes {_children.Length} values, not {fields.Length}");
                for (int i = 0; i < fields.Length; i++) _children[i].AppendValue(fields[i]);
                AppendPresent();
                break;
            default:
                var items = (object?[])value;
                if (Type is FixedSizeListType { Length: var length } && items.Length != length) throw new InvalidCastException($"{Type} takes {length} values, not {items.Length}");
                foreach (object? item in items) _children[0].AppendValue(item);
                if (Type is ListType) AppendList();
                else AppendPresent();
                break;
        }
    }

    private void CheckFixedNesting()
    {
        if (Type.Id is not (TypeId.Struct or TypeId.FixedSizeList)) throw new InvalidOperationException($"a column of {Type} is not made of a fixed number of values");
    }

    private void CheckList()
    {
        if (Type.Id is not (TypeId.List or TypeId.Map)) throw new InvalidOperationException($"a column of {Type} is no list");
    }
}

using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>Takes one value at a time into a state: lists in their order, structs by the names of their fields, maps by their keys. Nothing is allocated for a row.</summary>
internal static class NestedHash
{
    /// <summary>Absorbs a value that is present.</summary>
    internal static void Absorb(ref HashState state, HashedColumn column, ColumnView values, int row)
    {
        switch (values.Type)
        {
            case BooleanType: state.Absorb(values.Boolean(row) ? 1UL : 0); break;
            case IntegerType { BitWidth: 8 }: state.Absorb((ulong)values.Values<sbyte>()[row]); break;
            case IntegerType { BitWidth: 16 }: state.Absorb((ulong)values.Values<short>()[row]); break;
            case IntegerType { BitWidth: 32 } or DateType: state.Absorb((ulong)values.Values<int>()[row]); break;
            case FloatType { BitWidth: 32 }: state.Absorb(HashState.Canonical(values.Values<float>()[row])); break;
            case FloatType: state.Absorb(HashState.Canonical(values.Values<double>()[row])); break;
            case DecimalType: state.Absorb(values.Values<Int128>()[row]); break;
            case StringType or BinaryType: state.Absorb(values.Bytes(row)); break;
            case StructType: AbsorbStruct(ref state, column, values, row); break;
            case ListType: AbsorbList(ref state, column.Children[0], values.Child(0), values.Offsets[row], values.Offsets[row + 1]); break;
            case FixedSizeListType { Length: var length }: AbsorbList(ref state, column.Children[0], values.Child(0), row * length, (row + 1) * length); break;
            case MapType: AbsorbMap(ref state, column, values, values.Offsets[row], values.Offsets[row + 1]); break;
            default: state.Absorb(values.Values<ulong>()[row]); break;
        }
    }

    private static void AbsorbOrNull(ref HashState state, HashedColumn column, ColumnView values, int row)
    {
        bool isPresent = !values.IsNull(row);
        state.Absorb(isPresent ? 1UL : 0);
        if (isPresent) Absorb(ref state, column, values, row);
    }

    private static void AbsorbList(ref HashState state, HashedColumn element, ColumnView elements, int start, int end)
    {
        state.Absorb((ulong)(end - start));
        for (int i = start; i < end; i++) AbsorbOrNull(ref state, element, elements, i);
    }

    // As a row: the sum of the fields' cells, in which NULL adds nothing.
    private static void AbsorbStruct(ref HashState state, HashedColumn column, ColumnView values, int row)
    {
        ulong low = 0;
        ulong high = 0;
        foreach (HashedColumn field in column.Children)
        {
            ColumnView part = values.Child(field.Index);
            if (part.IsNull(row)) continue;
            HashState cell = field.Key;
            Absorb(ref cell, field, part, row);
            low += cell.Low;
            high += cell.High;
        }
        state.Absorb(low);
        state.Absorb(high);
    }

    // The sum of the entries' states, so that their order does not count.
    private static void AbsorbMap(ref HashState state, HashedColumn column, ColumnView values, int start, int end)
    {
        ColumnView keys = values.Child(0);
        ColumnView items = values.Child(1);
        ulong low = 0;
        ulong high = 0;
        for (int i = start; i < end; i++)
        {
            HashState entry = HashState.Start;
            Absorb(ref entry, column.Children[0], keys, i);
            AbsorbOrNull(ref entry, column.Children[1], items, i);
            low += entry.Low;
            high += entry.High;
        }
        state.Absorb((ulong)(end - start));
        state.Absorb(low);
        state.Absorb(high);
    }
}

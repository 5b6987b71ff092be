using System.Text.Unicode;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Fills DuckDB's vectors from columns of batches.</summary>
internal static unsafe class VectorFiller
{
    /// <summary>Rows <c>[start, start + count)</c> of a column become the first ones of a vector.</summary>
    /// <param name="vector">Of the column's type, with room for <paramref name="count"/> values.</param>
    /// <param name="name">The column's name, for messages.</param>
    /// <param name="column">The values.</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="isKept">Whether the column stays where it is for as long as DuckDB reads the vector: then long texts are pointed to instead of copied.</param>
    /// <exception cref="LeptonDataException"><c>storage.duckdb_text</c>: a text is not UTF-8.</exception>
    internal static void Fill(nint vector, string name, ColumnView column, int start, int count, bool isKept) => Fill(vector, name, column, start, count, isKept, outer: null, valuesPerOuter: 1);

    /// <summary>As <see cref="Fill(nint, string, ColumnView, int, int, bool)"/>, for a column by number; a number past the last means a row's number, which nobody looks at.</summary>
    internal static void FillOrClear(nint vector, RecordBatch batch, int index, int start, int count, bool isKept)
    {
        if (index < batch.Schema.Count) Fill(vector, batch.Schema[index].Name, batch.Column(index), start, count, isKept);
        else new Span<long>(NativeMethods.VectorData(vector), count).Clear();
    }

    // DuckDB wants NULL within wherever the outer value is NULL; columns of others may hold anything there.
    private static void Fill(nint vector, string name, ColumnView column, int start, int count, bool isKept, ulong* outer, int valuesPerOuter)
    {
        ulong* validity = FillValidity(vector, column, start, count, outer, valuesPerOuter);
        void* data = NativeMethods.VectorData(vector);
        switch (column.Type)
        {
            case NullType: break;
            case BooleanType:
                for (int i = 0; i < count; i++) ((byte*)data)[i] = column.Boolean(start + i) ? (byte)1 : (byte)0;
                break;
            case IntegerType { BitWidth: 8 }: Copy<sbyte>(column, start, count, data); break;
            case IntegerType { BitWidth: 16 }: Copy<short>(column, start, count, data); break;
            case IntegerType { BitWidth: 32 } or DateType: Copy<int>(column, start, count, data); break;
            case IntegerType or InstantType or NaiveTimeType: Copy<long>(column, start, count, data); break;
            case FloatType { BitWidth: 32 }: Copy<float>(column, start, count, data); break;
            case FloatType: Copy<double>(column, start, count, data); break;
            case DecimalType { Precision: <= 4 }: Narrow<short>(column, start, count, data, validity); break;
            case DecimalType { Precision: <= 9 }: Narrow<int>(column, start, count, data, validity); break;
            case DecimalType { Precision: <= 18 }: Narrow<long>(column, start, count, data, validity); break;
            case DecimalType: Copy<Int128>(column, start, count, data); break;
            case StringType or BinaryType: FillTexts(isKept ? 0 : vector, name, column, start, count, (StringStruct*)data, validity); break;
            case StructType { Fields.Count: var fieldCount }:
                for (int i = 0; i < fieldCount; i++) Fill(NativeMethods.StructChild(vector, (ulong)i), name, column.Child(i), start, count, isKept, validity, 1);
                break;
            case FixedSizeListType { Length: var length }:
                Fill(NativeMethods.ArrayChild(vector), name, column.Child(0), start * length, count * length, isKept, validity, length);
                break;
            default: FillLists(vector, name, column, start, count, isKept, (ListEntry*)data, validity); break;
        }
    }

    private static void FillLists(nint vector, string name, ColumnView column, int start, int count, bool isKept, ListEntry* entries, ulong* validity)
    {
        ReadOnlySpan<int> offsets = column.Offsets.Slice(start, count + 1);
        int first = offsets[0];
        int elementCount = offsets[^1] - first;
        for (int i = 0; i < count; i++)
        {
            entries[i] = new ListEntry { Offset = (ulong)(offsets[i] - first), Length = IsPresent(validity, i) ? (ulong)(offsets[i + 1] - offsets[i]) : 0 };
        }
        if (NativeMethods.ReserveList(vector, (ulong)elementCount) != 0) throw DuckDbException.Of($"no room for {elementCount} elements of column {name}");
        nint elements = NativeMethods.ListChild(vector);
        if (column.Type is MapType)
        {
            Fill(NativeMethods.StructChild(elements, 0), name, column.Child(0), first, elementCount, isKept);
            Fill(NativeMethods.StructChild(elements, 1), name, column.Child(1), first, elementCount, isKept);
        }
        else Fill(elements, name, column.Child(0), first, elementCount, isKept);
        if (NativeMethods.SetListSize(vector, (ulong)elementCount) != 0) throw DuckDbException.Of($"no room for {elementCount} elements of column {name}");
    }

    /// <returns>The vector's bits where a value is NULL, else null.</returns>
    private static ulong* FillValidity(nint vector, ColumnView column, int start, int count, ulong* outer, int valuesPerOuter)
    {
        if ((!column.MayHaveNulls && outer is null) || count == 0) return null;
        NativeMethods.EnsureValidity(vector);
        ulong* validity = NativeMethods.VectorValidity(vector);
        for (int row = 0; row < count; row += 64)
        {
            ulong bits = column.PresentBits(start + row);
            validity[row >> 6] = count - row >= 64 ? bits : bits & ((1UL << (count - row)) - 1);
        }
        if (outer is null) return validity;
        for (int row = 0; row < count; row++)
        {
            int holder = row / valuesPerOuter;
            if (!IsPresent(outer, holder)) validity[row >> 6] &= ~(1UL << (row & 63));
        }
        return validity;
    }

    private static bool IsPresent(ulong* validity, int row) => validity is null || (validity[row >> 6] & (1UL << (row & 63))) != 0;

    private static void Copy<T>(ColumnView column, int start, int count, void* data)
        where T : unmanaged
        => column.Values<T>().Slice(start, count).CopyTo(new Span<T>(data, count));

    // Under a NULL there may be anything.
    private static void Narrow<T>(ColumnView column, int start, int count, void* data, ulong* validity)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        ReadOnlySpan<Int128> values = column.Values<Int128>().Slice(start, count);
        for (int i = 0; i < values.Length; i++) ((T*)data)[i] = IsPresent(validity, i) ? T.CreateChecked(values[i]) : T.Zero;
    }

    // Long texts are pointed to, or copied into the heap of a vector where one is given.
    private static void FillTexts(nint heap, string name, ColumnView column, int start, int count, StringStruct* texts, ulong* validity)
    {
        ReadOnlySpan<int> offsets = column.Offsets.Slice(start, count + 1);
        bool isText = column.Type.Id == TypeId.String;
        fixed (byte* bytes = column.Data)
        {
            // Valid as a whole, with no value that begins in the middle of a character: then each value is valid.
            if (isText && !Utf8.IsValid(new ReadOnlySpan<byte>(bytes + offsets[0], offsets[^1] - offsets[0])))
                throw new LeptonDataException("storage.duckdb_text", [name]);
            for (int i = 0; i < count; i++)
            {
                StringStruct* text = texts + i;
                int length = offsets[i + 1] - offsets[i];
                *text = default;
                if (!IsPresent(validity, i)) continue;
                byte* source = bytes + offsets[i];
                if (isText && length > 0 && (*source & 0xC0) == 0x80) throw new LeptonDataException("storage.duckdb_text", [name]);
                text->Length = (uint)length;
                if (length <= StringStruct.InlineLengthMax)
                {
                    for (int b = 0; b < length; b++) text->Inline[b] = source[b];
                }
                else if (heap != 0) NativeMethods.AssignText(heap, (ulong)i, source, (ulong)length);
                else
                {
                    *(uint*)text->Inline = *(uint*)source;
                    text->Pointer = source;
                }
            }
        }
    }
}

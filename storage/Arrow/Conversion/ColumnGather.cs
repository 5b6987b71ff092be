using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>Appends chosen rows of one column to another of its type. What that takes beyond the room for the rows themselves is charged before it is taken.</summary>
/// <param name="place">For errors.</param>
/// <param name="meter">Charged, and asked whether anybody still waits.</param>
/// <param name="field">For errors.</param>
internal sealed unsafe class ColumnGather(ArrowPlace place, ExpansionMeter meter, ArrowField field)
{
    internal const int ChunkSize = 512;

    // More than any limit, and far from where numbers end.
    private const long SizeMax = long.MaxValue / 4;

    /// <summary>Bytes that a builder with room for so many rows takes at once, at least one a row, since a row that takes no room takes time.</summary>
    internal static long FixedSize(DataType type, long count)
    {
        Int128 size = count;
        switch (type)
        {
            case StringType or BinaryType or ListType or MapType: size = ((Int128)count + 1) * sizeof(int); break;
            case StructType:
                foreach (Field child in type.Children) size += FixedSize(child.Type, count);
                break;
            case FixedSizeListType { Length: var length, Element.Type: var element }: size += FixedSize(element, (long)Int128.Min((Int128)count * length, SizeMax)); break;
            default: size = (Int128)count * Math.Max(TypeWidths.Of(type), 1); break;
        }
        return (long)Int128.Min(size, SizeMax);
    }

    /// <summary>Appends a run of rows, whose room is charged too.</summary>
    internal void AppendRange(ColumnBuilder target, DataType type, in ColumnBuffers source, int start, int count)
    {
        // All of it at once: what is too much is refused before the first row.
        if (count > 0) meter.Charge(place, field, FixedSize(type, count));
        AppendCharged(target, type, in source, start, count);
    }

    private void AppendCharged(ColumnBuilder target, DataType type, in ColumnBuffers source, int start, int count)
    {
        if (type.Id == TypeId.Null)
        {
            target.AppendNulls(count);
            return;
        }
        Span<int> rows = stackalloc int[Math.Min(count, ChunkSize)];
        for (int done = 0; done < count; done += rows.Length)
        {
            int now = Math.Min(rows.Length, count - done);
            for (int i = 0; i < now; i++) rows[i] = start + done + i;
            Append(target, type, in source, rows[..now]);
        }
    }

    /// <summary>Appends rows, for which the room was charged: <see cref="FixedSize"/>.</summary>
    /// <param name="target">A builder of <paramref name="type"/>.</param>
    /// <param name="type">Of both columns.</param>
    /// <param name="source">Checked.</param>
    /// <param name="rows">At most <see cref="ChunkSize"/>, counted from the column's first; -1 appends a NULL.</param>
    internal void Append(ColumnBuilder target, DataType type, in ColumnBuffers source, ReadOnlySpan<int> rows)
    {
        meter.CancellationToken.ThrowIfCancellationRequested();
        if (type.Id == TypeId.Null)
        {
            target.AppendNulls(rows.Length);
            return;
        }
        Span<ulong> present = stackalloc ulong[ChunkSize / 64];
        present.Clear();
        for (int i = 0; i < rows.Length; i++)
            if (rows[i] >= 0 && Bits.IsPresent(source.Validity, (long)source.Offset + rows[i])) present[i >> 6] |= 1UL << (i & 63);
        switch (type)
        {
            case BooleanType: Booleans(target, in source, rows, present); break;
            case StringType or BinaryType: Texts(target, in source, rows, present); break;
            case StructType: Struct(target, type, in source, rows, present); break;
            case FixedSizeListType { Length: var length }: FixedLists(target, type, length, in source, rows, present); break;
            case ListType or MapType: Lists(target, type, in source, rows, present); break;
            default:
                switch (TypeWidths.Of(type))
                {
                    case 1: Fixed<byte>(target, in source, rows, present); break;
                    case 2: Fixed<short>(target, in source, rows, present); break;
                    case 4: Fixed<int>(target, in source, rows, present); break;
                    case 8: Fixed<long>(target, in source, rows, present); break;
                    default: Fixed<Int128>(target, in source, rows, present); break;
                }
                break;
        }
    }

    private static bool IsPresent(ReadOnlySpan<ulong> present, int i) => (present[i >> 6] & (1UL << (i & 63))) != 0;

    // A dictionary that never came has no columns within; none of its rows is asked for.
    private static ColumnBuffers Within(in ColumnBuffers source, int index) => source.Children is null ? default : source.Children[index];

    private static void Fixed<T>(ColumnBuilder target, in ColumnBuffers source, ReadOnlySpan<int> rows, ReadOnlySpan<ulong> present)
        where T : unmanaged
    {
        Span<T> values = stackalloc T[rows.Length];
        T* from = (T*)source.Values + source.Offset;
        for (int i = 0; i < rows.Length; i++) values[i] = IsPresent(present, i) ? System.Runtime.CompilerServices.Unsafe.ReadUnaligned<T>(from + rows[i]) : default;
        target.AppendRange<T>(values, present);
    }

    private static void Booleans(ColumnBuilder target, in ColumnBuffers source, ReadOnlySpan<int> rows, ReadOnlySpan<ulong> present)
    {
        Span<byte> values = stackalloc byte[rows.Length];
        for (int i = 0; i < rows.Length; i++) values[i] = IsPresent(present, i) && Bits.IsSet(source.Values, (long)source.Offset + rows[i]) ? (byte)1 : (byte)0;
        target.AppendBooleans(values, present);
    }

    private void Texts(ColumnBuilder target, in ColumnBuffers source, ReadOnlySpan<int> rows, ReadOnlySpan<ulong> present)
    {
        int* offsets = (int*)source.Values + source.Offset;
        long size = 0;
        for (int i = 0; i < rows.Length; i++)
            if (IsPresent(present, i)) size += offsets[rows[i] + 1] - offsets[rows[i]];
        meter.Charge(place, field, size);
        if (target.DataSizeBytes + size > int.MaxValue) throw place.Error("storage.arrow_text_size", field.Path, target.DataSizeBytes + size);
        for (int i = 0; i < rows.Length; i++)
        {
            if (IsPresent(present, i)) target.AppendBytes(new ReadOnlySpan<byte>(source.Data + offsets[rows[i]], offsets[rows[i] + 1] - offsets[rows[i]]));
            else target.AppendNull();
        }
    }

    private void Struct(ColumnBuilder target, DataType type, in ColumnBuffers source, ReadOnlySpan<int> rows, ReadOnlySpan<ulong> present)
    {
        Span<int> within = stackalloc int[rows.Length];
        for (int i = 0; i < rows.Length; i++) within[i] = IsPresent(present, i) ? source.Offset + rows[i] : -1;
        for (int child = 0; child < type.Children.Count; child++) Append(target.Child(child), type.Children[child].Type, Within(in source, child), within);
        target.AppendPresent(rows.Length, present);
    }

    private void FixedLists(ColumnBuilder target, DataType type, int length, in ColumnBuffers source, ReadOnlySpan<int> rows, ReadOnlySpan<ulong> present)
    {
        DataType element = type.Children[0].Type;
        for (int i = 0; i < rows.Length; i++)
        {
            if (IsPresent(present, i)) AppendCharged(target.Child(0), element, Within(in source, 0), (source.Offset + rows[i]) * length, length);
            else target.Child(0).AppendNulls(length);
        }
        target.AppendPresent(rows.Length, present);
    }

    private void Lists(ColumnBuilder target, DataType type, in ColumnBuffers source, ReadOnlySpan<int> rows, ReadOnlySpan<ulong> present)
    {
        int* offsets = (int*)source.Values + source.Offset;
        Span<int> lengths = stackalloc int[rows.Length];
        lengths.Clear();
        for (int i = 0; i < rows.Length; i++)
        {
            if (!IsPresent(present, i)) continue;
            int start = offsets[rows[i]];
            lengths[i] = offsets[rows[i] + 1] - start;
            for (int child = 0; child < type.Children.Count; child++) AppendRange(target.Child(child), type.Children[child].Type, Within(in source, child), start, lengths[i]);
        }
        target.AppendLists(lengths, present);
    }
}

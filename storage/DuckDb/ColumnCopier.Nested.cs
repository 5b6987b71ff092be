using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;
using TypeCode = Lepton.Data.Storage.DuckDb.Native.TypeCode;

namespace Lepton.Data.Storage.DuckDb;

/// <content>Structs, lists, arrays and maps: their parts are columns of their own, copied by copiers of their own.</content>
internal sealed unsafe partial class ColumnCopier
{
    private readonly int[] _lengths = new int[RowsMax];
    private readonly ulong[] _elementsPresent = new ulong[RowsMax / 64];

    private void AppendNested(nint vector, int start, int rows, ReadOnlySpan<ulong> validity, ColumnBuilder target, Span<byte> scratch)
    {
        switch (Code)
        {
            case TypeCode.Struct:
                for (int i = 0; i < _children.Length; i++) _children[i].Append(NativeMethods.StructChild(vector, (ulong)i), start, rows, validity, target.Child(i), scratch);
                target.AppendPresent(rows, validity);
                break;
            case TypeCode.Array:
                AppendArrays(vector, start, rows, validity, target, scratch);
                break;
            default:
                AppendLists(vector, start, rows, validity, target, scratch);
                break;
        }
    }

    private void AppendArrays(nint vector, int start, int rows, ReadOnlySpan<ulong> validity, ColumnBuilder target, Span<byte> scratch)
    {
        nint elements = NativeMethods.ArrayChild(vector);
        int length = ((Schemas.FixedSizeListType)Type).Length;
        long end = (long)rows * length;
        for (long run = 0; run < end; run += RowsMax)
        {
            int count = (int)Math.Min(RowsMax, end - run);
            ReadOnlySpan<ulong> outer = default;
            if (!validity.IsEmpty)
            {
                Array.Clear(_elementsPresent);
                for (int i = 0; i < count; i++)
                    if (IsPresent(validity, (int)((run + i) / length))) _elementsPresent[i >> 6] |= 1UL << (i & 63);
                outer = _elementsPresent.AsSpan(0, (count + 63) / 64);
            }
            _children[0].Append(elements, checked((int)(((long)start * length) + run)), count, outer, target.Child(0), scratch);
        }
        target.AppendPresent(rows, validity);
    }

    // A row's elements may stand anywhere in the child vector; rows that follow each other there are copied in one run.
    private void AppendLists(nint vector, int start, int rows, ReadOnlySpan<ulong> validity, ColumnBuilder target, Span<byte> scratch)
    {
        var entries = (ListEntry*)NativeMethods.VectorData(vector) + start;
        nint elements = NativeMethods.ListChild(vector);
        ulong runStart = 0;
        ulong runEnd = 0;
        for (int i = 0; i < rows; i++)
        {
            _lengths[i] = 0;
            if (!IsPresent(validity, i) || entries[i].Length == 0) continue;
            _lengths[i] = checked((int)entries[i].Length);
            if (entries[i].Offset != runEnd)
            {
                AppendElements(elements, runStart, runEnd, target, scratch);
                runStart = entries[i].Offset;
            }
            runEnd = entries[i].Offset + entries[i].Length;
        }
        AppendElements(elements, runStart, runEnd, target, scratch);
        target.AppendLists(_lengths.AsSpan(0, rows), validity);
    }

    private void AppendElements(nint elements, ulong start, ulong end, ColumnBuilder target, Span<byte> scratch)
    {
        for (ulong run = start; run < end; run += (ulong)RowsMax)
        {
            int count = (int)Math.Min((ulong)RowsMax, end - run);
            for (int i = 0; i < _children.Length; i++)
            {
                nint part = Code == TypeCode.Map ? NativeMethods.StructChild(elements, (ulong)i) : elements;
                _children[i].Append(part, checked((int)run), count, default, target.Child(i), scratch);
            }
        }
    }

    /// <summary>The bits of rows that are present and whose outer value is; empty where all are.</summary>
    private ReadOnlySpan<ulong> Present(ulong* bits, int start, int rows, ReadOnlySpan<ulong> outer)
    {
        if (bits is null) return outer;
        int words = (rows + 63) / 64;
        bits += start >> 6;
        int shift = start & 63;
        if (shift == 0 && outer.IsEmpty) return new ReadOnlySpan<ulong>(bits, words);
        for (int i = 0; i < words; i++)
        {
            ulong word = bits[i] >> shift;
            // The next word is read only where rows reach into it.
            if (shift > 0 && (i * 64) + 64 - shift < rows) word |= bits[i + 1] << (64 - shift);
            _present[i] = outer.IsEmpty ? word : word & outer[i];
        }
        return _present.AsSpan(0, words);
    }
}

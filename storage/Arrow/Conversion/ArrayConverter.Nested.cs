using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <content>Structs, lists and maps.</content>
internal sealed unsafe partial class ArrayConverter
{
    private void Struct(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        buffers.Children = new ColumnBuffers[field.Children.Length];
        for (int i = 0; i < field.Children.Length; i++)
        {
            ColumnBuffers child = Within(field.Children[i], array.Children[i], End(array));
            if (MustBePresent(field.Children[i]) && child.Validity is not null) CheckCovered(field.Children[i], in child, in buffers, array.Length, 1);
            buffers.Children[i] = child;
        }
    }

    private void FixedList(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        ArrowField element = field.Children[0];
        ColumnBuffers child = Within(element, array.Children[0], End(array) * field.Type.Size);
        if (MustBePresent(element) && child.Validity is not null) CheckCovered(element, in child, in buffers, array.Length, field.Type.Size);
        buffers.Children = [child];
    }

    private void List(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        int end = ListOffsets(field, array, ref buffers);
        ColumnBuffers child = Within(field.Children[0], array.Children[0], end);
        if (MustBePresent(field.Children[0]) && child.Validity is not null) CheckElements(field.Children[0], in child, in buffers, array.Length);
        buffers.Children = [child];
    }

    private void Map(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        int end = ListOffsets(field, array, ref buffers);
        ArrowField entries = field.Children[0];
        WireArray entry = array.Children[0];
        CheckLength(entries, entry, end);
        if (Validity(entries, entry) is not null) throw place.Error("storage.arrow_null", entries.Path);
        buffers.Children = new ColumnBuffers[2];
        for (int i = 0; i < 2; i++)
        {
            ColumnBuffers part = Within(entries.Children[i], entry.Children[i], End(entry));
            // Offsets count from the first entry; so do ours, which know no entries.
            part.Offset += (int)entry.Offset;
            if ((i == 0 || MustBePresent(entries.Children[i])) && part.Validity is not null) CheckElements(entries.Children[i], in part, in buffers, array.Length);
            buffers.Children[i] = part;
        }
    }

    private ColumnBuffers ListViews(ArrowField field, WireArray array, ColumnBuffers buffers)
    {
        bool isLarge = field.Type.Kind == ArrowKind.LargeListView;
        int width = isLarge ? sizeof(long) : sizeof(int);
        byte* offsets = Require(field, array, 1, End(array) * width);
        byte* sizes = Require(field, array, 2, End(array) * width);
        ArrowField element = field.Children[0];
        ColumnBuffers child = Within(element, array.Children[0], 0);
        long childLength = array.Children[0].Length;
        ColumnBuilder target = Start(field, array.Length, out RecordBatchBuilder builder);
        using (builder)
        {
            var gather = new ColumnGather(place, meter, element);
            for (long i = array.Offset; i < End(array); i++)
            {
                if (!Bits.IsPresent(buffers.Validity, i))
                {
                    target.AppendNull();
                    continue;
                }
                long start = isLarge ? ((long*)offsets)[i] : ((int*)offsets)[i];
                long size = isLarge ? ((long*)sizes)[i] : ((int*)sizes)[i];
                if (start < 0 || size < 0 || start > childLength - size) throw BadValue(field, "storage.arrow_view", i - array.Offset);
                gather.AppendRange(target.Child(0), element.Ours!.Type, in child, (int)start, (int)size);
                target.AppendList();
            }
            ColumnBuffers result = Finish(builder);
            if (MustBePresent(element) && result.Children![0].Validity is not null) CheckElements(element, in result.Children[0], in result, array.Length);
            return result;
        }
    }

    /// <returns>How many elements there must be.</returns>
    private int ListOffsets(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        if (array.Length == 0)
        {
            NoOffsets(ref buffers);
            return 0;
        }
        if (field.Type.Kind == ArrowKind.LargeList)
        {
            long* offsets = (long*)Require(field, array, 1, (End(array) + 1) * sizeof(long)) + array.Offset;
            CheckLargeOffsets(field, offsets, array.Length);
            if (offsets[array.Length] > int.MaxValue - 1) throw place.Error("storage.arrow_length", field.Children[0].Path, offsets[array.Length]);
            buffers.Values = NarrowOffsets(field, array, offsets, 0);
            return (int)offsets[array.Length];
        }
        buffers.Values = Require(field, array, 1, (End(array) + 1) * sizeof(int));
        return CheckOffsets(field, (int*)buffers.Values + buffers.Offset, array.Length).End;
    }

    /// <summary>A column within, which must have at least this many values.</summary>
    private ColumnBuffers Within(ArrowField field, WireArray array, long length)
    {
        CheckLength(field, array, length);
        return Convert(field, array);
    }

    private void CheckLength(ArrowField field, WireArray array, long length)
    {
        if (array.Length < length || array.Offset < 0 || array.Length > int.MaxValue - 1 - array.Offset) throw place.Error("storage.arrow_child_length", field.Path, array.Length, length);
    }

    // Under a NULL there may be NULLs also where the field allows none.
    private void CheckCovered(ArrowField field, in ColumnBuffers child, in ColumnBuffers parent, long count, int factor)
    {
        for (long row = 0; row < count; row++)
        {
            if (!Bits.IsPresent(parent.Validity, parent.Offset + row)) continue;
            for (int i = 0; i < factor; i++)
                if (!Bits.IsPresent(child.Validity, child.Offset + ((parent.Offset + row) * factor) + i)) throw place.Error("storage.arrow_null", field.Path);
        }
    }

    private void CheckElements(ArrowField field, in ColumnBuffers child, in ColumnBuffers parent, long count)
    {
        int* offsets = (int*)parent.Values + parent.Offset;
        for (long row = 0; row < count; row++)
        {
            if (!Bits.IsPresent(parent.Validity, parent.Offset + row)) continue;
            for (int i = offsets[row]; i < offsets[row + 1]; i++)
                if (!Bits.IsPresent(child.Validity, child.Offset + i)) throw place.Error("storage.arrow_null", field.Path);
        }
    }
}

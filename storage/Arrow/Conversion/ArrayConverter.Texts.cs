using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Text;
using System.Text.Unicode;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <content>Text and bytes.</content>
internal sealed unsafe partial class ArrayConverter
{
    private const int ViewInlineMax = 12;

    private void Texts(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        if (array.Length == 0)
        {
            NoOffsets(ref buffers);
            return;
        }
        buffers.Values = Require(field, array, 1, (End(array) + 1) * sizeof(int));
        (int start, int end) = CheckOffsets(field, (int*)buffers.Values + buffers.Offset, array.Length);
        buffers.Data = Require(field, array, 2, end);
        if (field.Type.Kind == ArrowKind.Text) CheckTexts(field, array.Length, start, end, ref buffers);
    }

    private void LargeTexts(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        if (array.Length == 0)
        {
            NoOffsets(ref buffers);
            return;
        }
        long* offsets = (long*)Require(field, array, 1, (End(array) + 1) * sizeof(long)) + array.Offset;
        long start = CheckLargeOffsets(field, offsets, array.Length);
        byte* data = Require(field, array, 2, offsets[array.Length]);
        buffers.Values = NarrowOffsets(field, array, offsets, start);
        buffers.Data = data + start;
        if (field.Type.Kind == ArrowKind.LargeText) CheckTexts(field, array.Length, 0, (int)(offsets[array.Length] - start), ref buffers);
    }

    private void FixedBinaries(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        int size = field.Type.Size;
        if (array.Length * size > int.MaxValue) throw place.Error("storage.arrow_text_size", field.Path, array.Length * size);
        byte* data = Require(field, array, 1, End(array) * size);
        int* offsets = (int*)Rent(field, (End(array) + 1) * sizeof(int)).Pointer;
        for (int i = 0; i <= array.Length; i++) offsets[array.Offset + i] = i * size;
        buffers.Values = (byte*)offsets;
        buffers.Data = data + (array.Offset * size);
    }

    private ColumnBuffers Views(ArrowField field, WireArray array, byte* validity)
    {
        byte* views = Require(field, array, 1, End(array) * 16);
        bool isText = field.Type.Kind == ArrowKind.TextView;
        ColumnBuilder target = Start(field, array.Length, out RecordBatchBuilder builder);
        using (builder)
        {
            for (long i = array.Offset; i < End(array); i++)
            {
                if (!Bits.IsPresent(validity, i))
                {
                    target.AppendNull();
                    continue;
                }
                byte* view = views + (16 * i);
                int length = *(int*)view;
                byte* bytes = view + 4;
                if (length is < 0 or > ViewInlineMax)
                {
                    int index = *(int*)(view + 8);
                    int offset = *(int*)(view + 12);
                    if (length < 0 || offset < 0 || index < 0 || index >= array.Buffers.Length - 2) throw BadValue(field, "storage.arrow_view", i - array.Offset);
                    WireBuffer data = array.Buffers[index + 2];
                    if (data.Pointer is null || length > data.Length - offset) throw BadValue(field, "storage.arrow_view", i - array.Offset);
                    bytes = data.Pointer + offset;
                }
                var value = new ReadOnlySpan<byte>(bytes, length);
                if (isText && !Utf8.IsValid(value)) throw BadValue(field, "storage.arrow_text", i - array.Offset);
                meter.Charge(place, field, length);
                target.AppendBytes(value);
            }
            return Finish(builder);
        }
    }

    /// <summary>Asks that offsets begin at 0 or more and ascend.</summary>
    private (int Start, int End) CheckOffsets(ArrowField field, int* offsets, long count)
    {
        long i = 0;
        // Eight at a time: none may be less than the one before.
        if (Vector256.IsHardwareAccelerated)
            for (; i + 8 <= count && !Vector256.GreaterThanAny(Vector256.Load(offsets + i), Vector256.Load(offsets + i + 1)); i += 8)
            {
            }
        for (; i < count; i++)
            if (offsets[i] > offsets[i + 1]) throw BadValue(field, "storage.arrow_offsets", i);
        if (offsets[0] < 0) throw BadValue(field, "storage.arrow_offsets", 0);
        return (offsets[0], offsets[count]);
    }

    private long CheckLargeOffsets(ArrowField field, long* offsets, long count)
    {
        if (offsets[0] < 0) throw BadValue(field, "storage.arrow_offsets", 0);
        for (long i = 0; i < count; i++)
            if (offsets[i] > offsets[i + 1]) throw BadValue(field, "storage.arrow_offsets", i);
        if (offsets[count] - offsets[0] > int.MaxValue - 1) throw place.Error("storage.arrow_text_size", field.Path, offsets[count] - offsets[0]);
        return offsets[0];
    }

    /// <summary>Offsets of 64 bits as ours, less <paramref name="start"/>.</summary>
    private byte* NarrowOffsets(ArrowField field, WireArray array, long* offsets, long start)
    {
        int* narrow = (int*)Rent(field, (End(array) + 1) * sizeof(int)).Pointer;
        for (long i = 0; i <= array.Length; i++) narrow[array.Offset + i] = (int)(offsets[i] - start);
        return (byte*)narrow;
    }

    /// <summary>Asks that every value is UTF-8; what stands under a NULL may be anything, and is then left behind.</summary>
    private void CheckTexts(ArrowField field, long count, int start, int end, ref ColumnBuffers buffers)
    {
        var all = new ReadOnlySpan<byte>(buffers.Data + start, end - start);
        if (Ascii.IsValid(all)) return;
        int* offsets = (int*)buffers.Values + buffers.Offset;
        bool isValid = Utf8.IsValid(all);
        // Valid as a whole, with no value that begins in the middle of a character: then each value is valid.
        for (int i = 0; isValid && i < count; i++) isValid = offsets[i] == end || (buffers.Data[offsets[i]] & 0xC0) != 0x80;
        if (isValid) return;
        for (int i = 0; i < count; i++)
        {
            if (Bits.IsPresent(buffers.Validity, buffers.Offset + i) && !Utf8.IsValid(new ReadOnlySpan<byte>(buffers.Data + offsets[i], offsets[i + 1] - offsets[i])))
                throw BadValue(field, "storage.arrow_text", i);
        }
        ColumnBuilder target = Start(field, count, out RecordBatchBuilder builder);
        using (builder)
        {
            meter.Charge(place, field, end - start);
            for (int i = 0; i < count; i++)
            {
                if (Bits.IsPresent(buffers.Validity, buffers.Offset + i)) target.AppendBytes(new ReadOnlySpan<byte>(buffers.Data + offsets[i], offsets[i + 1] - offsets[i]));
                else target.AppendNull();
            }
            buffers = Finish(builder);
        }
    }

    /// <summary>Begins a column that is made anew, with room for its rows.</summary>
    private ColumnBuilder Start(ArrowField field, long count, out RecordBatchBuilder builder)
    {
        DataType type = field.Ours!.Type;
        meter.Charge(place, field, ColumnGather.FixedSize(type, count));
        builder = new RecordBatchBuilder(new Schema([new Field("values", type)]), (int)count, options.Memory);
        return builder.Column(0);
    }

    private ColumnBuffers Finish(RecordBatchBuilder builder)
    {
        RecordBatch batch = builder.Build();
        owners.Add(batch);
        return batch.Column(0).Buffers;
    }
}

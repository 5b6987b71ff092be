using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <content>Dictionaries and run ends: what they mean is written out.</content>
internal sealed unsafe partial class ArrayConverter
{
    private ColumnBuffers Decoded(ArrowField field, WireArray array)
    {
        ArrowType index = field.Dictionary!.Index;
        byte* validity = Validity(field, array);
        byte* numbers = Require(field, array, 1, End(array) * index.Width);
        DictionaryValues values = array.Dictionary is null ? dictionaries!.Find(field, meter.CancellationToken) : DictionaryValues.Of(Convert(field with { Dictionary = null }, array.Dictionary), array.Dictionary.Length);
        ColumnBuilder target = Start(field, array.Length, out RecordBatchBuilder builder);
        using (builder)
        {
            var gather = new ColumnGather(place, meter, field);
            Span<int> rows = stackalloc int[ColumnGather.ChunkSize];
            for (long done = 0; done < array.Length; done += rows.Length)
            {
                int count = (int)Math.Min(rows.Length, array.Length - done);
                for (int i = 0; i < count; i++)
                {
                    long at = array.Offset + done + i;
                    if (!Bits.IsPresent(validity, at))
                    {
                        rows[i] = -1;
                        continue;
                    }
                    ulong number = Number(numbers, index, at);
                    if (number >= (ulong)values.Count) throw place.Error("storage.arrow_dictionary_index", field.Path, done + i, number, values.Count);
                    rows[i] = (int)number;
                }
                values.Append(gather, target, field.Ours!.Type, rows[..count]);
            }
            return Finish(builder);
        }
    }

    // A negative number becomes a very large one, which is in no dictionary.
    private static ulong Number(byte* numbers, ArrowType type, long at) => (type.Bits, type.IsSigned) switch
    {
        (8, true) => (ulong)((sbyte*)numbers)[at],
        (8, false) => numbers[at],
        (16, true) => (ulong)((short*)numbers)[at],
        (16, false) => ((ushort*)numbers)[at],
        (32, true) => (ulong)((int*)numbers)[at],
        (32, false) => ((uint*)numbers)[at],
        _ => ((ulong*)numbers)[at],
    };

    private ColumnBuffers Runs(ArrowField field, WireArray array)
    {
        ArrowField endField = field.Children[0];
        ArrowField valueField = field.Children[1];
        WireArray ends = array.Children[0];
        CheckLength(endField, ends, 0);
        if (Validity(endField, ends) is not null) throw place.Error("storage.arrow_null", endField.Path);
        byte* numbers = Require(endField, ends, 1, End(ends) * endField.Type.Width);
        ColumnBuffers values = Within(valueField, array.Children[1], ends.Length);
        long before = 0;
        for (long i = 0; i < ends.Length; i++)
        {
            ulong end = Number(numbers, endField.Type, ends.Offset + i);
            if (end > int.MaxValue || (long)end <= before) throw BadValue(endField, "storage.arrow_run_ends", i);
            before = (long)end;
        }
        if (before < End(array)) throw BadValue(endField, "storage.arrow_run_ends", ends.Length);
        ColumnBuilder target = Start(field, array.Length, out RecordBatchBuilder builder);
        using (builder)
        {
            var gather = new ColumnGather(place, meter, field);
            Span<int> rows = stackalloc int[ColumnGather.ChunkSize];
            int run = 0;
            for (long done = 0; done < array.Length; done += rows.Length)
            {
                int count = (int)Math.Min(rows.Length, array.Length - done);
                for (int i = 0; i < count; i++)
                {
                    while ((long)Number(numbers, endField.Type, ends.Offset + run) <= array.Offset + done + i) run++;
                    rows[i] = run;
                }
                gather.Append(target, field.Ours!.Type, in values, rows[..count]);
            }
            return Finish(builder);
        }
    }
}

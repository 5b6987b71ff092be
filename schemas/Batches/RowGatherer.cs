using System.Runtime.CompilerServices;

namespace Lepton.Data.Schemas.Batches;

/// <summary>Copies rows of batches, any of them in any order, to the columns of a batch to be. Safe for several threads, each with a target of its own.</summary>
/// <remarks>A row is named by <see cref="Place"/>; one below 0 means a NULL.</remarks>
public sealed unsafe class RowGatherer
{
    // One run's values stay in the first cache.
    private const int RunRowsMax = 1024;

    private readonly ColumnBuffers[][] _columns;
    private readonly Schema _schema;

    /// <param name="batches">They live as long as rows are copied; of one schema, at least one.</param>
    public RowGatherer(IReadOnlyList<RecordBatch> batches)
    {
        _schema = batches[0].Schema;
        _columns = new ColumnBuffers[_schema.Count][];
        for (int column = 0; column < _columns.Length; column++)
        {
            _columns[column] = new ColumnBuffers[batches.Count];
            for (int i = 0; i < batches.Count; i++) _columns[column][i] = batches[i].Column(column).Buffers;
        }
    }

    /// <summary>What names a row.</summary>
    /// <param name="batch">Which of the batches, from 0.</param>
    /// <param name="row">Which of its rows, from 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Place(int batch, int row) => ((long)batch << 32) | (uint)row;

    /// <summary>Appends a column's values.</summary>
    /// <param name="column">Which column of the batches.</param>
    /// <param name="places">Which rows.</param>
    /// <param name="target">Of the column's type.</param>
    /// <exception cref="LeptonDataException"><c>schemas.memory_exhausted</c>, <c>schemas.batch_too_large</c>; part of the values were appended.</exception>
    public void Append(int column, ReadOnlySpan<long> places, ColumnBuilder target)
    {
        Int128* values = stackalloc Int128[RunRowsMax];
        Append(_columns[column], _schema[column].Type, places, target, values);
    }

    private static void Append(ColumnBuffers[] sources, DataType type, ReadOnlySpan<long> places, ColumnBuilder target, Int128* values)
    {
        Span<ulong> present = stackalloc ulong[RunRowsMax / 64];
        for (int start = 0; start < places.Length; start += RunRowsMax)
        {
            ReadOnlySpan<long> run = places.Slice(start, Math.Min(RunRowsMax, places.Length - start));
            switch (TypeWidths.Of(type))
            {
                case 1: AppendFlat<byte>(sources, run, target, (byte*)values, present); break;
                case 2: AppendFlat<short>(sources, run, target, (short*)values, present); break;
                case 4: AppendFlat<int>(sources, run, target, (int*)values, present); break;
                case 8: AppendFlat<long>(sources, run, target, (long*)values, present); break;
                case 16: AppendFlat<Int128>(sources, run, target, values, present); break;
                default: AppendOther(sources, type, run, target, values, present); break;
            }
        }
    }

    private static void AppendFlat<T>(ColumnBuffers[] sources, ReadOnlySpan<long> places, ColumnBuilder target, T* values, Span<ulong> present)
        where T : unmanaged
    {
        bool hasNulls = FindPresent(sources, places, present);
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] < 0)
            {
                values[i] = default;
                continue;
            }
            ref ColumnBuffers source = ref sources[places[i] >> 32];
            values[i] = ((T*)source.Values)[source.Offset + (int)places[i]];
        }
        target.AppendRange(new ReadOnlySpan<T>(values, places.Length), hasNulls ? present : default);
    }

    private static void AppendOther(ColumnBuffers[] sources, DataType type, ReadOnlySpan<long> places, ColumnBuilder target, Int128* values, Span<ulong> present)
    {
        switch (type)
        {
            case NullType: target.AppendNulls(places.Length); break;
            case BooleanType: AppendBooleans(sources, places, target, present); break;
            case StringType or BinaryType: AppendTexts(sources, places, target, present); break;
            default: AppendNested(sources, type, places, target, values, present); break;
        }
    }

    private static void AppendBooleans(ColumnBuffers[] sources, ReadOnlySpan<long> places, ColumnBuilder target, Span<ulong> present)
    {
        Span<byte> truths = stackalloc byte[places.Length];
        bool hasNulls = FindPresent(sources, places, present);
        for (int i = 0; i < truths.Length; i++)
        {
            if (places[i] < 0) continue;
            ref ColumnBuffers source = ref sources[places[i] >> 32];
            int bit = source.Offset + (int)places[i];
            truths[i] = (byte)((source.Values[bit >> 3] >> (bit & 7)) & 1);
        }
        target.AppendBooleans(truths, hasNulls ? present : default);
    }

    private static void AppendTexts(ColumnBuffers[] sources, ReadOnlySpan<long> places, ColumnBuilder target, Span<ulong> present)
    {
        bool hasNulls = FindPresent(sources, places, present);
        long size = 0;
        for (int i = 0; i < places.Length; i++)
            if (IsPresent(present, i)) size += LengthOf(sources, places[i], out _);
        BytesWriter writer = target.AppendBytes(places.Length, size, hasNulls ? present : default);
        for (int i = 0; i < places.Length; i++)
        {
            if (!IsPresent(present, i))
            {
                writer.Append(null, 0);
                continue;
            }
            int length = LengthOf(sources, places[i], out int start);
            writer.Append(sources[places[i] >> 32].Data + start, length);
        }
        target.CompleteBytes(writer);
    }

    // The columns within are copied by their own places, where a NULL above is a NULL within.
    private static void AppendNested(ColumnBuffers[] sources, DataType type, ReadOnlySpan<long> places, ColumnBuilder target, Int128* values, Span<ulong> present)
    {
        bool hasNulls = FindPresent(sources, places, present);
        var within = new List<long>();
        var lengths = new int[places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            bool isPresent = IsPresent(present, i);
            long batch = places[i] >> 32 << 32;
            switch (type)
            {
                case StructType: within.Add(isPresent ? batch | (uint)(sources[places[i] >> 32].Offset + (int)places[i]) : -1); break;
                case FixedSizeListType { Length: var length }:
                    for (int j = 0; j < length; j++) within.Add(isPresent ? batch | (uint)(((sources[places[i] >> 32].Offset + (int)places[i]) * length) + j) : -1);
                    break;
                default:
                    if (!isPresent) break;
                    lengths[i] = LengthOf(sources, places[i], out int start);
                    for (int j = 0; j < lengths[i]; j++) within.Add(batch | (uint)(start + j));
                    break;
            }
        }
        for (int child = 0; child < type.Children.Count; child++)
        {
            var children = new ColumnBuffers[sources.Length];
            for (int i = 0; i < sources.Length; i++) children[i] = sources[i].Children![child];
            Append(children, type.Children[child].Type, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(within), target.Child(child), values);
        }
        if (type is ListType or MapType) target.AppendLists(lengths, hasNulls ? present : default);
        else target.AppendPresent(places.Length, hasNulls ? present : default);
    }

    private static int LengthOf(ColumnBuffers[] sources, long place, out int start)
    {
        ref ColumnBuffers source = ref sources[place >> 32];
        int* offset = (int*)source.Values + source.Offset + (int)place;
        start = offset[0];
        return offset[1] - start;
    }

    /// <summary>Writes into <paramref name="present"/> which of the values are there.</summary>
    /// <returns>Whether one is not.</returns>
    private static bool FindPresent(ColumnBuffers[] sources, ReadOnlySpan<long> places, Span<ulong> present)
    {
        bool hasNulls = false;
        for (int start = 0; start < places.Length; start += 64)
        {
            ulong bits = 0;
            int count = Math.Min(64, places.Length - start);
            for (int i = 0; i < count; i++)
            {
                long place = places[start + i];
                if (place < 0) continue;
                ref ColumnBuffers source = ref sources[place >> 32];
                int bit = source.Offset + (int)place;
                if (source.Validity is null || (source.Validity[bit >> 3] & (1 << (bit & 7))) != 0) bits |= 1UL << i;
            }
            present[start >> 6] = bits;
            hasNulls |= System.Numerics.BitOperations.PopCount(bits) < count;
        }
        return hasNulls;
    }

    private static bool IsPresent(ReadOnlySpan<ulong> present, int index) => (present[index >> 6] & (1UL << (index & 63))) != 0;
}

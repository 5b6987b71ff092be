using System.Text.Unicode;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>One reading of offered batches by one query; shared by DuckDB's threads.</summary>
/// <param name="offer">What is read.</param>
/// <param name="columns">The columns that the query wants, in its order; numbers past the last mean a row's number, which nobody looks at.</param>
internal sealed unsafe class BatchScan(OfferedBatches offer, int[] columns)
{
    private static readonly int s_chunkRowsMax = (int)NativeMethods.VectorSize();

    private readonly Lock _gate = new();
    private int _batchIndex;
    private int _row;

    /// <summary>Fills a chunk with the next rows; an empty chunk ends this thread's part.</summary>
    internal void Fill(nint chunk)
    {
        RecordBatch? batch;
        int start, count;
        lock (_gate) (batch, start, count) = NextUnsynchronized();
        if (batch is not null)
            for (int i = 0; i < columns.Length; i++) FillColumn(NativeMethods.ChunkVector(chunk, (ulong)i), batch, columns[i], start, count);
        NativeMethods.SetChunkSize(chunk, (ulong)count);
    }

    private (RecordBatch? Batch, int Start, int Count) NextUnsynchronized()
    {
        while (_batchIndex < offer.Batches.Count)
        {
            RecordBatch batch = offer.Batches[_batchIndex];
            int start = _row;
            int count = Math.Min(batch.RowCount - start, s_chunkRowsMax);
            if (count > 0)
            {
                _row += count;
                return (batch, start, count);
            }
            (_batchIndex, _row) = (_batchIndex + 1, 0);
        }
        return (null, 0, 0);
    }

    private void FillColumn(nint vector, RecordBatch batch, int index, int start, int count)
    {
        if (index >= offer.Schema.Count)
        {
            new Span<long>(NativeMethods.VectorData(vector), count).Clear();
            return;
        }
        ColumnView column = batch.Column(index);
        void* data = NativeMethods.VectorData(vector);
        ulong* validity = FillValidity(vector, column, start, count);
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
            case DecimalType { Precision: <= 4 }: Narrow<short>(column, start, count, data); break;
            case DecimalType { Precision: <= 9 }: Narrow<int>(column, start, count, data); break;
            case DecimalType { Precision: <= 18 }: Narrow<long>(column, start, count, data); break;
            case DecimalType: Copy<Int128>(column, start, count, data); break;
            case StringType or BinaryType: FillTexts(offer.Schema[index].Name, column, start, count, (StringStruct*)data, validity); break;
            default: throw new LeptonDataException("schemas.nested_batch", [column.Type]);
        }
    }

    /// <returns>The vector's bits where a value is NULL, else null.</returns>
    private static ulong* FillValidity(nint vector, ColumnView column, int start, int count)
    {
        if (!column.MayHaveNulls) return null;
        NativeMethods.EnsureValidity(vector);
        ulong* validity = NativeMethods.VectorValidity(vector);
        for (int word = 0; word * 64 < count; word++)
        {
            ulong bits = 0;
            int end = Math.Min(64, count - (word * 64));
            for (int bit = 0; bit < end; bit++)
                if (!column.IsNull(start + (word * 64) + bit)) bits |= 1UL << bit;
            validity[word] = bits;
        }
        return validity;
    }

    private static void Copy<T>(ColumnView column, int start, int count, void* data)
        where T : unmanaged
        => column.Values<T>().Slice(start, count).CopyTo(new Span<T>(data, count));

    private static void Narrow<T>(ColumnView column, int start, int count, void* data)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        ReadOnlySpan<Int128> values = column.Values<Int128>().Slice(start, count);
        for (int i = 0; i < values.Length; i++) ((T*)data)[i] = T.CreateChecked(values[i]);
    }

    // Long texts are pointed to, not copied: the offer holds the batches for as long as a query reads them.
    private static void FillTexts(string name, ColumnView column, int start, int count, StringStruct* texts, ulong* validity)
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
                if (validity is not null && (validity[i >> 6] & (1UL << (i & 63))) == 0) continue;
                byte* source = bytes + offsets[i];
                if (isText && length > 0 && (*source & 0xC0) == 0x80) throw new LeptonDataException("storage.duckdb_text", [name]);
                text->Length = (uint)length;
                if (length <= StringStruct.InlineLengthMax)
                {
                    for (int b = 0; b < length; b++) text->Inline[b] = source[b];
                }
                else
                {
                    *(uint*)text->Inline = *(uint*)source;
                    text->Pointer = source;
                }
            }
        }
    }
}

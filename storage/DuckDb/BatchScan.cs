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
        if (index < offer.Schema.Count) VectorFiller.Fill(vector, offer.Schema[index].Name, batch.Column(index), start, count);
        else new Span<long>(NativeMethods.VectorData(vector), count).Clear();
    }
}

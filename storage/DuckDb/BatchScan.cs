using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>One reading of offered batches by one query; shared by DuckDB's threads.</summary>
internal sealed class BatchScan(OfferedBatches offer, int[] columns) : IRowScan
{
    private readonly Lock _gate = new();
    private int _batchIndex;
    private int _row;

    public string Name => BatchRegistry.FunctionName;

    public int ThreadCountMax => (int)Math.Clamp(offer.RowCount / DuckDbReader.BatchRowsMin, 1, int.MaxValue);

    // Texts are pointed to: the offer holds the batches for as long as a query reads them.
    public void Fill(nint chunk)
    {
        RecordBatch? batch;
        int start, count;
        lock (_gate) (batch, start, count) = NextUnsynchronized();
        if (batch is not null)
            for (int i = 0; i < columns.Length; i++) VectorFiller.FillOrClear(NativeMethods.ChunkVector(chunk, (ulong)i), batch, columns[i], start, count, isKept: true);
        NativeMethods.SetChunkSize(chunk, (ulong)count);
    }

    private (RecordBatch? Batch, int Start, int Count) NextUnsynchronized()
    {
        while (_batchIndex < offer.Batches.Count)
        {
            RecordBatch batch = offer.Batches[_batchIndex];
            int start = _row;
            int count = Math.Min(batch.RowCount - start, ColumnCopier.RowsMax);
            if (count > 0)
            {
                _row += count;
                return (batch, start, count);
            }
            (_batchIndex, _row) = (_batchIndex + 1, 0);
        }
        return (null, 0, 0);
    }
}

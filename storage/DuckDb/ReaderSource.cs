using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>A table function whose rows come out of a reader, one batch at a time, as DuckDB asks for them.</summary>
internal sealed class ReaderSource(TableFunction function) : IRowSource
{
    public string Name => function.Name;

    public IReadOnlyList<DataType> Parameters => function.Parameters;

    public IBoundRows Bind(IReadOnlyList<object?> arguments) => new Rows(() => function.Open(arguments));

    private static void Dispose(IRecordBatchReader reader) => reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>The reader is opened for its schema; the first scan takes it, a later one (of a statement that runs again, of a table that is read twice) opens its own.</summary>
    private sealed class Rows : IBoundRows, IDisposable
    {
        private readonly Func<IRecordBatchReader> _open;
        private IRecordBatchReader? _unread;

        internal Rows(Func<IRecordBatchReader> open)
        {
            (_open, _unread) = (open, open());
            Schema = _unread.Schema;
        }

        public Schema Schema { get; }

        public long? RowCount => null;

        public IRowScan Scan(int[] columns) => new Scan(Interlocked.Exchange(ref _unread, null) ?? _open(), columns);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _unread, null) is { } reader) ReaderSource.Dispose(reader);
        }
    }

    private sealed class Scan(IRecordBatchReader reader, int[] columns) : IRowScan, IDisposable
    {
        private RecordBatch? _batch;
        private int _row;

        // Readers serve one caller at a time.
        public int ThreadCountMax => 1;

        public void Fill(nint chunk)
        {
            int count = 0;
            while ((_batch ??= Next()) is { } batch)
            {
                count = Math.Min(batch.RowCount - _row, ColumnCopier.RowsMax);
                if (count > 0)
                {
                    for (int i = 0; i < columns.Length; i++)
                        VectorFiller.FillOrClear(NativeMethods.ChunkVector(chunk, (ulong)i), batch, columns[i], _row, count, isKept: false);
                    _row += count;
                    break;
                }
                batch.Dispose();
                (_batch, _row) = (null, 0);
            }
            NativeMethods.SetChunkSize(chunk, (ulong)count);
        }

        public void Dispose()
        {
            _batch?.Dispose();
            ReaderSource.Dispose(reader);
        }

        private RecordBatch? Next() => reader.ReadAsync().AsTask().GetAwaiter().GetResult();
    }
}

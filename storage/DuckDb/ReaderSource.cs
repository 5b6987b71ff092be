using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>A table function whose rows come out of a reader, one batch at a time, as DuckDB asks for them.</summary>
/// <param name="function">Opens the readers.</param>
/// <param name="running">Those of the database, to be stopped with their statement.</param>
internal sealed class ReaderSource(TableFunction function, RunningScans running) : IRowSource
{
    private readonly RunningScans _running = running;

    public string Name => function.Name;

    public IReadOnlyList<DataType> Parameters => function.Parameters;

    public IBoundRows Bind(IReadOnlyList<object?> arguments, ulong connectionId) => new Rows(this, () => function.Open(arguments), connectionId);

    private static void Dispose(IRecordBatchReader reader) => reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>The reader is opened for its schema; the first scan takes it, a later one (of a statement that runs again, of a table that is read twice) opens its own.</summary>
    private sealed class Rows : IBoundRows, IDisposable
    {
        private readonly ReaderSource _source;
        private readonly Func<IRecordBatchReader> _open;
        private readonly ulong _connectionId;
        private IRecordBatchReader? _unread;

        internal Rows(ReaderSource source, Func<IRecordBatchReader> open, ulong connectionId)
        {
            (_source, _open, _connectionId, _unread) = (source, open, connectionId, open());
            Schema = _unread.Schema;
        }

        public string Name => _source.Name;

        public Schema Schema { get; }

        public long? RowCount => null;

        public IRowScan Scan(int[] columns) => new Scan(_source, Interlocked.Exchange(ref _unread, null) ?? _open(), Schema, columns, _connectionId);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _unread, null) is { } reader) ReaderSource.Dispose(reader);
        }
    }

    private sealed class Scan : IRowScan, IDisposable
    {
        private readonly ReaderSource _source;
        private readonly IRecordBatchReader _reader;
        private readonly Schema _declared;
        private readonly int[] _columns;
        private readonly ulong _connectionId;
        private readonly CancellationTokenSource _stop = new();
        private Schema? _checked;
        private RecordBatch? _batch;
        private int _row;

        internal Scan(ReaderSource source, IRecordBatchReader reader, Schema declared, int[] columns, ulong connectionId)
        {
            (_source, _reader, _declared, _columns, _connectionId) = (source, reader, declared, columns, connectionId);
            source._running.Add(connectionId, _stop);
        }

        public string Name => _source.Name;

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
                    for (int i = 0; i < _columns.Length; i++)
                        VectorFiller.FillOrClear(NativeMethods.ChunkVector(chunk, (ulong)i), batch, _columns[i], _row, count, isKept: false);
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
            _source._running.Remove(_connectionId, _stop);
            _stop.Dispose();
            _batch?.Dispose();
            ReaderSource.Dispose(_reader);
        }

        private RecordBatch? Next()
        {
            RecordBatch? batch;
            try
            {
                batch = _reader.ReadAsync(_stop.Token).AsTask().GetAwaiter().GetResult();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                throw DuckDbException.Stopped();
            }
            if (batch is null || ReferenceEquals(batch.Schema, _checked)) return batch;
            // DuckDB has vectors of the declared types, and a wider value would be written past their end.
            if (!batch.Schema.Fields.Select(field => field.Type).SequenceEqual(_declared.Fields.Select(field => field.Type)))
            {
                using (batch) throw new InvalidOperationException($"a batch has {batch.Schema}, not {_declared}");
            }
            _checked = batch.Schema;
            return batch;
        }
    }
}

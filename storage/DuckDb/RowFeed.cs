using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Feeds the rows of one query to accumulators, one for each thread that DuckDB runs it on. Columns of a fixed width are looked at where they lie in DuckDB's vectors.</summary>
internal sealed unsafe class RowFeed<T>(Schema schema, Func<T> perThread, MemoryBudget? memory) : IRowFeed, IDisposable
    where T : class, IAccumulator
{
    private readonly ConcurrentBag<Worker> _idle = [];
    private readonly ConcurrentQueue<Worker> _workers = new();
    private ExceptionDispatchInfo? _failure;

    /// <summary>Throws what an accumulator threw, if one did.</summary>
    internal void ThrowIfFailed() => Volatile.Read(ref _failure)?.Throw();

    /// <summary>The accumulators as one, which the caller disposes; called once, when the query has ended.</summary>
    internal T Merge()
    {
        T merged = _workers.TryDequeue(out Worker? first) ? first.Take() : perThread();
        try
        {
            foreach (Worker worker in _workers) merged.Merge(worker.Accumulator);
            return merged;
        }
        catch
        {
            merged.Dispose();
            throw;
        }
    }

    public void Take(nint chunk, int rows)
    {
        // What one thread could not take, no other needs to look at.
        if (Volatile.Read(ref _failure) is { } failure) throw failure.SourceException;
        try
        {
            if (!_idle.TryTake(out Worker? worker)) _workers.Enqueue(worker = new Worker(schema, perThread(), memory));
            worker.Process(chunk, rows);
            _idle.Add(worker);
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
            throw;
        }
    }

    public void Dispose()
    {
        foreach (Worker worker in _workers) worker.Dispose();
    }

    /// <summary>What one thread works with.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly Schema _schema;
        private readonly ColumnCopier?[] _copiers;
        private readonly int[] _copied;
        private readonly RecordBatchBuilder _builder;
        private readonly byte[] _scratch = new byte[ColumnCopier.RowsMax * 16];
        private T? _accumulator;

        internal Worker(Schema schema, T accumulator, MemoryBudget? memory)
        {
            (_schema, _accumulator) = (schema, accumulator);
            _copiers = [.. schema.Fields.Select(field => IsFlat(field.Type) ? null : CopierOf(field))];
            _copied = new int[schema.Count];
            var fields = new List<Field>();
            for (int i = 0; i < _copiers.Length; i++)
            {
                if (_copiers[i] is null) continue;
                _copied[i] = fields.Count;
                fields.Add(schema[i]);
            }
            _builder = new RecordBatchBuilder(new Schema(fields), ColumnCopier.RowsMax, memory);
        }

        internal T Accumulator => _accumulator!;

        internal T Take()
        {
            T accumulator = _accumulator!;
            _accumulator = null;
            Dispose();
            return accumulator;
        }

        internal void Process(nint chunk, int rows)
        {
            for (int i = 0; i < _copiers.Length; i++)
                if (_copiers[i] is { } copier) copier.Append(NativeMethods.ChunkVector(chunk, (ulong)i + 1), 0, rows, default, _builder.Column(_copied[i]), _scratch);
            using RecordBatch copied = _builder.Build(rows);
            var columns = new ColumnBuffers[_copiers.Length];
            for (int i = 0; i < columns.Length; i++)
            {
                if (_copiers[i] is not null) columns[i] = copied.Column(_copied[i]).Buffers;
                else
                {
                    nint vector = NativeMethods.ChunkVector(chunk, (ulong)i + 1);
                    columns[i] = new ColumnBuffers { Values = (byte*)NativeMethods.VectorData(vector), Validity = (byte*)NativeMethods.VectorValidity(vector) };
                }
            }
            using RecordBatch batch = RecordBatch.Over(_schema, rows, columns, Nothing.Instance);
            _accumulator!.Process(batch);
        }

        public void Dispose()
        {
            _accumulator?.Dispose();
            _accumulator = null;
            _builder.Dispose();
        }

        // DuckDB's vectors of these types are laid out as our columns are.
        private static bool IsFlat(DataType type) => type is IntegerType or FloatType or DateType or InstantType or NaiveTimeType or DecimalType { Precision: > 18 };

        private static ColumnCopier CopierOf(Field field)
        {
            using TypeHandle type = LogicalTypes.Create(field.Type);
            return new ColumnCopier(field.Name, type.Value);
        }
    }

    // The memory of a batch is DuckDB's and the copy's.
    private sealed class Nothing : IDisposable
    {
        internal static readonly Nothing Instance = new();

        public void Dispose() { }
    }
}

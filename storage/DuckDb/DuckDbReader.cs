using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>A statement's rows as a stream of batches of <see cref="BatchRowsMin"/> rows or more, the last excepted (and those with very long texts).</summary>
public sealed unsafe class DuckDbReader : IRecordBatchReader, IDisposable
{
    /// <summary>Every batch but the last has at least so many rows, unless its texts fill <see cref="TextBytesMax"/> before.</summary>
    public const int BatchRowsMin = 65_536;

    // A batch ends with the chunk that fills it: small enough to lie in a cache while it is worked on.
    private static readonly int s_rowCapacity = BatchRowsMin + ColumnCopier.RowsMax;
    private const int TextBytesMax = 8 << 20;

    private readonly DuckDbConnection _connection;
    private readonly ResultHandle _result;
    private readonly MemoryBudget? _memory;
    private readonly Func<CancellationToken, Exception?> _findCause;
    private readonly ColumnCopier[] _columns;
    private readonly ChunkHandle _chunk = new();
    private readonly byte[] _scratch = new byte[ColumnCopier.RowsMax * 16];
    private readonly Lock _gate = new();
    private readonly List<IDisposable> _owned = [];
    private bool _isAtEnd;
    private bool _hasFailed;
    private volatile bool _isDisposed;

    internal DuckDbReader(DuckDbConnection connection, ResultHandle result, MemoryBudget? memory, Func<CancellationToken, Exception?> findCause)
    {
        (_connection, _result, _memory, _findCause) = (connection, result, memory, findCause);
        _columns = new ColumnCopier[result.ColumnCount];
        var fields = new Field[_columns.Length];
        for (int i = 0; i < _columns.Length; i++)
        {
            string name = Marshal.PtrToStringUTF8((nint)NativeMethods.ColumnName(result.Pointer, (ulong)i)) ?? "";
            using var type = new TypeHandle(NativeMethods.ColumnType(result.Pointer, (ulong)i));
            _columns[i] = new ColumnCopier(name, type.Value);
            fields[i] = new Field(name, _columns[i].Type);
        }
        Schema = new Schema(fields);
    }

    /// <inheritdoc/>
    public Schema Schema { get; private set; }

    /// <inheritdoc/>
    public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
        => _isAtEnd ? ValueTask.FromResult<RecordBatch?>(null) : new ValueTask<RecordBatch?>(Task.Run(() => ReadBatch(cancellationToken), cancellationToken));

    /// <summary>As <see cref="ReadAsync"/>, on the caller's thread.</summary>
    /// <exception cref="DuckDbException">The statement failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the reader can only be disposed now.</exception>
    public RecordBatch? ReadBatch(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_hasFailed) throw new InvalidOperationException("the reader failed; it can only be disposed");
            if (_isAtEnd) return null;
            using CancellationTokenRegistration registration = cancellationToken.Register(_connection.Interrupt);
            _hasFailed = true;
            cancellationToken.ThrowIfCancellationRequested();
            RecordBatch? batch = FillUnsynchronized(cancellationToken);
            _hasFailed = false;
            return batch;
        }
    }

    /// <summary>Ends the statement and frees the connection; a read that is under way on another thread fails.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (!_isAtEnd) _connection.Interrupt();
        lock (_gate)
        {
            _chunk.Dispose();
            _result.Dispose();
            _connection.Release(this);
            foreach (IDisposable owned in _owned) owned.Dispose();
            _owned.Clear();
        }
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Gives the reader things to dispose after itself, in this order.</summary>
    public void Own(params ReadOnlySpan<IDisposable> owned) => _owned.AddRange(owned);

    /// <summary>Gives the columns other names or metadata, before the first read; the types must be equal.</summary>
    public void Rename(Schema schema)
    {
        if (!schema.Fields.Select(field => field.Type).SequenceEqual(Schema.Fields.Select(field => field.Type)))
            throw new ArgumentException($"the statement gives {Schema}, not {schema}", nameof(schema));
        Schema = schema;
    }

    private RecordBatch? FillUnsynchronized(CancellationToken cancellationToken)
    {
        if (!MoveNext(cancellationToken)) return null;
        // Small results are the rule at the start: only after a full chunk a batch takes its full room at once.
        using var builder = new RecordBatchBuilder(Schema, _chunk.RowCount < ColumnCopier.RowsMax ? 0 : s_rowCapacity, _memory);
        int rows = 0;
        do
        {
            int count = _chunk.RowCount;
            for (int i = 0; i < _columns.Length; i++) _columns[i].Append(_chunk.Vector(i), 0, count, default, builder.Column(i), _scratch);
            rows += count;
        }
        while (rows < BatchRowsMin && TextBytes(builder) < TextBytesMax && MoveNext(cancellationToken));
        return builder.Build(rows);
    }

    private bool MoveNext(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_chunk.MoveNext(_result)) return true;
        _isAtEnd = true;
        return string.IsNullOrEmpty(_result.Error) ? false : throw Failure(cancellationToken);
    }

    private Exception Failure(CancellationToken cancellationToken)
    {
        Exception error = DuckDbConnection.Failure(_result, cancellationToken);
        if (!_connection.IsUnexplained(error)) return error;
        _result.Dispose();
        return _findCause(cancellationToken) ?? error;
    }

    private long TextBytes(RecordBatchBuilder builder)
    {
        long most = 0;
        for (int i = 0; i < _columns.Length; i++) most = Math.Max(most, builder.Column(i).DataSizeBytes);
        return most;
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>
/// A connection to a <see cref="DuckDbDatabase"/>. Used by one caller at a time, for one statement or one open stream at a time; <see cref="Interrupt"/>,
/// <see cref="Progress"/> and <see cref="Dispose"/> may be called by others meanwhile.
/// </summary>
public sealed unsafe class DuckDbConnection : IDisposable
{
    // A statement that fails is at most run so often to learn why.
    internal const int AttemptCountMax = 20;

    private readonly RunningScans _running;
    private readonly ulong _id;
    private DuckDbReader? _openReader;
    private volatile bool _isInterruptAsked;

    internal DuckDbConnection(ConnectionHandle handle, RunningScans running)
    {
        (Handle, _running) = (handle, running);
        NativeMethods.ConnectionClientContext(handle, out nint pointer);
        using var context = new ClientContextHandle(pointer);
        _id = NativeMethods.ConnectionId(context);
    }

    internal ConnectionHandle Handle { get; }

    /// <summary>How far the running statement is, from 0 to 1; null where DuckDB does not know.</summary>
    public double? Progress
    {
        get
        {
            if (Handle.IsClosed) return null;
            try
            {
                double percentage = NativeMethods.GetProgress(Handle).Percentage;
                return percentage < 0 ? null : Math.Min(percentage / 100, 1);
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
        }
    }

    /// <summary>Stops the running statement within milliseconds; it fails with <see cref="DuckDbError.Interrupted"/>.</summary>
    public void Interrupt()
    {
        _isInterruptAsked = true;
        try
        {
            NativeMethods.Interrupt(Handle);
        }
        catch (ObjectDisposedException)
        {
            // Nothing runs on a closed connection.
        }
        // After it: a reader that is asked for its rows from now on is asked by a statement that is stopped.
        _running.Stop(_id);
    }

    /// <summary>Runs one statement to its end.</summary>
    /// <param name="sql">One statement, with <c>$1</c>, <c>$2</c>, … for the arguments.</param>
    /// <param name="arguments">null, bool, int, long, float, double, string, byte[], <see cref="DateOnly"/> or <see cref="EventTime"/>.</param>
    /// <param name="cancellationToken">Stops the statement within milliseconds.</param>
    /// <returns>How many rows an INSERT, UPDATE or DELETE changed; 0 for others.</returns>
    /// <exception cref="DuckDbException">DuckDB refused or failed.</exception>
    public long Execute(string sql, IReadOnlyList<object?>? arguments = null, CancellationToken cancellationToken = default)
    {
        using DuckDbStatement statement = Prepare(sql);
        return statement.Execute(arguments, cancellationToken);
    }

    /// <summary>Makes one statement ready to run, once or often.</summary>
    /// <param name="sql">One statement, with <c>$1</c>, <c>$2</c>, … for the arguments.</param>
    /// <exception cref="DuckDbException">DuckDB refuses it.</exception>
    public DuckDbStatement Prepare(string sql)
    {
        EnsureFree();
        return new DuckDbStatement(this, sql, PrepareHandle(sql));
    }

    /// <summary>Starts one statement and reads what it returns as a stream. Until the reader is disposed, the connection is taken.</summary>
    /// <param name="sql">One statement, with <c>$1</c>, <c>$2</c>, … for the arguments.</param>
    /// <param name="arguments">As in <see cref="Execute"/>.</param>
    /// <param name="memory">Charged for the batches; null for none.</param>
    /// <param name="cancellationToken">Stops the start; each read takes its own.</param>
    /// <exception cref="DuckDbException">DuckDB refused or failed.</exception>
    /// <exception cref="LeptonDataException"><c>storage.duckdb_type</c>: a column's type is none that a batch holds.</exception>
    public DuckDbReader Read(string sql, IReadOnlyList<object?>? arguments = null, MemoryBudget? memory = null, CancellationToken cancellationToken = default)
    {
        using DuckDbStatement statement = Prepare(sql);
        return statement.Read(arguments, memory, cancellationToken);
    }

    /// <summary>The single value that a statement returns, as <see cref="ColumnView.Value"/> gives it; the default of <typeparamref name="T"/> for NULL and for no row, so that <c>long?</c> tells them from 0.</summary>
    /// <exception cref="InvalidCastException">The column has another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="DuckDbException">DuckDB refused or failed.</exception>
    public T? ReadValue<T>(string sql, IReadOnlyList<object?>? arguments = null, CancellationToken cancellationToken = default)
    {
        using DuckDbReader reader = Read(sql, arguments, null, cancellationToken);
        using RecordBatch? batch = reader.ReadBatch(cancellationToken);
        return batch?.Column(0).Value(0) is { } value ? (T)value : default;
    }

    /// <summary>The columns that a statement would return, found without running it.</summary>
    /// <returns>Names, types in DuckDB's own spelling, and the type that a batch of it has; null where no batch holds it.</returns>
    /// <exception cref="DuckDbException">DuckDB refuses it.</exception>
    public IReadOnlyList<(string Name, string Type, DataType? BatchType)> Describe(string sql)
    {
        EnsureFree();
        using StatementHandle statement = PrepareHandle(sql);
        var columns = new (string, string, DataType?)[NativeMethods.StatementColumnCount(statement)];
        for (int i = 0; i < columns.Length; i++)
        {
            using var type = new TypeHandle(NativeMethods.StatementColumnType(statement, (ulong)i));
            byte* name = NativeMethods.StatementColumnName(statement, (ulong)i);
            columns[i] = (Marshal.PtrToStringUTF8((nint)name) ?? "", LogicalTypes.NameOf(type.Value), LogicalTypes.DataTypeOf(type.Value));
            NativeMethods.Free(name);
        }
        return columns;
    }

    /// <summary>Runs one <c>COPY … TO … (…, RETURN_STATS)</c>.</summary>
    /// <returns>The files that it wrote.</returns>
    /// <exception cref="DuckDbException">DuckDB refused or failed; files may be left.</exception>
    public IReadOnlyList<CopiedFile> Copy(string sql, CancellationToken cancellationToken = default)
    {
        using DuckDbStatement statement = Prepare(sql);
        using ResultHandle result = Run(statement, [], isStreaming: false, cancellationToken);
        return CopiedFile.ReadAll(result);
    }

    /// <summary>Makes a table and fills it. The table is seen by every connection of the database.</summary>
    /// <param name="database">This connection's database.</param>
    /// <param name="name">The table's name, not quoted.</param>
    /// <param name="schema">The columns, nested ones too.</param>
    /// <param name="batches">The rows; they stay the caller's.</param>
    /// <param name="cancellationToken">Observed while rows are copied; no table is left then.</param>
    public void CreateTable(DuckDbDatabase database, string name, Schema schema, IReadOnlyList<RecordBatch> batches, CancellationToken cancellationToken = default)
    {
        using OfferedBatches offered = database.Offer(schema, batches);
        Execute($"CREATE TABLE {SqlLiteral.Name(name)} AS FROM {offered.Sql}", null, cancellationToken);
    }

    /// <summary>Closes it; an open reader and a running statement end first.</summary>
    public void Dispose()
    {
        _openReader?.Dispose();
        Interrupt();
        Handle.Dispose();
    }

    internal void Release(DuckDbReader reader)
    {
        if (ReferenceEquals(_openReader, reader)) _openReader = null;
    }

    private void EnsureFree()
    {
        ObjectDisposedException.ThrowIf(Handle.IsClosed, this);
        if (_openReader is not null) throw new InvalidOperationException("a reader of this connection is open; dispose it first");
    }

    private StatementHandle PrepareHandle(string sql)
    {
        if (sql.Contains('\0', StringComparison.Ordinal)) throw new ArgumentException("a statement holds no NUL", nameof(sql));
        int state = NativeMethods.Prepare(Handle, sql, out nint pointer);
        var statement = new StatementHandle(pointer, Handle);
        if (state == 0) return statement;
        using (statement) throw Failure(Marshal.PtrToStringUTF8((nint)NativeMethods.PrepareError(statement)) ?? "the statement was refused");
    }

    internal DuckDbReader Read(DuckDbStatement statement, IReadOnlyList<object?> arguments, MemoryBudget? memory, CancellationToken cancellationToken)
    {
        ResultHandle result = Run(statement, arguments, isStreaming: true, cancellationToken);
        try
        {
            string sql = statement.Sql;
            return _openReader = new DuckDbReader(this, result, memory, token => FindCause(sql, arguments, token));
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    internal ResultHandle Run(DuckDbStatement statement, IReadOnlyList<object?> arguments, bool isStreaming, CancellationToken cancellationToken)
    {
        EnsureFree();
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return RunOnce(statement.Handle, arguments, isStreaming, cancellationToken);
            }
            catch (DuckDbException error) when (IsUnexplained(error) && attempt < AttemptCountMax)
            {
                // What it did was rolled back, so it may run again.
            }
        }
    }

    internal ResultHandle RunOnce(StatementHandle statement, IReadOnlyList<object?> arguments, bool isStreaming, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _isInterruptAsked = false;
        Bind(statement, arguments);
        int state = isStreaming ? NativeMethods.PendStreaming(statement, out nint pointer) : NativeMethods.Pend(statement, out pointer);
        using var pending = new PendingHandle(pointer, Handle);
        if (state != 0) throw Failure(Marshal.PtrToStringUTF8((nint)NativeMethods.PendingError(pending)) ?? "the statement was refused");
        var result = new ResultHandle(Handle);
        try
        {
            // Starting a statement clears an earlier interrupt, so the token is only listened to once it is started; a token cancelled by then calls back at once.
            using (cancellationToken.Register(Interrupt)) state = NativeMethods.ExecutePending(pending, result.Pointer);
            if (state == 0) return result;
            throw Failure(result, cancellationToken);
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether a stream ended as interrupted though nobody asked for it: when one of DuckDB's threads fails, it stops the others, and now and then a stream reports the stop
    /// instead of the failure (6 of 100 in 1.5.6).
    /// </summary>
    internal bool IsUnexplained(Exception error) => error is DuckDbException { Error: DuckDbError.Interrupted } && !_isInterruptAsked;

    // The statement is run again for its error alone; what fails once does so again.
    private Exception? FindCause(string sql, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        for (int attempt = 1; attempt < AttemptCountMax; attempt++)
        {
            try
            {
                using StatementHandle statement = PrepareHandle(sql);
                using ResultHandle result = RunOnce(statement, arguments, isStreaming: true, cancellationToken);
                using var chunk = new ChunkHandle();
                while (chunk.MoveNext(result)) { }
                if (string.IsNullOrEmpty(result.Error)) continue;
                Exception error = Failure(result, cancellationToken);
                if (!IsUnexplained(error)) return error;
            }
            catch (DuckDbException error) when (IsUnexplained(error))
            {
                // Once more.
            }
            catch (Exception error) when (error is DuckDbException or OperationCanceledException)
            {
                return error;
            }
        }
        return null;
    }

    internal static Exception Failure(ResultHandle result, CancellationToken cancellationToken)
    {
        LeptonDataException error = Failure(result.Error ?? "the statement failed");
        return error is DuckDbException { Error: DuckDbError.Interrupted } && cancellationToken.IsCancellationRequested ? new OperationCanceledException(error.Message, error, cancellationToken) : error;
    }

    private static LeptonDataException Failure(string message) => (LeptonDataException?)CallErrors.Find(message) ?? DuckDbException.Of(message);

    private static void Bind(StatementHandle statement, IReadOnlyList<object?> arguments)
    {
        ulong count = NativeMethods.ParameterCount(statement);
        if (count != (ulong)arguments.Count) throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"the statement takes {count} arguments, not {arguments.Count}"), nameof(arguments));
        for (int i = 0; i < arguments.Count; i++)
            if (BindOne(statement, (ulong)i + 1, arguments[i]) != 0) throw new ArgumentException($"argument {i + 1} was refused", nameof(arguments));
    }

    private static int BindOne(StatementHandle statement, ulong index, object? value)
    {
        switch (value)
        {
            case null: return NativeMethods.BindNull(statement, index);
            case bool truth: return NativeMethods.BindBoolean(statement, index, truth);
            case float number: return NativeMethods.BindFloat(statement, index, number);
            case int number: return NativeMethods.BindInt32(statement, index, number);
            case long number: return NativeMethods.BindInt64(statement, index, number);
            case double number: return NativeMethods.BindDouble(statement, index, number);
            case DateOnly date: return NativeMethods.BindDate(statement, index, date.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber);
            case EventTime time: return NativeMethods.BindInstant(statement, index, time.MicrosecondsSinceEpoch);
            case string text:
                byte[] utf8 = Encoding.UTF8.GetBytes(text);
                fixed (byte* pointer = utf8) return NativeMethods.BindText(statement, index, pointer, (ulong)utf8.Length);
            case byte[] bytes:
                fixed (byte* pointer = bytes) return NativeMethods.BindBytes(statement, index, pointer, (ulong)bytes.Length);
            default: throw new ArgumentException($"{value.GetType()} is no type of an argument", nameof(value));
        }
    }
}

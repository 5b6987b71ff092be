using System.Runtime.InteropServices;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.DuckDb.Native;

/// <summary>A native handle that keeps its parent's alive, so that handles may be closed in any order.</summary>
internal abstract class ChildHandle : SafeHandle
{
    private readonly SafeHandle? _parent;

    protected ChildHandle(nint value, SafeHandle? parent)
        : base(0, ownsHandle: true)
    {
        SetHandle(value);
        bool isAdded = false;
        parent?.DangerousAddRef(ref isAdded);
        _parent = parent;
    }

    public override bool IsInvalid => handle == 0;

    protected sealed override bool ReleaseHandle()
    {
        Free();
        _parent?.DangerousRelease();
        return true;
    }

    protected abstract void Free();
}

/// <summary><c>duckdb_database</c>, and the folder that it spills into, which goes with it.</summary>
internal sealed class DatabaseHandle(nint value, HeldFolder? spill = null) : ChildHandle(value, null)
{
    internal string? SpillFolder => spill?.Path;

    protected override void Free()
    {
        NativeMethods.Close(ref handle);
        spill?.Dispose();
    }
}

/// <summary><c>duckdb_connection</c></summary>
internal sealed class ConnectionHandle(nint value, DatabaseHandle database) : ChildHandle(value, database)
{
    protected override void Free() => NativeMethods.Disconnect(ref handle);
}

/// <summary><c>duckdb_prepared_statement</c></summary>
internal sealed class StatementHandle(nint value, ConnectionHandle connection) : ChildHandle(value, connection)
{
    protected override void Free() => NativeMethods.DestroyPrepare(ref handle);
}

/// <summary><c>duckdb_pending_result</c></summary>
internal sealed class PendingHandle(nint value, ConnectionHandle connection) : ChildHandle(value, connection)
{
    protected override void Free() => NativeMethods.DestroyPending(ref handle);
}

/// <summary><c>duckdb_result</c>, in memory of its own.</summary>
internal sealed unsafe class ResultHandle(ConnectionHandle connection) : ChildHandle((nint)NativeMemory.AllocZeroed((nuint)sizeof(ResultStruct)), connection)
{
    internal ulong ColumnCount => Use(static result => NativeMethods.ColumnCount(result));

    internal ulong RowsChanged => Use(static result => NativeMethods.RowsChanged(result));

    /// <summary>Valid while the caller holds this handle and its connection's lock.</summary>
    internal ResultStruct* Pointer => (ResultStruct*)handle;

    /// <summary>What went wrong, or null.</summary>
    internal string? Error => Use(static result => Marshal.PtrToStringUTF8((nint)NativeMethods.ResultError(result)));

    /// <summary>The next chunk, which the caller destroys, or 0 at the end and on an error; see <see cref="ChunkHandle"/>.</summary>
    internal nint FetchChunk() => Use(static result => NativeMethods.FetchChunk(*result));

    protected override void Free()
    {
        NativeMethods.DestroyResult(Pointer);
        NativeMemory.Free(Pointer);
        handle = 0;
    }

    private T Use<T>(ResultFunction<T> function)
    {
        bool isAdded = false;
        DangerousAddRef(ref isAdded);
        try
        {
            return function(Pointer);
        }
        finally
        {
            DangerousRelease();
        }
    }

    private delegate T ResultFunction<T>(ResultStruct* result);
}

/// <summary><c>duckdb_config</c></summary>
internal sealed class ConfigHandle(nint value) : ChildHandle(value, null)
{
    protected override void Free() => NativeMethods.DestroyConfig(ref handle);
}

/// <summary><c>duckdb_value</c></summary>
internal sealed class ValueHandle(nint value) : ChildHandle(value, null)
{
    protected override void Free() => NativeMethods.DestroyValue(ref handle);
}

/// <summary><c>duckdb_client_context</c></summary>
internal sealed class ClientContextHandle(nint value) : ChildHandle(value, null)
{
    protected override void Free() => NativeMethods.DestroyClientContext(ref handle);
}

/// <summary><c>duckdb_table_function</c></summary>
internal sealed class TableFunctionHandle() : ChildHandle(NativeMethods.CreateTableFunction(), null)
{
    protected override void Free() => NativeMethods.DestroyTableFunction(ref handle);
}

/// <summary><c>duckdb_scalar_function</c></summary>
internal sealed class ScalarFunctionHandle() : ChildHandle(NativeMethods.CreateScalarFunction(), null)
{
    protected override void Free() => NativeMethods.DestroyScalarFunction(ref handle);
}

/// <summary>The <c>duckdb_data_chunk</c>s of one result, one at a time, so that a stream of many has one handle.</summary>
internal sealed class ChunkHandle() : ChildHandle(0, null)
{
    internal int RowCount => (int)NativeMethods.ChunkSize(handle);

    /// <summary>Frees the chunk at hand and takes the next one of a result.</summary>
    /// <returns>False at the end and on an error.</returns>
    internal bool MoveNext(ResultHandle result)
    {
        if (handle != 0) NativeMethods.DestroyChunk(ref handle);
        SetHandle(result.FetchChunk());
        return handle != 0;
    }

    /// <summary>A column, which lives as long as the chunk.</summary>
    internal nint Vector(int index) => NativeMethods.ChunkVector(handle, (ulong)index);

    protected override void Free() => NativeMethods.DestroyChunk(ref handle);
}

/// <summary><c>duckdb_logical_type</c></summary>
internal sealed class TypeHandle(nint value) : ChildHandle(value, null)
{
    internal nint Value => handle;

    protected override void Free() => NativeMethods.DestroyType(ref handle);
}

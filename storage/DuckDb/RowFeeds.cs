using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>The function through which a query hands its rows to us on all of DuckDB's threads: <c>SELECT count(lepton_feed(id, …)) FROM …</c>. A stream of results would keep one core busy.</summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "No exception may cross the native boundary: it would end the process.")]
internal sealed unsafe class RowFeeds
{
    internal const string FunctionName = "lepton_feed";

    private readonly ConcurrentDictionary<long, IRowFeed> _open = new();
    private long _lastId;

    internal void Register(ConnectionHandle connection)
    {
        using var native = new ScalarFunctionHandle();
        NativeMethods.SetScalarFunctionName(native, FunctionName);
        using (TypeHandle number = LogicalTypes.Create(DataType.Int64)) NativeMethods.AddScalarFunctionParameter(native, number);
        using (var any = new TypeHandle(NativeMethods.CreateType(Native.TypeCode.Any))) NativeMethods.SetScalarFunctionVarargs(native, any);
        using (TypeHandle truth = LogicalTypes.Create(DataType.Boolean)) NativeMethods.SetScalarFunctionResult(native, truth);
        NativeMethods.SetScalarFunctionTakesNulls(native);
        // It has side effects: DuckDB neither folds nor skips calls of a volatile function.
        NativeMethods.SetScalarFunctionVolatile(native);
        NativeMethods.SetScalarFunctionExtra(native, Pinned.ToPointer(this), &Pinned.Free);
        NativeMethods.SetScalarFunctionBody(native, &Run);
        if (NativeMethods.RegisterScalarFunction(connection, native) != 0) throw DuckDbException.Of($"the function {FunctionName} was refused");
    }

    internal long Open(IRowFeed feed)
    {
        long id = Interlocked.Increment(ref _lastId);
        _open[id] = feed;
        return id;
    }

    internal void Close(long id) => _open.TryRemove(id, out _);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Run(nint info, nint chunk, nint result)
    {
        try
        {
            Pinned.FromPointer<RowFeeds>(NativeMethods.ScalarFunctionExtra(info)).Take(chunk, result);
        }
        catch (Exception error)
        {
            NativeMethods.ScalarFunctionSetError(info, CallErrors.Keep(FunctionName, error));
        }
    }

    private void Take(nint chunk, nint result)
    {
        int rows = (int)NativeMethods.ChunkSize(chunk);
        if (rows == 0) return;
        // DuckDB makes vectors flat before it calls, the constant one too.
        long id = *(long*)NativeMethods.VectorData(NativeMethods.ChunkVector(chunk, 0));
        if (!_open.TryGetValue(id, out IRowFeed? feed)) throw new InvalidOperationException($"nobody takes rows as {id}");
        feed.Take(chunk, rows);
        new Span<byte>(NativeMethods.VectorData(result), rows).Fill(1);
    }
}

/// <summary>Takes the rows of one query.</summary>
internal interface IRowFeed
{
    /// <summary>Takes the rows of a chunk, whose first vector is no column. Called by several threads at once.</summary>
    void Take(nint chunk, int rows);
}

using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>
/// The batches that one database may read, and the table function that reads them: <c>lepton_batches(id)</c>. DuckDB calls it on its own threads, several at once
/// where the order of rows does not matter (it sees to that itself).
/// </summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "No exception may cross the native boundary: it would end the process.")]
internal sealed unsafe class BatchRegistry
{
    internal const string FunctionName = "lepton_batches";

    private readonly ConcurrentDictionary<long, OfferedBatches> _offers = new();
    private long _lastId;

    internal OfferedBatches Offer(Schema schema, IReadOnlyList<RecordBatch> batches)
    {
        long id = Interlocked.Increment(ref _lastId);
        var offer = new OfferedBatches(this, id, schema, batches);
        _offers[id] = offer;
        return offer;
    }

    internal void Remove(long id) => _offers.TryRemove(id, out _);

    internal void RegisterFunction(ConnectionHandle connection)
    {
        nint function = NativeMethods.CreateTableFunction();
        try
        {
            using TypeHandle id = LogicalTypes.Create(DataType.Int64);
            NativeMethods.SetTableFunctionName(function, FunctionName);
            NativeMethods.AddTableFunctionParameter(function, id.Value);
            NativeMethods.SetTableFunctionExtra(function, ToPointer(this), &Free);
            NativeMethods.SetTableFunctionBind(function, &Bind);
            NativeMethods.SetTableFunctionInit(function, &Init);
            NativeMethods.SetTableFunctionBody(function, &Fill);
            NativeMethods.SetTableFunctionProjects(function, true);
            if (NativeMethods.RegisterTableFunction(connection, function) != 0) throw DuckDbException.Of("a table function was refused");
        }
        finally
        {
            NativeMethods.DestroyTableFunction(ref function);
        }
    }

    private static nint ToPointer(object target) => GCHandle.ToIntPtr(GCHandle.Alloc(target));

    private static T FromPointer<T>(nint pointer) => (T)GCHandle.FromIntPtr(pointer).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(nint pointer) => GCHandle.FromIntPtr(pointer).Free();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bind(nint info)
    {
        try
        {
            nint parameter = NativeMethods.BindParameter(info, 0);
            long id = NativeMethods.GetInt64(parameter);
            NativeMethods.DestroyValue(ref parameter);
            if (!FromPointer<BatchRegistry>(NativeMethods.BindExtra(info))._offers.TryGetValue(id, out OfferedBatches? offer))
            {
                NativeMethods.BindSetError(info, $"no batches are offered as {id}");
                return;
            }
            foreach (Field field in offer.Schema.Fields)
            {
                using TypeHandle type = LogicalTypes.Create(field.Type);
                NativeMethods.BindAddColumn(info, field.Name, type.Value);
            }
            NativeMethods.BindSetCardinality(info, (ulong)offer.RowCount, isExact: true);
            NativeMethods.BindSetData(info, ToPointer(offer), &Free);
        }
        catch (Exception error)
        {
            NativeMethods.BindSetError(info, OneLine.Of(error.Message));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Init(nint info)
    {
        try
        {
            var offer = FromPointer<OfferedBatches>(NativeMethods.InitBindData(info));
            var columns = new int[NativeMethods.InitColumnCount(info)];
            for (int i = 0; i < columns.Length; i++) columns[i] = (int)Math.Min(NativeMethods.InitColumnIndex(info, (ulong)i), int.MaxValue);
            NativeMethods.InitSetThreadsMax(info, (ulong)Math.Clamp(offer.RowCount / DuckDbReader.BatchRowsMin, 1, Environment.ProcessorCount));
            NativeMethods.InitSetData(info, ToPointer(new BatchScan(offer, columns)), &Free);
        }
        catch (Exception error)
        {
            NativeMethods.InitSetError(info, OneLine.Of(error.Message));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Fill(nint info, nint chunk)
    {
        try
        {
            FromPointer<BatchScan>(NativeMethods.FunctionInitData(info)).Fill(chunk);
        }
        catch (Exception error)
        {
            NativeMethods.FunctionSetError(info, OneLine.Of(error.Message));
        }
    }
}

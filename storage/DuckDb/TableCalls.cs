using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>What gives rows to DuckDB: a name and parameters.</summary>
internal interface IRowSource
{
    string Name { get; }

    IReadOnlyList<DataType> Parameters { get; }

    /// <summary>Looks at the arguments of one query. If the result is disposable, it is disposed with the query.</summary>
    /// <param name="arguments">One for each parameter.</param>
    /// <param name="connectionId">Which of the database's connections runs the query.</param>
    IBoundRows Bind(IReadOnlyList<object?> arguments, ulong connectionId);
}

/// <summary>The rows that one query reads.</summary>
internal interface IBoundRows
{
    /// <summary>What gives the rows, for messages.</summary>
    string Name { get; }

    Schema Schema { get; }

    /// <summary>How many rows there are, or null where that is not known.</summary>
    long? RowCount { get; }

    /// <summary>Begins to read.</summary>
    /// <param name="columns">The columns that the query wants, in its order; numbers past the last mean a row's number, which nobody looks at.</param>
    IRowScan Scan(int[] columns);
}

/// <summary>One reading of rows, shared by DuckDB's threads.</summary>
internal interface IRowScan
{
    /// <summary>What gives the rows, for messages.</summary>
    string Name { get; }

    /// <summary>How many threads may fill at once.</summary>
    int ThreadCountMax { get; }

    /// <summary>Fills a chunk with the next rows; an empty chunk ends the calling thread's part.</summary>
    void Fill(nint chunk);
}

/// <summary>Row sources as DuckDB calls them. It sees to the order of rows itself, by one thread where that matters.</summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "No exception may cross the native boundary: it would end the process.")]
internal static unsafe class TableCalls
{
    internal static void Register(ConnectionHandle connection, IRowSource source)
    {
        using var native = new TableFunctionHandle();
        NativeMethods.SetTableFunctionName(native, source.Name);
        foreach (DataType parameter in source.Parameters)
        {
            using TypeHandle type = LogicalTypes.Create(parameter);
            NativeMethods.AddTableFunctionParameter(native, type);
        }
        NativeMethods.SetTableFunctionExtra(native, Pinned.ToPointer(source), &Pinned.Free);
        NativeMethods.SetTableFunctionBind(native, &Bind);
        NativeMethods.SetTableFunctionInit(native, &Init);
        NativeMethods.SetTableFunctionBody(native, &Fill);
        NativeMethods.SetTableFunctionProjects(native, true);
        if (NativeMethods.RegisterTableFunction(connection, native) != 0) throw DuckDbException.Of($"the function {source.Name} was refused");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bind(nint info)
    {
        var source = Pinned.FromPointer<IRowSource>(NativeMethods.BindExtra(info));
        try
        {
            var arguments = new object?[source.Parameters.Count];
            for (int i = 0; i < arguments.Length; i++)
            {
                using var value = new ValueHandle(NativeMethods.BindParameter(info, (ulong)i));
                arguments[i] = ValueOf(value, source.Parameters[i]);
            }
            NativeMethods.BindClientContext(info, out nint pointer);
            using var context = new ClientContextHandle(pointer);
            IBoundRows rows = source.Bind(arguments, NativeMethods.ConnectionId(context));
            // From here on DuckDB frees it, also when what follows fails.
            NativeMethods.BindSetData(info, Pinned.ToPointer(rows), &Pinned.Free);
            foreach (Field field in rows.Schema.Fields)
            {
                using TypeHandle type = LogicalTypes.Create(field.Type);
                NativeMethods.BindAddColumn(info, field.Name, type);
            }
            if (rows.RowCount is { } count) NativeMethods.BindSetCardinality(info, (ulong)count, isExact: true);
        }
        catch (Exception error)
        {
            NativeMethods.BindSetError(info, CallErrors.Keep(source.Name, error));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Init(nint info)
    {
        var rows = Pinned.FromPointer<IBoundRows>(NativeMethods.InitBindData(info));
        try
        {
            var columns = new int[NativeMethods.InitColumnCount(info)];
            for (int i = 0; i < columns.Length; i++) columns[i] = (int)Math.Min(NativeMethods.InitColumnIndex(info, (ulong)i), int.MaxValue);
            IRowScan scan = rows.Scan(columns);
            NativeMethods.InitSetThreadsMax(info, (ulong)Math.Clamp(scan.ThreadCountMax, 1, Environment.ProcessorCount));
            NativeMethods.InitSetData(info, Pinned.ToPointer(scan), &Pinned.Free);
        }
        catch (Exception error)
        {
            NativeMethods.InitSetError(info, CallErrors.Keep(rows.Name, error));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Fill(nint info, nint chunk)
    {
        var scan = Pinned.FromPointer<IRowScan>(NativeMethods.FunctionInitData(info));
        try
        {
            scan.Fill(chunk);
        }
        catch (Exception error)
        {
            NativeMethods.FunctionSetError(info, CallErrors.Keep(scan.Name, error));
        }
    }

    private static object? ValueOf(ValueHandle value, DataType type)
    {
        if (NativeMethods.IsNullValue(value)) return null;
        switch (type)
        {
            case BooleanType: return NativeMethods.GetBoolean(value);
            case IntegerType { BitWidth: 64 }: return NativeMethods.GetInt64(value);
            case FloatType { BitWidth: 64 }: return NativeMethods.GetDouble(value);
            case StringType:
                byte* text = NativeMethods.GetText(value);
                string taken = Marshal.PtrToStringUTF8((nint)text) ?? "";
                NativeMethods.Free(text);
                return taken;
            default: throw new InvalidOperationException($"a parameter of {type}");
        }
    }
}

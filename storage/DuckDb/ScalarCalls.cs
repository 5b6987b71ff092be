using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>A registered scalar function as DuckDB calls it: a chunk becomes a batch, the values that are made of it a vector.</summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "No exception may cross the native boundary: it would end the process.")]
internal sealed unsafe class ScalarCalls
{
    private readonly ScalarFunction _function;
    private readonly Schema _parameters;
    private readonly Schema _result;

    // One for each call that is under way; DuckDB calls on several threads.
    private readonly ConcurrentBag<Call> _idle = [];

    private ScalarCalls(ScalarFunction function)
    {
        _function = function;
        _parameters = new Schema(function.Parameters.Select((type, index) => new Field($"argument_{index + 1}", type)));
        _result = new Schema([new Field("result", function.Result)]);
    }

    internal static void Register(ConnectionHandle connection, ScalarFunction function)
    {
        using var native = new ScalarFunctionHandle();
        NativeMethods.SetScalarFunctionName(native, function.Name);
        foreach (DataType parameter in function.Parameters)
        {
            using TypeHandle type = LogicalTypes.Create(parameter);
            NativeMethods.AddScalarFunctionParameter(native, type);
        }
        using (TypeHandle type = LogicalTypes.Create(function.Result)) NativeMethods.SetScalarFunctionResult(native, type);
        NativeMethods.SetScalarFunctionTakesNulls(native);
        if (function.IsVolatile) NativeMethods.SetScalarFunctionVolatile(native);
        NativeMethods.SetScalarFunctionExtra(native, Pinned.ToPointer(new ScalarCalls(function)), &Pinned.Free);
        NativeMethods.SetScalarFunctionBody(native, &Run);
        if (NativeMethods.RegisterScalarFunction(connection, native) != 0) throw DuckDbException.Of($"the function {function.Name} was refused");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Run(nint info, nint chunk, nint result)
    {
        var calls = Pinned.FromPointer<ScalarCalls>(NativeMethods.ScalarFunctionExtra(info));
        try
        {
            calls.Run(chunk, result);
        }
        catch (Exception error)
        {
            NativeMethods.ScalarFunctionSetError(info, CallErrors.Keep(calls._function.Name, error));
        }
    }

    private void Run(nint chunk, nint result)
    {
        if (!_idle.TryTake(out Call? call)) call = new Call(_parameters, _result);
        bool isDone = false;
        try
        {
            int rows = (int)NativeMethods.ChunkSize(chunk);
            using RecordBatch arguments = call.Arguments(chunk, rows);
            _function.Body(arguments, call.Results.Column(0));
            if (call.Results.Column(0).Count != rows) throw new InvalidOperationException($"{call.Results.Column(0).Count} values were made for {rows} rows");
            using RecordBatch values = call.Results.Build();
            VectorFiller.Fill(result, _function.Name, values.Column(0), 0, rows, isKept: false);
            isDone = true;
        }
        finally
        {
            // Where a call failed, its builders may hold part of a batch.
            if (isDone) _idle.Add(call);
            else call.Dispose();
        }
    }

    private sealed class Call : IDisposable
    {
        private readonly RecordBatchBuilder _arguments;
        private readonly ColumnCopier[] _copiers;
        private readonly byte[] _scratch = new byte[ColumnCopier.RowsMax * 16];

        internal Call(Schema parameters, Schema result)
        {
            _copiers = [.. parameters.Fields.Select(CopierOf)];
            (_arguments, Results) = (new RecordBatchBuilder(parameters, ColumnCopier.RowsMax), new RecordBatchBuilder(result, ColumnCopier.RowsMax));
        }

        internal RecordBatchBuilder Results { get; }

        internal RecordBatch Arguments(nint chunk, int rows)
        {
            for (int i = 0; i < _copiers.Length; i++) _copiers[i].Append(NativeMethods.ChunkVector(chunk, (ulong)i), 0, rows, default, _arguments.Column(i), _scratch);
            return _arguments.Build(rows);
        }

        public void Dispose()
        {
            _arguments.Dispose();
            Results.Dispose();
        }

        private static ColumnCopier CopierOf(Field field)
        {
            using TypeHandle type = LogicalTypes.Create(field.Type);
            return new ColumnCopier(field.Name, type.Value);
        }
    }
}

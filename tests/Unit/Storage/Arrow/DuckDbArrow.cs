using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.DuckDb.Native;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>A database of DuckDB in memory, and the Arrow functions of its C API, which the product itself has no need of: its batches pass more directly.</summary>
internal sealed unsafe partial class DuckDbArrow : IDisposable
{
    private readonly DatabaseHandle _database;

    static DuckDbArrow() => NativeLibrary.SetDllImportResolver(typeof(DuckDbArrow).Assembly, (name, _, _) => name == NativeMethods.Library ? LibraryResolver.EnsureLoaded() : 0);

    /// <param name="settings">As <c>name=value</c>.</param>
    internal DuckDbArrow(params ReadOnlySpan<string> settings)
    {
        NativeMethods.CreateConfig(out nint value);
        using var config = new ConfigHandle(value);
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            Assert.That(NativeMethods.SetConfig(config, setting[..equals], setting[(equals + 1)..]), Is.Zero, setting);
        }
        Assert.That(NativeMethods.Open(":memory:", out nint database, config, out byte* error), Is.Zero, Marshal.PtrToStringUTF8((nint)error));
        _database = new DatabaseHandle(database);
        Assert.That(NativeMethods.Connect(_database, out nint connection), Is.Zero);
        Connection = new DuckDbConnection(new ConnectionHandle(connection, _database), new RunningScans());
        // Else the types of instants have the zone of this machine.
        Connection.Execute("SET TimeZone = 'UTC'");
    }

    internal DuckDbConnection Connection { get; }

    /// <summary>Makes a view of a stream, which is read by the first query of it and released by the caller.</summary>
    internal void Scan(string view, CArrowArrayStream* stream) => Assert.That(ArrowScan(Connection.Handle, view, stream), Is.Zero);

    /// <summary>A chunk over a batch's memory.</summary>
    internal Chunk Take(RecordBatch batch)
    {
        CArrowSchema schema;
        CArrowArray array;
        ArrowCData.Export(batch.Schema, &schema);
        ArrowCData.Export(batch, &array);
        nint converted = 0;
        try
        {
            Check(SchemaFromArrow(Connection.Handle, &schema, out converted));
            Check(ChunkFromArrow(Connection.Handle, &array, converted, out nint chunk));
            Assert.That(array.Release is null, "the chunk owns the array");
            return new Chunk(Connection, chunk, batch.Schema);
        }
        finally
        {
            DestroyConvertedSchema(ref converted);
            if (array.Release is not null) array.Release(&array);
            schema.Release(&schema);
        }
    }

    /// <summary>What a query returns, a batch for each chunk.</summary>
    internal IEnumerable<RecordBatch> Query(string sql)
    {
        Assert.That(NativeMethods.Prepare(Connection.Handle, sql, out nint value), Is.Zero);
        using var statement = new StatementHandle(value, Connection.Handle);
        NativeMethods.Pend(statement, out value);
        using var pending = new PendingHandle(value, Connection.Handle);
        using var result = new ResultHandle(Connection.Handle);
        Assert.That(Execute(pending, result), Is.Zero, result.Error);
        while (result.FetchChunk() is var chunk and not 0) yield return ExportResult(result, chunk);
    }

    public void Dispose()
    {
        Connection.Dispose();
        _database.Dispose();
    }

    private static int Execute(PendingHandle pending, ResultHandle result) => NativeMethods.ExecutePending(pending, result.Pointer);

    private static RecordBatch ExportResult(ResultHandle result, nint chunk)
    {
        nint options = ResultOptions(result.Pointer);
        int count = (int)result.ColumnCount;
        nint* types = stackalloc nint[count];
        byte** names = stackalloc byte*[count];
        for (int i = 0; i < count; i++)
        {
            types[i] = NativeMethods.ColumnType(result.Pointer, (ulong)i);
            names[i] = NativeMethods.ColumnName(result.Pointer, (ulong)i);
        }
        try
        {
            return Export(options, types, names, count, chunk);
        }
        finally
        {
            for (int i = 0; i < count; i++) NativeMethods.DestroyType(ref types[i]);
            DestroyOptions(ref options);
            NativeMethods.DestroyChunk(ref chunk);
        }
    }

    private static RecordBatch Export(nint options, nint* types, byte** names, int count, nint chunk)
    {
        CArrowSchema schema;
        CArrowArray array;
        Check(ToArrowSchema(options, types, names, (ulong)count, &schema));
        Check(ChunkToArrow(options, chunk, &array));
        return ArrowCData.Import(&array, &schema);
    }

    private static void Check(nint error)
    {
        string? message = error == 0 ? null : Marshal.PtrToStringUTF8((nint)ErrorMessage(error));
        DestroyError(ref error);
        if (!string.IsNullOrEmpty(message)) Assert.Fail(message);
    }

    /// <summary>A <c>duckdb_data_chunk</c> over the memory of a batch.</summary>
    internal sealed class Chunk(DuckDbConnection connection, nint chunk, Schema schema) : IDisposable
    {
        private nint _chunk = chunk;

        /// <summary>The chunk as a batch.</summary>
        internal RecordBatch Export()
        {
            ConnectionOptions(connection.Handle, out nint options);
            int count = schema.Count;
            nint* types = stackalloc nint[count];
            byte** names = stackalloc byte*[count];
            for (int i = 0; i < count; i++)
            {
                types[i] = VectorType(NativeMethods.ChunkVector(_chunk, (ulong)i));
                names[i] = (byte*)Marshal.StringToCoTaskMemUTF8(schema[i].Name);
            }
            try
            {
                return DuckDbArrow.Export(options, types, names, count, _chunk);
            }
            finally
            {
                for (int i = 0; i < count; i++)
                {
                    NativeMethods.DestroyType(ref types[i]);
                    Marshal.FreeCoTaskMem((nint)names[i]);
                }
                DestroyOptions(ref options);
            }
        }

        public void Dispose() => NativeMethods.DestroyChunk(ref _chunk);
    }

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_arrow_scan", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ArrowScan(ConnectionHandle connection, string view, CArrowArrayStream* stream);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_schema_from_arrow")]
    private static partial nint SchemaFromArrow(ConnectionHandle connection, CArrowSchema* schema, out nint converted);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_data_chunk_from_arrow")]
    private static partial nint ChunkFromArrow(ConnectionHandle connection, CArrowArray* array, nint converted, out nint chunk);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_destroy_arrow_converted_schema")]
    private static partial void DestroyConvertedSchema(ref nint converted);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_result_get_arrow_options")]
    private static partial nint ResultOptions(ResultStruct* result);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_connection_get_arrow_options")]
    private static partial void ConnectionOptions(ConnectionHandle connection, out nint options);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_destroy_arrow_options")]
    private static partial void DestroyOptions(ref nint options);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_to_arrow_schema")]
    private static partial nint ToArrowSchema(nint options, nint* types, byte** names, ulong count, CArrowSchema* schema);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_data_chunk_to_arrow")]
    private static partial nint ChunkToArrow(nint options, nint chunk, CArrowArray* array);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_vector_get_column_type")]
    private static partial nint VectorType(nint vector);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_error_data_message")]
    private static partial byte* ErrorMessage(nint error);

    [LibraryImport(NativeMethods.Library, EntryPoint = "duckdb_destroy_error_data")]
    private static partial void DestroyError(ref nint error);
}

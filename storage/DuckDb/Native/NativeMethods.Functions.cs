using System.Runtime.InteropServices;

namespace Lepton.Data.Storage.DuckDb.Native;

/// <content>Functions of ours that DuckDB calls. The infos that it hands to a call are its own and live as long as the call.</content>
internal static unsafe partial class NativeMethods
{
    // Table functions.

    [LibraryImport(Library, EntryPoint = "duckdb_create_table_function")]
    internal static partial nint CreateTableFunction();

    [LibraryImport(Library, EntryPoint = "duckdb_destroy_table_function")]
    internal static partial void DestroyTableFunction(ref nint function);

    [LibraryImport(Library, EntryPoint = "duckdb_table_function_set_name", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetTableFunctionName(TableFunctionHandle function, string name);

    [LibraryImport(Library, EntryPoint = "duckdb_table_function_add_parameter")]
    internal static partial void AddTableFunctionParameter(TableFunctionHandle function, TypeHandle type);

    [LibraryImport(Library, EntryPoint = "duckdb_table_function_set_extra_info")]
    internal static partial void SetTableFunctionExtra(TableFunctionHandle function, nint extra, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(Library, EntryPoint = "duckdb_table_function_set_bind")]
    internal static partial void SetTableFunctionBind(TableFunctionHandle function, delegate* unmanaged[Cdecl]<nint, void> bind);

    [LibraryImport(Library, EntryPoint = "duckdb_table_function_set_init")]
    internal static partial void SetTableFunctionInit(TableFunctionHandle function, delegate* unmanaged[Cdecl]<nint, void> init);

    [LibraryImport(Library, EntryPoint = "duckdb_table_function_set_function")]
    internal static partial void SetTableFunctionBody(TableFunctionHandle function, delegate* unmanaged[Cdecl]<nint, nint, void> body);

    [LibraryImport(Library, EntryPoint = "duckdb_table_function_supports_projection_pushdown")]
    internal static partial void SetTableFunctionProjects(TableFunctionHandle function, [MarshalAs(UnmanagedType.U1)] bool projects);

    [LibraryImport(Library, EntryPoint = "duckdb_register_table_function")]
    internal static partial int RegisterTableFunction(ConnectionHandle connection, TableFunctionHandle function);

    [LibraryImport(Library, EntryPoint = "duckdb_bind_get_extra_info")]
    internal static partial nint BindExtra(nint info);

    [LibraryImport(Library, EntryPoint = "duckdb_bind_get_parameter")]
    internal static partial nint BindParameter(nint info, ulong index);

    [LibraryImport(Library, EntryPoint = "duckdb_is_null_value")]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool IsNullValue(ValueHandle value);

    [LibraryImport(Library, EntryPoint = "duckdb_get_bool")]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool GetBoolean(ValueHandle value);

    [LibraryImport(Library, EntryPoint = "duckdb_get_double")]
    internal static partial double GetDouble(ValueHandle value);

    [LibraryImport(Library, EntryPoint = "duckdb_get_varchar")]
    internal static partial byte* GetText(ValueHandle value);

    [LibraryImport(Library, EntryPoint = "duckdb_get_int64")]
    internal static partial long GetInt64(ValueHandle value);

    [LibraryImport(Library, EntryPoint = "duckdb_destroy_value")]
    internal static partial void DestroyValue(ref nint value);

    [LibraryImport(Library, EntryPoint = "duckdb_table_function_get_client_context")]
    internal static partial void BindClientContext(nint info, out nint context);

    [LibraryImport(Library, EntryPoint = "duckdb_connection_get_client_context")]
    internal static partial void ConnectionClientContext(ConnectionHandle connection, out nint context);

    [LibraryImport(Library, EntryPoint = "duckdb_client_context_get_connection_id")]
    internal static partial ulong ConnectionId(ClientContextHandle context);

    [LibraryImport(Library, EntryPoint = "duckdb_destroy_client_context")]
    internal static partial void DestroyClientContext(ref nint context);

    [LibraryImport(Library, EntryPoint = "duckdb_bind_add_result_column", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void BindAddColumn(nint info, string name, TypeHandle type);

    [LibraryImport(Library, EntryPoint = "duckdb_bind_set_cardinality")]
    internal static partial void BindSetCardinality(nint info, ulong rows, [MarshalAs(UnmanagedType.U1)] bool isExact);

    [LibraryImport(Library, EntryPoint = "duckdb_bind_set_bind_data")]
    internal static partial void BindSetData(nint info, nint data, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(Library, EntryPoint = "duckdb_bind_set_error", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void BindSetError(nint info, string error);

    [LibraryImport(Library, EntryPoint = "duckdb_init_get_bind_data")]
    internal static partial nint InitBindData(nint info);

    [LibraryImport(Library, EntryPoint = "duckdb_init_set_init_data")]
    internal static partial void InitSetData(nint info, nint data, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(Library, EntryPoint = "duckdb_init_get_column_count")]
    internal static partial ulong InitColumnCount(nint info);

    [LibraryImport(Library, EntryPoint = "duckdb_init_get_column_index")]
    internal static partial ulong InitColumnIndex(nint info, ulong index);

    [LibraryImport(Library, EntryPoint = "duckdb_init_set_max_threads")]
    internal static partial void InitSetThreadsMax(nint info, ulong threads);

    [LibraryImport(Library, EntryPoint = "duckdb_init_set_error", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void InitSetError(nint info, string error);

    [LibraryImport(Library, EntryPoint = "duckdb_function_get_init_data")]
    internal static partial nint FunctionInitData(nint info);

    [LibraryImport(Library, EntryPoint = "duckdb_function_set_error", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void FunctionSetError(nint info, string error);

    // Scalar functions.

    [LibraryImport(Library, EntryPoint = "duckdb_create_scalar_function")]
    internal static partial nint CreateScalarFunction();

    [LibraryImport(Library, EntryPoint = "duckdb_destroy_scalar_function")]
    internal static partial void DestroyScalarFunction(ref nint function);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_set_name", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SetScalarFunctionName(ScalarFunctionHandle function, string name);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_add_parameter")]
    internal static partial void AddScalarFunctionParameter(ScalarFunctionHandle function, TypeHandle type);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_set_varargs")]
    internal static partial void SetScalarFunctionVarargs(ScalarFunctionHandle function, TypeHandle type);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_set_return_type")]
    internal static partial void SetScalarFunctionResult(ScalarFunctionHandle function, TypeHandle type);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_set_special_handling")]
    internal static partial void SetScalarFunctionTakesNulls(ScalarFunctionHandle function);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_set_volatile")]
    internal static partial void SetScalarFunctionVolatile(ScalarFunctionHandle function);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_set_extra_info")]
    internal static partial void SetScalarFunctionExtra(ScalarFunctionHandle function, nint extra, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_set_function")]
    internal static partial void SetScalarFunctionBody(ScalarFunctionHandle function, delegate* unmanaged[Cdecl]<nint, nint, nint, void> body);

    [LibraryImport(Library, EntryPoint = "duckdb_register_scalar_function")]
    internal static partial int RegisterScalarFunction(ConnectionHandle connection, ScalarFunctionHandle function);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_get_extra_info")]
    internal static partial nint ScalarFunctionExtra(nint info);

    [LibraryImport(Library, EntryPoint = "duckdb_scalar_function_set_error", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void ScalarFunctionSetError(nint info, string error);

    [LibraryImport(Library, EntryPoint = "duckdb_vector_assign_string_element_len")]
    internal static partial void AssignText(nint vector, ulong index, byte* text, ulong length);
}

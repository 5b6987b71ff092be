using System.Runtime.InteropServices;

namespace Lepton.Data.Storage.DuckDb.Native;

/// <summary><c>duckdb_type</c>.</summary>
internal enum TypeCode
{
    Invalid = 0,
    Boolean = 1,
    TinyInt = 2,
    SmallInt = 3,
    Integer = 4,
    BigInt = 5,
    UTinyInt = 6,
    USmallInt = 7,
    UInteger = 8,
    UBigInt = 9,
    Float = 10,
    Double = 11,
    Timestamp = 12,
    Date = 13,
    Time = 14,
    Interval = 15,
    HugeInt = 16,
    Varchar = 17,
    Blob = 18,
    Decimal = 19,
    TimestampS = 20,
    TimestampMs = 21,
    TimestampNs = 22,
    Enum = 23,
    List = 24,
    Struct = 25,
    Map = 26,
    Uuid = 27,
    Union = 28,
    Bit = 29,
    TimeTz = 30,
    TimestampTz = 31,
    UHugeInt = 32,
    Array = 33,
    Any = 34,
    BigNum = 35,
    SqlNull = 36,
    StringLiteral = 37,
    IntegerLiteral = 38,
    TimeNs = 39,
}

/// <summary><c>duckdb_result</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ResultStruct
{
    internal ulong ColumnCount;
    internal ulong RowCount;
    internal ulong RowsChanged;
    internal void* Columns;
    internal byte* Error;
    internal void* Internal;
}

/// <summary><c>duckdb_query_progress_type</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QueryProgress
{
    /// <summary>0 to 100, or -1 where it is not known.</summary>
    internal double Percentage;
    internal ulong RowsProcessed;
    internal ulong RowsTotal;
}

/// <summary><c>duckdb_string_t</c>: 12 bytes or fewer stand inline, longer ones behind a pointer.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct StringStruct
{
    internal const int InlineLengthMax = 12;

    [FieldOffset(0)]
    internal uint Length;

    [FieldOffset(4)]
    internal fixed byte Inline[InlineLengthMax];

    [FieldOffset(8)]
    internal byte* Pointer;
}

/// <summary><c>duckdb_list_entry</c></summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ListEntry
{
    internal ulong Offset;
    internal ulong Length;
}

using System.Globalization;
using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb.Native;
using TypeCode = Lepton.Data.Storage.DuckDb.Native.TypeCode;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>DuckDB's types against ours.</summary>
internal static unsafe class LogicalTypes
{
    /// <summary>The type of ours that holds every value of a DuckDB type, or null where there is none for batches.</summary>
    internal static DataType? DataTypeOf(nint type) => NativeMethods.TypeCodeOf(type) switch
    {
        TypeCode.SqlNull => DataType.Null,
        TypeCode.Boolean => DataType.Boolean,
        TypeCode.TinyInt => DataType.Int8,
        TypeCode.SmallInt or TypeCode.UTinyInt => DataType.Int16,
        TypeCode.Integer or TypeCode.USmallInt => DataType.Int32,
        TypeCode.BigInt or TypeCode.UInteger => DataType.Int64,
        TypeCode.UBigInt => DataType.Decimal(20, 0),
        TypeCode.Float => DataType.Float32,
        TypeCode.Double => DataType.Float64,
        TypeCode.Decimal => DataType.Decimal(NativeMethods.DecimalWidth(type), NativeMethods.DecimalScale(type)),
        TypeCode.Varchar or TypeCode.Enum or TypeCode.Uuid => DataType.String,
        TypeCode.Blob => DataType.Binary,
        TypeCode.Date => DataType.Date,
        TypeCode.TimestampTz => DataType.Instant,
        TypeCode.Timestamp or TypeCode.TimestampS or TypeCode.TimestampMs or TypeCode.TimestampNs => DataType.NaiveTime,
        _ => null,
    };

    /// <summary>The DuckDB type that holds values of a flat type of ours.</summary>
    internal static TypeHandle Create(DataType type) => new(type switch
    {
        DecimalType { Precision: var precision, Scale: var scale } => NativeMethods.CreateDecimalType((byte)precision, (byte)scale),
        _ => NativeMethods.CreateType(type switch
        {
            NullType => TypeCode.SqlNull,
            BooleanType => TypeCode.Boolean,
            IntegerType { BitWidth: 8 } => TypeCode.TinyInt,
            IntegerType { BitWidth: 16 } => TypeCode.SmallInt,
            IntegerType { BitWidth: 32 } => TypeCode.Integer,
            IntegerType => TypeCode.BigInt,
            FloatType { BitWidth: 32 } => TypeCode.Float,
            FloatType => TypeCode.Double,
            StringType => TypeCode.Varchar,
            BinaryType => TypeCode.Blob,
            DateType => TypeCode.Date,
            InstantType => TypeCode.TimestampTz,
            NaiveTimeType => TypeCode.Timestamp,
            _ => throw new LeptonDataException("schemas.nested_batch", [type]),
        }),
    });

    /// <summary>A type in DuckDB's own spelling.</summary>
    internal static string NameOf(nint type)
    {
        TypeCode code = NativeMethods.TypeCodeOf(type);
        byte* alias = NativeMethods.TypeAlias(type);
        if (alias is not null)
        {
            string name = Marshal.PtrToStringUTF8((nint)alias)!;
            NativeMethods.Free(alias);
            return name;
        }
        return code switch
        {
            TypeCode.Boolean => "BOOLEAN",
            TypeCode.TinyInt => "TINYINT",
            TypeCode.SmallInt => "SMALLINT",
            TypeCode.Integer => "INTEGER",
            TypeCode.BigInt => "BIGINT",
            TypeCode.HugeInt => "HUGEINT",
            TypeCode.UTinyInt => "UTINYINT",
            TypeCode.USmallInt => "USMALLINT",
            TypeCode.UInteger => "UINTEGER",
            TypeCode.UBigInt => "UBIGINT",
            TypeCode.UHugeInt => "UHUGEINT",
            TypeCode.Float => "FLOAT",
            TypeCode.Double => "DOUBLE",
            TypeCode.Decimal => string.Create(CultureInfo.InvariantCulture, $"DECIMAL({NativeMethods.DecimalWidth(type)},{NativeMethods.DecimalScale(type)})"),
            TypeCode.Varchar => "VARCHAR",
            TypeCode.Blob => "BLOB",
            TypeCode.Bit => "BIT",
            TypeCode.Uuid => "UUID",
            TypeCode.Date => "DATE",
            TypeCode.Time => "TIME",
            TypeCode.TimeTz => "TIME WITH TIME ZONE",
            TypeCode.TimeNs => "TIME_NS",
            TypeCode.Timestamp => "TIMESTAMP",
            TypeCode.TimestampS => "TIMESTAMP_S",
            TypeCode.TimestampMs => "TIMESTAMP_MS",
            TypeCode.TimestampNs => "TIMESTAMP_NS",
            TypeCode.TimestampTz => "TIMESTAMP WITH TIME ZONE",
            TypeCode.Interval => "INTERVAL",
            TypeCode.BigNum => "BIGNUM",
            TypeCode.SqlNull => "\"NULL\"",
            TypeCode.Enum => $"ENUM({string.Join(", ", EnumTexts(type).Select(SqlLiteral.Text))})",
            TypeCode.List => $"{NameOfPart(NativeMethods.ListElementType(type))}[]",
            TypeCode.Array => string.Create(CultureInfo.InvariantCulture, $"{NameOfPart(NativeMethods.ArrayElementType(type))}[{NativeMethods.ArraySize(type)}]"),
            TypeCode.Map => $"MAP({NameOfPart(NativeMethods.MapKeyType(type))}, {NameOfPart(NativeMethods.MapValueType(type))})",
            TypeCode.Struct => $"STRUCT({string.Join(", ", StructFields(type))})",
            TypeCode.Union => "UNION",
            TypeCode.Any or TypeCode.Invalid => "UNKNOWN",
            _ => string.Create(CultureInfo.InvariantCulture, $"DuckDB type {(int)code}"),
        };
    }

    /// <summary>The texts of an enumeration, in order of their numbers.</summary>
    internal static string[] EnumTexts(nint type)
    {
        var texts = new string[NativeMethods.EnumSize(type)];
        for (int i = 0; i < texts.Length; i++) texts[i] = TakeText(NativeMethods.EnumValue(type, (ulong)i));
        return texts;
    }

    private static string NameOfPart(nint part)
    {
        using var handle = new TypeHandle(part);
        return NameOf(part);
    }

    private static string[] StructFields(nint type)
    {
        var fields = new string[NativeMethods.StructFieldCount(type)];
        for (int i = 0; i < fields.Length; i++)
            fields[i] = $"{SqlLiteral.Name(TakeText(NativeMethods.StructFieldName(type, (ulong)i)))} {NameOfPart(NativeMethods.StructFieldType(type, (ulong)i))}";
        return fields;
    }

    private static string TakeText(byte* text)
    {
        string taken = Marshal.PtrToStringUTF8((nint)text) ?? "";
        NativeMethods.Free(text);
        return taken;
    }
}

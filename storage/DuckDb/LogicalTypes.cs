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
        TypeCode.List => PartOf("element", NativeMethods.ListElementType(type)) is { } element ? new ListType(element) : null,
        TypeCode.Array => PartOf("element", NativeMethods.ArrayElementType(type)) is { } element ? new FixedSizeListType(element, (int)NativeMethods.ArraySize(type)) : null,
        TypeCode.Map => PartOf("key", NativeMethods.MapKeyType(type)) is { } key && PartOf("value", NativeMethods.MapValueType(type)) is { } value ? new MapType(key with { IsNullable = false }, value) : null,
        TypeCode.Struct => StructTypeOf(type),
        _ => null,
    };

    /// <summary>The DuckDB type that holds values of a type of ours.</summary>
    internal static TypeHandle Create(DataType type) => new(type switch
    {
        ListType { Element.Type: var element } => CreateOver(element, NativeMethods.CreateListType),
        FixedSizeListType { Element.Type: var element, Length: var length } => CreateOver(element, handle => NativeMethods.CreateArrayType(handle, (ulong)length)),
        MapType { Key.Type: var key, Value.Type: var value } => CreateOver(key, keyHandle => CreateOver(value, valueHandle => NativeMethods.CreateMapType(keyHandle, valueHandle))),
        StructType { Fields: var fields } => CreateStruct(fields),
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
            _ => throw new InvalidOperationException($"no type of DuckDB for {type}"),
        }),
    });

    /// <summary>The types of what is within a nested type: a struct's fields, a list's element, a map's key and value. The caller disposes them.</summary>
    internal static TypeHandle[] PartsOf(nint type) => NativeMethods.TypeCodeOf(type) switch
    {
        TypeCode.List => [new TypeHandle(NativeMethods.ListElementType(type))],
        TypeCode.Array => [new TypeHandle(NativeMethods.ArrayElementType(type))],
        TypeCode.Map => [new TypeHandle(NativeMethods.MapKeyType(type)), new TypeHandle(NativeMethods.MapValueType(type))],
        TypeCode.Struct => [.. Enumerable.Range(0, (int)NativeMethods.StructFieldCount(type)).Select(index => new TypeHandle(NativeMethods.StructFieldType(type, (ulong)index)))],
        _ => [],
    };

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

    private static Field? PartOf(string name, nint part)
    {
        using var handle = new TypeHandle(part);
        return DataTypeOf(part) is { } type ? new Field(name, type) : null;
    }

    // row(1, 2) has fields without names, which nothing of ours could speak of.
    private static StructType? StructTypeOf(nint type)
    {
        var fields = new Field?[NativeMethods.StructFieldCount(type)];
        for (int i = 0; i < fields.Length; i++)
        {
            string name = TakeText(NativeMethods.StructFieldName(type, (ulong)i));
            fields[i] = PartOf(name, NativeMethods.StructFieldType(type, (ulong)i));
            if (fields[i] is null || name.Length == 0) return null;
        }
        return new StructType(new EquatableList<Field>(fields!));
    }

    private static nint CreateOver(DataType part, Func<TypeHandle, nint> create)
    {
        using TypeHandle handle = Create(part);
        return create(handle);
    }

    private static nint CreateStruct(EquatableList<Field> fields)
    {
        TypeHandle[] handles = [.. fields.Select(field => Create(field.Type))];
        nint[] names = [.. fields.Select(field => Marshal.StringToCoTaskMemUTF8(field.Name))];
        try
        {
            fixed (nint* types = handles.Select(handle => handle.Value).ToArray())
            fixed (nint* texts = names)
                return NativeMethods.CreateStructType(types, (byte**)texts, (ulong)handles.Length);
        }
        finally
        {
            foreach (TypeHandle handle in handles) handle.Dispose();
            foreach (nint name in names) Marshal.FreeCoTaskMem(name);
        }
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

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;
using TypeCode = Lepton.Data.Storage.DuckDb.Native.TypeCode;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Appends one column of DuckDB's chunks to a column of a batch. Nothing is allocated for a row.</summary>
internal sealed unsafe partial class ColumnCopier
{
    /// <summary>The most rows of one call.</summary>
    internal static readonly int RowsMax = (int)NativeMethods.VectorSize();

    private readonly string _column;
    private readonly TypeCode _storage;
    private readonly int _width;
    private readonly byte[][] _enumTexts = [];
    private readonly ColumnCopier[] _children;
    private readonly ulong[] _present = new ulong[RowsMax / 64];

    /// <param name="column">Its name, for messages.</param>
    /// <param name="type">DuckDB's type, borrowed.</param>
    /// <exception cref="LeptonDataException"><c>storage.duckdb_type</c>: no batch holds it.</exception>
    internal ColumnCopier(string column, nint type)
    {
        _column = column;
        Code = NativeMethods.TypeCodeOf(type);
        Type = LogicalTypes.DataTypeOf(type) ?? throw Refusal(column, LogicalTypes.NameOf(type));
        _storage = Code switch
        {
            TypeCode.Decimal => NativeMethods.DecimalStorage(type),
            TypeCode.Enum => NativeMethods.EnumStorage(type),
            _ => Code,
        };
        _width = WidthOf(_storage);
        if (Code == TypeCode.Enum) _enumTexts = [.. LogicalTypes.EnumTexts(type).Select(Encoding.UTF8.GetBytes)];
        TypeHandle[] parts = LogicalTypes.PartsOf(type);
        try
        {
            _children = [.. parts.Select(part => new ColumnCopier(column, part.Value))];
        }
        finally
        {
            foreach (TypeHandle part in parts) part.Dispose();
        }
    }

    internal DataType Type { get; }

    private TypeCode Code { get; }


    /// <summary>The error for a type that no batch and no table of ours holds; the text says what to cast to.</summary>
    internal static LeptonDataException Refusal(string column, string type)
    {
        string remedy = type switch
        {
            "HUGEINT" or "UHUGEINT" or "BIGNUM" => "BIGINT",
            "INTERVAL" => "BIGINT",
            _ => "VARCHAR",
        };
        return new LeptonDataException("storage.duckdb_type", [column, type, remedy]);
    }

    /// <summary>Appends rows of a vector.</summary>
    /// <param name="vector">Flat, of the type that this was made for.</param>
    /// <param name="start">The first row.</param>
    /// <param name="rows">How many rows, at most <see cref="RowsMax"/>.</param>
    /// <param name="outer">Bit i says whether what holds row <paramref name="start"/> + i is present; empty: all of it.</param>
    /// <param name="target">The batch's column.</param>
    /// <param name="scratch">Room for 16 bytes a row.</param>
    internal void Append(nint vector, int start, int rows, ReadOnlySpan<ulong> outer, ColumnBuilder target, Span<byte> scratch)
    {
        ReadOnlySpan<ulong> validity = Present(NativeMethods.VectorValidity(vector), start, rows, outer);
        if (_children.Length > 0)
        {
            AppendNested(vector, start, rows, validity, target, scratch);
            return;
        }
        void* data = (byte*)NativeMethods.VectorData(vector) + ((long)start * _width);
        switch (Code)
        {
            case TypeCode.SqlNull:
                for (int i = 0; i < rows; i++) target.AppendNull();
                break;
            case TypeCode.Boolean: target.AppendBooleans(new ReadOnlySpan<byte>(data, rows), validity); break;
            case TypeCode.TinyInt: target.AppendRange(new ReadOnlySpan<sbyte>(data, rows), validity); break;
            case TypeCode.SmallInt: target.AppendRange(new ReadOnlySpan<short>(data, rows), validity); break;
            case TypeCode.Integer or TypeCode.Date: target.AppendRange(new ReadOnlySpan<int>(data, rows), validity); break;
            case TypeCode.BigInt or TypeCode.Timestamp or TypeCode.TimestampTz: target.AppendRange(new ReadOnlySpan<long>(data, rows), validity); break;
            case TypeCode.Float: target.AppendRange(new ReadOnlySpan<float>(data, rows), validity); break;
            case TypeCode.Double: target.AppendRange(new ReadOnlySpan<double>(data, rows), validity); break;
            case TypeCode.UTinyInt: target.AppendRange(Widen<byte, short>(data, rows, scratch), validity); break;
            case TypeCode.USmallInt: target.AppendRange(Widen<ushort, int>(data, rows, scratch), validity); break;
            case TypeCode.UInteger: target.AppendRange(Widen<uint, long>(data, rows, scratch), validity); break;
            case TypeCode.UBigInt: target.AppendRange(Widen<ulong, Int128>(data, rows, scratch), validity); break;
            case TypeCode.Decimal: AppendDecimals(data, rows, validity, target, scratch); break;
            case TypeCode.TimestampS: target.AppendRange(Times(data, rows, validity, 1_000_000, scratch), validity); break;
            case TypeCode.TimestampMs: target.AppendRange(Times(data, rows, validity, 1_000, scratch), validity); break;
            case TypeCode.TimestampNs: target.AppendRange(TimesOfNanoseconds(data, rows, validity, scratch), validity); break;
            case TypeCode.Varchar or TypeCode.Blob: AppendTexts((StringStruct*)data, rows, validity, target); break;
            case TypeCode.Enum: AppendEnums(data, rows, validity, target); break;
            case TypeCode.Uuid: AppendUuids((UInt128*)data, rows, validity, target); break;
            default: throw new InvalidOperationException($"a chunk of {Code}");
        }
    }

    // Of one value in a vector, in bytes.
    private static int WidthOf(TypeCode storage) => storage switch
    {
        TypeCode.Boolean or TypeCode.TinyInt or TypeCode.UTinyInt => 1,
        TypeCode.SmallInt or TypeCode.USmallInt => 2,
        TypeCode.Integer or TypeCode.UInteger or TypeCode.Float or TypeCode.Date => 4,
        TypeCode.HugeInt or TypeCode.Uuid or TypeCode.Varchar or TypeCode.Blob => sizeof(StringStruct),
        _ => 8,
    };

    // DuckDB's infinite times are carried as they are, at any unit.
    private static bool IsInfinite(long time) => time is long.MaxValue or -long.MaxValue;

    private static bool IsPresent(ReadOnlySpan<ulong> validity, int row) => validity.IsEmpty || (validity[row >> 6] & (1UL << (row & 63))) != 0;

    private static Span<TWide> Widen<TNarrow, TWide>(void* data, int rows, Span<byte> scratch)
        where TNarrow : unmanaged, System.Numerics.INumberBase<TNarrow>
        where TWide : unmanaged, System.Numerics.INumberBase<TWide>
    {
        Span<TWide> wide = MemoryMarshal.Cast<byte, TWide>(scratch)[..rows];
        var narrow = (TNarrow*)data;
        for (int i = 0; i < wide.Length; i++) wide[i] = TWide.CreateTruncating(narrow[i]);
        return wide;
    }

    private void AppendDecimals(void* data, int rows, ReadOnlySpan<ulong> validity, ColumnBuilder target, Span<byte> scratch)
    {
        switch (_storage)
        {
            case TypeCode.SmallInt: target.AppendRange(Widen<short, Int128>(data, rows, scratch), validity); break;
            case TypeCode.Integer: target.AppendRange(Widen<int, Int128>(data, rows, scratch), validity); break;
            case TypeCode.BigInt: target.AppendRange(Widen<long, Int128>(data, rows, scratch), validity); break;
            default: target.AppendRange(new ReadOnlySpan<Int128>(data, rows), validity); break;
        }
    }

    private Span<long> Times(void* data, int rows, ReadOnlySpan<ulong> validity, long microsecondsPerUnit, Span<byte> scratch)
    {
        Span<long> times = MemoryMarshal.Cast<byte, long>(scratch)[..rows];
        var source = (long*)data;
        for (int i = 0; i < rows; i++)
        {
            long value = IsPresent(validity, i) ? source[i] : 0;
            if (IsInfinite(value)) times[i] = value;
            else if (value > long.MaxValue / microsecondsPerUnit || value < long.MinValue / microsecondsPerUnit) throw new LeptonDataException("storage.duckdb_time_range", [_column]);
            else times[i] = value * microsecondsPerUnit;
        }
        return times;
    }

    private Span<long> TimesOfNanoseconds(void* data, int rows, ReadOnlySpan<ulong> validity, Span<byte> scratch)
    {
        Span<long> times = MemoryMarshal.Cast<byte, long>(scratch)[..rows];
        var source = (long*)data;
        for (int i = 0; i < rows; i++)
        {
            long value = IsPresent(validity, i) ? source[i] : 0;
            if (IsInfinite(value)) times[i] = value;
            else if (value % 1000 != 0) throw new LeptonDataException("storage.duckdb_time_precision", [_column, value.ToString(CultureInfo.InvariantCulture)]);
            else times[i] = value / 1000;
        }
        return times;
    }

    private static void AppendTexts(StringStruct* texts, int rows, ReadOnlySpan<ulong> validity, ColumnBuilder target)
    {
        // The lengths first, so that room is made once and the loop that copies asks for nothing.
        long size = 0;
        if (validity.IsEmpty)
            for (int i = 0; i < rows; i++) size += texts[i].Length;
        else
            for (int i = 0; i < rows; i++) size += IsPresent(validity, i) ? texts[i].Length : 0;
        BytesWriter writer = target.AppendBytes(rows, size, validity);
        for (int i = 0; i < rows; i++)
        {
            StringStruct* text = texts + i;
            int length = validity.IsEmpty || IsPresent(validity, i) ? (int)text->Length : 0;
            if (length <= StringStruct.InlineLengthMax) writer.AppendShort(text->Inline, length);
            else writer.Append(text->Pointer, length);
        }
        target.CompleteBytes(writer);
    }

    private void AppendEnums(void* data, int rows, ReadOnlySpan<ulong> validity, ColumnBuilder target)
    {
        for (int i = 0; i < rows; i++)
        {
            if (!IsPresent(validity, i))
            {
                target.AppendNull();
                continue;
            }
            uint number = _storage switch
            {
                TypeCode.UTinyInt => ((byte*)data)[i],
                TypeCode.USmallInt => ((ushort*)data)[i],
                _ => ((uint*)data)[i],
            };
            target.AppendBytes(_enumTexts[number]);
        }
    }

    // A UUID is a signed 128-bit integer with its top bit flipped, so that it sorts as its text does.
    private static void AppendUuids(UInt128* values, int rows, ReadOnlySpan<ulong> validity, ColumnBuilder target)
    {
        Span<byte> text = stackalloc byte[36];
        Span<byte> bytes = stackalloc byte[16];
        for (int i = 0; i < rows; i++)
        {
            if (!IsPresent(validity, i))
            {
                target.AppendNull();
                continue;
            }
            UInt128 bits = values[i] ^ (UInt128.One << 127);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
            var uuid = new Guid(bytes, bigEndian: true);
            uuid.TryFormat(text, out _, "D");
            target.AppendBytes(text);
        }
    }
}

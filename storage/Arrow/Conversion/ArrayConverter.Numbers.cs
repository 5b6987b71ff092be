using System.Numerics;
using System.Runtime.CompilerServices;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <content>Numbers and times that are stored otherwise than ours: made wider, or carried to days and microseconds where that is exact.</content>
internal sealed unsafe partial class ArrayConverter
{
    private const long MillisecondsPerDay = 86_400_000;

    private void Numbers(ArrowField field, WireArray array, ref ColumnBuffers buffers)
    {
        ArrowType type = field.Type;
        byte* source = Require(field, array, 1, End(array) * type.Width);
        if (type is { Kind: ArrowKind.Decimal, Bits: 128 })
        {
            buffers.Values = source;
            CheckDigits(field, (Int128*)source, in buffers, array.Length);
            return;
        }
        int width = TypeWidths.Of(field.Ours!.Type);
        byte* target = Rent(field, End(array) * width).Pointer;
        // Rows before the first of the array stay out of reach; row numbers are the same in both.
        byte* from = source + (array.Offset * type.Width);
        byte* to = target + (array.Offset * width);
        int count = (int)array.Length;
        switch (type)
        {
            case { Kind: ArrowKind.Int, Bits: 8 }: Widen<byte, short>(from, to, count); break;
            case { Kind: ArrowKind.Int, Bits: 16 }: Widen<ushort, int>(from, to, count); break;
            case { Kind: ArrowKind.Int, Bits: 32 }: Widen<uint, long>(from, to, count); break;
            case { Kind: ArrowKind.Int }: Widen<ulong, Int128>(from, to, count); break;
            case { Kind: ArrowKind.Float }: Widen<Half, float>(from, to, count); break;
            case { Kind: ArrowKind.Date }: Days(field, (long*)from, (int*)to, in buffers, count); break;
            case { Kind: ArrowKind.Timestamp, Unit: ArrowTimeUnit.Nanosecond }: Microseconds(field, (long*)from, (long*)to, in buffers, count); break;
            case { Kind: ArrowKind.Timestamp }: Microseconds(field, (long*)from, (long*)to, in buffers, count, type.Unit == ArrowTimeUnit.Second ? 1_000_000 : 1_000); break;
            case { Bits: 32 }: Widen<int, Int128>(from, to, count); break;
            case { Bits: 64 }: Widen<long, Int128>(from, to, count); break;
            default: Narrow(field, (Int128*)from, (Int128*)to, in buffers, count); break;
        }
        buffers.Values = target;
        if (type.Kind == ArrowKind.Decimal) CheckDigits(field, (Int128*)target, in buffers, count);
    }

    private static void Widen<TNarrow, TWide>(byte* source, byte* target, int count)
        where TNarrow : unmanaged, INumberBase<TNarrow>
        where TWide : unmanaged, INumberBase<TWide>
    {
        for (int i = 0; i < count; i++) ((TWide*)target)[i] = TWide.CreateTruncating(((TNarrow*)source)[i]);
    }

    private void Days(ArrowField field, long* source, int* target, in ColumnBuffers buffers, int count)
    {
        for (int i = 0; i < count; i++)
        {
            long value = Bits.IsPresent(buffers.Validity, buffers.Offset + i) ? source[i] : 0;
            (long days, long rest) = Math.DivRem(value, MillisecondsPerDay);
            if (rest != 0 || days is < int.MinValue or > int.MaxValue) throw place.Error("storage.arrow_time_precision", field.Path, i, value, field.Type.ToString());
            target[i] = (int)days;
        }
    }

    private void Microseconds(ArrowField field, long* source, long* target, in ColumnBuffers buffers, int count, long factor)
    {
        long most = long.MaxValue / factor;
        for (int i = 0; i < count; i++)
        {
            long value = Bits.IsPresent(buffers.Validity, buffers.Offset + i) ? source[i] : 0;
            if (value > most || value < -most) throw place.Error("storage.arrow_time_range", field.Path, i, value, field.Type.ToString());
            target[i] = value * factor;
        }
    }

    private void Microseconds(ArrowField field, long* source, long* target, in ColumnBuffers buffers, int count)
    {
        for (int i = 0; i < count; i++)
        {
            long value = Bits.IsPresent(buffers.Validity, buffers.Offset + i) ? source[i] : 0;
            (target[i], long rest) = Math.DivRem(value, 1000);
            if (rest != 0) throw place.Error("storage.arrow_time_precision", field.Path, i, value, field.Type.ToString());
        }
    }

    private void Narrow(ArrowField field, Int128* source, Int128* target, in ColumnBuffers buffers, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Int128 low = Unsafe.ReadUnaligned<Int128>(source + (2L * i));
            Int128 high = Unsafe.ReadUnaligned<Int128>(source + (2L * i) + 1);
            bool isPresent = Bits.IsPresent(buffers.Validity, buffers.Offset + i);
            if (isPresent && high != (low < 0 ? Int128.NegativeOne : Int128.Zero)) throw BadValue(field, "storage.arrow_decimal", i);
            target[i] = isPresent ? low : 0;
        }
    }

    /// <summary>Asks that no value has more digits than its type says.</summary>
    private void CheckDigits(ArrowField field, Int128* values, in ColumnBuffers buffers, long count)
    {
        Int128 limit = 1;
        for (int i = 0; i < field.Type.Precision; i++) limit *= 10;
        for (int i = 0; i < count; i++)
        {
            Int128 value = Unsafe.ReadUnaligned<Int128>(values + buffers.Offset + i);
            if ((value >= limit || value <= -limit) && Bits.IsPresent(buffers.Validity, buffers.Offset + i)) throw BadValue(field, "storage.arrow_decimal", i);
        }
    }
}

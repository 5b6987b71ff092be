using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>Bitmaps, least significant bit first.</summary>
internal static unsafe class Bits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsSet(byte* bits, long index) => (bits[index >> 3] & (1 << (int)(index & 7))) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsPresent(byte* validity, long index) => validity is null || IsSet(validity, index);

    /// <summary>Bytes that hold <paramref name="count"/> bits.</summary>
    internal static long Size(long count) => (count + 7) / 8;

    /// <summary>How many of <paramref name="count"/> bits from <paramref name="offset"/> are 0.</summary>
    internal static long CountZeros(byte* bits, long offset, long count)
    {
        long set = 0;
        long at = offset;
        long end = offset + count;
        while (at < end && (at & 7) != 0) set += IsSet(bits, at++) ? 1 : 0;
        for (; end - at >= 64; at += 64) set += BitOperations.PopCount(Unsafe.ReadUnaligned<ulong>(bits + (at >> 3)));
        while (at < end) set += IsSet(bits, at++) ? 1 : 0;
        return count - set;
    }

    /// <summary>Whether the bitmap may be written as it lies: it begins with its first bit, and behind its last bit stand zeros.</summary>
    internal static bool IsPlain(byte* bits, long offset, long count)
        => (offset & 7) == 0 && ((count & 7) == 0 || bits[(offset + count) >> 3] >> (int)(count & 7) == 0);

    /// <summary>Copies bits to the beginning of another bitmap; those behind the last become 0.</summary>
    internal static void Copy(byte* bits, long offset, long count, byte* target)
    {
        byte* source = bits + (offset >> 3);
        int shift = (int)(offset & 7);
        long size = Size(count);
        // The byte behind is read only where bits of it are wanted.
        long sourceSize = Size(shift + count);
        long i = 0;
        if (shift == 0) Buffer.MemoryCopy(source, target, size, size);
        else
        {
            for (; i + 9 <= sourceSize; i += 8)
                Unsafe.WriteUnaligned(target + i, (Unsafe.ReadUnaligned<ulong>(source + i) >> shift) | ((ulong)source[i + 8] << (64 - shift)));
            for (; i < size; i++) target[i] = (byte)((source[i] >> shift) | (i + 1 < sourceSize ? source[i + 1] << (8 - shift) : 0));
        }
        if ((count & 7) != 0) target[size - 1] &= (byte)((1 << (int)(count & 7)) - 1);
    }
}

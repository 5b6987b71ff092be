using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Lepton.Data.Schemas.Hashing;

/// <summary>Two lanes of 64 bits that take in words, one after the other: the only way in which the content hash mixes anything. See docs/formats/content-hash.md.</summary>
internal struct HashState
{
    // Fractions of the square roots of 2, 3, 5, 7, 11 and 13 (as in SHA-512's initial value): numbers without a purpose of their own.
    internal const ulong StartLow = 0x6a09e667f3bcc908;
    internal const ulong StartHigh = 0xbb67ae8584caa73b;
    internal const ulong RowLow = 0x3c6ef372fe94f82b;
    internal const ulong RowHigh = 0xa54ff53a5f1d36f1;
    internal const ulong OrderHigh = 0x510e527fade682d1;
    internal const ulong OrderLow = 0x9b05688c2b3e6c1f;

    internal ulong Low;
    internal ulong High;

    internal static HashState Start => new() { Low = StartLow, High = StartHigh };

    internal readonly UInt128 Value => new(High, Low);

    /// <summary>
    /// The finalizer of SplitMix64: variant 13 of D. Stafford's "Better Bit Mixing" (2011), as in G. Steele, D. Lea and C. Flood, "Fast Splittable Pseudorandom Number Generators",
    /// OOPSLA 2014. A bijection in which every bit of the argument changes about half of the bits of the result.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Absorb(ulong word)
    {
        Low = Mix(Low ^ word);
        High = Mix(High ^ word);
    }

    /// <summary>The lower word, then the upper one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Absorb(Int128 value)
    {
        Absorb((ulong)value);
        Absorb((ulong)(value >> 64));
    }

    /// <summary>A float's bits, one for all that counts as the same value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Canonical(double value)
    {
        // Adding 0.0 makes 0.0 of -0.0 and leaves every other number as it is.
        value += 0.0;
        return double.IsNaN(value) ? 0x7FF8_0000_0000_0000 : BitConverter.DoubleToUInt64Bits(value);
    }

    /// <summary>Words of eight bytes, little-endian, the last one filled up with zeros; then the number of bytes.</summary>
    internal void Absorb(ReadOnlySpan<byte> bytes)
    {
        ulong length = (ulong)bytes.Length;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) Absorb(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        if (!bytes.IsEmpty) Absorb(Rest(bytes));
        Absorb(length);
    }

    /// <summary>Fewer than eight bytes as one word.</summary>
    private static ulong Rest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= sizeof(uint))
        {
            // Two reads that overlap cover five to seven bytes; four are covered by both alike.
            ulong tail = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]);
            return BinaryPrimitives.ReadUInt32LittleEndian(bytes) | (tail << (8 * (bytes.Length - sizeof(uint))));
        }
        ulong word = bytes[0];
        if (bytes.Length > 1) word |= (ulong)bytes[1] << 8;
        if (bytes.Length > 2) word |= (ulong)bytes[2] << 16;
        return word;
    }
}

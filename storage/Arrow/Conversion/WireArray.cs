namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>One array as its writer laid it out: what messages and the C data interface have in common.</summary>
internal sealed class WireArray(long length, long nullCount, long offset, WireBuffer[] buffers, WireArray[] children)
{
    internal long Length => length;

    /// <summary>-1 where nobody counted.</summary>
    internal long NullCount => nullCount;

    /// <summary>How many values in the buffers stand before the first of the array.</summary>
    internal long Offset => offset;

    internal WireBuffer[] Buffers => buffers;

    internal WireArray[] Children => children;

    /// <summary>The values that the array's numbers mean, where it brings them along.</summary>
    internal WireArray? Dictionary { get; init; }
}

/// <summary>One buffer; what the C data interface does not say the length of has <see cref="long.MaxValue"/>.</summary>
internal readonly unsafe struct WireBuffer(byte* pointer, long length)
{
    internal byte* Pointer => pointer;

    internal long Length => length;
}

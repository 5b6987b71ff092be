using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Lepton.Data.Schemas.Batches;

/// <summary>Writes many texts or binary values of a column in one run, in room that <see cref="ColumnBuilder.AppendBytes(int, long, ReadOnlySpan{ulong})"/> made for them.</summary>
public unsafe ref struct BytesWriter
{
    /// <summary>Bytes that a short value may be written with beyond its own length.</summary>
    internal const int SlackBytes = ShortLengthMax;

    private const int ShortLengthMax = 12;

    private readonly byte* _data;
    private readonly int _end;
    private readonly int* _lastOffset;
    private int* _offset;
    private int _at;

    internal BytesWriter(int* offset, int count, byte* data, int at, int sizeBytes)
    {
        _offset = offset;
        _lastOffset = offset + count;
        _data = data;
        _at = at;
        _end = at + sizeBytes;
        Count = count;
    }

    internal int Count { get; }

    /// <summary>The next value; for a NULL an empty one.</summary>
    /// <exception cref="InvalidOperationException">It goes beyond the room.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(byte* value, int length)
    {
        if ((uint)length > (uint)(_end - _at) || _offset == _lastOffset) ThrowNoRoom();
        Unsafe.CopyBlockUnaligned(_data + _at, value, (uint)length);
        Advance(length);
    }

    /// <summary>The next value, of at most 12 bytes, where 12 bytes may be read: quicker than <see cref="Append"/>, since it does not ask how many to copy.</summary>
    /// <exception cref="InvalidOperationException">It goes beyond the room.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendShort(byte* value, int length)
    {
        Debug.Assert(length <= ShortLengthMax, "not a short value");
        if ((uint)length > (uint)(_end - _at) || _offset == _lastOffset) ThrowNoRoom();
        Unsafe.WriteUnaligned(_data + _at, Unsafe.ReadUnaligned<ulong>(value));
        Unsafe.WriteUnaligned(_data + _at + sizeof(ulong), Unsafe.ReadUnaligned<uint>(value + sizeof(ulong)));
        Advance(length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance(int length)
    {
        _at += length;
        *_offset++ = _at;
    }

    /// <summary>Where the data ends, when every value was written.</summary>
    internal readonly int End => _offset == _lastOffset ? _at : throw new InvalidOperationException($"{_lastOffset - _offset} values were not written");

    private static void ThrowNoRoom() => throw new InvalidOperationException("more was written than there is room for");
}

using System.Buffers.Binary;
using System.Text;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Writes FlatBuffers from front to back: a table stands before what it points at, so an offset is filled in when its target is written.</summary>
internal sealed class FlatWriter
{
    private byte[] _bytes = new byte[1024];
    private int _length;

    internal FlatWriter() => Reserve(4);

    internal ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Begins the root table.</summary>
    internal FlatSlots Root(params ReadOnlySpan<byte> slotSizes)
    {
        FlatSlots table = Table(slotSizes);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes, (uint)table.Start);
        return table;
    }

    /// <summary>Begins the table that a slot points at.</summary>
    internal FlatSlots Table(FlatSlots from, int slot, params ReadOnlySpan<byte> slotSizes)
    {
        FlatSlots table = Table(slotSizes);
        PointAt(from[slot], table.Start);
        return table;
    }

    /// <summary>Begins the table that an element of a vector of offsets points at.</summary>
    internal FlatSlots Element(int vectorStart, int index, params ReadOnlySpan<byte> slotSizes)
    {
        FlatSlots table = Table(slotSizes);
        PointAt(vectorStart + (4 * index), table.Start);
        return table;
    }

    /// <summary>A vector that a slot points at, zeroed.</summary>
    /// <returns>Where its first element lies.</returns>
    internal int Vector(FlatSlots from, int slot, int count, int elementSize)
    {
        // The elements are aligned, and the count stands right before them.
        Align(Math.Min(elementSize, 8), 4);
        int start = Reserve(4 + (count * elementSize));
        PointAt(from[slot], start);
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(start), count);
        return start + 4;
    }

    internal void Text(FlatSlots from, int slot, string text)
    {
        int size = Encoding.UTF8.GetByteCount(text);
        int start = Vector(from, slot, size + 1, 1) - 4;
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(start), size);
        Encoding.UTF8.GetBytes(text, _bytes.AsSpan(start + 4));
    }

    internal void Put(int at, byte value) => _bytes[at] = value;

    internal void Put(int at, short value) => BinaryPrimitives.WriteInt16LittleEndian(_bytes.AsSpan(at), value);

    internal void Put(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(at), value);

    internal void Put(int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(_bytes.AsSpan(at), value);

    /// <param name="slotSizes">Bytes of each slot: 1, 2, 4 (also an offset) or 8; 0 leaves it absent.</param>
    private FlatSlots Table(ReadOnlySpan<byte> slotSizes)
    {
        Span<ushort> offsets = stackalloc ushort[slotSizes.Length];
        int size = 4;
        for (int i = 0; i < slotSizes.Length; i++)
        {
            if (slotSizes[i] == 0) continue;
            // The table begins at a multiple of 8, so that places in it are aligned as places in the message.
            size = (size + slotSizes[i] - 1) & -slotSizes[i];
            offsets[i] = (ushort)size;
            size += slotSizes[i];
        }
        int vtableSize = 4 + (2 * slotSizes.Length);
        Align(8, vtableSize);
        int vtable = Reserve(vtableSize);
        int start = Reserve(size);
        Put(vtable, (short)vtableSize);
        Put(vtable + 2, (short)size);
        for (int i = 0; i < offsets.Length; i++) Put(vtable + 4 + (2 * i), (short)offsets[i]);
        Put(start, start - vtable);
        return new FlatSlots(start, [.. offsets]);
    }

    private void PointAt(int at, int target) => Put(at, target - at);

    /// <summary>Adds zeros until the place <paramref name="ahead"/> bytes on is a multiple of <paramref name="alignment"/>, and of 4 here.</summary>
    private void Align(int alignment, int ahead)
    {
        alignment = Math.Max(alignment, 4);
        while (((_length + ahead) & (alignment - 1)) != 0) _length++;
    }

    private int Reserve(int size)
    {
        int start = _length;
        _length += size;
        // Never smaller than what Align went over.
        if (_length + 16 > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_length + 16, _bytes.Length * 2));
        return start;
    }
}

/// <summary>Where the slots of a table lie that is being written.</summary>
internal readonly struct FlatSlots(int start, ushort[] offsets)
{
    internal int Start => start;

    internal int this[int slot] => start + offsets[slot];
}

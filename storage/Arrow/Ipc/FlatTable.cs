using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>One table of a FlatBuffers message, for reading. Nothing of it is believed: every offset and size is checked before use.</summary>
internal readonly ref struct FlatTable
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ArrowPlace _place;
    private readonly int _start;
    private readonly int _size;
    private readonly int _vtable;
    private readonly int _vtableSize;

    private FlatTable(ReadOnlySpan<byte> bytes, long start, ArrowPlace place)
    {
        _bytes = bytes;
        _place = place;
        Check(start, 4);
        _start = (int)start;
        long vtable = start - BinaryPrimitives.ReadInt32LittleEndian(bytes[_start..]);
        Check(vtable, 4);
        _vtable = (int)vtable;
        _vtableSize = BinaryPrimitives.ReadUInt16LittleEndian(bytes[_vtable..]);
        _size = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(_vtable + 2)..]);
        if (_vtableSize < 4 || (_vtableSize & 1) != 0 || _size < 4) throw Broken(_vtable);
        Check(vtable, _vtableSize);
        Check(start, _size);
    }

    /// <summary>The table that a message begins with.</summary>
    internal static FlatTable Root(ReadOnlySpan<byte> bytes, ArrowPlace place)
    {
        if (bytes.Length < 8) throw place.Error("storage.arrow_metadata", 0);
        return new FlatTable(bytes, BinaryPrimitives.ReadUInt32LittleEndian(bytes), place);
    }

    internal byte Byte(int slot, byte absent = 0) => Find(slot, 1) is var at and > 0 ? _bytes[at] : absent;

    internal bool Boolean(int slot) => Byte(slot) != 0;

    internal short Int16(int slot, short absent = 0) => Find(slot, 2) is var at and > 0 ? BinaryPrimitives.ReadInt16LittleEndian(_bytes[at..]) : absent;

    internal int Int32(int slot, int absent = 0) => Find(slot, 4) is var at and > 0 ? BinaryPrimitives.ReadInt32LittleEndian(_bytes[at..]) : absent;

    internal long Int64(int slot, long absent = 0) => Find(slot, 8) is var at and > 0 ? BinaryPrimitives.ReadInt64LittleEndian(_bytes[at..]) : absent;

    internal bool Has(int slot) => Find(slot, 1) > 0;

    /// <summary>The table that a slot points at; the slot must be there.</summary>
    internal FlatTable Table(int slot) => new(_bytes, Target(Required(slot)), _place);

    /// <summary>The text of a slot, or null.</summary>
    internal string? Text(int slot)
    {
        if (!Has(slot)) return null;
        ReadOnlySpan<byte> text = Bytes(slot);
        return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : throw Broken(_start);
    }

    /// <summary>What should be the text of a slot; empty where it is absent.</summary>
    internal ReadOnlySpan<byte> Bytes(int slot)
    {
        int at = Find(slot, 4);
        if (at == 0) return default;
        long start = Target(at);
        Check(start, 4);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(int)start..]);
        Check(start + 4, length);
        return _bytes.Slice((int)start + 4, (int)length);
    }

    /// <summary>The vector of a slot; empty where the slot is absent.</summary>
    internal FlatVector Vector(int slot, int elementSize)
    {
        int at = Find(slot, 4);
        if (at == 0) return default;
        long start = Target(at);
        Check(start, 4);
        long count = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(int)start..]);
        Check(start + 4, count * elementSize);
        return new FlatVector(_bytes.Slice((int)start + 4, (int)count * elementSize), elementSize, (int)start + 4);
    }

    /// <summary>One table of a vector of tables of this message.</summary>
    internal FlatTable Element(FlatVector vector, int index) => new(_bytes, Target(vector.Start + (4 * index)), _place);

    private int Required(int slot) => Find(slot, 4) is var at and > 0 ? at : throw Broken(_start);

    private long Target(int at) => at + (long)BinaryPrimitives.ReadUInt32LittleEndian(_bytes[at..]);

    /// <returns>Where the slot's value lies, or 0 where it is absent.</returns>
    private int Find(int slot, int size)
    {
        int entry = 4 + (2 * slot);
        if (entry + 2 > _vtableSize) return 0;
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(_bytes[(_vtable + entry)..]);
        if (offset == 0) return 0;
        return offset >= 4 && offset + size <= _size ? _start + offset : throw Broken(_vtable + entry);
    }

    private void Check(long start, long size)
    {
        if (start < 0 || size > _bytes.Length - start) throw Broken(start);
    }

    private Schemas.LeptonDataException Broken(long at) => _place.Error("storage.arrow_metadata", Math.Clamp(at, 0, _bytes.Length));
}

/// <summary>Elements of one size, side by side.</summary>
internal readonly ref struct FlatVector(ReadOnlySpan<byte> bytes, int elementSize, int start)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    internal int Start => start;

    internal int Count => elementSize == 0 ? 0 : _bytes.Length / elementSize;

    internal long Int64(int index, int offset = 0) => BinaryPrimitives.ReadInt64LittleEndian(_bytes[((index * elementSize) + offset)..]);

    internal int Int32(int index, int offset = 0) => BinaryPrimitives.ReadInt32LittleEndian(_bytes[((index * elementSize) + offset)..]);
}

using System.Buffers.Binary;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>What a number in a stream or file means to its reader.</summary>
internal enum NumberMeaning
{
    /// <summary>Of a message's metadata, or of a file's footer.</summary>
    MetadataSize,
    BodySize,
    Version,
    MessageKind,

    /// <summary>Of FlatBuffers: where a table, a vector or a text lies.</summary>
    Reference,

    /// <summary>Of FlatBuffers: how many elements or bytes follow.</summary>
    Count,

    /// <summary>Of FlatBuffers: sizes of tables, and where their slots lie.</summary>
    TableLayout,
    TypeTag,
    TypeArgument,
    DictionaryId,
    DictionaryIsDelta,
    RowCount,
    NodeLength,
    NullCount,
    BufferOffset,
    BufferSize,
    ViewCount,
    Codec,
    FooterBlock,

    /// <summary>What a compressed buffer says that it unfolds to.</summary>
    UncompressedSize,

    /// <summary>The first bytes of a compressed frame, which have its own sizes.</summary>
    FrameHead,

    /// <summary>Offsets, bits, numbers into dictionaries, run ends, views, text.</summary>
    Value,
}

/// <summary>Numbers side by side.</summary>
/// <param name="Meaning">What they mean.</param>
/// <param name="Start">The first byte.</param>
/// <param name="Size">Bytes of one: 1, 2, 4 or 8.</param>
/// <param name="Count">How many.</param>
internal readonly record struct NumberPlace(NumberMeaning Meaning, int Start, int Size, int Count = 1);

/// <summary>Finds the numbers of a stream or file that is whole, by a walk of its own through its messages.</summary>
internal sealed class ArrowAnatomy
{
    private const int SchemaKind = 1, DictionaryKind = 2;

    private readonly byte[] _bytes;
    private readonly List<NumberPlace> _numbers = [];

    internal ArrowAnatomy(byte[] bytes)
    {
        _bytes = bytes;
        bool isFile = bytes.AsSpan().StartsWith("ARROW1"u8);
        int at = isFile ? 8 : 0;
        while (at + 8 <= bytes.Length && Int32(at) == -1 && Int32(at + 4) > 0)
        {
            _numbers.Add(new(NumberMeaning.MetadataSize, at, 4, 2));
            int body = at + 8 + Int32(at + 4);
            int end = body + Message(at + 8, body);
            Messages.Add((at, body, end));
            at = end;
        }
        // The end mark, and a file's footer.
        Messages.Add((at, at + 8, bytes.Length));
        if (isFile) Footer(bytes.Length - 10);
    }

    /// <summary>Where each message begins, where its body, and where it ends; the last is what follows them all.</summary>
    internal List<(int Start, int Body, int End)> Messages { get; } = [];

    internal IReadOnlyList<NumberPlace> Numbers => _numbers;

    /// <summary>Where tables of FlatBuffers begin.</summary>
    internal List<int> Tables { get; } = [];

    /// <returns>Bytes of the body.</returns>
    private int Message(int root, int body)
    {
        int message = Root(root);
        Slot(message, 0, NumberMeaning.Version, 2);
        int kind = Slot(message, 1, NumberMeaning.MessageKind, 1) is var kindAt and > 0 ? _bytes[kindAt] : 0;
        int bodySize = Slot(message, 3, NumberMeaning.BodySize, 8) is var sizeAt and > 0 ? Int32(sizeAt) : 0;
        int header = Child(message, 2);
        if (kind == SchemaKind) Schema(header);
        else if (kind == DictionaryKind)
        {
            Slot(header, 0, NumberMeaning.DictionaryId, 8);
            Slot(header, 2, NumberMeaning.DictionaryIsDelta, 1);
            Batch(Child(header, 1), body);
        }
        else Batch(header, body);
        return bodySize;
    }

    private void Schema(int schema)
    {
        Slot(schema, 0, NumberMeaning.Version, 2);
        foreach (int field in Children(schema, 1)) Field(field);
        foreach (int pair in Children(schema, 2)) Texts(pair);
        Vector(schema, 3, NumberMeaning.Version, 8);
    }

    private void Field(int field)
    {
        Text(field, 0);
        Slot(field, 1, NumberMeaning.TypeArgument, 1);
        Slot(field, 2, NumberMeaning.TypeTag, 1);
        // What a type's numbers are depends on the type; taken for as wide as their place allows.
        int type = Child(field, 3);
        for (int slot = 0; slot < 4; slot++) Slot(type, slot, NumberMeaning.TypeArgument, 4);
        if (Child(field, 4) is var encoding and > 0)
        {
            Slot(encoding, 0, NumberMeaning.DictionaryId, 8);
            Slot(Child(encoding, 1), 0, NumberMeaning.TypeArgument, 4);
        }
        foreach (int child in Children(field, 5)) Field(child);
        foreach (int pair in Children(field, 6)) Texts(pair);
    }

    private void Batch(int batch, int body)
    {
        Slot(batch, 0, NumberMeaning.RowCount, 8);
        foreach (int node in Structs(batch, 1, 16))
        {
            _numbers.Add(new(NumberMeaning.NodeLength, node, 8));
            _numbers.Add(new(NumberMeaning.NullCount, node + 8, 8));
        }
        int compression = Child(batch, 3);
        bool isCompressed = compression > 0;
        if (isCompressed)
        {
            Slot(compression, 0, NumberMeaning.Codec, 1);
            Slot(compression, 1, NumberMeaning.Codec, 1);
        }
        Vector(batch, 4, NumberMeaning.ViewCount, 8);
        foreach (int buffer in Structs(batch, 2, 16))
        {
            _numbers.Add(new(NumberMeaning.BufferOffset, buffer, 8));
            _numbers.Add(new(NumberMeaning.BufferSize, buffer + 8, 8));
            (int start, int size) = (body + Int32(buffer), Int32(buffer + 8));
            if (isCompressed && size > 8)
            {
                _numbers.Add(new(NumberMeaning.UncompressedSize, start, 8));
                _numbers.Add(new(NumberMeaning.FrameHead, start + 8, 1, Math.Min(size - 8, 16)));
            }
            if (size >= 4) _numbers.Add(new(NumberMeaning.Value, start, 4, size / 4));
            if (size > 0) _numbers.Add(new(NumberMeaning.Value, start, 1, size));
        }
    }

    private void Footer(int sizeAt)
    {
        _numbers.Add(new(NumberMeaning.MetadataSize, sizeAt, 4));
        int footer = Root(sizeAt - Int32(sizeAt));
        Schema(Child(footer, 1));
        foreach (int slot in new[] { 2, 3 })
        {
            foreach (int block in Structs(footer, slot, 24))
            {
                _numbers.Add(new(NumberMeaning.FooterBlock, block, 8));
                _numbers.Add(new(NumberMeaning.FooterBlock, block + 8, 4));
                _numbers.Add(new(NumberMeaning.FooterBlock, block + 16, 8));
            }
        }
    }

    private void Texts(int table)
    {
        Text(table, 0);
        Text(table, 1);
    }

    private void Text(int table, int slot)
    {
        if (Follow(table, slot) is var text and > 0) _numbers.Add(new(NumberMeaning.Count, text, 4));
    }

    private int Root(int at) => Table(at);

    /// <summary>The table that the reference at <paramref name="at"/> points at.</summary>
    private int Table(int at)
    {
        _numbers.Add(new(NumberMeaning.Reference, at, 4));
        int table = at + Int32(at);
        if (Tables.Contains(table)) return table;
        Tables.Add(table);
        int layout = table - Int32(table);
        _numbers.Add(new(NumberMeaning.TableLayout, table, 4));
        _numbers.Add(new(NumberMeaning.TableLayout, layout, 2, UInt16(layout) / 2));
        return table;
    }

    /// <returns>Where the slot's value lies, or 0.</returns>
    private int Find(int table, int slot)
    {
        if (table == 0) return 0;
        int layout = table - Int32(table);
        int entry = 4 + (2 * slot);
        return entry + 2 <= UInt16(layout) && UInt16(layout + entry) is var offset and > 0 ? table + offset : 0;
    }

    private int Slot(int table, int slot, NumberMeaning meaning, int size)
    {
        int at = Find(table, slot);
        if (at > 0) _numbers.Add(new(meaning, at, size));
        return at;
    }

    private int Child(int table, int slot) => Find(table, slot) is var at and > 0 ? Table(at) : 0;

    /// <returns>Where the count of a vector or text stands that a slot points at, or 0.</returns>
    private int Follow(int table, int slot)
    {
        int at = Find(table, slot);
        if (at == 0) return 0;
        _numbers.Add(new(NumberMeaning.Reference, at, 4));
        return at + Int32(at);
    }

    private void Vector(int table, int slot, NumberMeaning meaning, int size)
    {
        if (Follow(table, slot) is not (var vector and > 0)) return;
        _numbers.Add(new(NumberMeaning.Count, vector, 4));
        if (Int32(vector) > 0) _numbers.Add(new(meaning, vector + 4, size, Int32(vector)));
    }

    private IEnumerable<int> Structs(int table, int slot, int size)
    {
        if (Follow(table, slot) is not (var vector and > 0)) return [];
        _numbers.Add(new(NumberMeaning.Count, vector, 4));
        return Enumerable.Range(0, Int32(vector)).Select(i => vector + 4 + (i * size));
    }

    private List<int> Children(int table, int slot) => [.. Structs(table, slot, 4).Select(Table)];

    private int Int32(int at) => BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(at));

    private int UInt16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));
}

using System.Buffers.Binary;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>What a message is; the numbers are those of the union <c>MessageHeader</c> in Arrow's Message.fbs.</summary>
internal enum MessageKind : byte
{
    Schema = 1,
    DictionaryBatch = 2,
    RecordBatch = 3,
}

/// <summary>What stands before a message.</summary>
internal static class MessagePrefix
{
    /// <summary>Bytes of the prefix: 8, or 4 in streams of before Arrow 0.15; 0 where <paramref name="bytes"/> are too few to tell.</summary>
    internal static int Read(ReadOnlySpan<byte> bytes, out int metadataSize)
    {
        metadataSize = 0;
        if (bytes.Length < 4) return 0;
        metadataSize = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (metadataSize != -1) return 4;
        if (bytes.Length < 8) return 0;
        metadataSize = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        return 8;
    }
}

/// <summary>The FlatBuffers part of a message, for reading.</summary>
internal readonly ref struct MessageHead
{
    private readonly FlatTable _message;
    private readonly int _size;

    private MessageHead(FlatTable message, int size)
    {
        _message = message;
        _size = size;
    }

    internal MessageKind Kind => (MessageKind)_message.Byte(1);

    internal long BodySizeBytes => _message.Int64(3);

    /// <summary>Whether arrays are laid out as before Arrow 1.0, where unions have validity.</summary>
    internal bool IsBeforeV5 => _message.Int16(0) < MessageWriter.Version;

    internal FlatTable Header => _message.Table(2);

    /// <exception cref="Schemas.LeptonDataException"><c>storage.arrow_metadata</c>, <c>storage.arrow_version</c></exception>
    internal static MessageHead Read(ReadOnlySpan<byte> metadata, ArrowPlace place)
    {
        FlatTable message = FlatTable.Root(metadata, place);
        // V1 to V3 were never stable; V4 and V5 are all that anybody wrote since 2017.
        if (message.Int16(0) is not (3 or 4)) throw place.Error("storage.arrow_version", message.Int16(0) + 1);
        if (message.Int64(3) < 0) throw place.Error("storage.arrow_metadata", 0);
        return new MessageHead(message, metadata.Length);
    }

    internal ArrowField Schema(ArrowPlace place)
        => Kind == MessageKind.Schema ? new SchemaReader(place, _size).Read(Header) : throw place.Error("storage.arrow_message", (int)Kind);
}

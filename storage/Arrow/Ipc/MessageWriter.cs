using System.Buffers.Binary;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Writes encapsulated messages: <c>FF FF FF FF</c>, the size of what follows, FlatBuffers, zeros up to the alignment. A body follows apart.</summary>
internal static class MessageWriter
{
    /// <summary>Arrow's format version V5.</summary>
    internal const short Version = 4;

    /// <param name="root">The struct of the columns.</param>
    /// <param name="alignment">What the position behind the message is to be a multiple of.</param>
    /// <param name="position">Where the message begins.</param>
    internal static ReadOnlySpan<byte> Schema(ArrowField root, int alignment, long position)
    {
        var writer = new FlatWriter();
        FlatSlots message = Message(writer, MessageKind.Schema, 0);
        SchemaWriter.Write(writer, message, 2, root);
        return Encapsulate(writer.Written, alignment, position);
    }

    /// <param name="encoder">Holds the batch.</param>
    /// <param name="alignment">See <see cref="Schema"/>.</param>
    /// <param name="position">See <see cref="Schema"/>.</param>
    internal static ReadOnlySpan<byte> Batch(BatchEncoder encoder, int alignment, long position)
    {
        var writer = new FlatWriter();
        FlatSlots message = Message(writer, MessageKind.RecordBatch, encoder.BodySizeBytes);
        byte compression = encoder.Compression == ArrowCompression.None ? (byte)0 : (byte)4;
        FlatSlots batch = writer.Table(message, 2, 8, 4, 4, compression);
        writer.Put(batch[0], (long)encoder.RowCount);
        int nodes = writer.Vector(batch, 1, encoder.Nodes.Count, 16);
        for (int i = 0; i < encoder.Nodes.Count; i++)
        {
            writer.Put(nodes + (16 * i), encoder.Nodes[i].Length);
            writer.Put(nodes + (16 * i) + 8, encoder.Nodes[i].NullCount);
        }
        int buffers = writer.Vector(batch, 2, encoder.Buffers.Count, 16);
        for (int i = 0; i < encoder.Buffers.Count; i++)
        {
            writer.Put(buffers + (16 * i), encoder.Buffers[i].Offset);
            writer.Put(buffers + (16 * i) + 8, encoder.Buffers[i].Length);
        }
        if (compression != 0)
        {
            FlatSlots codec = writer.Table(batch, 3, 1, 1);
            writer.Put(codec[0], encoder.Compression == ArrowCompression.Zstd ? (byte)1 : (byte)0);
        }
        return Encapsulate(writer.Written, alignment, position);
    }

    /// <summary>The footer of a file, without its length and the magic that follow.</summary>
    internal static ReadOnlySpan<byte> Footer(ArrowField root, List<ArrowBlock> batches)
    {
        var writer = new FlatWriter();
        FlatSlots footer = writer.Root(2, 4, 4, 4);
        writer.Put(footer[0], Version);
        SchemaWriter.Write(writer, footer, 1, root);
        writer.Vector(footer, 2, 0, 24);
        int blocks = writer.Vector(footer, 3, batches.Count, 24);
        for (int i = 0; i < batches.Count; i++)
        {
            writer.Put(blocks + (24 * i), batches[i].Offset);
            writer.Put(blocks + (24 * i) + 8, batches[i].MetadataSize);
            writer.Put(blocks + (24 * i) + 16, batches[i].BodySize);
        }
        return writer.Written;
    }

    private static FlatSlots Message(FlatWriter writer, MessageKind kind, long bodySize)
    {
        FlatSlots message = writer.Root(2, 1, 4, 8);
        writer.Put(message[0], Version);
        writer.Put(message[1], (byte)kind);
        writer.Put(message[3], bodySize);
        return message;
    }

    private static Span<byte> Encapsulate(ReadOnlySpan<byte> metadata, int alignment, long position)
    {
        long end = (position + 8 + metadata.Length + alignment - 1) & -alignment;
        byte[] message = new byte[end - position];
        BinaryPrimitives.WriteUInt32LittleEndian(message, 0xFFFFFFFF);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), message.Length - 8);
        metadata.CopyTo(message.AsSpan(8));
        return message;
    }
}

/// <summary>Where a message lies in a file.</summary>
/// <param name="Offset">Its first byte.</param>
/// <param name="MetadataSize">With prefix and padding.</param>
/// <param name="BodySize">Bytes that follow.</param>
internal readonly record struct ArrowBlock(long Offset, int MetadataSize, long BodySize);

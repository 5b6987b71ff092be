using System.Buffers.Binary;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Reads messages off a stream. Memory is taken as bytes arrive: what a message says of its size is only believed where the stream knows its own.</summary>
internal sealed class MessageStream(Stream stream, ArrowReadOptions options, ArrowPlace place)
{
    private const int MetadataFirst = 1 << 16, BodyFirst = 1 << 20, ChunkMax = 1 << 26;

    private readonly byte[] _prefix = new byte[8];
    private byte[] _metadata = new byte[1024];
    private int _metadataSize;
    private long _position;

    /// <summary>Whether reading blocks the thread: an async read of such a file would only be one on another thread, for each part of a message.</summary>
    internal bool IsBlocking { get; } = stream is FileStream { IsAsync: false };

    /// <summary>The FlatBuffers part of the message that was read last.</summary>
    internal ReadOnlySpan<byte> Metadata => _metadata.AsSpan(0, _metadataSize);

    /// <summary>Reads up to the next message's body.</summary>
    /// <returns>False at the end mark, or where the stream ends between messages.</returns>
    internal async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        place.MessageNumber++;
        place.Position = _position;
        int read = await ReadAsync(_prefix.AsMemory(0, 4), cancellationToken).ConfigureAwait(false);
        if (read == 0) return false;
        if (read < 4) throw place.Error("storage.arrow_truncated");
        if (place.MessageNumber == 1 && _prefix.AsSpan(0, 4).SequenceEqual("ARRO"u8))
        {
            // A file: its messages follow the magic as in a stream.
            await ReadAllAsync(_prefix.AsMemory(4), cancellationToken).ConfigureAwait(false);
            if (!_prefix.AsSpan().SequenceEqual("ARROW1\0\0"u8)) throw place.Error("storage.arrow_not_arrow");
            place.Position = _position;
            await ReadAllAsync(_prefix.AsMemory(0, 4), cancellationToken).ConfigureAwait(false);
        }
        // Before Arrow 0.15 the size stood first.
        int size = BinaryPrimitives.ReadInt32LittleEndian(_prefix);
        bool isOld = size != -1;
        if (!isOld)
        {
            await ReadAllAsync(_prefix.AsMemory(0, 4), cancellationToken).ConfigureAwait(false);
            size = BinaryPrimitives.ReadInt32LittleEndian(_prefix);
        }
        if (size == 0) return false;
        if (size < 0 || size > options.MessageBytesMax) throw place.Error(place.MessageNumber == 1 ? "storage.arrow_not_arrow" : "storage.arrow_message_size", size, options.MessageBytesMax);
        _metadataSize = size;
        for (int done = 0; done < size;)
        {
            if (done == _metadata.Length || _metadata.Length < Math.Min(size, MetadataFirst)) Array.Resize(ref _metadata, Math.Min(size, Math.Max(MetadataFirst, _metadata.Length * 2)));
            int now = Math.Min(size, _metadata.Length) - done;
            // Four bytes of anything are a size of old.
            if (await ReadAsync(_metadata.AsMemory(done, now), cancellationToken).ConfigureAwait(false) < now) throw place.Error(isOld && place.MessageNumber == 1 ? "storage.arrow_not_arrow" : "storage.arrow_truncated");
            done += now;
        }
        return true;
    }

    /// <summary>Reads the body; null where there is none.</summary>
    internal async ValueTask<NativeBlock?> BodyAsync(long size, CancellationToken cancellationToken)
    {
        if (size == 0) return null;
        if (size > options.MessageBytesMax) throw place.Error("storage.arrow_message_size", size, options.MessageBytesMax);
        bool isKnown = stream.CanSeek;
        if (isKnown && size > stream.Length - stream.Position) throw place.Error("storage.arrow_truncated");
        NativeBlock block = NativeBlock.Rent(isKnown ? size : Math.Min(size, BodyFirst), options.Memory);
        try
        {
            for (long done = 0; done < size;)
            {
                if (done == block.SizeBytes) block = Grown(block, Math.Min(size, done * 2), done);
                long now = Math.Min(Math.Min(size, block.SizeBytes) - done, ChunkMax);
                await ReadAllAsync(Part(block, done, (int)now), cancellationToken).ConfigureAwait(false);
                done += now;
            }
            return block;
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }

    private static unsafe Memory<byte> Part(NativeBlock block, long start, int length) => NativeMemoryManager.Of((nint)(block.Pointer + start), length);

    private unsafe NativeBlock Grown(NativeBlock block, long size, long kept)
    {
        NativeBlock grown = NativeBlock.Rent(size, options.Memory);
        Buffer.MemoryCopy(block.Pointer, grown.Pointer, grown.SizeBytes, kept);
        block.Dispose();
        return grown;
    }

    private async ValueTask ReadAllAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (await ReadAsync(target, cancellationToken).ConfigureAwait(false) < target.Length) throw place.Error("storage.arrow_truncated");
    }

    private async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int read = IsBlocking
            ? stream.ReadAtLeast(target.Span, target.Length, throwOnEndOfStream: false)
            : await stream.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        _position += read;
        return read;
    }
}

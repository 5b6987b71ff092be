using System.Buffers;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Writes messages to a stream: large buffers from where they lie, small ones and the gaps between through one staging buffer.</summary>
internal sealed class BodyOutput(Stream stream)
{
    private const int StagingSize = 65_536, DirectMin = 16_384, ChunkMax = 1 << 26;

    private readonly byte[] _staging = new byte[StagingSize];
    private int _staged;

    /// <summary>Whether writing blocks the thread: an async write of such a file would only be one on another thread, for each part of a message.</summary>
    internal bool IsBlocking { get; } = stream is FileStream { IsAsync: false };

    /// <summary>Bytes written so far, staged ones included.</summary>
    internal long Position { get; private set; }

    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Position += bytes.Length;
        if (bytes.Length > StagingSize - _staged) await FlushAsync(cancellationToken).ConfigureAwait(false);
        if (bytes.Length > StagingSize) await PutAsync(bytes, cancellationToken).ConfigureAwait(false);
        else
        {
            bytes.Span.CopyTo(_staging.AsSpan(_staged));
            _staged += bytes.Length;
        }
    }

    internal async ValueTask WriteBodyAsync(List<BodyPart> parts, long bodySize, CancellationToken cancellationToken)
    {
        long at = 0;
        foreach (BodyPart part in parts)
        {
            await WriteZerosAsync(part.Offset - at, cancellationToken).ConfigureAwait(false);
            if (part.Length < DirectMin) await WriteSmallAsync(part, cancellationToken).ConfigureAwait(false);
            else await WriteDirectAsync(part, cancellationToken).ConfigureAwait(false);
            at = part.Offset + part.Length;
        }
        await WriteZerosAsync(bodySize - at, cancellationToken).ConfigureAwait(false);
    }

    internal async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_staged == 0) return;
        await PutAsync(_staging.AsMemory(0, _staged), cancellationToken).ConfigureAwait(false);
        _staged = 0;
    }

    private ValueTask PutAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!IsBlocking) return stream.WriteAsync(bytes, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        stream.Write(bytes.Span);
        return ValueTask.CompletedTask;
    }

    private async ValueTask WriteZerosAsync(long count, CancellationToken cancellationToken)
    {
        Position += count;
        while (count > 0)
        {
            if (_staged == StagingSize) await FlushAsync(cancellationToken).ConfigureAwait(false);
            int now = (int)Math.Min(count, StagingSize - _staged);
            _staging.AsSpan(_staged, now).Clear();
            _staged += now;
            count -= now;
        }
    }

    private async ValueTask WriteSmallAsync(BodyPart part, CancellationToken cancellationToken)
    {
        if (part.Length > StagingSize - _staged) await FlushAsync(cancellationToken).ConfigureAwait(false);
        unsafe
        {
            new ReadOnlySpan<byte>((void*)part.Pointer, (int)part.Length).CopyTo(_staging.AsSpan(_staged));
        }
        _staged += (int)part.Length;
        Position += part.Length;
    }

    private async ValueTask WriteDirectAsync(BodyPart part, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        for (long done = 0; done < part.Length; done += ChunkMax)
        {
            Memory<byte> chunk = NativeMemoryManager.Of(part.Pointer + (nint)done, (int)Math.Min(part.Length - done, ChunkMax));
            await PutAsync(chunk, cancellationToken).ConfigureAwait(false);
        }
        Position += part.Length;
    }
}

/// <summary>Native memory as what streams take. The memory must outlive the call that it is given to.</summary>
internal sealed unsafe class NativeMemoryManager : MemoryManager<byte>
{
    private readonly nint _pointer;
    private readonly int _length;

    private NativeMemoryManager(nint pointer, int length) => (_pointer, _length) = (pointer, length);

    internal static Memory<byte> Of(nint pointer, int length) => new NativeMemoryManager(pointer, length).Memory;

    public override Span<byte> GetSpan() => new((void*)_pointer, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)_pointer + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}

using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Native;

namespace Lepton.Data.Storage.Arrow.Ipc;

/// <summary>Compresses the buffers of one writer.</summary>
internal sealed unsafe class BufferCompressor : IDisposable
{
    private readonly ArrowWriteOptions _options;
    private nint _zstd;

    /// <exception cref="LeptonDataException"><c>storage.arrow_codec_missing</c></exception>
    internal BufferCompressor(ArrowWriteOptions options)
    {
        _options = options;
        if (options.Compression == ArrowCompression.Zstd)
        {
            Zstd.EnsureLoaded();
            _zstd = Zstd.CreateContext();
            if (_zstd == 0) throw new InvalidOperationException("libzstd gave no context");
        }
        else Lz4.EnsureLoaded();
    }

    ~BufferCompressor() => Free();

    /// <summary>Bytes that compressing <paramref name="size"/> may take at most.</summary>
    internal long Bound(long size) => (long)(_zstd != 0 ? Zstd.CompressBound((nuint)size) : Lz4.CompressBound((nuint)size, null));

    /// <returns>Bytes written.</returns>
    /// <exception cref="LeptonDataException"><c>storage.arrow_compress</c></exception>
    internal long Compress(byte* source, long size, byte* target)
    {
        nuint capacity = (nuint)Bound(size);
        if (_zstd != 0)
        {
            nuint written = Zstd.Compress(_zstd, target, capacity, source, (nuint)size, _options.ZstdLevel);
            return Zstd.IsError(written) == 0 ? (long)written : throw new LeptonDataException("storage.arrow_compress", ["ZSTD", Marshal.PtrToStringUTF8((nint)Zstd.ErrorName(written))]);
        }
        nuint framed = Lz4.Compress(target, capacity, source, (nuint)size, null);
        return Lz4.IsError(framed) == 0 ? (long)framed : throw new LeptonDataException("storage.arrow_compress", ["LZ4", Marshal.PtrToStringUTF8((nint)Lz4.ErrorName(framed))]);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        nint context = Interlocked.Exchange(ref _zstd, 0);
        if (context != 0) Zstd.FreeContext(context);
    }
}

/// <summary>Decompresses one buffer to the size that it declares.</summary>
internal static unsafe class BufferDecompressor
{
    /// <returns>Null, or what is wrong.</returns>
    internal static string? Decompress(ArrowCompression codec, byte* source, long size, byte* target, long expected)
        => codec == ArrowCompression.Zstd ? FromZstd(source, size, target, expected) : FromLz4(source, size, target, expected);

    /// <summary>Whether the frame itself contradicts the size that stands before it; asked before memory is taken.</summary>
    internal static bool Contradicts(ArrowCompression codec, byte* source, long size, long expected)
    {
        if (codec != ArrowCompression.Zstd) return false;
        ulong declared = Zstd.ContentSize(source, (nuint)size);
        // Two below the greatest numbers mean unknown and broken.
        return declared < ulong.MaxValue - 1 ? declared > (ulong)expected : declared != Zstd.ContentSizeUnknown;
    }

    private static string? FromZstd(byte* source, long size, byte* target, long expected)
    {
        nuint result = Zstd.Decompress(target, (nuint)expected, source, (nuint)size);
        if (Zstd.IsError(result) != 0) return Marshal.PtrToStringUTF8((nint)Zstd.ErrorName(result));
        return result == (nuint)expected ? null : "Size";
    }

    private static string? FromLz4(byte* source, long size, byte* target, long expected)
    {
        nuint code = Lz4.CreateContext(out nint context, Lz4.Version);
        if (Lz4.IsError(code) != 0) return Marshal.PtrToStringUTF8((nint)Lz4.ErrorName(code));
        try
        {
            long read = 0;
            long written = 0;
            while (true)
            {
                nuint targetSize = (nuint)(expected - written);
                nuint sourceSize = (nuint)(size - read);
                code = Lz4.Decompress(context, target + written, ref targetSize, source + read, ref sourceSize, null);
                if (Lz4.IsError(code) != 0) return Marshal.PtrToStringUTF8((nint)Lz4.ErrorName(code));
                read += (long)sourceSize;
                written += (long)targetSize;
                // The frame is whole.
                if (code == 0) return written == expected && read == size ? null : "Size";
                // It wants more than there is, or holds more than it may.
                if (sourceSize == 0 && targetSize == 0) return "Size";
            }
        }
        finally
        {
            Lz4.FreeContext(context);
        }
    }
}

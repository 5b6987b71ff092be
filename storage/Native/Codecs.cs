using System.Runtime.InteropServices;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Native;

/// <summary>LZ4 frames, by Debian's liblz4.</summary>
internal static unsafe partial class Lz4
{
    /// <summary>What a decompression context is made for.</summary>
    internal const uint Version = 100;

    private const string Library = "liblz4.so.1";

    /// <exception cref="LeptonDataException"><c>storage.arrow_codec_missing</c></exception>
    internal static void EnsureLoaded() => CodecLibrary.EnsureLoaded(Library, "liblz4-1");

    [LibraryImport(Library, EntryPoint = "LZ4F_compressFrameBound")]
    internal static partial nuint CompressBound(nuint size, void* preferences);

    [LibraryImport(Library, EntryPoint = "LZ4F_compressFrame")]
    internal static partial nuint Compress(byte* target, nuint capacity, byte* source, nuint size, void* preferences);

    [LibraryImport(Library, EntryPoint = "LZ4F_createDecompressionContext")]
    internal static partial nuint CreateContext(out nint context, uint version);

    [LibraryImport(Library, EntryPoint = "LZ4F_freeDecompressionContext")]
    internal static partial nuint FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "LZ4F_decompress")]
    internal static partial nuint Decompress(nint context, byte* target, ref nuint targetSize, byte* source, ref nuint sourceSize, void* options);

    [LibraryImport(Library, EntryPoint = "LZ4F_isError")]
    internal static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "LZ4F_getErrorName")]
    internal static partial byte* ErrorName(nuint code);
}

/// <summary>Zstandard, by Debian's libzstd.</summary>
internal static unsafe partial class Zstd
{
    /// <summary>What <see cref="ContentSize"/> gives where a frame does not say its size.</summary>
    internal const ulong ContentSizeUnknown = ulong.MaxValue;

    private const string Library = "libzstd.so.1";

    /// <exception cref="LeptonDataException"><c>storage.arrow_codec_missing</c></exception>
    internal static void EnsureLoaded() => CodecLibrary.EnsureLoaded(Library, "libzstd1");

    [LibraryImport(Library, EntryPoint = "ZSTD_compressBound")]
    internal static partial nuint CompressBound(nuint size);

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    internal static partial nint CreateContext();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    internal static partial nuint FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressCCtx")]
    internal static partial nuint Compress(nint context, byte* target, nuint capacity, byte* source, nuint size, int level);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompress")]
    internal static partial nuint Decompress(byte* target, nuint capacity, byte* source, nuint size);

    [LibraryImport(Library, EntryPoint = "ZSTD_getFrameContentSize")]
    internal static partial ulong ContentSize(byte* source, nuint size);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    internal static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    internal static partial byte* ErrorName(nuint code);
}

/// <summary>Says by name which library is not there.</summary>
internal static class CodecLibrary
{
    internal static void EnsureLoaded(string library, string package)
    {
        // The handle is kept: a library in use is never unloaded.
        if (!NativeLibrary.TryLoad(library, out _)) throw new LeptonDataException("storage.arrow_codec_missing", [library, package]);
    }
}

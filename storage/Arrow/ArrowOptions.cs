using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Storage.Arrow;

/// <summary>How the buffers of a message are compressed, each by itself.</summary>
public enum ArrowCompression
{
    /// <summary>Not: what is written can be mapped and read without a copy.</summary>
    None,

    /// <summary>LZ4 frames, by liblz4: quick.</summary>
    Lz4,

    /// <summary>Zstandard, by libzstd: small.</summary>
    Zstd,
}

/// <summary>How Arrow streams and files are written. May be shared; whoever takes options refuses those outside their ranges.</summary>
public sealed record ArrowWriteOptions
{
    /// <summary><see cref="ArrowCompression.None"/> by default.</summary>
    public ArrowCompression Compression { get; init; }

    /// <summary>Zstandard's level, 1 (the default, quick) to 19 (small); of no matter to others.</summary>
    public int ZstdLevel { get; init; } = 1;

    /// <summary>Every buffer begins at a multiple of this many bytes of the stream: a power of two, 8 to 4096. 64 by default; 4096 suits direct I/O to a GPU.</summary>
    public int AlignmentBytes { get; init; } = 64;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(AlignmentBytes, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(AlignmentBytes, 4096);
        if (!System.Numerics.BitOperations.IsPow2(AlignmentBytes)) throw new ArgumentException("the alignment is no power of two");
        ArgumentOutOfRangeException.ThrowIfLessThan(ZstdLevel, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ZstdLevel, 19);
        if (Compression == ArrowCompression.Lz4) Native.Lz4.EnsureLoaded();
        if (Compression == ArrowCompression.Zstd) Native.Zstd.EnsureLoaded();
    }
}

/// <summary>What is read of Arrow streams and files, and how much of the machine they may ask for. May be shared.</summary>
public sealed record ArrowReadOptions
{
    /// <summary>The columns to read, in this order, by name in any case; null for all. The others are not looked into, so that they may be of types that no batch of ours holds.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>What to call the source in errors; the file's name where there is one.</summary>
    public string? Source { get; init; }

    /// <summary>Charged for the memory of batches; null for none.</summary>
    public MemoryBudget? Memory { get; init; }

    /// <summary>The most bytes that one message's metadata or body may have, 2^40 by default. Memory is taken as bytes arrive, whatever a message says of itself.</summary>
    public long MessageBytesMax { get; init; } = 1L << 40;

    /// <summary>What one message may unfold to (compressed buffers, dictionaries, run ends, views): <see cref="ExpandedBytesMin"/>, or this many times its own bytes where that is more. 1024 by default.</summary>
    public int ExpansionRatioMax { get; init; } = 1024;

    /// <summary>What any message may unfold to, 256 MiB by default.</summary>
    public long ExpandedBytesMin { get; init; } = 256L << 20;
}

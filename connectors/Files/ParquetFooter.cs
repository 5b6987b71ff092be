using System.Buffers.Binary;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Connectors.Files;

/// <summary>Looks at the ends of a Parquet file, where a cut or foreign file shows, before anything else reads it.</summary>
internal static class ParquetFooter
{
    // "PAR1" at both ends, four bytes of footer length before the last.
    private const int SizeBytesMin = 12;
    private const int FooterBytesMax = 1 << 30;
    private const uint Magic = 0x31524150;
    private const uint EncryptedMagic = 0x45524150;

    /// <summary>Refuses what is no whole Parquet file.</summary>
    /// <exception cref="LeptonDataException">Empty, no Parquet, cut short, encrypted.</exception>
    internal static void Check(string path, SourcePlace place)
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            long size = RandomAccess.GetLength(file);
            if (size == 0) throw Error("connectors.empty_file", place, path);
            Span<byte> head = stackalloc byte[4];
            Span<byte> tail = stackalloc byte[8];
            if (RandomAccess.Read(file, head, 0) < head.Length) throw Error("connectors.not_parquet", place, path);
            uint magic = BinaryPrimitives.ReadUInt32LittleEndian(head);
            if (magic == EncryptedMagic) throw Error("connectors.parquet_encrypted", place, path);
            if (magic != Magic) throw Error("connectors.not_parquet", place, path);
            if (size < SizeBytesMin || RandomAccess.Read(file, tail, size - tail.Length) < tail.Length) throw Error("connectors.parquet_cut", place, path, size);
            uint end = BinaryPrimitives.ReadUInt32LittleEndian(tail[4..]);
            if (end == EncryptedMagic) throw Error("connectors.parquet_encrypted", place, path);
            if (end != Magic) throw Error("connectors.parquet_cut", place, path, size);
            uint footer = BinaryPrimitives.ReadUInt32LittleEndian(tail);
            if (footer == 0 || footer > FooterBytesMax || footer > size - SizeBytesMin) throw Error("connectors.parquet_footer", place, path, footer, size);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
    }

    private static LeptonDataException Error(string code, SourcePlace place, params ReadOnlySpan<object?> arguments) => new(code, arguments.ToArray()) { Place = place };
}

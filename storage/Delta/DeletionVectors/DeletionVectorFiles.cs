using System.Buffers.Binary;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta.DeletionVectors;

/// <summary>Reads deletion vectors, each checked against what the log says of it and against its own checksum.</summary>
internal static class DeletionVectorFiles
{
    // The portable form of a set of 64-bit numbers; little-endian.
    private const int PortableMagic = 1681511377;

    private static readonly uint[] s_crc = CrcTable();

    /// <summary>The rows of a file of a snapshot that are deleted.</summary>
    /// <exception cref="LeptonDataException"><c>storage.deletion_vector</c>, with the place of the set's file, or of the data file where the log holds the set.</exception>
    internal static DeletedRows Read(Snapshot snapshot, DataFile file)
    {
        DeletionVector vector = file.DeletionVector!;
        // A set that stands in the log itself has no file of its own.
        string? path = vector.Inline is null && vector.TryFindFile(snapshot.RootPath, "", out string? name) ? snapshot.LocationOf(name) : null;
        var place = new SourcePlace(path ?? snapshot.LocationOf(file.Path));
        byte[] bytes = vector.Inline ?? ReadFile(path ?? throw Broken("its path is not one", "路径无效"));
        if (bytes.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(bytes) != PortableMagic) throw Broken("its first bytes are not those of a set of rows", "开头不是行集合的标记");
        DeletedRows rows = DeletedRows.TryRead(bytes[4..]) ?? throw Broken("the set of rows is torn", "行集合已损坏");
        if (rows.Count != vector.RowCount) throw Broken("it holds another number of rows than the log says", "其行数与日志不符");
        if (file.Statistics is { } statistics && rows.Last >= statistics.RowCount) throw Broken("it names rows that the file does not have", "其中的行不在文件之内");
        return rows;

        byte[] ReadFile(string path) => FileErrors.Guard(path, () =>
        {
            using FileStream stream = File.OpenRead(path);
            long start = vector.Offset ?? 0;
            Span<byte> number = stackalloc byte[4];
            if (stream.Length - start < vector.SizeBytes + 8L) throw Broken("its file is too short", "文件过短");
            stream.Position = start;
            stream.ReadExactly(number);
            if (BinaryPrimitives.ReadInt32BigEndian(number) != vector.SizeBytes) throw Broken("its length is not what the log says", "长度与日志不符");
            byte[] found = new byte[vector.SizeBytes];
            stream.ReadExactly(found);
            stream.ReadExactly(number);
            return BinaryPrimitives.ReadUInt32BigEndian(number) == Crc32(found) ? found : throw Broken("its checksum does not fit", "校验和不符");
        });

        LeptonDataException Broken(string english, string chinese) => new("storage.deletion_vector", [file.Path, new BilingualText(english, chinese)]) { Place = place };
    }

    internal static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        foreach (byte value in bytes) crc = s_crc[(crc ^ value) & 0xFF] ^ (crc >> 8);
        return ~crc;
    }

    // The polynomial of zlib.
    private static uint[] CrcTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
            table[i] = value;
        }
        return table;
    }
}

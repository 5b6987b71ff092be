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
    /// <exception cref="LeptonDataException"><c>storage.deletion_vector</c></exception>
    internal static DeletedRows Read(Snapshot snapshot, DataFile file)
    {
        DeletionVector vector = file.DeletionVector!;
        byte[] bytes = vector.Inline ?? ReadFile(snapshot, file, vector);
        if (bytes.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(bytes) != PortableMagic) throw Broken(file, "its first bytes are not those of a set of rows", "开头不是行集合的标记");
        DeletedRows rows = DeletedRows.TryRead(bytes[4..]) ?? throw Broken(file, "the set of rows is torn", "行集合已损坏");
        if (rows.Count != vector.RowCount) throw Broken(file, "it holds another number of rows than the log says", "其行数与日志不符");
        if (file.Statistics is { } statistics && rows.Last >= statistics.RowCount) throw Broken(file, "it names rows that the file does not have", "其中的行不在文件之内");
        return rows;
    }

    private static byte[] ReadFile(Snapshot snapshot, DataFile file, DeletionVector vector)
    {
        // The log's reader checked the path already, against the store's root too; so the table's own folder does here.
        if (!vector.TryFindFile(snapshot.RootPath, "", out string? name)) throw Broken(file, "its path is not one", "路径无效");
        string path = Path.Combine(snapshot.RootPath, name);
        return FileErrors.Guard(path, () =>
        {
            using FileStream stream = File.OpenRead(path);
            long start = vector.Offset ?? 0;
            Span<byte> number = stackalloc byte[4];
            if (stream.Length - start < vector.SizeBytes + 8L) throw Broken(file, "its file is too short", "文件过短");
            stream.Position = start;
            stream.ReadExactly(number);
            if (BinaryPrimitives.ReadInt32BigEndian(number) != vector.SizeBytes) throw Broken(file, "its length is not what the log says", "长度与日志不符");
            byte[] bytes = new byte[vector.SizeBytes];
            stream.ReadExactly(bytes);
            stream.ReadExactly(number);
            return BinaryPrimitives.ReadUInt32BigEndian(number) == Crc32(bytes) ? bytes : throw Broken(file, "its checksum does not fit", "校验和不符");
        });
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

    private static LeptonDataException Broken(DataFile file, string english, string chinese) => new("storage.deletion_vector", [file.Path, new BilingualText(english, chinese)]);
}

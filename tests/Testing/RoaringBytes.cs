using System.Buffers.Binary;

namespace Lepton.Data.Testing;

/// <summary>Writes sets of rows as Delta's deletion vectors hold them, in any of the forms that a container may have.</summary>
public static class RoaringBytes
{
    /// <summary>What a deletion vector's bytes begin with.</summary>
    public const int Magic = 1681511377;

    /// <summary>The bytes of a set.</summary>
    /// <param name="rows">In any order.</param>
    /// <param name="formOf">Which form a container takes, by its number: 0 whatever its size asks for, 1 runs.</param>
    public static byte[] Write(IEnumerable<long> rows, Func<int, int> formOf)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        var bitmaps = rows.Distinct().Order().GroupBy(row => row >> 32).ToList();
        writer.Write((long)bitmaps.Count);
        int number = 0;
        foreach (IGrouping<long, long> bitmap in bitmaps)
        {
            writer.Write((int)bitmap.Key);
            var containers = bitmap.GroupBy(row => (int)((row >> 16) & 0xFFFF)).Select(group => (group.Key, Rows: group.Select(row => (int)(row & 0xFFFF)).ToList(), HasRuns: formOf(number++) == 1)).ToList();
            bool anyRuns = containers.Any(container => container.HasRuns);
            if (anyRuns)
            {
                writer.Write(12347 | ((containers.Count - 1) << 16));
                byte[] flags = new byte[(containers.Count + 7) / 8];
                for (int i = 0; i < containers.Count; i++)
                    if (containers[i].HasRuns) flags[i / 8] |= (byte)(1 << (i % 8));
                writer.Write(flags);
            }
            else
            {
                writer.Write(12346);
                writer.Write(containers.Count);
            }
            foreach ((int key, List<int> low, _) in containers)
            {
                writer.Write((ushort)key);
                writer.Write((ushort)(low.Count - 1));
            }
            if (!anyRuns || containers.Count >= 4) writer.Write(new byte[4 * containers.Count]);
            foreach ((_, List<int> low, bool hasRuns) in containers) writer.Write(hasRuns ? Runs(low) : low.Count <= 4096 ? Array(low) : Bits(low));
        }
        return stream.ToArray();
    }

    /// <summary>Bytes as Z85 text, filled up with zeros.</summary>
    public static string Base85(byte[] bytes)
    {
        const string letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
        byte[] whole = [.. bytes, .. new byte[(4 - (bytes.Length % 4)) % 4]];
        var text = new System.Text.StringBuilder();
        for (int i = 0; i < whole.Length; i += 4)
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(whole.AsSpan(i));
            for (uint power = 85 * 85 * 85 * 85; power > 0; power /= 85) text.Append(letters[(int)(value / power % 85)]);
        }
        return text.ToString();
    }

    private static byte[] Array(List<int> low)
    {
        byte[] bytes = new byte[2 * low.Count];
        for (int i = 0; i < low.Count; i++) BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)low[i]);
        return bytes;
    }

    private static byte[] Bits(List<int> low)
    {
        byte[] bytes = new byte[8192];
        foreach (int value in low) bytes[value >> 3] |= (byte)(1 << (value & 7));
        return bytes;
    }

    private static byte[] Runs(List<int> low)
    {
        var runs = new List<(int First, int More)>();
        foreach (int value in low)
        {
            if (runs.Count > 0 && runs[^1].First + runs[^1].More + 1 == value) runs[^1] = (runs[^1].First, runs[^1].More + 1);
            else runs.Add((value, 0));
        }
        byte[] bytes = new byte[2 + (4 * runs.Count)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)runs.Count);
        for (int i = 0; i < runs.Count; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 + (4 * i)), (ushort)runs[i].First);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4 + (4 * i)), (ushort)runs[i].More);
        }
        return bytes;
    }
}

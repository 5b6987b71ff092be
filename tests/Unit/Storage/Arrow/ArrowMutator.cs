using System.Buffers.Binary;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.Arrow.Ipc;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>Breaks Arrow data where it hurts: it knows where messages, FlatBuffers offsets, lengths, node counts and buffers lie.</summary>
internal sealed class ArrowMutator
{
    private readonly byte[] _seed;
    private readonly List<(int Start, int MetadataSize, int End)> _messages = [];

    internal ArrowMutator(byte[] seed)
    {
        _seed = seed;
        int at = seed.AsSpan().StartsWith("ARROW1"u8) ? 8 : 0;
        while (at + 8 <= seed.Length && BinaryPrimitives.ReadInt32LittleEndian(seed.AsSpan(at)) == -1)
        {
            int size = BinaryPrimitives.ReadInt32LittleEndian(seed.AsSpan(at + 4));
            if (size == 0) break;
            long body = MessageHead.Read(seed.AsSpan(at + 8, size), new ArrowPlace("seed")).BodySizeBytes;
            _messages.Add((at, size, at + 8 + size + (int)body));
            at += 8 + size + (int)body;
        }
        // The rest is the end mark, and a file's footer.
        _messages.Add((at, seed.Length - at - 8, seed.Length));
    }

    internal byte[] Mutate(Random random)
    {
        byte[] bytes = (byte[])_seed.Clone();
        for (int count = random.Next(1, 4); count > 0; count--) bytes = MutateOnce(bytes, random);
        return bytes;
    }

    private byte[] MutateOnce(byte[] bytes, Random random)
    {
        (int start, int metadataSize, int end) = _messages[random.Next(_messages.Count)];
        if (end > bytes.Length) return bytes;
        int body = Math.Min(start + 8 + Math.Max(metadataSize, 0), end);
        switch (random.Next(12))
        {
            // In metadata: scalars of 64 bits (node and buffer lengths, body sizes), of 32 (offsets, counts), of 16 (vtables, units), of 8 (types, flags).
            case 0 or 1 or 2: Put(bytes, start + 8, body, 8, random); break;
            case 3 or 4: Put(bytes, start + 8, body, 4, random); break;
            case 5: Put(bytes, start + 8, body, 2, random); break;
            case 6: Put(bytes, start + 8, body, 1, random); break;
            // In the body: offsets, bits, run ends, views, frames.
            case 7: Put(bytes, body, end, 4, random); break;
            case 8: Put(bytes, body, end, 1, random); break;
            // The prefix.
            case 9: Put(bytes, start, start + 8, 4, random); break;
            // A word of one place at another.
            case 10 when body - start >= 24:
                int from = start + 8 + (4 * random.Next((body - start - 12) / 4));
                int to = start + 8 + (4 * random.Next((body - start - 12) / 4));
                bytes.AsSpan(from, 4).CopyTo(bytes.AsSpan(to));
                break;
            // A message twice, gone, or out of its order.
            case 11 when random.Next(4) == 0:
                (int other, _, int otherEnd) = _messages[random.Next(_messages.Count)];
                if (otherEnd > bytes.Length) break;
                byte[] message = bytes[other..otherEnd];
                return [.. bytes[..start], .. message, .. random.Next(2) == 0 ? bytes[start..] : bytes[end..]];
            default: return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
        }
        return bytes;
    }

    private static void Put(byte[] bytes, int start, int end, int size, Random random)
    {
        int count = (Math.Min(end, bytes.Length) - start) / size;
        if (count <= 0) return;
        Span<byte> at = bytes.AsSpan(start + (size * random.Next(count)), size);
        long old = size switch { 8 => BinaryPrimitives.ReadInt64LittleEndian(at), 4 => BinaryPrimitives.ReadInt32LittleEndian(at), 2 => BinaryPrimitives.ReadInt16LittleEndian(at), _ => at[0] };
        long value = random.Next(10) switch
        {
            0 => 0,
            1 => -1,
            2 => 1,
            3 => old + random.Next(-9, 10),
            4 => old * 2,
            5 => long.MaxValue >> random.Next(64),
            6 => long.MinValue >> random.Next(64),
            7 => random.Next(64),
            8 => old ^ (1L << random.Next(8 * size)),
            _ => random.NextInt64(),
        };
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(word, value);
        word[..size].CopyTo(at);
    }
}

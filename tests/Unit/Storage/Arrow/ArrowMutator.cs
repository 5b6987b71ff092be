using System.Buffers.Binary;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>Breaks Arrow data where it hurts: it knows where the numbers lie that a reader might believe, and what they mean.</summary>
internal sealed class ArrowMutator
{
    private readonly byte[] _seed;
    private readonly ArrowAnatomy _anatomy;
    private readonly NumberPlace[][] _byMeaning;
    private readonly NumberPlace[] _values;

    internal ArrowMutator(byte[] seed)
    {
        _seed = seed;
        _anatomy = new ArrowAnatomy(seed);
        _byMeaning = [.. _anatomy.Numbers.GroupBy(number => number.Meaning).Select(group => group.ToArray())];
        _values = _byMeaning.Single(numbers => numbers[0].Meaning == NumberMeaning.Value);
    }

    /// <summary>What the seed's numbers mean.</summary>
    internal IEnumerable<NumberMeaning> Meanings => _byMeaning.Select(numbers => numbers[0].Meaning);

    internal byte[] Mutate(Random random)
    {
        byte[] bytes = (byte[])_seed.Clone();
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            switch (random.Next(16))
            {
                // Any word of the metadata or the body, whatever it means.
                case 0: PutAnywhere(bytes, random, isBody: false); break;
                case 1: PutAnywhere(bytes, random, isBody: true); break;
                case 2 when random.Next(4) == 0: return bytes[..random.Next(bytes.Length)];
                case 3 when random.Next(2) == 0: return MoveMessage(bytes, random);
                // What the metadata does not betray is found latest.
                case 4 or 5: PutNumber(bytes, _values, random); break;
                default: PutNumber(bytes, _byMeaning[random.Next(_byMeaning.Length)], random); break;
            }
        }
        return bytes;
    }

    /// <summary>Changes a number of one meaning; every meaning is as likely, however many numbers have it.</summary>
    private void PutNumber(byte[] bytes, NumberPlace[] numbers, Random random)
    {
        NumberPlace number = numbers[random.Next(numbers.Length)];
        Span<byte> at = Element(bytes, number, random);
        if (number.Meaning == NumberMeaning.Reference && random.Next(2) == 0)
        {
            // Tables meet, or stand in themselves.
            BinaryPrimitives.WriteInt32LittleEndian(at, _anatomy.Tables[random.Next(_anatomy.Tables.Count)] - number.Start);
            return;
        }
        if (random.Next(4) == 0)
        {
            // What stands elsewhere with the same meaning: a buffer in another, one dictionary for another.
            ReadOnlySpan<byte> other = Element(bytes, numbers[random.Next(numbers.Length)], random);
            other[..Math.Min(other.Length, at.Length)].CopyTo(at);
            return;
        }
        Put(at, random);
    }

    private static Span<byte> Element(byte[] bytes, NumberPlace number, Random random) => bytes.AsSpan(number.Start + (number.Size * random.Next(number.Count)), number.Size);

    private void PutAnywhere(byte[] bytes, Random random, bool isBody)
    {
        (int start, int body, int end) = _anatomy.Messages[random.Next(_anatomy.Messages.Count)];
        (start, end) = isBody ? (body, end) : (start, Math.Min(body, end));
        int size = 1 << random.Next(4);
        int count = (end - start) / size;
        if (count > 0) Put(bytes.AsSpan(start + (size * random.Next(count)), size), random);
    }

    /// <summary>A message twice, gone, or out of its order.</summary>
    private byte[] MoveMessage(byte[] bytes, Random random)
    {
        (int start, _, int end) = _anatomy.Messages[random.Next(_anatomy.Messages.Count)];
        (int otherStart, _, int otherEnd) = _anatomy.Messages[random.Next(_anatomy.Messages.Count)];
        return [.. bytes[..start], .. bytes[otherStart..otherEnd], .. random.Next(2) == 0 ? bytes[start..] : bytes[end..]];
    }

    private static void Put(Span<byte> at, Random random)
    {
        int size = at.Length;
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

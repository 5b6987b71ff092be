using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class DeletedRowsTests
{
    [Test]
    public void TryRead_RandomSets_HoldTheirRowsAndNoOthers([Range(1, 40)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        HashSet<long> rows = SetOf(random);
        byte[] bytes = RoaringBytes.Write(rows, _ => random.Next(2));
        DeletedRows read = DeletedRows.TryRead(bytes)!;
        Assert.That((read.Count, read.Last), Is.EqualTo(((long)rows.Count, rows.Count == 0 ? -1 : rows.Max())));
        foreach (long row in rows)
            foreach (long near in (long[])[row - 1, row, row + 1])
                if (read.Contains(near) != rows.Contains(near)) Assert.Fail($"seed {seed}: row {near}");
    }

    [Test]
    public void TryRead_CutOrLongerSets_AreRefused()
    {
        byte[] bytes = RoaringBytes.Write([1, 5, 6, 7, 70_000, 1L << 33, (1L << 33) + 1], form => form % 2);
        Assert.That(DeletedRows.TryRead(bytes), Is.Not.Null);
        for (int length = 0; length < bytes.Length; length++) Assert.That(DeletedRows.TryRead(bytes[..length]), Is.Null, $"{length} bytes");
        Assert.That(DeletedRows.TryRead([.. bytes, 0]), Is.Null);
    }

    [Test]
    public void TryRead_ChangedSets_AreReadOrRefusedWithoutHarm([Range(1, 10)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        byte[] whole = RoaringBytes.Write(SetOf(random), _ => random.Next(2));
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = (byte[])whole.Clone();
            for (int change = random.Next(1, 4); change > 0; change--) bytes[random.Next(Math.Min(bytes.Length, 64))] = (byte)random.Next(256);
            if (DeletedRows.TryRead(bytes) is { } read) read.Contains(random.NextInt64(1L << 34));
        }
    }

    // What stands where it is: https://github.com/RoaringBitmap/RoaringFormatSpec, "no run container".
    [Test]
    public void TryRead_WorkedByHand_IsTheSet()
    {
        byte[] bytes =
        [
            1, 0, 0, 0, 0, 0, 0, 0, // one bitmap
            2, 0, 0, 0, // upper 32 bits
            0x3A, 0x30, 0, 0, 1, 0, 0, 0, // cookie 12346, one container
            3, 0, 1, 0, // its key, its rows less one
            16, 0, 0, 0, // its offset
            7, 0, 9, 0,
        ];
        DeletedRows read = DeletedRows.TryRead(bytes)!;
        Assert.That((read.Count, read.Contains((2L << 32) | (3 << 16) | 7), read.Contains((2L << 32) | (3 << 16) | 8), read.Last), Is.EqualTo((2L, true, false, (2L << 32) | (3L << 16) | 9)));
    }

    // "with run containers": the count of rows is what the runs add up to, so that only their places are wrong.
    [TestCase(0, 3, 4, 1, true)]
    [TestCase(0, 3, 3, 1, false)]
    [TestCase(4, 1, 0, 3, false)]
    [TestCase(4, 3, 4, 3, false)]
    public void TryRead_TwoRuns_AreInOrderAndApart(byte first, byte more, byte second, byte moreOfSecond, bool isRead)
    {
        byte[] bytes =
        [
            1, 0, 0, 0, 0, 0, 0, 0, // one bitmap
            0, 0, 0, 0, // upper 32 bits
            0x3B, 0x30, 0, 0, 1, // cookie 12347, one container, which has runs
            0, 0, (byte)(more + moreOfSecond + 1), 0, // its key, its rows less one
            2, 0, // runs
            first, 0, more, 0, second, 0, moreOfSecond, 0,
        ];
        Assert.That(DeletedRows.TryRead(bytes)?.Count, Is.EqualTo(isRead ? (long?)(more + moreOfSecond + 2) : null));
    }

    private static HashSet<long> SetOf(Random random)
    {
        var rows = new HashSet<long>();
        for (int container = random.Next(7); container > 0; container--)
        {
            long start = random.Next(3) == 0 ? random.NextInt64(1L << 40) : random.Next(1 << 20);
            int count = random.Next(3) switch { 0 => random.Next(20), 1 => random.Next(5000), _ => random.Next(70_000) };
            int step = random.Next(1, 5);
            for (int i = 0; i < count; i++) rows.Add(start + ((long)i * step));
        }
        return rows;
    }
}

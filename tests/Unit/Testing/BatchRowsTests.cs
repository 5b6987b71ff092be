using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Testing;

/// <summary>A comparison that never finds anything would let every test that uses it pass.</summary>
public sealed class BatchRowsTests
{
    private static readonly Schema s_schema = new([new Field("n", DataType.Int64), new Field("d", DataType.Float64), new Field("b", DataType.Binary)]);

    [Test]
    public async Task FirstDifference_SameRowsCutOtherwise_IsNone()
    {
        await using IRecordBatchReader whole = RandomBatches.Stream(new Random(1), s_schema, 300);
        List<object?[]> rows = await BatchRows.ReadAsync(whole);
        await using IRecordBatchReader one = new MemoryBatchReader(s_schema, [BatchRows.Build(s_schema, rows)]);
        await using IRecordBatchReader two = new MemoryBatchReader(s_schema, [BatchRows.Build(s_schema, rows[..100]), BatchRows.Build(s_schema, rows[100..])]);
        Assert.That(await BatchRows.FirstDifferenceAsync(one, two), Is.Null);
    }

    [TestCase(2L, 0.5, "00", 0, "row 0, column 0: expected 1, found 2")]
    [TestCase(null, 0.5, "00", 0, "row 0, column 0: expected 1, found NULL")]
    [TestCase(1L, 0.6, "00", 0, "row 0, column 1: expected 0.5, found 0.6")]
    [TestCase(1L, double.NaN, "00", 0.5, "row 0, column 1: expected 0.5, found NaN")]
    [TestCase(1L, 0.500001, "00", 1e-4, null)]
    [TestCase(1L, 0.5, "01", 0, "row 0, column 2: expected x'00', found x'01'")]
    public void FirstDifference_OneValueChanged_IsNamed(long? number, double share, string bytes, double tolerance, string? expected)
        => Assert.That(BatchRows.FirstDifference([[1L, 0.5, new byte[] { 0 }]], [[number, share, Convert.FromHexString(bytes)]], tolerance), Is.EqualTo(expected));

    [Test]
    public async Task FirstDifference_RowsOrColumnsMissing_IsNamed()
    {
        Assert.That(BatchRows.FirstDifference([[1L], [2L]], [[1L]]), Is.EqualTo("expected 2 rows, found 1"));
        Assert.That(BatchRows.AreEqual(0.0, -0.0), Is.False);
        Assert.That(BatchRows.AreEqual(1, 1L), Is.False);
        await using IRecordBatchReader one = new MemoryBatchReader(s_schema, []);
        await using IRecordBatchReader two = new MemoryBatchReader(new Schema([s_schema[0]]), []);
        Assert.That(await BatchRows.FirstDifferenceAsync(one, two), Does.StartWith("expected columns n BIGINT"));
    }

    [Test]
    public void RandomBatches_OfOneSeed_AreTheSame()
    {
        Schema schema = RandomBatches.SchemaOf(RandomBatches.FlatTypes);
        using RecordBatch one = RandomBatches.Create(new Random(5), schema, 200);
        using RecordBatch same = RandomBatches.Create(new Random(5), schema, 200);
        using RecordBatch other = RandomBatches.Create(new Random(6), schema, 200);
        Assert.That(BatchRows.FirstDifference(BatchRows.Of(one), BatchRows.Of(same)), Is.Null);
        Assert.That(BatchRows.FirstDifference(BatchRows.Of(one), BatchRows.Of(other)), Is.Not.Null);
    }

    [Test]
    public void TempFolder_WithRightsTakenAway_IsGoneAfterwards()
    {
        string path;
        using (var folder = new TempFolder())
        {
            path = folder.Path;
            folder.Write("a/b/c.txt", "x");
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder["a"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
        Assert.That(Directory.Exists(path), Is.False);
    }

    [Test]
    public void FakeTime_StandsUntilItIsMoved()
    {
        var time = new FakeTime();
        DateTimeOffset start = time.GetUtcNow();
        time.Advance(TimeSpan.FromHours(2));
        Assert.That(time.GetUtcNow() - start, Is.EqualTo(TimeSpan.FromHours(2)));
        time.StepAfterEachLook = TimeSpan.FromSeconds(1);
        long before = time.GetTimestamp();
        Assert.That(time.GetElapsedTime(before), Is.EqualTo(TimeSpan.FromSeconds(1)));
    }
}

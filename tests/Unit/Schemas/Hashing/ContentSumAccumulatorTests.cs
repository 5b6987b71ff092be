using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Hashing;

public sealed class ContentSumAccumulatorTests
{
    private static readonly Schema s_ab = new([new Field("a", DataType.Int64), new Field("b", DataType.Int64)]);

    [Test]
    public void Sum_AnyRows_AgreesWithTheReference([Range(0, 59)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.RandomSchema(random, depth: seed < 40 ? 0 : 3);
        int rows = random.Next(3) == 0 ? random.Next(1000, 2500) : random.Next(0, 80);
        using RecordBatch batch = RandomBatches.Create(random, schema, rows, nullEvery: random.Next(0, 4), calendarYears: false);
        int start = random.Next(0, rows + 1);
        using RecordBatch slice = batch.Slice(start, random.Next(0, rows - start + 1));
        List<object?[]> expected = BatchRows.Of(slice);
        Assert.That(SumOf(slice), Is.EqualTo(new ContentSum(expected.Count, ReferenceContentHash.Sum(schema, expected))), $"seed {seed}, {schema}");
    }

    [Test]
    public void Sum_RowsInAnotherOrderAndCut_IsTheSame([Range(0, 9)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.SchemaOf(RandomBatches.FlatTypes);
        using RecordBatch batch = RandomBatches.Create(random, schema, 300);
        List<object?[]> rows = BatchRows.Of(batch);
        object?[][] shuffled = [.. rows];
        random.Shuffle(shuffled);
        using var parts = new ContentSumAccumulator(schema);
        using var others = new ContentSumAccumulator(schema);
        for (int start = 0; start < rows.Count;)
        {
            int count = random.Next(1, rows.Count - start + 1);
            using RecordBatch part = BatchRows.Build(schema, shuffled.Skip(start).Take(count));
            (random.Next(2) == 0 ? parts : others).Process(part);
            start += count;
        }
        parts.Merge(others);
        Assert.That(parts.Sum, Is.EqualTo(SumOf(batch)), $"seed {seed}");
    }

    [Test]
    public void Sum_ColumnsInAnotherOrder_IsTheSame()
    {
        using RecordBatch batch = BatchRows.Build(s_ab, [1L, 2L], [3L, null]);
        using RecordBatch turned = BatchRows.Build(new Schema([s_ab[1], s_ab[0]]), [2L, 1L], [null, 3L]);
        Assert.That(SumOf(turned), Is.EqualTo(SumOf(batch)));
        using var accumulator = new ContentSumAccumulator(s_ab);
        accumulator.Process(turned);
        Assert.That(accumulator.Sum, Is.EqualTo(SumOf(batch)), "by the schema of the sum, not of the batch");
    }

    [Test]
    public void Sum_ValuesSwapped_Changes()
    {
        ContentSum sum = SumOf(s_ab, [1L, 2L], [3L, 4L]);
        Assert.Multiple(() =>
        {
            Assert.That(SumOf(s_ab, [1L, 4L], [3L, 2L]), Is.Not.EqualTo(sum), "between rows");
            Assert.That(SumOf(s_ab, [2L, 1L], [4L, 3L]), Is.Not.EqualTo(sum), "between columns");
            Assert.That(SumOf(s_ab, [1L, null], [3L, 4L]), Is.Not.EqualTo(sum));
            Assert.That(SumOf(s_ab, [1L, 2L], [3L, 4L], [null, null]), Is.Not.EqualTo(sum));
            Assert.That(SumOf(s_ab, [1L, 2L], [1L, 2L], [3L, 4L], [3L, 4L]).Sum, Is.Not.EqualTo(UInt128.Zero), "doubled rows do not cancel");
        });
    }

    [Test]
    public void Sum_EqualValuesOfAnotherWidth_IsTheSame()
    {
        Assert.Multiple(() =>
        {
            foreach ((DataType type, object value) in new (DataType, object)[] { (DataType.Int8, (sbyte)-1), (DataType.Int16, (short)-1), (DataType.Int32, -1) })
                Assert.That(OneValue(type, value), Is.EqualTo(OneValue(DataType.Int64, -1L)), type.ToString());
            Assert.That(OneValue(DataType.Float32, 0.5f), Is.EqualTo(OneValue(DataType.Float64, 0.5)));
            Assert.That(OneValue(DataType.Decimal(4, 1), (Int128)10), Is.EqualTo(OneValue(DataType.Decimal(38, 1), (Int128)10)));
            Assert.That(OneValue(DataType.Float64, -0.0), Is.EqualTo(OneValue(DataType.Float64, 0.0)));
            Assert.That(OneValue(DataType.Float64, BitConverter.UInt64BitsToDouble(0xFFF8_0000_0000_1234)), Is.EqualTo(OneValue(DataType.Float32, float.NaN)));
        });
    }

    [Test]
    public void Sum_OneOfEveryKind_Differs()
    {
        (DataType Type, object Value)[] ones =
        [
            (DataType.Boolean, true), (DataType.Int64, 1L), (DataType.Float64, 1.0), (DataType.Float64, double.Epsilon), (DataType.Decimal(9, 0), (Int128)1), (DataType.Decimal(9, 1), (Int128)1),
            (DataType.Decimal(9, 1), (Int128)10), (DataType.String, "1"), (DataType.String, "\u0001"), (DataType.Binary, new byte[] { 1 }), (DataType.String, "1\0"), (DataType.String, ""), (DataType.Binary, Array.Empty<byte>()),
            (DataType.Date, new DateOnly(1970, 1, 2)), (DataType.Instant, new EventTime(1)), (DataType.NaiveTime, new EventTime(1)),
        ];
        Assert.That(ones.Select(one => OneValue(one.Type, one.Value)).Distinct().Count(), Is.EqualTo(ones.Length));
    }

    [Test]
    public void Sum_InexactColumn_IsLeftOut()
    {
        var schema = new Schema([new Field("a", DataType.Int64), new Field("m", DataType.Float64) { Metadata = FieldMetadata.Empty.With(FieldMetadata.InexactKey, "true") }]);
        Assert.That(SumOf(schema, [1L, 0.1]), Is.EqualTo(SumOf(schema, [1L, 0.2])));
        Assert.That(SumOf(schema, [1L, 0.1]), Is.EqualTo(SumOf(new Schema([schema[0]]), [1L])));
        Assert.That(ContentHash.Of(schema, ContentSum.Zero), Is.EqualTo(ContentHash.Of(new Schema([schema[0]]), ContentSum.Zero)));
    }

    [Test]
    public void Process_BatchThatLacksAColumnOrHasAnotherKind_IsTheCallersMistake()
    {
        using var accumulator = new ContentSumAccumulator(s_ab);
        using RecordBatch lacking = BatchRows.Build(new Schema([s_ab[0]]), [1L]);
        using RecordBatch other = BatchRows.Build(new Schema([s_ab[0], new Field("b", DataType.String)]), [1L, "2"]);
        Assert.That(() => accumulator.Process(lacking), Throws.ArgumentException);
        Assert.That(() => accumulator.Process(other), Throws.ArgumentException);
    }

    [Test]
    public void Sum_ManySmallRows_HasNoEqualRowHashes()
    {
        // Small integers in two columns are what weak mixing fails on. With 128 bits the chance of any equal pair among 2^18 rows is 2^-93.
        using var builder = new RecordBatchBuilder(s_ab, 1 << 18);
        for (long i = 0; i < 1 << 18; i++)
        {
            builder.Column(0).Append(i & 511);
            builder.Column(1).Append(i >> 9);
        }
        using RecordBatch batch = builder.Build();
        var hasher = new RowHasher(s_ab, skipInexact: true);
        var lows = new HashSet<ulong>(batch.RowCount);
        var highs = new HashSet<ulong>(batch.RowCount);
        for (int start = 0; start < batch.RowCount; start += RowHasher.RunRowsMax)
        {
            hasher.Hash(batch, start, RowHasher.RunRowsMax, out ReadOnlySpan<ulong> low, out ReadOnlySpan<ulong> high);
            foreach (ulong half in low) lows.Add(half);
            foreach (ulong half in high) highs.Add(half);
        }
        // Each half alone has 64 bits: 2^36 / 2 pairs, so an equal one has chance 2^-29.
        Assert.That((lows.Count, highs.Count), Is.EqualTo((batch.RowCount, batch.RowCount)));
    }

    [Test]
    public void RowHash_OneBitOfAValueChanged_ChangesHalfOfTheBits()
    {
        // 64 bits x 200 values x 128 result bits; each result bit is to change in half of the cases. Of 12,800 fair coins the share lies within 0.5 ± 0.025 but for 1.5e-8 (5.66 sigma);
        // for 128 bits the false alarm rate is 2e-6, and the seed is fixed.
        var random = new Random(7);
        int[] changes = new int[128];
        Span<long> values = stackalloc long[65];
        for (int round = 0; round < 200; round++)
        {
            values.Fill(random.NextInt64(-1000, 1000));
            for (int bit = 0; bit < 64; bit++) values[bit + 1] ^= 1L << bit;
            UInt128[] hashes = new UInt128[65];
            for (int i = 0; i < 65; i++) hashes[i] = ReferenceContentHash.RowHash([(s_ab[0], values[i]), (s_ab[1], 5L)]);
            for (int i = 1; i < 65; i++)
                for (int bit = 0; bit < 128; bit++) changes[bit] += (int)((hashes[0] ^ hashes[i]) >> bit & 1);
        }
        Assert.That(changes.Select(count => count / 12_800.0), Is.All.InRange(0.475, 0.525));
    }

    [Test]
    public void Process_ManyRows_AllocatesNothing()
    {
        var random = new Random(3);
        Schema schema = RandomBatches.SchemaOf(RandomBatches.FlatTypes);
        using RecordBatch batch = RandomBatches.Create(random, schema, 3000);
        using var accumulator = new ContentSumAccumulator(schema);
        using var ordered = new OrderedContentHashAccumulator(schema);
        accumulator.Process(batch);
        ordered.Process(batch);
        long before = GC.GetAllocatedBytesForCurrentThread();
        accumulator.Process(batch);
        ordered.Process(batch);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static ContentSum OneValue(DataType type, object value) => SumOf(new Schema([new Field("a", type)]), [value]);

    private static ContentSum SumOf(Schema schema, params object?[][] rows)
    {
        using RecordBatch batch = BatchRows.Build(schema, rows);
        return SumOf(batch);
    }

    private static ContentSum SumOf(RecordBatch batch)
    {
        using var accumulator = new ContentSumAccumulator(batch.Schema);
        accumulator.Process(batch);
        return accumulator.Sum;
    }
}

using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Batches;

public sealed class RecordBatchBuilderTests
{
    private static readonly Schema s_flat = RandomBatches.SchemaOf(RandomBatches.FlatTypes);

    [Test]
    public void Build_AnyValues_HoldsWhatWasAppended([Range(0, 29)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.SchemaOf([.. RandomBatches.FlatTypes, DataType.Null, .. RandomBatches.NestedTypes]);
        int rows = random.Next(0, 400);
        int nullEvery = random.Next(0, 4);
        List<object?[]> model = [.. Enumerable.Range(0, rows).Select(_ => schema.Fields.Select(field => nullEvery > 0 && random.Next(nullEvery) == 0 ? null : RandomBatches.Value(random, field.Type, calendarYears: field.Type.Children.Count > 0)).ToArray())];
        using var builder = new RecordBatchBuilder(schema, random.Next(0, 500));
        foreach (object?[] row in model)
            for (int column = 0; column < row.Length; column++) builder.Column(column).AppendValue(row[column]);
        using RecordBatch batch = builder.Build();
        Assert.That(BatchRows.FirstDifference(Normal(model), BatchRows.Of(batch)), Is.Null, $"seed {seed}");
        AgreesOnNulls(batch, model, seed);
        for (int i = 0; i < 10; i++)
        {
            int start = random.Next(0, rows + 1);
            int count = random.Next(0, rows - start + 1);
            using RecordBatch slice = batch.Slice(start, count);
            Assert.That(BatchRows.FirstDifference(Normal(model.GetRange(start, count)), BatchRows.Of(slice)), Is.Null, $"seed {seed}, slice {start}+{count}");
            AgreesOnNulls(slice, model.GetRange(start, count), seed);
        }
    }

    [Test]
    public void AppendRange_AtEveryAlignment_HoldsWhatWasAppended([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        using var builder = new RecordBatchBuilder(new Schema([new Field("n", DataType.Int64), new Field("b", DataType.Boolean)]));
        var model = new List<object?[]>();
        for (int range = 0; range < 40; range++)
        {
            int count = random.Next(4) == 0 ? random.Next(0, 300) : random.Next(0, 20);
            ulong[] validity = new ulong[(count + 63) / 64];
            bool allPresent = random.Next(3) == 0;
            for (int i = 0; i < validity.Length; i++) validity[i] = allPresent ? ulong.MaxValue : (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            if (random.Next(3) == 0) validity = [];
            long[] numbers = [.. Enumerable.Range(0, count).Select(_ => random.NextInt64())];
            byte[] truths = [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next(3))];
            builder.Column(0).AppendRange<long>(numbers, validity);
            builder.Column(1).AppendBooleans(truths, validity);
            for (int i = 0; i < count; i++)
            {
                bool isPresent = validity.Length == 0 || (validity[i / 64] >> (i % 64) & 1) == 1;
                model.Add(isPresent ? [numbers[i], truths[i] != 0] : [null, null]);
            }
            if (random.Next(2) == 0) continue;
            builder.Column(0).AppendNull();
            builder.Column(1).AppendBoolean(true);
            model.Add([null, true]);
        }
        using RecordBatch batch = builder.Build();
        Assert.That(BatchRows.FirstDifference(model, BatchRows.Of(batch)), Is.Null, $"seed {seed}");
        AgreesOnNulls(batch, model, seed);
        for (int row = 0; row < model.Count; row++)
            if (model[row][0] is null) Assert.That(batch.Column(0).Values<long>()[row], Is.Zero, "what stands under a NULL is zero");
    }

    [Test]
    public void Build_Twice_StartsAnew()
    {
        using var builder = new RecordBatchBuilder(s_flat);
        for (int column = 0; column < s_flat.Count; column++) builder.Column(column).AppendNull();
        using RecordBatch first = builder.Build();
        using RecordBatch empty = builder.Build();
        var random = new Random(1);
        for (int column = 0; column < s_flat.Count; column++) builder.Column(column).AppendValue(RandomBatches.Value(random, s_flat[column].Type));
        using RecordBatch second = builder.Build();
        Assert.Multiple(() =>
        {
            Assert.That((first.RowCount, empty.RowCount, second.RowCount), Is.EqualTo((1, 0, 1)));
            Assert.That(BatchRows.Of(first)[0], Is.All.Null);
            Assert.That(BatchRows.Of(second)[0], Has.None.Null);
        });
    }

    [Test]
    public void Build_NoRows_HasEmptyColumns()
    {
        using var builder = new RecordBatchBuilder(s_flat);
        using RecordBatch batch = builder.Build();
        for (int column = 0; column < s_flat.Count; column++)
        {
            ColumnView view = batch.Column(column);
            Assert.That((view.Count, view.CountNulls()), Is.EqualTo((0, 0)));
            if (view.Type is StringType or BinaryType) Assert.That((view.Offsets.Length, view.Offsets[0], view.Data.Length), Is.EqualTo((1, 0, 0)));
        }
    }

    [Test]
    public void Build_NoColumns_HasTheRowsItIsTold()
    {
        using var builder = new RecordBatchBuilder(Schema.Empty);
        using RecordBatch batch = builder.Build(7);
        Assert.That(batch.RowCount, Is.EqualTo(7));
    }

    [Test]
    public void Build_ColumnsOfUnequalLength_IsTheCallersMistakeAndLosesNothing()
    {
        using var builder = new RecordBatchBuilder(new Schema([new Field("a", DataType.Int64), new Field("b", DataType.String)]));
        builder.Column(0).Append(1L);
        Assert.That(() => builder.Build(), Throws.InvalidOperationException);
        builder.Column(1).AppendString("x");
        Assert.That(() => builder.Build(2), Throws.InvalidOperationException);
        using RecordBatch batch = builder.Build(1);
        Assert.That(BatchRows.Of(batch)[0], Is.EqualTo(new object[] { 1L, "x" }));
    }

    [Test]
    public void Append_OfAnotherType_IsTheCallersMistake()
    {
        using var builder = new RecordBatchBuilder(new Schema([new Field("n", DataType.Int32), new Field("s", DataType.String), new Field("b", DataType.Boolean), new Field("x", DataType.Binary)]));
        Assert.Multiple(() =>
        {
            Assert.That(() => builder.Column(0).Append(1L), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(0).AppendString("1"), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(1).Append(1), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(1).AppendBoolean(true), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(2).AppendBytes([1]), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(2).AppendRange<byte>([1]), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(3).AppendString("1"), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(0).AppendValue("1"), Throws.InstanceOf<InvalidCastException>());
        });
    }

    [Test]
    public void Over_BuffersOfASlice_HasItsRows([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.SchemaOf([.. RandomBatches.FlatTypes, DataType.Null, .. RandomBatches.NestedTypes]);
        using RecordBatch batch = RandomBatches.Create(random, schema, 200, nullEvery: random.Next(0, 3));
        int start = random.Next(0, 201);
        RecordBatch slice = batch.Slice(start, random.Next(0, 201 - start));
        List<object?[]> expected = BatchRows.Of(slice);
        using RecordBatch over = RecordBatch.Over(schema, slice.RowCount, [.. Enumerable.Range(0, schema.Count).Select(column => slice.Column(column).Buffers)], slice);
        Assert.That(BatchRows.FirstDifference(expected, BatchRows.Of(over)), Is.Null, $"seed {seed}");
        over.Dispose();
        Assert.That(() => slice.Column(0).Count, Throws.InstanceOf<ObjectDisposedException>(), "the owner goes with the last batch");
    }

    [Test]
    public void AppendLists_RangesOfAllLengths_HoldsWhatWasAppended()
    {
        using var builder = new RecordBatchBuilder(new Schema([new Field("l", DataType.Parse("BIGINT[]")), new Field("s", DataType.Parse("STRUCT(a BIGINT)")), new Field("f", DataType.Parse("BIGINT[2]"))]));
        builder.Column(0).Child(0).AppendRange<long>([1, 2, 3]);
        builder.Column(0).AppendLists([2, 0, 0, 1], [0b1011]);
        builder.Column(1).Child(0).AppendRange<long>([1, 0, 3, 4], [0b1101]);
        builder.Column(1).AppendPresent(4, [0b1101]);
        builder.Column(2).Child(0).AppendRange<long>([1, 2, 3, 4, 0, 0, 5, 6], [0b11001111]);
        builder.Column(2).AppendPresent(4, [0b1011]);
        using RecordBatch batch = builder.Build();
        object?[][] expected = [[new object?[] { 1L, 2L }, new object?[] { 1L }, new object?[] { 1L, 2L }], [Array.Empty<object?>(), null, new object?[] { 3L, 4L }], [null, new object?[] { 3L }, null], [new object?[] { 3L }, new object?[] { 4L }, new object?[] { 5L, 6L }]];
        Assert.That(BatchRows.FirstDifference(expected, BatchRows.Of(batch)), Is.Null);
    }

    [Test]
    public void Build_NestedColumnsThatDoNotFit_IsTheCallersMistake()
    {
        using var builder = new RecordBatchBuilder(new Schema([new Field("l", DataType.Parse("BIGINT[]")), new Field("s", DataType.Parse("STRUCT(a BIGINT)")), new Field("f", DataType.Parse("BIGINT[2]"))]));
        Assert.Multiple(() =>
        {
            Assert.That(() => builder.Column(0).AppendPresent(), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(1).AppendList(), Throws.InvalidOperationException);
            Assert.That(() => builder.Column(2).AppendValue(new object?[] { 1L }), Throws.InstanceOf<InvalidCastException>());
        });
        builder.Column(0).Child(0).Append(1L);
        Assert.That(() => builder.Column(0).AppendNull(), Throws.InvalidOperationException, "an element without a list");
        builder.Column(0).AppendList();
        builder.Column(1).AppendPresent();
        builder.Column(2).AppendPresent();
        Assert.That(() => builder.Build(), Throws.InvalidOperationException, "a struct without its field");
        builder.Column(1).Child(0).Append(1L);
        Assert.That(() => builder.Build(), Throws.InvalidOperationException, "a list of two without its elements");
        builder.Column(2).Child(0).AppendRange<long>([1, 2]);
        using RecordBatch batch = builder.Build();
        Assert.That(batch.RowCount, Is.EqualTo(1));
    }

    [Test]
    public void AppendString_HalfASurrogatePair_BecomesTheReplacementCharacter()
    {
        using RecordBatch batch = BatchRows.Build(new Schema([new Field("s", DataType.String)]), ["a\uD83D"], ["😀"]);
        Assert.That(BatchRows.Of(batch).Select(row => row[0]), Is.EqualTo(new[] { "a\uFFFD", "😀" }));
    }

    [Test]
    public void Buffers_OfABatch_AreAlignedTo64Bytes()
    {
        using RecordBatch batch = RandomBatches.Create(new Random(1), s_flat, 100, nullEvery: 2);
        for (int column = 0; column < s_flat.Count; column++)
        {
            if (TypeWidths.Of(s_flat[column].Type) == 8) Assert.That(Address(batch.Column(column).Values<long>()) % 64, Is.Zero);
            if (TypeWidths.Of(s_flat[column].Type) == 16) Assert.That(Address(batch.Column(column).Values<Int128>()) % 64, Is.Zero);
            if (s_flat[column].Type is StringType) Assert.That((Address(batch.Column(column).Offsets) % 64, Address(batch.Column(column).Data) % 64), Is.EqualTo((0L, 0L)));
        }
    }

    [Test]
    public void Append_ManyRows_AllocatesOnlyForTheBatch()
    {
        var schema = new Schema([new Field("n", DataType.Int64), new Field("s", DataType.String), new Field("b", DataType.Boolean), new Field("d", DataType.Decimal(38, 2))]);
        using var builder = new RecordBatchBuilder(schema, 20_000);
        Fill(builder, 20_000);
        builder.Build().Dispose();
        long few = AllocatedFor(builder, 10);
        long many = AllocatedFor(builder, 20_000);
        // The batch itself costs a few objects; rows cost nothing. Twice the small batch leaves room for blocks that grew.
        Assert.That(many, Is.LessThan((2 * few) + 2000));

        static long AllocatedFor(RecordBatchBuilder builder, int rows)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Fill(builder, rows);
            using RecordBatch batch = builder.Build();
            long sum = 0;
            for (int row = 0; row < rows; row++)
                if (!batch.Column(0).IsNull(row)) sum += batch.Column(0).Values<long>()[row] + batch.Column(1).Bytes(row).Length + (batch.Column(2).Boolean(row) ? 1 : 0);
            GC.KeepAlive(sum.GetType());
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        static void Fill(RecordBatchBuilder builder, int rows)
        {
            for (int row = 0; row < rows; row++)
            {
                if (row % 7 == 0) builder.Column(0).AppendNull();
                else builder.Column(0).Append((long)row);
                builder.Column(1).AppendString("中文 text that is not short");
                builder.Column(2).AppendBoolean(row % 2 == 0);
                builder.Column(3).Append((Int128)row);
            }
        }
    }

    private static unsafe long Address<T>(ReadOnlySpan<T> span)
        where T : unmanaged
    {
        fixed (T* pointer = &MemoryMarshal.GetReference(span)) return (long)pointer;
    }

    // A date given as days comes back as a date where the calendar has it.
    private static List<object?[]> Normal(List<object?[]> model)
        => [.. model.Select(row => row.Select((value, column) => column < s_flat.Count && s_flat[column].Type is DateType && value is int days and > -700_000 and < 2_900_000
            ? new DateOnly(1970, 1, 1).AddDays(days)
            : value).ToArray())];

    private static void AgreesOnNulls(RecordBatch batch, List<object?[]> model, int seed)
    {
        for (int column = 0; column < batch.Schema.Count; column++)
        {
            ColumnView view = batch.Column(column);
            Assert.That(view.CountNulls(), Is.EqualTo(model.Count(row => row[column] is null)), $"seed {seed}, {batch.Schema[column]}");
            if (!view.MayHaveNulls) Assert.That(model.Any(row => row[column] is null), Is.False);
            for (int row = 0; row < model.Count; row++)
            {
                if (view.IsNull(row) != model[row][column] is null) Assert.Fail($"seed {seed}, {batch.Schema[column]}, row {row}");
                ulong expected = 0;
                for (int i = 0; i < Math.Min(64, model.Count - row); i++)
                    if (model[row + i][column] is not null) expected |= 1UL << i;
                if (view.PresentBits(row) != expected) Assert.Fail($"seed {seed}, {batch.Schema[column]}, row {row}: bits {view.PresentBits(row):x} for {expected:x}");
            }
        }
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Batches;

// Looks at memory that all tests share, so no other test may run beside it.
[NonParallelizable]
public sealed class RecordBatchTests
{
    private static readonly Schema s_schema = RandomBatches.SchemaOf([DataType.Int64, DataType.String, DataType.Boolean]);

    [Test]
    public void Dispose_OfAllOwnersInAnyOrder_FreesTheMemoryOnce([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        var budget = new MemoryBudget(1L << 30);
        var owners = new List<RecordBatch> { Build(budget, 500) };
        for (int i = 0; i < 10; i++)
        {
            RecordBatch from = owners[random.Next(owners.Count)];
            int start = random.Next(0, from.RowCount + 1);
            owners.Add(random.Next(3) switch
            {
                0 => from.Share(),
                1 => from.Slice(start, random.Next(0, from.RowCount - start + 1)),
                _ => from.WithSchema(new Schema(s_schema.Fields.Select(field => field with { Name = field.Name + "_" }))),
            });
        }
        long used = budget.UsedBytes;
        RecordBatch[] order = [.. owners];
        random.Shuffle(order);
        foreach (RecordBatch owner in order[1..])
        {
            owner.Dispose();
            if (random.Next(2) == 0) owner.Dispose();
            Assert.That(budget.UsedBytes, Is.EqualTo(used), $"seed {seed}: an owner is left");
        }
        // The last owner still reads what was written.
        for (int row = 0; row < order[0].RowCount; row++) Assert.That(order[0].Column(1).IsNull(row) || order[0].Column(1).Bytes(row).Length > 0);
        order[0].Dispose();
        Assert.That(budget.UsedBytes, Is.Zero, $"seed {seed}");
    }

    [Test]
    public void Use_AfterDispose_IsTheCallersMistake()
    {
        RecordBatch batch = Build(null, 10);
        using RecordBatch other = batch.Share();
        batch.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(() => batch.Column(0).Count, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(batch.Share, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => batch.WithSchema(s_schema), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(other.Column(0).Count, Is.EqualTo(10));
        });
    }

    [TestCase(-1, 1)]
    [TestCase(0, -1)]
    [TestCase(0, 11)]
    [TestCase(11, 0)]
    [TestCase(5, 6)]
    [TestCase(int.MaxValue, int.MaxValue)]
    public void Slice_OutsideTheBatch_IsTheCallersMistake(int start, int count)
    {
        using RecordBatch batch = Build(null, 10);
        Assert.That(() => batch.Slice(start, count), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Column_RowOutsideTheBatch_IsTheCallersMistake()
    {
        using RecordBatch whole = Build(null, 10);
        using RecordBatch slice = whole.Slice(2, 5);
        Assert.Multiple(() =>
        {
            foreach (int row in new[] { -1, 5, int.MaxValue })
            {
                Assert.That(() => slice.Column(0).IsNull(row), Throws.InstanceOf<ArgumentOutOfRangeException>());
                Assert.That(() => slice.Column(1).Bytes(row).Length, Throws.InstanceOf<ArgumentOutOfRangeException>());
                Assert.That(() => slice.Column(2).Boolean(row), Throws.InstanceOf<ArgumentOutOfRangeException>());
                Assert.That(() => slice.Column(0).PresentBits(row), Throws.InstanceOf<ArgumentOutOfRangeException>());
            }
            Assert.That(() => slice.Column(0).Values<int>().Length, Throws.InvalidOperationException);
            Assert.That(() => slice.Column(0).Boolean(0), Throws.InvalidOperationException);
            Assert.That(() => slice.Column(0).Bytes(0).Length, Throws.InvalidOperationException);
            Assert.That(() => slice.Column(1).Values<long>().Length, Throws.InvalidOperationException);
        });
    }

    [Test]
    public void WithSchema_OfASlice_HoldsItsRows()
    {
        using RecordBatch whole = Build(null, 10);
        using RecordBatch slice = whole.Slice(4, 3);
        using RecordBatch renamed = slice.WithSchema(new Schema(s_schema.Fields.Select(field => field with { Name = field.Name + "_" })));
        Assert.That(renamed.Schema[0].Name, Is.EqualTo("c0_"));
        Assert.That(BatchRows.FirstDifference(BatchRows.Of(slice), BatchRows.Of(renamed)), Is.Null);
    }

    [Test]
    public void WithSchema_OfOtherTypes_IsTheCallersMistake()
    {
        using RecordBatch batch = Build(null, 1);
        Assert.That(() => batch.WithSchema(RandomBatches.SchemaOf([DataType.Int64, DataType.Binary, DataType.Boolean])), Throws.ArgumentException);
    }

    [Test]
    public void Memory_OfBatchesMadeAndDisposed_IsGivenBack()
    {
        // What other tests forgot is gone before the count begins.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = NativeBlock.OutstandingBytes;
        for (int i = 0; i < 50; i++)
        {
            using var builder = new RecordBatchBuilder(s_schema);
            builder.Column(0).Append(1L);
            using (RecordBatch batch = Build(null, i * 37))
            using (RecordBatch slice = batch.Slice(i, batch.RowCount - i)) Assert.That(slice.RowCount, Is.EqualTo((i * 37) - i));
        }
        Assert.That(NativeBlock.OutstandingBytes, Is.EqualTo(before));
    }

    [Test]
    public void Memory_OfADisposedBatch_IsUsedAgain()
    {
        NativeBlock first = NativeBlock.Rent(5000, null);
        nint pointer;
        unsafe
        {
            pointer = (nint)first.Pointer;
        }
        Assert.That(first.SizeBytes, Is.EqualTo(5120));
        first.Dispose();
        first.Dispose();
        using NativeBlock second = NativeBlock.Rent(5100, null);
        using NativeBlock third = NativeBlock.Rent(5100, null);
        unsafe
        {
            Assert.That((nint)second.Pointer, Is.EqualTo(pointer), "last in, first out");
            Assert.That((nint)third.Pointer, Is.Not.EqualTo(pointer), "disposed twice, but free once");
        }
    }

    [Test]
    public void Memory_BeyondTheBudget_IsRefusedAndNothingIsLost()
    {
        var budget = new MemoryBudget(64 << 10);
        using (var builder = new RecordBatchBuilder(s_schema, budget: budget))
        {
            LeptonDataException failure = Assert.Throws<LeptonDataException>(() =>
            {
                for (int row = 0; row < 1_000_000; row++)
                {
                    builder.Column(0).Append((long)row);
                    builder.Column(1).AppendString("text");
                    builder.Column(2).AppendNull();
                }
            })!;
            Assert.That(failure.Code, Is.EqualTo("schemas.memory_exhausted"));
            Assert.That(budget.UsedBytes, Is.InRange(1, budget.LimitBytes));
        }
        Assert.That(budget.UsedBytes, Is.Zero);
    }

    [Test]
    public void Memory_OfAForgottenBatch_ComesBackWithTheCollector()
    {
        var budget = new MemoryBudget(1 << 20);
        Forget(budget);
        for (int i = 0; i < 20 && budget.UsedBytes > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(budget.UsedBytes, Is.Zero);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(MemoryBudget budget) => Build(budget, 100);
    }

    [Test]
    public void Budget_TakenByManyThreads_IsNeverExceededAndComesBack()
    {
        var budget = new MemoryBudget(1000);
        long highest = 0;
        int refused = 0;
        Parallel.For(0, 20_000, _ =>
        {
            try
            {
                budget.Take(300);
            }
            catch (LeptonDataException)
            {
                Interlocked.Increment(ref refused);
                return;
            }
            long used = budget.UsedBytes;
            if (used > Volatile.Read(ref highest)) Volatile.Write(ref highest, used);
            budget.Give(300);
        });
        Assert.That((highest <= 1000, budget.UsedBytes), Is.EqualTo((true, 0L)));
        Assert.That(() => budget.Take(long.MaxValue), Throws.InstanceOf<LeptonDataException>());
        Assert.That(() => budget.Take(1001), Throws.InstanceOf<LeptonDataException>());
        budget.Take(1000);
        Assert.That(() => budget.Take(1), Throws.InstanceOf<LeptonDataException>());
        Assert.That(() => budget.Take(long.MaxValue), Throws.InstanceOf<LeptonDataException>(), "the sum would pass the largest number");
    }

    [Test]
    public async Task MemoryBatchReader_DisposedEarly_FreesWhatWasNotRead()
    {
        var budget = new MemoryBudget(1 << 20);
        var reader = new MemoryBatchReader(s_schema, [Build(budget, 10), Build(budget, 20)]);
        using (RecordBatch? first = await reader.ReadAsync()) Assert.That(first?.RowCount, Is.EqualTo(10));
        await reader.DisposeAsync();
        Assert.That(budget.UsedBytes, Is.Zero);
        Assert.That(await reader.ReadAsync(), Is.Null);
    }

    private static RecordBatch Build(MemoryBudget? budget, int rows)
    {
        using var builder = new RecordBatchBuilder(s_schema, budget: budget);
        for (int row = 0; row < rows; row++)
        {
            builder.Column(0).Append((long)row);
            if (row % 3 == 0) builder.Column(1).AppendNull();
            else builder.Column(1).AppendString("text");
            builder.Column(2).AppendBoolean(row % 2 == 0);
        }
        return builder.Build();
    }
}

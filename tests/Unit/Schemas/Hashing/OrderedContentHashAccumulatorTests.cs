using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Hashing;

public sealed class OrderedContentHashAccumulatorTests
{
    [Test]
    public void Hash_AnyRows_AgreesWithTheReference([Range(0, 9)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.RandomSchema(random);
        using RecordBatch batch = RandomBatches.Create(random, schema, random.Next(0, 1500));
        List<object?[]> rows = BatchRows.Of(batch);
        string expected = ReferenceContentHash.ContentHash(241, rows.Count, ReferenceContentHash.Polynomial(schema, rows), schema.Fields);
        Assert.That(HashOf(batch).ToString(), Is.EqualTo(expected), $"seed {seed}");
    }

    [Test]
    public void Merge_PartsInOrder_GiveTheHashOfTheWhole([Range(0, 9)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.RandomSchema(random);
        using RecordBatch batch = RandomBatches.Create(random, schema, 500);
        var parts = new List<OrderedContentHashAccumulator>();
        for (int start = 0; start < batch.RowCount;)
        {
            using RecordBatch part = batch.Slice(start, random.Next(0, batch.RowCount - start + 1));
            parts.Add(new OrderedContentHashAccumulator(schema));
            parts[^1].Process(part);
            start += part.RowCount;
        }
        // Joined in pairs from the right, so that what is appended is itself made of parts.
        for (int i = parts.Count - 2; i >= 0; i--) parts[i].Merge(parts[i + 1]);
        Assert.That((parts[0].Hash, parts[0].RowCount), Is.EqualTo((HashOf(batch), 500L)), $"seed {seed}");
    }

    [Test]
    public void Hash_AnyTwoRowsSwapped_Changes()
    {
        var random = new Random(1);
        Schema schema = RandomBatches.SchemaOf([DataType.Int64]);
        object?[][] rows = [.. Enumerable.Range(0, 64).Select(i => new object?[] { (long)i })];
        using RecordBatch batch = BatchRows.Build(schema, rows);
        for (int round = 0; round < 200; round++)
        {
            int i = random.Next(64);
            int j = (i + random.Next(1, 64)) % 64;
            object?[][] swapped = [.. rows];
            (swapped[i], swapped[j]) = (swapped[j], swapped[i]);
            using RecordBatch other = BatchRows.Build(schema, swapped);
            Assert.That(HashOf(other), Is.Not.EqualTo(HashOf(batch)), $"rows {i} and {j}");
        }
    }

    [Test]
    public void Hash_InexactColumnsAndColumnOrder_Count()
    {
        var inexact = new Field("m", DataType.Float64) { Metadata = FieldMetadata.Empty.With(FieldMetadata.InexactKey, "true") };
        var schema = new Schema([new Field("a", DataType.Int64), inexact]);
        using RecordBatch batch = BatchRows.Build(schema, [1L, 0.1]);
        using RecordBatch other = BatchRows.Build(schema, [1L, 0.2]);
        using RecordBatch turned = BatchRows.Build(new Schema([inexact, schema[0]]), [0.1, 1L]);
        Assert.That(HashOf(other), Is.Not.EqualTo(HashOf(batch)));
        Assert.That(HashOf(turned), Is.Not.EqualTo(HashOf(batch)));
    }

    private static ContentHash HashOf(RecordBatch batch)
    {
        using var accumulator = new OrderedContentHashAccumulator(batch.Schema);
        accumulator.Process(batch);
        return accumulator.Hash;
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Batches;

public sealed class RowGathererTests
{
    [Test]
    public void Append_AnyRowsOfAnyBatches_AreThoseRows([Range(1, 30)] int seed)
    {
        var random = new Random(seed);
        Schema schema = RandomBatches.RandomSchema(random, depth: 2);
        // Slices too, whose rows do not begin where their memory does.
        RecordBatch[] whole = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomBatches.Create(random, schema, random.Next(20, 3000)))];
        RecordBatch[] batches = [.. whole.Select(batch => random.Next(2) == 0 ? batch.Share() : batch.Slice(random.Next(1, 9), random.Next(5, batch.RowCount - 9)))];
        List<object?[]>[] rows = [.. batches.Select(BatchRows.Of)];
        long[] places = [.. Enumerable.Range(0, random.Next(5000)).Select(_ => random.Next(9) == 0 ? -1 - random.Next(2) : random.Next(batches.Length) is var batch ? RowGatherer.Place(batch, random.Next(batches[batch].RowCount)) : 0)];
        var gatherer = new RowGatherer(batches);
        using var builder = new RecordBatchBuilder(schema);
        for (int start = 0; start < places.Length; start += 1700)
            for (int column = 0; column < schema.Count; column++) gatherer.Append(column, places.AsSpan(start, Math.Min(1700, places.Length - start)), builder.Column(column));
        using RecordBatch gathered = builder.Build(places.Length);
        List<object?[]> found = BatchRows.Of(gathered);
        for (int i = 0; i < places.Length; i++)
            Assert.That(found[i], Is.EqualTo(places[i] < 0 ? new object?[schema.Count] : rows[places[i] >> 32][(int)places[i]]), $"seed {seed}, row {i}, {schema}");
        foreach (RecordBatch batch in batches.Concat(whole)) batch.Dispose();
    }

    [Test]
    public void Beside_BatchesOfAsManyRows_HasTheColumnsOfAll()
    {
        var schema = new Schema([new Field("a", DataType.Int64), new Field("b", DataType.String)]);
        using RecordBatch whole = BatchRows.Build(schema, [1L, "x"], [2L, null], [3L, "z"]);
        var both = new Schema([new Field("a", DataType.Int64), new Field("b", DataType.String), new Field("c", DataType.Int64), new Field("d", DataType.String)]);
        using (RecordBatch joined = RecordBatch.Beside(both, [whole.Slice(0, 2), whole.Slice(1, 2)]))
            Assert.That(BatchRows.Of(joined), Is.EqualTo((object?[][])[[1L, "x", 2L, null], [2L, null, 3L, "z"]]));
        Assert.That(() => RecordBatch.Beside(both, [whole.Slice(0, 2), whole.Slice(0, 3)]), Throws.ArgumentException);
        Assert.That(() => RecordBatch.Beside(both, [whole.Share()]), Throws.ArgumentException);
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>What is written is read again, by stream and by file, however batches are cut, sliced and compressed.</summary>
[TestFixture]
internal sealed class ArrowRoundTripTests
{
    [Test]
    public async Task Stream_RandomBatches_ReadsBackEqualRows([Values] ArrowCompression compression, [Values(0, 1)] int nulls)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            Schema schema = RandomBatches.RandomSchema(random, depth: seed % 4);
            using var bytes = new MemoryStream();
            List<object?[]> expected = await WriteSlicesAsync(bytes, random, schema, nulls * 4, new ArrowWriteOptions { Compression = compression, AlignmentBytes = seed % 2 == 0 ? 64 : 8 });
            bytes.Position = 0;
            await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(bytes);
            Assert.That(reader.Schema, Is.EqualTo(schema), $"seed {seed}");
            Assert.That(BatchRows.FirstDifference(expected, await BatchRows.ReadAsync(reader)), Is.Null, $"seed {seed}: {schema}");
        }
    }

    [Test]
    public async Task File_RandomBatches_ReadsBackEqualRowsInAnyOrder([Values] ArrowCompression compression)
    {
        using var folder = new TempFolder();
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            Schema schema = RandomBatches.RandomSchema(random, depth: seed % 4);
            string path = folder[$"{seed}.arrow"];
            var batches = Enumerable.Range(0, 4).Select(index => RandomBatches.Create(random, schema, index * 37)).ToList();
            await using (ArrowFileWriter writer = ArrowFileWriter.Create(path, schema, new ArrowWriteOptions { Compression = compression }))
            {
                foreach (RecordBatch batch in batches) await writer.WriteAsync(batch);
                await writer.CompleteAsync();
            }
            using ArrowFile file = ArrowFile.Open(path);
            Assert.That(file.Schema, Is.EqualTo(schema), $"seed {seed}");
            Assert.That(file.BatchCount, Is.EqualTo(4));
            foreach (int index in new[] { 3, 0, 2, 1 })
            {
                using RecordBatch batch = file.ReadBatch(index);
                Assert.That(BatchRows.FirstDifference(BatchRows.Of(batches[index]), BatchRows.Of(batch)), Is.Null, $"seed {seed}, batch {index}: {schema}");
                batches[index].Dispose();
            }
        }
    }

    /// <summary>Writes slices of random batches, at any bit offset, and a batch without rows.</summary>
    internal static async Task<List<object?[]>> WriteSlicesAsync(Stream stream, Random random, Schema schema, int nullEvery, ArrowWriteOptions options)
    {
        var expected = new List<object?[]>();
        await using var writer = new ArrowStreamWriter(stream, schema, options);
        for (int i = 0; i < 4; i++)
        {
            using RecordBatch batch = RandomBatches.Create(random, schema, random.Next(0, 100), nullEvery, calendarYears: false);
            int start = random.Next(batch.RowCount + 1);
            using RecordBatch slice = batch.Slice(start, i == 2 ? 0 : random.Next(batch.RowCount - start + 1));
            expected.AddRange(BatchRows.Of(slice));
            await writer.WriteAsync(slice);
        }
        await writer.CompleteAsync();
        return expected;
    }
}

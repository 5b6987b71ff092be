using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.Arrow.CData;
using Lepton.Data.Storage.Arrow.Types;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;
using TypeMapping = Lepton.Data.Storage.Arrow.Types.TypeMapping;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

[TestFixture]
internal sealed class ArrowCDataTests
{
    [Test]
    public unsafe void Import_OfWhatWasExported_HasEqualRowsAndSchema()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            Schema schema = RandomBatches.RandomSchema(random, depth: seed % 4);
            RecordBatch whole = RandomBatches.Create(random, schema, random.Next(0, 100), calendarYears: false);
            int start = random.Next(whole.RowCount + 1);
            RecordBatch slice = whole.Slice(start, random.Next(whole.RowCount - start + 1));
            List<object?[]> expected = BatchRows.Of(slice);
            CArrowArray array;
            CArrowSchema declared;
            ArrowCData.Export(slice, &array);
            ArrowCData.Export(schema, &declared);
            // The export lives on without the batches.
            slice.Dispose();
            whole.Dispose();
            using RecordBatch imported = ArrowCData.Import(&array, &declared);
            Assert.That(imported.Schema, Is.EqualTo(schema), $"seed {seed}");
            Assert.That(BatchRows.FirstDifference(expected, BatchRows.Of(imported)), Is.Null, $"seed {seed}: {schema}");
            Assert.That(array.Release is null && declared.Release is null, "what was imported is released");
        }
    }

    [Test]
    public unsafe void Import_ArrayOfStructsWithAnOffset_BeginsAtIt()
    {
        using RecordBatch batch = RandomBatches.Create(new Random(3), ArrowSamples.EveryType, 50);
        CArrowArray array;
        CArrowSchema schema;
        ArrowCData.Export(batch, &array);
        ArrowCData.Export(batch.Schema, &schema);
        // As a consumer may slice what it was given.
        array.Offset = 13;
        array.Length = 20;
        using RecordBatch imported = ArrowCData.Import(&array, &schema);
        Assert.That(BatchRows.FirstDifference(BatchRows.Of(batch)[13..33], BatchRows.Of(imported)), Is.Null);
    }

    [Test]
    public unsafe void Release_ChildThatWasMoved_LivesOn()
    {
        RecordBatch batch = BatchRows.Build(RandomBatches.SchemaOf([DataType.Int64, DataType.String]), [7L, "a"], [8L, "b"]);
        CArrowArray array;
        ArrowCData.Export(batch, &array);
        batch.Dispose();
        CArrowArray moved = *array.Children[0];
        array.Children[0]->Release = null;
        array.Release(&array);
        Assert.That(array.Release is null);
        Assert.That(((long*)moved.Buffers[1])[1], Is.EqualTo(8));
        moved.Release(&moved);
    }

    [Test]
    public async Task Stream_ExportedAndImported_GivesTheSameBatches()
    {
        Schema schema = ArrowSamples.EveryType;
        await using IRecordBatchReader expected = RandomBatches.Stream(new Random(5), schema, 300);
        await using IRecordBatchReader imported = ThroughC(RandomBatches.Stream(new Random(5), schema, 300));
        Assert.That(await BatchRows.FirstDifferenceAsync(expected, imported), Is.Null);
        Assert.That(await imported.ReadAsync(), Is.Null);
    }

    [Test]
    public async Task Stream_WhoseReaderFails_SaysWhy()
    {
        await using IRecordBatchReader imported = ThroughC(new FailingReader());
        LeptonDataException error = await Refusal.Of("storage.arrow_c_failed", async () => await imported.ReadAsync());
        Assert.That(error.Message, Does.Contain("5").And.Contain("the source failed"));
    }

    [Test]
    public unsafe void Import_WhatWasImportedBefore_IsRefused()
    {
        using RecordBatch batch = BatchRows.Build(RandomBatches.SchemaOf([DataType.Int64]), [7L]);
        CArrowArray array;
        CArrowSchema first, second;
        ArrowCData.Export(batch, &array);
        ArrowCData.Export(batch.Schema, &first);
        ArrowCData.Export(batch.Schema, &second);
        ArrowCData.Import(&array, &first).Dispose();
        Assert.That(RefusalOf(&array, &second), Is.EqualTo("storage.arrow_c_released"));
    }

    [Test]
    public unsafe void Import_ArrayThatDoesNotFitItsSchema_IsRefusedAndReleased()
    {
        using RecordBatch batch = BatchRows.Build(RandomBatches.SchemaOf([DataType.Int64]), [7L]);
        CArrowArray array;
        CArrowSchema schema;
        ArrowCData.Export(batch, &array);
        ArrowCData.Export(RandomBatches.SchemaOf([DataType.String]), &schema);
        Assert.That(RefusalOf(&array, &schema), Is.EqualTo("storage.arrow_c_array"));
        Assert.That(array.Release is null && schema.Release is null);
    }

    [Test]
    public unsafe void Import_NameThatIsNoUtf8OrHasNoEnd_IsRefused()
    {
        byte* name = (byte*)NativeMemory.Alloc(2 << 20);
        try
        {
            foreach (bool isLong in new[] { false, true })
            {
                new Span<byte>(name, 2 << 20).Fill((byte)'a');
                if (!isLong) (name[0], name[1]) = (0xC3, 0);
                CArrowSchema schema;
                ArrowCData.Export(RandomBatches.SchemaOf([DataType.Int64]), &schema);
                schema.Children[0]->Name = name;
                LeptonDataException error = RefusalOf(&schema);
                Assert.That((error.Code, error.Arguments[0]), Is.EqualTo(("storage.arrow_c_name", (object?)"l")));
                Assert.That(error.Message, Does.Not.Contain(error.Code));
                Assert.That(schema.Release is null);
            }
        }
        finally
        {
            NativeMemory.Free(name);
        }
    }

    [Test]
    public unsafe void Release_OwnerThatFails_TellsNobody()
    {
        var owner = new FailingOwner();
        RecordBatch batch = RecordBatch.Over(RandomBatches.SchemaOf([DataType.Null]), 3, [default], owner);
        CArrowArray array;
        ArrowCData.Export(batch, &array);
        batch.Dispose();
        Assert.That(owner.DisposeCount, Is.Zero);
        array.Release(&array);
        Assert.That((array.Release is null, owner.DisposeCount), Is.EqualTo((true, 1)));
    }

    [TestCase("c", "TINYINT")]
    [TestCase("L", "DECIMAL(20,0)")]
    [TestCase("vu", "VARCHAR")]
    [TestCase("w:16", "BLOB")]
    [TestCase("d:19,4,256", "DECIMAL(19,4)")]
    [TestCase("tsn:Europe/Berlin", "TIMESTAMPTZ")]
    [TestCase("tss:", "TIMESTAMP")]
    [TestCase("tdm", "DATE")]
    public void FormatText_OfATypeThatIsRead_MapsToOurs(string format, string expected)
    {
        var field = new ArrowField("f", FormatText.Parse(format)!, true, [], FieldMetadata.Empty);
        Assert.That(TypeMapping.ToOurs(field, new ArrowPlace("test")).Type.ToString(), Is.EqualTo(expected));
    }

    [TestCase("d:0,0")]
    [TestCase("w:-1")]
    [TestCase("w:99999999999")]
    [TestCase("d:5,2,7")]
    [TestCase("x")]
    [TestCase("")]
    [TestCase("+q")]
    public void FormatText_Unknown_IsNull(string format) => Assert.That(FormatText.Parse(format), Is.Null);

    private static unsafe string? RefusalOf(CArrowArray* array, CArrowSchema* schema)
    {
        try
        {
            ArrowCData.Import(array, schema).Dispose();
            return null;
        }
        catch (LeptonDataException error)
        {
            return error.Code;
        }
    }

    private static unsafe LeptonDataException RefusalOf(CArrowSchema* schema)
    {
        try
        {
            ArrowCData.Import(schema);
            throw new AssertionException("the schema was taken");
        }
        catch (LeptonDataException error)
        {
            return error;
        }
    }

    private static unsafe IRecordBatchReader ThroughC(IRecordBatchReader reader)
    {
        CArrowArrayStream stream;
        ArrowCData.Export(reader, &stream);
        return ArrowCData.Import(&stream);
    }

    private sealed class FailingOwner : IDisposable
    {
        internal int DisposeCount { get; private set; }

        public void Dispose()
        {
            DisposeCount++;
            throw new InvalidOperationException("the owner failed");
        }
    }

    private sealed class FailingReader : IRecordBatchReader
    {
        public Schema Schema { get; } = RandomBatches.SchemaOf([DataType.Int64]);

        public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default) => throw new InvalidOperationException("the source failed");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

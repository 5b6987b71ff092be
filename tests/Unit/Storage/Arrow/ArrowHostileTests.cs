using System.Buffers.Binary;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.Arrow.Conversion;
using Lepton.Data.Storage.Arrow.Ipc;
using Lepton.Data.Storage.Arrow.Types;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>Few bytes that ask for much: memory, time, depth.</summary>
[TestFixture]
internal sealed class ArrowHostileTests
{
    [Test]
    public async Task Read_MoreThanTheMessageMayUnfoldTo_IsRefused()
    {
        var schema = RandomBatches.SchemaOf([DataType.Int64]);
        using RecordBatch zeros = BatchRows.Build(schema, Enumerable.Repeat(new object?[] { 0L }, 100_000));
        byte[] bytes = await ArrowSamples.WriteAsync(schema, new ArrowWriteOptions { Compression = ArrowCompression.Zstd }, zeros);
        Assert.That(bytes, Has.Length.LessThan(2_000));
        Assert.That(await ArrowSamples.ReadAsync(bytes), Has.Count.EqualTo(100_000));
        await Refusal.Of("storage.arrow_expansion", () => ArrowSamples.ReadAsync(bytes, new ArrowReadOptions { ExpandedBytesMin = 0 }));
    }

    [Test]
    public async Task Read_BodyThatNeverComes_TakesLittleMemory()
    {
        byte[] bytes = await ArrowSamples.OursAsync(RandomBatches.SchemaOf([DataType.String]), isFile: false);
        var place = new ArrowPlace("test");
        int schemaSize = 8 + BitConverter.ToInt32(bytes, 4);
        int metadataSize = BitConverter.ToInt32(bytes, schemaSize + 4);
        long size = MessageHead.Read(bytes.AsSpan(schemaSize + 8, metadataSize), place).BodySizeBytes;
        // The only word of the metadata that is the body's size becomes 2^39.
        int at = bytes.AsSpan(schemaSize, metadataSize).IndexOf(BitConverter.GetBytes(size)) + schemaSize;
        BitConverter.GetBytes(1L << 39).CopyTo(bytes, at);
        var options = new ArrowReadOptions { Memory = new MemoryBudget(4 << 20) };
        await Refusal.Of("storage.arrow_truncated", () => ArrowSamples.ReadAsync(bytes, options));
        await Refusal.Of("storage.arrow_truncated", async () =>
        {
            await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new ArrowTruncationTests.ForwardStream(bytes), options);
            await BatchRows.ReadAsync(reader);
        });
        Assert.That(options.Memory.UsedBytes, Is.Zero);
    }

    [Test]
    public async Task Read_RowsThatTakeNoRoom_AreBoundedToo()
    {
        byte[] bytes = ArrowSamples.OfPyArrow()["nulls.arrows"];
        Assert.That(await ArrowSamples.ReadAsync(bytes), Has.Count.EqualTo(1009));
        // One run of nulls, 2^31 - 2 of them: the run's end, and the lengths of column and batch.
        for (int at = 0; at + 4 <= bytes.Length; at += 4)
            if (BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at)) == 1009) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), int.MaxValue - 1);
        await Refusal.Of("storage.arrow_expansion", async () =>
        {
            await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes));
            (await reader.ReadAsync())?.Dispose();
        });
    }

    // A table whose own table lies so many bytes before it: the place that a message names is one of its bytes.
    [TestCase(100, "near its byte 0:")]
    [TestCase(-100, "near its byte 12:")]
    public void Root_TableOutsideTheMessage_NamesAByteOfIt(int distance, string words)
    {
        byte[] bytes = [4, 0, 0, 0, .. BitConverter.GetBytes(distance), 0, 0, 0, 0];
        Assert.That(Refusal.Of("storage.arrow_metadata", () => { _ = FlatTable.Root(bytes, new ArrowPlace("test")); }).Message, Does.Contain(words));
    }

    [TestCase(1, false)]
    [TestCase(1000, true)]
    public async Task File_DeltaThatTheFooterNamesAgainAndAgain_IsNotAddedAsOften(int times, bool isRefused)
    {
        byte[] stream = ArrowSamples.OfPyArrow()["deltas.arrows"];
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["a.arrow"], FileOf(stream, times));
        using ArrowFile file = ArrowFile.Open(folder["a.arrow"], new ArrowReadOptions { Source = "f" });
        if (isRefused)
        {
            LeptonDataException error = Refusal.Of("storage.arrow_block", () => file.ReadBatch(0).Dispose());
            Assert.That(error.Place!.Path, Is.EqualTo($"f#{(int)error.Arguments[0]! + 1}@{error.Arguments[1]}"));
        }
        else Assert.That(BatchRows.FirstDifference(await ArrowSamples.ReadAsync(stream), await BatchRows.ReadAsync(file.Read())), Is.Null);
    }

    /// <summary>The messages of a stream as a file, whose footer names each delta so many times.</summary>
    private static byte[] FileOf(byte[] stream, int times)
    {
        List<(int Start, int Body, int End)> batches = [], dictionaries = [];
        byte[] schema = [];
        foreach ((int start, int body, int end) in new ArrowAnatomy(stream).Messages.SkipLast(1))
        {
            byte[] metadata = stream[(start + 8)..body];
            MessageHead head = MessageHead.Read(metadata, new ArrowPlace("test"));
            if (head.Kind == MessageKind.Schema) schema = metadata;
            else if (head.Kind == MessageKind.RecordBatch) batches.Add((start, body, end));
            else dictionaries.AddRange(Enumerable.Repeat((start, body, end), head.Header.Boolean(2) ? times : 1));
        }
        var footer = new FlatWriter();
        FlatSlots root = footer.Root(2, 4, 4, 4);
        footer.Put(root[0], MessageWriter.Version);
        Blocks(2, dictionaries);
        Blocks(3, batches);
        // The schema is a part of its message's bytes, which find their way from wherever they lie.
        byte[] written = footer.Written.ToArray();
        int at = (written.Length + 7) & ~7;
        int message = BinaryPrimitives.ReadInt32LittleEndian(schema);
        int slots = message - BinaryPrimitives.ReadInt32LittleEndian(schema.AsSpan(message));
        int header = message + BinaryPrimitives.ReadUInt16LittleEndian(schema.AsSpan(slots + 8));
        BinaryPrimitives.WriteInt32LittleEndian(written.AsSpan(root[1]), at + header + BinaryPrimitives.ReadInt32LittleEndian(schema.AsSpan(header)) - root[1]);
        byte[] bytes = [.. written, .. new byte[at - written.Length], .. schema];
        return [.. "ARROW1\0\0"u8, .. stream, .. bytes, .. BitConverter.GetBytes(bytes.Length), .. "ARROW1"u8];

        void Blocks(int slot, List<(int Start, int Body, int End)> messages)
        {
            int vector = footer.Vector(root, slot, messages.Count, 24);
            for (int i = 0; i < messages.Count; i++)
            {
                footer.Put(vector + (24 * i), (long)messages[i].Start + 8);
                footer.Put(vector + (24 * i) + 8, messages[i].Body - messages[i].Start);
                footer.Put(vector + (24 * i) + 16, (long)messages[i].End - messages[i].Body);
            }
        }
    }

    [TestCase("FLOAT[3][2]", 10, 10 * (2 * (3 * 4) + 2 + 1))]
    [TestCase("STRUCT(a BOOLEAN)", 10, 20)]
    [TestCase("VARCHAR", 10, 44)]
    public void FixedSize_OfRows_IsWhatTheirBuildersTake(string type, long count, long expected) => Assert.That(ColumnGather.FixedSize(DataType.Parse(type), count), Is.EqualTo(expected));

    [Test]
    public void FixedSize_OfListsInListsThatOverflow_StaysMoreThanAnyLimit()
    {
        DataType type = DataType.Decimal(38, 0);
        for (int i = 0; i < 5; i++)
        {
            type = new FixedSizeListType(new Field("element", type), int.MaxValue);
            Assert.That(ColumnGather.FixedSize(type, int.MaxValue), Is.GreaterThan(1L << 60));
        }
        Assert.That(ColumnGather.FixedSize(new StructType([.. Enumerable.Range(0, 100).Select(i => new Field($"f{i}", type))]), 1), Is.GreaterThan(1L << 60));
    }

    [TestCase(63, true)]
    [TestCase(64, false)]
    [TestCase(1000, false)]
    public void FromMessage_ListsInLists_AreReadDownToTheBound(int depth, bool isRead)
    {
        DataType type = DataType.Int32;
        for (int i = 0; i < depth; i++) type = new ListType(new Field("element", type));
        var schema = new Schema([new Field("a", type)]);
        byte[] message = ArrowSchema.ToMessage(schema);
        if (isRead) Assert.That(ArrowSchema.FromMessage(message), Is.EqualTo(schema));
        else Refusal.Of("storage.arrow_nesting", () => ArrowSchema.FromMessage(message));
    }

    [Test]
    public void FromMessage_FieldsThatStandInManyAtOnce_AreBounded()
    {
        // Forty structs of eight fields each, which are one and the same: 8^40 fields in a few kilobytes.
        var writer = new FlatWriter();
        FlatSlots message = writer.Root(2, 1, 4, 8);
        writer.Put(message[0], MessageWriter.Version);
        writer.Put(message[1], (byte)MessageKind.Schema);
        FlatSlots from = writer.Table(message, 2, 0, 4);
        int slot = 1;
        for (int depth = 0; depth < 40; depth++)
        {
            int fields = writer.Vector(from, slot, 8, 4);
            FlatSlots field = writer.Element(fields, 0, 4, 1, 1, 4, 0, 4);
            writer.Text(field, 0, "f");
            writer.Put(field[2], (byte)ArrowKind.Struct);
            writer.Table(field, 3);
            for (int i = 1; i < 8; i++) writer.Put(fields + (4 * i), field.Start - fields - (4 * i));
            (from, slot) = (field, 5);
        }
        writer.Vector(from, slot, 0, 4);
        byte[] bytes = [0xFF, 0xFF, 0xFF, 0xFF, .. BitConverter.GetBytes(writer.Written.Length), .. writer.Written];
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Refusal.Of("storage.arrow_metadata", () => ArrowSchema.FromMessage(bytes));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - allocated, Is.LessThan(1 << 20));
    }
}

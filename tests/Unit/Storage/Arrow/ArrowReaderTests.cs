using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.Native;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>What is refused, in which words; what is chosen; what is kept.</summary>
[TestFixture]
internal sealed class ArrowReaderTests
{
    private static readonly Schema s_text = RandomBatches.SchemaOf([DataType.String]);

    [Test]
    public async Task Open_SomethingElse_SaysSo()
    {
        LeptonDataException error = await Refusal.Of("storage.arrow_not_arrow", () => ArrowSamples.ReadAsync("{\"a\": 1, \"b\": [1, 2, 3]}"u8.ToArray(), new ArrowReadOptions { Source = "a.json" }));
        Assert.That(error.Message, Does.StartWith("a.json#1@0: "));
    }

    [Test]
    public async Task Read_TextThatIsNoUtf8_NamesColumnRowAndMessage()
    {
        using RecordBatch good = BatchRows.Build(s_text, ["a"]);
        using RecordBatch bad = Texts([0x61], null, [0xC3]);
        byte[] bytes = await ArrowSamples.WriteAsync(s_text, good, bad);
        LeptonDataException error = await Refusal.Of("storage.arrow_text", () => ArrowSamples.ReadAsync(bytes, new ArrowReadOptions { Source = "s" }));
        Assert.That(error.Arguments, Is.EqualTo(new object[] { "c0", 2 }));
        Assert.That(error.Place!.Path, Does.Match("^s#3@[1-9][0-9]+$"));
    }

    [Test]
    public async Task Read_CharacterCutByTwoTexts_IsRefused()
    {
        using RecordBatch bad = Texts([0xC3], [0xA9]);
        byte[] bytes = await ArrowSamples.WriteAsync(s_text, bad);
        await Refusal.Of("storage.arrow_text", () => ArrowSamples.ReadAsync(bytes));
    }

    [Test]
    public async Task Read_NoUtf8UnderANull_IsLeftBehind()
    {
        using RecordBatch batch = Texts("ä"u8.ToArray(), [0xC3], "b"u8.ToArray());
        using RecordBatch hidden = HideSecond(batch);
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(await ArrowSamples.WriteAsync(s_text, hidden)));
        using RecordBatch read = (await reader.ReadAsync())!;
        Assert.That(BatchRows.FirstDifference([["ä"], [null], ["b"]], BatchRows.Of(read)), Is.Null);
        Assert.That(read.Column(0).Data.Length, Is.EqualTo(3), "whoever looks at all the bytes finds text");
    }

    [Test]
    public async Task Read_NullWhereTheFieldHasNone_IsRefused()
    {
        var schema = new Schema([new Field("a", DataType.Int64, IsNullable: false)]);
        using RecordBatch batch = BatchRows.Build(schema, [1L], [null]);
        byte[] bytes = await ArrowSamples.WriteAsync(schema, batch);
        LeptonDataException error = await Refusal.Of("storage.arrow_null", () => ArrowSamples.ReadAsync(bytes));
        Assert.That(error.Arguments, Is.EqualTo(new object[] { "a" }));
    }

    [Test]
    public async Task Read_NullWithinANull_IsNoNullOfTheFieldWithin()
    {
        var inner = new Field("x", DataType.Int64, IsNullable: false);
        var schema = new Schema([new Field("s", new StructType([inner])), new Field("f", new FixedSizeListType(inner with { Name = "element" }, 2))]);
        using RecordBatch good = BatchRows.Build(schema, new object?[] { new object?[] { 1L }, new object?[] { 1L, 2L } }, new object?[] { null, null });
        Assert.That(await ArrowSamples.ReadAsync(await ArrowSamples.WriteAsync(schema, good)), Has.Count.EqualTo(2));
        using RecordBatch bad = BatchRows.Build(schema, new object?[] { new object?[] { 1L }, new object?[] { 1L, null } }, new object?[] { null, null });
        byte[] bytes = await ArrowSamples.WriteAsync(schema, bad);
        LeptonDataException error = await Refusal.Of("storage.arrow_null", () => ArrowSamples.ReadAsync(bytes));
        Assert.That(error.Arguments, Is.EqualTo(new object[] { "f.item" }));
    }

    [TestCase("time", "time32[s]")]
    [TestCase("duration", "duration[ns]")]
    [TestCase("interval", "month_day_nano_interval")]
    [TestCase("dense", "dense_union")]
    [TestCase("sparse", "sparse_union")]
    [TestCase("decimal256", "decimal256(76, 0)")]
    public async Task Read_TypeThatNoBatchHolds_IsRefusedByNameAndCanBeLeftOut(string column, string type)
    {
        byte[] bytes = ArrowSamples.OfPyArrow()["refused.arrows"];
        LeptonDataException error = await Refusal.Of("storage.arrow_type", () => ArrowSamples.ReadAsync(bytes, new ArrowReadOptions { Columns = [column] }));
        Assert.That(error.Message, Does.Contain($"'{column}'").And.Contain(type));
        List<object?[]> rows = await ArrowSamples.ReadAsync(bytes, new ArrowReadOptions { Columns = ["NUMBER"] });
        Assert.That(rows.Select(row => row[0]), Is.EqualTo(new object?[] { 1L, null, 3L }));
    }

    [Test]
    public async Task Read_ChosenColumns_ComeInTheOrderAskedFor()
    {
        var schema = RandomBatches.SchemaOf([DataType.Int64, DataType.String, DataType.Parse("VARCHAR[]"), DataType.Boolean]);
        byte[] bytes = await ArrowSamples.OursAsync(schema, isFile: false, ArrowCompression.Lz4);
        List<object?[]> all = await ArrowSamples.ReadAsync(bytes);
        List<object?[]> some = await ArrowSamples.ReadAsync(bytes, new ArrowReadOptions { Columns = ["c3", "C1"] });
        Assert.That(BatchRows.FirstDifference([.. all.Select(row => new[] { row[3], row[1] })], some), Is.Null);
        await Refusal.Of("storage.arrow_column", () => ArrowSamples.ReadAsync(bytes, new ArrowReadOptions { Columns = ["c9"] }));
    }

    [Test]
    public void EnsureLoaded_LibraryThatIsNotThere_NamesThePackage()
    {
        LeptonDataException error = Refusal.Of("storage.arrow_codec_missing", () => CodecLibrary.EnsureLoaded("libnothere.so.1", "libnothere1"));
        Assert.That(error.Message, Does.Contain("libnothere.so.1").And.Contain("apt-get install libnothere1"));
    }

    [Test]
    public async Task Write_UuidOfAnotherSize_IsRefused()
    {
        var schema = new Schema([new Field("id", DataType.Binary) { Metadata = FieldMetadata.Empty.With(ArrowSchema.ExtensionNameKey, "arrow.uuid") }]);
        using RecordBatch batch = BatchRows.Build(schema, [new byte[16]], [new byte[15]]);
        LeptonDataException error = await Refusal.Of("storage.arrow_uuid", async () => await ArrowSamples.WriteAsync(schema, batch));
        Assert.That(error.Arguments, Is.EqualTo(new object[] { "id", 1, 15 }));
    }

    [Test]
    public async Task File_MappedAndUncompressed_IsReadWithoutACopyAndOutlivesTheFile()
    {
        using var folder = new TempFolder();
        var schema = RandomBatches.SchemaOf([.. RandomBatches.FlatTypes, .. RandomBatches.NestedTypes]);
        string path = folder["a.arrow"];
        using RecordBatch batch = RandomBatches.Create(new Random(1), schema, 500);
        await using (ArrowFileWriter writer = ArrowFileWriter.Create(path, schema))
        {
            await writer.WriteAsync(batch);
            await writer.CompleteAsync();
        }
        var options = new ArrowReadOptions { Memory = new MemoryBudget(1) };
        RecordBatch mapped;
        using (ArrowFile file = ArrowFile.Open(path, options)) mapped = file.ReadBatch(0);
        using (mapped)
        {
            Assert.That(BatchRows.FirstDifference(BatchRows.Of(batch), BatchRows.Of(mapped)), Is.Null);
            AssertAligned(mapped);
        }
    }

    [Test]
    public async Task FileWriter_NotCompleted_LeavesWhatWasThere()
    {
        using var folder = new TempFolder();
        string path = folder.Write("a.arrow", "old");
        await using (ArrowFileWriter writer = ArrowFileWriter.Create(path, s_text))
        {
            using RecordBatch batch = BatchRows.Build(s_text, ["a"]);
            await writer.WriteAsync(batch);
        }
        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo(new[] { path }));
        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
    }

    [Test]
    public async Task ReadBatch_OutsideTheFile_IsTheCallersMistake()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["a.arrow"], await ArrowSamples.OursAsync(s_text, isFile: true));
        using ArrowFile file = ArrowFile.Open(folder["a.arrow"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadBatch(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadBatch(2));
    }

    [Test]
    public async Task Writers_AfterTheEnd_TakeNoMore()
    {
        using RecordBatch batch = BatchRows.Build(s_text, ["a"]);
        using var bytes = new MemoryStream();
        await using var stream = new ArrowStreamWriter(bytes, s_text);
        await stream.CompleteAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.WriteAsync(batch));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.CompleteAsync());
        using var folder = new TempFolder();
        await using ArrowFileWriter file = ArrowFileWriter.Create(folder["a.arrow"], s_text);
        await file.CompleteAsync();
        long size = new FileInfo(folder["a.arrow"]).Length;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await file.WriteAsync(batch));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await file.CompleteAsync());
        Assert.That(new FileInfo(folder["a.arrow"]).Length, Is.EqualTo(size));
    }

    [Test]
    public async Task Read_File_AsAStream()
    {
        byte[] bytes = await ArrowSamples.OursAsync(ArrowSamples.EveryType, isFile: true);
        Assert.That(await ArrowSamples.ReadAsync(bytes), Has.Count.EqualTo(10));
    }

    [Test]
    public void FromMessage_OfToMessage_IsTheSchema()
    {
        var schema = new Schema(ArrowSamples.EveryType.Fields.Select(field => field with { Metadata = FieldMetadata.Empty.With("kéy", "välue") }));
        Assert.That(ArrowSchema.FromMessage(ArrowSchema.ToMessage(schema)), Is.EqualTo(schema));
    }

    private static unsafe void AssertAligned(RecordBatch batch)
    {
        for (int i = 0; i < batch.Schema.Count; i++) Assert.That((long)batch.Column(i).Buffers.Values % 64, Is.Zero, $"{batch.Schema[i]}");
    }

    private static RecordBatch Texts(params byte[]?[] values)
    {
        using var builder = new RecordBatchBuilder(s_text);
        foreach (byte[]? value in values)
        {
            if (value is null) builder.Column(0).AppendNull();
            else builder.Column(0).AppendBytes(value);
        }
        return builder.Build();
    }

    /// <summary>The same three texts with a NULL over the second.</summary>
    private static unsafe RecordBatch HideSecond(RecordBatch batch)
    {
        ColumnBuffers buffers = batch.Column(0).Buffers;
        var validity = NativeBlock.Rent(64, null);
        *validity.Pointer = 0b101;
        buffers.Validity = validity.Pointer;
        return RecordBatch.Over(batch.Schema, 3, [buffers], validity);
    }
}

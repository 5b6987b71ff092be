using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Storage.Arrow.Conversion;
using Lepton.Data.Storage.Arrow.Ipc;
using Lepton.Data.Storage.Arrow.Types;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;
using TypeMapping = Lepton.Data.Storage.Arrow.Types.TypeMapping;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>What arrays of a few bytes may unfold to, and where their numbers end.</summary>
[TestFixture]
internal sealed class ArrowExpansionTests
{
    private const int Many = int.MaxValue - 1;

    private static readonly ArrowPlace s_place = new("test");
    private static readonly ArrowType s_byte = new(ArrowKind.Int) { Bits = 8, IsSigned = true }, s_int = s_byte with { Bits = 32 };

    [Test]
    public void Column_ValuesThatTakeNoRoom_AreRefusedWhereTheyAreTooMany([Values(ArrowKind.Null, ArrowKind.Struct)] ArrowKind kind, [Values("dictionary", "run ends", "views")] string encoding)
    {
        (ArrowField field, WireArray array) = Unfolding(kind, encoding, Many / 7);
        var options = new ArrowReadOptions { Memory = new MemoryBudget(1 << 20) };
        LeptonDataException error = Refusal.Of("storage.arrow_expansion", () => Convert(field, array, options));
        Assert.That(error.Arguments[1], Is.EqualTo(256L << 20));
        Assert.That(options.Memory.UsedBytes, Is.Zero);
    }

    [Test]
    public void Column_RunsOfNulls_TakeAsMuchAsOne()
    {
        (ArrowField field, WireArray array) = Unfolding(ArrowKind.Null, "dictionary", Many / 4);
        Assert.That(Convert(field, array, new ArrowReadOptions { ExpandedBytesMin = long.MaxValue, Memory = new MemoryBudget(16 << 10) }), Is.EqualTo(new long[] { 0, Many / 4, Many / 4 * 2L, Many / 4 * 3L, Many / 4 * 4L }));
    }

    [Test]
    public void Column_OnceNobodyWaits_IsLeft()
    {
        (ArrowField field, WireArray array) = Unfolding(ArrowKind.Null, "run ends", 5);
        Assert.Throws<OperationCanceledException>(() => Convert(field, array, new ArrowReadOptions(), new CancellationToken(canceled: true)));
    }

    [Test]
    public async Task Read_CanceledWhileTheBodyComes_Ends()
    {
        // The batch's mark, its size, its metadata and its body; after the last of them only what unfolds it asks the token.
        for (int canceled = 1; canceled <= 4; canceled++)
        {
            using var source = new CancellationTokenSource();
            var stream = new Pulled(ArrowSamples.OfPyArrow()["nulls.arrows"]);
            await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(stream);
            int reads = 0;
            stream.Read += () =>
            {
                if (++reads == canceled) source.Cancel();
            };
            await Assert.CatchAsync<OperationCanceledException>(async () => (await reader.ReadAsync(source.Token))?.Dispose(), $"read {canceled}");
            Assert.That(reads, Is.EqualTo(canceled));
        }
    }

    [Test]
    public void Column_FixedListsInFixedListsThatOverflow_AreRefused()
    {
        ArrowField Grid(ArrowField element) => Field("item", new ArrowType(ArrowKind.FixedList) { Size = int.MaxValue }, element);
        ArrowField field = Grid(Grid(Field("item", s_byte))) with { Dictionary = new ArrowDictionary(0, s_byte) };
        WireArray none = new(0, 0, 0, [default], [new WireArray(0, 0, 0, [default], [new WireArray(0, 0, 0, [default, default], [])])]);
        var array = new WireArray(8, 8, 0, [Buffer(new byte[8]), Buffer(new byte[8])], []) { Dictionary = none };
        Refusal.Of("storage.arrow_expansion", () => Convert(field, array, new ArrowReadOptions { Memory = new MemoryBudget(1 << 20) }));
    }

    [Test]
    public void Charge_OfParts_CountsThemTogether()
    {
        var meter = new ExpansionMeter(new ArrowReadOptions { ExpandedBytesMin = 10, ExpansionRatioMax = 1 }, 1);
        ArrowField field = Field("a", s_byte);
        meter.Charge(s_place, field, 6);
        meter.Charge(s_place, field, 4);
        Refusal.Of("storage.arrow_expansion", () => meter.Charge(s_place, field, 1));
        Refusal.Of("storage.arrow_expansion", () => meter.Charge(s_place, field, -1));
    }

    [TestCase(1, false)]
    [TestCase(2, true)]
    [TestCase(-1, true)]
    public void Column_NumberIntoADictionaryOfTwo_MustBeOneOfTheirs(sbyte number, bool isRefused)
    {
        ArrowField field = Field("a", s_int) with { Dictionary = new ArrowDictionary(0, s_byte) };
        var array = new WireArray(1, 0, 0, [default, Buffer((byte)number)], []) { Dictionary = new WireArray(2, 0, 0, [default, Buffer(5, 6)], []) };
        if (!isRefused) Convert(field, array, new ArrowReadOptions());
        else Assert.That(Refusal.Of("storage.arrow_dictionary_index", () => Convert(field, array, new ArrowReadOptions())).Arguments[3], Is.EqualTo(2));
    }

    // A view: length, the first four bytes, which buffer, from where. The buffer has 20 bytes.
    [TestCase(13, 0, 7, false)]
    [TestCase(13, 0, 8, true)]
    [TestCase(20, 0, 0, false)]
    [TestCase(13, 0, -1, true)]
    [TestCase(13, 1, 0, true)]
    [TestCase(13, -1, 0, true)]
    [TestCase(-1, 0, 0, true)]
    [TestCase(int.MaxValue, 0, int.MaxValue, true)]
    public void Column_TextView_MustLieInItsBuffer(int length, int buffer, int offset, bool isRefused)
    {
        ArrowField field = Field("a", new ArrowType(ArrowKind.TextView));
        var array = new WireArray(1, 0, 0, [default, Buffer(length, 0, buffer, offset), Buffer(new byte[20])], []);
        if (!isRefused) Convert(field, array, new ArrowReadOptions());
        else Refusal.Of("storage.arrow_view", () => Convert(field, array, new ArrowReadOptions()));
    }

    [TestCase(0, 8, false)]
    [TestCase(8, 0, false)]
    [TestCase(0, 9, true)]
    [TestCase(1, 8, true)]
    [TestCase(9, 0, true)]
    [TestCase(-8, 8, true)]
    [TestCase(8, -8, true)]
    [TestCase(1, long.MaxValue, true)]
    [TestCase(long.MaxValue, 1, true)]
    [TestCase(long.MaxValue, long.MaxValue, true)]
    public unsafe void BatchLayout_Buffer_MustLieInTheBody(long offset, long length, bool isRefused)
    {
        var writer = new FlatWriter();
        FlatSlots batch = writer.Root(8, 4, 4);
        int buffers = writer.Vector(batch, 2, 1, 16);
        writer.Put(buffers, offset);
        writer.Put(buffers + 8, length);
        byte[] bytes = writer.Written.ToArray();
        void Read() => _ = new BatchLayout(FlatTable.Root(bytes, s_place), false, null, 8, new ArrowReadOptions(), new ExpansionMeter(new ArrowReadOptions(), 8), [], s_place);
        if (!isRefused) Read();
        else Refusal.Of("storage.arrow_buffer_outside", Read);
    }

    [Test]
    public void FromMessage_FieldsUnderALongName_TakeNoPathEach()
    {
        var schema = new Schema([new Field(new string('x', 100_000), new StructType([.. Enumerable.Range(0, 2000).Select(i => new Field($"a{i}", DataType.Int16))]))]);
        byte[] message = ArrowSchema.ToMessage(schema);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(ArrowSchema.FromMessage(message), Is.EqualTo(schema));
        // Two thousand paths of a hundred thousand characters are 400 MB.
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - allocated, Is.LessThan(10 << 20));
    }

    [Test]
    public async Task Read_OnAfterADictionaryThatDidNotFit_GivesTheValuesThatCame()
    {
        byte[] bytes = ArrowSamples.OfPyArrow()["deltas.arrows"];
        int readOn = 0;
        // In steps of the least that memory is taken in, so that each thing that takes some is once the one that did not fit.
        for (int limit = 64; limit <= 40 << 10; limit += 64)
        {
            var options = new ArrowReadOptions { Memory = new MemoryBudget(limit) };
            await using (ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes), options))
            {
                bool hasFailed = false;
                // The stream has fewer messages than this.
                for (int i = 0; i < 30; i++)
                {
                    try
                    {
                        using RecordBatch? batch = await reader.ReadAsync();
                        if (batch is null) break;
                        if (hasFailed) readOn++;
                        List<object?[]> rows = BatchRows.Of(batch);
                        Assert.That((rows[0][0], rows[2][0]), Is.EqualTo(((object?)"v0", (object?)null)), $"limit {limit}");
                        Assert.That(rows[1][0]?.ToString(), Does.Match("^v[0-7]$"), $"limit {limit}");
                    }
                    catch (LeptonDataException)
                    {
                        hasFailed = true;
                    }
                }
            }
            Assert.That(options.Memory.UsedBytes, Is.Zero, $"limit {limit}");
        }
        Assert.That(readOn, Is.Positive);
    }

    private static ArrowField Field(string name, ArrowType type, params ArrowField[] children) => new(name, type, true, children, FieldMetadata.Empty);

    private static unsafe WireBuffer Buffer<T>(params T[] values)
        where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(values.AsSpan());
        // Small, and kept to the end of the tests.
        byte* copy = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes.Length, 8), 64);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return new WireBuffer(copy, bytes.Length);
    }

    /// <summary>Lists of values that take no room, which every encoding gives several times.</summary>
    private static (ArrowField Field, WireArray Array) Unfolding(ArrowKind kind, string encoding, int count)
    {
        ArrowField element = Field("item", new ArrowType(kind));
        var elements = new WireArray(count, kind == ArrowKind.Null ? count : 0, 0, kind == ArrowKind.Null ? [] : [default], []);
        ArrowField list = Field("a", new ArrowType(ArrowKind.List), element);
        var lists = new WireArray(1, 0, 0, [default, Buffer(0, count)], [elements]);
        return encoding switch
        {
            "dictionary" => (list with { Dictionary = new ArrowDictionary(0, s_byte) }, new WireArray(count == Many / 4 ? 4 : 100, 0, 0, [default, Buffer(new byte[100])], []) { Dictionary = lists }),
            "run ends" => (Field("a", new ArrowType(ArrowKind.RunEnd), Field("run_ends", s_int), list), new WireArray(100, 0, 0, [], [new WireArray(1, 0, 0, [default, Buffer(100)], []), lists])),
            _ => (Field("a", new ArrowType(ArrowKind.ListView), element), new WireArray(50, 0, 0, [default, Buffer(new int[50]), Buffer(Enumerable.Repeat(count, 50).ToArray())], [elements])),
        };
    }

    /// <summary>Where the lists of the column begin and end, if it has any.</summary>
    private static unsafe long[] Convert(ArrowField field, WireArray array, ArrowReadOptions options, CancellationToken cancellationToken = default)
    {
        bool isList = TypeMapping.ToOurs(field, s_place).Type is ListType;
        using var owners = new BatchOwners(null);
        ColumnBuffers column = new ArrayConverter(s_place, null, new ExpansionMeter(options, 100, cancellationToken), options, owners.Items).Column(field, array);
        return isList ? [.. Enumerable.Range(0, (int)array.Length + 1).Select(i => (long)((int*)column.Values)[i])] : [];
    }

    /// <summary>Tells of every read, and asks no token.</summary>
    private sealed class Pulled(byte[] bytes) : MemoryStream(bytes)
    {
        internal new event Action? Read;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Read?.Invoke();
            return ValueTask.FromResult(base.Read(buffer.Span));
        }
    }
}

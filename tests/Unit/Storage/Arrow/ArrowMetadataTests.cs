using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>What stands beside the values: a schema's facts, a field's, and the zones of instants.</summary>
[TestFixture]
internal sealed class ArrowMetadataTests
{
    private static readonly FieldMetadata s_facts = FieldMetadata.Empty.With("pandas", "{\"index_columns\": []}").With("ключ", "").With("", "zähler");

    private static readonly Schema s_schema = new([
        new Field("a", DataType.Int64) { Metadata = s_facts.With("of", "a") },
        new Field("s", new StructType([new Field("x", DataType.String) { Metadata = s_facts.With("of", "x") }])),
        new Field("t", DataType.Instant) { Metadata = Zone("Europe/Berlin") },
        new Field("l", new ListType(new Field("element", DataType.Instant) { Metadata = Zone("+05:30") })),
    ]) { Metadata = s_facts };

    [Test]
    public async Task Stream_OfASchemaWithFacts_KeepsThem()
    {
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(await ArrowSamples.OursAsync(s_schema, isFile: false)));
        AssertKept(reader.Schema);
        using RecordBatch batch = (await reader.ReadAsync())!;
        AssertKept(batch.Schema);
    }

    [Test]
    public async Task File_OfASchemaWithFacts_KeepsThemAlsoOfChosenColumns()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["a.arrow"], await ArrowSamples.OursAsync(s_schema, isFile: true));
        using (ArrowFile file = ArrowFile.Open(folder["a.arrow"])) AssertKept(file.Schema);
        using ArrowFile chosen = ArrowFile.Open(folder["a.arrow"], new ArrowReadOptions { Columns = ["t"] });
        Assert.That(chosen.Schema.Metadata, Is.EqualTo(s_facts));
        Assert.That(chosen.Schema, Is.EqualTo(new Schema([s_schema[2]])));
    }

    [Test]
    public void Message_OfASchemaWithFacts_KeepsThem() => AssertKept(ArrowSchema.FromMessage(ArrowSchema.ToMessage(s_schema)));

    [Test]
    public unsafe void CData_OfASchemaWithFacts_KeepsThem()
    {
        CArrowSchema schema;
        ArrowCData.Export(s_schema, &schema);
        AssertKept(ArrowCData.Import(&schema));
    }

    [Test]
    public unsafe void Export_InstantWithAZone_IsOfArrowsTypeWithTheZone()
    {
        CArrowSchema schema;
        ArrowCData.Export(s_schema, &schema);
        Assert.That(new string((sbyte*)schema.Children[2]->Format), Is.EqualTo("tsu:Europe/Berlin"));
        Assert.That(schema.Children[2]->Metadata is null, "the type says it");
        Assert.That(new string((sbyte*)schema.Children[3]->Children[0]->Format), Is.EqualTo("tsu:+05:30"));
        schema.Release(&schema);
    }

    [Test]
    public async Task Write_ZoneOnWhatIsNoInstant_IsAnOrdinaryFact()
    {
        var schema = new Schema([new Field("a", DataType.NaiveTime) { Metadata = Zone("Europe/Berlin") }, new Field("b", DataType.Instant) { Metadata = Zone("") }]);
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(await ArrowSamples.OursAsync(schema, isFile: false)));
        // An empty zone is none: the times stay instants.
        Assert.That(reader.Schema, Is.EqualTo(new Schema([schema[0], new Field("b", DataType.Instant)])));
    }

    [Test]
    public async Task Read_ZonesOfEveryUnitAndEncoding_AreKeptBesideEqualInstants()
    {
        // Of pyarrow: columns in s, ms, us, ns, of which one has a zone other than UTC.
        Dictionary<string, byte[]> samples = ArrowSamples.OfPyArrow();
        var zones = new Dictionary<string, string?>();
        foreach (byte[] bytes in samples.Where(sample => sample.Key.StartsWith("columns", StringComparison.Ordinal)).Select(sample => sample.Value))
        {
            await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes));
            foreach (Field field in reader.Schema.Fields.Where(field => field.Type.Id == TypeId.Instant)) zones.Add(field.Name, field.Metadata[ArrowSchema.TimeZoneKey]);
        }
        Assert.That(zones, Is.EquivalentTo(new Dictionary<string, string?> { ["timestamp_ms"] = null, ["timestamp_us"] = "Europe/Berlin", ["timestamp_ns"] = null }));
    }

    [Test]
    public async Task Read_FactThatIsNoText_IsLeftOut()
    {
        var schema = new Schema([new Field("a", DataType.Int64) { Metadata = FieldMetadata.Empty.With("kept", "1").With("lost", "QQQQ") }]) { Metadata = FieldMetadata.Empty.With("QQQQ", "lost").With("kept", "2") };
        byte[] bytes = await ArrowSamples.OursAsync(schema, isFile: false);
        for (int at; (at = bytes.AsSpan().IndexOf("QQQQ"u8)) >= 0;) bytes[at] = 0xFF;
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(new MemoryStream(bytes));
        Assert.That(reader.Schema[0].Metadata, Is.EqualTo(FieldMetadata.Empty.With("kept", "1")));
        Assert.That(reader.Schema.Metadata, Is.EqualTo(FieldMetadata.Empty.With("kept", "2")));
    }

    [Test]
    public unsafe void Import_FactThatIsNoText_IsLeftOut()
    {
        CArrowSchema schema;
        ArrowCData.Export(new Schema([new Field("a", DataType.Int64)]) { Metadata = FieldMetadata.Empty.With("a", "QQQQ").With("kept", "2") }, &schema);
        // A count, and key and value with their lengths before them.
        schema.Metadata[4 + 4 + 1 + 4] = 0xFF;
        Assert.That(ArrowCData.Import(&schema).Metadata, Is.EqualTo(FieldMetadata.Empty.With("kept", "2")));
    }

    [Test]
    public void Equals_SchemasThatDifferInTheirFacts_AreEqual() => Assert.That(new Schema(s_schema.Fields), Is.EqualTo(s_schema));

    private static FieldMetadata Zone(string zone) => FieldMetadata.Empty.With(ArrowSchema.TimeZoneKey, zone);

    private static void AssertKept(Schema schema)
    {
        Assert.That(schema, Is.EqualTo(s_schema));
        Assert.That(schema.Metadata, Is.EqualTo(s_facts));
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Log;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class SchemaJsonTests
{
    private static readonly object[] s_types =
    [
        new object[] { DataType.Null, "\"void\"" },
        new object[] { DataType.Boolean, "\"boolean\"" },
        new object[] { DataType.Int8, "\"byte\"" },
        new object[] { DataType.Int16, "\"short\"" },
        new object[] { DataType.Int32, "\"integer\"" },
        new object[] { DataType.Int64, "\"long\"" },
        new object[] { DataType.Float32, "\"float\"" },
        new object[] { DataType.Float64, "\"double\"" },
        new object[] { DataType.Decimal(38, 0), "\"decimal(38,0)\"" },
        new object[] { DataType.Decimal(9, 9), "\"decimal(9,9)\"" },
        new object[] { DataType.String, "\"string\"" },
        new object[] { DataType.Binary, "\"binary\"" },
        new object[] { DataType.Date, "\"date\"" },
        new object[] { DataType.Instant, "\"timestamp\"" },
        new object[] { DataType.NaiveTime, "\"timestamp_ntz\"" },
        new object[] { new ListType(new Field("element", DataType.Int64, IsNullable: false)), """{"type":"array","elementType":"long","containsNull":false}""" },
        new object[]
        {
            new MapType(new Field("key", DataType.String, IsNullable: false), new Field("value", DataType.Date)),
            """{"type":"map","keyType":"string","valueType":"date","valueContainsNull":true}""",
        },
        new object[]
        {
            new StructType([new Field("经度", DataType.Float64), new Field("at", DataType.Instant, IsNullable: false)]),
            """{"type":"struct","fields":[{"name":"经度","type":"double","nullable":true,"metadata":{}},{"name":"at","type":"timestamp","nullable":false,"metadata":{}}]}""",
        },
        new object[]
        {
            new ListType(new Field("element", new StructType([new Field("m", new MapType(new Field("key", DataType.Int32, IsNullable: false), new Field("value", new ListType(new Field("element", DataType.Binary)))))]))),
            """{"type":"array","elementType":{"type":"struct","fields":[{"name":"m","type":{"type":"map","keyType":"integer","valueType":{"type":"array","elementType":"binary","containsNull":true},"valueContainsNull":true},"nullable":true,"metadata":{}}]},"containsNull":true}""",
        },
    ];

    [TestCaseSource(nameof(s_types))]
    public void SchemaJson_EachType_IsSparksAndComesBack(DataType type, string json)
    {
        var schema = new Schema([new Field("c", type)]);
        string text = $$$"""{"type":"struct","fields":[{"name":"c","type":{{{json}}},"nullable":true,"metadata":{}}]}""";
        Assert.That(SchemaJson.Write(schema), Is.EqualTo(text));
        Assert.That(SchemaJson.Read(text, "t"), Is.EqualTo(schema));
    }

    [Test]
    public void SchemaJson_ListOfFixedSize_IsAnArrayThatKeepsItsLength()
    {
        var schema = new Schema([new Field("embedding", new FixedSizeListType(new Field("element", DataType.Float32), 768))]);
        string text = SchemaJson.Write(schema);
        Assert.That(text, Does.Contain("""{"type":"array","elementType":"float","containsNull":true}""").And.Contain("\"lepton.fixed_size\":\"768\""));
        Assert.That(SchemaJson.Read(text, "t"), Is.EqualTo(schema));
    }

    [Test]
    public void SchemaJson_MetadataOfOthers_ComesBackAsItWas()
    {
        const string text = """{"type":"struct","fields":[{"name":"c","type":"long","nullable":false,"metadata":{"comment":"Länge \"x\"","delta.identity.start":1,"list":[1,{"a":null}]}}]}""";
        Schema schema = SchemaJson.Read(text, "t");
        Assert.That(schema[0].Metadata["comment"], Is.EqualTo("Länge \"x\""));
        using var before = System.Text.Json.JsonDocument.Parse(text);
        using var after = System.Text.Json.JsonDocument.Parse(SchemaJson.Write(schema));
        Assert.That(System.Text.Json.JsonElement.DeepEquals(before.RootElement, after.RootElement), Is.True, SchemaJson.Write(schema));
    }

    [TestCase("""{"type":"struct","fields":[{"name":"c","type":"variant","nullable":true,"metadata":{}}]}""", "storage.delta_type")]
    [TestCase("""{"type":"struct","fields":[{"name":"c","type":"decimal(39,1)","nullable":true,"metadata":{}}]}""", "storage.delta_type")]
    [TestCase("""{"type":"struct","fields":[{"name":"c","type":"decimal(3,4)","nullable":true,"metadata":{}}]}""", "storage.delta_type")]
    [TestCase("""{"type":"struct","fields":[{"name":"c","type":{"type":"udt"},"nullable":true,"metadata":{}}]}""", "storage.delta_type")]
    [TestCase("""{"type":"struct","fields":[{"name":"c","type":7,"nullable":true,"metadata":{}}]}""", "storage.delta_schema")]
    [TestCase("""{"type":"struct","fields":[{"type":"long","nullable":true,"metadata":{}}]}""", "storage.delta_schema")]
    [TestCase("""{"type":"struct","fields":[{"name":"c","type":"long","nullable":"yes","metadata":{}}]}""", "storage.delta_schema")]
    [TestCase("""{"type":"struct","fields":[{"name":"c","type":"long"},{"name":"C","type":"long"}]}""", "schemas.duplicate_column")]
    [TestCase("""{"type":"struct"}""", "storage.delta_schema")]
    [TestCase("""{"type":"struct","fields":[""", "storage.delta_schema")]
    [TestCase("\"long\"", "storage.delta_schema")]
    [TestCase("", "storage.delta_schema")]
    public void SchemaJson_NotASchema_IsRefused(string text, string code) => Refusal.Of(code, () => { SchemaJson.Read(text, "t"); });

    [Test]
    public void SchemaJson_NestedBeyondReason_IsRefused()
    {
        string type = string.Concat(Enumerable.Repeat("""{"type":"array","elementType":""", 5000)) + "\"long\"" + string.Concat(Enumerable.Repeat(""","containsNull":true}""", 5000));
        Refusal.Of("storage.delta_schema", () => { SchemaJson.Read($$$"""{"type":"struct","fields":[{"name":"c","type":{{{type}}},"nullable":true,"metadata":{}}]}""", "t"); });
    }
}

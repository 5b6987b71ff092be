using System.Text;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Cli;

[TestFixture]
internal sealed class ValueTextTests
{
    private static readonly Schema s_schema = new([
        new Field("d", DataType.Decimal(10, 3)), new Field("f", DataType.Float64), new Field("i", DataType.Int64), new Field("t", DataType.Instant), new Field("s", DataType.String), new Field("b", DataType.Binary),
    ]);

    [Test]
    public void Of_EveryKindOfValue_KeepsEveryDigit()
    {
        using RecordBatch batch = Batch((Int128)(-5), 0.1 + 0.2, long.MaxValue, new EventTime(1), "x", new byte[] { 1, 255 });
        string?[] texts = [.. Enumerable.Range(0, s_schema.Count).Select(i => ValueText.Of(batch.Column(i), 0))];
        Assert.That(texts, Is.EqualTo(new[] { "-0.005", "0.30000000000000004", "9223372036854775807", "1970-01-01T00:00:00.000001Z", "x", "\\x01ff" }));
    }

    [Test]
    public void WriteJson_EveryKindOfValue_IsJsonWithTheSameDigits()
    {
        using RecordBatch batch = Batch((Int128)12345, double.NaN, long.MinValue, new EventTime(0), "北\"京\n", new byte[] { 0 });
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, JsonOutput.LineOptions))
        {
            json.WriteStartArray();
            for (int i = 0; i < s_schema.Count; i++) ValueText.WriteJson(json, batch.Column(i), 0);
            json.WriteEndArray();
        }
        Assert.That(Encoding.UTF8.GetString(stream.ToArray()), Is.EqualTo("""[12.345,"NaN",-9223372036854775808,"1970-01-01T00:00:00.000000Z","北\"京\n","AA=="]"""));
    }

    [TestCase("STRUCT(a BIGINT, b VARCHAR[])", """{"a":1,"b":["x\n",null]}""")]
    [TestCase("MAP(DATE, DECIMAL(4,1))", """{"2001-02-03":-1.5,"1970-01-01":null}""")]
    [TestCase("DOUBLE[2]", """[0.5,"NaN"]""")]
    public void Of_NestedValue_IsItsJson(string type, string expected)
    {
        object value = type[0] switch
        {
            'S' => new object?[] { 1L, new object?[] { "x\n", null } },
            'M' => new KeyValuePair<object, object?>[] { new(new DateOnly(2001, 2, 3), (Int128)(-15)), new(new DateOnly(1970, 1, 1), null) },
            _ => new object?[] { 0.5, double.NaN },
        };
        using var builder = new RecordBatchBuilder(new Schema([new Field("v", DataType.Parse(type))]));
        builder.Column(0).AppendValue(value);
        using RecordBatch batch = builder.Build();
        Assert.That(ValueText.Of(batch.Column(0), 0), Is.EqualTo(expected));
    }

    private static RecordBatch Batch(params object[] values)
    {
        using var builder = new RecordBatchBuilder(s_schema);
        for (int i = 0; i < values.Length; i++) builder.Column(i).AppendValue(values[i]);
        return builder.Build();
    }
}

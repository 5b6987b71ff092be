using System.Globalization;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Hashing;

/// <summary>The test vectors of docs/formats/content-hash.md, which were made by a program in another language from the page's words.</summary>
public sealed class ContentHashPageTests
{
    public sealed record Vector(string Title, Schema Schema, object?[][] Rows, string Sum, string Hash, string Ordered)
    {
        public override string ToString() => Title;
    }

    private static IEnumerable<Vector> Vectors()
    {
        string[] blocks = File.ReadAllText(RepositoryFolder.At("docs/formats/content-hash.md")).Split("```content-hash-vector\n")[1..];
        foreach (string block in blocks)
        {
            string[] lines = block[..block.IndexOf("```", StringComparison.Ordinal)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
            string Line(string start) => lines.Single(line => line.StartsWith(start, StringComparison.Ordinal))[start.Length..];
            var schema = new Schema(ColumnTexts(Line("columns: ")).Select(column =>
            {
                (string name, string type) = (column[..column.IndexOf(' ')], column[(column.IndexOf(' ') + 1)..]);
                bool isInexact = type.EndsWith(" inexact", StringComparison.Ordinal);
                return new Field(name, DataType.Parse(isInexact ? type[..^" inexact".Length] : type)) { Metadata = isInexact ? FieldMetadata.Empty.With(FieldMetadata.InexactKey, "true") : FieldMetadata.Empty };
            }));
            object?[][] rows = [.. lines.Where(line => line.StartsWith("row: ", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line[5..]).RootElement.EnumerateArray().Select((value, column) => ValueOf(value, schema[column].Type)).ToArray())];
            yield return new Vector(Line("# "), schema, rows, Line("sum: "), Line("content hash: "), Line("ordered: "));
        }
    }

    // At the commas that stand outside of brackets.
    private static string[] ColumnTexts(string columns)
        => System.Text.RegularExpressions.Regex.Split(columns, @", (?![^(]*\))");

    [Test]
    public void Page_HasVectors() => Assert.That(Vectors().Count(), Is.EqualTo(16));

    [TestCaseSource(nameof(Vectors))]
    public void Vector_OfThePage_IsWhatTheCodeGives(Vector vector)
    {
        using RecordBatch batch = BatchRows.Build(vector.Schema, vector.Rows);
        using var sum = new ContentSumAccumulator(vector.Schema);
        using var ordered = new OrderedContentHashAccumulator(vector.Schema);
        sum.Process(batch);
        ordered.Process(batch);
        Assert.Multiple(() =>
        {
            Assert.That(sum.Sum.ToString(), Is.EqualTo(vector.Sum));
            Assert.That(ContentHash.Of(vector.Schema, sum.Sum).ToString(), Is.EqualTo(vector.Hash));
            Assert.That(ordered.Hash.ToString(), Is.EqualTo(vector.Ordered));
        });
    }

    [Test]
    public void ToString_Parsed_IsTheSame()
    {
        var sum = new ContentSum(3, new UInt128(1, 2));
        Assert.That(sum.ToString(), Is.EqualTo("3:00000000000000010000000000000002"));
        Assert.That((ContentSum.TryParse(sum.ToString(), out ContentSum parsed), parsed), Is.EqualTo((true, sum)));
        var hash = new ContentHash(UInt128.MaxValue - 5);
        Assert.That((ContentHash.TryParse(hash.ToString(), out ContentHash same), same), Is.EqualTo((true, hash)));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("3")]
    [TestCase("3:")]
    [TestCase("-3:00000000000000010000000000000002")]
    [TestCase("3:0000000000000001000000000000000g")]
    [TestCase("3:000000000000000100000000000000020")]
    [TestCase(":00000000000000010000000000000002")]
    public void TryParse_AnythingElse_IsRefused(string? text)
    {
        Assert.That(ContentSum.TryParse(text, out _), Is.False);
        Assert.That(ContentHash.TryParse(text, out _), Is.False);
    }

    private static object? ValueOf(JsonElement value, DataType type) => (type, value.ValueKind) switch
    {
        (_, JsonValueKind.Null) => null,
        (BooleanType, _) => value.GetBoolean(),
        (IntegerType { BitWidth: 8 }, _) => value.GetSByte(),
        (IntegerType { BitWidth: 32 }, _) => value.GetInt32(),
        (IntegerType, _) => value.GetInt64(),
        (FloatType { BitWidth: 32 }, JsonValueKind.String) => float.Parse(value.GetString()!, CultureInfo.InvariantCulture),
        (FloatType { BitWidth: 32 }, _) => value.GetSingle(),
        (FloatType, JsonValueKind.String) => double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
        (FloatType, _) => value.GetDouble(),
        (DecimalType, _) => Int128.Parse(value.GetRawText(), CultureInfo.InvariantCulture),
        (StringType, _) => value.GetString(),
        (BinaryType, _) => Convert.FromHexString(value.GetString()!),
        (StructType { Fields: var fields }, _) => fields.Select(field => ValueOf(value.GetProperty(field.Name), field.Type)).ToArray(),
        (MapType map, _) => value.EnumerateArray().Select(pair => KeyValuePair.Create(ValueOf(pair[0], map.Key.Type)!, ValueOf(pair[1], map.Value.Type))).ToArray(),
        (ListType or FixedSizeListType, _) => value.EnumerateArray().Select(item => ValueOf(item, type.Children[0].Type)).ToArray(),
        (DateType, _) => new DateOnly(1970, 1, 1).AddDays(value.GetInt32()),
        _ => new EventTime(value.GetInt64()),
    };
}

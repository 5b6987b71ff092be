using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas;

public sealed class DataTypeTests
{
    [Test]
    public void Parse_WhatATypePrints_IsTheType([Range(0, 49)] int seed)
    {
        var random = new Random(seed);
        DataType type = RandomType(random, depth: 0);
        Assert.That(DataType.Parse(type.ToString()!), Is.EqualTo(type), $"seed {seed}: {type}");
        Assert.That(DataType.Parse($"  {type.ToString()!.Replace("(", " ( ", StringComparison.Ordinal)} "), Is.EqualTo(type), $"seed {seed}: with spaces");
    }

    [TestCase("bool", "BOOLEAN")]
    [TestCase("int", "INTEGER")]
    [TestCase("long", "BIGINT")]
    [TestCase("Text", "VARCHAR")]
    [TestCase("string", "VARCHAR")]
    [TestCase("REAL", "FLOAT")]
    [TestCase("double precision", "DOUBLE")]
    [TestCase("numeric", "DECIMAL(18,3)")]
    [TestCase("decimal(5)", "DECIMAL(5,0)")]
    [TestCase("timestamp", "TIMESTAMP")]
    [TestCase("timestamp without time zone", "TIMESTAMP")]
    [TestCase("timestamp with time zone", "TIMESTAMPTZ")]
    [TestCase("bytea", "BLOB")]
    [TestCase("FLOAT[3][]", "FLOAT[3][]")]
    [TestCase("struct(\"a b\" int, \"q\"\"\" text[])", "STRUCT(\"a b\" INTEGER, \"q\"\"\" VARCHAR[])")]
    [TestCase("map(text, map(int, date))", "MAP(VARCHAR, MAP(INTEGER, DATE))")]
    public void Parse_Alias_IsTheType(string text, string expected) => Assert.That(DataType.Parse(text).ToString(), Is.EqualTo(expected));

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("INTT")]
    [TestCase("HUGEINT")]
    [TestCase("DECIMAL(39,2)")]
    [TestCase("DECIMAL(0,0)")]
    [TestCase("DECIMAL(5,6)")]
    [TestCase("DECIMAL(5,-1)")]
    [TestCase("DECIMAL(99999999999,1)")]
    [TestCase("DECIMAL(5")]
    [TestCase("INTEGER[0]")]
    [TestCase("INTEGER[-1]")]
    [TestCase("INTEGER[")]
    [TestCase("INTEGER]")]
    [TestCase("INTEGER INTEGER")]
    [TestCase("STRUCT()")]
    [TestCase("STRUCT(a)")]
    [TestCase("STRUCT(a INT, A INT)")]
    [TestCase("STRUCT(\"a INT)")]
    [TestCase("MAP(INT)")]
    [TestCase("TIMESTAMP WITH TIME")]
    public void Parse_AnythingElse_IsRefused(string text)
    {
        Assert.That(DataType.TryParse(text, out DataType? type), Is.False);
        Assert.That(type, Is.Null);
        Assert.That(Assert.Throws<LeptonDataException>(() => DataType.Parse(text))!.Code, Does.StartWith("schemas.unknown_type"));
    }

    [TestCase("TIMESTMP", "TIMESTAMP")]
    [TestCase("TIMESTAMPZ", "TIMESTAMPTZ")]
    [TestCase("varcahr", "VARCHAR")]
    [TestCase("DECMAL(10,2)", "DECIMAL(10,2)")]
    [TestCase("BIGNIT[]", "BIGINT[]")]
    [TestCase("TIMESTAM WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE")]
    [TestCase("DECIMAL(39,0)", null)]
    [TestCase("DECMAL(39,0)", null)]
    [TestCase("currency", null)]
    [TestCase("", null)]
    public void Parse_MistypedName_SaysWhatIsMeant(string text, string? nearest)
    {
        LeptonDataException failure = Assert.Throws<LeptonDataException>(() => DataType.Parse(text))!;
        Assert.That(failure.Code, Is.EqualTo(nearest is null ? "schemas.unknown_type" : "schemas.unknown_type_near"));
        if (nearest is not null) Assert.That(failure.Message, Does.EndWith($"did you mean '{nearest}'?"));
    }

    [TestCase("INT", "[]")]
    [TestCase("STRUCT(a ", "")]
    [TestCase("MAP(INT, ", "")]
    public void Parse_HostileNesting_IsRefusedInAMoment(string start, string more)
    {
        string text = more.Length > 0 ? start + new StringBuilder().Insert(0, more, 100_000) : new StringBuilder().Insert(0, start, 100_000).ToString();
        Assert.That(DataType.TryParse(text, out _), Is.False);
    }

    [Test, CancelAfter(10_000)]
    public void Parse_StructOfManyFields_TakesAMoment()
    {
        string text = $"STRUCT({string.Join(", ", Enumerable.Range(0, 100_000).Select(i => $"f{i} INT"))})";
        Assert.That(((StructType)DataType.Parse(text)).Fields, Has.Count.EqualTo(100_000));
    }

    [TestCase(0, 0)]
    [TestCase(39, 0)]
    [TestCase(5, 6)]
    [TestCase(5, -1)]
    public void Decimal_OutsideItsBounds_IsTheCallersMistake(int precision, int scale)
        => Assert.That(() => DataType.Decimal(precision, scale), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Equals_ByValue_NestedFieldsIncluded()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new ListType(new Field("element", DataType.Int64)), Is.EqualTo(new ListType(new Field("element", new IntegerType(64)))));
            Assert.That(new ListType(new Field("element", DataType.Int64, IsNullable: false)), Is.Not.EqualTo(new ListType(new Field("element", DataType.Int64))));
            var one = new StructType([new Field("a", DataType.Int64)]);
            var same = new StructType([new Field("a", new IntegerType(64))]);
            Assert.That((one, one.GetHashCode()), Is.EqualTo((same, same.GetHashCode())));
            Assert.That(DataType.Decimal(5, 1), Is.Not.EqualTo(DataType.Decimal(5, 2)));
        });
    }

    private static DataType RandomType(Random random, int depth)
    {
        DataType flat = RandomBatches.FlatTypes[random.Next(RandomBatches.FlatTypes.Count)];
        if (depth > 4) return flat;
        return random.Next(6) switch
        {
            0 => new ListType(new Field("element", RandomType(random, depth + 1))),
            1 => new FixedSizeListType(new Field("element", RandomType(random, depth + 1)), random.Next(1, 2000)),
            2 => new MapType(new Field("key", RandomType(random, depth + 1), IsNullable: false), new Field("value", RandomType(random, depth + 1))),
            3 => new StructType(new EquatableList<Field>(Enumerable.Range(0, random.Next(1, 4)).Select(i => new Field($"{(random.Next(2) == 0 ? "f" : "名 \"")}{i}", RandomType(random, depth + 1))))),
            4 when depth == 0 => DataType.Null,
            _ => flat,
        };
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Rewrites;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class SchemaEvolutionTests
{
    [TestCase("BIGINT", "SMALLINT", "BIGINT")]
    [TestCase("SMALLINT", "BIGINT", "BIGINT")]
    [TestCase("FLOAT", "DOUBLE", "DOUBLE")]
    [TestCase("FLOAT", "SMALLINT", "FLOAT")]
    [TestCase("FLOAT", "INTEGER", "DOUBLE")]
    [TestCase("INTEGER", "DOUBLE", "DOUBLE")]
    [TestCase("BIGINT", "DOUBLE", null)]
    [TestCase("DECIMAL(9,2)", "DECIMAL(10,4)", "DECIMAL(11,4)")]
    [TestCase("DECIMAL(9,2)", "INTEGER", "DECIMAL(12,2)")]
    [TestCase("DECIMAL(38,20)", "DECIMAL(38,2)", null)]
    [TestCase("VARCHAR", "INTEGER", null)]
    [TestCase("DATE", "TIMESTAMP", null)]
    public void Common_TwoTypes_IsTheLeastThatHoldsBothExactly(string left, string right, string? common)
    {
        DataType? expected = common is null ? null : DataType.Parse(common);
        Assert.That(TypeWidening.Common(DataType.Parse(left), DataType.Parse(right)), Is.EqualTo(expected));
        Assert.That(TypeWidening.Common(DataType.Parse(right), DataType.Parse(left)), Is.EqualTo(expected));
    }

    [Test]
    public async Task Evolve_ByPolicy_AddsWidensOrRefuses()
    {
        using var t = new DeltaFixture();
        var narrow = new Schema([new Field("id", DataType.Int32, IsNullable: false), new Field("name", DataType.String)]);
        Snapshot current = await t.Table.CommitAsync(Append(null, t.File("a")) with { Schema = narrow });
        var more = new Schema([new Field("id", DataType.Int16), new Field("more", DataType.Date, IsNullable: false)]);
        var wider = new Schema([new Field("id", DataType.Int64)]);

        Assert.That(EvolvedSchema.Of(current, new Schema([narrow[0]]), SchemaPolicy.Fail), Is.EqualTo(new EvolvedSchema(narrow, false)), "a column that may be NULL may be missing");
        Refusal.Of("storage.schema_policy_add", () => EvolvedSchema.Of(current, more, SchemaPolicy.Fail));
        Assert.That(EvolvedSchema.Of(current, more, SchemaPolicy.Add), Is.EqualTo(new EvolvedSchema(new Schema([.. narrow.Fields, new Field("more", DataType.Date)]), false)));
        Refusal.Of("storage.schema_policy", () => EvolvedSchema.Of(current, wider, SchemaPolicy.Add));
        EvolvedSchema widened = EvolvedSchema.Of(current, wider, SchemaPolicy.Widen);
        Assert.That(widened, Is.EqualTo(new EvolvedSchema(new Schema([new Field("id", DataType.Int64, IsNullable: false), narrow[1]]), true)));
        Refusal.Of("storage.not_null_missing", () => EvolvedSchema.Of(current, new Schema([narrow[1]]), SchemaPolicy.Widen));
        Refusal.Of("storage.schema_policy", () => EvolvedSchema.Of(current, new Schema([new Field("id", DataType.String)]), SchemaPolicy.Widen));

        // The widened columns go with files that replace all others, and with nothing less.
        await Refusal.Of("storage.schema_change", () => t.Table.CommitAsync(Append(current, t.File("b")) with { Schema = widened.Schema }).AsTask());
        Assert.That((await t.Table.CommitAsync(Overwrite(current, t.File("b")) with { Schema = widened.Schema })).Schema, Is.EqualTo(widened.Schema));
    }
}

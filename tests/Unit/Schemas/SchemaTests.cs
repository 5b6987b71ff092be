using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas;

public sealed class SchemaTests
{
    [Test]
    public void Find_NameInAnyCase_IsTheColumn()
    {
        var schema = new Schema([new Field("Id", DataType.Int64), new Field("名", DataType.String)]);
        Assert.That((schema.IndexOf("ID"), schema.IndexOf("名"), schema.IndexOf("x"), schema.Find("id")), Is.EqualTo((0, 1, -1, schema[0])));
    }

    [Test]
    public void Schema_TwoNamesEqualButForCase_IsRefused()
        => Assert.That(Assert.Throws<LeptonDataException>(() => new Schema([new Field("a", DataType.Int64), new Field("A", DataType.String)]))!.Code, Is.EqualTo("schemas.duplicate_column"));

    [Test]
    public void Equals_ByValue_MetadataAndNullabilityIncluded()
    {
        Schema Make(bool isNullable, string? comment) => new([new Field("a", DataType.Int64, isNullable) { Metadata = FieldMetadata.Empty.With(FieldMetadata.CommentKey, comment) }]);
        Assert.Multiple(() =>
        {
            Schema one = Make(true, "x");
            Schema same = Make(true, "x");
            Assert.That((one, one.GetHashCode()), Is.EqualTo((same, same.GetHashCode())));
            Assert.That(Make(true, "x"), Is.Not.EqualTo(Make(false, "x")));
            Assert.That(Make(true, "x"), Is.Not.EqualTo(Make(true, null)));
        });
    }

    [Test]
    public void With_KeyAndValue_ReplacesAddsOrRemoves()
    {
        FieldMetadata one = FieldMetadata.Of([new("b", "2"), new("a", "1"), new("b", "3")]);
        Assert.Multiple(() =>
        {
            Assert.That(one.Values, Is.EqualTo(new Dictionary<string, string> { ["a"] = "1", ["b"] = "3" }));
            Assert.That(one.With("b", null).With("a", null), Is.SameAs(FieldMetadata.Empty));
            Assert.That((one["a"], one["x"]), Is.EqualTo(("1", default(string))));
            Assert.That(one.Values, Is.EqualTo(new Dictionary<string, string> { ["a"] = "1", ["b"] = "3" }), "unchanged");
        });
    }
}

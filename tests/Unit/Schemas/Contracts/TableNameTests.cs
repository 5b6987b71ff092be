using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Contracts;

public sealed class TableNameTests
{
    [TestCase("flights", "main", "flights", "flights")]
    [TestCase("main.flights", "main", "flights", "flights")]
    [TestCase("raw.flights_2001", "raw", "flights_2001", "raw.flights_2001")]
    [TestCase("flights__quarantine", "main", "flights__quarantine", "flights__quarantine")]
    [TestCase("raw.f__quarantine", "raw", "f__quarantine", "raw.f__quarantine")]
    public void Parse_Name_GivesItsParts(string text, string schema, string table, string printed)
    {
        TableName name = TableName.Parse(text);
        Assert.That((name.Schema, name.Table, name.ToString()), Is.EqualTo((schema, table, printed)));
        Assert.That(TableName.Parse(name.ToString()), Is.EqualTo(name));
    }

    [TestCase("")]
    [TestCase(".")]
    [TestCase("a.")]
    [TestCase(".a")]
    [TestCase("a.b.c")]
    [TestCase("Flights")]
    [TestCase("1st")]
    [TestCase("_lepton")]
    [TestCase("_lepton.runs")]
    [TestCase("a__b")]
    [TestCase("a-b")]
    [TestCase("a b")]
    [TestCase("表")]
    [TestCase("../etc")]
    [TestCase("a/b")]
    [TestCase("a\0")]
    [TestCase("__quarantine")]
    [TestCase("a__quarantine__quarantine")]
    public void Parse_AnythingElse_IsRefused(string text)
        => Assert.That(Assert.Throws<LeptonDataException>(() => TableName.Parse(text))!.Code, Is.EqualTo("schemas.bad_name"));

    [Test]
    public void IsName_LongerThan128_IsNone()
    {
        Assert.That(TableName.IsName(new string('a', 128)), Is.True);
        Assert.That(TableName.IsName(new string('a', 129)), Is.False);
    }

    [Test]
    public void Quarantine_OfATable_IsBesideIt() => Assert.That(TableName.Parse("raw.flights").Quarantine, Is.EqualTo(TableName.Parse("raw.flights__quarantine")));
}

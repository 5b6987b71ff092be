using Lepton.Data.Engines;
using Lepton.Data.Sql;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Engines;

public sealed class DuckDbFrontEndTests
{
    private readonly DuckDbFrontEnd _frontEnd = new();

    [OneTimeTearDown]
    public void Close() => _frontEnd.Dispose();

    [Test]
    public void Parse_ASelect_GivesItsTree() => Assert.That(_frontEnd.Parse("SELECT a FROM t WHERE b = 'it''s'"), Does.StartWith("{\"error\":false").And.Contain("BASE_TABLE").And.Contain("it's"));

    [Test]
    public void Parse_NoSelect_GivesTheErrorAsJson() => Assert.That(_frontEnd.Parse("DROP TABLE t"), Does.StartWith("{\"error\":true"));

    [Test]
    public void Parse_BrokenText_GivesTheErrorAsJson() => Assert.That(_frontEnd.Parse("SELECT FROM WHERE"), Does.StartWith("{\"error\":true").And.Contain("position"));

    [Test]
    public void Parse_TextWithNul_IsRefused() => Assert.That(() => _frontEnd.Parse("SELECT 1\0; DROP TABLE t"), Throws.InstanceOf<SqlFrontEndException>());

    [Test]
    public void Describe_ManyTypes_GivesDuckDbsSpelling()
    {
        IReadOnlyList<(string Name, string DuckDbType)> columns = _frontEnd.Describe(
            "SELECT 1::UBIGINT AS a, 1::HUGEINT AS b, 1.5 AS c, NULL AS d, [1, 2] AS e, {'x': 1, 'y z': 'a'} AS f, MAP {'k': 1.0::DOUBLE} AS g, TIMESTAMPTZ '2001-01-01' AS h, 'a'::JSON AS i, array_value(1, 2) AS j, sum(1::BIGINT) AS k");
        Assert.That(
            columns.Select(column => column.DuckDbType),
            Is.EqualTo((string[])["UBIGINT", "HUGEINT", "DECIMAL(2,1)", "INTEGER", "INTEGER[]", "STRUCT(\"x\" INTEGER, \"y z\" VARCHAR)", "MAP(VARCHAR, DOUBLE)", "TIMESTAMP WITH TIME ZONE", "JSON", "INTEGER[2]", "HUGEINT"]));
        Assert.That(columns.Select(column => column.Name), Is.EqualTo((string[])["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]));
    }

    [Test]
    public void Describe_TypeError_GivesDuckDbsWords()
        => Assert.That(() => _frontEnd.Describe("SELECT no_such_function(1)"), Throws.InstanceOf<SqlFrontEndException>().With.Message.Contains("no_such_function"));

    [Test]
    public void Describe_AFileOutside_IsRefused()
        => Assert.That(() => _frontEnd.Describe("SELECT * FROM read_text('/etc/passwd')"), Throws.InstanceOf<SqlFrontEndException>());
}

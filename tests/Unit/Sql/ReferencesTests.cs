using Lepton.Data.Schemas;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

internal sealed class ReferencesTests
{
    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    [TestCase("SELECT 1", "")]
    [TestCase("SELECT * FROM flights f JOIN main.airports a ON true, datasets.late", "flights airports datasets.late")]
    [TestCase("WITH a AS (SELECT * FROM x), b AS (SELECT * FROM a) SELECT * FROM b, a, y", "x y")]
    [TestCase("WITH x AS (SELECT * FROM x) SELECT * FROM x", "x")]
    [TestCase("SELECT * FROM s.x WHERE id IN (SELECT id FROM y) UNION SELECT (SELECT max(z) FROM z) ORDER BY 1", "s.x y z")]
    [TestCase("SELECT * FROM (SELECT * FROM deep) q, range(3), (VALUES (1)) v", "deep")]
    [TestCase("SELECT * FROM Flights UNION ALL SELECT * FROM flights", "Flights")]
    [TestCase("WITH a AS (SELECT 1) SELECT * FROM s.a, (WITH b AS (SELECT 2) SELECT * FROM b), b", "s.a b")]
    public void References_Query_AreTheTablesItDoesNotDefine(string sql, string expected)
        => Assert.That(string.Join(' ', _bench.Binder.References(new SqlText(sql)).Select(reference => reference.Name)), Is.EqualTo(expected));

    [Test]
    public void References_Place_IsWhereTheTableIsNamed()
    {
        TableReference reference = _bench.Binder.References(new SqlText("SELECT '中文' AS a\nFROM   flights", new SourcePlace("q.sql", 1, 1), 0)).Single();
        Assert.That(reference.Place.ToString(), Is.EqualTo("q.sql:2:8"));
    }

    [Test]
    public void References_NoSelect_IsRefused()
        => Assert.That(Assert.Throws<LeptonDataException>(() => _bench.Binder.References(new SqlText("DROP TABLE t")))!.Code, Is.EqualTo("sql.not_select"));
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

internal sealed class ParameterTests
{
    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    private BoundQuery Bind(string sql, params string[] parameters)
    {
        Dictionary<string, SqlParameter> values = parameters.Select(SqlParameter.Parse).ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.OrdinalIgnoreCase);
        return _bench.Binder.Bind(new SqlText(sql) { Parameters = values }, SqlWorkbench.Inputs, AccessContext.Owner);
    }

    /// <summary>The same rows as with the value written out.</summary>
    [TestCase("SELECT id FROM t WHERE k = $key", "SELECT id FROM t WHERE k = '北京'", "key=北京")]
    [TestCase("SELECT id FROM t WHERE k = $k", "SELECT id FROM t WHERE k = 'O''Hare \"x\"'", "k=O'Hare \"x\"")]
    [TestCase("SELECT id FROM t WHERE k = $k", "SELECT id FROM t WHERE k = ''' OR true --'", "k=' OR true --")]
    [TestCase("SELECT id FROM t WHERE n > $n AND d >= $since", "SELECT id FROM t WHERE n > 20 AND d >= DATE '2001-01-01'", "n=20", "since=2001-01-01")]
    [TestCase("SELECT id + $n AS c, $n AS n FROM t", "SELECT id + 20::BIGINT AS c, 20::BIGINT AS n FROM t", "N:BIGINT=20")]
    [TestCase("SELECT id, amount * $f AS c FROM t", "SELECT id, amount * 2.50::DECIMAL(5,2) AS c FROM t", "f:DECIMAL(5,2)=2.5")]
    [TestCase("SELECT id FROM t WHERE ts >= $at", "SELECT id FROM t WHERE ts >= TIMESTAMPTZ '2001-01-01 00:30:00+00'", "at:TIMESTAMPTZ=2001-01-01T01:30:00+01:00")]
    [TestCase("SELECT id FROM t WHERE ok = $ok ORDER BY id LIMIT $limit", "SELECT id FROM t WHERE ok = true ORDER BY id LIMIT 2", "ok:BOOLEAN=true", "limit:BIGINT=2")]
    [TestCase("SELECT id FROM t WHERE id BETWEEN ? AND ?", "SELECT id FROM t WHERE id BETWEEN 2 AND 4", "1:BIGINT=2", "2:BIGINT=4")]
    [TestCase("SELECT (SELECT max(w) FROM u WHERE u.k = $k) AS m", "SELECT (SELECT max(w) FROM u WHERE u.k = 'a') AS m", "k=a")]
    public void Bind_Parameter_IsTheConstant(string sql, string written, params string[] parameters)
    {
        BoundQuery query = Bind(sql, parameters);
        BoundQuery expected = _bench.Bind(written);
        Assert.That(query.Schema, Is.EqualTo(expected.Schema));
        Assert.That(_bench.Rows(SqlWorkbench.Print(query), query.Schema.Count, query.IsOrdered), Is.EqualTo(_bench.Rows(written, query.Schema.Count, query.IsOrdered)));
        Assert.That(SqlWorkbench.Print(query), Does.Not.Contain("$").And.Not.Contain("?"));
    }

    [Test]
    public void Bind_ParameterOfAnotherValue_IsAnotherPlan()
        => Assert.That(Bind("SELECT id FROM t WHERE k = $k", "k=a").PlanHash, Is.Not.EqualTo(Bind("SELECT id FROM t WHERE k = $k", "k=b").PlanHash).And.EqualTo(_bench.Bind("SELECT id FROM t WHERE k = 'a'").PlanHash));

    [Test]
    public void Bind_MistypedParameter_SaysWhichIsMeant()
    {
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => Bind("SELECT id FROM t WHERE k = $orgin", "origin=a"))!;
        Assert.That(error.Message, Is.EqualTo("query:1:28: The parameter $orgin has no value here; did you mean $origin?"));
    }

    [TestCase("origin", "sql.parameter_form")]
    [TestCase("=x", "sql.parameter_form")]
    [TestCase("n:BIGINT=two", "sql.parameter_value")]
    [TestCase("n:BIGINT=2.5", "sql.parameter_value")]
    [TestCase("d:DATE=2001-02-30", "sql.parameter_value")]
    [TestCase("d:TIMESTAMPTZ=2001-02-03 04:05", "sql.parameter_value")]
    [TestCase("b:BOOLEAN=yes", "sql.parameter_value")]
    [TestCase("x:DOUBLE=1e3x", "sql.parameter_value")]
    [TestCase("l:VARCHAR[]=[]", "sql.parameter_type")]
    [TestCase("l:MOOD=x", "schemas.unknown_type")]
    public void Parse_NoValueOfTheType_IsRefused(string text, string code)
        => Assert.That(Assert.Throws<LeptonDataException>(() => SqlParameter.Parse(text))!.Code, Is.EqualTo(code));
}

using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>The person's own text, run as it stands, is the oracle of what the printed bound tree gives.</summary>
internal sealed class PrinterTests
{
    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    [TestCaseSource(typeof(SqlCorpus), nameof(SqlCorpus.Queries))]
    public void Print_BoundQuery_GivesTheRowsOfThePersonsText(string sql) => QueryChecks.AssertSameRows(_bench, _bench.Bind(sql), sql);

    /// <summary>A query without rows would agree with anything.</summary>
    [Test]
    public void TradeCorpus_EachOfThe22Shapes_GivesRows()
    {
        Assert.That(TradeCorpus.Queries, Has.Length.EqualTo(22));
        foreach (string sql in TradeCorpus.Queries) Assert.That(_bench.Rows(sql, _bench.Bind(sql).Schema.Count, isOrdered: true), Is.Not.Empty, sql);
    }

    /// <summary>The forms that move rows and columns about, over rows made by chance.</summary>
    [Test]
    public void Print_FormOverRandomRows_GivesTheRowsOfThePersonsText([Range(0, 4)] int seed)
    {
        using var bench = new SqlWorkbench();
        var random = new Random(seed);
        RandomRows.Replace(bench.Connection, random);
        foreach (string sql in FormsCorpus.Queries) QueryChecks.AssertSameRows(bench, bench.Bind(sql), sql, $"seed {seed}");
    }

    [TestCase("SELECT count(*) FROM (SELECT random() AS r FROM range(1000)) WHERE r <> r", 0)]
    [TestCase("SELECT count(*) FROM (SELECT r AS a, r AS b FROM (SELECT random() AS r FROM range(1000))) WHERE a <> b", 0)]
    [TestCase("SELECT count(*) FROM (SELECT r, lag(r) OVER () AS before FROM (SELECT random() AS r FROM range(1000) ORDER BY r)) WHERE before > r", 0)]
    public void Print_ValueOfChance_IsDrawnOnce(string sql, int expected)
    {
        BoundQuery query = _bench.Bind(sql);
        Assert.That(_bench.Rows(SqlWorkbench.Print(query), 1, false), Is.EqualTo(new[] { $"{{'c0': {expected}}}" }), SqlWorkbench.Print(query));
    }

    [TestCase("count(*)")]
    [TestCase("count(DISTINCT k)")]
    [TestCase("sum(n) FILTER (WHERE (id > 1))")]
    [TestCase("max(n) + 1")]
    [TestCase("upper('a''b')")]
    [TestCase("1.50")]
    [TestCase("-5")]
    [TestCase("NULL")]
    [TestCase("CAST(1 AS DECIMAL(10,2))")]
    [TestCase("TRY_CAST('1' AS INTEGER)")]
    [TestCase("NOT (1 = 2 AND 3 <> 4 OR 5 >= 6)")]
    [TestCase("coalesce(1, 2)")]
    [TestCase("1 IS NULL")]
    [TestCase("'a' || 'b'")]
    [TestCase("'a' LIKE 'b'")]
    [TestCase("ts + INTERVAL 1 DAY")]
    [TestCase("EXTRACT(year FROM ts)")]
    [TestCase("CAST(NULL AS MAP(VARCHAR, BIGINT))")]
    [TestCase("CAST(k AS VARCHAR)")]
    public void Bind_ExpressionWithoutAlias_IsNamedAsDuckDbNamesIt(string expression)
    {
        string sql = $"SELECT {expression} FROM t";
        Assert.That(_bench.Bind(sql).Schema[0].Name, Is.EqualTo(_bench.Connection.Describe(sql)[0].Name));
    }
}

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
    public void Print_BoundQuery_GivesTheRowsOfThePersonsText(string sql)
    {
        AssertSameRows(_bench, _bench.Bind(sql), sql);
    }

    /// <summary>Queries made by chance; a failure is made again by its seed.</summary>
    [Test]
    public void Print_QueryMadeByChance_GivesTheRowsOfThePersonsText([Range(0, 9)] int block)
    {
        int compared = 0;
        for (int seed = block * 40; seed < (block + 1) * 40; seed++)
        {
            string sql = new RandomQueries(seed).Next();
            BoundQuery query;
            try
            {
                query = _bench.Bind(sql);
            }
            catch (LeptonDataException error) when (error.Code is "sql.refused" or "sql.argument_types" or "sql.comparison_types" or "sql.mixed_types" or "sql.column_type" or "sql.ordinal_out_of_range")
            {
                // Types that chance put together wrongly; the person's text must be refused as well, or give such a type.
                if (error.Code != "sql.column_type") Assert.That(() => _bench.FrontEndRefuses(sql), Is.True, $"seed {seed}: {sql}\n{error.Message}");
                continue;
            }
            catch (LeptonDataException error)
            {
                throw new AssertionException($"seed {seed}: {sql}\n{error.Message}");
            }
            AssertSameRows(_bench, query, sql, $"seed {seed}");
            compared++;
        }
        Assert.That(compared, Is.GreaterThan(25), "most queries made by chance must be fit to compare");
    }

    /// <summary>The forms that move rows and columns about, over rows made by chance.</summary>
    [Test]
    public void Print_FormOverRandomRows_GivesTheRowsOfThePersonsText([Range(0, 4)] int seed)
    {
        using var bench = new SqlWorkbench();
        var random = new Random(seed);
        RandomRows.Replace(bench.Connection, random);
        foreach (string sql in FormsCorpus.Queries) AssertSameRows(bench, bench.Bind(sql), sql, $"seed {seed}");
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

    private static void AssertSameRows(SqlWorkbench bench, BoundQuery query, string sql, string origin = "")
    {
        string printed = SqlWorkbench.Print(query);
        List<string> expected;
        try
        {
            expected = bench.Rows(sql, query.Schema.Count, query.IsOrdered);
        }
        catch (LeptonDataException)
        {
            // A value that does not fit: what is printed must fail as well.
            Assert.Catch<LeptonDataException>(() => bench.Rows(printed, query.Schema.Count, query.IsOrdered), $"{origin}\n{sql}\n{printed}");
            return;
        }
        List<string> actual;
        try
        {
            actual = bench.Rows(printed, query.Schema.Count, query.IsOrdered);
        }
        catch (LeptonDataException error)
        {
            throw new AssertionException($"{origin}: {error.Message}\n{sql}\n{printed}");
        }
        Assert.That(actual, Is.EqualTo(expected), $"{origin}\n{sql}\n{printed}");
    }
}

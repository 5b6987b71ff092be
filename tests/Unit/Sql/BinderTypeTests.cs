using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

internal sealed class BinderTypeTests
{
    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    [TestCase("sum(id)", "BIGINT")]
    [TestCase("sum(n) + 1", "BIGINT")]
    [TestCase("sum(ok::INTEGER)", "BIGINT")]
    [TestCase("sum(amount)", "DECIMAL(38,2)")]
    [TestCase("sum(x)", "DOUBLE")]
    [TestCase("avg(id)", "DOUBLE")]
    [TestCase("count(*)", "BIGINT")]
    [TestCase("count_if(ok)", "BIGINT")]
    [TestCase("max(ts)", "TIMESTAMPTZ")]
    [TestCase("list(k ORDER BY id)", "VARCHAR[]")]
    [TestCase("min({'a': id, 'end': k})", "STRUCT(a INTEGER, end VARCHAR)")]
    [TestCase("max(200::UTINYINT)", "SMALLINT")]
    [TestCase("max(1::USMALLINT)", "INTEGER")]
    [TestCase("max(1::UINTEGER)", "BIGINT")]
    [TestCase("max(1::UBIGINT)", "DECIMAL(20,0)")]
    [TestCase("NULL", "INTEGER")]
    [TestCase("max(d) - min(d)", "BIGINT")]
    [TestCase("max(d) + INTERVAL 1 DAY", "TIMESTAMP")]
    [TestCase("'a'::BLOB", "BLOB")]
    [TestCase("1.5", "DECIMAL(2,1)")]
    [TestCase("1e0", "DOUBLE")]
    public void Bind_Expression_HasTheTypeThatTablesHold(string expression, string type)
        => Assert.That(_bench.Bind($"SELECT {expression} AS c FROM t").Schema[0].Type, Is.EqualTo(DataType.Parse(type)));

    [Test]
    public void Bind_WindowSum_IsBigint()
        => Assert.That(_bench.Bind("SELECT sum(id) OVER (ORDER BY id) AS c, avg(id) OVER () AS m FROM t").Schema.ToString(), Is.EqualTo("c BIGINT, m DOUBLE"));

    [Test]
    public void Print_IntegerSumThatDoesNotFit_FailsWhenItRuns()
    {
        string printed = SqlWorkbench.Print(_bench.Bind("SELECT sum(v) AS s FROM (VALUES (9223372036854775807), (1)) AS q(v)"));
        Assert.That(() => _bench.Rows(printed, 1, false), Throws.InstanceOf<LeptonDataException>());
    }

    [Test]
    public void Print_IntegerMean_IsTheSumAsADoubleByTheCount()
    {
        string printed = SqlWorkbench.Print(_bench.Bind("SELECT avg(id) FILTER (WHERE ok) AS m FROM t"));
        Assert.That(printed, Does.Contain("CAST(sum(t1.\"id\") FILTER (WHERE t1.\"ok\") AS DOUBLE) / count(t1.\"id\") FILTER (WHERE t1.\"ok\")"));
    }

    [TestCase("SELECT id FROM t ORDER BY id", true)]
    [TestCase("SELECT id FROM t ORDER BY n LIMIT 3", true)]
    [TestCase("WITH a AS (SELECT id FROM t) SELECT id FROM a ORDER BY 1", true)]
    [TestCase("SELECT DISTINCT ON (k) k FROM t ORDER BY k", true)]
    [TestCase("SELECT id FROM t", false)]
    [TestCase("SELECT id FROM (SELECT id FROM t ORDER BY id)", true)]
    [TestCase("SELECT count(*) AS c FROM (SELECT id FROM t ORDER BY id)", false)]
    public void IsOrdered_Query_SaysWhetherItsRowsHaveAnOrder(string sql, bool isOrdered) => Assert.That(_bench.Bind(sql).IsOrdered, Is.EqualTo(isOrdered));

    [Test]
    public void Bind_Inputs_AreThoseThatAreRead()
        => Assert.That(_bench.Bind("SELECT id FROM T WHERE id IN (SELECT id FROM S.v)").Inputs.Keys, Is.EquivalentTo(new[] { "t", "s.v" }));

    [Test]
    public void Bind_FromSeveralThreads_GivesTheSame()
    {
        string[] expected = [.. SqlCorpus.Queries.Take(40).Select(sql => _bench.Bind(sql).PlanHash)];
        Parallel.For(0, 4, thread =>
        {
            for (int i = 0; i < expected.Length; i++) Assert.That(_bench.Bind(SqlCorpus.Queries[i]).PlanHash, Is.EqualTo(expected[i]), $"thread {thread}");
        });
    }
}

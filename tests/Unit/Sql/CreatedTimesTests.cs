using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

internal sealed class CreatedTimesTests
{
    private static readonly Dictionary<string, string> s_both = new() { ["t"] = "ts", ["u"] = "since" };

    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    /// <summary>The query beside it gives the greatest created time in plain words.</summary>
    [TestCase("SELECT id FROM t WHERE ok", "SELECT id, ts FROM t WHERE ok")]
    [TestCase("SELECT count(*) AS c FROM t", "SELECT count(*), max(ts) FROM t")]
    [TestCase("SELECT k, sum(n) AS s FROM t GROUP BY k HAVING sum(n) > 0", "SELECT k, sum(n), max(ts) FROM t GROUP BY k HAVING sum(n) > 0")]
    [TestCase("SELECT DISTINCT k FROM t", "SELECT k, max(ts) FROM t GROUP BY k")]
    [TestCase("SELECT t.id, u.name FROM t JOIN u USING (k)", "SELECT t.id, u.name, greatest(t.ts, u.since) FROM t JOIN u USING (k)")]
    [TestCase("SELECT t.id, u.name FROM t LEFT JOIN u ON t.k = u.k", "SELECT t.id, u.name, greatest(t.ts, u.since) FROM t LEFT JOIN u ON t.k = u.k")]
    [TestCase("SELECT t.id, u.name FROM t ASOF JOIN u ON t.k = u.k AND t.ts >= u.since", "SELECT t.id, u.name, t.ts FROM t ASOF JOIN u ON t.k = u.k AND t.ts >= u.since")]
    [TestCase("SELECT id FROM t UNION ALL SELECT w FROM u", "SELECT id, ts FROM t UNION ALL SELECT w, since FROM u")]
    [TestCase("SELECT k FROM t UNION SELECT k FROM u", "SELECT k, max(c) FROM (SELECT k, ts AS c FROM t UNION ALL SELECT k, since FROM u) GROUP BY k")]
    [TestCase("SELECT 1 AS a", "SELECT 1, NULL::TIMESTAMPTZ")]
    [TestCase("SELECT id FROM s.v", "SELECT id, NULL::TIMESTAMPTZ FROM s.v")]
    [TestCase("SELECT id FROM s.v UNION ALL SELECT id FROM t", "SELECT id, NULL::TIMESTAMPTZ FROM s.v UNION ALL SELECT id, ts FROM t")]
    [TestCase("SELECT id, lag(n) OVER (PARTITION BY k ORDER BY id) AS l FROM t", "SELECT id, lag(n) OVER (PARTITION BY k ORDER BY id), max(ts) OVER (PARTITION BY k) FROM t")]
    [TestCase("SELECT id, sum(n) OVER (ORDER BY id ROWS 1 PRECEDING) AS s FROM t", "SELECT id, sum(n) OVER (ORDER BY id ROWS 1 PRECEDING), max(ts) OVER (ORDER BY id ROWS 1 PRECEDING) FROM t")]
    [TestCase("SELECT id FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY id) = 1", "SELECT id, ts FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY id) = 1")]
    [TestCase("SELECT DISTINCT ON (k) k, id FROM t ORDER BY k, id", "SELECT DISTINCT ON (k) k, id, max(ts) OVER (PARTITION BY k) FROM t ORDER BY k, id")]
    [TestCase("WITH a AS (SELECT k, count(*) AS c FROM t GROUP BY k) SELECT x.c, u.w FROM a x JOIN u USING (k)",
        "SELECT x.c, u.w, greatest(x.m, u.since) FROM (SELECT k, count(*) AS c, max(ts) AS m FROM t GROUP BY k) x JOIN u USING (k)")]
    [TestCase("SELECT id FROM t SEMI JOIN s.v USING (id)", "SELECT id, ts FROM t SEMI JOIN s.v USING (id)")]
    [TestCase("SELECT id FROM t WHERE id IN (SELECT id FROM s.v)", "SELECT id, ts FROM t WHERE id IN (SELECT id FROM s.v)")]
    [TestCase("SELECT t.id, l.w FROM t LEFT JOIN LATERAL (SELECT w FROM u WHERE u.k = t.k) l ON true",
        "SELECT t.id, u.w, greatest(t.ts, u.since) FROM t LEFT JOIN u ON u.k = t.k")]
    [TestCase("SELECT t.id, l.m FROM t, LATERAL (SELECT max(w) AS m FROM u WHERE u.k = t.k) l",
        "SELECT t.id, max(u.w), greatest(t.ts, max(u.since)) FROM t LEFT JOIN u ON u.k = t.k GROUP BY t.id, t.ts")]
    [TestCase("SELECT id, z FROM t, unnest([id, n]) AS q(z)", "SELECT id, z, ts FROM t, unnest([id, n]) AS q(z)")]
    [TestCase("SELECT k, name, v FROM t UNPIVOT (v FOR name IN (id, n))", "SELECT k, name, v, ts FROM t UNPIVOT (v FOR name IN (id, n))")]
    [TestCase("SELECT * FROM t PIVOT (sum(n) FOR k IN ('a') GROUP BY ok)", "SELECT ok, sum(n) FILTER (WHERE k = 'a'), max(ts) FROM t GROUP BY ok")]
    [TestCase("WITH RECURSIVE r AS (SELECT id AS i, 0 AS depth FROM t UNION ALL SELECT u.w, r.depth + 1 FROM r JOIN u ON u.id = r.i WHERE r.depth < 2) SELECT i, depth FROM r",
        "WITH RECURSIVE r AS (SELECT id AS i, 0 AS depth, ts AS c FROM t UNION ALL SELECT u.w, r.depth + 1, greatest(r.c, u.since) FROM r JOIN u ON u.id = r.i WHERE r.depth < 2) SELECT i, depth, c FROM r")]
    [TestCase("WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT r.i + 1 FROM r JOIN t ON t.id = r.i) SELECT i FROM r",
        "WITH RECURSIVE r AS (SELECT 1 AS i, NULL::TIMESTAMPTZ AS c UNION ALL SELECT r.i + 1, greatest(r.c, t.ts) FROM r JOIN t ON t.id = r.i) SELECT i, c FROM r")]
    [TestCase("WITH RECURSIVE r AS (SELECT 1 AS i UNION SELECT i + 1 FROM r WHERE i < 3) SELECT t.id, r.i FROM t, r", "SELECT t.id, r.i, t.ts FROM t, range(1, 4) AS r(i)")]
    [TestCase("SELECT k, ok, grouping(k, ok) AS g FROM t GROUP BY ROLLUP (k, ok)", "SELECT k, ok, grouping(k, ok), max(ts) FROM t GROUP BY ROLLUP (k, ok)")]
    public void Carry_Query_GivesTheGreatestCreatedTimeThatWasRead(string sql, string inPlainWords)
    {
        BoundQuery carried = CreatedTimes.Carry(_bench.Bind(sql), s_both);
        Field time = carried.Schema[carried.Schema.Count - 1];
        Assert.That((time.Name, time.Type), Is.EqualTo((CreatedTimes.ColumnName, DataType.Instant)));
        string printed = SqlWorkbench.Print(carried);
        Assert.That(_bench.Rows(printed, carried.Schema.Count, false), Is.EqualTo(_bench.Rows(inPlainWords, carried.Schema.Count, false)), printed);
    }

    /// <summary>Where it can be carried, the query's own rows and their order stay as they were.</summary>
    [TestCaseSource(typeof(SqlCorpus), nameof(SqlCorpus.Queries))]
    public void Carry_AnyQuery_LeavesItsRowsAsTheyWere(string sql)
    {
        BoundQuery query = _bench.Bind(sql);
        BoundQuery carried;
        try
        {
            carried = CreatedTimes.Carry(query, s_both);
        }
        catch (LeptonDataException error)
        {
            Assert.That(error.Code, Is.EqualTo("sql.created_time_not_followed"));
            return;
        }
        Assert.That((carried.IsOrdered, carried.IsPure), Is.EqualTo((query.IsOrdered, query.IsPure)));
        string names = string.Join(", ", Enumerable.Range(0, query.Schema.Count).Select(i => $"c{i}"));
        string own = $"SELECT {names} FROM ({SqlWorkbench.Print(carried)}) AS q({names}, created)";
        Assert.That(_bench.Rows(own, query.Schema.Count, query.IsOrdered), Is.EqualTo(_bench.Rows(SqlWorkbench.Print(query), query.Schema.Count, query.IsOrdered)), own);
    }

    [TestCase("SELECT id FROM t ORDER BY id LIMIT 3")]
    [TestCase("SELECT k FROM t EXCEPT SELECT k FROM u")]
    [TestCase("SELECT k FROM t INTERSECT SELECT k FROM u")]
    [TestCase("SELECT id FROM t SEMI JOIN u USING (k)")]
    [TestCase("SELECT id FROM t ANTI JOIN u USING (k)")]
    [TestCase("SELECT id FROM t WHERE k IN (SELECT k FROM u)")]
    [TestCase("SELECT (SELECT max(w) FROM u) AS m FROM s.v")]
    [TestCase("SELECT v.id FROM s.v JOIN t ON v.id = t.id AND EXISTS (SELECT 1 FROM u)")]
    [TestCase("SELECT t.id, l.w FROM t, LATERAL (SELECT w FROM u WHERE u.k = t.k ORDER BY since, id LIMIT 1) l")]
    [TestCase("WITH RECURSIVE r AS (SELECT id AS i FROM t UNION SELECT u.w FROM r JOIN u ON u.id = r.i) SELECT i FROM r")]
    public void Carry_FormThatHidesWhatWasRead_IsRefused(string sql)
        => Assert.That(Assert.Throws<LeptonDataException>(() => CreatedTimes.Carry(_bench.Bind(sql), s_both))!.Code, Is.EqualTo("sql.created_time_not_followed"));

    [Test]
    public void Carry_ColumnThatIsNoInstant_IsTheCallersMistake()
        => Assert.Throws<ArgumentException>(() => CreatedTimes.Carry(_bench.Bind("SELECT id FROM t"), new Dictionary<string, string> { ["t"] = "id" }));
}

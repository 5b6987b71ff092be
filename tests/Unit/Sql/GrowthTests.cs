using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Growth;
using Lepton.Data.Sql.Printing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>
/// What is proved is tried: rows of t come and go at random, the keys that they touch are computed anew, and all rows together are those of the whole query.
/// </summary>
internal sealed class GrowthTests
{
    private const int RoundCount = 12;

    private SqlWorkbench _bench = null!;

    [SetUp]
    public void Open() => _bench = new SqlWorkbench();

    [TearDown]
    public void Close() => _bench.Dispose();

    [TestCase("SELECT k, count(*) AS c, sum(n) AS s FROM t GROUP BY k", "k")]
    [TestCase("SELECT k, ok, max(n) AS m FROM t GROUP BY k, ok", "ok")]
    [TestCase("SELECT upper(k) AS u, max(n) AS m FROM t GROUP BY upper(k)", "u")]
    [TestCase("SELECT upper(k) AS u, ok, max(n) AS m FROM t GROUP BY k, ok", "u")]
    [TestCase("SELECT k, count(*) AS c FROM t WHERE n > 0 GROUP BY k HAVING count(*) > 1", "k")]
    [TestCase("SELECT DISTINCT k, ok FROM t", "k")]
    [TestCase("SELECT DISTINCT ON (k) k, id, n FROM t ORDER BY k, n, id", "k")]
    [TestCase("SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY id) AS r FROM t", "k")]
    [TestCase("SELECT id, k, lag(n) OVER (PARTITION BY k, ok ORDER BY id) AS l FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY id) < 3", "k")]
    [TestCase("SELECT id, upper(k) AS u, sum(n) OVER (PARTITION BY upper(k)) AS s FROM t", "u")]
    [TestCase("SELECT t.k, u.name, sum(t.n) AS s FROM t JOIN u ON t.k = u.k GROUP BY t.k, u.name", "k")]
    [TestCase("SELECT u.k, sum(t.n) AS s FROM t JOIN u ON t.k = u.k GROUP BY u.k", "k")]
    [TestCase("SELECT u.k, sum(t.n) AS s FROM u JOIN t ON t.k = u.k GROUP BY u.k", "k")]
    [TestCase("SELECT u.k, u.w, t.n FROM u LEFT JOIN t ON t.k = u.k AND t.n = u.w", "k")]
    [TestCase("SELECT u.k, u.w FROM u ANTI JOIN t ON t.k = u.k", "k")]
    [TestCase("SELECT u.k, u.w FROM u SEMI JOIN t ON t.k = u.k AND t.n > u.w", "k")]
    [TestCase("SELECT t.k, t.id, u.w FROM t LEFT JOIN u USING (k)", "k")]
    [TestCase("SELECT k, t.id, u.w FROM t LEFT JOIN u USING (k)", "k")]
    [TestCase("SELECT t.k, t.id, u.w FROM u RIGHT JOIN t USING (k)", "k")]
    [TestCase("SELECT t.k, t.id, u.w FROM (FROM t WHERE ts IS NOT NULL) AS t ASOF LEFT JOIN u ON t.k = u.k AND t.ts >= u.since", "k")]
    [TestCase("SELECT a.k, a.id, b.m FROM t a JOIN (SELECT k, max(n) AS m FROM t GROUP BY k) b ON a.k = b.k", "k")]
    [TestCase("SELECT a.k, a.id, b.id AS other FROM t a LEFT JOIN t b ON a.k = b.k AND a.id < b.id", "k")]
    [TestCase("SELECT a.n, count(*) AS c FROM t a JOIN t b ON a.n = b.n GROUP BY a.n", "n")]
    [TestCase("WITH g AS (SELECT k, sum(n) AS s FROM t GROUP BY k) SELECT t.k, t.id, g.s FROM t JOIN g ON t.k = g.k", "k")]
    [TestCase("WITH g AS (SELECT k, sum(n) AS s FROM t GROUP BY k) SELECT a.k, a.s, b.s AS s2 FROM g a JOIN g b ON a.k = b.k", "k")]
    [TestCase("SELECT k, id FROM t UNION SELECT k, n FROM t", "k")]
    [TestCase("SELECT CAST(z AS VARCHAR) AS g, count(*) AS c FROM (SELECT ok AS z FROM t UNION ALL SELECT id FROM t) GROUP BY ALL", "g", Description = "sides of two types: the key is made of the result's")]
    [TestCase("SELECT CAST(z AS VARCHAR) AS g, count(*) AS c FROM (SELECT id AS z FROM t UNION ALL SELECT x FROM t) WHERE z <> 0 GROUP BY CAST(z AS VARCHAR)", "g")]
    [TestCase("SELECT CAST(z AS VARCHAR) AS g, count(*) AS c FROM (SELECT amount AS z FROM t UNION ALL SELECT CAST(id AS DECIMAL(10,3)) FROM t) GROUP BY ALL", "g")]
    [TestCase("SELECT x, count(*) AS c FROM t GROUP BY x", "x", Description = "0.0 and -0.0 are one key, as they are one group")]
    [TestCase("SELECT k, id FROM t UNION ALL SELECT k, id FROM u", "k")]
    [TestCase("SELECT k FROM t EXCEPT SELECT k FROM u", "k")]
    [TestCase("SELECT k FROM u EXCEPT SELECT k FROM t", "k")]
    [TestCase("SELECT k FROM t INTERSECT ALL SELECT k FROM u", "k")]
    [TestCase("SELECT k, ok, count(*) AS c FROM t GROUP BY GROUPING SETS ((k, ok), (k))", "k")]
    [TestCase("SELECT k, name, v FROM t UNPIVOT (v FOR name IN (id, n))", "k")]
    [TestCase("SELECT * FROM (SELECT k, ok, n FROM t) PIVOT (sum(n) FOR ok IN (true, false))", "k")]
    [TestCase("SELECT t.k, l.m FROM t, LATERAL (SELECT max(w) AS m FROM u WHERE u.k = t.k) l", "k")]
    [TestCase("SELECT k, id FROM t WHERE n IN (SELECT w FROM u)", "k")]
    [TestCase("SELECT id, k, z FROM t, unnest([id, n]) AS q(z)", "k")]
    [TestCase("SELECT k, ok, sum(c) AS s FROM (SELECT k, ok, n, count(*) AS c FROM t GROUP BY ALL) GROUP BY k, ok", "k,ok")]
    [TestCase("WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 3) SELECT t.k, r.i, count(*) AS c FROM t JOIN r ON t.id >= r.i GROUP BY t.k, r.i", "k")]
    public void ByKey_RowsComeAndGo_TouchedKeysAreEnough(string sql, string keys)
    {
        BoundQuery query = _bench.Bind(sql);
        Try(query, KeyedGrowth.ByKey(query, "t", keys.Split(',')));
    }

    [TestCase("SELECT time_bucket(INTERVAL 1 HOUR, ts) AS h, count(*) AS c, sum(n) AS s FROM t GROUP BY h", "h", "01:00:00", "00:00:00")]
    [TestCase("SELECT k, date_trunc('hour', ts) + INTERVAL 1 HOUR AS h, max(n) AS m FROM t GROUP BY k, date_trunc('hour', ts)", "h", "03:00:00", "00:00:00")]
    [TestCase("SELECT CAST(ts AS DATE) AS day, count(*) AS c FROM t GROUP BY day", "day", "1.00:00:00", "00:00:00")]
    [TestCase("SELECT DISTINCT ts, k FROM t", "ts", "01:00:00", "00:00:00")]
    [TestCase("SELECT id, ts, sum(n) OVER (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS s FROM t", "ts", "01:00:00", "01:00:00")]
    [TestCase("SELECT id, ts, max(n) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 90 MINUTE PRECEDING AND INTERVAL 1 HOUR PRECEDING) AS s FROM t", "ts", "00:30:00", "02:00:00")]
    [TestCase("SELECT h, max(s) AS m FROM (SELECT time_bucket(INTERVAL 1 HOUR, ts) AS h, ts, sum(n) OVER (PARTITION BY time_bucket(INTERVAL 1 HOUR, ts)) AS s FROM t) GROUP BY h", "h", "01:00:00", "00:00:00")]
    [TestCase("SELECT ts, max(m) AS m FROM (SELECT ts, max(s) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS m FROM (SELECT ts, sum(n) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS s FROM t)) GROUP BY ts", "ts", "01:00:00", "02:00:00")]
    [TestCase("SELECT t.ts, t.id, u.w FROM t ASOF LEFT JOIN u ON t.ts >= u.since", "ts", "02:00:00", "00:00:00")]
    [TestCase("SELECT a.ts, a.id, b.id AS other FROM t a JOIN t b ON a.ts = b.ts", "ts", "01:00:00", "00:00:00")]
    public void ByWindow_RowsComeAndGo_TouchedWindowsAreEnough(string sql, string time, string width, string lookback)
    {
        BoundQuery query = _bench.Bind(sql);
        Try(query, KeyedGrowth.ByWindow(query, "t", time, TimeSpan.Parse(width, CultureInfo.InvariantCulture), TimeSpan.Parse(lookback, CultureInfo.InvariantCulture)));
    }

    [TestCase("SELECT id, n + 1 AS m FROM t WHERE ok")]
    [TestCase("SELECT t.id, u.w FROM t LEFT JOIN u ON t.k = u.k")]
    [TestCase("SELECT t.id, u.w FROM u RIGHT JOIN t ON t.k = u.k")]
    [TestCase("SELECT t.id, u.w FROM u JOIN t USING (k)")]
    [TestCase("SELECT id FROM t ANTI JOIN u USING (k)")]
    [TestCase("SELECT id FROM t WHERE k IN (SELECT k FROM u) ORDER BY id")]
    [TestCase("SELECT t.id, u.w FROM t ASOF JOIN u ON t.ts >= u.since")]
    [TestCase("WITH a AS (SELECT id, k FROM t WHERE ok) SELECT id, 1 AS part FROM a UNION ALL SELECT id, 2 FROM a WHERE k = 'a'")]
    [TestCase("SELECT id, z FROM t, unnest([id, n]) AS q(z)")]
    [TestCase("SELECT k, name, v FROM t UNPIVOT (v FOR name IN (id, n))")]
    [TestCase("SELECT t.id, g.s FROM t JOIN (SELECT k, sum(w) AS s FROM u GROUP BY k) g USING (k)")]
    public void EnsureAppends_RowsCome_TheirRowsAreEnough(string sql)
    {
        BoundQuery query = _bench.Bind(sql);
        KeyedGrowth.EnsureAppends(query, "t");
        var random = new Random(7);
        for (int round = 0; round < RoundCount; round++)
        {
            RandomRows.Replace(_bench.Connection, random);
            // Of rows that tie chance takes the nearest.
            if (query.Source.Text.Contains("ASOF", StringComparison.Ordinal)) _bench.Connection.Execute("CREATE OR REPLACE TABLE u AS SELECT DISTINCT ON (since) * FROM u");
            _bench.Connection.Execute($"CREATE OR REPLACE TABLE t_new AS SELECT * FROM t WHERE id % {random.Next(2, 5)} = 0");
            _bench.Connection.Execute("CREATE OR REPLACE TABLE t_old AS FROM t EXCEPT ALL FROM t_new");
            string parts = string.Join(" UNION ALL ", new[] { "t_old", "t_new" }.Select(part => $"({Print(query, name => name == "t" ? part : name)})"));
            Assert.That(_bench.Rows(parts, query.Schema.Count, false), Is.EqualTo(_bench.Rows(SqlWorkbench.Print(query), query.Schema.Count, false)), $"round {round}, seed 7");
        }
    }

    [TestCase("WITH c AS (SELECT id FROM t) SELECT u.w FROM u", "append", "does not read t")]
    [TestCase("WITH c AS (SELECT id FROM t) SELECT u.w FROM u", "w", "does not read t")]
    [TestCase("SELECT 'all' AS what, count(*) AS c FROM t", "what", "even where there are none")]
    [TestCase("SELECT 'all' AS what, k, count(*) AS c FROM t GROUP BY ROLLUP (k)", "what", "even where there are none")]
    [TestCase("SELECT CAST(x AS VARCHAR) AS g, count(*) OVER (PARTITION BY x) AS c FROM t", "g", "PARTITION BY")]
    [TestCase("SELECT CAST(x AS VARCHAR) AS g, count(*) AS c FROM t GROUP BY x", "g", "-0.0")]
    [TestCase("SELECT CAST(x AS VARCHAR) AS g FROM (SELECT DISTINCT x FROM t)", "g", "-0.0")]
    [TestCase("SELECT CAST(x AS VARCHAR) AS g FROM (SELECT x FROM t UNION SELECT x FROM t WHERE ok)", "g", "-0.0")]
    [TestCase("SELECT CAST(a.x AS VARCHAR) AS g, b.id FROM t a JOIN t b ON a.x = b.x", "g", "side by side")]
    [TestCase("SELECT g, count(*) AS c FROM (SELECT (SELECT max(u.w) FROM u WHERE u.w <= t.n) AS g FROM t) GROUP BY g", "g", "columns of t alone")]
    [TestCase("SELECT DISTINCT id FROM t", "append", "DISTINCT")]
    [TestCase("SELECT id FROM t LIMIT 5", "append", "LIMIT")]
    [TestCase("SELECT k, count(*) AS c FROM t GROUP BY k", "append", "group")]
    [TestCase("SELECT id, row_number() OVER (ORDER BY id) AS r FROM t", "append", "window function")]
    [TestCase("SELECT u.w FROM u LEFT JOIN t USING (k)", "append", "match")]
    [TestCase("SELECT a.id FROM t a JOIN t b ON a.id = b.n", "append", "side by side")]
    [TestCase("SELECT id FROM t UNION ALL SELECT id FROM u", "append", "does not read t")]
    [TestCase("SELECT id FROM t UNION SELECT n FROM t", "append", "UNION")]
    [TestCase("SELECT id FROM t WHERE n > (SELECT avg(n) FROM t)", "append", "subquery")]
    [TestCase("SELECT u.w FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.k = u.k)", "append", "subquery")]
    [TestCase("SELECT u.w FROM u FULL JOIN t USING (k)", "append", "FULL JOIN")]
    [TestCase("WITH RECURSIVE r AS (SELECT id AS i FROM t UNION ALL SELECT i + 1 FROM r WHERE i < 3) SELECT i FROM r", "append", "recursion")]
    [TestCase("SELECT k, max(id) AS i FROM t GROUP BY k", "i", "'i'")]
    [TestCase("SELECT k, ok, count(*) AS c FROM t GROUP BY ROLLUP (k, ok)", "k", "'k'")]
    [TestCase("SELECT id, k, sum(n) OVER (PARTITION BY ok) AS s FROM t", "k", "PARTITION BY")]
    [TestCase("SELECT id, k, sum(n) OVER (PARTITION BY upper(k)) AS s FROM t", "k", "PARTITION BY")]
    [TestCase("SELECT k, id FROM t ORDER BY id LIMIT 3", "k", "LIMIT")]
    [TestCase("SELECT DISTINCT ON (ok) ok, k FROM t ORDER BY ok, k", "k", "DISTINCT ON")]
    [TestCase("SELECT t.k, u.w FROM u FULL JOIN t USING (k)", "k", "FULL JOIN")]
    [TestCase("SELECT t.k, u.w FROM u LEFT JOIN t ON t.n = u.w", "k", "match")]
    [TestCase("SELECT a.k, b.id FROM t a JOIN t b ON a.id = b.id", "k", "side by side")]
    [TestCase("SELECT a.n, b.k FROM t a JOIN t b ON a.n = b.id", "n", "write CAST(id AS BIGINT) AS id")]
    [TestCase("SELECT a.n, b.k FROM t a JOIN (SELECT CAST(id AS BIGINT) AS id, k FROM t) b ON a.n = b.id", "n", null)]
    [TestCase("SELECT u.name, t.id FROM t JOIN u USING (k)", "name", "match")]
    [TestCase("WITH g AS (SELECT k, id, max(n) AS m FROM t GROUP BY k, id) SELECT a.k FROM g a JOIN g b ON a.k = b.k AND a.id = b.m", "k", null)]
    [TestCase("WITH g AS (SELECT k, ok FROM t) SELECT a.k AS z FROM g a UNION ALL SELECT CAST(ok AS VARCHAR) FROM g", "z", "read twice")]
    [TestCase("SELECT name, v FROM t UNPIVOT (v FOR name IN (id, n))", "name", "columns of t alone")]
    [TestCase("SELECT k, (SELECT count(*) FROM t) AS c FROM t", "k", "subquery")]
    public void Growth_ThatIsNotProved_IsRefused(string sql, string keys, string? reason)
    {
        BoundQuery query = _bench.Bind(sql);
        Action prove = keys == "append" ? () => KeyedGrowth.EnsureAppends(query, "t") : () => KeyedGrowth.ByKey(query, "t", [keys]);
        if (reason is null) Assert.That(prove, Throws.Nothing);
        else Assert.That(prove, Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("sql.not_grown").And.Message.Contains(reason));
    }

    [TestCase("SELECT ts, sum(n) OVER (ORDER BY ts) AS s FROM t", "RANGE BETWEEN")]
    [TestCase("SELECT ts, sum(n) OVER (ORDER BY ts ROWS 2 PRECEDING) AS s FROM t", "RANGE BETWEEN")]
    [TestCase("SELECT ts, sum(n) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND INTERVAL 1 HOUR FOLLOWING) AS s FROM t", "RANGE BETWEEN")]
    [TestCase("SELECT ts, sum(n) OVER (ORDER BY ts DESC RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS s FROM t", "RANGE BETWEEN")]
    [TestCase("SELECT ts, sum(n) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 2 HOUR PRECEDING AND CURRENT ROW) AS s FROM t", "looks back 2h, further than lookback (1h)")]
    [TestCase("SELECT ts, lag(n) OVER (ORDER BY ts) AS s FROM t", "RANGE BETWEEN")]
    [TestCase("SELECT ts, max(s) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS m FROM (SELECT ts, sum(n) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS s FROM t)", "further than lookback")]
    [TestCase("SELECT max(ts) AS ts, k FROM t GROUP BY k", "'ts'")]
    [TestCase("SELECT ts, sum(n) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 1 MONTH PRECEDING AND CURRENT ROW) AS s FROM t", "RANGE BETWEEN")]
    public void ByWindow_ThatIsNotProved_IsRefused(string sql, string reason)
        => Assert.That(
            () => KeyedGrowth.ByWindow(_bench.Bind(sql), "t", "ts", TimeSpan.FromHours(1), TimeSpan.FromHours(1)),
            Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("sql.not_grown").And.Message.Contains(reason));

    private void Try(BoundQuery query, KeyedGrowth growth)
    {
        var random = new Random(7);
        int columns = query.Schema.Count, reused = 0;
        for (int round = 0; round < RoundCount; round++)
        {
            RandomRows.Replace(_bench.Connection, random);
            // Of rows that tie chance takes the nearest.
            if (query.Source.Text.Contains("ASOF", StringComparison.Ordinal)) _bench.Connection.Execute("CREATE OR REPLACE TABLE u AS SELECT DISTINCT ON (since) * FROM u");
            if (query.Root is BoundDistinctOn) _bench.Connection.Execute("CREATE OR REPLACE TABLE t AS SELECT DISTINCT ON (id) * FROM t");
            _bench.Connection.Execute($"CREATE OR REPLACE TABLE old AS {SqlWorkbench.Print(query)}");
            int modulus = random.Next(2, 9);
            // Some rows go, some come, and some do both with another value.
            _bench.Connection.Execute($"CREATE OR REPLACE TABLE changed AS SELECT * FROM t WHERE id % {modulus} = 1");
            _bench.Connection.Execute($"DELETE FROM t WHERE id % {modulus} = 1");
            _bench.Connection.Execute($"INSERT INTO t SELECT * REPLACE (n + 1 AS n) FROM changed WHERE id % 2 = 0");
            _bench.Connection.Execute($"INSERT INTO t SELECT * REPLACE (id + 100 AS id, n - 1 AS n, ts + to_minutes({random.Next(-90, 90)}) AS ts) FROM changed WHERE id % 3 = 0");
            _bench.Connection.Execute("INSERT INTO changed SELECT * FROM t WHERE id > 100 OR EXISTS (SELECT 1 FROM changed c WHERE c.id = t.id)");

            _bench.Connection.Execute($"CREATE OR REPLACE TABLE __touched AS {Print(growth.Touched, name => name == "t" ? "changed" : name)}");
            if (growth.WindowsAfter > 0) _bench.Connection.Execute($"CREATE OR REPLACE TABLE __touched AS {growth.Around(KeyedGrowth.TouchedInput, 0, growth.WindowsAfter)}");
            _bench.Connection.Execute($"CREATE OR REPLACE TABLE __read AS {(growth.WindowsAfter > 0 ? growth.Around(KeyedGrowth.TouchedInput, growth.WindowsAfter, 0) : "FROM __touched")}");
            string names = string.Join(", ", growth.KeySchema.Fields.Select(field => field.Name));
            string isTouched = $"EXISTS (SELECT 1 FROM __touched WHERE {string.Join(" AND ", growth.KeyOfRow.Select((key, i) => $"__k{i} IS NOT DISTINCT FROM {key}"))})";
            string kept = $"SELECT * FROM old WHERE NOT {isTouched}";
            reused += _bench.Rows(kept, columns, false).Count;
            string grown = $"({kept}) UNION ALL ({Print(Restricted(growth), name => name)})";
            Assert.That(_bench.Rows(grown, columns, false), Is.EqualTo(_bench.Rows(SqlWorkbench.Print(query), columns, false)), $"round {round}, seed 7, keys {names}");
        }
        Assert.That(reused, Is.Positive, "nothing would be gained");
    }

    // With the stretch of time that is read, where there is one.
    private BoundQuery Restricted(KeyedGrowth growth)
    {
        string stretch = "SELECT CAST(min(__k0) AS TIMESTAMPTZ), CAST(max(__k0) AS TIMESTAMPTZ) FROM __read HAVING count(*) = count(__k0) AND count(*) > 0";
        if (growth.Width == TimeSpan.Zero || _bench.Rows(stretch, 2, false).Count == 0) return growth.Restricted;
        EventTime At(string which) => new(_bench.Connection.ReadValue<long>($"SELECT epoch_us(CAST({which}(__k0) AS TIMESTAMPTZ)) FROM __read"));
        return growth.RestrictedTo((At("min"), At("max")));
    }

    private static string Print(BoundQuery query, Func<string, string> relation) => DuckDbPrinter.Print(query, relation);
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Lineage;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

internal sealed class LineageTests
{
    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    [TestCase("SELECT id + n AS c FROM t WHERE ok", "t.id t.n", "t.ok")]
    [TestCase("SELECT CASE WHEN ok THEN k END AS c FROM t", "t.k t.ok", "")]
    [TestCase("SELECT count(*) AS c FROM t", "", "")]
    [TestCase("SELECT count(*) AS c FROM t GROUP BY k", "", "t.k")]
    [TestCase("SELECT sum(n) FILTER (WHERE ok) AS c FROM t GROUP BY k HAVING min(id) > 1", "t.n", "t.id t.k t.ok")]
    [TestCase("SELECT u.name AS c FROM t JOIN u ON t.k = u.k", "u.name", "t.k u.k")]
    [TestCase("SELECT k AS c FROM t FULL JOIN u USING (k)", "t.k u.k", "t.k u.k")]
    [TestCase("SELECT row_number() OVER (PARTITION BY k ORDER BY id) AS c FROM t", "", "t.id t.k")]
    [TestCase("SELECT lag(n) OVER (ORDER BY id) AS c FROM t", "t.n", "t.id")]
    [TestCase("WITH a AS (SELECT id AS z, k FROM t WHERE ok), b AS (SELECT z * 2 AS y, k FROM a) SELECT y AS c FROM b WHERE k = 'a'", "t.id", "t.k t.ok")]
    [TestCase("SELECT id AS c FROM t UNION ALL SELECT w FROM u WHERE name = 'x'", "t.id u.w", "u.name")]
    [TestCase("SELECT id AS c FROM t UNION SELECT w FROM u", "t.id u.w", "t.id u.w")]
    [TestCase("SELECT k AS c FROM t EXCEPT SELECT k FROM u", "t.k", "t.k u.k")]
    [TestCase("SELECT id AS c FROM t ORDER BY n LIMIT 2", "t.id", "t.n")]
    [TestCase("SELECT (SELECT max(w) FROM u WHERE u.k = t.k) AS c FROM t", "u.w", "t.k u.k")]
    [TestCase("SELECT id AS c FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k)", "t.id", "t.k u.k")]
    [TestCase("SELECT id AS c FROM t WHERE n IN (SELECT w FROM u)", "t.id", "t.n u.w")]
    [TestCase("SELECT DISTINCT ON (k) id AS c FROM t ORDER BY k, n", "t.id", "t.k t.n")]
    [TestCase("SELECT t.id AS c FROM t ASOF JOIN u ON t.k = u.k AND t.ts >= u.since", "t.id", "t.k t.ts u.k u.since")]
    [TestCase("SELECT list_transform(tags, lambda e: e || \"Odd Name\") AS c FROM s.v", "s.v.Odd Name s.v.tags", "")]
    // Forms that read sideways: what is left of a lateral join decides, or flows, only where it is named.
    [TestCase("SELECT l.m AS c FROM t, LATERAL (SELECT max(w) AS m FROM u WHERE u.k = t.k) l", "u.w", "t.k u.k")]
    [TestCase("SELECT l.m AS c FROM t LEFT JOIN LATERAL (SELECT w + t.n AS m FROM u) l ON l.m > t.id", "t.n u.w", "t.id t.n u.w")]
    [TestCase("SELECT t.id AS c FROM t, LATERAL (SELECT w FROM u) l", "t.id", "")]
    [TestCase("SELECT z AS c FROM t, unnest([id, n]) AS q(z)", "t.id t.n", "t.id t.n")]
    [TestCase("SELECT v AS c FROM t UNPIVOT (v FOR name IN (id, n))", "t.id t.n", "t.id t.n")]
    [TestCase("SELECT name AS c FROM t UNPIVOT INCLUDE NULLS (v FOR name IN (id, n))", "", "")]
    [TestCase("SELECT k AS c FROM t UNPIVOT INCLUDE NULLS (v FOR name IN (id, n))", "t.k", "")]
    [TestCase("SELECT a AS c FROM t PIVOT (sum(n) FOR k IN ('a') GROUP BY ok)", "t.n", "t.k t.ok")]
    [TestCase("SELECT ok AS c FROM t PIVOT (sum(n) FOR k IN ('a') GROUP BY ok)", "t.ok", "t.ok")]
    [TestCase("WITH RECURSIVE r AS (SELECT id AS i, n AS a, 0::BIGINT AS b FROM t UNION ALL SELECT i + 1, b, a FROM r WHERE i < 5) SELECT b AS c FROM r", "t.n", "t.id")]
    [TestCase("WITH RECURSIVE r AS (SELECT id AS i, n AS a, 0::BIGINT AS b FROM t UNION ALL SELECT i + 1, a, b FROM r WHERE i < 5) SELECT b AS c FROM r", "", "t.id")]
    [TestCase("WITH RECURSIVE r AS (SELECT id AS i, n AS a, 0::BIGINT AS b, 0::BIGINT AS d FROM t UNION ALL SELECT i + 1, a, a, b FROM r WHERE i < 5) SELECT d AS c FROM r", "t.n", "t.id")]
    [TestCase("WITH RECURSIVE r AS (SELECT id AS i FROM t UNION SELECT u.w FROM r JOIN u ON u.id = r.i) SELECT i AS c FROM r", "t.id u.w", "t.id u.id u.w")]
    [TestCase("WITH RECURSIVE r AS (SELECT id AS i, 0 AS a, 0 AS b FROM t UNION ALL (WITH x AS (SELECT * FROM r WHERE i < 5) SELECT i + 1, b, i FROM x)) SELECT a AS c FROM r", "t.id", "t.id")]
    [TestCase("SELECT max(COLUMNS('^n$')) AS c FROM t", "t.n", "")]
    [TestCase("SELECT grouping(k) AS c FROM t GROUP BY ROLLUP (k)", "", "t.k")]
    [TestCase("SELECT k AS c FROM t GROUP BY ROLLUP (k, ok) HAVING grouping(ok) = 1", "t.k", "t.k t.ok")]
    public void Lineage_Column_HasItsValuesApartFromItsInfluences(string sql, string values, string influences)
    {
        ColumnLineage lineage = _bench.Bind(sql).Lineage.Columns["c"];
        Assert.That((Text(lineage.Values), Text(lineage.Influences)), Is.EqualTo((values, influences)));
    }

    private static string Text(IEnumerable<InputColumn> columns) => string.Join(' ', columns.Select(column => $"{column.Input}.{column.Column}").Order(StringComparer.Ordinal));

    /// <summary>Changing an input column that lineage calls unrelated never changes an output column.</summary>
    [TestCaseSource(typeof(SqlCorpus), nameof(SqlCorpus.Queries))]
    public void Lineage_ChangeOfAnUnrelatedColumn_ChangesNothing(string sql) => QueryChecks.AssertUnrelatedColumnsChangeNothing(_bench, _bench.Bind(sql));

    [TestCase("SELECT sum(x) AS c FROM t", true, false)]
    [TestCase("SELECT avg(x) + 1 AS c FROM t", true, false)]
    [TestCase("SELECT avg(n) AS c FROM t", false, false)]
    [TestCase("SELECT avg(amount) AS c FROM t", false, false)]
    [TestCase("SELECT sum(n) AS c FROM t", false, false)]
    [TestCase("SELECT max(x) AS c FROM t", false, false)]
    [TestCase("SELECT quantile_disc(x, 0.9) AS c FROM t", false, false)]
    [TestCase("SELECT sum(CAST(n AS DOUBLE)) AS c FROM t", true, false)]
    [TestCase("SELECT stddev(n) AS c FROM t", true, false)]
    [TestCase("SELECT sum(x) OVER (ORDER BY id) AS c FROM t", true, false)]
    [TestCase("SELECT sum(n) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS c FROM t", true, false)]
    [TestCase("SELECT count(*) OVER (PARTITION BY k ROWS UNBOUNDED PRECEDING) AS c FROM t", true, false)]
    [TestCase("SELECT max(id) OVER (ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS c FROM t", true, false)]
    [TestCase("SELECT max(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS c FROM t", false, false)]
    [TestCase("SELECT sum(n) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS c FROM t", false, false)]
    [TestCase("SELECT sum(n) OVER (PARTITION BY k) AS c FROM t", false, false)]
    [TestCase("SELECT list(id) AS c FROM t", true, false)]
    [TestCase("SELECT list(id ORDER BY id) AS c FROM t", false, false)]
    [TestCase("SELECT any_value(k) AS c FROM t", true, false)]
    [TestCase("SELECT k AS c FROM t GROUP BY k HAVING sum(x) > 1", false, true)]
    [TestCase("SELECT a AS c FROM (SELECT avg(x) AS a FROM t GROUP BY k) WHERE a > 1", true, true)]
    [TestCase("SELECT count(*) AS c FROM (SELECT avg(x) AS a FROM t GROUP BY k) WHERE a > 1", true, false)]
    [TestCase("SELECT count(*) AS c FROM (SELECT avg(x) AS a FROM t GROUP BY k) GROUP BY a", false, true)]
    [TestCase("SELECT DISTINCT sum(x) AS c FROM t GROUP BY k", true, true)]
    [TestCase("SELECT id AS c FROM t LIMIT 3", false, true)]
    [TestCase("SELECT id AS c FROM t ORDER BY id LIMIT 3", false, false)]
    [TestCase("SELECT k AS c FROM t GROUP BY k ORDER BY sum(x)", false, false)]
    [TestCase("SELECT k AS c FROM t GROUP BY k ORDER BY sum(x) LIMIT 1", false, true)]
    [TestCase("SELECT t.id AS c FROM t JOIN (SELECT avg(x) AS a FROM t) q ON t.x > q.a", false, true)]
    [TestCase("SELECT CASE WHEN (SELECT sum(x) FROM t) > 1 THEN 1 ELSE 2 END AS c FROM u", true, false)]
    [TestCase("SELECT k AS c FROM (SELECT k, sum(x) AS s FROM t GROUP BY k)", false, false)]
    [TestCase("SELECT v AS c FROM (SELECT k, sum(x) AS s, count(*) AS n FROM t GROUP BY k) UNPIVOT (v FOR name IN (s, n))", true, true)]
    [TestCase("SELECT v AS c FROM (SELECT k, sum(x) AS s, count(*) AS n FROM t GROUP BY k) UNPIVOT INCLUDE NULLS (v FOR name IN (s, n))", true, false)]
    [TestCase("SELECT a AS c FROM t PIVOT (sum(x) FOR k IN ('a') GROUP BY ok)", true, false)]
    [TestCase("SELECT l.m AS c FROM t, LATERAL (SELECT sum(x) AS m FROM t AS r WHERE r.k = t.k) l", true, false)]
    [TestCase("SELECT grouping(k) AS c FROM (SELECT sum(x) AS k FROM t GROUP BY ok) GROUP BY CUBE (k)", false, true)]
    [TestCase("WITH RECURSIVE r AS (SELECT 1 AS i, 0.0::DOUBLE AS c UNION ALL SELECT i + 1, (SELECT sum(x) FROM t) AS s FROM r WHERE i < 3) SELECT c FROM r", true, false)]
    [TestCase("WITH RECURSIVE r AS (SELECT sum(x) AS c FROM t UNION SELECT c / 2 FROM r WHERE c > 1) SELECT 1 AS c FROM r", false, true)]
    public void Bind_FloatSums_MarkWhatTheyFlowInto(string sql, bool isInexact, bool rowsAreInexact)
    {
        BoundQuery query = _bench.Bind(sql);
        Assert.That((query.Schema[0].Metadata[FieldMetadata.InexactKey] == "true", query.RowsAreInexact), Is.EqualTo((isInexact, rowsAreInexact)));
    }

    [TestCase("name", true)]
    [TestCase("left(upper(name), 1)", true)]
    [TestCase("CASE WHEN name = 'Ann' THEN 1 ELSE 0 END", true)]
    [TestCase("(SELECT max(o.name) FROM t o)", true)]
    [TestCase("age", false)]
    [TestCase("row_number() OVER (PARTITION BY name ORDER BY age)", false, Description = "it decides, and is not in the value")]
    public void Bind_PersonalInputColumn_MarksWhatItFlowsInto(string expression, bool isPersonal)
    {
        Schema people = new([new Field("name", DataType.String) { Metadata = FieldMetadata.Empty.With(FieldMetadata.PersonalKey, "true") }, new Field("age", DataType.Int64)]);
        BoundQuery query = _bench.Binder.Bind(new Data.Sql.SqlText($"WITH q AS (SELECT {expression} AS x FROM t WHERE name IS NOT NULL) SELECT x FROM q"), new Dictionary<string, Schema> { ["t"] = people }, AccessContext.Owner);
        Assert.That(query.Schema[0].Metadata[FieldMetadata.PersonalKey], Is.EqualTo(isPersonal ? "true" : null));
    }

    [Test]
    public void Bind_InexactInputColumn_StaysMarked()
    {
        Schema marked = new([new Field("a", DataType.Float64) { Metadata = FieldMetadata.Empty.With(FieldMetadata.InexactKey, "true") }, new Field("b", DataType.Int64)]);
        BoundQuery query = _bench.Binder.Bind(new Data.Sql.SqlText("SELECT a * 2 AS x, b FROM m"), new Dictionary<string, Schema> { ["m"] = marked }, AccessContext.Owner);
        Assert.That(query.Schema.Fields.Select(field => field.Metadata[FieldMetadata.InexactKey]), Is.EqualTo(new[] { "true", null }));
    }
}

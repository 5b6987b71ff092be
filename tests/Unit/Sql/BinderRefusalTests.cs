using System.Globalization;
using System.Text.Json.Nodes;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

internal sealed class BinderRefusalTests
{
    private SqlWorkbench _bench = null!;

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    // Not one SELECT.
    [TestCase("", "sql.empty", 1, 1)]
    [TestCase(" \n ", "sql.empty", 1, 1)]
    [TestCase("-- nothing", "sql.empty", 1, 1)]
    [TestCase("SELECT 1; SELECT 2", "sql.several_statements", 1, 1)]
    [TestCase("DROP TABLE t", "sql.not_select", 1, 1)]
    [TestCase("INSERT INTO t SELECT 1", "sql.not_select", 1, 1)]
    [TestCase("COPY t TO 'x.csv'", "sql.not_select", 1, 1)]
    [TestCase("SET threads = 1", "sql.not_select", 1, 1)]
    [TestCase("PRAGMA database_list", "sql.not_select", 1, 1)]
    [TestCase("PIVOT t ON k USING sum(n)", "sql.pivot_without_values", 1, 1)]
    [TestCase("SELECT *\nFROM (PIVOT t ON k USING sum(n))", "sql.pivot_without_values", 2, 7)]
    [TestCase("WITH p AS (PIVOT t ON k) SELECT * FROM p", "sql.pivot_without_values", 1, 12)]
    [TestCase("DROP TABLE \"pivot\"", "sql.not_select", 1, 1)]
    [TestCase("DESCRIBE t", "sql.not_select", 1, 1)]
    [TestCase("SUMMARIZE t", "sql.not_select", 1, 1)]
    [TestCase("SHOW TABLES", "sql.not_select", 1, 1)]
    [TestCase("SELECT * FROM (DESCRIBE t)", "sql.not_select", 1, 1)]
    [TestCase("SELEC 1", "sql.syntax", 1, 1)]
    [TestCase("SELECT id,\n  n FRM t", "sql.syntax", 2, 9)]
    [TestCase("SELECT '北京' AS a, FROM FROM t", "sql.syntax", 1, 24)]
    [TestCase("SELECT at FROM t", "sql.syntax_keyword", 1, 11)]
    [TestCase("SELECT id, desc FROM t", "sql.syntax_keyword", 1, 12)]
    [TestCase("SELECT id FROM t ORDER BY\n  end", "sql.syntax_keyword", 2, 3)]
    [TestCase("SELECT \"at\" FROM FROM t", "sql.syntax", 1, 18)]
    // Of one time, age asks the clock.
    [TestCase("SELECT date_part('year', age(ts)) AS years FROM t", "sql.argument_count", 1, 26)]
    [TestCase("SELECT CAST(timezone('Europe/London', CAST(ts AS TIMETZ)) AS VARCHAR) AS x FROM t", "sql.unsupported_type", 1, 39)]
    [TestCase("SELECT current_localtimestamp() AS x", "sql.unknown_function", 1, 8)]
    // What would read files, settings, catalogs or hide SQL.
    [TestCase("SELECT * FROM '/etc/passwd'", "sql.file_in_from", 1, 15)]
    [TestCase("SELECT * FROM 'x.parquet'", "sql.file_in_from", 1, 15)]
    [TestCase("SELECT * FROM \"data/*.csv\"", "sql.file_in_from", 1, 15)]
    [TestCase("SELECT * FROM read_csv('x.csv')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM read_parquet(['x'])", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM read_text('/etc/passwd')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM READ_BLOB('/etc/passwd')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM glob('/*')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM query('SELECT 1')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM query_table('t')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM duckdb_settings()", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM duckdb_tables", "sql.unknown_table", 1, 15)]
    [TestCase("SELECT * FROM pragma_table_info('t')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM enable_logging(storage='file')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM checkpoint()", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM json_execute_serialized_sql('{}')", "sql.refused_table_function", 1, 15)]
    [TestCase("SELECT * FROM information_schema.tables", "sql.unknown_table", 1, 15)]
    [TestCase("SELECT * FROM memory.main.t", "sql.catalog", 1, 15)]
    [TestCase("SELECT id FROM t WHERE EXISTS (SELECT 1 FROM read_text('/etc/passwd'))", "sql.refused_table_function", 1, 46)]
    [TestCase("WITH a AS (SELECT * FROM glob('*')) SELECT 1 AS one", "sql.refused_table_function", 1, 26)]
    [TestCase("SELECT getenv('HOME') AS h", "sql.unknown_function", 1, 8)]
    [TestCase("SELECT current_setting('threads') AS s", "sql.unknown_function", 1, 8)]
    [TestCase("SELECT getvariable('x') AS s", "sql.unknown_function", 1, 8)]
    [TestCase("SELECT nextval('s') AS s", "sql.unknown_function", 1, 8)]
    [TestCase("SELECT sleep_ms(10) AS s", "sql.unknown_function", 1, 8)]
    [TestCase("SELECT error('x') AS s", "sql.unknown_function", 1, 8)]
    [TestCase("SELECT system.main.sum(id) AS s FROM t WHERE pg_sleep(1) IS NULL", "sql.unknown_function", 1, 46)]
    [TestCase("SELECT other.sum(id) AS s FROM t", "sql.unknown_function", 1, 8)]
    [TestCase("SELECT lowr(k) AS s FROM t", "sql.unknown_function_suggest", 1, 8)]
    [TestCase("SELECT md5_number_lower(k) AS s FROM t", "sql.unknown_function", 1, 8)]
    // Names.
    [TestCase("SELECT idd FROM t", "sql.unknown_column_suggest", 1, 8)]
    [TestCase("SELECT qqqqqq FROM t", "sql.unknown_column", 1, 8)]
    [TestCase("SELECT t.nam FROM t", "sql.unknown_column", 1, 8)]
    [TestCase("SELECT u.nam FROM u", "sql.unknown_column_suggest", 1, 8)]
    [TestCase("SELECT * FROM tt", "sql.unknown_table_suggest", 1, 15)]
    [TestCase("SELECT * FROM zzzzzz", "sql.unknown_table", 1, 15)]
    [TestCase("SELECT x.* FROM t", "sql.unknown_table", 1, 8)]
    [TestCase("SELECT id FROM t JOIN u USING (k)", "sql.ambiguous_column", 1, 8)]
    [TestCase("SELECT 1 AS a FROM t JOIN u ON id = 1", "sql.ambiguous_column", 1, 32)]
    [TestCase("SELECT 1 AS a FROM t, t", "sql.duplicate_table", 1, 23)]
    [TestCase("SELECT 1 AS a FROM t JOIN u USING (zzz)", "sql.unknown_column", 1, 22)]
    [TestCase("SELECT t FROM t", "sql.table_as_value", 1, 8)]
    [TestCase("SELECT rowid FROM t", "sql.unknown_column", 1, 8)]
    [TestCase("SELECT *", "sql.star_without_table", 1, 8)]
    [TestCase("SELECT * EXCLUDE (zz) FROM t", "sql.unknown_column", 1, 8)]
    [TestCase("SELECT id, k AS ID FROM t", "sql.duplicate_output", 1, 12)]
    [TestCase("SELECT * FROM t JOIN u ON t.id = u.id", "sql.duplicate_output", 1, 8)]
    [TestCase("SELECT row_number() OVER (ORDER BY id) FROM t", "sql.unnamed_column", 1, 8)]
    [TestCase("SELECT * FROM (SELECT id, CASE WHEN ok THEN 1 END FROM t)", "sql.unnamed_column", 1, 27)]
    [TestCase("SELECT random() AS r, r + 1 AS q", "sql.impure_alias", 1, 23)]
    [TestCase("SELECT b AS a, a AS b FROM (VALUES (1)) AS v(z)", "sql.unknown_column", 1, 8)]
    [TestCase("SELECT z FROM t AS q(a,b,c,d,e,f,g,h,i)", "sql.too_many_column_names", 1, 15)]
    // Clauses.
    [TestCase("SELECT k, n FROM t GROUP BY k", "sql.not_grouped", 1, 11)]
    [TestCase("SELECT k FROM t GROUP BY k ORDER BY n", "sql.not_grouped", 1, 37)]
    [TestCase("SELECT k FROM t WHERE sum(n) > 1", "sql.aggregate_not_here", 1, 23)]
    [TestCase("SELECT sum(sum(n)) AS s FROM t", "sql.aggregate_not_here", 1, 12)]
    [TestCase("SELECT k FROM t WHERE row_number() OVER () = 1", "sql.window_not_here", 1, 23)]
    [TestCase("SELECT k, row_number() OVER () AS r FROM t GROUP BY ALL", "sql.window_not_here", 1, 11)]
    [TestCase("SELECT k FROM t QUALIFY k = 'a'", "sql.qualify_without_window", 1, 27)]
    [TestCase("SELECT rank() AS r FROM t", "sql.window_without_over", 1, 8)]
    [TestCase("SELECT range(3) AS r FROM t", "sql.table_function_as_value", 1, 8)]
    [TestCase("SELECT id FROM t ORDER BY 2", "sql.ordinal_out_of_range", 1, 27)]
    [TestCase("SELECT id FROM t GROUP BY 0", "sql.ordinal_out_of_range", 1, 27)]
    [TestCase("SELECT id FROM t LIMIT -1", "sql.limit_not_a_constant", 1, 24)]
    [TestCase("SELECT id FROM t LIMIT (SELECT 1)", "sql.limit_not_a_constant", 1, 24)]
    [TestCase("SELECT DISTINCT k FROM t ORDER BY id", "sql.order_by_not_an_output", 1, 35)]
    [TestCase("SELECT k FROM t UNION SELECT k FROM u ORDER BY upper(k)", "sql.order_by_not_an_output", 1, 48)]
    [TestCase("SELECT id FROM t UNION SELECT id, k FROM u", "sql.set_operation_columns", 1, 31)]
    [TestCase("SELECT 1 AS a FROM t ASOF JOIN u ON t.k = u.k", "sql.asof_inequality", 1, 22)]
    [TestCase("SELECT (SELECT id, w FROM u) AS a FROM t", "sql.subquery_columns", 1, 8)]
    [TestCase("SELECT id FROM t WHERE id = $1", "sql.unknown_parameter", 1, 29)]
    [TestCase("SELECT id FROM t WHERE id = ?", "sql.unknown_parameter", 1, 29)]
    [TestCase("SELECT id FROM t\nWHERE k = $name", "sql.unknown_parameter", 2, 11)]
    [TestCase("SELECT lower(DISTINCT k) AS a FROM t", "sql.not_an_aggregate", 1, 8)]
    [TestCase("SELECT (SELECT sum(t.id) FROM u) AS a FROM t", "sql.outer_aggregate", 1, 16)]
    // Types.
    [TestCase("SELECT id,\n       sum(k) AS s\nFROM t GROUP BY id", "sql.argument_types", 2, 8)]
    [TestCase("SELECT id FROM t WHERE d + k > 1", "sql.argument_types", 1, 26)]
    [TestCase("SELECT a.id FROM t a JOIN u b ON abs(b.name) = 1", "sql.argument_types", 1, 34)]
    [TestCase("SELECT upper(k, 2) AS s FROM t", "sql.argument_types", 1, 8)]
    [TestCase("SELECT id FROM t WHERE d > 3", "sql.comparison_types", 1, 26)]
    [TestCase("SELECT coalesce(1, d) AS c FROM t", "sql.mixed_types", 1, 17)]
    [TestCase("SELECT struct_extract(place, 'nowhere') AS s FROM s.v", "sql.refused", 1, 8)]
    [TestCase("SELECT 1 + CAST(id AS HUGEINT) AS big FROM t", "sql.column_type", 1, 10)]
    [TestCase("SELECT INTERVAL 1 DAY AS i", "sql.column_type", 1, 17)]
    [TestCase("SELECT id, ts::TIME AS i FROM t ORDER BY id LIMIT 3", "sql.column_type", 1, 14)]
    [TestCase("SELECT '1'::UUID AS i", "sql.column_type", 1, 11)]
    [TestCase("SELECT x::mood AS i FROM t", "sql.unsupported_type", 1, 9)]
    // What is not built yet says so.
    [TestCase("WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i, i FROM r) SELECT i FROM r", "sql.set_operation_columns", 1, 53)]
    [TestCase("WITH RECURSIVE r(a, b) AS (SELECT 1 AS i UNION ALL SELECT a FROM r) SELECT i FROM r", "sql.too_many_column_names", 1, 35)]
    [TestCase("WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT nothing FROM r) SELECT i FROM r", "sql.unknown_column", 1, 53)]
    [TestCase("WITH RECURSIVE r AS (SELECT i FROM r UNION ALL SELECT 1) SELECT i FROM r", "sql.unknown_table", 1, 36)]
    [TestCase("WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT * FROM read_text('x')) SELECT i FROM r", "sql.refused_table_function", 1, 60)]
    [TestCase("WITH r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT i FROM r", "sql.unknown_table", 1, 54)]
    [TestCase("FROM t PIVOT (sum(n) FOR k IN moods)", "sql.pivot_without_values", 1, 8)]
    [TestCase("FROM t PIVOT (sum(n) + count(*) FOR k IN ('a'))", "sql.pivot_aggregate", 1, 22)]
    [TestCase("FROM t PIVOT (sum(n) FILTER (WHERE ok) FOR k IN ('a'))", "sql.unsupported_with_remedy", 1, 15)]
    [TestCase("FROM t UNPIVOT (v FOR name IN (id, n)) AS p(a)", "sql.unsupported_with_remedy", 1, 8)]
    [TestCase("FROM t PIVOT (upper(n) FOR k IN ('a'))", "sql.pivot_aggregate", 1, 15)]
    [TestCase("FROM t PIVOT (sum(nn) FOR k IN ('a'))", "sql.unknown_column_suggest", 1, 19)]
    [TestCase("FROM t PIVOT (sum(t.n) FOR k IN ('a'))", "sql.unknown_column", 1, 19)]
    [TestCase("FROM t PIVOT (sum(n) FOR k IN ('a') GROUP BY okk)", "sql.unknown_column_suggest", 1, 8)]
    [TestCase("FROM t PIVOT (sum(n) FOR ts IN (TIMESTAMP '2001-01-01 00:00:00'))", "sql.pivot_value", 1, 8)]
    [TestCase("FROM t PIVOT (sum(n) FOR (k, ok) IN (('a', true), 'b'))", "sql.pivot_values", 1, 8)]
    [TestCase("FROM t UNPIVOT (v FOR name IN (id, zzz))", "sql.unknown_column", 1, 8)]
    [TestCase("FROM t UNPIVOT (v FOR name IN (id, k))", "sql.mixed_types", 1, 8)]
    [TestCase("FROM t UNPIVOT ((a, b) FOR name IN (id, n))", "sql.pivot_values", 1, 8)]
    [TestCase("SELECT t.k FROM t UNPIVOT (v FOR name IN (id, n))", "sql.unknown_column", 1, 8)]
    [TestCase("UNPIVOT t ON id + n, n", "sql.unpivot_expression", 1, 17)]
    [TestCase("UNPIVOT t ON 1 + 1, n", "sql.unpivot_expression", 1, 16)]
    [TestCase("SELECT * FROM t TABLESAMPLE 10%", "sql.unsupported_with_remedy", 1, 15)]
    [TestCase("SELECT * FROM t USING SAMPLE 3", "sql.unsupported_with_remedy", 1, 15)]
    [TestCase("SELECT * FROM t POSITIONAL JOIN u", "sql.unsupported_with_remedy", 1, 17)]
    [TestCase("SELECT COLUMNS('zzz') FROM t", "sql.no_column_matches", 1, 8)]
    [TestCase("SELECT COLUMNS(lambda c: c = 'zzz') FROM t", "sql.no_column_matches", 1, 8)]
    [TestCase("SELECT COLUMNS(['id', 'amout']) FROM t", "sql.unknown_column_suggest", 1, 17)]
    [TestCase("SELECT COLUMNS('(') FROM t", "sql.refused", 1, 16)]
    [TestCase("SELECT COLUMNS(3) FROM t", "sql.columns_pattern", 1, 8)]
    [TestCase("SELECT COLUMNS(c -> c IN (SELECT k FROM u)) FROM t", "sql.columns_pattern", 1, 8)]
    [TestCase("SELECT COLUMNS(c -> getenv(c) = '') FROM t", "sql.unknown_function", 1, 21)]
    [TestCase("SELECT COLUMNS('id|n') + COLUMNS('id') FROM t", "sql.columns_differ", 1, 26)]
    [TestCase("SELECT max(COLUMNS(*)) AS same FROM u", "sql.duplicate_output", 1, 8)]
    [TestCase("SELECT COLUMNS('id') FROM t JOIN u ON t.k = u.k", "sql.duplicate_output", 1, 8)]
    [TestCase("SELECT id FROM t WHERE COLUMNS('id|n') > 3", "sql.star_in_expression", 1, 24)]
    [TestCase("SELECT k COLLATE nocase AS c FROM t", "sql.unsupported_with_remedy", 1, 8)]
    [TestCase("SELECT id FROM t LIMIT 10%", "sql.unsupported", 1, 24)]
    // The right side of these joins cannot read the left one.
    [TestCase("SELECT 1 AS a FROM t RIGHT JOIN (SELECT w FROM u WHERE u.k = t.k) l ON true", "sql.lateral_join_kind", 1, 22)]
    [TestCase("SELECT 1 AS a FROM t SEMI JOIN LATERAL (SELECT w FROM u WHERE u.k = t.k) l ON true", "sql.lateral_join_kind", 1, 22)]
    [TestCase("SELECT 1 AS a FROM t ASOF JOIN LATERAL (SELECT since FROM u WHERE u.k = t.k) l ON t.ts >= l.since", "sql.lateral_join_kind", 1, 22)]
    [TestCase("SELECT 1 AS a FROM t LEFT JOIN LATERAL (SELECT w FROM u WHERE u.k = t.k) l ON l.w > t.id AND t.n > 5", "sql.lateral_condition", 1, 90)]
    [TestCase("SELECT 1 AS a FROM (SELECT t.id FROM u) q, t", "sql.unknown_column_suggest", 1, 28)]
    [TestCase("SELECT 1 AS a FROM t, LATERAL (SELECT max(t.id) AS m FROM u) l", "sql.outer_aggregate", 1, 39)]
    [TestCase("SELECT q FROM unnest([1]) AS q", "sql.table_as_value", 1, 8)]
    [TestCase("SELECT 1 AS a FROM t, range(t.k) r", "sql.argument_types", 1, 23)]
    [TestCase("SELECT grouping(k) AS g FROM t", "sql.grouping_not_a_key", 1, 17)]
    [TestCase("SELECT k, grouping(k, id + 1) AS g FROM t GROUP BY ROLLUP (k, id)", "sql.grouping_not_a_key", 1, 26)]
    [TestCase("SELECT k FROM t WHERE grouping(k) = 0 GROUP BY k", "sql.aggregate_not_here", 1, 23)]
    public void Bind_RefusedText_NamesTheReasonAndThePlace(string sql, string code, int line, int column)
    {
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => _bench.Bind(sql))!;
        Assert.That((error.Code, error.Place!.LineNumber, error.Place.ColumnNumber), Is.EqualTo((code, line, column)), error.Message);
        foreach (string culture in (string[])["", "zh"])
        {
            string message = error.MessageIn(CultureInfo.GetCultureInfo(culture));
            Assert.That(message, Does.Not.Contain("\n").And.Not.Contain(code).And.Not.Contain("{0}"));
        }
    }

    [Test]
    public void Bind_TextInAYamlBlock_PointsIntoTheFileWithAnExcerpt()
    {
        var text = new SqlText("SELECT id,\n  '北京' || idd AS z\nFROM t", new SourcePlace("pipelines/p.yaml", 7, 7), 6);
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => _bench.Binder.Bind(text, SqlWorkbench.Inputs, AccessContext.Owner))!;
        Assert.That(error.Message, Is.EqualTo("pipelines/p.yaml:8:17: There is no column 'idd' here; did you mean 'id'?"));
        // Each of the two Chinese characters is two columns wide in a terminal.
        Assert.That(error.Excerpt, Is.EqualTo("  '北京' || idd AS z\n            ^"));
    }

    [Test]
    public void Bind_ExpressionInsideOurs_PointsIntoThePersonsPart()
    {
        SqlText text = new SqlText("distanc > 0", new SourcePlace("p.yaml", 3, 12), 0).Wrap("SELECT (", ") AS ok FROM t");
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => _bench.Binder.Bind(text, SqlWorkbench.Inputs, AccessContext.Owner))!;
        Assert.That((error.Place!.ToString(), error.Excerpt), Is.EqualTo(("p.yaml:3:12", "distanc > 0\n^")));
    }

    [Test]
    public void Bind_TreeWithAnUnknownProperty_IsRefusedByName()
    {
        var frontEnd = new EditedFrontEnd(_bench.FrontEnd, tree => tree["statements"]![0]!["node"]!["select_list"]![0]!["novelty"] = true);
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => new Binder(frontEnd).Bind(new SqlText("SELECT id FROM t"), SqlWorkbench.Inputs, AccessContext.Owner))!;
        Assert.That((error.Code, error.Arguments[0]), Is.EqualTo(("sql.unknown_node", "expression.novelty")));
    }

    [Test]
    public void Bind_TreeWithAnUnknownKind_IsRefusedByName()
    {
        var frontEnd = new EditedFrontEnd(_bench.FrontEnd, tree => tree["statements"]![0]!["node"]!["from_table"]!["type"] = "WORMHOLE");
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => new Binder(frontEnd).Bind(new SqlText("SELECT id FROM t"), SqlWorkbench.Inputs, AccessContext.Owner))!;
        Assert.That((error.Code, error.Arguments[0]), Is.EqualTo(("sql.unknown_node", "from.WORMHOLE")));
    }

    [Test]
    public void Bind_AliasesThatDouble_AreRefusedBeforeMemoryEnds()
    {
        string chain = string.Join(", ", Enumerable.Range(1, 40).Select(i => $"a{i - 1} + a{i - 1} AS a{i}"));
        Assert.That(Assert.Throws<LeptonDataException>(() => _bench.Bind($"SELECT id AS a0, {chain} FROM t"))!.Code, Is.EqualTo("sql.expression_too_large"));
    }

    private sealed class EditedFrontEnd(ISqlFrontEnd inner, Action<JsonNode> edit) : ISqlFrontEnd
    {
        public string Parse(string sql)
        {
            JsonNode tree = JsonNode.Parse(inner.Parse(sql))!;
            edit(tree);
            return tree.ToJsonString();
        }

        public IReadOnlyList<(string Name, string DuckDbType)> Describe(string select) => inner.Describe(select);
    }
}

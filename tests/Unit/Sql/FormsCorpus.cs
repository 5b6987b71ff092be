namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>Queries of the forms that read sideways or make columns of values and values of columns; they run over random rows too.</summary>
internal static class FormsCorpus
{
    internal static string[] Queries { get; } =
    [
        // LATERAL, written or not.
        "SELECT t.id, l.m FROM t, LATERAL (SELECT max(w) AS m FROM u WHERE u.k = t.k) l",
        "SELECT t.id, l.m FROM t, (SELECT w + t.n AS m FROM u WHERE u.k = t.k) AS l",
        "SELECT t.id, l.w FROM t LEFT JOIN LATERAL (SELECT w FROM u WHERE u.k = t.k) l ON true",
        "SELECT t.id, l.m FROM t LEFT JOIN LATERAL (SELECT w AS m FROM u WHERE u.k = t.k) l ON l.m > t.id",
        "SELECT t.id, l.z FROM t LEFT JOIN LATERAL (SELECT t.n AS z FROM u WHERE u.id = t.id) l ON true",
        "SELECT t.id, l.z FROM t LEFT JOIN LATERAL (SELECT t.n AS z FROM u) l ON l.z > t.id * 10",
        "SELECT t.id, l.s FROM t CROSS JOIN LATERAL (SELECT t.id + 1 AS s) l",
        "SELECT t.id, a.s, b.r FROM t, LATERAL (SELECT t.id + 1 AS s) a, LATERAL (SELECT a.s * t.n AS r) b WHERE b.r IS NOT NULL",
        "SELECT t.id, l.m FROM t, LATERAL (SELECT w AS m FROM u WHERE u.k = t.k ORDER BY w DESC NULLS LAST, id LIMIT 1) l",
        "SELECT t.id, l.m, l.r FROM t, LATERAL (SELECT id AS m, row_number() OVER (ORDER BY id) + t.id AS r FROM u WHERE u.k = t.k) l",
        "SELECT t.id, l.k, l.c FROM t, LATERAL (SELECT k, count(*) AS c FROM u WHERE u.w > t.id GROUP BY k HAVING count(*) < t.n) l",
        "SELECT t.id, l.name, l.v FROM t, LATERAL (VALUES ('id', t.id), ('n', t.n)) AS l(name, v)",
        "SELECT t.id, l.m FROM t JOIN LATERAL (SELECT w AS m, k FROM u WHERE u.w > t.id) l USING (k)",
        "SELECT t.id, y.s FROM t, (SELECT 1 AS one) AS x, LATERAL (SELECT t.id + b.id AS s FROM u b LEFT JOIN LATERAL (SELECT t.n AS z WHERE b.id > 1) q ON true) y",
        "SELECT t.id, b.id AS bid FROM t JOIN (u b JOIN u c ON t.id = b.id) ON true WHERE c.id = b.id",
        "SELECT id, (SELECT max(l.s) FROM u, LATERAL (SELECT u.w + t.id AS s) l WHERE u.k = t.k) AS m FROM t",
        "SELECT t.id, l.v FROM t, LATERAL (SELECT t.k || u.k AS v FROM u UNION ALL SELECT upper(t.k)) l",
        "SELECT l.v, count(*) AS c FROM t, LATERAL (SELECT DISTINCT u.k = t.k AS v FROM u) l GROUP BY l.v",
        // A row for each element.
        "SELECT id, z FROM t, unnest([id, n]) AS q(z)",
        "SELECT id, unnest AS z FROM t, unnest([id, n])",
        "SELECT t.id, q.z FROM t LEFT JOIN unnest(CASE WHEN ok THEN [t.id, t.n] ELSE [] END) AS q(z) ON true",
        "SELECT v.id, q.tag FROM s.v, unnest(v.tags) AS q(tag)",
        "SELECT t.id, r.range AS i FROM t, range(t.id) r",
        "SELECT t.id, r.i FROM t, generate_series(1, t.id) AS r(i) WHERE r.i % 2 = 1",
        "SELECT t.id, (SELECT sum(z) FROM unnest([t.id, t.n]) AS q(z)) AS s FROM t",
        "SELECT k, sum(z) AS s FROM t, unnest([n, id]) AS q(z) GROUP BY k",
        // COLUMNS.
        "SELECT COLUMNS('i|n') FROM t",
        "SELECT COLUMNS('^(i)?d$') AS 'x_\\1_\\0' FROM t",
        "SELECT k, max(COLUMNS('id|^n')) AS '\\0 最大', count(*) AS c FROM t GROUP BY k",
        "SELECT COLUMNS(c -> c LIKE 'i%' OR length(c) = 2) FROM t",
        "SELECT COLUMNS(lambda c: c <> 'x')::VARCHAR FROM t",
        "SELECT COLUMNS(['n', 'ID']) + 1 FROM t",
        "SELECT COLUMNS(* EXCLUDE (k, amount, d, ts, ok)) * COLUMNS(* EXCLUDE (k, amount, d, ts, ok)) AS '\\0²' FROM t",
        "SELECT min(COLUMNS(t.* REPLACE (id + 1 AS id))) FROM t",
        "SELECT COLUMNS(u.*) FROM t JOIN u USING (k)",
        "SELECT * LIKE 'i%' FROM t",
        "SELECT * NOT LIKE '%k' FROM t",
        "SELECT coalesce(*COLUMNS('^(n|id)$'), 0) AS c, [*COLUMNS('^(n|id)$')] AS l, struct_pack(*COLUMNS('^(n|id)$')) AS s FROM t",
        "SELECT id, sum(COLUMNS('^n$')) OVER (ORDER BY id) AS s FROM t",
        "SELECT k, COLUMNS('^ok$') FROM t GROUP BY ALL",
        // GROUPING.
        "SELECT k, ok, grouping(k) AS g, grouping(k, ok) AS both, GROUPING_ID(ok, k) AS swapped, count(*) AS c FROM t GROUP BY ROLLUP (k, ok)",
        "SELECT k, grouping(k) AS g FROM t GROUP BY k",
        "SELECT upper(k) AS up, grouping(up) AS g, grouping(upper(k)) + 1 AS h FROM t GROUP BY CUBE (up, ok)",
        "SELECT k, sum(n) AS s FROM t GROUP BY CUBE (k, ok) HAVING grouping(ok) = 1 ORDER BY grouping(k), k NULLS FIRST",
        "SELECT CASE WHEN grouping(k) = 1 THEN '全部' ELSE k END AS label, count(*) AS c FROM t GROUP BY ROLLUP (k)",
        "SELECT k, ok, rank() OVER (PARTITION BY grouping(k) + grouping(ok) ORDER BY count(*) DESC, k, ok) AS r FROM t GROUP BY GROUPING SETS ((k), (ok), (k, ok), ())",
        "SELECT k, x, grouping(x, k) AS g, count(*) AS c FROM t GROUP BY GROUPING SETS ((x), (k, x), ())",
        "SELECT k, g, sum(c) AS c FROM (SELECT k, grouping(k) AS g, count(*) AS c FROM t GROUP BY ROLLUP (k)) AS q GROUP BY k, g",
    ];
}

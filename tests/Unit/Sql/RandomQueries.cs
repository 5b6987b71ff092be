using System.Globalization;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>Makes queries by chance from a grammar, over the tables t and u of <see cref="SqlWorkbench"/>. One seed makes one query.</summary>
internal sealed class RandomQueries(int seed)
{
    private enum Kind
    {
        Number,
        Text,
        Truth,
        Time,
    }

    private readonly Random _random = new(seed);
    private int _names;

    /// <summary>A SELECT with the number of columns that it gives.</summary>
    internal string Next() => Query(3).Sql;

    private int Pick(int count) => _random.Next(count);

    private T Of<T>(params T[] choices) => choices[Pick(choices.Length)];

    private string Name(string letter) => string.Create(CultureInfo.InvariantCulture, $"{letter}{_names++}");

    private sealed record Column(string Text, Kind Kind);

    private (string Sql, List<Column> Columns) Query(int depth)
    {
        if (depth > 1 && Pick(8) == 0) return SetOperation(depth);
        string with = "";
        var scope = new List<Column>();
        string from;
        if (depth > 1 && Pick(5) == 0)
        {
            (string inner, List<Column> columns) = Query(depth - 1);
            string name = Name("w");
            string alias = Name("r");
            with = $"WITH {name} AS ({inner}) ";
            from = $"{name} AS {alias}";
            scope.AddRange(columns.Select(column => column with { Text = $"{alias}.{column.Text}" }));
        }
        else from = Source(scope, depth);
        for (int i = Pick(3); i > 0; i--)
        {
            var right = new List<Column>();
            string other = Source(right, depth - 1);
            string kind = Of("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN");
            string on = kind == "CROSS JOIN" ? "" : $" ON {Equal(scope, right)}";
            from = $"{from} {kind} {other}{on}";
            scope.AddRange(right);
        }
        string where = Pick(2) == 0 ? $" WHERE {Truth(scope, 2, depth)}" : "";
        return Pick(3) == 0 ? Grouped(with, from, where, scope) : Plain(with, from, where, scope);
    }

    private string Equal(List<Column> left, List<Column> right)
    {
        foreach (Kind kind in Enum.GetValues<Kind>().OrderBy(_ => _random.Next()))
        {
            Column[] leftColumns = [.. left.Where(column => column.Kind == kind)];
            Column[] rightColumns = [.. right.Where(column => column.Kind == kind)];
            if (leftColumns.Length > 0 && rightColumns.Length > 0) return $"{Of(leftColumns).Text} {Of("=", "=", "=", "<", "IS NOT DISTINCT FROM")} {Of(rightColumns).Text}";
        }
        return "true";
    }

    private string Source(List<Column> scope, int depth)
    {
        string alias = $"\"{Name(Of("q", "p ", "名"))}\"";
        if (depth > 1 && Pick(3) == 0)
        {
            (string inner, List<Column> columns) = Query(depth - 1);
            scope.AddRange(columns.Select(column => column with { Text = $"{alias}.{column.Text}" }));
            return $"({inner}) AS {alias}";
        }
        (string Name, Kind Kind)[] fields = Pick(2) == 0
            ? [("id", Kind.Number), ("k", Kind.Text), ("x", Kind.Number), ("n", Kind.Number), ("amount", Kind.Number), ("d", Kind.Time), ("ts", Kind.Time), ("ok", Kind.Truth)]
            : [("id", Kind.Number), ("k", Kind.Text), ("name", Kind.Text), ("since", Kind.Time), ("w", Kind.Number)];
        scope.AddRange(fields.Select(field => new Column($"{alias}.{field.Name}", field.Kind)));
        return $"{(fields.Length == 8 ? "t" : "u")} AS {alias}";
    }

    private (string, List<Column>) Plain(string with, string from, string where, List<Column> scope)
    {
        var items = new List<string>();
        var columns = new List<Column>();
        for (int i = 1 + Pick(4); i > 0; i--)
        {
            Kind kind = Of(Kind.Number, Kind.Text, Kind.Truth, Kind.Time);
            string name = Name("c");
            bool isWindow = Pick(6) == 0;
            items.Add($"{(isWindow ? Window(scope) : Expression(scope, kind, 3))} AS {name}");
            columns.Add(new Column(name, isWindow ? Kind.Number : kind));
        }
        string distinct = Pick(6) == 0 ? "DISTINCT " : "";
        return ($"{with}SELECT {distinct}{string.Join(", ", items)} FROM {from}{where}{Order(columns)}", columns);
    }

    private (string, List<Column>) Grouped(string with, string from, string where, List<Column> scope)
    {
        var items = new List<string>();
        var columns = new List<Column>();
        var keys = new List<string>();
        for (int i = Pick(3); i > 0; i--)
        {
            Kind kind = Of(Kind.Number, Kind.Text, Kind.Truth);
            string key = Expression(scope, kind, 1);
            string name = Name("g");
            keys.Add(key);
            items.Add($"{key} AS {name}");
            columns.Add(new Column(name, kind));
        }
        for (int i = 1 + Pick(3); i > 0; i--)
        {
            string name = Name("a");
            string filter = Pick(4) == 0 ? $" FILTER (WHERE {Truth(scope, 1, 0)})" : "";
            string argument = Expression(scope, Kind.Number, 1);
            string call = Of("count(*)", $"count({argument})", $"min({argument})", $"max({argument})", $"count(DISTINCT {argument})", $"sum(CAST({Of("1", "2")} AS INTEGER))", $"quantile_disc({argument}, 0.5)");
            items.Add($"{call}{filter} AS {name}");
            columns.Add(new Column(name, Kind.Number));
        }
        string group = keys.Count == 0 ? "" : Pick(3) == 0 ? " GROUP BY ALL" : $" GROUP BY {string.Join(", ", keys)}";
        if (group == " GROUP BY ALL" && keys.Count == 0) group = "";
        string having = Pick(4) == 0 ? $" HAVING count(*) {Of(">", "<=", "<>")} {Pick(4)}" : "";
        return ($"{with}SELECT {string.Join(", ", items)} FROM {from}{where}{group}{having}{Order(columns)}", columns);
    }

    // Every column in order: what ties is then equal, so the order is total.
    private string Order(List<Column> columns)
    {
        if (Pick(3) > 0) return "";
        string keys = string.Join(", ", columns.Select(column => $"{column.Text} {Of("ASC", "DESC")} {Of("NULLS FIRST", "NULLS LAST", "")}"));
        return $" ORDER BY {keys}{(Pick(2) == 0 ? $" LIMIT {Pick(6)} OFFSET {Pick(3)}" : "")}";
    }

    private (string, List<Column>) SetOperation(int depth)
    {
        string column = Name("c");
        string One()
        {
            var scope = new List<Column>();
            string from = Source(scope, depth - 1);
            return $"SELECT {Expression(scope, Kind.Number, 2)} AS {column} FROM {from}";
        }
        return ($"{One()} {Of("UNION ALL", "UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL")} {One()}", [new Column(column, Kind.Number)]);
    }

    private string Window(List<Column> scope)
    {
        // The whole row in order, so that no two ways to break a tie differ.
        string order = string.Join(", ", scope.Select(column => column.Text));
        string partition = Pick(2) == 0 ? $"PARTITION BY {Of([.. scope]).Text} " : "";
        string frame = Of("", " ROWS BETWEEN 2 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING", " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES");
        return Of($"count(*) OVER ({partition}ORDER BY {order}{frame})", $"rank() OVER ({partition}ORDER BY {order})", $"max({Expression(scope, Kind.Number, 1)}) OVER ({partition}ORDER BY {order}{frame})");
    }

    private string Expression(List<Column> scope, Kind kind, int depth)
    {
        Column[] columns = [.. scope.Where(column => column.Kind == kind)];
        if (depth == 0 || Pick(3) == 0) return columns.Length > 0 && Pick(4) > 0 ? Of(columns).Text : Constant(kind);
        string One(Kind of) => Expression(scope, of, depth - 1);
        switch (kind)
        {
            case Kind.Number:
                return Of($"({One(kind)} {Of("+", "-", "*")} CAST({One(kind)} AS DOUBLE))", $"abs({One(kind)})", $"coalesce({One(kind)}, {One(kind)})", $"length({One(Kind.Text)})",
                    $"CASE WHEN {One(Kind.Truth)} THEN {One(kind)} ELSE {One(kind)} END", $"(-{One(kind)})", $"TRY_CAST({One(Kind.Text)} AS INTEGER)", $"extract(year FROM CAST({One(Kind.Time)} AS TIMESTAMPTZ))",
                    $"nullif({One(kind)}, {One(kind)})", $"greatest({One(kind)}, {One(kind)})");
            case Kind.Text:
                return Of($"({One(kind)} || {One(kind)})", $"upper({One(kind)})", $"substring({One(kind)} FROM 1 FOR {Pick(4) + 1})", $"concat({One(kind)}, {One(kind)})", $"replace({One(kind)}, 'a', {One(kind)})",
                    $"CASE {One(kind)} WHEN {One(kind)} THEN {One(kind)} END", $"CAST({One(Kind.Truth)} AS VARCHAR)", $"md5({One(kind)})");
            case Kind.Time:
                return Of($"(CAST({One(kind)} AS TIMESTAMPTZ) + INTERVAL {Pick(100)} {Of("MINUTE", "DAY")})", $"date_trunc('hour', CAST({One(kind)} AS TIMESTAMPTZ))", $"coalesce(CAST({One(kind)} AS TIMESTAMPTZ), TIMESTAMPTZ '2001-01-01 00:00:00+00')");
            default:
                return Truth(scope, depth, 0);
        }
    }

    private string Truth(List<Column> scope, int depth, int queryDepth)
    {
        if (queryDepth > 1 && Pick(6) == 0)
            return Of("EXISTS (SELECT 1 FROM u AS e WHERE e.w > 5)", $"{Expression(scope, Kind.Number, 1)} IN (SELECT z.id FROM u AS z)", $"{Expression(scope, Kind.Number, 1)} > (SELECT min(z.w) FROM u AS z)");
        string One(Kind of) => Expression(scope, of, depth - 1);
        if (depth <= 0) return Expression(scope, Kind.Truth, 0);
        return "(" + Of($"{One(Kind.Number)} {Of("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM")} {One(Kind.Number)}", $"{One(Kind.Text)} {Of("=", "<", "LIKE", "NOT LIKE", "IS NOT DISTINCT FROM")} {One(Kind.Text)}",
            $"({One(Kind.Truth)} {Of("AND", "OR")} {One(Kind.Truth)})", $"NOT {One(Kind.Truth)}", $"{One(Of(Kind.Number, Kind.Text, Kind.Time))} IS {Of("", "NOT ")}NULL",
            $"{One(Kind.Number)} BETWEEN {One(Kind.Number)} AND {One(Kind.Number)}", $"{One(Kind.Text)} {Of("", "NOT ")}IN ({One(Kind.Text)}, {One(Kind.Text)})") + ")";
    }

    private string Constant(Kind kind) => kind switch
    {
        Kind.Number => Of("0", "1", "-7", "2.50", "1e3", "'nan'::DOUBLE", "NULL::INTEGER", "9223372036854775807"),
        Kind.Text => Of("'a'", "'北京'", "''", "'it''s'", "NULL::VARCHAR", "'%'"),
        Kind.Truth => Of("true", "false", "NULL::BOOLEAN"),
        _ => Of("DATE '2001-02-28'", "TIMESTAMPTZ '2001-01-01 01:00:00+00'", "NULL::TIMESTAMPTZ"),
    };
}

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>What stands in FROM.</summary>
internal sealed partial class RandomQueries
{
    private static readonly (string Name, (string Name, Kind Kind)[] Columns)[] s_tables =
    [
        ("t", [("id", Kind.Number), ("k", Kind.Text), ("x", Kind.Number), ("n", Kind.Number), ("amount", Kind.Money), ("d", Kind.Time), ("ts", Kind.Time), ("ok", Kind.Truth)]),
        ("u", [("id", Kind.Number), ("k", Kind.Text), ("name", Kind.Text), ("since", Kind.Time), ("w", Kind.Number)]),
        ("m", [("id", Kind.Number), ("k", Kind.Text), ("price", Kind.Money), ("nums", Kind.Numbers), ("pair", Kind.Pair), ("tally", Kind.Tally), ("seen", Kind.Time)]),
    ];

    private string Joined(List<Column> scope, int depth)
    {
        string from = Source(scope, depth);
        for (int i = Pick(3); i > 0; i--)
        {
            if (Pick(4) == 0)
            {
                from = Sideways(from, scope);
                continue;
            }
            var right = new List<Column>();
            string other = Source(right, depth - 1);
            string kind = Of("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "SEMI JOIN", "ANTI JOIN");
            if (Pick(12) == 0 && AsOf(scope, right) is { } nearest)
            {
                from = $"{from} {Of("ASOF JOIN", "ASOF LEFT JOIN")} {other} ON {nearest}";
                scope.AddRange(right);
                continue;
            }
            string on = kind == "CROSS JOIN" ? "" : $" ON {Equal(scope, right)}";
            from = $"{from} {kind} {other}{on}";
            if (kind is not ("SEMI JOIN" or "ANTI JOIN")) scope.AddRange(right);
        }
        return from;
    }

    // The right side reads columns of the left one.
    private string Sideways(string from, List<Column> scope)
    {
        string alias = Name("l");
        switch (Pick(4))
        {
            case 0:
                string list = Expression(scope, Kind.Numbers, 1);
                scope.Add(new Column($"{alias}.z", Kind.Number));
                return $"{from}, unnest({list}) AS {alias}(z)";
            case 1:
                string values = $"('one', CAST({Expression(scope, Kind.Number, 1)} AS DOUBLE)), ('二', CAST({Expression(scope, Kind.Number, 1)} AS DOUBLE))";
                scope.AddRange([new Column($"{alias}.a", Kind.Text), new Column($"{alias}.b", Kind.Number)]);
                return $"{from}, LATERAL (VALUES {values}) AS {alias}(a, b)";
            case 2:
                string inner = $"SELECT max(z.w) AS a, count(*) AS b FROM u AS z WHERE {Equal(scope, [new Column("z.id", Kind.Number), new Column("z.k", Kind.Text)])}";
                scope.AddRange([new Column($"{alias}.a", Kind.Number), new Column($"{alias}.b", Kind.Number)]);
                return $"{from}, LATERAL ({inner}) AS {alias}";
            default:
                string computed = $"SELECT {Expression(scope, Kind.Number, 2)} AS a, {Expression(scope, Kind.Text, 1)} AS b";
                scope.AddRange([new Column($"{alias}.a", Kind.Number), new Column($"{alias}.b", Kind.Text)]);
                return $"{from}{Of(",", " CROSS JOIN")} LATERAL ({computed}) AS {alias}";
        }
    }

    private string? AsOf(List<Column> left, List<Column> right)
    {
        Column[] before = [.. left.Where(column => column.Kind == Kind.Number)];
        Column[] after = [.. right.Where(column => column.Kind == Kind.Number && column.Text.EndsWith(".id", StringComparison.Ordinal))];
        return before.Length > 0 && after.Length > 0 ? $"{Of(before).Text} >= {after[0].Text}" : null;
    }

    private string Equal(List<Column> left, List<Column> right)
    {
        foreach (Kind kind in Enum.GetValues<Kind>().OrderBy(_ => _random.Next()))
        {
            if (kind == Kind.Tally) continue;
            Column[] leftColumns = [.. left.Where(column => column.Kind == kind)];
            Column[] rightColumns = [.. right.Where(column => column.Kind == kind)];
            if (leftColumns.Length > 0 && rightColumns.Length > 0) return $"{Of(leftColumns).Text} {Of("=", "=", "=", "<", "IS NOT DISTINCT FROM")} {Of(rightColumns).Text}";
        }
        return "true";
    }

    private string Source(List<Column> scope, int depth)
    {
        string alias = $"\"{Name(Of("q", "p ", "名"))}\"";
        string made;
        List<Column> columns;
        switch (depth > 1 ? Pick(14) : 20)
        {
            case < 4:
                (string inner, columns) = Query(depth - 1);
                made = $"({inner})";
                break;
            case 4:
                made = $"(VALUES (1, 'a', DECIMAL '1.50'), (NULL, '北京', NULL), ({Pick(9)}, '', {Pick(9)}))";
                columns = [new("i", Kind.Number), new("s", Kind.Text), new("y", Kind.Money)];
                scope.AddRange(columns.Select(column => column with { Text = $"{alias}.{column.Text}" }));
                return $"{made} AS {alias}(i, s, y)";
            case 5:
                (made, columns) = Unpivoted();
                break;
            case 6:
                (made, columns) = Pivoted();
                break;
            default:
                (string name, (string Name, Kind Kind)[] fields) = Of(s_tables);
                made = name;
                columns = [.. fields.Select(field => new Column(field.Name, field.Kind))];
                break;
        }
        scope.AddRange(columns.Select(column => column with { Text = $"{alias}.{column.Text}" }));
        return $"{made} AS {alias}";
    }

    private (string, List<Column>) Unpivoted()
    {
        var scope = new List<Column>();
        string from = Source(scope, 0);
        string inner = $"SELECT {Expression(scope, Kind.Text, 1)} AS k, CAST({Expression(scope, Kind.Number, 1)} AS DOUBLE) AS v1, CAST({Expression(scope, Kind.Number, 1)} AS DOUBLE) AS v2 FROM {from}";
        return ($"(SELECT * FROM ({inner}) UNPIVOT {Of("", "INCLUDE NULLS ")}(v FOR name IN (v1, v2 AS '二')))", [new("k", Kind.Text), new("name", Kind.Text), new("v", Kind.Number)]);
    }

    private (string, List<Column>) Pivoted()
    {
        var scope = new List<Column>();
        string from = Source(scope, 0);
        string inner = $"SELECT {Expression(scope, Kind.Text, 1)} AS k, {Expression(scope, Kind.Truth, 1)} AS g, TRY_CAST({Expression(scope, Kind.Number, 1)} AS INTEGER) AS v FROM {from}";
        string aggregate = Of("sum(v)", "max(v)", "count(v)", "count(*)");
        return Pick(2) == 0
            ? ($"(SELECT * FROM ({inner}) PIVOT ({aggregate} FOR k IN ('a', '北京' AS 京, NULL AS none) GROUP BY g))", [new("g", Kind.Truth), new("a", Kind.Number), new("京", Kind.Number), new("none", Kind.Number)])
            : ($"(PIVOT ({inner}) ON k IN ('a', 'b') USING {aggregate} AS s, min(v) AS lo GROUP BY g)", [new("g", Kind.Truth), new("a_s", Kind.Number), new("a_lo", Kind.Number), new("b_s", Kind.Number), new("b_lo", Kind.Number)]);
    }
}

using System.Globalization;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>
/// Makes queries by chance from a grammar, over the tables t, u and m of <see cref="SqlWorkbench"/>. One seed makes one query. Whatever depends on the order of rows says a whole order,
/// and no value is made that does not fit its type, so that the same query gives the same rows however it is run.
/// </summary>
/// <param name="seed">Equal seeds make equal queries.</param>
internal sealed partial class RandomQueries(int seed)
{
    private enum Kind
    {
        Number,
        Money,
        Text,
        Truth,
        Time,
        Numbers,
        Pair,
        Tally,
    }

    // What most columns are of; the nested kinds come in more rarely.
    private static readonly Kind[] s_plain = [Kind.Number, Kind.Money, Kind.Text, Kind.Truth, Kind.Time];

    private readonly Random _random = new(seed);
    private int _names;

    /// <summary>A SELECT.</summary>
    internal string Next() => Query(3).Sql;

    private int Pick(int count) => _random.Next(count);

    private T Of<T>(params T[] choices) => choices[Pick(choices.Length)];

    private string Name(string letter) => string.Create(CultureInfo.InvariantCulture, $"{letter}{_names++}");

    private Kind AnyKind() => Pick(8) == 0 ? Of(Kind.Numbers, Kind.Pair, Kind.Tally) : Of(s_plain);

    private sealed record Column(string Text, Kind Kind);

    private (string Sql, List<Column> Columns) Query(int depth)
    {
        if (depth > 1 && Pick(7) == 0) return SetOperation(depth);
        if (depth > 1 && Pick(12) == 0) return Starred(depth);
        string with = "";
        var scope = new List<Column>();
        string from;
        if (depth > 1 && Pick(5) == 0)
        {
            (string name, string definition, List<Column> columns) = Pick(3) == 0 ? Recursive(depth) : Common(depth);
            string alias = Name("r");
            with = definition;
            from = $"{name} AS {alias}";
            scope.AddRange(columns.Select(column => column with { Text = $"{alias}.{column.Text}" }));
            // A common table is mostly there to be read twice.
            if (Pick(3) == 0)
            {
                string again = Name("r");
                from = $"{from} JOIN {name} AS {again} ON {alias}.{columns[0].Text} IS NOT DISTINCT FROM {again}.{columns[0].Text}";
                scope.AddRange(columns.Select(column => column with { Text = $"{again}.{column.Text}" }));
            }
        }
        else from = Joined(scope, depth);
        string where = Pick(2) == 0 ? $" WHERE {Truth(scope, 2, depth)}" : "";
        return Pick(3) == 0 ? Grouped(with, from, where, scope) : Plain(with, from, where, scope, depth);
    }

    private (string Name, string Definition, List<Column> Columns) Common(int depth)
    {
        (string inner, List<Column> columns) = Query(depth - 1);
        string name = Name("w");
        return (name, $"WITH {name} AS {Of("", "", "MATERIALIZED ")}({inner}) ", columns);
    }

    // It counts its rounds, so it ends.
    private (string Name, string Definition, List<Column> Columns) Recursive(int depth)
    {
        string name = Name("w");
        var start = new List<Column>();
        string from = Source(start, depth - 1);
        string anchor = $"SELECT 0, CAST({Expression(start, Kind.Number, 1)} AS DOUBLE), CAST({Expression(start, Kind.Text, 1)} AS VARCHAR) FROM {from}";
        List<Column> own = [new("n.i", Kind.Number), new("n.a", Kind.Number), new("n.b", Kind.Text)];
        List<Column> seen = own;
        string join = "";
        if (Pick(2) == 0)
        {
            join = $" {Of("JOIN", "LEFT JOIN")} u AS z ON z.k = n.b";
            seen = [.. own, new("z.w", Kind.Number), new("z.name", Kind.Text)];
        }
        string step = $"SELECT n.i + 1, CAST({Expression(seen, Kind.Number, 1)} AS DOUBLE), CAST({Expression(seen, Kind.Text, 1)} AS VARCHAR) FROM {name} AS n{join} WHERE n.i < {Pick(3)}";
        return (name, $"WITH RECURSIVE {name}(i, a, b) AS ({anchor} UNION{Of("", " ALL")} {step}) ", [new("i", Kind.Number), new("a", Kind.Number), new("b", Kind.Text)]);
    }

    private (string, List<Column>) Plain(string with, string from, string where, List<Column> scope, int depth)
    {
        var items = new List<string>();
        var columns = new List<Column>();
        bool isDistinct = Pick(6) == 0;
        bool hasWindow = false;
        for (int i = 1 + Pick(4); i > 0; i--)
        {
            Kind kind = AnyKind();
            string name = Name("c");
            bool isWindow = Pick(5) == 0;
            hasWindow |= isWindow;
            string value = isWindow ? Window(scope) : depth > 1 && Pick(12) == 0 ? Correlated(scope, ref kind) : Expression(scope, kind, 3);
            items.Add($"{value} AS {name}");
            columns.Add(new Column(name, isWindow ? Kind.Number : kind));
        }
        // A later item may be made of an earlier one.
        if (!isDistinct && !hasWindow && Pick(6) == 0)
        {
            string name = Name("c");
            items.Add($"coalesce({columns[0].Text}, {columns[0].Text}) AS {name}");
            columns.Add(new Column(name, columns[0].Kind));
        }
        string named = "";
        if (Pick(10) == 0)
        {
            string name = Name("c");
            items.Add($"count(*) OVER w AS {name}");
            columns.Add(new Column(name, Kind.Number));
            named = $" WINDOW w AS ({Partition(scope)}ORDER BY {WholeRow(scope)})";
        }
        string qualify = Pick(8) == 0 ? $" QUALIFY {Of("row_number", "rank", "dense_rank")}() OVER ({Partition(scope)}ORDER BY {WholeRow(scope)}) {Of("= 1", "<= 2", "> 1")}" : "";
        string sample = isDistinct ? "DISTINCT " : "";
        string order = Order(columns);
        if (!isDistinct && Pick(12) == 0)
        {
            // The first by all that comes out.
            sample = $"DISTINCT ON ({columns[0].Text}) ";
            order = $" ORDER BY {string.Join(", ", columns.Select(column => column.Text))}";
        }
        return ($"{with}SELECT {sample}{string.Join(", ", items)} FROM {from}{where}{named}{qualify}{order}", columns);
    }

    private (string, List<Column>) Grouped(string with, string from, string where, List<Column> scope)
    {
        var items = new List<string>();
        var columns = new List<Column>();
        var keys = new List<string>();
        bool hasSets = Pick(3) == 0;
        for (int i = hasSets ? 1 + Pick(3) : Pick(3); i > 0; i--)
        {
            Kind kind = Of(Kind.Number, Kind.Text, Kind.Truth, Kind.Time);
            Column[] plain = [.. scope.Where(column => column.Kind != Kind.Tally)];
            string key = hasSets && plain.Length > 0 ? Of(plain).Text : Expression(scope, kind, 1);
            if (hasSets) kind = plain.FirstOrDefault(column => column.Text == key)?.Kind ?? kind;
            if (keys.Contains(key)) continue;
            string name = Name("g");
            keys.Add(key);
            items.Add($"{key} AS {name}");
            columns.Add(new Column(name, kind));
        }
        for (int i = 1 + Pick(3); i > 0; i--)
        {
            string name = Name("a");
            (string call, Kind kind) = Aggregate(scope);
            items.Add($"{call} AS {name}");
            columns.Add(new Column(name, kind));
        }
        if (Pick(6) == 0)
        {
            string name = Name("a");
            items.Add($"rank() OVER (ORDER BY count(*), min({Expression(scope, Kind.Number, 1)})) AS {name}");
            columns.Add(new Column(name, Kind.Number));
        }
        string list = string.Join(", ", keys);
        string group = keys.Count == 0 ? "" : Pick(4) == 0 ? " GROUP BY ALL" : $" GROUP BY {list}";
        if (hasSets && keys.Count > 0)
        {
            string name = Name("a");
            items.Add($"grouping({Of(list, keys[0])}) AS {name}");
            columns.Add(new Column(name, Kind.Number));
            group = $" GROUP BY {Of($"ROLLUP ({list})", $"CUBE ({list})", $"GROUPING SETS (({list}), ({keys[^1]}), ())")}";
        }
        string having = Pick(4) == 0 ? $" HAVING count(*) {Of(">", "<=", "<>")} {Pick(4)}" : "";
        return ($"{with}SELECT {string.Join(", ", items)} FROM {from}{where}{group}{having}{Order(columns)}", columns);
    }

    private (string Call, Kind Kind) Aggregate(List<Column> scope)
    {
        string number = Expression(scope, Kind.Number, 1);
        string money = Expression(scope, Kind.Money, 1);
        string text = Expression(scope, Kind.Text, 1);
        string whole = $"TRY_CAST({number} AS INTEGER)";
        string filter = Pick(4) == 0 ? $" FILTER (WHERE {Truth(scope, 1, 0)})" : "";
        (string call, Kind kind) = Pick(18) switch
        {
            0 => ("count(*)", Kind.Number),
            1 => ($"count({number})", Kind.Number),
            2 => ($"min({number})", Kind.Number),
            3 => ($"max({number})", Kind.Number),
            4 => ($"count(DISTINCT {number})", Kind.Number),
            5 => ($"sum({whole})", Kind.Number),
            6 => ($"quantile_disc({number}, 0.5)", Kind.Number),
            7 => ($"sum({money})", Kind.Number),
            8 => ($"avg({whole})", Kind.Number),
            9 => ($"avg({money})", Kind.Number),
            10 => ($"string_agg({text}, ',' ORDER BY concat({text}, '') DESC)", Kind.Text),
            11 => ($"list(CAST({whole} AS BIGINT) ORDER BY {whole} NULLS FIRST)", Kind.Numbers),
            12 => ($"bool_or({Expression(scope, Kind.Truth, 1)})", Kind.Truth),
            13 => ($"max({text})", Kind.Text),
            14 => ($"min({Expression(scope, Kind.Time, 1)})", Kind.Time),
            15 => ($"count_if({Expression(scope, Kind.Truth, 1)})", Kind.Number),
            16 => ($"percentile_disc(0.25) WITHIN GROUP (ORDER BY {whole})", Kind.Number),
            _ => ($"sum(DISTINCT {whole})", Kind.Number),
        };
        return ($"{call}{filter}", kind);
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
        List<Column> columns = [.. Enumerable.Range(0, 1 + Pick(3)).Select(_ => new Column(Name("c"), AnyKind()))];
        string One(IEnumerable<Column> shown)
        {
            var scope = new List<Column>();
            string from = Source(scope, depth - 1);
            string where = Pick(3) == 0 ? $" WHERE {Truth(scope, 1, 0)}" : "";
            return $"SELECT {string.Join(", ", shown.Select(column => $"{Exactly(column.Kind, Expression(scope, column.Kind, 2))} AS {column.Text}"))} FROM {from}{where}";
        }
        if (Pick(6) == 0)
        {
            var extra = new Column(Name("c"), Kind.Text);
            return ($"{One(columns)} UNION{Of("", " ALL")} BY NAME {One([extra, .. columns])}", [.. columns, extra]);
        }
        string Word() => Of("UNION ALL", "UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL");
        string sql = $"{One(columns)} {Word()} {One(columns)}";
        if (Pick(3) == 0) sql = Pick(2) == 0 ? $"{sql} {Word()} {One(columns)}" : $"{One(columns)} {Word()} ({sql})";
        return ($"{sql}{Order(columns)}", columns);
    }

    // Both sides of a set operation are of one type, or the types that they share might not hold their values.
    private static string Exactly(Kind kind, string expression) => kind == Kind.Number ? $"CAST({expression} AS DOUBLE)" : kind == Kind.Time ? $"CAST({expression} AS TIMESTAMPTZ)" : expression;

    /// <summary>Stars and COLUMNS over a query.</summary>
    private (string, List<Column>) Starred(int depth)
    {
        (string inner, List<Column> columns) = Query(depth - 1);
        string from = $"FROM ({inner}) AS {Name("q")}";
        Column first = columns[0];
        Column[] numbers = [.. columns.Where(column => column.Kind == Kind.Number)];
        string renamed = Name("c");
        return Pick(8) switch
        {
            0 when columns.Count > 1 => ($"SELECT * EXCLUDE ({first.Text}) {from}", columns[1..]),
            1 => ($"SELECT * REPLACE ({Expression([first], first.Kind, 2)} AS {first.Text}) {from}", columns),
            2 => ($"SELECT * RENAME ({first.Text} AS {renamed}) {from}", [first with { Text = renamed }, .. columns[1..]]),
            3 => ($"SELECT COLUMNS('^[a-z]') {from}", columns),
            4 => ($"SELECT max(COLUMNS(['{first.Text}'])) AS '{renamed}_\\0', count(*) AS {renamed} {from}", [new Column($"{renamed}_{first.Text}", first.Kind), new Column(renamed, Kind.Number)]),
            5 when numbers.Length > 0 => ($"SELECT COLUMNS(c -> c = '{numbers[0].Text}') + 1e0 {from}", [numbers[0]]),
            6 => ($"SELECT * LIKE '{first.Text}' {from}", [first]),
            _ => ($"{from}", columns),
        };
    }
}

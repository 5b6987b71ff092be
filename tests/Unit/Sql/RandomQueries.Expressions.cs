namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>Values.</summary>
internal sealed partial class RandomQueries
{
    private string Partition(List<Column> scope) => Pick(2) == 0 ? $"PARTITION BY {Of([.. scope]).Text} " : "";

    // The whole row in order, so that no two ways to break a tie differ.
    private static string WholeRow(List<Column> scope) => string.Join(", ", scope.Select(column => column.Text));

    private string Window(List<Column> scope)
    {
        string over = $"{Partition(scope)}ORDER BY {WholeRow(scope)}";
        string frame = Of(
            "", " ROWS BETWEEN 2 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING", " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES",
            " ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW", " RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING", " ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING EXCLUDE GROUP");
        string number = Expression(scope, Kind.Number, 1);
        Column[] times = [.. scope.Where(column => column.Kind == Kind.Time)];
        return Pick(9) switch
        {
            0 => $"count(*) OVER ({over}{frame})",
            1 => $"{Of("rank", "dense_rank", "row_number")}() OVER ({over})",
            2 => $"{Of("lag", "lead")}({number}{Of("", ", 2", ", 1, NULL")}) OVER ({over})",
            3 => $"{Of("first_value", "last_value")}({number}{Of("", " IGNORE NULLS")}) OVER ({over}{frame})",
            4 => $"nth_value({number}, 2) OVER ({over}{frame})",
            5 => $"sum(TRY_CAST({number} AS INTEGER)) {(Pick(2) == 0 ? $"FILTER (WHERE {Truth(scope, 1, 0)}) " : "")}OVER ({over}{frame})",
            6 => $"ntile({1 + Pick(4)}) OVER ({over})",
            // Rows that tie on the time are all in the frame.
            7 when times.Length > 0 => $"count({number}) OVER (ORDER BY CAST({times[0].Text} AS TIMESTAMPTZ) RANGE BETWEEN INTERVAL {Pick(90)} MINUTE PRECEDING AND INTERVAL 1 DAY FOLLOWING)",
            _ => $"max({number}) OVER ({over}{frame})",
        };
    }

    // A subquery that reads the row around it.
    private string Correlated(List<Column> scope, ref Kind kind)
    {
        string condition = Equal(scope, [new Column("z.id", Kind.Number), new Column("z.k", Kind.Text), new Column("z.since", Kind.Time)]);
        switch (Pick(4))
        {
            case 0:
                kind = Kind.Truth;
                return $"{Of("", "NOT ")}EXISTS (SELECT 1 FROM u AS z WHERE {condition})";
            case 1:
                kind = Kind.Text;
                return $"(SELECT max(z.name) FROM u AS z WHERE {condition})";
            case 2:
                kind = Kind.Truth;
                return $"{Expression(scope, Kind.Number, 1)} {Of("=", ">", "<=")} {Of("ANY", "ALL")} (SELECT z.w FROM u AS z)";
            default:
                kind = Kind.Number;
                return $"(SELECT count(*) FROM u AS z WHERE {condition})";
        }
    }

    private string Expression(List<Column> scope, Kind kind, int depth)
    {
        Column[] columns = [.. scope.Where(column => column.Kind == kind)];
        if (depth == 0 || Pick(3) == 0) return columns.Length > 0 && Pick(4) > 0 ? Of(columns).Text : Constant(kind);
        string One(Kind of) => Expression(scope, of, depth - 1);
        string Whole() => $"TRY_CAST({One(Kind.Number)} AS BIGINT)";
        switch (kind)
        {
            // What is taken out of a constant NULL has no type in DuckDB, and becomes an INTEGER as a column; in the bound tree it keeps its own.
            case Kind.Number:
                return Of($"({One(kind)} {Of("+", "-", "*")} CAST({One(kind)} AS DOUBLE))", $"abs({One(kind)})", $"coalesce({One(kind)}, {One(kind)})", $"length({One(Kind.Text)})",
                    $"CASE WHEN {One(Kind.Truth)} THEN {One(kind)} ELSE {One(kind)} END", $"(- {One(kind)})", $"TRY_CAST({One(Kind.Text)} AS INTEGER)", $"extract({Of("year", "month", "hour", "isodow", "week", "epoch")} FROM CAST({One(Kind.Time)} AS TIMESTAMPTZ))",
                    $"nullif({One(kind)}, {One(kind)})", $"greatest({One(kind)}, {One(kind)})", $"len({One(Kind.Numbers)})", $"CAST({One(Kind.Numbers)}[{Of("1", "2", "-1")}] AS BIGINT)", $"CAST(struct_extract({One(Kind.Pair)}, 'a') AS BIGINT)", $"{One(Kind.Tally)}['a']",
                    $"cardinality({One(Kind.Tally)})", $"CAST({One(Kind.Money)} AS DOUBLE)", $"({Whole()} // 7)", $"(TRY_CAST({One(kind)} AS INTEGER) % 3)", $"date_diff('{Of("hour", "day", "month")}', CAST({One(Kind.Time)} AS TIMESTAMPTZ), CAST({One(Kind.Time)} AS TIMESTAMPTZ))");
            case Kind.Money:
                return Of($"TRY_CAST({One(Kind.Number)} AS DECIMAL(12,2))", $"TRY_CAST({One(kind)} + {One(kind)} AS DECIMAL(12,2))", $"TRY_CAST({One(kind)} * {One(kind)} AS DECIMAL(12,2))", $"abs({One(kind)})", $"coalesce({One(kind)}, 0.00)",
                    $"CASE WHEN {One(Kind.Truth)} THEN {One(kind)} END", $"round({One(kind)}, 1)", $"CAST({One(kind)} AS DECIMAL(18,4))", $"least({One(kind)}, {One(kind)})");
            case Kind.Text:
                return Of($"({One(kind)} || {One(kind)})", $"upper({One(kind)})", $"substring({One(kind)} FROM 1 FOR {Pick(4) + 1})", $"concat({One(kind)}, {One(kind)})", $"replace({One(kind)}, 'a', {One(kind)})",
                    $"CASE {One(kind)} WHEN {One(kind)} THEN {One(kind)} END", $"CAST({One(Kind.Truth)} AS VARCHAR)", $"md5({One(kind)})", $"CAST(struct_extract({One(Kind.Pair)}, 'b') AS VARCHAR)", $"CAST({One(Kind.Money)} AS VARCHAR)",
                    $"strftime(CAST({One(Kind.Time)} AS TIMESTAMPTZ), '%Y年%m月%d日 %H:%M')", $"concat_ws('·', {One(kind)}, {One(Kind.Money)})", $"split_part({One(kind)}, 'a', 1)", $"regexp_replace({One(kind)}, '[a-c]', '_', 'g')", $"CAST({One(Kind.Numbers)} AS VARCHAR)");
            case Kind.Time:
                string moment = $"CAST({One(kind)} AS TIMESTAMPTZ)";
                return Of($"({moment} + INTERVAL {Pick(100)} {Of("MINUTE", "DAY", "MONTH")})", $"date_trunc('{Of("hour", "day", "week", "quarter")}', {moment})", $"coalesce({moment}, TIMESTAMPTZ '2001-03-25 01:30:00+00')",
                    $"(({moment} AT TIME ZONE '{Of("Europe/Berlin", "Asia/Shanghai", "America/St_Johns")}') AT TIME ZONE '{Of("UTC", "America/New_York")}')", $"time_bucket(INTERVAL {1 + Pick(5)} HOUR, {moment})", $"CAST({moment} AS DATE)",
                    $"make_timestamptz(epoch_us({moment}) - 1)");
            case Kind.Numbers:
                return Of($"[{Whole()}, {Whole()}]", $"list_transform({One(kind)}, lambda e: TRY_CAST(CAST(e AS DOUBLE) + {One(Kind.Number)} AS BIGINT))", $"list_filter({One(kind)}, lambda e: e > {One(Kind.Number)})",
                    $"[CASE WHEN e > 0 THEN e END FOR e IN {One(kind)} IF e IS NOT NULL]", $"list_sort({One(kind)})", $"list_concat({One(kind)}, {One(kind)})", $"{One(kind)}[1:2]", $"list_sort(list_distinct({One(kind)}))",
                    $"CASE WHEN {One(Kind.Truth)} THEN {One(kind)} ELSE {One(kind)} END", $"list_transform({One(kind)}, lambda e, i: i)");
            case Kind.Pair:
                return Of($"{{'a': {Whole()}, 'b': {One(Kind.Text)}}}", $"struct_pack(a := {Whole()}, b := {One(Kind.Text)})", $"CASE WHEN {One(Kind.Truth)} THEN {One(kind)} END", $"coalesce({One(kind)}, {One(kind)})");
            case Kind.Tally:
                return Of($"map {{'a': {Whole()}, '北京': {Whole()}}}", $"map(['a', 'z'], [{Whole()}, 1])", $"map_concat({One(kind)}, map {{'c': {Whole()}}})", $"coalesce({One(kind)}, {One(kind)})");
            default:
                return Truth(scope, depth, 0);
        }
    }

    private string Truth(List<Column> scope, int depth, int queryDepth)
    {
        if (queryDepth > 1 && Pick(6) == 0)
        {
            Kind ignored = Kind.Truth;
            return Of("EXISTS (SELECT 1 FROM u AS e WHERE e.w > 5)", $"{Expression(scope, Kind.Number, 1)} {Of("", "NOT ")}IN (SELECT z.id FROM u AS z)", $"{Expression(scope, Kind.Number, 1)} > (SELECT min(z.w) FROM u AS z)", $"{Correlated(scope, ref ignored)} IS NOT NULL");
        }
        string One(Kind of) => Expression(scope, of, depth - 1);
        if (depth <= 0) return Expression(scope, Kind.Truth, 0);
        return "(" + Of($"{One(Kind.Number)} {Of("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM")} {One(Kind.Number)}", $"{One(Kind.Text)} {Of("=", "<", "LIKE", "NOT LIKE", "ILIKE", "IS NOT DISTINCT FROM")} {One(Kind.Text)}",
            $"({One(Kind.Truth)} {Of("AND", "OR")} {One(Kind.Truth)})", $"NOT {One(Kind.Truth)}", $"{One(Of(Kind.Number, Kind.Text, Kind.Time, Kind.Pair, Kind.Numbers))} IS {Of("", "NOT ")}NULL",
            $"{One(Kind.Number)} {Of("", "NOT ")}BETWEEN {One(Kind.Number)} AND {One(Kind.Number)}", $"{One(Kind.Text)} {Of("", "NOT ")}IN ({One(Kind.Text)}, {One(Kind.Text)})", $"{One(Kind.Money)} {Of("=", "<", ">=")} {One(Kind.Money)}",
            $"CAST({One(Kind.Time)} AS TIMESTAMPTZ) {Of("=", "<", ">=")} CAST({One(Kind.Time)} AS TIMESTAMPTZ)", $"list_contains({One(Kind.Numbers)}, TRY_CAST({One(Kind.Number)} AS BIGINT))", $"isnan(CAST({One(Kind.Number)} AS DOUBLE))") + ")";
    }

    private string Constant(Kind kind) => kind switch
    {
        Kind.Number => Of("0", "1", "-7", "2.50", "1e3", "'nan'::DOUBLE", "NULL::INTEGER", "9223372036854775807"),
        Kind.Money => Of("0.00", "12.34::DECIMAL(12,2)", "-0.01::DECIMAL(12,2)", "NULL::DECIMAL(12,2)"),
        Kind.Text => Of("'a'", "'北京'", "''", "'it''s'", "NULL::VARCHAR", "'%'"),
        Kind.Truth => Of("true", "false", "NULL::BOOLEAN"),
        Kind.Numbers => Of("CAST([1, 2, NULL] AS BIGINT[])", "CAST([] AS BIGINT[])", "CAST(NULL AS BIGINT[])", "CAST([3, 1, 2] AS BIGINT[])"),
        Kind.Pair => Of("{'a': 1::BIGINT, 'b': '二'}", "CAST(NULL AS STRUCT(a BIGINT, b VARCHAR))"),
        Kind.Tally => Of("map(['a'], [1::BIGINT])", "CAST(NULL AS MAP(VARCHAR, BIGINT))"),
        _ => Of("DATE '2001-02-28'", "TIMESTAMPTZ '2001-03-25 00:59:59.999999+00'", "TIMESTAMPTZ '2001-01-01 01:00:00+00'", "NULL::TIMESTAMPTZ"),
    };
}

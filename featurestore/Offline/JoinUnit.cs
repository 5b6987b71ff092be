using System.Globalization;
using Lepton.Data.FeatureStore.Definitions;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>What has one winner for each label: a view, or one feature of a view that skips NULLs. It writes the SQL of the join.</summary>
/// <remarks>
/// A row of the view can be seen from a = max(e, c) on (strict: max(e + 1, c)), and of the rows that can be seen the greatest (e, c, sequence) wins. So a row counts only if it is the
/// greatest of its key and a, and greater than all that could be seen before: the frontier. On it, in order of a, the last with a &lt;= t is the winner, which is an ASOF join
/// with one inequality. "Greater than all before" needs only e: among rows of equal e the one with the later a has the greater c. Times are BIGINT microseconds throughout, and keys
/// are numbered by those that the labels have, so that rows nobody asks for fall out first and the sort compares numbers.
/// </remarks>
internal sealed class JoinUnit(ViewJoin join, int number, string tableInput, EntityKeys keys, IReadOnlyList<string> features)
{
    /// <summary>The column that numbers the label rows, from 1.</summary>
    internal const string RowColumn = "__row";

    /// <summary>The label's time in microseconds.</summary>
    internal const string TimeColumn = "__time";

    /// <summary>The name under which the numbered labels are read.</summary>
    internal const string LabelsInput = "__labels";

    private readonly FeatureView _view = join.View;

    internal ViewJoin Join => join;

    /// <summary>The features that have this winner.</summary>
    internal IReadOnlyList<string> Features => features;

    internal string FrontierInput { get; } = Numbered("__frontier_", number);

    internal string WinnersInput { get; } = Numbered("__winners_", number);

    internal string ValuesInput { get; } = Numbered("__values_", number);

    /// <summary>The rows that can win, numbered: <c>id, k, e, c, s, a</c>.</summary>
    internal string FrontierSql => $"""
        SELECT row_number() OVER () AS id, k, e, c, s, a
        FROM (
          SELECT k, e, c, s, a,
            lead(a) OVER (PARTITION BY k ORDER BY {Order}) AS following,
            max(e) OVER (PARTITION BY k ORDER BY {Order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS newest
          FROM (SELECT k, e, c, s, {(_view.IsStrict ? "greatest(e + 1, c)" : "greatest(e, c)")} AS a FROM ({RowsSql(withFeatures: false)}) AS rows) AS visible
        ) AS ranked
        WHERE (following IS NULL OR following > a) AND e >= newest
        """;

    /// <summary>For each label that found a row: <c>row_number, id, is_expired</c>.</summary>
    internal string WinnersSql => $"""
        SELECT l.{RowColumn} AS row_number, f.id AS id, {IsExpired} AS is_expired
        FROM (SELECT n.{RowColumn}, n.{TimeColumn}, k.k FROM {LabelsInput} AS n JOIN {keys.Input} AS k ON {keys.Equal("k", key => $"n.{Name(key)}")}) AS l
        ASOF JOIN {FrontierInput} AS f ON l.k = f.k AND l.{TimeColumn} >= f.a
        """;

    /// <summary>The features of the winners: <c>id, f0…</c>; an id occurs twice where rows tie with different values.</summary>
    internal string ValuesSql => $"""
        SELECT DISTINCT f.id AS id{FeatureColumns("v.")}
        FROM (SELECT DISTINCT id FROM {WinnersInput}) AS w
        JOIN {FrontierInput} AS f ON f.id = w.id
        JOIN ({RowsSql(withFeatures: true)}) AS v ON v.k = f.k AND v.e = f.e AND v.c = f.c AND v.s = f.s
        """;

    /// <summary>How many different rows won, and how many labels' winners are too old.</summary>
    internal string WinnerCountSql => $"SELECT count(DISTINCT id) AS winners, count(CASE WHEN is_expired THEN 1 END) AS expired FROM {WinnersInput}";

    /// <summary>The first of the winners that tie: <c>k0…, e</c>.</summary>
    internal string FirstTieSql => $"""
        SELECT {keys.Columns("k.")}, f.e AS e
        FROM (SELECT id FROM {ValuesInput} GROUP BY id HAVING count(*) > 1) AS t
        JOIN {FrontierInput} AS f ON f.id = t.id
        JOIN {keys.Input} AS k ON k.k = f.k
        ORDER BY f.e, {keys.Columns("k.")}
        LIMIT 1
        """;

    /// <summary>For a view without event time: a key that occurs more than once, <c>k0…, n</c>.</summary>
    internal string FirstDuplicateKeySql
    {
        get
        {
            string columns = string.Join(", ", _view.KeyColumns.Select(Name));
            string present = string.Join(" AND ", _view.KeyColumns.Select(column => $"{Name(column)} IS NOT NULL"));
            return $"SELECT {columns}, count(*) AS n FROM {tableInput} WHERE {present} GROUP BY {columns} HAVING count(*) > 1 ORDER BY {columns} LIMIT 1";
        }
    }

    /// <summary>For a view without event time: the features of the labels that found their key, <c>row_number, f0…</c>.</summary>
    internal string ValuesByKeySql
    {
        get
        {
            string on = string.Join(" AND ", join.Entity.Keys.Select((key, i) => $"l.{Name(key)} = v.{Name(_view.KeyColumns[i])}"));
            string columns = string.Concat(features.Select((feature, i) => $", v.{Name(feature)} AS {Numbered("f", i)}"));
            return $"SELECT l.{RowColumn} AS row_number{columns} FROM {LabelsInput} AS l JOIN {tableInput} AS v ON {on}";
        }
    }

    /// <summary>The expression of one feature in the final SELECT.</summary>
    internal string ValueOf(int featureIndex) => _view.IsPointInTime
        ? string.Create(CultureInfo.InvariantCulture, $"CASE WHEN NOT w{number}.is_expired THEN v{number}.f{featureIndex} END")
        : string.Create(CultureInfo.InvariantCulture, $"v{number}.f{featureIndex}");

    /// <summary>The joins of the final SELECT, after <c>FROM __labels AS l</c>.</summary>
    internal string FinalJoins => _view.IsPointInTime
        ? string.Create(CultureInfo.InvariantCulture, $"""
            LEFT JOIN {WinnersInput} AS w{number} ON w{number}.row_number = l.{RowColumn}
            LEFT JOIN {ValuesInput} AS v{number} ON v{number}.id = w{number}.id
            """)
        : string.Create(CultureInfo.InvariantCulture, $"LEFT JOIN {ValuesInput} AS v{number} ON v{number}.row_number = l.{RowColumn}");

    /// <summary>The column of the final SELECT that is NULL for absent, else whether the winner is expired.</summary>
    internal string IsExpiredColumn => Numbered("w", number) + ".is_expired";

    private string Order => _view.Sequence is null ? "a, e, c" : "a, e, c, s";

    // e < t - ttl, where t - ttl stays in the range of a BIGINT: below it, nothing is older.
    private string IsExpired
    {
        get
        {
            if (_view.Ttl is not { } ttl) return "FALSE";
            long microseconds = ttl.Ticks / TimeSpan.TicksPerMicrosecond;
            return $"CASE WHEN l.{TimeColumn} >= {BigInt(long.MinValue + microseconds)} THEN f.e < l.{TimeColumn} - {BigInt(microseconds)} ELSE FALSE END";
        }
    }

    /// <summary>The view's rows that labels ask for and that can be seen at some time: <c>k, e, c, s[, f0…]</c>.</summary>
    private string RowsSql(bool withFeatures)
    {
        string e = $"epoch_us(r.{Name(_view.EventTime!)})";
        string c = _view.CreatedTime is null ? e : $"epoch_us(r.{Name(_view.CreatedTime)})";
        string s = _view.Sequence is null ? BigInt(0) : $"coalesce(r.{Name(_view.Sequence)}, {BigInt(long.MinValue)})";
        string values = withFeatures ? string.Concat(features.Select((feature, i) => $", r.{Name(feature)} AS {Numbered("f", i)}")) : "";
        string known = _view.CreatedTime is null ? "" : $" AND {c} IS NOT NULL";
        string present = _view.SkipsNulls ? $" AND r.{Name(features[0])} IS NOT NULL" : "";
        string on = keys.Equal("k", (_, i) => $"r.{Name(_view.KeyColumns[i])}");
        return $"SELECT k.k, {e} AS e, {c} AS c, {s} AS s{values} FROM {tableInput} AS r JOIN {keys.Input} AS k ON {on} WHERE {e} IS NOT NULL{known}{present}";
    }

    private string FeatureColumns(string prefix) => string.Concat(Enumerable.Range(0, features.Count).Select(i => $", {prefix}{Numbered("f", i)}"));

    private static string Numbered(string prefix, int number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{number}");
}

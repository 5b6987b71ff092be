using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Growth;

/// <summary>Why growth cannot be proved right, for people.</summary>
internal static class Reasons
{
    private static readonly string[] s_integers = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT"];

    internal static BilingualText Limit { get; } = new("LIMIT keeps rows by what all others are", "LIMIT 保留哪些行取决于其余所有行");

    internal static BilingualText Groups { get; } = new("a group is made of rows of several runs", "一个分组由多次运行的行组成");

    internal static BilingualText Windows { get; } = new("a window function looks at rows of several runs", "窗口函数会读取多次运行的行");

    internal static BilingualText Distinct { get; } = new("DISTINCT, UNION, EXCEPT and INTERSECT compare rows of several runs", "DISTINCT、UNION、EXCEPT 和 INTERSECT 会比较多次运行的行");

    internal static BilingualText DistinctOn { get; } = new("DISTINCT ON compares rows of several keys", "DISTINCT ON 会比较多个键的行");

    internal static BilingualText Recursion { get; } = new("what a recursion reads cannot be told apart", "无法区分递归查询读取了哪些行");

    internal static BilingualText FullJoin { get; } = new("a FULL JOIN gives rows for what did not match", "FULL JOIN 会输出未匹配的行");

    internal static BilingualText SelfJoin { get; } = new("the join puts rows side by side of which each may be of another run or key", "该连接会把属于不同运行或不同键的行并列");

    internal static BilingualText WindowOverKeys { get; } = new("a window function looks at rows of several keys; name the keys in its PARTITION BY", "窗口函数会读取多个键的行；请在 PARTITION BY 中写出这些键");

    internal static BilingualText WindowOverTime { get; } = new(
        "a window function looks at rows of several windows of time; sort it by the time column alone and bound its frame, as in RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW",
        "窗口函数会读取多个时间窗口的行；请仅按时间列排序并限定范围，例如 RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW");

    internal static BilingualText GroupOfAll { get; } = new("an aggregate without GROUP BY has a row even where there are none", "没有 GROUP BY 的聚合在没有行时也会输出一行");

    internal static BilingualText EqualNotSame { get; } = new(
        "the key is made of values that count as equal here and may yet differ (0.0 and -0.0, intervals); take the column itself as the key",
        "键由在此处视为相等但可能不同的值得出（如 0.0 与 -0.0、时间间隔）；请直接用该列作键");

    internal static BilingualText KeyNotGrouped(string key) => new($"rows of several '{key}' are in one group; group by it", $"一个分组中含有多个 '{key}'；请按它分组");

    internal static BilingualText KeyFromElsewhere(string input) => new($"the key is not made of columns of {input} alone", $"键并非仅由 {input} 的列得出");

    internal static BilingualText KeyTypes(BoundColumn one, BoundColumn other)
    {
        // The narrower of two integers is cast, so that no value is too large.
        if (Array.IndexOf(s_integers, one.Type.Name) > Array.IndexOf(s_integers, other.Type.Name)) (one, other) = (other, one);
        return new(
            $"the join compares '{one.Name}' ({one.Type}) with '{other.Name}' ({other.Type}), and equal values of two types are two keys; in a subquery or a step before, write CAST({one.Name} AS {other.Type}) AS {one.Name}",
            $"该连接比较 '{one.Name}'（{one.Type}）与 '{other.Name}'（{other.Type}），类型不同的相等值是两个键；请在子查询或前一步骤中写 CAST({one.Name} AS {other.Type}) AS {one.Name}");
    }

    internal static BilingualText OuterSide(string input) => new($"rows appear and vanish by whether {input} has a match for them", $"行是否出现取决于 {input} 中有无匹配");

    internal static BilingualText Subquery(string input) => new($"a subquery in an expression reads {input} as a whole", $"表达式中的子查询会读取整个 {input}");

    internal static BilingualText Lateral(string input) => new($"LATERAL reads {input} anew for each row", $"LATERAL 会为每一行重新读取 {input}");

    internal static BilingualText NotRead(string input) => new($"a part of the query does not read {input}, so that its rows would come again with each run", $"查询有一部分不读取 {input}，其行会随每次运行重复出现");

    internal static BilingualText ReadTwice(string table) => new($"{table} is read twice, for rows of different keys", $"{table} 被读取两次，且对应的键不同");

    internal static BilingualText Lookback(TimeSpan needed, TimeSpan declared)
        => new($"a window function looks back {Text(needed)}, further than lookback ({Text(declared)})", $"窗口函数回看 {Text(needed)}，超过了 lookback（{Text(declared)}）");

    private static string Text(TimeSpan span)
        => span.Ticks % TimeSpan.TicksPerDay == 0 ? Number(span.Days, "d")
            : span.Ticks % TimeSpan.TicksPerHour == 0 ? Number(span.Ticks / TimeSpan.TicksPerHour, "h")
            : span.Ticks % TimeSpan.TicksPerMinute == 0 ? Number(span.Ticks / TimeSpan.TicksPerMinute, "min")
            : Number(span.Ticks / TimeSpan.TicksPerMicrosecond, "us");

    private static string Number(long count, string unit) => string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
}

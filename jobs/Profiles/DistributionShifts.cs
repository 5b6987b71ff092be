using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>How the distributions of columns differ: many columns in one pass over each side.</summary>
internal static class DistributionShifts
{
    private const int CategoryCount = Profiler.TopCount;
    private const double ShareMin = 0.0001;

    /// <summary>Fills in <see cref="ColumnDiff.Psi"/> and <see cref="ColumnDiff.Shifts"/>; of personal columns neither, since both are reckoned from values.</summary>
    internal static async ValueTask FindAsync(ColumnDiff[] columns, long leftRows, long rightRows, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        if (leftRows == 0 || rightRows == 0) return;
        int[] open = [.. Enumerable.Range(0, columns.Length).Where(i => !columns[i].IsPersonal && columns[i].Left.Field.Type.Children.Count == 0 && columns[i].Right.Field.Type.Children.Count == 0)];
        foreach (int[] some in open.Where(i => HasScale(columns[i])).Chunk(Profiler.ColumnsAQuery))
        {
            List<long[]> left = await BinsAsync("l", [.. some.Select(i => columns[i])], column => column.Left, leftRows, queries, inputs, cancellationToken).ConfigureAwait(false);
            List<long[]> right = await BinsAsync("r", [.. some.Select(i => columns[i])], column => column.Right, rightRows, queries, inputs, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < some.Length; i++) columns[some[i]] = columns[some[i]] with { Psi = PsiOf(left[i], right[i]) };
        }
        foreach (int[] some in open.Where(i => !HasScale(columns[i])).Chunk(Profiler.ColumnsAQuery))
        {
            int[] counted = [.. some.Where(i => HasTop(columns[i].Left) && HasTop(columns[i].Right))];
            List<Dictionary<string, long>> left = await CountsAsync("l", [.. counted.Select(i => (columns[i].Left, columns[i].Right))], queries, inputs, cancellationToken).ConfigureAwait(false);
            List<Dictionary<string, long>> right = await CountsAsync("r", [.. counted.Select(i => (columns[i].Right, columns[i].Left))], queries, inputs, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < counted.Length; i++)
                columns[counted[i]] = WithShifts(columns[counted[i]], left[i].Keys.Union(right[i].Keys).Select(value => new ValueShift(value, left[i].GetValueOrDefault(value), right[i].GetValueOrDefault(value))), leftRows, rightRows);
            // What has too many different values to have been counted, or is no text on both sides, is counted here, by itself.
            foreach (int i in some.Except(counted)) columns[i] = await GroupedAsync(columns[i], leftRows, rightRows, queries, inputs, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The population stability index of counts by bin, see <see cref="ColumnDiff.Psi"/>.</summary>
    internal static double PsiOf(IReadOnlyList<long> left, IReadOnlyList<long> right)
    {
        (double leftAll, double rightAll) = (left.Sum(), right.Sum());
        double psi = 0;
        for (int i = 0; i < left.Count; i++)
        {
            if (left[i] == 0 && right[i] == 0) continue;
            (double p, double q) = (Math.Max(left[i] / leftAll, ShareMin), Math.Max(right[i] / rightAll, ShareMin));
            psi += (q - p) * Math.Log(q / p);
        }
        return psi;
    }

    // Numbers with numbers, dates with dates, times with times: each pair has one scale.
    private static bool HasScale(ColumnDiff column) => ScaleOf(column.Left) is { } scale && scale == ScaleOf(column.Right);

    private static int? ScaleOf(ColumnProfile profile) => profile.Field.Type.Id switch
    {
        TypeId.Integer or TypeId.Float or TypeId.Decimal => 0,
        TypeId.Date => 1,
        TypeId.Instant or TypeId.NaiveTime => 2,
        _ => null,
    };

    // The bins are the tenths of the left side, each up to its edge; the last has what lies beyond all edges, and NULL and what is no number are a bin of their own.
    private static async ValueTask<List<long[]>> BinsAsync(string side, ColumnDiff[] columns, Func<ColumnDiff, ColumnProfile> of, long rows, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        double[][] edges = [.. columns.Select(column => column.Left.Tenths.Distinct().ToArray())];
        string asked = string.Join(", ", columns.Select((column, i) =>
        {
            string scale = new ProfileExpressions(of(column).Field, i, areQuantilesExact: false).Scale!;
            string count = FormattableString.Invariant($"count({scale}) AS n{i}");
            return edges[i].Length == 0 ? count : FormattableString.Invariant($"{count}, CAST(histogram({scale}, [{string.Join(", ", edges[i].Select(ProfileExpressions.Double))}]) AS MAP(DOUBLE, BIGINT)) AS h{i}");
        }));
        object?[] answer = (await queries.ReadAsync($"SELECT {asked} FROM {side}", inputs, cancellationToken).ConfigureAwait(false))[0];
        var bins = new List<long[]>();
        int at = 0;
        for (int i = 0; i < columns.Length; i++)
        {
            long present = (long)answer[at++]!;
            long[] counts = new long[edges[i].Length + 2];
            if (edges[i].Length > 0)
                foreach ((object edge, object? n) in (KeyValuePair<object, object?>[])(answer[at++] ?? Array.Empty<KeyValuePair<object, object?>>()))
                    if (Array.IndexOf(edges[i], (double)edge) is var bin and >= 0) counts[bin] = (long)n!;
            (counts[^2], counts[^1]) = (present - counts.Sum(), rows - present);
            bins.Add(counts);
        }
        return bins;
    }

    // A NUL cannot be written in a query.
    private static bool HasTop(ColumnProfile profile)
        => profile.Field.Type.Id is TypeId.String or TypeId.Boolean && (profile.Top.Count > 0 || profile.DistinctCount == 0) && !profile.Top.Any(top => top.Value is string text && text.Contains('\0', StringComparison.Ordinal));

    // Of a side's columns how often their frequent values and the other side's occur. What is among the most frequent by either's share is among the most frequent of one of them.
    private static async ValueTask<List<Dictionary<string, long>>> CountsAsync(string side, (ColumnProfile Own, ColumnProfile Other)[] columns, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        List<Dictionary<string, long>> counts = [.. columns.Select(column => column.Own.Top.ToDictionary(top => Text(column.Own, top), top => top.Count, StringComparer.Ordinal))];
        // Where all values are known, those of the other side occur as seen, or never.
        (int Index, string[] Values)[] asked = [.. columns.Select((column, i) => (i, column.Own.DistinctCount > column.Own.Top.Count ? column.Other.Top.Select(top => Text(column.Other, top)).Where(value => !counts[i].ContainsKey(value)).ToArray() : [])).Where(pair => pair.Item2.Length > 0)];
        if (asked.Length == 0) return counts;
        string sql = string.Join(", ", asked.Select((pair, i) =>
        {
            string value = $"CAST({SqlLiteral.Name(columns[pair.Index].Own.Field.Name)} AS VARCHAR)";
            return FormattableString.Invariant($"CAST(histogram({value}) FILTER (WHERE {value} IN ({string.Join(", ", pair.Values.Select(SqlLiteral.Text))})) AS MAP(VARCHAR, BIGINT)) AS h{i}");
        }));
        object?[] answer = (await queries.ReadAsync($"SELECT {sql} FROM {side}", inputs, cancellationToken).ConfigureAwait(false))[0];
        for (int i = 0; i < asked.Length; i++)
            foreach ((object value, object? n) in (KeyValuePair<object, object?>[])(answer[i] ?? Array.Empty<KeyValuePair<object, object?>>())) counts[asked[i].Index][(string)value] = (long)n!;
        return counts;
    }

    private static string Text(ColumnProfile profile, ValueCount top) => ProfileText.Value(profile.Field.Type, top.Value);

    private static async ValueTask<ColumnDiff> GroupedAsync(ColumnDiff column, long leftRows, long rightRows, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        string Groups(string side, ColumnProfile profile) => $"(SELECT CAST({SqlLiteral.Name(profile.Field.Name)} AS VARCHAR) AS value, count(*) AS n FROM {side} WHERE {SqlLiteral.Name(profile.Field.Name)} IS NOT NULL GROUP BY CAST({SqlLiteral.Name(profile.Field.Name)} AS VARCHAR))";
        List<object?[]> top = await queries.ReadAsync(
            string.Create(CultureInfo.InvariantCulture, $"SELECT coalesce(a.value, b.value) AS value, coalesce(a.n, 0) AS before, coalesce(b.n, 0) AS after FROM {Groups("l", column.Left)} AS a FULL JOIN {Groups("r", column.Right)} AS b ON a.value = b.value ORDER BY greatest(coalesce(a.n, 0) / {leftRows}, coalesce(b.n, 0) / {rightRows}) DESC, 1 LIMIT {CategoryCount}"),
            inputs, cancellationToken).ConfigureAwait(false);
        return WithShifts(column, top.Select(row => new ValueShift((string)row[0]!, (long)row[1]!, (long)row[2]!)), leftRows, rightRows);
    }

    private static ColumnDiff WithShifts(ColumnDiff column, IEnumerable<ValueShift> values, long leftRows, long rightRows)
    {
        ValueShift[] shifts = [.. values.OrderByDescending(shift => Math.Max((double)shift.LeftCount / leftRows, (double)shift.RightCount / rightRows)).ThenBy(shift => shift.Value, StringComparer.Ordinal).Take(CategoryCount)];
        long[] Shares(Func<ValueShift, long> count, ColumnProfile profile, long rows) => [.. shifts.Select(count), rows - profile.NullCount - shifts.Sum(count), profile.NullCount];
        double Moved(ValueShift shift) => Math.Abs(((double)shift.LeftCount / leftRows) - ((double)shift.RightCount / rightRows));
        return column with
        {
            Psi = PsiOf(Shares(shift => shift.LeftCount, column.Left, leftRows), Shares(shift => shift.RightCount, column.Right, rightRows)),
            Shifts = [.. shifts.Where(shift => Moved(shift) > 0).OrderByDescending(Moved).Take(TableComparer.ExampleCount)],
        };
    }
}

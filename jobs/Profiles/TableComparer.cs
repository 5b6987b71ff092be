using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Compares two tables, two versions of one, or files. The engine joins and groups, within its memory limit, beyond which it spills.</summary>
/// <param name="engine">Reads.</param>
/// <param name="binder">Binds the queries.</param>
public sealed class TableComparer(IEngine engine, Binder binder)
{
    /// <summary>How many changed values, keys and shifts are shown of each kind.</summary>
    public const int ExampleCount = 5;

    // Each needs a join of its own.
    private const int ColumnsWithExamplesMax = 12;
    private const int CategoryCount = 20;
    private const int TenthCount = 10;
    private const double ShareMin = 0.0001;

    /// <summary>Compares.</summary>
    /// <param name="left">The one before.</param>
    /// <param name="right">The one after.</param>
    /// <param name="key">Columns of both that name a row; empty for none.</param>
    /// <param name="run">Who asks; told of progress.</param>
    /// <param name="cancellationToken">Observed between queries and batches.</param>
    /// <exception cref="LeptonDataException"><c>jobs.no_column</c>: a key is no column of both; or rows cannot be read.</exception>
    public async ValueTask<TableDiff> CompareAsync(ComparedRelation left, ComparedRelation right, IReadOnlyList<string> key, RunContext run, CancellationToken cancellationToken)
    {
        bool haveSameColumns = left.Input.Schema.Count == right.Input.Schema.Count && left.Input.Schema.Fields.Zip(right.Input.Schema.Fields).All(pair => pair.First.Name == pair.Second.Name && pair.First.Type.Equals(pair.Second.Type));
        if (haveSameColumns && left.ContentHash is { } hash && hash == right.ContentHash) return new TableDiff { Left = left.Name, Right = right.Name, AreEqual = true, ContentHash = hash };
        foreach (string column in key)
            foreach (ComparedRelation side in new[] { left, right })
                if (side.Input.Schema.Find(column) is null) throw MissingColumn.Of(column, side.Name, side.Input.Schema, null);
        var queries = new RelationQueries(engine, binder, run);
        await using StagedRelation? stagedLeft = await queries.StageAsync(left.Input, cancellationToken).ConfigureAwait(false);
        await using StagedRelation? stagedRight = await queries.StageAsync(right.Input, cancellationToken).ConfigureAwait(false);
        Input leftRows = stagedLeft is null ? left.Input : new StagedInput(stagedLeft);
        Input rightRows = stagedRight is null ? right.Input : new StagedInput(stagedRight);
        var profiler = new Profiler(engine, binder);
        TableProfile before = await profiler.ProfileAsync(left.Name, leftRows, run, cancellationToken).ConfigureAwait(false);
        TableProfile after = await profiler.ProfileAsync(right.Name, rightRows, run, cancellationToken).ConfigureAwait(false);
        Inputs inputs = new Inputs().Add("l", leftRows).Add("r", rightRows);
        ColumnDiff[] columns = [.. before.Columns.Select(column => (column, Twin: after.Columns.FirstOrDefault(other => Same(other.Field.Name, column.Field.Name)))).Where(pair => pair.Twin is not null).Select(pair => new ColumnDiff(pair.column, pair.Twin!))];
        for (int i = 0; i < columns.Length; i++)
        {
            run.Progress?.Report(new StepProgress($"{left.Name}, {right.Name}", "jobs.comparing", (double)i / columns.Length));
            columns[i] = await ShiftAsync(columns[i], before.RowCount, after.RowCount, queries, inputs, cancellationToken).ConfigureAwait(false);
        }
        var diff = new TableDiff
        {
            Left = left.Name,
            Right = right.Name,
            AreEqual = false,
            LeftRowCount = before.RowCount,
            RightRowCount = after.RowCount,
            AddedColumns = [.. right.Input.Schema.Fields.Where(field => left.Input.Schema.Find(field.Name) is null)],
            RemovedColumns = [.. left.Input.Schema.Fields.Where(field => right.Input.Schema.Find(field.Name) is null)],
            Key = key,
            Columns = columns,
        };
        diff = key.Count == 0
            ? diff with { Rows = await RowsAsync(columns, queries, inputs, cancellationToken).ConfigureAwait(false) }
            : await KeysAsync(diff, columns, queries, inputs, cancellationToken).ConfigureAwait(false);
        bool haveSameRows = diff.Rows is { AddedCount: 0, RemovedCount: 0 } || (diff.Keys is { AddedCount: 0, RemovedCount: 0, ChangedCount: 0, LeftRepeatedCount: 0, RightRepeatedCount: 0 });
        return diff with { AreEqual = haveSameColumns && haveSameRows };
    }

    private static async ValueTask<RowsDiff> RowsAsync(ColumnDiff[] columns, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        if (columns.Length == 0) return new RowsDiff(0, 0);
        string names = string.Join(", ", columns.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"c{i}")));
        string Side(bool isLeft) => string.Join(", ", columns.Select((column, i) => string.Create(CultureInfo.InvariantCulture, $"{Value(column, isLeft, "")} AS c{i}")));
        string balance = $"SELECT sum(side) AS balance FROM (SELECT {Side(isLeft: true)}, -1 AS side FROM l UNION ALL SELECT {Side(isLeft: false)}, 1 AS side FROM r) AS sides GROUP BY {names}";
        object?[] answer = (await queries.ReadAsync($"SELECT CAST(coalesce(sum(balance) FILTER (WHERE balance > 0), 0) AS BIGINT) AS added, CAST(coalesce(-sum(balance) FILTER (WHERE balance < 0), 0) AS BIGINT) AS removed FROM ({balance}) AS b", inputs, cancellationToken).ConfigureAwait(false))[0];
        return new RowsDiff((long)answer[0]!, (long)answer[1]!);
    }

    private static async ValueTask<TableDiff> KeysAsync(TableDiff diff, ColumnDiff[] columns, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        ColumnDiff[] keys = [.. diff.Key.Select(name => Array.Find(columns, column => Same(column.Left.Field.Name, name))!)];
        string Keys(bool isLeft) => string.Join(", ", keys.Select((column, i) => string.Create(CultureInfo.InvariantCulture, $"{Value(column, isLeft, "")} AS k{i}")));
        string Counted(bool isLeft) => $"(SELECT {string.Join(", ", keys.Select((_, i) => $"k{i}"))}, count(*) AS n FROM (SELECT {Keys(isLeft)} FROM {(isLeft ? "l" : "r")}) AS keys GROUP BY {string.Join(", ", keys.Select((_, i) => $"k{i}"))})";
        string matched = string.Join(" AND ", keys.Select((_, i) => $"a.k{i} IS NOT DISTINCT FROM b.k{i}"));
        string texts(string side) => string.Join(", ", keys.Select((_, i) => $"CAST({side}.k{i} AS VARCHAR) AS k{i}"));
        object?[] counts = (await queries.ReadAsync(
            "SELECT count(*) FILTER (WHERE a.n IS NULL) AS added, count(*) FILTER (WHERE b.n IS NULL) AS removed, count(*) FILTER (WHERE a.n > 1) AS left_repeated, count(*) FILTER (WHERE b.n > 1) AS right_repeated "
            + $"FROM {Counted(isLeft: true)} AS a FULL JOIN {Counted(isLeft: false)} AS b ON {matched}", inputs, cancellationToken).ConfigureAwait(false))[0];
        (long added, long removed, long leftRepeated, long rightRepeated) = ((long)counts[0]!, (long)counts[1]!, (long)counts[2]!, (long)counts[3]!);
        async ValueTask<IReadOnlyList<IReadOnlyList<string?>>> ExamplesAsync(bool areAdded)
            => (areAdded ? added : removed) == 0 ? [] : [.. (await queries.ReadAsync(
                string.Create(CultureInfo.InvariantCulture, $"SELECT {texts("a")} FROM {Counted(!areAdded)} AS a LEFT JOIN {Counted(areAdded)} AS b ON {matched} WHERE b.n IS NULL ORDER BY {string.Join(", ", keys.Select((_, i) => $"a.k{i}"))} LIMIT {ExampleCount}"),
                inputs, cancellationToken).ConfigureAwait(false)).Select(row => (IReadOnlyList<string?>)[.. row.Select(value => (string?)value)])];

        // Rows of a key that occurs twice cannot be paired.
        string Once(bool isLeft)
        {
            string side = isLeft ? "l" : "r";
            string others = string.Concat(columns.Select((column, i) => string.Create(CultureInfo.InvariantCulture, $", {Value(column, isLeft, "")} AS c{i}")));
            string rows = $"(SELECT {Keys(isLeft)}{others} FROM {side})";
            if ((isLeft ? leftRepeated : rightRepeated) == 0) return rows;
            return $"(SELECT a.* FROM {rows} AS a JOIN {Counted(isLeft)} AS b ON {matched} WHERE b.n = 1)";
        }
        string pairs = $"{Once(isLeft: true)} AS a JOIN {Once(isLeft: false)} AS b ON {matched}";
        int[] compared = [.. Enumerable.Range(0, columns.Length).Where(i => !keys.Contains(columns[i]))];
        string Differs(int i) => string.Create(CultureInfo.InvariantCulture, $"a.c{i} IS DISTINCT FROM b.c{i}");
        string any = compared.Length == 0 ? "FALSE" : string.Join(" OR ", compared.Select(Differs));
        object?[] changes = (await queries.ReadAsync(
            $"SELECT count(*) AS paired, count(*) FILTER (WHERE {any}) AS changed{string.Concat(compared.Select(i => $", count(*) FILTER (WHERE {Differs(i)}) AS n{i}"))} FROM {pairs}", inputs, cancellationToken).ConfigureAwait(false))[0];
        long changed = (long)changes[1]!;
        for (int i = 0; i < compared.Length; i++) columns[compared[i]] = columns[compared[i]] with { ChangedCount = (long)changes[i + 2]! };
        foreach (int i in compared.Where(i => columns[i].ChangedCount > 0).OrderByDescending(i => columns[i].ChangedCount).Take(ColumnsWithExamplesMax))
        {
            List<object?[]> examples = await queries.ReadAsync(
                string.Create(CultureInfo.InvariantCulture, $"SELECT {texts("a")}, CAST(a.c{i} AS VARCHAR) AS before, CAST(b.c{i} AS VARCHAR) AS after FROM {pairs} WHERE {Differs(i)} ORDER BY {string.Join(", ", keys.Select((_, k) => $"a.k{k}"))} LIMIT {ExampleCount}"),
                inputs, cancellationToken).ConfigureAwait(false);
            columns[i] = columns[i] with { Examples = [.. examples.Select(row => new ValueChange([.. row.Take(keys.Length).Select(value => (string?)value)], (string?)row[^2], (string?)row[^1]))] };
        }
        return diff with
        {
            Keys = new KeyDiff(added, removed, changed, (long)changes[0]! - changed, leftRepeated, rightRepeated, await ExamplesAsync(areAdded: true).ConfigureAwait(false), await ExamplesAsync(areAdded: false).ConfigureAwait(false)),
            Columns = columns,
        };
    }

    private static async ValueTask<ColumnDiff> ShiftAsync(ColumnDiff column, long leftRows, long rightRows, RelationQueries queries, Inputs inputs, CancellationToken cancellationToken)
    {
        if (leftRows == 0 || rightRows == 0 || column.Left.Field.Type.Children.Count > 0 || column.Right.Field.Type.Children.Count > 0) return column;
        var left = new ProfileExpressions(column.Left.Field, 0, areQuantilesExact: false);
        var right = new ProfileExpressions(column.Right.Field, 0, areQuantilesExact: false);
        if (left.Scale is { } scale && right.Scale is { } otherScale && IsTime(column.Left.Field.Type) == IsTime(column.Right.Field.Type))
        {
            string tenths = string.Join(", ", Enumerable.Range(1, TenthCount - 1).Select(i => (i / (double)TenthCount).ToString(CultureInfo.InvariantCulture)));
            object? edges = (await queries.ReadAsync($"SELECT approx_quantile({scale}, [{tenths}]) FILTER (WHERE {left.IsOnScale}) AS edges FROM l", inputs, cancellationToken).ConfigureAwait(false))[0][0];
            string[] distinct = [.. (edges as object?[] ?? []).OfType<double>().Distinct().Select(ProfileExpressions.Double)];
            string Bin(string value) => distinct.Length == 0 ? "0" : string.Join(" + ", distinct.Select(edge => $"CAST({value} > {edge} AS INTEGER)"));
            async ValueTask<long[]> CountsAsync(string side, ProfileExpressions expressions, string value)
            {
                // NULL, and what is no number, is a bin of its own.
                long[] counts = new long[distinct.Length + 2];
                foreach (object?[] row in await queries.ReadAsync($"SELECT bin, count(*) AS n FROM (SELECT CASE WHEN {expressions.IsOnScale} THEN {Bin(value)} END AS bin FROM {side}) AS b GROUP BY bin", inputs, cancellationToken).ConfigureAwait(false))
                    counts[row[0] is null ? ^1 : Convert.ToInt32(row[0], CultureInfo.InvariantCulture)] = (long)row[1]!;
                return counts;
            }
            return column with { Psi = PsiOf(await CountsAsync("l", left, scale).ConfigureAwait(false), await CountsAsync("r", right, otherScale).ConfigureAwait(false)) };
        }
        string Groups(string side, ProfileExpressions expressions) => $"(SELECT CAST({expressions.Name} AS VARCHAR) AS value, count(*) AS n FROM {side} WHERE {expressions.Name} IS NOT NULL GROUP BY CAST({expressions.Name} AS VARCHAR))";
        List<object?[]> top = await queries.ReadAsync(
            string.Create(CultureInfo.InvariantCulture, $"SELECT coalesce(a.value, b.value) AS value, coalesce(a.n, 0) AS before, coalesce(b.n, 0) AS after FROM {Groups("l", left)} AS a FULL JOIN {Groups("r", right)} AS b ON a.value = b.value ORDER BY greatest(coalesce(a.n, 0) / {leftRows}, coalesce(b.n, 0) / {rightRows}) DESC, 1 LIMIT {CategoryCount}"),
            inputs, cancellationToken).ConfigureAwait(false);
        ValueShift[] shifts = [.. top.Select(row => new ValueShift((string)row[0]!, (long)row[1]!, (long)row[2]!))];
        long[] Shares(Func<ValueShift, long> count, ColumnProfile profile, long rows) => [.. shifts.Select(count), rows - profile.NullCount - shifts.Sum(count), profile.NullCount];
        return column with
        {
            Psi = PsiOf(Shares(shift => shift.LeftCount, column.Left, leftRows), Shares(shift => shift.RightCount, column.Right, rightRows)),
            Shifts = [.. shifts.Where(shift => Moved(shift, leftRows, rightRows) > 0).OrderByDescending(shift => Moved(shift, leftRows, rightRows)).Take(ExampleCount)],
        };
    }

    private static double Moved(ValueShift shift, long leftRows, long rightRows) => Math.Abs(((double)shift.LeftCount / leftRows) - ((double)shift.RightCount / rightRows));

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

    // Values of two types are compared as numbers where both are, else as text.
    private static string Value(ColumnDiff column, bool isLeft, string prefix)
    {
        (Field own, Field other) = isLeft ? (column.Left.Field, column.Right.Field) : (column.Right.Field, column.Left.Field);
        string name = prefix + SqlLiteral.Name(own.Name);
        if (own.Type.Equals(other.Type)) return name;
        static bool IsNumber(DataType type) => type.Id is TypeId.Integer or TypeId.Float or TypeId.Decimal;
        if (own.Type is IntegerType && other.Type is IntegerType) return $"CAST({name} AS BIGINT)";
        return IsNumber(own.Type) && IsNumber(other.Type) ? $"CAST({name} AS DOUBLE)" : $"CAST({name} AS VARCHAR)";
    }

    private static bool IsTime(DataType type) => type.Id is TypeId.Date or TypeId.Instant or TypeId.NaiveTime;

    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}

/// <summary>One of two relations that are compared.</summary>
/// <param name="Name">As the person named it.</param>
/// <param name="Input">Its rows.</param>
/// <param name="ContentHash">Of its rows; null where there is none.</param>
public sealed record ComparedRelation(string Name, Input Input, string? ContentHash);

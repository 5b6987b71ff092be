using System.Globalization;
using Lepton.Data.Connectors.Files;
using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Drafts;

/// <summary>Reads a source once, as the texts that it holds, and finds out what its columns are. What the first rows suggest is checked on all of them.</summary>
/// <param name="engine">Computes; may reach the files.</param>
/// <param name="binder">Binds what is asked.</param>
/// <param name="run">Told of progress.</param>
internal sealed class SourceProfiler(IEngine engine, Binder binder, RunContext run)
{
    private const string Rows = "t";
    private const int SampleRowCount = 5_000;
    private const int SampleLengthMax = 40;
    private const int ColumnsPerQuery = 40;
    private const int ColumnsComparedMax = 300;
    private const int OffendersMax = 20;
    private const int RowsCountedExactly = 200_000;

    // Of 100 values so many must be of one form to call it the column's; what the others are is said, or they are words for NULL.
    private const double Share = 0.9;

    private static readonly HashSet<string> s_nullWords = new(StringComparer.OrdinalIgnoreCase)
    {
        "", "na", "n/a", "#n/a", "#na", "nan", "null", "#null!", "none", "nil", "missing", "unknown", "-", "--", "---", "?", ".", "*", "\\n", "(null)", "<na>", "无", "空", "缺失", "未知", "不详",
    };

    private static readonly string[] s_epochNames = ["ts", "time", "timestamp", "epoch", "unix", "at", "datetime", "date", "时间", "时间戳"];

    /// <summary>Profiles one source.</summary>
    /// <param name="path">As the person named it.</param>
    /// <param name="name">What the table is to be called.</param>
    /// <param name="source">How it is read: delimited text as texts.</param>
    /// <param name="cancellationToken">Observed between batches.</param>
    internal async ValueTask<(SourceFacts Facts, SourceGuess Guess)> ProfileAsync(string path, string name, InspectedSource source, CancellationToken cancellationToken)
    {
        Schema schema = source.Scan.Schema;
        run.Progress?.Report(new StepProgress(name, "jobs.draft_reading"));
        BoundQuery all = binder.Bind(new SqlText($"SELECT * FROM {Rows}"), new Dictionary<string, Schema>(StringComparer.OrdinalIgnoreCase) { [Rows] = schema }, run.Access);
        await using StagedRelation staged = await engine.StageAsync(all, new Inputs().Add(Rows, new FileInput(source.Scan)), run, cancellationToken).ConfigureAwait(false);
        if (staged.RowCount == 0) throw new LeptonDataException("jobs.draft_no_rows", [path]) { Place = source.Definition.Place };
        var inputs = new Inputs().Add(Rows, new StagedInput(staged));
        TextShape[] shapes = await ShapesAsync(schema, inputs, cancellationToken).ConfigureAwait(false);
        var columns = new List<ColumnFacts>(schema.Count);
        for (int from = 0; from < schema.Count; from += ColumnsPerQuery)
        {
            run.Progress?.Report(new StepProgress(name, "jobs.draft_looking", (double)from / schema.Count));
            int count = Math.Min(ColumnsPerQuery, schema.Count - from);
            ColumnFacts[] part = [.. Enumerable.Range(from, count).Select(i => new ColumnFacts(schema[i].Name, source.Scan.FileSchema[i].Name, schema[i].Type) { Shape = shapes[i] })];
            part = await CountAsync(part, inputs, staged.RowCount, cancellationToken).ConfigureAwait(false);
            columns.AddRange(await FindSentinelsAsync(part, inputs, staged.RowCount, cancellationToken).ConfigureAwait(false));
        }
        // Only where no column is without NULL there can be rows of nothing else.
        string filled = string.Join(" OR ", columns.Select(column => $"{SqlLiteral.Name(column.Name)} IS NOT NULL"));
        long empty = columns.Exists(column => column.ValueCount == staged.RowCount) ? 0 : staged.RowCount - await NumberAsync($"SELECT count(*) FROM {Rows} WHERE {filled}", inputs, cancellationToken).ConfigureAwait(false);
        long? repeated = schema.Count > ColumnsComparedMax || columns.Exists(column => column.FileType.Id is TypeId.Struct or TypeId.List or TypeId.Map)
            ? null
            : staged.RowCount - empty - await NumberAsync($"SELECT count(*) FROM (SELECT DISTINCT * FROM {Rows} WHERE {filled}) AS d", inputs, cancellationToken).ConfigureAwait(false);
        var facts = new SourceFacts(path, name, staged.RowCount, empty, repeated, columns) { Inspected = source };
        SourceGuess guess = await SourceGuess.MakeAsync(facts, (names, token) => NumberAsync($"SELECT count(*) FROM (SELECT DISTINCT {string.Join(", ", names.Select(SqlLiteral.Name))} FROM {Rows} WHERE {string.Join(" AND ", names.Select(column => $"{SqlLiteral.Name(column)} IS NOT NULL"))}) AS d", inputs, token), cancellationToken).ConfigureAwait(false);
        return (facts, guess);
    }

    private async ValueTask<TextShape[]> ShapesAsync(Schema schema, Inputs inputs, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<TextShape, long>[schema.Count];
        long[] filled = new long[schema.Count];
        for (int i = 0; i < counts.Length; i++) counts[i] = [];
        await using IRecordBatchReader reader = await ReadAsync($"SELECT * FROM {Rows} LIMIT {SampleRowCount}", inputs, cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
        {
            using (batch)
            {
                for (int i = 0; i < schema.Count; i++)
                {
                    if (schema[i].Type.Id != TypeId.String) continue;
                    for (int row = 0; row < batch.RowCount; row++)
                    {
                        string? value = ((string?)batch.Column(i).Value(row))?.Trim();
                        if (value is null || s_nullWords.Contains(value)) continue;
                        filled[i]++;
                        if (value.Length > SampleLengthMax) continue;
                        foreach (TextShape shape in TextShape.All)
                            if (shape.Matches(value)) counts[i][shape] = counts[i].GetValueOrDefault(shape) + 1;
                    }
                }
            }
        }
        return [.. schema.Fields.Select((field, i) => field.Type.Id == TypeId.String ? Likeliest(counts[i], filled[i]) : OfType(field.Type))];
    }

    // The first of those that fit equally well: the list goes from the special to the general, and from months to days.
    private static TextShape Likeliest(Dictionary<TextShape, long> counts, long filled)
    {
        TextShape best = TextShape.Text;
        long most = 0;
        foreach (TextShape shape in TextShape.All)
        {
            long count = counts.GetValueOrDefault(shape);
            if (count > most) (best, most) = (shape, count);
        }
        return most >= Share * filled ? best : TextShape.Text;
    }

    private static TextShape OfType(DataType type) => type.Id switch
    {
        TypeId.Boolean => TextShape.Boolean,
        TypeId.Integer => TextShape.Whole,
        TypeId.Float or TypeId.Decimal => TextShape.Number,
        TypeId.Date => TextShape.IsoDate,
        TypeId.Instant or TypeId.NaiveTime => TextShape.IsoZonedTime,
        _ => TextShape.Text,
    };

    private async ValueTask<ColumnFacts[]> CountAsync(ColumnFacts[] columns, Inputs inputs, long rowCount, CancellationToken cancellationToken)
    {
        bool isExact = rowCount <= RowsCountedExactly;
        string?[] asked = [.. columns.SelectMany(column => Counts(column, isExact))];
        object?[] answers = await RowAsync(asked.OfType<string>(), inputs, cancellationToken).ConfigureAwait(false);
        int next = 0;
        object?[] first = [.. asked.Select(question => question is null ? null : answers[next++])];
        var done = new List<ColumnFacts>(columns.Length);
        for (int i = 0; i < columns.Length; i++)
        {
            object?[] of = first[(i * CountsPerColumn)..((i + 1) * CountsPerColumn)];
            done.Add(await SettleAsync(columns[i] with { ValueCount = (long)of[0]!, HasSpaces = of[7] is > 0L, IsDistinctExact = isExact }, of, inputs, rowCount, cancellationToken).ConfigureAwait(false));
        }
        // Exactly where it may be a key; a guess would not do.
        ColumnFacts[] keys = isExact ? [] : [.. done.Where(column => (column.IsIdentifier || column.IsTime) && column.ValueCount > 0.5 * rowCount && column.DistinctCount > 0.8 * column.ValueCount)];
        if (keys.Length > 0)
        {
            object?[] exact = await RowAsync(keys.Select(column => $"count(DISTINCT {SqlLiteral.Name(column.Name)})"), inputs, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < keys.Length; i++) done[done.IndexOf(keys[i])] = keys[i] with { DistinctCount = (long)exact[i]!, IsDistinctExact = true };
        }
        return [.. done];
    }

    private const int CountsPerColumn = 10;

    // By place in what is counted; null where there is nothing to ask, since with thousands of columns each question costs.
    private static string?[] Counts(ColumnFacts column, bool isExact)
    {
        string name = SqlLiteral.Name(column.Name);
        bool isText = column.FileType.Id == TypeId.String;
        string value = isText ? column.Shape.Sql(name, isLenient: true) : name;
        bool hasRange = column.Shape.Kind is not ShapeKind.Text and not ShapeKind.TimeOfDay and not ShapeKind.Boolean;
        bool isFreeText = isText && column.Shape == TextShape.Text;
        string isWord = isFreeText ? $"lower(trim({name})) IN ({string.Join(", ", s_nullWords.Where(word => word.Length > 1).Append("?").Append("-").Select(word => SqlLiteral.Text(word.ToLowerInvariant())))})" : "";
        return
        [
            $"count({name})",
            isText && !isFreeText ? $"count({value})" : null,
            column.FileType.Id is TypeId.Struct or TypeId.List or TypeId.Map ? null : isExact ? $"count(DISTINCT {name})" : $"approx_count_distinct({name})",
            hasRange ? $"CAST(min({value}) AS VARCHAR)" : null,
            hasRange ? $"CAST(max({value}) AS VARCHAR)" : null,
            isText && column.Shape.Swapped is { } swapped ? $"count({swapped.Sql(name, isLenient: true)})" : null,
            isText && column.Shape == TextShape.Whole ? $"count(CASE WHEN regexp_matches({name}, '^\\s*-?0[0-9]') THEN 1 END)" : null,
            isText ? $"count(CASE WHEN {name} <> trim({name}) THEN 1 END)" : null,
            isFreeText ? $"count(CASE WHEN {isWord} THEN 1 END)" : null,
            isFreeText ? $"max(CASE WHEN {isWord} THEN trim({name}) END)" : null,
        ];
    }

    // What holds for the whole column: other words, other forms, other meanings of numbers.
    private async ValueTask<ColumnFacts> SettleAsync(ColumnFacts column, object?[] counts, Inputs inputs, long rowCount, CancellationToken cancellationToken)
    {
        (long good, long swapped) = (counts[1] as long? ?? column.ValueCount, counts[5] as long? ?? 0);
        column = column with { DistinctCount = counts[2] as long? ?? column.ValueCount, Min = (string?)counts[3], Max = (string?)counts[4] };
        if (column.FileType.Id != TypeId.String) return WithEpoch(column);
        if (column.Shape == TextShape.Whole && counts[6] is > 0L) return column with { Shape = TextShape.Text, HasLeadingZeros = true, Min = null, Max = null };
        if (column.Shape.Kind == ShapeKind.Text) return counts[8] is long and > 0 and var words ? column with { PerhapsNull = ((string)counts[9]!, words) } : column;
        if (swapped > good) return (await CountAsync([column with { Shape = column.Shape.Swapped! }], inputs, rowCount, cancellationToken).ConfigureAwait(false))[0];
        if (good < column.ValueCount)
        {
            (string Text, long Count)[] others = await OffendersAsync(column, inputs, cancellationToken).ConfigureAwait(false);
            long named = others.Where(other => s_nullWords.Contains(other.Text)).Sum(other => other.Count);
            if (named < column.ValueCount - good)
            {
                // A whole number among broken ones is a number.
                if (column.Shape == TextShape.Whole && await NumberAsync($"SELECT count({TextShape.Number.Sql(SqlLiteral.Name(column.Name), true)}) FROM {Rows}", inputs, cancellationToken).ConfigureAwait(false) is var numbers && numbers + named >= column.ValueCount)
                    return (await CountAsync([column with { Shape = TextShape.Number }], inputs, rowCount, cancellationToken).ConfigureAwait(false))[0];
                (string example, _) = others.First(other => !s_nullWords.Contains(other.Text));
                return column with { Shape = TextShape.Text, Exception = (column.Shape, example, column.ValueCount - good), Min = null, Max = null };
            }
            column = column with { NullWords = others, ValueCount = good };
        }
        column = column with { IsDayMonthOpen = swapped > 0 && swapped == good };
        return WithEpoch(column);
    }

    private async ValueTask<(string Text, long Count)[]> OffendersAsync(ColumnFacts column, Inputs inputs, CancellationToken cancellationToken)
    {
        string name = SqlLiteral.Name(column.Name);
        await using IRecordBatchReader reader = await ReadAsync(
            $"SELECT trim({name}) AS v, count(*) AS n FROM {Rows} WHERE {name} IS NOT NULL AND {column.Shape.Sql(name, isLenient: true)} IS NULL GROUP BY trim({name}) ORDER BY n DESC, v LIMIT {OffendersMax}", inputs, cancellationToken).ConfigureAwait(false);
        var found = new List<(string, long)>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) found.Add(((string)batch.Column(0).Value(row)!, batch.Column(1).Values<long>()[row]));
        return [.. found];
    }

    private static bool IsNumber(ColumnFacts column, out double min)
    {
        min = 0;
        return column.Shape.Kind is ShapeKind.Whole or ShapeKind.Number && column.Min is not null && double.TryParse(column.Min, CultureInfo.InvariantCulture, out min);
    }

    private static ColumnFacts WithEpoch(ColumnFacts column)
        => IsNumber(column, out double min) && column.Shape.Kind == ShapeKind.Whole && EpochOf(column, min) is { } unit ? column with { EpochMicroseconds = unit } : column;

    // "Missing" is often written as a number that cannot be: -200, -999. It stands alone, far below the rest, and often.
    private async ValueTask<ColumnFacts[]> FindSentinelsAsync(ColumnFacts[] columns, Inputs inputs, long rowCount, CancellationToken cancellationToken)
    {
        int[] open = [.. Enumerable.Range(0, columns.Length).Where(i => columns[i].EpochMicroseconds is null && IsNumber(columns[i], out double min) && min < 0 && double.TryParse(columns[i].Max, CultureInfo.InvariantCulture, out _))];
        if (open.Length == 0) return columns;
        object?[] around = await RowAsync(open.SelectMany(i =>
        {
            string name = SqlLiteral.Name(columns[i].Name);
            string value = columns[i].FileType.Id == TypeId.String ? columns[i].Shape.Sql(name, isLenient: true) : name;
            string least = string.Create(CultureInfo.InvariantCulture, $"CAST('{double.Parse(columns[i].Min!, CultureInfo.InvariantCulture):R}' AS DOUBLE)");
            return (string[])[$"count(CASE WHEN {value} = {least} THEN 1 END)", $"CAST(min(CASE WHEN {value} > {least} THEN {value} END) AS DOUBLE)"];
        }), inputs, cancellationToken).ConfigureAwait(false);
        for (int k = 0; k < open.Length; k++)
        {
            ColumnFacts column = columns[open[k]];
            (double min, double max) = (double.Parse(column.Min!, CultureInfo.InvariantCulture), double.Parse(column.Max!, CultureInfo.InvariantCulture));
            (long count, double? second) = ((long)around[2 * k]!, (double?)around[(2 * k) + 1]);
            bool isAlone = second is { } above && (above >= 0 || (above - min > 0.3 * (max - above) && above - min > 10 * Math.Abs(above)));
            if (isAlone && count >= Math.Max(3, rowCount / 1000)) columns[open[k]] = column with { Sentinel = (column.Min!, count) };
        }
        return columns;
    }

    // Between 1990 and 2100, in a column that is called like a time.
    private static long? EpochOf(ColumnFacts column, double min)
    {
        if (!double.TryParse(column.Max, CultureInfo.InvariantCulture, out double max)) return null;
        string name = column.Name.ToLowerInvariant();
        if (!Array.Exists(s_epochNames, word => name == word || name.EndsWith($"_{word}", StringComparison.Ordinal))) return null;
        foreach (long perSecond in (ReadOnlySpan<long>)[1, 1_000, 1_000_000])
            if (min >= 631_152_000d * perSecond && max <= 4_102_444_800d * perSecond) return 1_000_000 / perSecond;
        return null;
    }

    private async ValueTask<long> NumberAsync(string sql, Inputs inputs, CancellationToken cancellationToken)
    {
        await using IRecordBatchReader reader = await ReadAsync(sql, inputs, cancellationToken).ConfigureAwait(false);
        using RecordBatch batch = await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("a count gave no row");
        return batch.Column(0).Values<long>()[0];
    }

    private async ValueTask<object?[]> RowAsync(IEnumerable<string> expressions, Inputs inputs, CancellationToken cancellationToken)
    {
        string select = string.Join(", ", expressions.Select((expression, i) => string.Create(CultureInfo.InvariantCulture, $"{expression} AS c{i}")));
        await using IRecordBatchReader reader = await ReadAsync($"SELECT {select} FROM {Rows}", inputs, cancellationToken).ConfigureAwait(false);
        using RecordBatch batch = await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("an aggregate gave no row");
        return [.. Enumerable.Range(0, batch.Schema.Count).Select(i => batch.Column(i).Value(0))];
    }

    private ValueTask<IRecordBatchReader> ReadAsync(string sql, Inputs inputs, CancellationToken cancellationToken)
        => engine.ReadAsync(binder.Bind(new SqlText(sql), inputs.Schemas, run.Access), inputs, run, cancellationToken);
}

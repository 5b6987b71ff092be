using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Which labels a training set takes, how they are shared out and what they weigh: decided before anything is joined to them, from their own columns, order and the seed alone.</summary>
/// <remarks>
/// A draw is the MD5 of purpose, seed and the row's number (or its group's values), read as a number of 128 bits: below share × 2^128 it is drawn. So a group stays where it is when other
/// labels come, and any engine draws the same. Stratified, the rows of each value are ordered by their draw and cut at the shares.
/// </remarks>
internal sealed class LabelSelection(TrainingSetDefinition definition, LabelRows labels)
{
    /// <summary>The column that names the split.</summary>
    internal const string SplitColumn = "split";

    /// <summary>The column of the weights.</summary>
    internal const string WeightColumn = "weight";

    private const string Numbered = "__numbered";
    private const string Sampled = "__sampled";
    private const string RowColumn = "__row";
    private const long Whole = 1_000_000_000;

    /// <summary>Whether there is anything to select; else labels are taken as they are.</summary>
    internal static bool IsNeeded(TrainingSetDefinition definition) => definition is not { Split: null, Sample: null, Weight: null };

    /// <summary>Holds the definition against the labels' columns.</summary>
    /// <exception cref="LeptonDataException">A column is not there, is of a type that cannot be grouped by, or has a name that is needed.</exception>
    internal static void Check(TrainingSetDefinition definition, Schema labels)
    {
        SourcePlace place = definition.Labels.Start;
        if (definition.Split is not null && labels.Find(SplitColumn) is { } split) throw new LeptonDataException("featurestore.label_column_split", [split.Name]) { Place = place };
        if (definition.Weight is not null && labels.Find(WeightColumn) is { } weight) throw new LeptonDataException("featurestore.label_column_weight", [weight.Name]) { Place = place };
        string[] groups = [.. definition.Split?.Groups ?? [], .. definition.Sample?.Groups ?? []];
        string?[] classes = [definition.Split?.Stratify, definition.Weight?.Balance];
        foreach (string column in groups.Concat(classes.OfType<string>()))
            if (labels.Find(column) is null) throw FeatureResolver.Unknown("featurestore.no_label_column", column, labels.Fields.Select(field => field.Name), definition.Place, definition.Name);
        // Two engines write one floating-point number in two ways.
        foreach (string column in groups)
            if (labels.Find(column)!.Type is var type && type.Id is not (TypeId.String or TypeId.Integer or TypeId.Boolean or TypeId.Date or TypeId.Instant or TypeId.Decimal))
                throw new LeptonDataException("featurestore.group_type", [column, type]) { Place = definition.Place };
    }

    // The labels' columns, then what is added to them.
    private Schema Schema => new([
        .. labels.Schema.Fields,
        .. definition.Split is null ? (Field[])[] : [new Field(SplitColumn, DataType.String)],
        .. definition.Weight is null ? (Field[])[] : [new Field(WeightColumn, DataType.Float64)],
    ]);

    /// <summary>Draws, shares out and weighs.</summary>
    /// <returns>The rows that are left, in their order, and how many were not taken.</returns>
    /// <exception cref="LeptonDataException">A NULL event time, a label outside every split.</exception>
    internal async ValueTask<(LabelRows Rows, LeftOut LeftOut)> SelectAsync(QueryRunner runner, CancellationToken cancellationToken)
    {
        var inputs = new Inputs();
        Inputs raw = new Inputs().Add(PointInTimeJoin.RawLabelsInput, labels.Input);
        StagedRelation numbered = await runner.StageAsync(Numbered, runner.Bind(NumberedSql, raw), raw, inputs, cancellationToken).ConfigureAwait(false);
        if (definition.Split is { IsByTime: true } split) await CheckTimesAsync(split, inputs, runner, cancellationToken).ConfigureAwait(false);
        StagedRelation sampled = definition.Sample is { } sample ? await runner.StageAsync(Sampled, SampledSql(sample), inputs, cancellationToken).ConfigureAwait(false) : numbered;
        StagedRelation left = await runner.StageAsync("__selected", runner.Bind(Sql, inputs), inputs, new Inputs(), cancellationToken).ConfigureAwait(false);
        return (new LabelRows(new StagedInput(left), Schema), new LeftOut(numbered.RowCount - sampled.RowCount, sampled.RowCount - left.RowCount));
    }

    private string Columns => string.Join(", ", labels.Schema.Fields.Select(column => Name(column.Name)));

    private string NumberedSql
    {
        get
        {
            string number = string.Create(CultureInfo.InvariantCulture, $"row_number() OVER () - {labels.RowsBefore}");
            string range = labels.RowCountMax is { } count ? string.Create(CultureInfo.InvariantCulture, $" AND {RowColumn} <= {count}") : "";
            return $"SELECT {RowColumn}, {Columns} FROM (SELECT {number} AS {RowColumn}, {Columns} FROM {PointInTimeJoin.RawLabelsInput}) AS l WHERE {RowColumn} >= 1{range}";
        }
    }

    private string SampledSql(SampleDefinition sample) => $"SELECT {RowColumn}, {Columns} FROM {Numbered} " + (sample.RowCount is { } count
        ? $"QUALIFY row_number() OVER (ORDER BY {Draw("sample", [])}, {RowColumn}) <= {BigInt(count)}"
        : $"WHERE {IsBelow(Draw("sample", sample.Groups), (long)Math.Round(sample.Share!.Value * Whole))}");

    private string Sql
    {
        get
        {
            string rows = $"SELECT {RowColumn}, {Columns} FROM {(definition.Sample is null ? Numbered : Sampled)}", columns = Columns, with = "";
            if (definition.Split is { } split)
            {
                rows = $"SELECT {RowColumn}, {columns}, {SplitOf(split)} AS {SplitColumn} FROM ({Strata(split, rows)}) AS s{(split.IsByTime ? Distance(split) : "")}";
                columns += $", {SplitColumn}";
            }
            if (definition.Weight is { } weight)
            {
                string within = definition.Split is null ? "CAST(0 AS BIGINT)" : SplitColumn;
                string value = Name(weight.Balance);
                string counts = $"SELECT {within} AS part, count(*) AS n, count(DISTINCT {value}) + max(CASE WHEN {value} IS NULL THEN 1 ELSE 0 END) AS classes FROM taken GROUP BY part";
                string classes = $"SELECT {within} AS part, {value} AS class, count(*) AS n FROM taken GROUP BY part, class";
                with = $"WITH taken AS ({rows}) ";
                rows = $"""
                    SELECT r.*, CAST(p.n AS DOUBLE) / CAST(p.classes * c.n AS DOUBLE) AS {WeightColumn}
                    FROM taken AS r
                    JOIN ({counts}) AS p ON p.part = {(definition.Split is null ? within : "r." + within)}
                    JOIN ({classes}) AS c ON c.part = p.part AND c.class IS NOT DISTINCT FROM r.{value}
                    """;
                columns += $", {WeightColumn}";
            }
            return $"{with}SELECT {columns} FROM ({rows}) AS w ORDER BY {RowColumn}";
        }
    }

    // Where each value has its share, the rows of one value in the order of their draw: their place, and how many they are.
    private string Strata(SplitDefinition split, string rows) => split.Stratify is not { } value
        ? rows
        : $"SELECT *, row_number() OVER (PARTITION BY {Name(value)} ORDER BY {Draw("split", [])}, {RowColumn}) - 1 AS __place, count(*) OVER (PARTITION BY {Name(value)}) AS __count FROM ({rows}) AS d";

    private string SplitOf(SplitDefinition split)
    {
        var cases = new List<string>();
        double share = 0;
        foreach (SplitPart part in split.Parts.Take(split.Parts.Count - 1))
        {
            share += part.Share ?? 0;
            long upTo = (long)Math.Round(share * Whole);
            string condition = part.Before is { } before ? $"{Time} < {BigInt(before.MicrosecondsSinceEpoch)}"
                : split.Stratify is not null ? $"__place < (__count * {BigInt(upTo)} + {BigInt(Whole / 2)}) // {BigInt(Whole)}"
                : IsBelow(Draw("split", split.Groups), upTo);
            cases.Add($"WHEN {condition} THEN {Text(part.Name)}");
        }
        return cases.Count == 0 ? Text(split.Parts[^1].Name) : $"CASE {string.Join(" ", cases)} ELSE {Text(split.Parts[^1].Name)} END";
    }

    // A label of before a bound must be over and known by it, as far as another part follows.
    private string Distance(SplitDefinition split)
    {
        TimeSpan distance = split.Gap > definition.Horizon ? split.Gap : definition.Horizon;
        if (distance == TimeSpan.Zero || split.Parts.Count == 1) return "";
        long microseconds = distance.Ticks / TimeSpan.TicksPerMicrosecond;
        IEnumerable<string> near = split.Parts.Take(split.Parts.Count - 1).Select(part => part.Before!.Value.MicrosecondsSinceEpoch)
            .Select(bound => $"({Time} > {BigInt(bound > long.MinValue + microseconds ? bound - microseconds : long.MinValue)} AND {Time} < {BigInt(bound)})");
        return $" WHERE NOT ({string.Join(" OR ", near)})";
    }

    private string Time => $"epoch_us({Name(definition.EventTime)})";

    // 32 hexadecimal digits, compared as text.
    private static string IsBelow(string draw, long billionths)
        => billionths >= Whole ? "TRUE" : $"{draw} < {Text(((UInt128)billionths * (UInt128.MaxValue / (UInt128)Whole)).ToString("x32", CultureInfo.InvariantCulture))}";

    private string Draw(string purpose, EquatableList<string> groups)
    {
        string seed = string.Create(CultureInfo.InvariantCulture, $"{purpose}|{definition.Seed}|");
        // With its length before it, no value runs into the next.
        IEnumerable<string> values = groups.Count == 0
            ? [$"CAST({RowColumn} AS VARCHAR)"]
            : groups.Select(group => $"coalesce(CAST(length({TextOf(group)}) AS VARCHAR) || ':' || {TextOf(group)}, 'n')");
        return $"md5({Text(seed)} || {string.Join(" || ", values)})";
    }

    private string TextOf(string column) => labels.Schema.Find(column)!.Type.Id switch
    {
        TypeId.String => Name(column),
        TypeId.Instant => $"CAST(epoch_us({Name(column)}) AS VARCHAR)",
        _ => $"CAST({Name(column)} AS VARCHAR)",
    };

    private async ValueTask CheckTimesAsync(SplitDefinition split, Inputs inputs, QueryRunner runner, CancellationToken cancellationToken)
    {
        object?[] missing = (await runner.FirstRowAsync($"SELECT count(*) AS n, min({RowColumn}) AS first FROM {Numbered} WHERE {Time} IS NULL", inputs, cancellationToken).ConfigureAwait(false))!;
        if ((long)missing[0]! > 0) throw new LeptonDataException("featurestore.label_time_null", [definition.EventTime, missing[0], missing[1]]) { Place = definition.Labels.Start, Kind = ErrorKind.DataRefused };
        if (split.Parts[^1].Before is not { } end) return;
        object?[] outside = (await runner.FirstRowAsync($"SELECT count(*) AS n, min({Time}) AS first FROM {Numbered} WHERE {Time} >= {BigInt(end.MicrosecondsSinceEpoch)}", inputs, cancellationToken).ConfigureAwait(false))!;
        if ((long)outside[0]! > 0)
            throw new LeptonDataException("featurestore.label_outside_splits", [outside[0], split.Parts[^1].Name, end, new EventTime((long)outside[1]!)]) { Place = definition.Labels.Start, Kind = ErrorKind.DataRefused };
    }
}

/// <summary>Labels that a training set did not take.</summary>
/// <param name="BySample">Rows that the sample left out.</param>
/// <param name="ByDistance">Rows that lie too near before a bound of time, by gap or horizon.</param>
public sealed record LeftOut(long BySample, long ByDistance);

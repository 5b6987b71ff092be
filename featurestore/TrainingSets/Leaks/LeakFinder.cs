using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using static Lepton.Data.Schemas.SqlLiteral;

namespace Lepton.Data.FeatureStore.TrainingSets.Leaks;

/// <summary>Looks for leaks in the files of a training set; what only the join could see stands in its manifest.</summary>
internal sealed class LeakFinder(FeatureStoreContext context, TrainingSetVersion version, double threshold, int featuresMax, RunContext run)
{
    private const string Data = "__data";

    // Strengths change little beyond.
    private const long RowsJudgedMax = 1_000_000;
    private const int ColumnsAtOnce = 100;

    private readonly TrainingSetManifest _manifest = version.Manifest;
    private readonly FeatureCount[] _features = [.. version.Manifest.Features.Take(featuresMax)];

    internal async ValueTask<LeakReport> FindAsync(CancellationToken cancellationToken)
    {
        var runner = new QueryRunner(context, run);
        await using (runner.ConfigureAwait(false))
        {
            Inputs inputs = new Inputs().Add(Data, TrainingSetFolder.InputOf(context.Catalog.Lake, version) with { RowNumber = "__row" });
            Dictionary<string, List<SplitMissing>> missing = await MissingAsync(runner, inputs, cancellationToken).ConfigureAwait(false);
            long every = Math.Max(1, (_manifest.RowCount + RowsJudgedMax - 1) / RowsJudgedMax);
            // True or false, or a number.
            string[] labels = [.. _manifest.LabelColumns.Where(field => field.Type.Id is TypeId.Boolean or TypeId.Integer or TypeId.Float or TypeId.Decimal).Select(field => field.Name)];
            var features = new List<FeatureLeaks>();
            foreach (FeatureCount feature in _features)
            {
                run.Progress?.Report(new StepProgress(_manifest.Name, "featurestore.judging", (double)features.Count / _features.Length));
                IReadOnlyList<Predictor> predictors = Measured(feature.Column) is { } measured ? await PredictorsAsync(measured, labels, every, runner, inputs, cancellationToken).ConfigureAwait(false) : [];
                features.Add(new FeatureLeaks(feature, missing.GetValueOrDefault(feature.Column) ?? [], predictors));
            }
            long judged = every == 1 ? _manifest.RowCount : (long)(await runner.FirstRowAsync($"SELECT count(*) AS n FROM {Data} WHERE __row % {BigInt(every)} = 0", inputs, cancellationToken).ConfigureAwait(false))![0]!;
            return new LeakReport(version, labels, features, await OverlapsAsync(runner, inputs, cancellationToken).ConfigureAwait(false), threshold, judged);
        }
    }

    // As a number; null for what has no order that means anything.
    private string? Measured(string column) => _manifest.Schema.Find(column)!.Type.Id switch
    {
        TypeId.Boolean or TypeId.Integer or TypeId.Float or TypeId.Decimal => $"CAST({Name(column)} AS DOUBLE)",
        TypeId.Instant => $"CAST(epoch_us({Name(column)}) AS DOUBLE)",
        TypeId.Date => $"CAST(epoch_us(CAST({Name(column)} AS TIMESTAMP)) AS DOUBLE)",
        _ => null,
    };

    private async ValueTask<Dictionary<string, List<SplitMissing>>> MissingAsync(QueryRunner runner, Inputs inputs, CancellationToken cancellationToken)
    {
        var missing = new Dictionary<string, List<SplitMissing>>();
        if (_manifest.Splits.Count == 0) return missing;
        foreach (FeatureCount[] some in _features.Chunk(ColumnsAtOnce))
        {
            string counts = string.Concat(some.Select((feature, i) => string.Create(CultureInfo.InvariantCulture, $", count({Name(feature.Column)}) AS c{i}")));
            IReadOnlyList<object?[]> rows = await runner.RowsAsync($"SELECT {LabelSelection.SplitColumn}, count(*) AS n{counts} FROM {Data} GROUP BY {LabelSelection.SplitColumn}", inputs, int.MaxValue, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < some.Length; i++)
            {
                missing[some[i].Column] = [.. _manifest.Splits.Select(split => rows.FirstOrDefault(row => Equals(row[0], split.Name)) is { } row
                    ? new SplitMissing(split.Name, (long)row[1]! - (long)row[i + 2]!, (long)row[1]!)
                    : new SplitMissing(split.Name, 0, 0))];
            }
        }
        return missing;
    }

    private async ValueTask<IReadOnlyList<Predictor>> PredictorsAsync(string feature, string[] labels, long every, QueryRunner runner, Inputs inputs, CancellationToken cancellationToken)
    {
        var predictors = new List<Predictor>();
        string sample = every == 1 ? "" : $" AND __row % {BigInt(every)} = 0";
        foreach (string label in labels)
        {
            if (_manifest.Schema.Find(label)!.Type.Id == TypeId.Boolean)
            {
                // Mann and Whitney's U: for each value the rows where the label is true, by those where it is false that lie below, and half of those beside.
                object?[] u = (await runner.FirstRowAsync(
                    $"""
                    SELECT sum(CAST(yes AS DOUBLE) * (CAST(below AS DOUBLE) - CAST(no AS DOUBLE) / 2)) AS u, CAST(sum(yes) AS DOUBLE) AS p, CAST(sum(no) AS DOUBLE) AS n
                    FROM (
                      SELECT yes, no, sum(no) OVER (ORDER BY x) AS below
                      FROM (SELECT {feature} AS x, count(CASE WHEN {Name(label)} THEN 1 END) AS yes, count(CASE WHEN NOT {Name(label)} THEN 1 END) AS no FROM {Data} WHERE {feature} IS NOT NULL{sample} GROUP BY x) AS v
                    ) AS s
                    """,
                    inputs, cancellationToken).ConfigureAwait(false))!;
                predictors.Add(new Predictor(label, PredictorMeasure.AreaUnderCurve, u is [double sum, double yes and > 0, double no and > 0] ? sum / (yes * no) : null));
            }
            else
            {
                object?[] found = (await runner.FirstRowAsync($"SELECT corr({feature}, CAST({Name(label)} AS DOUBLE)) AS r FROM {Data} WHERE TRUE{sample}", inputs, cancellationToken).ConfigureAwait(false))!;
                predictors.Add(new Predictor(label, PredictorMeasure.Correlation, found[0] is double r && double.IsFinite(r) ? r : null));
            }
        }
        return predictors;
    }

    private async ValueTask<IReadOnlyList<EntityOverlap>> OverlapsAsync(QueryRunner runner, Inputs inputs, CancellationToken cancellationToken)
    {
        var overlaps = new List<EntityOverlap>();
        if (_manifest.Splits.Count < 2) return overlaps;
        foreach (Entity entity in _manifest.Entities)
        {
            string keys = string.Join(", ", entity.Keys.Select(Name));
            string present = string.Join(" AND ", entity.Keys.Select(key => $"{Name(key)} IS NOT NULL"));
            string distinct = $"SELECT DISTINCT {LabelSelection.SplitColumn} AS part, {keys} FROM {Data} WHERE {present}";
            string equal = string.Join(" AND ", entity.Keys.Select(key => $"a.{Name(key)} = b.{Name(key)}"));
            IReadOnlyList<object?[]> shared = await runner.RowsAsync($"SELECT a.part AS one, b.part AS other, count(*) AS n FROM ({distinct}) AS a JOIN ({distinct}) AS b ON {equal} GROUP BY one, other", inputs, int.MaxValue, cancellationToken).ConfigureAwait(false);
            long Count(string one, string other) => shared.FirstOrDefault(row => Equals(row[0], one) && Equals(row[1], other)) is { } row ? (long)row[2]! : 0;
            for (int i = 0; i < _manifest.Splits.Count; i++)
                for (int j = i + 1; j < _manifest.Splits.Count; j++)
                    overlaps.Add(new EntityOverlap(entity.Name, _manifest.Splits[i].Name, _manifest.Splits[j].Name, Count(_manifest.Splits[i].Name, _manifest.Splits[j].Name), Count(_manifest.Splits[j].Name, _manifest.Splits[j].Name)));
        }
        return overlaps;
    }
}

using System.Globalization;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.FeatureStore.TrainingSets.Leaks;
using Lepton.Data.Schemas;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Reports;

/// <summary>Training sets: their splits, how views met the labels, how features are distributed.</summary>
internal sealed partial class ReportBuilder
{
    private const int BinCount = 24;
    private const int TopValueCount = 6;
    private const int FeatureCountMax = 60;

    private async Task<IReadOnlyList<TrainingSetVersion>> NewestTrainingSetsAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<TrainingSetVersion> all = await new TrainingSetStore(context).ListAsync(cancellationToken);
        return [.. all.GroupBy(set => set.Manifest.Name).Select(group => group.MaxBy(set => set.Manifest.Version)!)];
    }

    private async Task<IReadOnlyList<ReportTrainingSet>> TrainingSetsAsync(IReadOnlyList<TrainingSetVersion> sets, CancellationToken cancellationToken)
    {
        var found = new List<ReportTrainingSet>();
        foreach (TrainingSetManifest set in sets.Select(set => set.Manifest))
        {
            Tell(set.Name);
            // What is true or false is what one predicts.
            IReadOnlyList<ReportLabel> labels = [.. set.LabelColumns.Where(field => field.Type is BooleanType).Select(field => new ReportLabel(field.Name, IsShare: true))];
            IReadOnlyList<ReportFeature> features = await FeaturesAsync(set, cancellationToken);
            found.Add(new ReportTrainingSet(
                set.Name, set.Version, ReportText.Of(set.Definition.Notes.Description), set.Definition.Service ?? "", set.RowCount, set.ContentHash, set.Files.Sum(file => file.SizeBytes),
                labels, await SplitsAsync(set, labels, cancellationToken), [.. set.Views.Where(view => set.Features.Any(feature => feature.View == view.Name)).Select(view => View(set, view))], set.Features.Count, features)
            {
                Leaks = Leaks(await new TrainingSetStore(context).FindLeaksAsync(set.Name, set.Version, run with { Progress = null }, featuresMax: FeatureCountMax, cancellationToken: cancellationToken)),
            });
        }
        return found;
    }

    private static ReportLeaks Leaks(LeakReport report)
    {
        // What is computed on demand is of what was joined.
        // What is computed on demand is of rows that were joined.
        Dictionary<string, bool> isPointInTime = report.Version.Manifest.Views.ToDictionary(view => view.Name, view => view.IsPointInTime);
        return new ReportLeaks(
            report.Labels, report.Threshold, report.RowsJudged, report.Version.Manifest.RowCount,
            [
                .. report.Features.Select(feature => new ReportLeak(
                    feature.Count.Column, feature.Count.View, isPointInTime.GetValueOrDefault(feature.Count.View, true), feature.Count.FromFuture, feature.Count.Expired, [.. feature.Count.Ages.Select(age => age / 1000)],
                    [.. feature.MissingBySplit.Select(split => new ReportMissing(split.Split, split.Missing, split.Rows))],
                    [.. feature.Predictors.Select(predictor => new ReportStrength(predictor.Label, predictor.Measure == PredictorMeasure.AreaUnderCurve ? "auc" : "correlation", predictor.Value, predictor.Strength))])),
            ],
            [.. report.Entities.Select(overlap => new ReportOverlap(overlap.Entity, overlap.Split, overlap.Other, overlap.Shared, overlap.OfOther))]);
    }

    private static ReportView View(TrainingSetManifest set, FeatureView view)
    {
        // A view's counts are those of any of its features: whether there was a row does not depend on the column.
        FeatureCount count = set.Features.First(feature => feature.View == view.Name);
        return new ReportView(
            view.Name, view.Entity, view.Table.ToString(), set.Snapshots.FirstOrDefault(snapshot => snapshot.Table == view.Table.ToString())?.Version,
            view.IsPointInTime, view.Ttl is { } ttl ? (long)ttl.TotalSeconds : null, count.Present + count.Null, count.Expired, count.Absent);
    }

    private async Task<IReadOnlyList<ReportSplit>> SplitsAsync(TrainingSetManifest set, IReadOnlyList<ReportLabel> labels, CancellationToken cancellationToken)
    {
        if (set.Splits.Count == 0) return [];
        string means = string.Concat(labels.Select((label, i) => $", avg(CASE WHEN {SqlLiteral.Name(label.Name)} THEN 1 ELSE 0 END) AS mean_{i}"));
        ReportQueries.Answer answer = await AskAsync($"SELECT split{means} FROM datasets.{set.Name} GROUP BY split", cancellationToken);
        return [.. set.Splits.Select(split => new ReportSplit(
            split.Name,
            set.Definition.Split?.Parts.FirstOrDefault(bound => bound.Name == split.Name)?.Before?.ToString(),
            split.RowCount,
            [.. labels.Select((_, i) => answer.Rows.FirstOrDefault(row => Equals(row[0], split.Name))?[i + 1] as double?)]))];
    }

    // One pass over the training set for what all features hold, then one for each picture.
    private async Task<IReadOnlyList<ReportFeature>> FeaturesAsync(TrainingSetManifest set, CancellationToken cancellationToken)
    {
        if (set.Features.Count == 0) return [];
        var measures = new List<string>();
        List<(FeatureCount Feature, string Kind, int Start)> plan = [];
        foreach (FeatureCount feature in set.Features.Take(FeatureCountMax))
        {
            string kind = ReportQueries.KindOf(set.Schema.Find(feature.Column)!.Type);
            plan.Add((feature, kind, measures.Count));
            string measured = Measured(feature.Column, kind);
            measures.AddRange(kind is "number" or "time"
                ? [$"min({measured})", $"quantile_disc({measured}, 0.01)", $"quantile_disc({measured}, 0.5)", $"quantile_disc({measured}, 0.99)", $"max({measured})", $"avg({measured})"]
                : [$"count(DISTINCT {SqlLiteral.Name(feature.Column)})"]);
        }
        IReadOnlyList<object?> found = (await AskAsync($"SELECT {string.Join(", ", measures.Select((measure, i) => $"{measure} AS m{i}"))} FROM datasets.{set.Name}", cancellationToken)).Rows[0];
        var features = new List<ReportFeature>();
        foreach ((FeatureCount feature, string kind, int start) in plan) features.Add(await FeatureAsync(set, feature, kind, [.. found.Skip(start).Take(6)], cancellationToken));
        return features;
    }

    private async Task<ReportFeature> FeatureAsync(TrainingSetManifest set, FeatureCount feature, string kind, IReadOnlyList<object?> found, CancellationToken cancellationToken)
    {
        DataType type = set.Schema.Find(feature.Column)!.Type;
        var result = new ReportFeature(feature.View, feature.Feature, feature.Column, type.ToString(), kind, set.RowCount, feature.Absent + feature.Expired, feature.Null, null, null, null, null, null, [], []);
        if (kind is not ("number" or "time")) return result with { Distinct = (long)found[0]!, TopValues = await TopValuesAsync(set, SqlLiteral.Name(feature.Column), cancellationToken) };
        if (found[0] is not double min || found[1] is not double low || found[2] is not double median || found[3] is not double high || found[4] is not double max) return result;
        return result with
        {
            Min = Shown(min, kind),
            Median = Shown(median, kind),
            Mean = found[5] is double mean && kind == "number" ? mean : null,
            Max = Shown(max, kind),
            Bins = await BinsAsync(set, Measured(feature.Column, kind), low, high, kind, type is IntegerType, cancellationToken),
        };
    }

    // Times are measured in microseconds, and turned back for the page.
    private static string Measured(string column, string kind)
        => kind == "time" ? $"CAST(epoch_us({SqlLiteral.Name(column)}) AS DOUBLE)" : $"CAST({SqlLiteral.Name(column)} AS DOUBLE)";

    private async Task<IReadOnlyList<ReportValueCount>> TopValuesAsync(TrainingSetManifest set, string column, CancellationToken cancellationToken)
    {
        ReportQueries.Answer answer = await AskAsync($"SELECT {column}, count(*) AS n FROM datasets.{set.Name} WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY n DESC, {column} LIMIT {TopValueCount}", cancellationToken);
        return [.. answer.Rows.Select(row => new ReportValueCount(row[0], (long)row[1]!))];
    }

    // From the first to the last hundredth, so that a few extreme values do not press all others into one bar.
    private async Task<IReadOnlyList<ReportBin>> BinsAsync(TrainingSetManifest set, string measured, double low, double high, string kind, bool isWhole, CancellationToken cancellationToken)
    {
        double width = isWhole ? Math.Ceiling((high - low + 1) / BinCount) : (high - low) / BinCount;
        if (!double.IsFinite(width)) return [];
        if (width <= 0) width = 1;
        int count = (int)Math.Clamp(Math.Ceiling((isWhole ? high - low + 1 : high - low) / width), 1, BinCount);
        double end = low + (count * width);
        string bin = $"CASE WHEN {measured} < {Literal(low)} THEN 0 WHEN {measured} >= {Literal(end)} THEN {count - 1} ELSE CAST(floor(({measured} - {Literal(low)}) / {Literal(width)}) AS INTEGER) END";
        ReportQueries.Answer answer = await AskAsync($"SELECT bin, count(*) AS n FROM (SELECT {bin} AS bin FROM datasets.{set.Name} WHERE {measured} IS NOT NULL) AS binned GROUP BY bin", cancellationToken);
        long[] counts = new long[count];
        foreach (IReadOnlyList<object?> row in answer.Rows) counts[Math.Clamp((long)row[0]!, 0, count - 1)] += (long)row[1]!;
        return [.. counts.Select((rows, i) => new ReportBin(Shown(low + (i * width), kind), Shown(low + ((i + 1) * width), kind), rows))];
    }

    private static object Shown(double value, string kind) => kind == "time" ? new EventTime((long)value).ToString() : value;

    private static string Literal(double value) => $"CAST('{value.ToString("R", CultureInfo.InvariantCulture)}' AS DOUBLE)";

    private async Task<ReportQueries.Answer> AskAsync(string sql, CancellationToken cancellationToken) => await _queries.ReadAsync(new SqlText(sql, "report"), int.MaxValue, cancellationToken);
}

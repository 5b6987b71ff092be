using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.FeatureStore.TrainingSets.Leaks;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton dataset leaks</c>: what may know more than a model will.</summary>
internal static class LeaksCommand
{
    internal static Command Create(VerbBuilder verbs, Argument<string> name, Option<int?> version)
        => verbs.Verb("leaks", Texts.Get("cli.help_dataset_leaks"), context => RunAsync(context, context.Get(name)!, context.Get(version)), [name, version]);

    private static async Task<int> RunAsync(CommandContext context, string name, int? version)
    {
        var store = new TrainingSetStore(context.FeatureStore());
        LeakReport report = await ProgressDisplay.ShowAsync(context, progress => store.FindLeaksAsync(name, version, context.NewRun(progress), cancellationToken: context.CancellationToken).AsTask());
        if (context.IsJson) JsonOutput.Write(context.Terminal, json => WriteJson(json, report));
        else WriteText(context, report);
        return ExitCode.Done;
    }

    private static void WriteText(CommandContext context, LeakReport report)
    {
        TrainingSetManifest manifest = report.Version.Manifest;
        TextWriter output = context.Terminal.Out;
        output.WriteLine(Texts.Get("cli.leaks_title", manifest.Name, manifest.Version, TextTable.Number(manifest.RowCount)));
        output.WriteLine();
        TextTable features = new TextTable().Column(Texts.Get("cli.column_feature"))
            .Column(Texts.Get("cli.leaks_from_future"), isRight: true).Column(Texts.Get("cli.column_expired"), isRight: true)
            .Column(Texts.Get("cli.leaks_age_median"), isRight: true).Column(Texts.Get("cli.leaks_age_99"), isRight: true);
        foreach (SplitCount split in manifest.Splits) features.Column(Texts.Get("cli.leaks_missing", split.Name), isRight: true);
        foreach (string label in report.Labels) features.Column(label, isRight: true);
        foreach (FeatureLeaks feature in report.Features)
        {
            FeatureCount count = feature.Count;
            features.Row([
                count.Column, TextTable.Number(count.FromFuture), TextTable.Number(count.Expired), Age(count, 1), Age(count, 3),
                .. feature.MissingBySplit.Select(split => split.Rows == 0 ? "–" : Share((double)split.Missing / split.Rows)),
                .. report.Labels.Select(label => feature.Predictors.FirstOrDefault(predictor => predictor.Label == label) is { Value: { } value } predictor ? Strength(predictor, value, report.Threshold) : "–"),
            ]);
        }
        features.Write(context.Terminal);
        output.WriteLine();
        output.WriteLine(Texts.Get("cli.leaks_legend"));
        if (report.RowsJudged < manifest.RowCount) output.WriteLine(Texts.Get("cli.leaks_sampled", TextTable.Number(report.RowsJudged)));
        foreach (EntityOverlap overlap in report.Entities) output.WriteLine(Texts.Get("cli.leaks_entities", overlap.Split, overlap.Other, TextTable.Number(overlap.Shared), TextTable.Number(overlap.OfOther), overlap.Entity));
        if (manifest.LeftOut is { } leftOut && leftOut.BySample + leftOut.ByDistance > 0) output.WriteLine(Texts.Get("cli.leaks_left_out", TextTable.Number(leftOut.BySample), TextTable.Number(leftOut.ByDistance)));
        string[] suspicious = [.. report.Suspicious.Select(feature => feature.Count.Column)];
        output.WriteLine(suspicious.Length == 0
            ? Texts.Get("cli.leaks_none", Share(report.Threshold))
            : Texts.Get("cli.leaks_suspicious", string.Join(", ", suspicious), Share(report.Threshold)));
    }

    private static string Age(FeatureCount count, int share) => count.Ages.Count == 0 ? "–" : AgeText(new TimeSpan(count.Ages[share] * TimeSpan.TicksPerMicrosecond));

    // A sixteenth is not known, so two digits tell all.
    private static string AgeText(TimeSpan age) => age switch
    {
        { TotalDays: >= 2 } => Rounded(age.TotalDays, "d"),
        { TotalHours: >= 2 } => Rounded(age.TotalHours, "h"),
        { TotalMinutes: >= 2 } => Rounded(age.TotalMinutes, "min"),
        { TotalSeconds: >= 2 } => Rounded(age.TotalSeconds, "s"),
        _ => Quantities.DurationText(age),
    };

    private static string Rounded(double value, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value.ToString(value >= 10 ? "0" : "0.#", CultureInfo.InvariantCulture)}{unit}");

    private static string Share(double share) => share.ToString("0.#%", CultureInfo.InvariantCulture);

    private static string Strength(Predictor predictor, double value, double threshold) => value.ToString("0.000", CultureInfo.InvariantCulture) + (predictor.Strength >= threshold ? " !" : "");

    private static void WriteJson(Utf8JsonWriter json, LeakReport report)
    {
        TrainingSetManifest manifest = report.Version.Manifest;
        json.WriteString("name", manifest.Name);
        json.WriteNumber("version", manifest.Version);
        json.WriteNumber("rows", manifest.RowCount);
        json.WriteNumber("rows_judged", report.RowsJudged);
        json.WriteNumber("threshold", report.Threshold);
        json.WriteStrings("labels", report.Labels);
        json.WriteStrings("suspicious", report.Suspicious.Select(feature => feature.Count.Column));
        json.WriteList("features", report.Features, feature =>
        {
            json.WriteString("column", feature.Count.Column);
            DatasetCommands.WriteCounts(json, feature.Count);
            json.WriteNumber("from_future", feature.Count.FromFuture);
            json.WriteStartObject("age_us");
            for (int i = 0; i < feature.Count.Ages.Count; i++) json.WriteNumber(FeatureCount.AgeShares[i].ToString(CultureInfo.InvariantCulture), feature.Count.Ages[i]);
            json.WriteEndObject();
            json.WriteList("missing", feature.MissingBySplit, split =>
            {
                json.WriteString("split", split.Split);
                json.WriteNumber("missing", split.Missing);
                json.WriteNumber("rows", split.Rows);
            });
            json.WriteList("predictors", feature.Predictors, predictor =>
            {
                json.WriteString("label", predictor.Label);
                json.WriteString("measure", predictor.Measure == PredictorMeasure.AreaUnderCurve ? "auc" : "correlation");
                if (predictor.Value is { } value) json.WriteNumber("value", value);
                else json.WriteNull("value");
                json.WriteNumber("strength", predictor.Strength);
            });
        });
        json.WriteList("entities", report.Entities, overlap =>
        {
            json.WriteString("entity", overlap.Entity);
            json.WriteString("split", overlap.Split);
            json.WriteString("other", overlap.Other);
            json.WriteNumber("shared", overlap.Shared);
            json.WriteNumber("of_other", overlap.OfOther);
        });
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton dataset create|list|describe|verify|diff|explain|leaks</c>: training sets.</summary>
internal static class DatasetCommands
{
    internal static Command Create(VerbBuilder verbs)
    {
        var names = new Argument<string[]>("NAME") { Description = Texts.Get("cli.help_dataset_names"), Arity = ArgumentArity.ZeroOrMore };
        var name = new Argument<string>("NAME") { Description = Texts.Get("cli.help_dataset_name") };
        var version = NumberOption.Create<int>(Texts.Get("cli.help_dataset_version"), "--version");
        var group = new Command("dataset", Texts.Get("cli.help_dataset"));
        group.Subcommands.Add(verbs.Verb("create", Texts.Get("cli.help_dataset_create"), context => CreateAsync(context, context.Get(names) ?? []), [names]));
        group.Subcommands.Add(verbs.Verb("list", Texts.Get("cli.help_dataset_list"), ListAsync));
        group.Subcommands.Add(verbs.Verb("describe", Texts.Get("cli.help_dataset_describe"), context => DescribeAsync(context, context.Get(name)!, context.Get(version)), [name, version]));
        group.Subcommands.Add(verbs.Verb("verify", Texts.Get("cli.help_dataset_verify"), context => VerifyAsync(context, context.Get(name)!, context.Get(version)), [name, version]));
        group.Subcommands.Add(DatasetDiffCommand.Create(verbs));
        group.Subcommands.Add(ExplainCommand.Create(verbs, name, version));
        group.Subcommands.Add(LeaksCommand.Create(verbs, name, version));
        return group;
    }

    private static async Task<int> CreateAsync(CommandContext context, string[] names)
    {
        FeatureDefinitions definitions = FeatureDefinitions.Load(context.Project.Folder);
        string[] known = [.. definitions.TrainingSets.Select(set => set.Name)];
        if (known.Length == 0) throw new LeptonDataException("cli.no_training_sets", [context.Project.Folder]);
        KnownNames.Check(names, known, "cli.unknown_training_set");
        var store = new TrainingSetStore(context.FeatureStore());
        string[] chosen = names.Length == 0 ? known : names;
        var results = await ProgressDisplay.ShowAsync(context, async progress =>
        {
            var made = new List<TrainingSetResult>();
            foreach (string name in chosen) made.Add(await store.CreateAsync(name, definitions, context.NewRun(progress), context.CancellationToken));
            return made;
        });
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteList("training_sets", results, result =>
                {
                    WriteSummary(json, result.Version);
                    json.WriteBoolean("is_new", result.IsNew);
                    json.WriteNumber("files_taken", result.FilesTaken);
                });
            });
            return ExitCode.Done;
        }
        foreach (TrainingSetResult result in results)
        {
            TrainingSetManifest manifest = result.Version.Manifest;
            if (result.FilesTaken > 0) context.Terminal.Out.WriteLine(Texts.Get("cli.dataset_resumed", manifest.Name, result.FilesTaken, manifest.Files.Count));
            context.Terminal.Out.WriteLine(result.IsNew
                ? Texts.Get("cli.dataset_created", manifest.Name, manifest.Version, TextTable.Number(manifest.RowCount), result.Version.Folder)
                : Texts.Get("cli.dataset_unchanged", manifest.Name, manifest.Version, TextTable.Number(manifest.RowCount)));
            foreach (string view in manifest.EmptyViews) context.Terminal.Error.WriteLine(Texts.Get("cli.dataset_view_empty", manifest.Name, view));
        }
        return ExitCode.Done;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        IReadOnlyList<TrainingSetVersion> versions = await new TrainingSetStore(context.FeatureStore()).ListAsync(context.CancellationToken);
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteList("training_sets", versions, version => WriteSummary(json, version));
            });
            return ExitCode.Done;
        }
        if (versions.Count == 0)
        {
            context.Terminal.Out.WriteLine(Texts.Get("cli.no_datasets"));
            return ExitCode.Done;
        }
        TextTable table = new TextTable()
            .Column(Texts.Get("cli.column_training_set")).Column(Texts.Get("cli.column_version")).Column(Texts.Get("cli.column_rows"), isRight: true)
            .Column(Texts.Get("cli.column_created")).Column(Texts.Get("cli.column_content_hash"));
        foreach (TrainingSetVersion version in versions)
        {
            TrainingSetManifest manifest = version.Manifest;
            table.Row(manifest.Name, VersionText(manifest), TextTable.Number(manifest.RowCount), TableCommands.TimeText(manifest.CreatedAt), manifest.ContentHash);
        }
        table.Write(context.Terminal);
        return ExitCode.Done;
    }

    private static async Task<int> DescribeAsync(CommandContext context, string name, int? number)
    {
        TrainingSetVersion version = await new TrainingSetStore(context.FeatureStore()).FindAsync(name, number, context.CancellationToken);
        TrainingSetManifest manifest = version.Manifest;
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                WriteSummary(json, version);
                json.WriteString("labels", manifest.Definition.Labels.Text);
                json.WriteString("event_time", manifest.Definition.EventTime);
                json.WriteList("splits", manifest.Splits, split =>
                {
                    json.WriteString("name", split.Name);
                    json.WriteNumber("rows", split.RowCount);
                });
                json.WriteList("features", manifest.Features, feature =>
                {
                    json.WriteString("column", feature.Column);
                    json.WriteString("view", feature.View);
                    json.WriteString("feature", feature.Feature);
                    WriteCounts(json, feature);
                });
                json.WriteList("snapshots", manifest.Snapshots, snapshot =>
                {
                    json.WriteString("table", snapshot.Table);
                    json.WriteNumber("version", snapshot.Version);
                    json.WriteString("content_hash", snapshot.ContentHash);
                });
                json.WriteStrings("files", version.FilePaths);
            });
            return ExitCode.Done;
        }
        TextWriter output = context.Terminal.Out;
        TextTable facts = new TextTable().Column(Texts.Get("cli.column_training_set")).Column($"{manifest.Name} {VersionText(manifest)}");
        facts.Row(Texts.Get("cli.column_rows"), TextTable.Number(manifest.RowCount));
        if (manifest.Splits.Count > 0) facts.Row(Texts.Get("cli.column_splits"), string.Join(", ", manifest.Splits.Select(split => $"{split.Name} {TextTable.Number(split.RowCount)}")));
        facts.Row(Texts.Get("cli.column_created"), TableCommands.TimeText(manifest.CreatedAt));
        facts.Row(Texts.Get("cli.column_content_hash"), manifest.ContentHash);
        facts.Row(Texts.Get("cli.column_snapshots"), string.Join(", ", manifest.Snapshots.Select(snapshot => string.Create(CultureInfo.InvariantCulture, $"{snapshot.Table}@{snapshot.Version}"))));
        facts.Row(Texts.Get("cli.column_folder"), version.Folder);
        facts.Write(context.Terminal);
        output.WriteLine();
        TextTable features = new TextTable().Column(Texts.Get("cli.column_feature"))
            .Column(Texts.Get("cli.column_present"), isRight: true).Column(Texts.Get("cli.column_null"), isRight: true)
            .Column(Texts.Get("cli.column_absent"), isRight: true).Column(Texts.Get("cli.column_expired"), isRight: true);
        foreach (FeatureCount feature in manifest.Features)
            features.Row(feature.Column, TextTable.Number(feature.Present), TextTable.Number(feature.Null), TextTable.Number(feature.Absent), TextTable.Number(feature.Expired));
        features.Write(context.Terminal);
        output.WriteLine();
        output.WriteLine(Texts.Get("cli.dataset_labels"));
        foreach (string line in manifest.Definition.Labels.Text.TrimEnd().Split('\n')) output.WriteLine($"  {TextCells.Visible(line.TrimEnd())}");
        return ExitCode.Done;
    }

    private static async Task<int> VerifyAsync(CommandContext context, string name, int? number)
    {
        var store = new TrainingSetStore(context.FeatureStore());
        VerificationResult result = await ProgressDisplay.ShowAsync(context, progress => store.VerifyAsync(name, number, context.NewRun(progress), context.CancellationToken).AsTask());
        TrainingSetManifest manifest = result.Version.Manifest;
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                WriteSummary(json, result.Version);
                json.WriteBoolean("is_sound", result.IsSound);
                WriteOptional(json, "content_is_equal", result.ContentIsEqual);
                WriteOptional(json, "bytes_are_equal", result.BytesAreEqual);
            });
        }
        else if (result.IsSound)
        {
            context.Terminal.Out.WriteLine(Texts.Get("cli.dataset_sound", manifest.Name, manifest.Version, TextTable.Number(manifest.RowCount), manifest.ContentHash));
        }
        var failures = new Failures(context.Terminal, context.IsJson, context.IsVerbose);
        foreach (LeptonDataException finding in result.Findings) failures.Report(finding, isInterrupted: false);
        return result.IsSound ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>How many rows of a feature are what.</summary>
    internal static void WriteCounts(Utf8JsonWriter json, FeatureCount feature)
    {
        json.WriteNumber("present", feature.Present);
        json.WriteNumber("null", feature.Null);
        json.WriteNumber("absent", feature.Absent);
        json.WriteNumber("expired", feature.Expired);
    }

    private static string VersionText(TrainingSetManifest manifest) => string.Create(CultureInfo.InvariantCulture, $"v{manifest.Version}");

    private static void WriteSummary(Utf8JsonWriter json, TrainingSetVersion version)
    {
        json.WriteString("name", version.Manifest.Name);
        json.WriteNumber("version", version.Manifest.Version);
        json.WriteNumber("rows", version.Manifest.RowCount);
        json.WriteString("content_hash", version.Manifest.ContentHash);
        json.WriteString("created_at", version.Manifest.CreatedAt.ToString());
        json.WriteString("folder", version.Folder);
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, bool? value)
    {
        if (value is { } known) json.WriteBoolean(name, known);
        else json.WriteNull(name);
    }
}

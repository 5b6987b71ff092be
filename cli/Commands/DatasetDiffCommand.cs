using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Jobs.Profiles;
using Lepton.Data.Schemas;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton dataset diff</c>: how two versions of a training set differ, in what they were made from and in their rows.</summary>
internal static class DatasetDiffCommand
{
    internal static Command Create(VerbBuilder verbs)
    {
        var left = new Argument<string>("A") { Description = Texts.Get("cli.help_dataset_diff_left") };
        var right = new Argument<string?>("B") { Description = Texts.Get("cli.help_dataset_diff_right"), Arity = ArgumentArity.ZeroOrOne };
        var exitCode = new Option<bool>("--exit-code") { Description = Texts.Get("cli.help_diff_exit_code") };
        return verbs.Verb("diff", Texts.Get("cli.help_dataset_diff"), context => RunAsync(context, context.Get(left)!, context.Get(right), context.Get(exitCode)), [left, right, exitCode]);
    }

    private static async Task<int> RunAsync(CommandContext context, string left, string? right, bool hasExitCode)
    {
        var store = new TrainingSetStore(context.FeatureStore());
        TrainingSetVersion after = await FindAsync(store, right ?? left, context);
        TrainingSetVersion before = right is not null
            ? await FindAsync(store, left, context)
            : await store.FindBeforeAsync(after, context.CancellationToken) ?? throw new LeptonDataException("cli.dataset_first_version", [after.Manifest.Name, after.Manifest.Version]);
        TrainingSetDiff diff = await ProgressDisplay.ShowAsync(context, progress => new TrainingSetComparer(context.FeatureStore()).CompareAsync(before, after, context.NewRun(progress), context.CancellationToken).AsTask());
        if (context.IsJson) JsonOutput.Write(context.Terminal, json => WriteJson(json, diff));
        else WriteText(context, diff);
        return hasExitCode && !(diff.Manifest.IsEmpty && diff.Rows.AreEqual && !diff.IsReordered) ? ExitCode.Failed : ExitCode.Done;
    }

    // `name`, `name@v2` as versions are written everywhere, or `name@2` as those of tables are.
    private static async Task<TrainingSetVersion> FindAsync(TrainingSetStore store, string text, CommandContext context)
    {
        int at = text.LastIndexOf('@');
        if (at < 0) return await store.FindAsync(text, null, context.CancellationToken);
        string number = text[(at + 1)..];
        if (!int.TryParse(number.StartsWith('v') ? number.AsSpan(1) : number, NumberStyles.None, CultureInfo.InvariantCulture, out int version)) throw new LeptonDataException("cli.bad_dataset_version", [text, number]);
        return await store.FindAsync(text[..at], version, context.CancellationToken);
    }

    private static void WriteText(CommandContext context, TrainingSetDiff diff)
    {
        TextWriter output = context.Terminal.Out;
        void Line(string code, params object?[] arguments) => output.WriteLine(TextCells.Visible(Texts.Get(code, arguments)));
        Line("cli.dataset_diff_of", diff.Rows.Left, diff.Rows.Right);
        if (diff.Manifest.IsEmpty) Line("cli.dataset_diff_same");
        FeatureCommands.WriteChanges(context.Terminal, diff.Manifest.Definitions);
        foreach (SnapshotChange change in diff.Manifest.Snapshots)
        {
            if (change.Old is null) Line("cli.dataset_diff_table_added", change.Table, change.New!.Version);
            else if (change.New is null) Line("cli.dataset_diff_table_removed", change.Table, change.Old.Version);
            else Line(change.IsOfOneTable ? "cli.dataset_diff_table" : "cli.dataset_diff_table_other", change.Table, change.Old.Version, change.New.Version);
        }
        foreach (PropertyChange fact in diff.Manifest.Facts) output.WriteLine(TextCells.Visible($"~ {fact.Property}: {fact.Old ?? "–"} -> {fact.New ?? "–"}"));
        output.WriteLine();
        if (diff.Rows.ContentHash is null) Line(diff.Identity == RowIdentity.KeysAndTime ? "cli.dataset_diff_by_keys" : "cli.dataset_diff_by_labels", string.Join(", ", diff.Rows.Key));
        if (diff.IsReordered) Line("cli.dataset_diff_reordered");
        DiffCommand.WriteText(context, diff.Rows);
    }

    private static void WriteJson(Utf8JsonWriter json, TrainingSetDiff diff)
    {
        WriteSide(json, "left", diff.Left.Manifest);
        WriteSide(json, "right", diff.Right.Manifest);
        FeatureCommands.WriteChanges(json, "definitions", diff.Manifest.Definitions);
        json.WriteList("snapshots", diff.Manifest.Snapshots, change =>
        {
            json.WriteString("table", change.Table);
            json.WriteOptional("left_version", change.Old?.Version);
            json.WriteOptional("right_version", change.New?.Version);
            json.WriteBoolean("is_of_one_table", change.IsOfOneTable);
        });
        FeatureCommands.WriteProperties(json, "facts", diff.Manifest.Facts);
        json.WriteString("identified_by", diff.Rows.ContentHash is not null ? "content_hash" : diff.Identity == RowIdentity.KeysAndTime ? "keys_and_time" : "label_columns");
        json.WriteBoolean("is_reordered", diff.IsReordered);
        json.WriteStartObject("contents");
        DiffCommand.WriteJson(json, diff.Rows);
        json.WriteEndObject();
    }

    private static void WriteSide(Utf8JsonWriter json, string name, TrainingSetManifest manifest)
    {
        json.WriteStartObject(name);
        json.WriteString("name", manifest.Name);
        json.WriteNumber("version", manifest.Version);
        json.WriteNumber("rows", manifest.RowCount);
        json.WriteString("content_hash", manifest.ContentHash);
        json.WriteEndObject();
    }
}

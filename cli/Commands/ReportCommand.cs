using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Reports;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton report</c>: the HTML report, and what the lake holds.</summary>
internal static class ReportCommand
{
    internal static Command Create(VerbBuilder verbs)
    {
        var target = new Option<string?>("--out") { Description = Texts.Get("cli.help_report_out"), HelpName = "FILE" };
        return verbs.Verb("report", Texts.Get("cli.help_report"), context => RunAsync(context, context.Get(target)), [target]);
    }

    private static async Task<int> RunAsync(CommandContext context, string? target)
    {
        // The file is put in place by a rename, which would take a data file or a device away without a word.
        if (target is not null && Path.GetExtension(target).ToLowerInvariant() is not (".html" or ".htm")) throw new LeptonDataException("cli.not_html", [target]);
        FeatureStoreContext store = context.FeatureStore();
        IReadOnlyList<WrittenReport> reports = await ProgressDisplay.ShowAsync(
            context, progress => new ReportWriter(context.Project, store).WriteAsync(target is null ? null : Path.GetFullPath(target), context.NewRun(progress), context.CancellationToken));
        LakeTables tables = await LakeTables.ReadAsync(context.Lake, context.CancellationToken);
        IReadOnlyList<TrainingSetVersion> trainingSets = await new TrainingSetStore(store).ListAsync(context.CancellationToken);
        // Older versions stay, and stay of use; the newest is what the report is about.
        List<TrainingSetManifest> newest = [.. trainingSets.Select(version => version.Manifest).GroupBy(manifest => manifest.Name).Select(group => group.MaxBy(manifest => manifest.Version)!)];
        if (context.IsJson) WriteJson(context, tables.Readable, newest, reports);
        else WriteText(context, tables.Readable, newest, reports);
        return tables.Report(context);
    }

    private static void WriteText(CommandContext context, IReadOnlyList<(TableName Name, Snapshot Snapshot)> tables, List<TrainingSetManifest> trainingSets, IReadOnlyList<WrittenReport> reports)
    {
        TextTable table = new TextTable().Column(Texts.Get("cli.column_table")).Column(Texts.Get("cli.column_rows"), isRight: true).Column(Texts.Get("cli.column_content_hash"));
        foreach ((TableName name, Snapshot snapshot) in tables) table.Row(name.ToString(), TextTable.Number(snapshot.RowCount), snapshot.ContentHash?.ToString() ?? "–");
        table.Write(context.Terminal);
        if (trainingSets.Count > 0)
        {
            context.Terminal.Out.WriteLine();
            TextTable sets = new TextTable().Column(Texts.Get("cli.column_training_set")).Column(Texts.Get("cli.column_rows"), isRight: true).Column(Texts.Get("cli.column_content_hash"));
            foreach (TrainingSetManifest set in trainingSets)
                sets.Row(string.Create(CultureInfo.InvariantCulture, $"{set.Name} v{set.Version}"), TextTable.Number(set.RowCount), set.ContentHash);
            sets.Write(context.Terminal);
        }
        context.Terminal.Out.WriteLine();
        foreach (WrittenReport report in reports) context.Terminal.Out.WriteLine(Texts.Get(report.IsKept ? "cli.report_kept" : "cli.report_written", report.Path));
    }

    private static void WriteJson(CommandContext context, IReadOnlyList<(TableName Name, Snapshot Snapshot)> tables, List<TrainingSetManifest> trainingSets, IReadOnlyList<WrittenReport> reports)
        => JsonOutput.Write(context.Terminal, json =>
        {
            json.WriteList("tables", tables, item => WriteSummary(json, item.Name.ToString(), item.Snapshot.Version, item.Snapshot.RowCount, item.Snapshot.ContentHash?.ToString()));
            json.WriteList("training_sets", trainingSets, set => WriteSummary(json, set.Name, set.Version, set.RowCount, set.ContentHash));
            json.WriteStrings("reports", reports.Select(report => report.Path));
        });

    private static void WriteSummary(Utf8JsonWriter json, string name, long version, long? rows, string? contentHash)
    {
        json.WriteString("name", name);
        json.WriteNumber("version", version);
        json.WriteOptional("rows", rows);
        json.WriteString("content_hash", contentHash);
    }
}

using System.CommandLine;
using System.Globalization;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton feature-views list|list-versions</c>: the feature views that are in force, and those that were.</summary>
internal static class FeatureViewCommands
{
    internal static Command Create(VerbBuilder verbs)
    {
        var name = new Argument<string>("VIEW") { Description = Texts.Get("cli.help_feature_view_name") };
        var group = new Command("feature-views", Texts.Get("cli.help_feature_views"));
        group.Subcommands.Add(verbs.Verb("list", Texts.Get("cli.help_feature_views_list"), context => RunAsync(context, null)));
        group.Subcommands.Add(verbs.Verb("list-versions", Texts.Get("cli.help_feature_views_versions"), context => RunAsync(context, context.Get(name)!), [name]));
        return group;
    }

    private static async Task<int> RunAsync(CommandContext context, string? view)
    {
        IReadOnlyList<ViewVersion> all = await new FeatureRegistry(context.FeatureStore()).ViewVersionsAsync(view, context.CancellationToken);
        ViewVersion[] shown = [.. all.Where(version => view is not null || version.IsCurrent)];
        if (context.IsJson) WriteJson(context, shown);
        else WriteText(context, shown, withChanges: view is not null);
        return ExitCode.Done;
    }

    private static void WriteText(CommandContext context, ViewVersion[] versions, bool withChanges)
    {
        TextTable table = new TextTable().Column(Texts.Get("cli.kind_feature_view")).Column(Texts.Get("cli.kind_entity")).Column(Texts.Get("cli.column_table")).Column("ttl")
            .Column(Texts.Get("cli.column_changed")).Column(Texts.Get("cli.column_feature"));
        foreach (ViewVersion version in versions)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{version.View.Name}@v{version.Version}");
            string ttl = version.View.Ttl is { } age ? Quantities.DurationText(age) : "–";
            table.Row(name, version.View.Entity, version.View.Table.ToString(), ttl, TableCommands.TimeText(version.ChangedAt), string.Join(", ", version.View.Features));
        }
        table.Write(context.Terminal);
        if (!withChanges) return;
        foreach (ViewVersion version in versions.Where(version => version.Changes.Count > 0))
        {
            context.Terminal.Out.WriteLine();
            context.Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"v{version.Version - 1} -> v{version.Version}"));
            foreach (PropertyChange change in version.Changes) context.Terminal.Out.WriteLine(TextCells.Visible($"    {change.Property}: {change.Old ?? "–"} -> {change.New ?? "–"}"));
        }
    }

    private static void WriteJson(CommandContext context, ViewVersion[] versions) => JsonOutput.Write(context.Terminal, json => json.WriteList("feature_views", versions, version =>
    {
        json.WriteString("name", version.View.Name);
        json.WriteNumber("version", version.Version);
        json.WriteBoolean("is_current", version.IsCurrent);
        json.WriteString("entity", version.View.Entity);
        json.WriteString("table", version.View.Table.ToString());
        json.WriteStrings("features", version.View.Features);
        json.WriteString("changed_at", version.ChangedAt.ToString());
        json.WriteString("run_id", version.RunId);
        FeatureCommands.WriteProperties(json, "changes", version.Changes);
    }));
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Schemas;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton plan</c> and <c>lepton apply</c>: what the project's feature definitions change in the registry.</summary>
internal static class FeatureCommands
{
    internal static Command CreatePlan(VerbBuilder verbs) => verbs.Verb("plan", Texts.Get("cli.help_plan"), context => RunAsync(context, isApply: false));

    internal static Command CreateApply(VerbBuilder verbs) => verbs.Verb("apply", Texts.Get("cli.help_apply"), context => RunAsync(context, isApply: true));

    internal static Command CreateTeardown(VerbBuilder verbs)
    {
        var yes = new Option<bool>("--yes") { Description = Texts.Get("cli.help_yes") };
        return verbs.Verb("teardown", Texts.Get("cli.help_teardown"), context => TearDownAsync(context, context.Get(yes)), [yes]);
    }

    // Tables and training sets stay: what was made can still be read and verified.
    private static async Task<int> TearDownAsync(CommandContext context, bool isMeant)
    {
        var registry = new FeatureRegistry(context.FeatureStore());
        RegistryPlan plan = isMeant
            ? await registry.ApplyAsync(FeatureDefinitions.Empty, context.NewRun(), context.CancellationToken)
            : await registry.PlanAsync(FeatureDefinitions.Empty, context.NewRun(), context.CancellationToken);
        if (context.IsJson) WriteJson(context, plan, isMeant);
        else WriteText(context, plan, isMeant);
        if (isMeant || plan.IsEmpty) return ExitCode.Done;
        throw new LeptonDataException("cli.teardown_not_meant", [plan.Changes.Count]);
    }

    private static async Task<int> RunAsync(CommandContext context, bool isApply)
    {
        FeatureDefinitions definitions = FeatureDefinitions.Load(context.Project.Folder);
        var registry = new FeatureRegistry(context.FeatureStore());
        RegistryPlan plan = isApply
            ? await registry.ApplyAsync(definitions, context.NewRun(), context.CancellationToken)
            : await registry.PlanAsync(definitions, context.NewRun(), context.CancellationToken);
        if (context.IsJson) WriteJson(context, plan, isApply);
        else WriteText(context, plan, isApply);
        return ExitCode.Done;
    }

    private static void WriteText(CommandContext context, RegistryPlan plan, bool isApply)
    {
        TextWriter output = context.Terminal.Out;
        WriteChanges(context.Terminal, plan.Changes);
        if (plan.IsEmpty) output.WriteLine(Texts.Get("cli.registry_unchanged"));
        else output.WriteLine(Texts.Get(isApply ? "cli.registry_applied" : "cli.registry_planned", plan.Changes.Count));
    }

    /// <summary>A line for each object, and one for each property that differs.</summary>
    internal static void WriteChanges(Terminal terminal, IEnumerable<RegistryChange> changes)
    {
        foreach (RegistryChange change in changes)
        {
            string versions = change.NewVersion is { } next ? string.Create(CultureInfo.InvariantCulture, $"  v{change.OldVersion} -> v{next}") : "";
            string line = $"{Mark(change.Change)} {KindText(change.Kind)} {change.Name}{versions}";
            terminal.Out.WriteLine(terminal.HasColor ? $"{Color(change.Change)}{line}\e[0m" : line);
            foreach (PropertyChange property in change.Properties)
                terminal.Out.WriteLine(TextCells.Visible($"    {property.Property}: {property.Old ?? "–"} -> {property.New ?? "–"}"));
        }
    }

    private static void WriteJson(CommandContext context, RegistryPlan plan, bool isApply) => JsonOutput.Write(context.Terminal, json =>
    {
        json.WriteBoolean("is_applied", isApply);
        json.WriteOptional("base_version", plan.BaseVersion);
        WriteChanges(json, "changes", plan.Changes);
    });

    internal static void WriteChanges(Utf8JsonWriter json, string name, IEnumerable<RegistryChange> changes) => json.WriteList(name, changes, change =>
    {
        json.WriteOptional("old_version", change.OldVersion);
        json.WriteOptional("new_version", change.NewVersion);
        json.WriteString("kind", KindWord(change.Kind));
        json.WriteString("name", change.Name);
        json.WriteString("change", change.Change.ToString().ToLowerInvariant());
        WriteProperties(json, "properties", change.Properties);
    });

    internal static void WriteProperties(Utf8JsonWriter json, string name, IEnumerable<PropertyChange> properties) => json.WriteList(name, properties, property =>
    {
        json.WriteString("property", property.Property);
        json.WriteString("old", property.Old);
        json.WriteString("new", property.New);
    });

    private static string Mark(ChangeKind change) => change switch { ChangeKind.Added => "+", ChangeKind.Removed => "-", _ => "~" };

    private static string Color(ChangeKind change) => change switch { ChangeKind.Added => "\e[32m", ChangeKind.Removed => "\e[31m", _ => "\e[33m" };

    private static string KindWord(ObjectKind kind) => kind switch
    {
        ObjectKind.Entity => "entity",
        ObjectKind.FeatureView => "feature_view",
        ObjectKind.OnDemandView => "on_demand_view",
        ObjectKind.FeatureService => "feature_service",
        _ => "training_set",
    };

    private static string KindText(ObjectKind kind) => kind switch
    {
        ObjectKind.Entity => Texts.Get("cli.kind_entity"),
        ObjectKind.FeatureView => Texts.Get("cli.kind_feature_view"),
        ObjectKind.OnDemandView => Texts.Get("cli.kind_on_demand_view"),
        ObjectKind.FeatureService => Texts.Get("cli.kind_feature_service"),
        _ => Texts.Get("cli.kind_training_set"),
    };
}

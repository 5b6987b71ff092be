using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton run</c>: the project's pipelines.</summary>
internal static class RunCommand
{
    internal static Command Create(VerbBuilder verbs)
    {
        var names = new Argument<string[]>("PIPELINE") { Description = Texts.Get("cli.help_run_pipelines"), Arity = ArgumentArity.ZeroOrMore };
        var fullRefresh = new Option<bool>("--full-refresh") { Description = Texts.Get("cli.help_full_refresh") };
        var plan = new Option<bool>("--plan") { Description = Texts.Get("cli.help_run_plan") };
        var select = new Option<string[]>("--select") { Description = Texts.Get("cli.help_run_select"), HelpName = "STEP" };
        return verbs.Verb("run", Texts.Get("cli.help_run"), context => RunAsync(context, context.Get(names) ?? [], new RunOptions(context.Get(fullRefresh), context.Get(select) ?? [], context.StepsAtOnce), context.Get(plan)), [names, fullRefresh, plan, select]);
    }

    private static async Task<int> RunAsync(CommandContext context, string[] names, RunOptions options, bool isPlan)
    {
        IReadOnlyList<PipelineDefinition> pipelines = Choose(context, names);
        context.Reach(context.Project.FoldersToReach(pipelines));
        var runner = new PipelineRunner(context.LakeToWrite, context.Engine, context.FrontEnd);
        if (isPlan)
        {
            WritePlan(context, await runner.PlanAsync(context.Project, pipelines, context.NewRun(), options, context.CancellationToken));
            return ExitCode.Done;
        }
        RunSummary summary = await ProgressDisplay.ShowAsync(context, progress => runner.RunAsync(context.Project, pipelines, context.NewRun(progress), options, context.CancellationToken).AsTask());
        if (context.IsJson) WriteJson(context, summary);
        else WriteText(context, summary);
        var failures = new Failures(context.Terminal, context.IsJson, context.IsVerbose);
        foreach (StepFailure failure in summary.Failures) failures.Report(failure.Error, isInterrupted: false);
        // A run that was stopped says so also where its steps ended without an error.
        context.CancellationToken.ThrowIfCancellationRequested();
        return summary.FailureKind is { } kind ? Failures.ExitCodeOf(kind) : ExitCode.Done;
    }

    private static IReadOnlyList<PipelineDefinition> Choose(CommandContext context, string[] names)
    {
        IReadOnlyList<PipelineDefinition> all = context.Project.LoadPipelines();
        if (all.Count == 0) throw new LeptonDataException("cli.no_pipelines", [context.Project.Folder]);
        if (names.Length == 0) return all;
        KnownNames.Check(names, [.. all.Select(pipeline => pipeline.Name)], "cli.unknown_pipeline");
        return [.. all.Where(pipeline => names.Contains(pipeline.Name))];
    }

    private static void WriteText(CommandContext context, RunSummary summary)
    {
        TextTable table = new TextTable()
            .Column(Texts.Get("cli.column_step")).Column(Texts.Get("cli.column_state")).Column(Texts.Get("cli.column_rows"), isRight: true)
            .Column(Texts.Get("cli.column_quarantined"), isRight: true).Column(Texts.Get("cli.column_seconds"), isRight: true);
        foreach (RunRecord run in summary.Runs)
        {
            foreach (StepRecord step in run.Steps.Where(step => step.State != StepState.LeftOut))
            {
                double? seconds = step.Phases.Count == 0 ? null : step.Phases.Sum(phase => phase.Seconds);
                table.Row(step.Name, StateText(step.State), TextTable.Number(step.RowsOut), TextTable.Number(step.RowsQuarantined), seconds?.ToString("0.0", CultureInfo.InvariantCulture) ?? "–");
            }
        }
        table.Write(context.Terminal);
        string duration = summary.Duration.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        if (summary.IsComplete) context.Terminal.Out.WriteLine(summary.IsUnchanged ? Texts.Get("cli.run_unchanged", duration) : Texts.Get("cli.run_done", duration));
        foreach (SourceRecord source in summary.Runs.SelectMany(run => run.Sources))
            foreach (string change in source.Changes) context.Terminal.Out.WriteLine(TextCells.Visible(Texts.Get("cli.run_source_changed", source.Name, change)));
        foreach (StepRecord step in summary.Runs.SelectMany(run => run.Steps).Where(step => step.State == StepState.Done && step.RowsQuarantined > 0))
            context.Terminal.Out.WriteLine(Texts.Get("cli.run_quarantined", TextTable.Number(step.RowsQuarantined), step.Table));
        // Of a table that is up to date only what time alone breaks is news.
        foreach (StepRecord step in summary.Runs.SelectMany(run => run.Steps).Where(step => step.State == StepState.Unchanged))
            foreach (RuleRecord rule in step.Rules.Where(rule => rule is { OnFailure: RuleRecord.Warn, BrokenRowCount: > 0, Newest: not null })) context.Terminal.Out.WriteLine(StaleText(step, rule));
        foreach (StepRecord step in summary.Runs.SelectMany(run => run.Steps).Where(step => step.State == StepState.Done))
            foreach (RuleRecord rule in step.Rules.Where(rule => rule is { OnFailure: RuleRecord.Warn, BrokenRowCount: > 0 }))
                context.Terminal.Out.WriteLine(rule.Newest is not null ? StaleText(step, rule) : Texts.Get(rule.RowsFound is null ? "cli.run_warned" : "cli.run_warned_table", step.Name, rule.Name, rule.Text, TextTable.Number(rule.RowsFound ?? rule.BrokenRowCount)));
        context.Terminal.Out.Flush();
    }

    private static string StaleText(StepRecord step, RuleRecord rule) => Texts.Get("cli.run_warned_stale", step.Name, rule.Name, rule.Text, TableCommands.TimeText(rule.Newest!.Value));

    private static void WriteJson(CommandContext context, RunSummary summary) => JsonOutput.Write(context.Terminal, json =>
    {
        json.WriteString("run_id", summary.Id.Value);
        json.WriteBoolean("is_complete", summary.IsComplete);
        json.WriteBoolean("is_unchanged", summary.IsUnchanged);
        json.WriteNumber("seconds", Math.Round(summary.Duration.TotalSeconds, 3));
        json.WriteList("sources", summary.Runs.SelectMany(run => run.Sources.Select(source => (run.Pipeline, Source: source))), item =>
        {
            json.WriteString("pipeline", item.Pipeline);
            json.WriteString("source", item.Source.Name);
            json.WriteOptional("rows", item.Source.RowCount);
            json.WriteStrings("changes", item.Source.Changes);
        });
        json.WriteList("steps", summary.Runs.SelectMany(run => run.Steps.Select(step => (run.Pipeline, Step: step))), item =>
        {
            json.WriteString("pipeline", item.Pipeline);
            json.WriteString("step", item.Step.Name);
            json.WriteString("table", item.Step.Table);
            json.WriteString("state", StateWord(item.Step.State));
            json.WriteOptional("rows", item.Step.RowsOut);
            json.WriteOptional("rows_quarantined", item.Step.RowsQuarantined);
            json.WriteList("rules", item.Step.Rules, rule =>
            {
                json.WriteString("rule", rule.Name);
                json.WriteString("on_failure", rule.OnFailure);
                json.WriteBoolean("holds", rule.BrokenRowCount is not > 0);
                json.WriteOptional(rule.RowsFound is null ? "rows_broken" : "rows_found", rule.RowsFound ?? rule.BrokenRowCount);
                if (rule.Newest is { } newest) json.WriteString("newest", newest.ToString());
            });
            json.WriteOptional("version", item.Step.Version);
            json.WriteString("content_hash", item.Step.ContentHash);
            json.WriteString("reason", item.Step.Reason);
            WriteGrowth(json, item.Step.Growth);
            json.WriteString("error_code", item.Step.ErrorCode);
        });
    });

    private static void WritePlan(CommandContext context, IReadOnlyList<PlannedStep> steps)
    {
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteList("steps", steps, step =>
                {
                    json.WriteString("pipeline", step.Pipeline);
                    json.WriteString("step", step.Step);
                    json.WriteBoolean("will_run", step.WillRun);
                    json.WriteString("reason", step.Reason);
                    WriteGrowth(json, step.Growth);
                });
            });
            return;
        }
        TextTable table = new TextTable().Column(Texts.Get("cli.column_pipeline")).Column(Texts.Get("cli.column_step")).Column(Texts.Get("cli.column_plan")).Column(Texts.Get("cli.column_reason"));
        foreach (PlannedStep step in steps) table.Row(step.Pipeline, step.Step, Texts.Get(step.WillRun ? "cli.plan_run" : "cli.plan_keep"), ReasonText.Of(step.Reason, step.Growth));
        table.Write(context.Terminal);
    }

    private static void WriteGrowth(Utf8JsonWriter json, GrowthRecord? growth)
    {
        if (growth is null) return;
        json.WriteString("grows", growth.Mode);
        json.WriteString("full_because", growth.FullBecause);
        json.WriteOptional("files_read", growth.FilesRead);
        json.WriteOptional("keys_touched", growth.KeysTouched);
        json.WriteOptional("files_replaced", growth.FilesReplaced);
    }

    private static string StateWord(StepState state) => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    private static string StateText(StepState state) => state switch
    {
        StepState.Planned => Texts.Get("cli.state_planned"),
        StepState.Done => Texts.Get("cli.state_done"),
        StepState.Unchanged => Texts.Get("cli.state_unchanged"),
        StepState.Failed => Texts.Get("cli.state_failed"),
        _ => Texts.Get("cli.state_skipped"),
    };
}

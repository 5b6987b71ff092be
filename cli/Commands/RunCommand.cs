using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Output;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Events;
using Lepton.Data.Jobs.Sampling;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton run</c>: the project's pipelines.</summary>
internal static class RunCommand
{
    private const long DefaultSeed = 1;

    internal static Command Create(VerbBuilder verbs)
    {
        var names = new Argument<string[]>("PIPELINE") { Description = Texts.Get("cli.help_run_pipelines"), Arity = ArgumentArity.ZeroOrMore };
        var fullRefresh = new Option<bool>("--full-refresh") { Description = Texts.Get("cli.help_full_refresh") };
        var plan = new Option<bool>("--plan") { Description = Texts.Get("cli.help_run_plan") };
        var select = new Option<string[]>("--select") { Description = Texts.Get("cli.help_run_select"), HelpName = "STEP" };
        Option<double?> sample = ShareOption.Create(Texts.Get("cli.help_run_sample"), "--sample");
        Option<long?> seed = NumberOption.Create<long>(Texts.Get("cli.help_run_seed"), "--seed");
        Command command = verbs.Verb(
            "run",
            Texts.Get("cli.help_run"),
            context => RunAsync(
                context,
                context.Get(names) ?? [],
                new RunOptions(context.Get(fullRefresh), context.Get(select) ?? [], context.StepsAtOnce) { Sample = context.Get(sample) is { } share ? new RowSample(share, context.Get(seed) ?? DefaultSeed) : null },
                context.Get(plan)),
            [names, fullRefresh, plan, select, sample, seed]);
        command.Validators.Add(result =>
        {
            if (result.GetResult(sample) is not null && result.GetResult(plan) is not null) result.AddError(Texts.Get("cli.not_together", "--sample", "--plan"));
            else if (result.GetResult(seed) is not null && result.GetResult(sample) is null) result.AddError(Texts.Get("cli.only_with", "--seed", "--sample"));
        });
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, string[] names, RunOptions options, bool isPlan)
    {
        IReadOnlyList<PipelineDefinition> pipelines = Choose(context, names);
        context.Reach(context.Project.FoldersToReach(pipelines));
        if (options.Sample is not null) context.Reach([Path.Combine(context.Project.Folder, SampleProject.Folder)]);
        if (isPlan)
        {
            WritePlan(context, await new PipelineRunner(context.LakeToWrite, context.Engine, context.FrontEnd).PlanAsync(context.Project, pipelines, context.NewRun(), options, context.CancellationToken));
            return ExitCode.Done;
        }
        RunEventLines? lines = context.IsJson ? new RunEventLines(context.Terminal, context.Time) { Sample = options.Sample } : null;
        var changes = new RunChanges();
        // What a sample makes is nobody's data.
        OpenLineage? lineage = options.Sample is null && context.Project.OpenLineage is { } where ? new OpenLineage(where, context.Project) : null;
        RunSummary summary;
        try
        {
            Lake? readsFrom = options.Sample is null ? null : context.LakeIfAny;
            Lake lake = options.Sample is null ? context.LakeToWrite : SampleProject.Make(context.Project);
            var runner = new PipelineRunner(lake, context.Engine, context.FrontEnd) { ReadsFrom = readsFrom, Listener = new RunListeners([changes, lines, lineage]) };
            Task<RunSummary> Run(IProgress<StepProgress>? progress) => runner.RunAsync(context.Project, pipelines, context.NewRun(progress), options, context.CancellationToken).AsTask();
            summary = lines is null ? await ProgressDisplay.ShowAsync(context, Run, isSideBySide: options.StepsAtOnce > 1) : await Run(lines);
        }
        finally
        {
            if (lineage is not null) await lineage.DisposeAsync();
            if (lineage?.Undelivered is var (reason, count))
            {
                if (lines is null) context.Terminal.Error.WriteLine(TextCells.Visible(Texts.Get("cli.run_lineage_undelivered", TextTable.Number(count), reason)));
                else lines.Undelivered(reason, count);
            }
        }
        if (lines is null) WriteText(context, summary, changes, options.Sample);
        else lines.Finish(summary);
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

    private static void WriteText(CommandContext context, RunSummary summary, RunChanges changes, RowSample? sample)
    {
        if (sample is not null) context.Terminal.Out.WriteLine(Texts.Get("cli.run_sample", ShareOption.TextOf(sample.Share), sample.Seed));
        TextTable table = new TextTable()
            .Column(Texts.Get("cli.column_step")).Column(Texts.Get("cli.column_state")).Column(Texts.Get("cli.column_rows"), isRight: true)
            .Column(Texts.Get("cli.column_change"), isRight: true).Column(Texts.Get("cli.column_quarantined"), isRight: true).Column(Texts.Get("cli.column_version"), isRight: true, rank: 1)
            .Column(Texts.Get("cli.column_size"), isRight: true, rank: 4).Column(Texts.Get("cli.column_seconds"), isRight: true, rank: 3).Column(Texts.Get("cli.column_reason"), rank: 2);
        foreach (RunRecord run in summary.Runs)
        {
            foreach (StepRecord step in run.Steps.Where(step => step.State != StepState.LeftOut))
            {
                double? seconds = step.Phases.Count == 0 ? null : step.Phases.Sum(phase => phase.Seconds);
                table.Row(step.Name, StateText(step.State), TextTable.Number(step.RowsOut), changes.RowsOf(step), TextTable.Number(step.RowsQuarantined), VersionText(step), changes.SizeOf(step), seconds?.ToString("0.0", CultureInfo.InvariantCulture) ?? "–", WhyText(step));
            }
        }
        table.Write(context.Terminal);
        string duration = summary.Duration.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        if (summary.IsComplete) context.Terminal.Out.WriteLine(summary.IsUnchanged ? Texts.Get("cli.run_unchanged", duration) : Texts.Get("cli.run_done", duration));
        foreach (SourceRecord source in summary.Runs.SelectMany(run => run.Sources))
            foreach (string change in source.Changes) context.Terminal.Out.WriteLine(TextCells.Visible(Texts.Get("cli.run_source_changed", source.Name, change)));
        foreach (StepRecord step in summary.Runs.SelectMany(run => run.Steps).Where(step => step.State == StepState.Done && step.RowsQuarantined > 0))
            context.Terminal.Out.WriteLine(Texts.Get("cli.run_quarantined", TextTable.Number(step.RowsQuarantined), QueryOf($"{step.Table}__quarantine")));
        foreach (StepRecord step in summary.Runs.SelectMany(run => run.Steps).Where(step => step.State == StepState.Done && step.RowsLate > 0))
            context.Terminal.Out.WriteLine(Texts.Get("cli.run_late", TextTable.Number(step.RowsLate), QueryOf($"{step.Table}__late")));
        foreach (StepRecord step in summary.Runs.SelectMany(run => run.Steps).Where(step => step is { State: StepState.Failed, Version: not null }))
            context.Terminal.Out.WriteLine(Texts.Get("cli.run_ended_dead", step.Name, step.Version));
        foreach (HeldBackRun held in summary.HeldBack) context.Terminal.Out.WriteLine(Texts.Get("cli.run_held_back", held.Pipeline, held.Because));
        // Of a table that is up to date only what time alone breaks is news.
        foreach (StepRecord step in summary.Runs.SelectMany(run => run.Steps).Where(step => step.State == StepState.Unchanged))
            foreach (RuleRecord rule in step.Rules.Where(rule => rule is { OnFailure: RuleRecord.Warn, BrokenRowCount: > 0, Newest: not null })) context.Terminal.Out.WriteLine(StaleText(step, rule));
        foreach (StepRecord step in summary.Runs.SelectMany(run => run.Steps).Where(step => step.State == StepState.Done))
            foreach (RuleRecord rule in step.Rules.Where(rule => rule is { OnFailure: RuleRecord.Warn, BrokenRowCount: > 0 }))
                context.Terminal.Out.WriteLine(rule.Newest is not null ? StaleText(step, rule) : Texts.Get(rule.RowsFound is null ? "cli.run_warned" : "cli.run_warned_table", step.Name, rule.Name, rule.Text, TextTable.Number(rule.RowsFound ?? rule.BrokenRowCount)));
        if (sample is not null && summary.Runs.SelectMany(run => run.Steps).LastOrDefault(step => step.State == StepState.Done) is { } last) context.Terminal.Out.WriteLine(Texts.Get("cli.run_sample_where", QueryOf(last.Table)));
        context.Terminal.Out.Flush();

        string QueryOf(string table) => $"lepton{(sample is null ? "" : $" --project {Project.DisplayPath(Path.Combine(context.Project.Folder, SampleProject.Folder))}")} query \"SELECT * FROM {table}\"";
    }

    private static string StaleText(StepRecord step, RuleRecord rule) => Texts.Get("cli.run_warned_stale", step.Name, rule.Name, rule.Text, TableCommands.TimeText(rule.Newest!.Value));

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
                    StepRecords.WriteGrowth(json, step.Growth);
                });
            });
            return;
        }
        TextTable table = new TextTable().Column(Texts.Get("cli.column_pipeline")).Column(Texts.Get("cli.column_step")).Column(Texts.Get("cli.column_plan")).Column(Texts.Get("cli.column_reason"));
        foreach (PlannedStep step in steps) table.Row(step.Pipeline, step.Step, Texts.Get(step.WillRun ? "cli.plan_run" : "cli.plan_keep"), ReasonText.Of(step.Reason, step.Growth));
        table.Write(context.Terminal);
    }

    private static string VersionText(StepRecord step) => (step.State, step.VersionBefore, step.Version) switch
    {
        (StepState.Done or StepState.Failed, { } before, { } after) => string.Create(CultureInfo.InvariantCulture, $"{before} → {after}"),
        (StepState.Done or StepState.Unchanged, _, { } version) => version.ToString(CultureInfo.InvariantCulture),
        _ => "–",
    };

    // What failed says itself why, below.
    private static string WhyText(StepRecord step) => step.State switch
    {
        StepState.Unchanged => Texts.Get("cli.reason_none"),
        StepState.Failed or StepState.Planned => "–",
        _ => ReasonText.Of(step.Reason, step.Growth),
    };

    private static string StateText(StepState state) => state switch
    {
        StepState.Planned => Texts.Get("cli.state_planned"),
        StepState.Done => Texts.Get("cli.state_done"),
        StepState.Unchanged => Texts.Get("cli.state_unchanged"),
        StepState.Failed => Texts.Get("cli.state_failed"),
        _ => Texts.Get("cli.state_skipped"),
    };
}

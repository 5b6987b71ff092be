using Lepton.Data.FeatureStore;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Reports;

/// <summary>Collects what a report says: from the run records, the manifests of training sets, and queries over what the last runs published.</summary>
internal sealed partial class ReportBuilder(Project project, FeatureStoreContext context, RunContext run)
{
    private const int RefusedRowsMax = 20;
    private const int RefusedColumnsMax = 12;
    private const int PanelRowsMax = 1000;

    private readonly ReportQueries _queries = new(context, run with { Progress = null });

    /// <exception cref="LeptonDataException">Nothing ran yet, or a panel's query failed.</exception>
    public async Task<ReportModel> BuildAsync(ReportDefinition definition, CancellationToken cancellationToken)
        => await DescribeAsync(await OutlineAsync(definition, cancellationToken), cancellationToken);

    /// <summary>What a report says as far as records and manifests tell it.</summary>
    /// <exception cref="LeptonDataException">Nothing ran yet, or the lineage names what there is not.</exception>
    public async Task<ReportOutline> OutlineAsync(ReportDefinition definition, CancellationToken cancellationToken)
    {
        IReadOnlyList<RunRecord> runs = await new RunLog(context.Catalog.Lake).ReadAsync(cancellationToken: cancellationToken);
        List<RunRecord> newest = [.. runs.Where(record => record.State == RunState.Finished).GroupBy(record => record.Pipeline).Select(Telling).OrderBy(record => record.StartedAt)];
        if (newest.Count == 0) throw new LeptonDataException("jobs.report_before_run", [project.Folder]);

        List<MadeStep> steps = [.. newest.SelectMany(record => record.Steps.Select(step => Making(record, step, runs)))];
        IReadOnlyList<TrainingSetVersion> trainingSets = await NewestTrainingSetsAsync(cancellationToken);
        Dictionary<(string, string), string?> descriptions = project.LoadPipelines().SelectMany(pipeline => pipeline.Steps, (pipeline, step) => (pipeline.Name, Step: step)).ToDictionary(pair => (pair.Name, pair.Step.Name), pair => pair.Step.Description);

        var model = new ReportModel
        {
            Title = definition.Title,
            Introduction = definition.Introduction,
            Sources = [.. newest.SelectMany(record => record.Sources).DistinctBy(source => source.Name).Select(Source)],
            Steps = [.. steps.Select(made => Step(made, descriptions.GetValueOrDefault((made.Pipeline, made.Step.Name))))],
            Rules = [.. steps.SelectMany(made => made.Step.Rules.Select(rule => new ReportRule(made.Step.Table, rule.Name, rule.Text, rule.OnFailure, made.Step.RowsComputed, rule.BrokenRowCount, rule.RowsFound)))],
            Lineage = definition.Lineage is { } target ? Lineage(target, trainingSets, steps) : null,
            Provenance = new ReportProvenance(
                project.Name,
                [.. newest.Select(record => new ReportRun(record.Pipeline, record.RunId, record.FinishedAt?.ToString()))],
                newest[^1].SoftwareVersion,
                context.Engine.Name,
                [.. trainingSets.SelectMany(set => set.Manifest.Snapshots).Select(snapshot => new ReportSnapshot(snapshot.Table, snapshot.Version)).Distinct()],
                ["lepton run", "lepton apply", .. trainingSets.Select(set => $"lepton dataset create {set.Manifest.Name}"), .. trainingSets.Select(set => $"lepton dataset verify {set.Manifest.Name}")]),
        };
        return new ReportOutline(definition, model, steps, trainingSets);
    }

    /// <summary>The outline, filled in with what only queries tell.</summary>
    public async Task<ReportModel> DescribeAsync(ReportOutline outline, CancellationToken cancellationToken) => outline.Model with
    {
        Refused = await RefusedAsync(outline.Steps, cancellationToken),
        TrainingSets = await TrainingSetsAsync(outline.TrainingSets, cancellationToken),
        Panels = await PanelsAsync(outline.Definition.Panels, cancellationToken),
    };

    // A run that found nothing to do tells nothing new: the report is about the one before it that says the same.
    private static RunRecord Telling(IEnumerable<RunRecord> finished)
    {
        RunRecord[] runs = [.. finished.OrderByDescending(record => record.Number)];
        int i = 0;
        while (i + 1 < runs.Length && runs[i].Steps.All(step => step.State is StepState.Unchanged or StepState.LeftOut) && SaysTheSame(runs[i], runs[i + 1])) i++;
        return runs[i];
    }

    private static bool SaysTheSame(RunRecord one, RunRecord other)
        => one.Sources.Select(source => Source(source) with { Changes = [] }).SequenceEqual(other.Sources.Select(source => Source(source) with { Changes = [] }))
           && one.Steps.Select(Made).SequenceEqual(other.Steps.Select(Made));

    private static (string, string, long?, long?, string?, string?) Made(StepRecord step) => (step.Name, step.Table, step.Version, step.QuarantineVersion, step.Fingerprint, step.ContentHash);

    // Many small queries: who waits is told what they are about, not each of them.
    private void Tell(string what) => run.Progress?.Report(new StepProgress(what, "jobs.report_describing"));

    // A step that was up to date tells nothing of its work: the run that made the version does.
    private static MadeStep Making(RunRecord record, StepRecord step, IReadOnlyList<RunRecord> runs)
    {
        if (step.State is not (StepState.Unchanged or StepState.LeftOut)) return new MadeStep(record.Pipeline, step, IsReused: false);
        StepRecord made = runs.Where(other => other.Pipeline == record.Pipeline).SelectMany(other => other.Steps)
            .FirstOrDefault(other => other.Name == step.Name && other.State == StepState.Done && other.Version == step.Version) ?? step;
        return new MadeStep(record.Pipeline, made, IsReused: true);
    }

    private static ReportSource Source(SourceRecord source) => new(
        source.Name,
        source.Format,
        source.Files switch { [] => "", [var only] => only.Path, [var first, ..] => $"{first.Path} (+{source.Files.Count - 1})" },
        source.Files.Sum(file => file.SizeBytes),
        source.Files is [var single] ? single.Sha256 : null,
        source.RowCount) { Changes = source.Changes };

    private static ReportStep Step(MadeStep made, string? description)
    {
        StepRecord step = made.Step;
        return new ReportStep(
            made.Pipeline,
            step.Table,
            ReportText.Of(description),
            [.. step.Inputs.Select(input => new ReportInput(input.Name, input.RowCount, IsCheckOnly(step, input.Name)))],
            step.RowsComputed ?? step.RowsOut ?? 0,
            step.RowsQuarantined ?? 0,
            step.RowsOut ?? 0,
            step.Version,
            step.ContentHash,
            Milliseconds(step.Phases.Sum(phase => phase.Seconds)),
            [.. step.Phases.Select(phase => new ReportPhase(phase.Name, Milliseconds(phase.Seconds)))],
            made.IsReused) { RowsLate = step.RowsLate ?? 0 };
    }

    private static long Milliseconds(double seconds) => (long)Math.Round(1000 * seconds);

    // An input that no column comes from is there for a rule, such as the list that values must be in.
    private static bool IsCheckOnly(StepRecord step, string input)
        => step.Lineage.Count > 0 && !step.Lineage.SelectMany(column => column.Values.Concat(column.Influences)).Any(column => column.StartsWith(input + ".", StringComparison.OrdinalIgnoreCase));

    private async Task<IReadOnlyList<ReportRefused>> RefusedAsync(IReadOnlyList<MadeStep> steps, CancellationToken cancellationToken)
    {
        var refused = new List<ReportRefused>();
        foreach (MadeStep made in steps.Where(made => made.Step.RowsQuarantined > 0))
        {
            string[] columns = [.. made.Step.Columns.Take(RefusedColumnsMax).Select(NameOfColumn), "__rules"];
            string list = string.Join(", ", columns.Select(SqlLiteral.Name));
            var query = new SqlText($"SELECT {list} FROM {TableName.Parse(made.Step.Table).Quarantine} ORDER BY {list} LIMIT {RefusedRowsMax}", "report");
            ReportQueries.Answer answer = await _queries.ReadAsync(query, RefusedRowsMax, cancellationToken);
            refused.Add(new ReportRefused(made.Step.Table, made.Step.RowsQuarantined!.Value, answer.Columns, answer.Rows));
        }
        return refused;
    }

    private async Task<IReadOnlyList<ReportPanel>> PanelsAsync(IEnumerable<PanelDefinition> definitions, CancellationToken cancellationToken)
    {
        var panels = new List<ReportPanel>();
        foreach (PanelDefinition panel in definitions)
        {
            Tell(panel.Name);
            ReportQueries.Answer answer = await _queries.ReadAsync(panel.Sql, PanelRowsMax, cancellationToken);
            foreach (string column in panel.Columns.Select(entry => entry.Name).Concat(panel.Y).Concat(panel.X is null ? [] : [panel.X]))
            {
                if (answer.Schema.Find(column) is null) throw new LeptonDataException("jobs.report_unknown_column", [panel.Name, column, string.Join(", ", answer.Schema.Fields.Select(field => field.Name))]) { Place = panel.Sql.Start };
            }
            panels.Add(new ReportPanel(panel.Name, panel.Title, panel.Text, panel.Chart, panel.X, panel.Y, panel.From, panel.Sql.Text, [.. answer.Columns.Select(column => Column(column, panel))], answer.Rows));
        }
        return panels;
    }

    private static ReportPanelColumn Column(ReportCellKind column, PanelDefinition panel)
    {
        PanelColumn? said = panel.Columns.FirstOrDefault(entry => string.Equals(entry.Name, column.Name, StringComparison.OrdinalIgnoreCase)).Value;
        return new ReportPanelColumn(column.Name, column.Kind, said?.Title, said?.Format, said?.Values is { Count: > 0 } values ? [.. values.Select(value => new ReportNamedValue(value.Name, value.Value))] : null);
    }

    // Records keep columns in the form `name TYPE`, quoted where the name needs it.
    private static string NameOfColumn(string column)
        => column.StartsWith('"') ? column[1..column.LastIndexOf('"')].Replace("\"\"", "\"", StringComparison.Ordinal) : column[..column.IndexOf(' ', StringComparison.Ordinal)];
}

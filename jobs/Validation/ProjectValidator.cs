using Lepton.Data.Connectors.Files;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Reports;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Jobs.Testing;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Jobs.Validation;

/// <summary>Checks all that a project says, without running anything and without reading a row: YAML, SQL, rules, features, unit tests, reports.</summary>
/// <param name="binder">Binds the SQL.</param>
/// <param name="lake">The project's lake, for tables that no step makes; gives null where there is none.</param>
public sealed class ProjectValidator(Binder binder, Func<Lake?> lake)
{
    private readonly ProblemList _problems = new();

    // The columns of sources and tables by name; null where they are not known, since what makes them is itself not right.
    private readonly Dictionary<string, Schema?> _tables = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Checks a project. A validator is used once.</summary>
    /// <param name="project">Which.</param>
    /// <param name="access">On whose behalf its queries would run.</param>
    /// <param name="cancellationToken">Observed between files and steps.</param>
    /// <returns>What was looked at, and all that is wrong with it, by file and line.</returns>
    public async ValueTask<ValidationResult> ValidateAsync(Project project, AccessContext access, CancellationToken cancellationToken)
    {
        List<PipelineDefinition> pipelines = ReadPipelines(project);
        List<UnitTestDefinition> tests = [.. project.UnitTestFiles.SelectMany(file => _problems.Try(() => UnitTestFormat.Format.Read(Project.ReadFile(file), Project.DisplayPath(file))) ?? [])];
        foreach (IGrouping<string, UnitTestDefinition> twins in tests.GroupBy(test => test.Name).Where(group => group.Count() > 1))
            _problems.Add(new LeptonDataException("jobs.test_twice", [twins.Key, twins.First().Place]) { Place = twins.Last().Place });

        Dictionary<FileSourceDefinition, Schema?> sources = Sources(project, pipelines, tests, cancellationToken);
        var skipped = new List<string>();
        StepGraph? graph = Graph(pipelines, skipped);
        foreach (StepNode node in graph?.Nodes ?? [])
        {
            cancellationToken.ThrowIfCancellationRequested();
            await BindAsync(node, sources, skipped, access, cancellationToken).ConfigureAwait(false);
        }
        foreach (UnitTestDefinition test in tests)
            if (graph is not null) _problems.Try(() => StepTester.CheckNames(test, graph));

        FeatureDefinitions? features = _problems.Try(() => FeatureDefinitions.Load(project.Folder));
        if (features is not null) await CheckFeaturesAsync(features, access, cancellationToken).ConfigureAwait(false);
        foreach (string file in project.ReportFiles) _problems.Try(() => CheckReport(ReportDefinition.Format.Read(Project.ReadFile(file), Project.DisplayPath(file))));
        return new ValidationResult(
            pipelines.Sum(pipeline => pipeline.Steps.Count), tests.Count, (features?.FeatureViews.Count ?? 0) + (features?.TrainingSets.Count ?? 0), project.ReportFiles.Count, skipped,
            [.. _problems.All.Distinct().OrderBy(problem => problem.Place?.Path, StringComparer.Ordinal).ThenBy(problem => problem.Place?.LineNumber).ThenBy(problem => problem.Place?.ColumnNumber)]);
    }

    private List<PipelineDefinition> ReadPipelines(Project project)
    {
        var pipelines = new List<PipelineDefinition>();
        foreach (string file in project.PipelineFiles)
        {
            if (_problems.Try(() => PipelineFormat.Format.Read(Project.ReadFile(file), Project.DisplayPath(file))) is not { } pipeline) continue;
            if (pipelines.Find(other => other.Name == pipeline.Name) is { } twin) _problems.Add(new LeptonDataException("jobs.pipeline_twice", [pipeline.Name, twin.Place]) { Place = pipeline.Place });
            else pipelines.Add(pipeline);
        }
        return pipelines;
    }

    // A source whose files are not here is what unit tests declare of it, if they do.
    private Dictionary<FileSourceDefinition, Schema?> Sources(Project project, List<PipelineDefinition> pipelines, List<UnitTestDefinition> tests, CancellationToken cancellationToken)
    {
        FileSourceDefinition[] all = [.. pipelines.SelectMany(pipeline => pipeline.Sources)];
        var schemas = new Dictionary<FileSourceDefinition, Schema?>(ReferenceEqualityComparer.Instance);
        if (all.Length == 0) return schemas;
        using var files = new FileSources(all, project.Folder, new Dictionary<string, KnownFile>());
        foreach (FileSourceDefinition source in all)
        {
            try
            {
                schemas.Add(source, files.ColumnsOf(source, cancellationToken));
            }
            catch (LeptonDataException failure)
            {
                IReadOnlyList<Entry<DataType>>? declared = failure.Code is "connectors.no_file" or "connectors.no_file_but" or "connectors.no_folder" or "connectors.no_match"
                    ? tests.Select(test => test.Columns.GetValueOrDefault(source.Name)).FirstOrDefault(columns => columns is not null) : null;
                schemas.Add(source, declared is null ? null : new Schema(declared.Select(column => new Field(column.Name, column.Value))));
                if (declared is null) _problems.Add(failure);
            }
        }
        return schemas;
    }

    // Where the steps do not resolve together, each is resolved alone, so that all that are not right are known; then those that are, together.
    private StepGraph? Graph(List<PipelineDefinition> pipelines, List<string> skipped)
    {
        // The lake is only asked where a name is no source and no step: it may be far away.
        if (TryBuild(pipelines, []) is { } whole) return whole;
        IReadOnlyList<TableName> lakeTables = lake()?.ListTables() ?? [];
        if (lakeTables.Count > 0 && TryBuild(pipelines, lakeTables) is { } withLake) return withLake;
        var bad = new HashSet<StepDefinition>(ReferenceEqualityComparer.Instance);
        foreach (StepDefinition step in pipelines.SelectMany(pipeline => pipeline.Steps))
        {
            IReadOnlyList<PipelineDefinition> alone = [.. pipelines.Select(pipeline => pipeline with { Steps = [.. pipeline.Steps.Select(other => ReferenceEquals(other, step) ? other : other with { Rules = [], Sql = s_nothing })] })];
            try
            {
                StepGraph.Build(alone, References, lakeTables);
            }
            catch (LeptonDataException failure) when (failure.Code is not ("jobs.cycle" or "jobs.table_twice"))
            {
                _problems.Add(failure);
                bad.Add(step);
                skipped.Add(step.Name);
                _tables[step.Name] = null;
            }
            catch (LeptonDataException)
            {
                // Said below, of all together.
            }
        }
        return _problems.Try(() => StepGraph.Build([.. pipelines.Select(pipeline => pipeline with { Steps = [.. pipeline.Steps.Select(step => bad.Contains(step) ? step with { Rules = [], Sql = s_nothing } : step)] })], References, lakeTables));
    }

    private static readonly SqlText s_nothing = new("SELECT 1 AS nothing", "nothing");

    private IReadOnlyList<TableReference> References(SqlText sql) => sql == s_nothing ? [] : binder.References(sql);

    private StepGraph? TryBuild(List<PipelineDefinition> pipelines, IReadOnlyList<TableName> lakeTables)
    {
        try
        {
            return StepGraph.Build(pipelines, binder.References, lakeTables);
        }
        catch (LeptonDataException)
        {
            return null;
        }
    }

    private async ValueTask BindAsync(StepNode node, Dictionary<FileSourceDefinition, Schema?> sources, List<string> skipped, AccessContext access, CancellationToken cancellationToken)
    {
        string name = node.Step.Name;
        if (skipped.Contains(name)) return;
        _tables[name] = null;
        foreach (TableName companion in TableName.Parse(name).Companions) _tables[companion.ToString()] = null;
        var inputs = new Dictionary<string, Schema>(StringComparer.OrdinalIgnoreCase);
        foreach (StepInput input in node.Inputs)
        {
            Schema? known = input.Source is { } source ? sources[source] : await ColumnsOfAsync(input.Table!, cancellationToken).ConfigureAwait(false);
            if (known is not null) inputs.Add(input.Name, known);
        }
        if (inputs.Count < node.Inputs.Count)
        {
            skipped.Add(name);
            return;
        }
        if (_problems.Try(() => new StepBinder(binder, access).Bind(node, inputs)) is not { } bound) return;
        foreach ((TableName table, Schema schema) in bound.Tables) _tables[table.ToString()] = schema;
    }

    private async ValueTask<Schema?> ColumnsOfAsync(TableName table, CancellationToken cancellationToken)
    {
        if (_tables.TryGetValue(table.ToString(), out Schema? known)) return known;
        try
        {
            known = lake() is { } there && await there.Table(table).ReadAsync(null, cancellationToken).ConfigureAwait(false) is { } snapshot ? snapshot.Schema : null;
        }
        catch (LeptonDataException failure)
        {
            _problems.Add(failure);
        }
        return _tables[table.ToString()] = known;
    }

    private async ValueTask CheckFeaturesAsync(FeatureDefinitions features, AccessContext access, CancellationToken cancellationToken)
    {
        // A table that another tool made is in the lake alone.
        if (features.FeatureViews.Select(view => view.Table).Any(table => !_tables.ContainsKey(table.ToString())) && lake() is { } there)
            foreach (TableName table in there.ListTables()) await ColumnsOfAsync(table, cancellationToken).ConfigureAwait(false);
        foreach (LeptonDataException problem in FeatureChecks.FindProblems(features, _tables, binder, access)) _problems.Add(problem);
    }

    // What training sets hold is known when they are made, so that a panel over them is only read.
    private void CheckReport(ReportDefinition report)
    {
        var found = new ProblemList();
        foreach (PanelDefinition panel in report.Panels)
        {
            found.Try(() =>
            {
                IReadOnlyList<TableReference> references = binder.References(panel.Sql);
                if (references.All(reference => _tables.GetValueOrDefault(reference.Name) is not null))
                    binder.Bind(panel.Sql, references.DistinctBy(reference => reference.Name, StringComparer.OrdinalIgnoreCase).ToDictionary(reference => reference.Name, reference => _tables[reference.Name]!, StringComparer.OrdinalIgnoreCase), AccessContext.Owner);
            });
        }
        found.ThrowIfAny();
    }
}

/// <summary>What is wrong with a project.</summary>
/// <param name="StepCount">Steps that were looked at.</param>
/// <param name="TestCount">Unit tests that were looked at; they are not run.</param>
/// <param name="FeatureCount">Feature views and training sets that were looked at.</param>
/// <param name="ReportCount">Reports that were looked at.</param>
/// <param name="Skipped">Steps whose columns could not be checked, since what they read, or their own names, are not right.</param>
/// <param name="Problems">By file, line and column; empty where all is right.</param>
public sealed record ValidationResult(int StepCount, int TestCount, int FeatureCount, int ReportCount, IReadOnlyList<string> Skipped, IReadOnlyList<LeptonDataException> Problems);

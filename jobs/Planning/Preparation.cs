using Lepton.Data.Connectors.Files;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Planning;

/// <summary>All that is found out before the first step runs: the order, the sources, the bound steps. An error here means that nothing was run.</summary>
internal sealed class Preparation
{
    private readonly Dictionary<TableName, Schema> _tableSchemas = [];

    private Preparation(IReadOnlyDictionary<FileSourceDefinition, ReadySource> sources, IReadOnlyDictionary<TableName, Snapshot?> lakeTables, IReadOnlyList<TableName> inexactTables, SourceStage stage)
        => (Sources, LakeTables, InexactTables, Stage) = (sources, lakeTables, inexactTables, stage);

    /// <summary>The sources that steps read.</summary>
    internal IReadOnlyDictionary<FileSourceDefinition, ReadySource> Sources { get; }

    /// <summary>Tables that steps read and none of these steps makes, as they stood.</summary>
    internal IReadOnlyDictionary<TableName, Snapshot?> LakeTables { get; }

    /// <summary>Those of them whose rows rest on inexact values.</summary>
    internal IReadOnlyList<TableName> InexactTables { get; }

    /// <summary>Since which version those have their rows.</summary>
    internal IReadOnlyDictionary<TableName, long> RowsVersions { get; private init; } = new Dictionary<TableName, long>();

    /// <summary>Earlier runs, newest first.</summary>
    internal IReadOnlyList<RunRecord> Earlier { get; private init; } = [];

    /// <summary>Turns sources into records.</summary>
    internal SourceStage Stage { get; }

    /// <summary>The steps, each after those that it reads.</summary>
    internal IReadOnlyList<BoundStep> Steps { get; private set; } = [];

    /// <summary>The columns of what a step reads.</summary>
    internal Schema SchemaOf(StepInput input) => input.Source is { } source ? Sources[source].Inspected.Scan.Schema : _tableSchemas[input.Table!];

    internal static async ValueTask<Preparation> MakeAsync(
        Project project, IReadOnlyList<PipelineDefinition> pipelines, Lake lake, IEngine engine, Binder binder, IReadOnlyList<RunRecord> earlier, RunContext run, RunOptions options, CancellationToken cancellationToken)
    {
        StepGraph all = StepGraph.Build(pipelines, binder.References, lake.ListTables());
        StepGraph graph = all.Select(options.Select ?? []);
        if (options.Sample is not null) graph = all.Select([.. graph.Nodes.Select(node => $"+{node.Step.Name}")]);
        var stage = new SourceStage(project, earlier, pipelines, engine, binder, run, options.FullRefresh, options.Sample);
        FileSourceDefinition[] sources = [.. graph.Nodes.SelectMany(node => node.Inputs).Select(input => input.Source).OfType<FileSourceDefinition>().Distinct((IEqualityComparer<FileSourceDefinition>)ReferenceEqualityComparer.Instance)];
        IReadOnlyDictionary<FileSourceDefinition, ReadySource> ready = await stage.LookAsync(sources, cancellationToken).ConfigureAwait(false);
        var tables = new Dictionary<TableName, Snapshot?>();
        var rowsVersions = new Dictionary<TableName, long>();
        var inexact = new List<TableName>();
        var absent = new Dictionary<TableName, Schema>();
        // A table of a pipeline that is not run now is read as every reader reads it: at the version that belongs with its pipeline's other tables.
        IReadOnlyDictionary<TableName, long> published = RunLog.PublishedVersions(earlier);
        foreach ((StepNode node, StepInput input, TableName table) in graph.Nodes.SelectMany(node => node.Inputs.Where(input => input is { Step: null, Table: not null }).Select(input => (node, input, Table: input.Table!))).DistinctBy(read => read.Table))
        {
            Snapshot? snapshot = await lake.Table(table).ReadAsync(published.TryGetValue(table, out long version) ? version : null, cancellationToken).ConfigureAwait(false);
            if (snapshot is null && input.IsLeftOut)
            {
                // The quarantine of a step that has no rules reads as empty.
                Snapshot? owner = table.QuarantineOf is { } made ? await lake.Table(made).ReadAsync(null, cancellationToken).ConfigureAwait(false) : null;
                if (owner is null) throw new LeptonDataException("jobs.left_out", [node.Step.Name, input.Name]) { Place = input.Place };
                absent.Add(table, StepRun.QuarantineSchemaOf(owner.Schema));
            }
            tables.Add(table, snapshot);
            if (snapshot is not null) rowsVersions.Add(table, await lake.Table(table).RowsSinceAsync(snapshot.Version, cancellationToken).ConfigureAwait(false));
            if (earlier.SelectMany(record => record.Steps).Any(step => step.RowsAreInexact && step.Table == table.ToString() && step.Version == snapshot?.Version)) inexact.Add(table);
        }
        var preparation = new Preparation(ready, tables, inexact, stage) { RowsVersions = rowsVersions, Earlier = earlier };
        foreach ((TableName table, Schema schema) in absent) preparation._tableSchemas.Add(table, schema);
        preparation.Bind(graph, binder, run.Access);
        return preparation;
    }

    private void Bind(StepGraph graph, Binder binder, AccessContext access)
    {
        var stepBinder = new StepBinder(binder, access);
        var steps = new List<BoundStep>(graph.Nodes.Count);
        foreach ((TableName name, Snapshot? snapshot) in LakeTables)
            if (snapshot is not null) _tableSchemas.Add(name, snapshot.Schema);
        foreach (StepNode node in graph.Nodes)
        {
            BoundStep step = stepBinder.Bind(node, node.Inputs.ToDictionary(input => input.Name, SchemaOf, StringComparer.OrdinalIgnoreCase));
            foreach ((TableName table, Schema schema) in step.Tables) _tableSchemas[table] = schema;
            steps.Add(step);
        }
        Steps = steps;
    }
}

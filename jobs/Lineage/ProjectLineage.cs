using Lepton.Data.Connectors.Files;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Lineage;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Jobs.Lineage;

/// <summary>Finds the lineage of what a project's pipelines say now, without running anything and without reading a row.</summary>
/// <param name="binder">Binds the steps.</param>
/// <param name="lake">The project's lake, for tables that no step makes; gives null where there is none.</param>
public sealed class ProjectLineage(Binder binder, Func<Lake?> lake)
{
    private readonly List<LineageRelation> _relations = [];
    private readonly List<LineageEdge> _edges = [];
    private readonly Dictionary<string, IReadOnlyList<Field>> _columns = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Follows every column of every step. An object is used once.</summary>
    /// <param name="project">Where the pipelines belong.</param>
    /// <param name="pipelines">All that are to be followed.</param>
    /// <param name="access">On whose behalf their queries would run.</param>
    /// <param name="cancellationToken">Observed between sources and steps.</param>
    /// <exception cref="LeptonDataException">A definition, a source or a step is not as it must be.</exception>
    public async ValueTask<LineageGraph> ReadAsync(Project project, IReadOnlyList<PipelineDefinition> pipelines, AccessContext access, CancellationToken cancellationToken)
    {
        StepGraph graph = StepGraph.Build(pipelines, binder.References, lake()?.ListTables() ?? []);
        Dictionary<FileSourceDefinition, string> sources = Sources(project, pipelines, cancellationToken);
        var stepBinder = new StepBinder(binder, access);
        foreach (StepNode node in graph.Nodes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var relations = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (StepInput input in node.Inputs) relations.Add(input.Name, input.Source is { } source ? sources[source] : await TableAsync(input, cancellationToken).ConfigureAwait(false));
            BoundStep step = stepBinder.Bind(node, relations.ToDictionary(pair => pair.Key, pair => new Schema(_columns[pair.Value]), StringComparer.OrdinalIgnoreCase));
            string table = step.Table.ToString();
            Add(new LineageRelation(table, LineageRelationKind.Step, node.Pipeline.Name, null, step.Schema.Fields));
            Follow(table, step.Query.Schema, step.Lineage, relations);
            // Late rows are shown where somebody reads them.
            if (step.Growth?.Revisions is not { } revisions || !graph.Nodes.Any(other => other.Inputs.Any(input => input.Table == step.Table.Late))) continue;
            Add(new LineageRelation(step.Table.Late.ToString(), LineageRelationKind.Step, null, null, revisions.LateSchema.Fields));
            Follow(step.Table.Late.ToString(), revisions.LateSchema, revisions.Windows.LateRows.Lineage, relations);
        }
        return new LineageGraph(_relations, _edges);
    }

    private void Follow(string table, Schema columns, QueryLineage made, Dictionary<string, string> relations)
    {
        foreach (Field field in columns.Fields)
        {
            if (!made.Columns.TryGetValue(field.Name, out ColumnLineage? lineage)) continue;
            var to = new LineageColumn(table, field.Name);
            LineageColumn From(InputColumn column) => new(relations[column.Input], column.Column);
            _edges.AddRange(lineage.Values.Select(column => new LineageEdge(From(column), to, true)));
            _edges.AddRange(lineage.Influences.Except(lineage.Values).Select(column => new LineageEdge(From(column), to, false)));
        }
    }

    private Dictionary<FileSourceDefinition, string> Sources(Project project, IReadOnlyList<PipelineDefinition> pipelines, CancellationToken cancellationToken)
    {
        var names = new Dictionary<FileSourceDefinition, string>(ReferenceEqualityComparer.Instance);
        (PipelineDefinition Pipeline, FileSourceDefinition Source)[] all = [.. pipelines.SelectMany(pipeline => pipeline.Sources.Select(source => (pipeline, source)))];
        if (all.Length == 0) return names;
        using var files = new FileSources([.. all.Select(pair => pair.Source)], project.Folder, new Dictionary<string, KnownFile>());
        foreach ((PipelineDefinition pipeline, FileSourceDefinition source) in all)
        {
            // Two pipelines may each have a source of one name.
            string name = all.Count(pair => pair.Source.Name == source.Name) > 1 ? $"{pipeline.Name}/{source.Name}" : source.Name;
            names.Add(source, name);
            Add(new LineageRelation(name, LineageRelationKind.Source, pipeline.Name, source.Path.Value, files.ColumnsOf(source, cancellationToken).Fields));
        }
        return names;
    }

    private async ValueTask<string> TableAsync(StepInput input, CancellationToken cancellationToken)
    {
        TableName table = input.Table!;
        string name = table.ToString();
        if (_columns.ContainsKey(name)) return name;
        if (table.QuarantineOf is { } owner && _columns.TryGetValue(owner.ToString(), out IReadOnlyList<Field>? made))
        {
            // What was refused was made as what stayed.
            Schema quarantine = StepRun.QuarantineSchemaOf(new Schema(made));
            Add(new LineageRelation(name, LineageRelationKind.Step, null, null, quarantine.Fields));
            _edges.AddRange(_edges.Where(edge => edge.To.Relation == owner.ToString()).Select(edge => edge with { To = new LineageColumn(name, edge.To.Column) }).ToList());
            return name;
        }
        Snapshot? snapshot = lake() is { } there ? await there.Table(table).ReadAsync(null, cancellationToken).ConfigureAwait(false) : null;
        Add(new LineageRelation(name, LineageRelationKind.Table, null, null, (snapshot ?? throw new LeptonDataException("jobs.left_out", [name, input.Name]) { Place = input.Place }).Schema.Fields));
        return name;
    }

    private void Add(LineageRelation relation)
    {
        _relations.Add(relation);
        _columns[relation.Name] = relation.Columns;
    }
}

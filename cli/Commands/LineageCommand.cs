using System.CommandLine;
using System.Text;
using Lepton.Data.Cli.Output;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Lineage;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton lineage</c>: what a column is made of, or what is made of it.</summary>
internal static class LineageCommand
{
    private const string JsonVersion = "1";

    private static readonly (string Key, string Word)[] s_marks =
        [(FieldMetadata.PersonalKey, "cli.mark_personal"), (FieldMetadata.InexactKey, "cli.mark_inexact"), (FieldMetadata.EventTimeKey, "cli.mark_event_time"), (FieldMetadata.CreatedTimeKey, "cli.mark_created_time")];

    internal static Command Create(VerbBuilder verbs)
    {
        var name = new Argument<string>("TABLE[.COLUMN]") { Description = Texts.Get("cli.help_lineage_name") };
        var downstream = new Option<bool>("--downstream") { Description = Texts.Get("cli.help_lineage_downstream") };
        return verbs.Verb("lineage", Texts.Get("cli.help_lineage"), context => RunAsync(context, context.Get(name)!, context.Get(downstream)), [name, downstream]);
    }

    private static async Task<int> RunAsync(CommandContext context, string name, bool isDownstream)
    {
        IReadOnlyList<PipelineDefinition> pipelines = context.Project.LoadPipelines();
        if (pipelines.Count == 0) throw new LeptonDataException("cli.no_pipelines", [context.Project.Folder]);
        LineageGraph graph = await new ProjectLineage(context.Binder, () => context.LakeIfAny).ReadAsync(context.Project, pipelines, AccessContext.Owner, context.CancellationToken);
        (LineageRelation relation, Field? column) = Find(graph, name);
        LineageColumn[] start = [.. (column is null ? relation.Columns : [column]).Select(field => new LineageColumn(relation.Name, field.Name))];
        IReadOnlyList<LineageEdge> edges = graph.Reach(start, isDownstream);
        if (context.IsJson) WriteJson(context, graph, start, edges, isDownstream);
        else new Tree(context, graph, isDownstream).Write(relation, start);
        return ExitCode.Done;
    }

    /// <summary>Shows what a column of a table is made of, where a pipeline of the project makes the table.</summary>
    internal static async Task WriteUpstreamAsync(CommandContext context, string name)
    {
        IReadOnlyList<PipelineDefinition> pipelines = context.Project.LoadPipelines();
        if (pipelines.Count == 0) return;
        LineageGraph graph = await new ProjectLineage(context.Binder, () => context.LakeIfAny).ReadAsync(context.Project, pipelines, AccessContext.Owner, context.CancellationToken);
        int dot = name.LastIndexOf('.');
        LineageRelation? relation = graph.Relations.FirstOrDefault(known => known.Name.Equals(name[..dot], StringComparison.OrdinalIgnoreCase));
        if (relation?.Columns.FirstOrDefault(field => field.Name.Equals(name[(dot + 1)..], StringComparison.OrdinalIgnoreCase)) is not { } column) return;
        var start = new LineageColumn(relation.Name, column.Name);
        if (graph.At(start, isDownstream: false).Count == 0) return;
        context.Terminal.Out.WriteLine();
        new Tree(context, graph, isDownstream: false).Write(relation, [start]);
    }

    // A table's name may have a schema, so the longest name of a relation wins.
    private static (LineageRelation Relation, Field? Column) Find(LineageGraph graph, string name)
    {
        LineageRelation? Relation(string text) => graph.Relations.FirstOrDefault(relation => relation.Name.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (Relation(name) is { } whole) return (whole, null);
        for (int dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
        {
            if (Relation(name[..dot]) is not { } relation) continue;
            string wanted = name[(dot + 1)..];
            if (relation.Columns.FirstOrDefault(field => field.Name.Equals(wanted, StringComparison.OrdinalIgnoreCase)) is { } column) return (relation, column);
            KnownNames.Check([wanted], [.. relation.Columns.Select(field => field.Name)], "cli.unknown_lineage_column");
        }
        KnownNames.Check([name], [.. graph.Relations.Select(relation => relation.Name)], "cli.unknown_lineage");
        throw new InvalidOperationException($"{name} is known and was not found.");
    }

    private static IEnumerable<string> Marks(Field field) => s_marks.Where(mark => field.Metadata[mark.Key] == "true").Select(mark => Texts.Get(mark.Word));

    private static void WriteJson(CommandContext context, LineageGraph graph, LineageColumn[] start, IReadOnlyList<LineageEdge> edges, bool isDownstream) => JsonOutput.Write(context.Terminal, json =>
    {
        HashSet<LineageColumn> columns = [.. start, .. edges.SelectMany(edge => new[] { edge.From, edge.To })];
        json.WriteString("format", JsonVersion);
        json.WriteString("direction", isDownstream ? "downstream" : "upstream");
        json.WriteStrings("start", start.Select(column => column.ToString()));
        json.WriteList("relations", graph.Relations.Where(relation => columns.Any(column => column.Relation == relation.Name)), relation =>
        {
            json.WriteString("name", relation.Name);
            json.WriteString("kind", relation.Kind.ToString().ToLowerInvariant());
            json.WriteString("pipeline", relation.Pipeline);
            json.WriteString("path", relation.Path);
            json.WriteList("columns", relation.Columns.Where(field => columns.Contains(new LineageColumn(relation.Name, field.Name))), field =>
            {
                json.WriteString("name", field.Name);
                json.WriteString("type", field.Type.ToString());
                json.WriteStrings("marks", s_marks.Where(mark => field.Metadata[mark.Key] == "true").Select(mark => mark.Key));
            });
        });
        json.WriteList("edges", edges, edge =>
        {
            json.WriteStartObject("from");
            json.WriteString("relation", edge.From.Relation);
            json.WriteString("column", edge.From.Column);
            json.WriteEndObject();
            json.WriteStartObject("to");
            json.WriteString("relation", edge.To.Relation);
            json.WriteString("column", edge.To.Column);
            json.WriteEndObject();
            json.WriteString("kind", edge.IsValue ? "value" : "influence");
        });
    });

    /// <summary>Columns as a tree for people. What was shown once is not shown again, so it stays as long as there are columns.</summary>
    private sealed class Tree(CommandContext context, LineageGraph graph, bool isDownstream)
    {
        private readonly HashSet<(LineageColumn, bool)> _shown = [];
        private bool _hasInfluences;

        internal void Write(LineageRelation relation, LineageColumn[] start)
        {
            if (start.Length > 1 || relation.Columns.Count == 1) Line("", "", Title(relation));
            foreach (LineageColumn column in start)
            {
                Line("", "", Title(column));
                Children(column, "", followsInfluences: true);
            }
            if (_hasInfluences) context.Terminal.Out.WriteLine($"\n{Texts.Get("cli.lineage_legend")}");
            else if (start.All(column => graph.At(column, isDownstream).Count == 0)) context.Terminal.Out.WriteLine(Texts.Get(isDownstream ? "cli.lineage_nothing_below" : "cli.lineage_nothing_above"));
        }

        private void Children(LineageColumn column, string indent, bool followsInfluences)
        {
            List<LineageEdge> edges = [.. graph.At(column, isDownstream).Where(edge => edge.IsValue || followsInfluences)];
            for (int i = 0; i < edges.Count; i++)
            {
                LineageColumn next = isDownstream ? edges[i].To : edges[i].From;
                bool isLast = i == edges.Count - 1;
                bool follows = followsInfluences && edges[i].IsValue;
                bool isNew = _shown.Add((next, follows)) && (follows || !_shown.Contains((next, true)));
                bool hasMore = graph.At(next, isDownstream).Any(edge => edge.IsValue || follows);
                _hasInfluences |= !edges[i].IsValue;
                Line(indent, $"{(isLast ? "└" : "├")}{(edges[i].IsValue ? "─ " : "┄ ")}", Title(next) + (isNew || !hasMore ? "" : $"  {Texts.Get("cli.lineage_above")}"));
                if (isNew) Children(next, indent + (isLast ? "   " : "│  "), follows);
            }
        }

        private void Line(string indent, string branch, string text) => context.Terminal.Out.WriteLine(indent + branch + TextCells.Visible(text));

        private static string Title(LineageRelation relation) => relation.Path is null ? relation.Name : $"{relation.Name}  {relation.Path}";

        private string Title(LineageColumn column)
        {
            LineageRelation relation = graph.Relations.First(known => known.Name == column.Relation);
            Field? field = relation.Columns.FirstOrDefault(known => known.Name == column.Column);
            var text = new StringBuilder(column.ToString());
            if (field is not null) text.Append("  ").AppendJoin(", ", [field.Type.ToString(), .. Marks(field)]);
            if (relation.Path is not null) text.Append("  ← ").Append(relation.Path);
            return text.ToString();
        }
    }
}

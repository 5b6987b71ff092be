using Lepton.Data.Connectors.Files;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Planning;

/// <summary>Which step reads what, and an order in which every step comes after those that it reads.</summary>
internal sealed class StepGraph
{
    private StepGraph(IReadOnlyList<StepNode> nodes) => Nodes = nodes;

    /// <summary>The steps: each after those that it reads, else in the order of the files.</summary>
    internal IReadOnlyList<StepNode> Nodes { get; }

    /// <summary>Resolves what every step reads.</summary>
    /// <param name="pipelines">In order.</param>
    /// <param name="references">The tables that an SQL text names.</param>
    /// <param name="lakeTables">The tables that there are.</param>
    /// <exception cref="LeptonDataException">A name that means nothing or two things, a circle.</exception>
    internal static StepGraph Build(IReadOnlyList<PipelineDefinition> pipelines, Func<SqlText, IReadOnlyList<TableReference>> references, IReadOnlyList<TableName> lakeTables)
    {
        var steps = new Dictionary<string, (PipelineDefinition Pipeline, StepDefinition Step)>(StringComparer.OrdinalIgnoreCase);
        foreach (PipelineDefinition pipeline in pipelines)
        {
            foreach (StepDefinition step in pipeline.Steps)
            {
                if (!steps.TryAdd(step.Name, (pipeline, step)))
                    throw new LeptonDataException("jobs.table_twice", [step.Name, steps[step.Name].Step.Place]) { Place = step.Place };
            }
        }
        var nodes = new List<StepNode>();
        foreach (PipelineDefinition pipeline in pipelines)
        {
            var sources = pipeline.Sources.ToDictionary(source => source.Name, StringComparer.OrdinalIgnoreCase);
            foreach (StepDefinition step in pipeline.Steps)
            {
                var inputs = new List<StepInput>();
                foreach (TableReference reference in ReferencesOf(step, references))
                {
                    if (inputs.Exists(input => string.Equals(input.Name, reference.Name, StringComparison.OrdinalIgnoreCase))) continue;
                    inputs.Add(Resolve(reference, sources, steps, lakeTables));
                }
                nodes.Add(new StepNode(pipeline, step, inputs));
            }
        }
        return new StepGraph(InOrder(nodes));
    }

    /// <summary>The graph of some steps only; what the others make is then a table like any other.</summary>
    /// <param name="words">As <see cref="RunOptions.Select"/>.</param>
    /// <exception cref="LeptonDataException"><c>jobs.unknown_step</c>: a word names none; <c>jobs.select_form</c></exception>
    internal StepGraph Select(IReadOnlyList<string> words)
    {
        if (words.Count == 0) return this;
        var selected = new HashSet<string>(StringComparer.Ordinal);
        foreach (string word in words)
        {
            string name = (word.StartsWith('+') ? word[1..] : word).ToLowerInvariant();
            if (name.EndsWith('+')) name = name[..^1];
            if (name.Contains('+', StringComparison.Ordinal)) throw new LeptonDataException("jobs.select_form", [word, name.Trim('+')]);
            if (!Nodes.Any(node => node.Step.Name == name))
            {
                throw Suggest.Nearest(name, Nodes.Select(node => node.Step.Name)) is { } near
                    ? new LeptonDataException("jobs.unknown_step_but", [word, near])
                    : new LeptonDataException("jobs.unknown_step", [word, string.Join(", ", Nodes.Take(20).Select(node => node.Step.Name))]);
            }
            selected.Add(name);
            // Nodes stand in order, so that one pass each way reaches all.
            var reached = new HashSet<string>(StringComparer.Ordinal) { name };
            if (word.StartsWith('+'))
                foreach (StepNode node in Nodes.Reverse())
                    if (reached.Contains(node.Step.Name)) reached.UnionWith(node.Inputs.Select(input => input.Step).OfType<string>());
            selected.UnionWith(reached);
            reached = [name];
            if (word.EndsWith('+'))
                foreach (StepNode node in Nodes)
                    if (node.Inputs.Any(input => input.Step is { } step && reached.Contains(step))) reached.Add(node.Step.Name);
            selected.UnionWith(reached);
        }
        return new StepGraph([.. Nodes.Where(node => selected.Contains(node.Step.Name)).Select(node => node with { Inputs = [.. node.Inputs.Select(input => input.Step is { } step && !selected.Contains(step) ? input with { Step = null, IsLeftOut = true } : input)] })]);
    }

    private static IEnumerable<TableReference> ReferencesOf(StepDefinition step, Func<SqlText, IReadOnlyList<TableReference>> references)
    {
        foreach (TableReference reference in references(step.Sql)) yield return reference;
        foreach (RuleDefinition rule in step.Rules)
        {
            if (rule is RelationRule relation) yield return new TableReference(relation.Table.Value, relation.Table.Place);
            if (rule is QueryRule query)
                foreach (TableReference reference in references(query.Query))
                    if (!string.Equals(reference.Name, step.Name, StringComparison.OrdinalIgnoreCase)) yield return reference;
            if (rule is not SqlRule sql) continue;
            foreach (TableReference reference in references(Rules.RuleSql.Holds(sql, step.Name)))
                if (!string.Equals(reference.Name, step.Name, StringComparison.OrdinalIgnoreCase)) yield return reference;
        }
    }

    private static StepInput Resolve(
        TableReference reference,
        Dictionary<string, FileSourceDefinition> sources,
        Dictionary<string, (PipelineDefinition Pipeline, StepDefinition Step)> steps,
        IReadOnlyList<TableName> lakeTables)
    {
        string name = reference.Name;
        if (sources.TryGetValue(name, out FileSourceDefinition? source)) return new StepInput(name, reference.Place) { Source = source };
        // Only revisions leave late rows.
        if (steps.TryGetValue(TableName.WithoutSuffix(name), out (PipelineDefinition Pipeline, StepDefinition Step) step)
            && (step.Step.Growth is WindowGrowth { Emit: not null } || !name.EndsWith(TableName.LateSuffix, StringComparison.OrdinalIgnoreCase)))
            return new StepInput(name, reference.Place) { Step = step.Step.Name, Table = TableName.Parse(name.ToLowerInvariant()) };
        TableName? table = lakeTables.FirstOrDefault(table => string.Equals(table.ToString(), name, StringComparison.OrdinalIgnoreCase));
        if (table is not null) return new StepInput(name, reference.Place) { Table = table };
        IEnumerable<string> candidates = sources.Keys.Concat(steps.Keys).Concat(lakeTables.Select(known => known.ToString()));
        throw Suggest.Nearest(name, candidates) is { } near
            ? new LeptonDataException("jobs.unknown_input_but", [name, near]) { Place = reference.Place }
            : new LeptonDataException("jobs.unknown_input", [name]) { Place = reference.Place };
    }

    private static List<StepNode> InOrder(List<StepNode> nodes)
    {
        var ordered = new List<StepNode>(nodes.Count);
        var byName = nodes.ToDictionary(node => node.Step.Name, StringComparer.Ordinal);
        var readers = nodes.ToDictionary(node => node.Step.Name, _ => new List<string>(), StringComparer.Ordinal);
        var waitsFor = new Dictionary<string, int>(StringComparer.Ordinal);
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (StepNode node in nodes)
        {
            index.Add(node.Step.Name, index.Count);
            string[] before = [.. node.Inputs.Select(input => input.Step).OfType<string>().Distinct(StringComparer.Ordinal)];
            waitsFor.Add(node.Step.Name, before.Length);
            foreach (string step in before) readers[step].Add(node.Step.Name);
        }
        // Of the steps that could go next, the one that stands first in the files does.
        var ready = new PriorityQueue<string, int>(nodes.Where(node => waitsFor[node.Step.Name] == 0).Select(node => (node.Step.Name, index[node.Step.Name])));
        while (ready.TryDequeue(out string? name, out _))
        {
            ordered.Add(byName[name]);
            foreach (string reader in readers[name])
                if (--waitsFor[reader] == 0) ready.Enqueue(reader, index[reader]);
        }
        return ordered.Count == nodes.Count ? ordered : throw Circle(nodes.Where(node => waitsFor[node.Step.Name] > 0).ToDictionary(node => node.Step.Name, StringComparer.Ordinal));
    }

    // Every step left over reads another that is left over, so walking from any of them comes round.
    private static LeptonDataException Circle(Dictionary<string, StepNode> left)
    {
        StepInput Next(string step) => left[step].Inputs.First(input => input.Step is not null && left.ContainsKey(input.Step));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string start = left.Keys.First();
        while (seen.Add(start)) start = Next(start).Step!;
        var text = new System.Text.StringBuilder(start);
        SourcePlace place = Next(start).Place;
        string step = start;
        do
        {
            StepInput input = Next(step);
            step = input.Step!;
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $" -> {step} ({input.Place})");
        }
        while (step != start);
        return new LeptonDataException("jobs.cycle", [text.ToString()]) { Place = place };
    }
}

/// <summary>A step and what it reads.</summary>
internal sealed record StepNode(PipelineDefinition Pipeline, StepDefinition Step, IReadOnlyList<StepInput> Inputs)
{
    /// <summary>Whose progress the step's commits move.</summary>
    internal string Application => $"{Pipeline.Name}/{Step.Name}";
}

/// <summary>One name that a step reads, in its SQL or in its rules.</summary>
/// <param name="Name">As the SQL names it.</param>
/// <param name="Place">Where it is first named.</param>
internal sealed record StepInput(string Name, SourcePlace Place)
{
    /// <summary>The source that it means, or null.</summary>
    internal FileSourceDefinition? Source { get; init; }

    /// <summary>The step that makes it in this run, or null.</summary>
    internal string? Step { get; init; }

    /// <summary>Whether a step that is left out of this run makes it.</summary>
    internal bool IsLeftOut { get; init; }

    /// <summary>The table that it means; null for a source.</summary>
    internal TableName? Table { get; init; }
}

using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Reports;

/// <summary>The way of one column back to the sources, by what each step recorded.</summary>
internal sealed partial class ReportBuilder
{
    private static ReportLineage? Lineage(LineageTarget target, IReadOnlyList<TrainingSetVersion> trainingSets, IReadOnlyList<MadeStep> steps)
    {
        TrainingSetManifest? manifest = trainingSets.FirstOrDefault(set => set.Manifest.Name == target.TrainingSet)?.Manifest;
        // Before the first `dataset create` there is nothing to draw; a wrong name is told once there is.
        if (manifest is null) return trainingSets.Count == 0 ? null : throw new LeptonDataException("jobs.report_unknown_training_set", [target.TrainingSet, string.Join(", ", trainingSets.Select(set => set.Manifest.Name))]) { Place = target.Place };
        FeatureCount feature = manifest.Features.FirstOrDefault(feature => feature.Column == target.Column)
            ?? throw new LeptonDataException("jobs.report_unknown_feature", [target.TrainingSet, target.Column, string.Join(", ", manifest.Features.Select(feature => feature.Column))]) { Place = target.Place };

        Dictionary<string, StepRecord> byTable = steps.ToDictionary(made => made.Step.Table, made => made.Step, StringComparer.OrdinalIgnoreCase);
        var graph = new LineageGraph(byTable);
        graph.Start($"datasets.{manifest.Name}", feature.Column);
        foreach ((FeatureView view, string? origin) in manifest.OriginsOf(feature))
        {
            if (origin is not null) graph.Trace(view.Table.ToString(), origin, isValue: true);
            foreach (string? deciding in view.KeyColumns.Append(view.EventTime).Append(view.CreatedTime).Append(view.Sequence))
                if (deciding is not null) graph.Trace(view.Table.ToString(), deciding, isValue: false);
        }
        return new ReportLineage(manifest.Name, feature.Column, graph.Nodes, graph.Edges);
    }

    /// <summary>Columns and what they are made with. From a column that only decides which rows count, just its own values are followed: all else would be everything.</summary>
    private sealed class LineageGraph(IReadOnlyDictionary<string, StepRecord> steps)
    {
        private readonly Dictionary<(string Relation, string Column), bool> _isTraced = [];
        private readonly Dictionary<(string From, string To), bool> _edges = [];
        private string _start = "";

        public List<ReportLineageNode> Nodes { get; } = [];

        public IReadOnlyList<ReportLineageEdge> Edges => [.. _edges.Select(edge => new ReportLineageEdge(edge.Key.From, edge.Key.To, edge.Value))];

        public void Start(string relation, string column) => Nodes.Add(new ReportLineageNode(_start = $"{relation}.{column}", relation, column));

        public void Trace(string relation, string column, bool isValue) => Trace(relation, column, _start, isValue, isValue);

        private void Trace(string relation, string column, string to, bool isValue, bool followsInfluences)
        {
            string id = $"{relation}.{column}";
            _edges[(id, to)] = isValue || _edges.GetValueOrDefault((id, to));
            bool isKnown = _isTraced.TryGetValue((relation, column), out bool wasFollowed);
            if (isKnown && (wasFollowed || !followsInfluences)) return;
            _isTraced[(relation, column)] = followsInfluences;
            if (!isKnown) Nodes.Add(new ReportLineageNode(id, relation, column));
            if (!steps.TryGetValue(relation, out StepRecord? step) || step.Lineage.FirstOrDefault(made => string.Equals(made.Column, column, StringComparison.OrdinalIgnoreCase)) is not { } made) return;
            foreach ((string input, string source) in made.Values.Select(Split)) Trace(input, source, id, isValue: true, followsInfluences);
            if (!followsInfluences) return;
            foreach ((string input, string source) in made.Influences.Select(Split)) Trace(input, source, id, isValue: false, followsInfluences: false);
        }

        private static (string Relation, string Column) Split(string reference)
        {
            int dot = reference.LastIndexOf('.');
            return (reference[..dot], reference[(dot + 1)..]);
        }
    }
}

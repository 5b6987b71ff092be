using Lepton.Data.Schemas;
using Lepton.Data.Sql;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>What a training set is made from: labels, features, and how the rows are split.</summary>
/// <param name="Name"><c>[a-z][a-z0-9_]*</c>, unique among the training sets.</param>
/// <param name="Labels">One SELECT with a total ORDER BY; it gives the join keys, the event time and the label's own columns.</param>
/// <param name="EventTime">The column of the labels whose instant a feature must not be later than.</param>
public sealed record TrainingSetDefinition(string Name, SqlText Labels, string EventTime)
{
    /// <summary>The service whose features are joined; null where <see cref="Features"/> names them.</summary>
    public string? Service { get; init; }

    /// <summary>The features, where no service is named.</summary>
    public EquatableList<FeatureReference> Features { get; init; } = [];

    /// <summary>How rows are shared out; null for no split.</summary>
    public SplitDefinition? Split { get; init; }

    /// <summary>Which of the labels are taken; null for all.</summary>
    public SampleDefinition? Sample { get; init; }

    /// <summary>How much each row counts; null for no weights.</summary>
    public WeightDefinition? Weight { get; init; }

    /// <summary>How long after its event time a label is known: a bound of time between splits keeps that much distance as well. Zero where a label is known at once.</summary>
    public TimeSpan Horizon { get; init; }

    /// <summary>Chooses another draw, for sample and split.</summary>
    public long Seed { get; init; }

    /// <summary>What people say of it.</summary>
    public Notes Notes { get; init; } = Notes.None;

    /// <summary>Where it is defined; null where it was read from the registry. No part of the definition.</summary>
    public SourcePlace? Place { get; init; }
}

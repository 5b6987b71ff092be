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

    /// <summary>How rows are split by event time, by bound; empty for no split.</summary>
    public EquatableList<TimeSplit> Splits { get; init; } = [];

    /// <summary>What a person says of it.</summary>
    public string? Description { get; init; }

    /// <summary>Who answers for it.</summary>
    public string? Owner { get; init; }

    /// <summary>Where it is defined; null where it was read from the registry. No part of the definition.</summary>
    public SourcePlace? Place { get; init; }
}

/// <summary>The rows of a training set from the bound of the split before it (inclusive) to its own (exclusive).</summary>
/// <param name="Name">For example <c>train</c>; the value of the column <c>split</c>.</param>
/// <param name="Before">The bound; null for the last split, which then takes the rest.</param>
public sealed record TimeSplit(string Name, EventTime? Before);

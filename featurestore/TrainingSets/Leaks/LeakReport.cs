using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.TrainingSets.Leaks;

/// <summary>What in a training set may know more than a model will: what was kept out, and what looks too good.</summary>
/// <param name="Version">What was looked at.</param>
/// <param name="Labels">The labels' columns that features were held against.</param>
/// <param name="Features">In the order of the columns.</param>
/// <param name="Entities">Which entities occur in more than one split; empty without splits.</param>
/// <param name="Threshold">From which strength on a feature is suspicious, 0.5 to 1.</param>
/// <param name="RowsJudged">How many rows the strengths were measured on: all, or of many a sample.</param>
public sealed record LeakReport(
    TrainingSetVersion Version, IReadOnlyList<string> Labels, IReadOnlyList<FeatureLeaks> Features, IReadOnlyList<EntityOverlap> Entities, double Threshold, long RowsJudged)
{
    /// <summary>Features that predict a label suspiciously well alone.</summary>
    public IEnumerable<FeatureLeaks> Suspicious => Features.Where(feature => feature.Predictors.Any(predictor => predictor.Strength >= Threshold));
}

/// <summary>One feature.</summary>
/// <param name="Count">What its column holds, how many values would have come from the future, and how old values are.</param>
/// <param name="MissingBySplit">Rows without a value, of all rows, by split; empty without splits.</param>
/// <param name="Predictors">How well it predicts each label alone; empty for texts, which have no order.</param>
public sealed record FeatureLeaks(FeatureCount Count, IReadOnlyList<SplitMissing> MissingBySplit, IReadOnlyList<Predictor> Predictors);

/// <summary>Rows of a split that have no value.</summary>
/// <param name="Split">The split.</param>
/// <param name="Missing">Rows without a value.</param>
/// <param name="Rows">All rows.</param>
public sealed record SplitMissing(string Split, long Missing, long Rows);

/// <summary>How well a feature predicts a label alone.</summary>
/// <param name="Label">The label's column.</param>
/// <param name="Measure">Whether it is an area under the curve or a correlation.</param>
/// <param name="Value">The area under the receiver operating characteristic, 0 to 1, of a label that is true or false; Pearson's correlation, −1 to 1, of a number; null where one of the two does not vary.</param>
public sealed record Predictor(string Label, PredictorMeasure Measure, double? Value)
{
    /// <summary>0.5 for nothing to 1 for all: the area or its opposite, or half of one more than the correlation's amount.</summary>
    public double Strength => Value is not { } value ? 0.5 : Measure == PredictorMeasure.AreaUnderCurve ? Math.Max(value, 1 - value) : (1 + Math.Abs(value)) / 2;
}

/// <summary>How a feature was held against a label.</summary>
public enum PredictorMeasure
{
    /// <summary>The probability that a row where the label is true has the greater value than one where it is false; equal values count half.</summary>
    AreaUnderCurve,

    /// <summary>Pearson's correlation.</summary>
    Correlation,
}

/// <summary>Entities that two splits share.</summary>
/// <param name="Entity">The entity.</param>
/// <param name="Split">A split.</param>
/// <param name="Other">A later one.</param>
/// <param name="Shared">Keys that both have.</param>
/// <param name="OfOther">Keys that the later one has.</param>
public sealed record EntityOverlap(string Entity, string Split, string Other, long Shared, long OfOther);

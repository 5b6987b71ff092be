using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>How the rows of a training set are shared out: by time, where parts have bounds, else by a draw that depends on seed and row alone.</summary>
/// <param name="Parts">In order: bounds ascend, or shares add up to one.</param>
public sealed record SplitDefinition(EquatableList<SplitPart> Parts)
{
    /// <summary>The names of folds: <c>fold_1</c>, <c>fold_2</c>….</summary>
    public const string FoldPrefix = "fold_";

    /// <summary>By time: rows less than this before a bound that another part follows are left out. Zero for none.</summary>
    public TimeSpan Gap { get; init; }

    /// <summary>By draw: label columns whose equal values stay in one part; empty to draw each row by itself.</summary>
    public EquatableList<string> Groups { get; init; } = [];

    /// <summary>By draw: the label column of whose every value each part has its share; null for none.</summary>
    public string? Stratify { get; init; }

    /// <summary>How many equal folds were asked for; null where the parts were named.</summary>
    public int? FoldCount { get; init; }

    /// <summary>Whether parts have bounds of time.</summary>
    public bool IsByTime => Parts[0].Share is null;

    /// <summary>Equal parts.</summary>
    public static SplitDefinition Folds(int count) => new(new EquatableList<SplitPart>(Enumerable.Range(1, count).Select(fold => new SplitPart($"{FoldPrefix}{fold}", null, 1.0 / count)))) { FoldCount = count };
}

/// <summary>One part of a training set.</summary>
/// <param name="Name">For example <c>train</c>; the value of the column <c>split</c>.</param>
/// <param name="Before">By time: rows from the bound of the part before it (inclusive) to this one (exclusive); null for the last part, which then takes the rest.</param>
/// <param name="Share">By draw: how much of all, more than 0 and at most 1; null for a split by time.</param>
public sealed record SplitPart(string Name, EventTime? Before, double? Share);

/// <summary>Some of the labels instead of all, drawn by seed and row (or group) alone: more labels never throw out one that was drawn by share.</summary>
/// <param name="RowCount">How many rows; null where a share is given.</param>
/// <param name="Share">How many of all, more than 0 and at most 1; null where a count is given.</param>
public sealed record SampleDefinition(long? RowCount, double? Share)
{
    /// <summary>With a share: label columns whose equal values are drawn together; empty to draw each row by itself.</summary>
    public EquatableList<string> Groups { get; init; } = [];
}

/// <summary>How much each row counts for a trainer: the column <c>weight</c>.</summary>
/// <param name="Balance">A label column: each of its values weighs as much in all within a split, rows / (values × rows of the value).</param>
public sealed record WeightDefinition(string Balance);

using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>What one version of a training set is, and what it was made from. The file's form is in docs/formats/training-set.md.</summary>
public sealed record TrainingSetManifest
{
    /// <summary>The version of the file's form that this software writes; a newer one is refused.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>The version of the point-in-time rule that this software follows.</summary>
    public const int CurrentRuleVersion = 1;

    /// <summary>The training set's name.</summary>
    public required string Name { get; init; }

    /// <summary>Counted from 1.</summary>
    public required int Version { get; init; }

    /// <summary>SHA-256 of definition, views, snapshots and rule, in lower-case hexadecimal: equal where a rebuild would give the same rows.</summary>
    public required string Identity { get; init; }

    /// <summary>The training set as it was defined; its <see cref="TrainingSetDefinition.Place"/> is null.</summary>
    public required TrainingSetDefinition Definition { get; init; }

    /// <summary>The entities of the views, as they were.</summary>
    public required IReadOnlyList<Entity> Entities { get; init; }

    /// <summary>The views, as they were, each with the features that were taken, in the order of their columns; last those that only on-demand features were computed from, which have no column.</summary>
    public required IReadOnlyList<FeatureView> Views { get; init; }

    /// <summary>The on-demand views, as they were, each with the features that were taken.</summary>
    public IReadOnlyList<OnDemandView> OnDemandViews { get; init; } = [];

    /// <summary>The registry's version that they were read from.</summary>
    public required long RegistryVersion { get; init; }

    /// <summary>Which rule was followed.</summary>
    public required int RuleVersion { get; init; }

    /// <summary>The snapshots that were read; they are pinned while the training set exists.</summary>
    public required IReadOnlyList<PinnedSnapshot> Snapshots { get; init; }

    /// <summary>The columns of the files.</summary>
    public required Schema Schema { get; init; }

    /// <summary>The columns that came with the labels and are neither key, event time, split, weight nor feature: what there is to predict, in the order of the files.</summary>
    public IEnumerable<Field> LabelColumns
    {
        get
        {
            HashSet<string> known = new(
                [
                    .. Features.Select(feature => feature.Column), .. Views.Select(view => view.StatusColumn), .. Entities.SelectMany(entity => entity.Keys), Definition.EventTime,
                    .. Definition.Split is null ? (string[])[] : [LabelSelection.SplitColumn], .. Definition.Weight is null ? (string[])[] : [LabelSelection.WeightColumn],
                ],
                StringComparer.OrdinalIgnoreCase);
            return Schema.Fields.Where(column => !known.Contains(column.Name));
        }
    }

    /// <summary>How many rows.</summary>
    public required long RowCount { get; init; }

    /// <summary>Rows of each split, in order; empty where there is none.</summary>
    public required IReadOnlyList<SplitCount> Splits { get; init; }

    /// <summary>Labels that sample, gap and horizon left out; null where nothing is to be left out.</summary>
    public LeftOut? LeftOut { get; init; }

    /// <summary>What each feature holds, in the order of the columns.</summary>
    public required IReadOnlyList<FeatureCount> Features { get; init; }

    /// <summary>How each view met the labels.</summary>
    public required IReadOnlyList<ViewStatistics> ViewStatistics { get; init; }

    /// <summary>Views that gave no label a row, not even one that expired: mostly a table without rows, or keys that are NULL or written in another way.</summary>
    public IReadOnlyList<string> EmptyViews
        => RowCount == 0 ? [] : [.. Features.GroupBy(feature => feature.View).Where(view => view.All(feature => feature.Present + feature.Null + feature.Expired == 0)).Select(view => view.Key)];

    /// <summary>The identity of all columns and rows in their order, as docs/formats/content-hash.md defines it.</summary>
    public required string ContentHash { get; init; }

    /// <summary>The files, in order.</summary>
    public required IReadOnlyList<TrainingSetFile> Files { get; init; }

    /// <summary>The version of the software that wrote it.</summary>
    public required string Software { get; init; }

    /// <summary>When it was made. No part of what <c>verify</c> compares.</summary>
    public required EventTime CreatedAt { get; init; }

    /// <summary>The run that made it. No part of what <c>verify</c> compares.</summary>
    public required string RunId { get; init; }

    /// <summary>What a feature comes from: itself, or what an on-demand feature is computed from; the feature is null where the view's status is taken. Labels' columns are not among them.</summary>
    public IEnumerable<(FeatureView View, string? Feature)> OriginsOf(FeatureCount feature)
    {
        string[] columns = feature.ComputedFrom.Count == 0 ? [feature.Column] : [.. feature.ComputedFrom];
        foreach (FeatureView view in Views)
        {
            foreach (string name in view.Features)
                if (columns.Contains(view.ColumnOf(name))) yield return (view, name);
            if (columns.Contains(view.StatusColumn)) yield return (view, null);
        }
    }

    /// <summary>What was joined and computed. Features without a column were joined for on-demand features alone.</summary>
    internal ResolvedFeatures Resolved => new(
        [
            .. Views.Select(view => new ViewJoin(view, Entities.First(entity => entity.Name == view.Entity)) { AskedCount = view.Features.TakeWhile(feature => Schema.Find(view.ColumnOf(feature)) is not null).Count() }),
        ],
        OnDemandViews);
}

/// <summary>One version of a table that a training set was made from.</summary>
/// <param name="Table">The table's name.</param>
/// <param name="Path">Its folder, relative to the lake, with <c>/</c>.</param>
/// <param name="TableId">Its identity, given at creation.</param>
/// <param name="Version">The version.</param>
/// <param name="ContentHash">The identity of its rows; null where it has none.</param>
public sealed record PinnedSnapshot(string Table, string Path, string TableId, long Version, string? ContentHash);

/// <summary>How many rows a split has.</summary>
/// <param name="Name">The split.</param>
/// <param name="RowCount">Its rows.</param>
public sealed record SplitCount(string Name, long RowCount);

/// <summary>What a feature's column holds. The four counts add up to the rows.</summary>
/// <param name="Column">The column of the files.</param>
/// <param name="View">The view.</param>
/// <param name="Feature">The feature.</param>
/// <param name="Present">Rows with a value.</param>
/// <param name="Null">Rows whose winner holds NULL.</param>
/// <param name="Absent">Rows that found nothing visible.</param>
/// <param name="Expired">Rows whose winner was too old.</param>
public sealed record FeatureCount(string Column, string View, string Feature, long Present, long Null, long Absent, long Expired)
{
    /// <summary>The shares of <see cref="Ages"/>: least, median, nine of ten, 99 of 100, greatest.</summary>
    public static IReadOnlyList<double> AgeShares { get; } = [0, 0.5, 0.9, 0.99, 1];

    /// <summary>Rows for which a join by event time alone would have taken a value that was known only later.</summary>
    /// <remarks>Of an on-demand feature: the most of those that it is computed from.</remarks>
    public long FromFuture { get; init; }

    /// <summary>For an on-demand feature, the columns that it takes, of views (with or without a column here) and labels; else empty.</summary>
    public EquatableList<string> ComputedFrom { get; init; } = [];

    /// <summary>How old the rows were that labels got (not those that expired), at <see cref="AgeShares"/>, in microseconds, rounded down by at most a sixteenth; empty where there are none.</summary>
    public EquatableList<long> Ages { get; init; } = [];
}

/// <summary>A data file of a training set.</summary>
/// <param name="Path">Relative to the version's folder.</param>
/// <param name="RowCount">Its rows.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="Sha256">Digest of its bytes, lower-case hexadecimal.</param>
public sealed record TrainingSetFile(string Path, long RowCount, long SizeBytes, string Sha256);

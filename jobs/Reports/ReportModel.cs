using System.Text.Json.Serialization;

namespace Lepton.Data.Jobs.Reports;

/// <summary>All that a report says, free of how it looks. Times are ISO 8601 in UTC, durations milliseconds. The page reads it as JSON.</summary>
public sealed record ReportModel
{
    /// <summary>What stands at the top.</summary>
    public required ReportText Title { get; init; }

    /// <summary>What stands below the title.</summary>
    public ReportText? Introduction { get; init; }

    /// <summary>The files that were read.</summary>
    public IReadOnlyList<ReportSource> Sources { get; init; } = [];

    /// <summary>The steps and their tables, in the order in which they ran.</summary>
    public IReadOnlyList<ReportStep> Steps { get; init; } = [];

    /// <summary>The rules of all steps, in order.</summary>
    public IReadOnlyList<ReportRule> Rules { get; init; } = [];

    /// <summary>Examples of refused rows, by table; tables without refused rows are not in it.</summary>
    public IReadOnlyList<ReportRefused> Refused { get; init; } = [];

    /// <summary>The newest version of each training set.</summary>
    public IReadOnlyList<ReportTrainingSet> TrainingSets { get; init; } = [];

    /// <summary>Where one column of a training set comes from.</summary>
    public ReportLineage? Lineage { get; init; }

    /// <summary>What the project adds.</summary>
    public IReadOnlyList<ReportPanel> Panels { get; init; } = [];

    /// <summary>How the report came to be.</summary>
    public required ReportProvenance Provenance { get; init; }
}

/// <summary>A text of the project, in one language or both.</summary>
/// <param name="En">English; null where only Chinese is given.</param>
/// <param name="Zh">Chinese; null where only English is given.</param>
public sealed record ReportText(string? En, string? Zh)
{
    /// <summary>A text that stands for both languages; null for null.</summary>
    public static ReportText? Of(string? text) => text is null ? null : new ReportText(text, null);
}

/// <summary>A source as it was read.</summary>
public sealed record ReportSource(string Name, string Format, string Path, long? SizeBytes, string? Sha256, long? Rows)
{
    /// <summary>What of its columns had changed when it was read.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];
}

/// <summary>A step and the table that it made.</summary>
/// <param name="RowsMade">What the SQL gave, good and bad.</param>
/// <param name="IsReused">Whether nothing had changed since an earlier run; the figures are then of that run.</param>
public sealed record ReportStep(
    string Pipeline, string Table, ReportText? Description, IReadOnlyList<ReportInput> Inputs, long RowsMade, long RowsRefused, long RowsKept, long? TableVersion, string? ContentHash, long DurationMs, IReadOnlyList<ReportPhase> Phases, bool IsReused)
{
    /// <summary>Rows that came too late for any revision.</summary>
    public long RowsLate { get; init; }
}

/// <summary>A part of a step's work: <c>compute</c>, <c>check</c>, <c>write</c>, <c>commit</c>.</summary>
public sealed record ReportPhase(string Name, long DurationMs);

/// <summary>What a step read.</summary>
/// <param name="IsCheckOnly">Whether only a rule looks into it.</param>
public sealed record ReportInput(string Name, long? Rows, bool IsCheckOnly);

/// <summary>A rule and how many rows broke it.</summary>
public sealed record ReportRule(string Table, string Name, string Says, string OnFailure, long? RowsChecked, long? RowsBroken, long? RowsFound = null);

/// <summary>Some of the rows that a step refused.</summary>
/// <param name="RowCount">How many there are in all.</param>
public sealed record ReportRefused(string Table, long RowCount, IReadOnlyList<ReportCellKind> Columns, IReadOnlyList<IReadOnlyList<object?>> Rows);

/// <summary>A column of a small table: <c>number</c>, <c>time</c>, <c>boolean</c> or <c>text</c>.</summary>
public sealed record ReportCellKind(string Name, string Kind);

/// <summary>One version of a training set.</summary>
/// <param name="FeatureCount">How many features it has; <paramref name="Features"/> are the first of them.</param>
public sealed record ReportTrainingSet(
    string Name, int Version, ReportText? Description, string Service, long RowCount, string ContentHash, long? SizeBytes,
    IReadOnlyList<ReportLabel> Labels, IReadOnlyList<ReportSplit> Splits, IReadOnlyList<ReportView> Views, int FeatureCount, IReadOnlyList<ReportFeature> Features)
{
    /// <summary>What may have leaked, of the features that are shown.</summary>
    public ReportLeaks? Leaks { get; init; }
}

/// <summary>What in a training set may know more than a model will.</summary>
/// <param name="Labels">The label columns that features were held against.</param>
/// <param name="Threshold">From which strength on a feature is suspicious, 0.5 to 1.</param>
/// <param name="RowsJudged">How many of <paramref name="RowCount"/> rows the strengths were measured on.</param>
public sealed record ReportLeaks(IReadOnlyList<string> Labels, double Threshold, long RowsJudged, long RowCount, IReadOnlyList<ReportLeak> Features, IReadOnlyList<ReportOverlap> Entities);

/// <summary>One feature of a training set.</summary>
/// <param name="FromFuture">Rows that a join by event time alone would have given a value that nobody knew yet.</param>
/// <param name="Expired">Rows whose value was too old.</param>
/// <param name="AgesMs">How old values were: least, median, 90%, 99%, greatest; empty where there are none.</param>
/// <param name="Missing">By split; empty without splits.</param>
/// <param name="Strengths">By label; empty for texts.</param>
public sealed record ReportLeak(string Column, string View, bool IsPointInTime, long FromFuture, long Expired, IReadOnlyList<long> AgesMs, IReadOnlyList<ReportMissing> Missing, IReadOnlyList<ReportStrength> Strengths);

/// <summary>Rows of a split without a value.</summary>
public sealed record ReportMissing(string Split, long Missing, long Rows);

/// <summary>How well a feature predicts a label alone.</summary>
/// <param name="Measure"><c>auc</c> or <c>correlation</c>.</param>
/// <param name="Value">Null where one of the two does not vary.</param>
/// <param name="Strength">0.5 for nothing to 1 for all.</param>
public sealed record ReportStrength(string Label, string Measure, double? Value, double Strength);

/// <summary>Keys of an entity that two splits share.</summary>
/// <param name="OfOther">Keys of the later one.</param>
public sealed record ReportOverlap(string Entity, string Split, string Other, long Shared, long OfOther);

/// <summary>A label whose mean by split is worth a look.</summary>
/// <param name="IsShare">Whether it is a boolean, so that the mean is the share of rows where it is true.</param>
public sealed record ReportLabel(string Name, bool IsShare);

/// <summary>A split of a training set.</summary>
/// <param name="Before">Its rows are before this instant.</param>
/// <param name="LabelMeans">By label; null where there is nothing to average.</param>
public sealed record ReportSplit(string Name, string? Before, long RowCount, IReadOnlyList<double?> LabelMeans);

/// <summary>A feature view and how it met the labels.</summary>
public sealed record ReportView(string Name, string Entity, string Table, long? TableVersion, bool IsPointInTime, long? TimeToLiveSeconds, long Present, long Expired, long Absent);

/// <summary>A feature and how it is distributed.</summary>
/// <param name="Kind"><c>number</c>, <c>time</c>, <c>boolean</c> or <c>text</c>.</param>
/// <param name="Missing">Rows for which no row was found, or too old a one.</param>
/// <param name="Nulls">Rows for which the row that was found holds no value.</param>
/// <param name="Distinct">How many different values; null where they are measured instead.</param>
public sealed record ReportFeature(
    string View, string Name, string Column, string Type, string Kind, long RowCount, long Missing, long Nulls, long? Distinct,
    object? Min, object? Median, object? Mean, object? Max, IReadOnlyList<ReportBin> Bins, IReadOnlyList<ReportValueCount> TopValues);

/// <summary>A bar of a histogram, from its first value to the first value beyond it; the outermost bars hold all that lies beyond.</summary>
public sealed record ReportBin(object From, object To, long Count);

/// <summary>A value and how often it occurs.</summary>
public sealed record ReportValueCount(object? Value, long Count);

/// <summary>Where a column comes from: a graph without cycles, whose only node without an outgoing edge is the column.</summary>
public sealed record ReportLineage(string TrainingSet, string Column, IReadOnlyList<ReportLineageNode> Nodes, IReadOnlyList<ReportLineageEdge> Edges);

/// <summary>A column of a source, table or training set.</summary>
public sealed record ReportLineageNode(string Id, string Relation, string Column);

/// <summary>One column is made with another.</summary>
/// <param name="IsValue">Whether the value flows; else it decides which rows count.</param>
public sealed record ReportLineageEdge(string From, string To, bool IsValue);

/// <summary>A panel of the project.</summary>
/// <param name="Chart"><c>table</c>, <c>bar</c>, <c>line</c> or <c>number</c>.</param>
/// <param name="X">The column of the names of bars or points; null for the first.</param>
/// <param name="Y">The measures; empty for all columns of numbers.</param>
/// <param name="From">Where bars and axis begin; null for zero.</param>
public sealed record ReportPanel(
    string Name, ReportText Title, ReportText? Text, string Chart, string? X, IReadOnlyList<string> Y, double? From, string Sql,
    IReadOnlyList<ReportPanelColumn> Columns, IReadOnlyList<IReadOnlyList<object?>> Rows);

/// <summary>A column of a panel.</summary>
/// <param name="Format"><c>percent</c>, <c>0.000</c> for a number of decimals, or null.</param>
/// <param name="Values">What values are called; null where they stand for themselves.</param>
public sealed record ReportPanelColumn(string Name, string Kind, ReportText? Title, string? Format, IReadOnlyList<ReportNamedValue>? Values);

/// <summary>A value and what it is called.</summary>
public sealed record ReportNamedValue(string Value, ReportText Text);

/// <summary>How the report came to be.</summary>
/// <param name="Commands">What makes the same again.</param>
public sealed record ReportProvenance(
    string Project, IReadOnlyList<ReportRun> Runs, string SoftwareVersion, string Engine, IReadOnlyList<ReportSnapshot> Snapshots, IReadOnlyList<string> Commands);

/// <summary>A run of a pipeline.</summary>
public sealed record ReportRun(string Pipeline, string Id, string? FinishedAt);

/// <summary>A version of a table that a training set was made from.</summary>
public sealed record ReportSnapshot(string Table, long Version);

/// <summary>The model as the page reads it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReportModel))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(bool))]
internal sealed partial class ReportJson : JsonSerializerContext;

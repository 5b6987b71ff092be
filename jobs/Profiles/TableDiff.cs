using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>How the rows of one relation differ from those of another. What is added is only right, what is removed only left.</summary>
public sealed record TableDiff
{
    /// <summary>The left one, as the person named it.</summary>
    public required string Left { get; init; }

    /// <summary>The right one.</summary>
    public required string Right { get; init; }

    /// <summary>Whether both have the same columns and rows, in whatever order: told by their content hashes without reading a row, else by the rows.</summary>
    public required bool AreEqual { get; init; }

    /// <summary>The content hash that both have; null where they were compared by their rows.</summary>
    public string? ContentHash { get; init; }

    /// <summary>How many rows the left one has; null where nobody counted, since both are equal.</summary>
    public long? LeftRowCount { get; init; }

    /// <summary>How many rows the right one has; null where nobody counted.</summary>
    public long? RightRowCount { get; init; }

    /// <summary>Columns that only the right one has.</summary>
    public IReadOnlyList<Field> AddedColumns { get; init; } = [];

    /// <summary>Columns that only the left one has.</summary>
    public IReadOnlyList<Field> RemovedColumns { get; init; } = [];

    /// <summary>The columns that name a row; empty where none were given.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    /// <summary>How the keys differ; null without a key.</summary>
    public KeyDiff? Keys { get; init; }

    /// <summary>How whole rows differ, over the columns that both have; null with a key.</summary>
    public RowsDiff? Rows { get; init; }

    /// <summary>The columns that both have, in the left one's order.</summary>
    public IReadOnlyList<ColumnDiff> Columns { get; init; } = [];
}

/// <summary>How the keys of two relations differ. A key in which a column is NULL is a key like any other.</summary>
/// <param name="AddedCount">Keys that only the right one has.</param>
/// <param name="RemovedCount">Keys that only the left one has.</param>
/// <param name="ChangedCount">Keys of both, once in each, whose other columns differ.</param>
/// <param name="EqualCount">Keys of both, once in each, whose other columns are the same.</param>
/// <param name="LeftRepeatedCount">Keys that occur more than once on the left; their rows cannot be paired, and are compared no further.</param>
/// <param name="RightRepeatedCount">Keys that occur more than once on the right.</param>
/// <param name="AddedExamples">A few of them, the least ones; values as text. None where a column of the key is personal.</param>
/// <param name="RemovedExamples">A few of them.</param>
public sealed record KeyDiff(
    long AddedCount, long RemovedCount, long ChangedCount, long EqualCount, long LeftRepeatedCount, long RightRepeatedCount, IReadOnlyList<IReadOnlyList<string?>> AddedExamples, IReadOnlyList<IReadOnlyList<string?>> RemovedExamples);

/// <summary>How whole rows differ; a row that occurs twice is there twice.</summary>
/// <param name="AddedCount">Rows that the right one has more.</param>
/// <param name="RemovedCount">Rows that the left one has more.</param>
public sealed record RowsDiff(long AddedCount, long RemovedCount);

/// <summary>How a column that both have differs.</summary>
/// <param name="Left">What the left one's values are like.</param>
/// <param name="Right">What the right one's are like.</param>
public sealed record ColumnDiff(ColumnProfile Left, ColumnProfile Right)
{
    /// <summary>Whether values of the column tell of persons on either side: then it has counts, and no value nor what is reckoned from values.</summary>
    public bool IsPersonal => Left.IsPersonal || Right.IsPersonal;

    /// <summary>Keys, once on each side, at which the values differ; null without a key, and for the key itself.</summary>
    public long? ChangedCount { get; init; }

    /// <summary>A few changes: the key, and both values, as text; none where the column or the key is personal.</summary>
    public IReadOnlyList<ValueChange> Examples { get; init; } = [];

    /// <summary>
    /// The population stability index, the sum over bins of (right − left) × ln(right / left) of the shares: 0 for equal distributions; customary words are little below 0.1, some to 0.25, much above.
    /// Bins are the tenths of the left one's numbers and times, or the 20 most frequent values and the rest, and NULL; an empty bin counts as 0.0001. Null for nested types, personal columns and where a side has no rows.
    /// </summary>
    public double? Psi { get; init; }

    /// <summary>Of texts and booleans: the values whose share changed most, most first.</summary>
    public IReadOnlyList<ValueShift> Shifts { get; init; } = [];
}

/// <summary>One changed value.</summary>
/// <param name="Key">The key's values.</param>
/// <param name="Left">Before; null for NULL.</param>
/// <param name="Right">After.</param>
public sealed record ValueChange(IReadOnlyList<string?> Key, string? Left, string? Right);

/// <summary>How the share of a value changed.</summary>
/// <param name="Value">As text.</param>
/// <param name="LeftCount">Rows on the left.</param>
/// <param name="RightCount">Rows on the right.</param>
public sealed record ValueShift(string Value, long LeftCount, long RightCount);

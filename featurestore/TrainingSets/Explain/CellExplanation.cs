using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.FeatureStore.TrainingSets.Explain;

/// <summary>Why a cell of a training set holds what it holds.</summary>
public abstract record Explanation
{
    private protected Explanation() { }

    /// <summary>The version that the cell is of.</summary>
    public required TrainingSetVersion Version { get; init; }

    /// <summary>The row, counted from 1 in the training set's order.</summary>
    public required long Row { get; init; }

    /// <summary>The column, <c>view__feature</c>.</summary>
    public required string Column { get; init; }

    /// <summary>The column's type.</summary>
    public required DataType Type { get; init; }

    /// <summary>What the cell holds; of a feature that has no column of its own, <see cref="Answer"/>.</summary>
    public required object? Value { get; init; }

    /// <summary>What comes out now: the winner's value, or what the expression gives; null for none.</summary>
    public required object? Answer { get; init; }

    /// <summary>Whether <see cref="Answer"/> is what the cell holds; if not, <c>verify</c> says what was changed.</summary>
    public required bool IsAnswer { get; init; }
}

/// <summary>Why a cell of an on-demand feature holds what it holds.</summary>
public sealed record ComputedExplanation : Explanation
{
    /// <summary>The SQL of it.</summary>
    public required string Expression { get; init; }

    /// <summary>The labels' columns that it takes, with their values in the row.</summary>
    public required IReadOnlyList<(string Name, DataType Type, object? Value)> Inputs { get; init; }

    /// <summary>The joined features that it takes; of a view of which it takes the status alone, one feature.</summary>
    public required IReadOnlyList<CellExplanation> Cells { get; init; }
}

/// <summary>Why a cell of a joined feature holds what it holds.</summary>
public sealed record CellExplanation : Explanation
{

    /// <summary>The feature's column in the table.</summary>
    public required string Feature { get; init; }

    /// <summary>The rule's terms, as they were when the training set was made.</summary>
    public required FeatureView View { get; init; }

    /// <summary>The snapshot that was searched.</summary>
    public required PinnedSnapshot Snapshot { get; init; }

    /// <summary>The row's join keys, by the entity's names.</summary>
    public required IReadOnlyList<(string Name, object? Value)> Keys { get; init; }

    /// <summary>The row's event time: what the feature had to have happened and been known by.</summary>
    public required EventTime At { get; init; }

    /// <summary>What the rule answers now: <c>present</c>, <c>null</c>, <c>expired</c> or <c>absent</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The winner first (where there is one), then the rows that came closest, reason by reason.</summary>
    public required IReadOnlyList<Candidate> Candidates { get; init; }

    /// <summary>How many rows of the key met each fate.</summary>
    public required IReadOnlyDictionary<Verdict, long> Counts { get; init; }
}

/// <summary>A row of the view's table that has the label's key.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="File">Its file, relative to the table's folder.</param>
/// <param name="RowNumber">Its place in the file, counted from 0.</param>
/// <param name="EventTime">When it happened; null where it does not say, and in a view without event time.</param>
/// <param name="CreatedTime">When it was known; as <paramref name="EventTime"/> where the view says <c>none</c>.</param>
/// <param name="Sequence">Its place among rows of equal times; null where the view has none, or the row does not say.</param>
/// <param name="Value">Of the feature.</param>
public sealed record Candidate(Verdict Verdict, string File, long RowNumber, EventTime? EventTime, EventTime? CreatedTime, long? Sequence, object? Value);

/// <summary>What became of a row that had the key.</summary>
public enum Verdict
{
    /// <summary>The greatest (event time, created time, sequence) of all that had happened and were known.</summary>
    Winner,

    /// <summary>It would have won, and is older than the ttl allows.</summary>
    Expired,

    /// <summary>Equal to the winner in all times, and in its values.</summary>
    Twin,

    /// <summary>Had happened and was known, but the winner is newer.</summary>
    Older,

    /// <summary>Had happened by then, but became known later.</summary>
    KnownLater,

    /// <summary>Had not happened by then.</summary>
    InTheFuture,

    /// <summary>The view skips NULLs, and this is one.</summary>
    Skipped,

    /// <summary>Says no event time, and so is never visible.</summary>
    WithoutEventTime,

    /// <summary>Says no created time, and so is never visible.</summary>
    WithoutCreatedTime,
}

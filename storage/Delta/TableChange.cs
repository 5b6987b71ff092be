using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Predicates;

namespace Lepton.Data.Storage.Delta;

/// <summary>What one commit does to a table.</summary>
public sealed record TableChange
{
    /// <summary>The snapshot that the change was made from; null creates the table.</summary>
    public required Snapshot? Base { get; init; }

    /// <summary>The table's columns after the commit; equal to the base's where they do not change.</summary>
    public required Schema Schema { get; init; }

    /// <summary>Files to add: they lie below the table's folder and are synced.</summary>
    public IReadOnlyList<DataFile> Added { get; init; } = [];

    /// <summary>Files to remove; they must be live still.</summary>
    public IReadOnlyList<DataFile> Removed { get; init; } = [];

    /// <summary>Whether the change rests on rows of the base (an overwrite does, a blind append does not): then another commit in between that changes such rows is a conflict.</summary>
    public required bool HasReadTable { get; init; }

    /// <summary>Which rows it rests on, where <see cref="HasReadTable"/>; null for all.</summary>
    public RowPredicate? ReadRows { get; init; }

    /// <summary>Whether it only lays the same rows into other files (Delta's <c>dataChange = false</c>): who reads rows is not disturbed, and counts and content sums must show it.</summary>
    public bool IsRewrite { get; init; }

    /// <summary>The columns by whose values files are divided, at creation; afterwards they stay. Each is one of the schema's, and they are not all of them.</summary>
    public IReadOnlyList<string> PartitionColumns { get; init; } = [];

    /// <summary>Progress to move along with the data, all or none.</summary>
    public IReadOnlyList<TransactionStep> Transactions { get; init; } = [];

    /// <summary>Delta table properties to set at creation.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>What to call it in the history: <c>CREATE TABLE</c>, <c>WRITE</c>, …</summary>
    public required string Operation { get; init; }

    /// <summary>Its parameters, for the history.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>The run that makes it, for the history.</summary>
    public string? RunId { get; init; }

    /// <summary>When it is made.</summary>
    public required EventTime CommittedAt { get; init; }

    /// <summary>How many rows an upsert was given, for the history; null where it is not said.</summary>
    internal long? SourceRowCount { get; init; }

    /// <summary>The version whose columns and files it brings back: they fitted each other then.</summary>
    internal long? RestoredVersion { get; init; }
}

/// <summary>
/// One application's progress, moved by compare-and-set in the commit of its data. All steps of a commit found at <paramref name="Expected"/>: it commits.
/// All found at <paramref name="Next"/>: it was done before, and that snapshot is the answer. Anything else: another writer took over, and the commit is refused for good.
/// </summary>
/// <param name="Application">Whose progress, for example <c>pipeline/step</c>.</param>
/// <param name="Expected">The version found when the work was planned; null for none yet.</param>
/// <param name="Next">The version to set.</param>
public sealed record TransactionStep(string Application, long? Expected, long Next);

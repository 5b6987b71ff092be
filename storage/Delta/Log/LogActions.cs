using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.DeletionVectors;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>One line of a commit, or one row of a checkpoint. What we do not know is left out, as the protocol asks of a reader.</summary>
/// <param name="Place">The log file and line.</param>
internal abstract record LogAction(SourcePlace Place);

/// <summary>What a client must know to read and write the table.</summary>
internal sealed record ProtocolAction(SourcePlace Place, int MinReaderVersion, int MinWriterVersion, EquatableList<string>? ReaderFeatures, EquatableList<string>? WriterFeatures)
    : LogAction(Place);

/// <summary>Columns and properties. The schema stays text here: only that of the version asked for must be one that we know.</summary>
internal sealed record MetadataAction(SourcePlace Place, string TableId, string Provider, string SchemaJson, EquatableList<string> PartitionColumns, IReadOnlyDictionary<string, string> Properties)
    : LogAction(Place)
{
    internal string? Name { get; init; }

    internal string? Description { get; init; }

    internal long? CreatedMilliseconds { get; init; }
}

/// <summary>A file that became live.</summary>
/// <param name="Place">The log file and line.</param>
/// <param name="Path">Where the file lies.</param>
/// <param name="PartitionValues">By partition column, under its physical name.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="ModifiedMilliseconds">Since the epoch.</param>
/// <param name="Statistics">As written: read with the schema of the version asked for, and only when asked for.</param>
internal sealed record AddAction(
    SourcePlace Place, FilePath Path, IReadOnlyDictionary<string, string?> PartitionValues, long SizeBytes, long ModifiedMilliseconds, StatisticsText Statistics)
    : LogAction(Place)
{
    /// <summary>Our tag: the sum of its rows; null for none.</summary>
    internal ContentSum? ContentSum { get; init; }

    /// <summary>What else writers noted of the file.</summary>
    internal IReadOnlyDictionary<string, string?> Tags { get; init; } = NoTexts;

    /// <summary>Which of its rows are deleted; null for none.</summary>
    internal DeletionVector? DeletionVector { get; init; }

    /// <summary>False where its rows were in the table already, in other files.</summary>
    internal bool IsDataChange { get; init; } = true;

    /// <summary>What the log knows it by: of one file there may be an entry for each of its deletion vectors, of which one is live.</summary>
    internal string Key => KeyOf(Path, DeletionVector);

    internal static IReadOnlyDictionary<string, string?> NoTexts { get; } = new Dictionary<string, string?>();

    internal static string KeyOf(FilePath path, DeletionVector? vector) => vector is null ? path.Path : $"{path.Path}\0{vector.UniqueId}";
}

/// <summary>A file that is live no longer.</summary>
/// <param name="Place">The log file and line.</param>
/// <param name="Path">Where the file lies.</param>
/// <param name="DeletionVector">The deletion vector of the entry that went.</param>
/// <param name="DeletedMilliseconds">When, since the epoch; null where the writer did not say.</param>
internal sealed record RemoveAction(SourcePlace Place, FilePath Path, DeletionVector? DeletionVector, long? DeletedMilliseconds)
    : LogAction(Place)
{
    /// <summary>The file's length, where the writer said so.</summary>
    internal long? SizeBytes { get; init; }

    /// <summary>By partition column, where the writer said so.</summary>
    internal IReadOnlyDictionary<string, string?>? PartitionValues { get; init; }

    /// <summary>False where its rows stay in the table, in other files.</summary>
    internal bool IsDataChange { get; init; } = true;

    internal string Key => AddAction.KeyOf(Path, DeletionVector);
}

/// <summary>An application's progress.</summary>
internal sealed record TransactionAction(SourcePlace Place, string Application, long Version) : LogAction(Place)
{
    internal long? UpdatedMilliseconds { get; init; }
}

/// <summary>Where a commit came from; believed by nobody, shown to people.</summary>
internal sealed record CommitInfoAction(SourcePlace Place, long? Milliseconds, string? Operation, IReadOnlyDictionary<string, string> Parameters, string? RunId, string? Engine)
    : LogAction(Place);

/// <summary>Which version a checkpoint of the second kind holds.</summary>
internal sealed record CheckpointMetadataAction(SourcePlace Place, long Version) : LogAction(Place);

/// <summary>A file with further rows of a checkpoint of the second kind.</summary>
/// <param name="Place">The checkpoint's top file.</param>
/// <param name="Name">Of the file in <c>_delta_log/_sidecars</c>.</param>
/// <param name="SizeBytes">Its length.</param>
internal sealed record SidecarAction(SourcePlace Place, string Name, long SizeBytes) : LogAction(Place);

/// <summary>Something that we do not act upon, but that a checkpoint of ours would lose.</summary>
internal sealed record ForeignAction(SourcePlace Place, string Name) : LogAction(Place);

/// <summary>One commit.</summary>
/// <param name="Version">Counted from 0.</param>
/// <param name="Actions">In the order of the file.</param>
/// <param name="Place">The log file.</param>
/// <param name="FileModifiedAt">As the store says; the commit's time where it does not say itself.</param>
internal sealed record LogEntry(long Version, IReadOnlyList<LogAction> Actions, SourcePlace Place, EventTime FileModifiedAt)
{
    internal CommitInfoAction? Info => Actions.OfType<CommitInfoAction>().FirstOrDefault();

    internal EventTime CommittedAt => Info?.Milliseconds is { } milliseconds ? new EventTime(milliseconds * 1000) : FileModifiedAt;

    /// <summary>Whether the rows are afterwards what they were before: files laid out anew, progress without rows, or nothing but a note.</summary>
    internal bool LeavesRows => Actions.All(action => action is AddAction { IsDataChange: false } or RemoveAction { IsDataChange: false } or TransactionAction or CommitInfoAction or ForeignAction);

    internal bool ChangesTable => Actions.Any(action => action is ProtocolAction or MetadataAction);
}

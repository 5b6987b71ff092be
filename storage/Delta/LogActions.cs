using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta;

/// <summary>One line of a commit. What we do not know is left out, as the protocol asks of a reader.</summary>
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
/// <param name="Path">Decoded, checked to stay below the table's folder.</param>
/// <param name="PartitionValues">By partition column.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="ModifiedMilliseconds">Since the epoch.</param>
/// <param name="Statistics">As written: read with the schema of the version asked for.</param>
/// <param name="ContentSum">Our tag, as written.</param>
/// <param name="HasDeletionVector">Whether some of its rows are deleted.</param>
internal sealed record AddAction(
    SourcePlace Place, string Path, IReadOnlyDictionary<string, string?> PartitionValues, long SizeBytes, long ModifiedMilliseconds, string? Statistics, string? ContentSum, bool HasDeletionVector)
    : LogAction(Place);

/// <summary>A file that is live no longer.</summary>
internal sealed record RemoveAction(SourcePlace Place, string Path) : LogAction(Place);

/// <summary>An application's progress.</summary>
internal sealed record TransactionAction(SourcePlace Place, string Application, long Version) : LogAction(Place);

/// <summary>Where a commit came from; believed by nobody, shown to people.</summary>
internal sealed record CommitInfoAction(SourcePlace Place, long? Milliseconds, string? Operation, IReadOnlyDictionary<string, string> Parameters, string? RunId, string? Engine)
    : LogAction(Place);

/// <summary>One commit.</summary>
/// <param name="Version">Counted from 0.</param>
/// <param name="Actions">In the order of the file.</param>
/// <param name="Place">The log file.</param>
/// <param name="FileModifiedAt">As the store says; the commit's time where it does not say itself.</param>
internal sealed record LogEntry(long Version, IReadOnlyList<LogAction> Actions, SourcePlace Place, EventTime FileModifiedAt)
{
    internal CommitInfoAction? Info => Actions.OfType<CommitInfoAction>().FirstOrDefault();

    internal EventTime CommittedAt => Info?.Milliseconds is { } milliseconds ? new EventTime(milliseconds * 1000) : FileModifiedAt;

    internal bool ChangesTable => Actions.Any(action => action is ProtocolAction or MetadataAction);

    internal bool ChangesFiles => Actions.Any(action => action is AddAction or RemoveAction);
}

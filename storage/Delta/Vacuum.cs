using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta;

/// <summary>What <see cref="ITable.VacuumAsync"/> is to keep.</summary>
public sealed record VacuumOptions
{
    /// <summary>The time now.</summary>
    public required EventTime Now { get; init; }

    /// <summary>How long a file stays after the last version that has it was replaced; from 0; null for the table's own (<c>delta.deletedFileRetentionDuration</c>, else 7 days).</summary>
    public TimeSpan? Retention { get; init; }

    /// <summary>Whether less than 7 days may be asked for. Then nobody else may write to the table or read old versions meanwhile: a file that a writer has not committed yet may be taken from it.</summary>
    public bool AllowsShortRetention { get; init; }

    /// <summary>Versions that stay whole whatever their age: those of training sets, and those that readers are pointed to. Each is there.</summary>
    public IReadOnlyCollection<long> PinnedVersions { get; init; } = [];

    /// <summary>Whether files are only named, and stay.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Called before each deletion; what it throws ends the vacuum, and the files that are left stay. A <see cref="Runs.RunLock"/> says by it that it is held no longer.</summary>
    public Action? EnsureMayDelete { get; init; }
}

/// <summary>What <see cref="ITable.VacuumAsync"/> found.</summary>
/// <param name="Files">Deleted, or to be deleted: relative to the table's folder.</param>
/// <param name="SizeBytes">Their length together.</param>
/// <param name="Retention">The one that was kept to.</param>
public sealed record VacuumResult(IReadOnlyList<string> Files, long SizeBytes, TimeSpan Retention);

using System.Diagnostics.CodeAnalysis;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <summary>What a failed <see cref="ITable.CommitAsync"/> leaves open: the answer to a write may be lost though the write arrived, or is still to arrive.</summary>
public static class CommitOutcome
{
    private const string Key = "Lepton.Data.CommitOutcome.IsUnknown";

    /// <summary>Whether the commit may be part of the log, now or later: then its files must stay, and the same change is not to be sent again before the log was looked at.</summary>
    public static bool IsUnknown(Exception failure) => failure.Data.Contains(Key);

    /// <returns>False, for use as an exception's filter.</returns>
    internal static bool Mark(Exception failure)
    {
        failure.Data[Key] = true;
        return false;
    }

    /// <summary>Commits; where the answer was lost, the log is asked. A failure that <see cref="IsUnknown"/> leaves the change's files to vacuum.</summary>
    /// <param name="table">Which.</param>
    /// <param name="store">Where it lies.</param>
    /// <param name="change">To be committed.</param>
    /// <param name="cancellationToken">Observed until the commit.</param>
    internal static async ValueTask<Snapshot> CommitAsync(ITable table, IObjectStore store, TableChange change, CancellationToken cancellationToken)
    {
        try
        {
            return await table.CommitAsync(change, cancellationToken).ConfigureAwait(false);
        }
        catch (LeptonDataException failure) when (IsUnknown(failure) && change is { Added.Count: > 0, RestoredVersion: null })
        {
            if (await FindAsync(table, store, change.Added).ConfigureAwait(false) is { } arrived) return arrived;
            throw;
        }
    }

    /// <summary>Whether all of these files are live. Names are used once: where they are, the commit that named them first arrived.</summary>
    internal static bool Holds(Snapshot snapshot, IEnumerable<DataFile> files)
    {
        HashSet<string> live = [.. snapshot.Files.Select(file => file.Path)];
        return files.All(file => live.Contains(file.Path));
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Another failure in the place of the first would not say that the commit may be there, and its files would be deleted.")]
    private static async ValueTask<Snapshot?> FindAsync(ITable table, IObjectStore store, IReadOnlyList<DataFile> files)
    {
        try
        {
            if (await table.ReadAsync().ConfigureAwait(false) is not { } newest || !Holds(newest, files)) return null;
            // What failed may have been the sync of its name: seen now, and gone with the power.
            await store.SyncAsync([new LogFolder(store, store.PathOf(table.RootPath)!).PathOf(newest.Version)]).ConfigureAwait(false);
            return newest;
        }
        catch (Exception)
        {
            // Whatever keeps it from being found, the first failure is told, which says that nobody knows.
            return null;
        }
    }
}

using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Runs;

/// <summary>Takes away what writers of ours that were killed left behind. Only for the holder of the <see cref="RunLock"/>.</summary>
/// <remarks>
/// That lock is the proof: who writes these files holds it while it lives, so what is found under it is a dead writer's. Times prove nothing: a clock that went back would keep the files
/// for ever, and a living writer's file is older than the sweep, too. Files of other forms may be another program's at this very moment and stay.
/// One that writes without the lock (a lake created twice at once; a machine that locks do not reach) is harmed no more than a crash would: its commit fails, and nothing half-written is seen.
/// Where the lock was taken over by its age alone (<see cref="RunLock.ProvesDeath"/>), nothing is swept: vacuum takes it away when it is old.
/// </remarks>
public static class Leftovers
{
    /// <summary>Deletes the parts of commits that were never published in a table's log.</summary>
    public static ValueTask SweepLogAsync(Lake lake, ITable table, CancellationToken cancellationToken = default) => SweepAsync(lake, $"{lake.FolderOf(table.RootPath)}/_delta_log", LocalObjectStore.IsAsideName, cancellationToken);

    /// <summary>Deletes the parts of a lake's marker that was never put in its place.</summary>
    public static ValueTask SweepRootAsync(Lake lake, CancellationToken cancellationToken = default) => SweepAsync(lake, "", LocalObjectStore.IsAsideName, cancellationToken);

    /// <summary>Deletes files of a table of the product's own that its newest version does not name. Such a table is only appended to, so no version names them.</summary>
    /// <param name="lake">Of the table.</param>
    /// <param name="table">Whose files.</param>
    /// <param name="snapshot">The newest version; null where its first commit never came.</param>
    /// <param name="cancellationToken">Observed between files.</param>
    public static ValueTask SweepFilesAsync(Lake lake, ITable table, Snapshot? snapshot, CancellationToken cancellationToken = default)
    {
        HashSet<string> live = snapshot is null ? [] : [.. snapshot.Files.Select(file => file.Path)];
        return SweepAsync(lake, lake.FolderOf(table.RootPath), name => name.EndsWith(".parquet", StringComparison.Ordinal) && !live.Contains(name), cancellationToken);
    }

    /// <summary>Deletes the files of a table whose names begin so.</summary>
    /// <param name="lake">Of the table.</param>
    /// <param name="table">Whose files.</param>
    /// <param name="prefix">Of their names.</param>
    /// <param name="stay">Asked once, where there are any: the names of those that stay; null for all.</param>
    /// <param name="cancellationToken">Observed between files.</param>
    public static async ValueTask SweepFilesAsync(Lake lake, ITable table, string prefix, Func<ValueTask<IReadOnlySet<string>?>> stay, CancellationToken cancellationToken = default)
    {
        List<string> files = await FindAsync(lake, lake.FolderOf(table.RootPath), name => name.StartsWith(prefix, StringComparison.Ordinal), cancellationToken).ConfigureAwait(false);
        if (files.Count == 0 || await stay().ConfigureAwait(false) is not { } staying) return;
        foreach (string file in files.Where(file => !staying.Contains(file[(file.LastIndexOf('/') + 1)..]))) await lake.Store.DeleteAsync(file, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask SweepAsync(Lake lake, string folder, Func<string, bool> isLeft, CancellationToken cancellationToken)
    {
        foreach (string file in await FindAsync(lake, folder, isLeft, cancellationToken).ConfigureAwait(false)) await lake.Store.DeleteAsync(file, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<List<string>> FindAsync(Lake lake, string folder, Func<string, bool> isLeft, CancellationToken cancellationToken)
    {
        var files = new List<string>();
        await foreach (ObjectInfo entry in lake.Store.ListAsync(folder, null, cancellationToken).ConfigureAwait(false))
            if (!entry.IsFolder && isLeft(entry.Name)) files.Add(entry.Path);
        return files;
    }
}

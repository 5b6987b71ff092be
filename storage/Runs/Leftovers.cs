using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Runs;

/// <summary>Takes away what writers of ours that were killed left behind. Only for the holder of the <see cref="RunLock"/>.</summary>
/// <remarks>
/// That lock is the proof: who writes these files holds it while it lives, so what is found under it is a dead writer's. Times prove nothing: a clock that went back would keep the files
/// for ever, and a living writer's file is older than the sweep, too. Files of other forms may be another program's at this very moment and stay.
/// One that writes without the lock (a lake created twice at once; a machine that locks do not reach) is harmed no more than a crash would: its commit fails, and nothing half-written is seen.
/// </remarks>
public static class Leftovers
{
    /// <summary>Deletes the parts of commits that were never published in a table's log.</summary>
    public static void SweepLog(ITable table) => SweepAside(Path.Combine(table.RootPath, "_delta_log"));

    /// <summary>Deletes the parts of a lake's marker that was never put in its place.</summary>
    public static void SweepRoot(Lake lake) => SweepAside(lake.RootPath);

    /// <summary>Deletes files of a table of the product's own that its newest version does not name. Such a table is only appended to, so no version names them.</summary>
    /// <param name="table">Whose files.</param>
    /// <param name="snapshot">The newest version; null where its first commit never came.</param>
    public static void SweepFiles(ITable table, Snapshot? snapshot)
    {
        HashSet<string> live = snapshot is null ? [] : [.. snapshot.Files.Select(file => file.Path)];
        Sweep(table.RootPath, "*.parquet", name => !live.Contains(name));
    }

    private static void SweepAside(string folder) => Sweep(folder, ".*.tmp", LocalObjectStore.IsAsideName);

    private static void Sweep(string folder, string pattern, Func<string, bool> isLeft) => FileErrors.Guard(folder, () =>
    {
        if (!Directory.Exists(folder)) return;
        foreach (string file in Directory.GetFiles(folder, pattern))
            if (isLeft(Path.GetFileName(file))) File.Delete(file);
    });
}

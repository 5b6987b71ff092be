using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Runs;

/// <summary>Takes away what writers of ours that were killed left behind. Only for the holder of the <see cref="RunLock"/>, so that no such writer lives.</summary>
public static class Leftovers
{
    /// <summary>Deletes the parts of commits that were never published in a table's log.</summary>
    /// <param name="table">Whose log.</param>
    /// <param name="before">Only what was last written before; what is younger may be another program's at this very moment.</param>
    public static void SweepLog(ITable table, EventTime before) => Sweep(Path.Combine(table.RootPath, "_delta_log"), ".*.tmp", before, _ => true);

    /// <summary>Deletes the parts of a lake's marker that was never put in its place.</summary>
    /// <param name="lake">The lake.</param>
    /// <param name="before">As in <see cref="SweepLog"/>.</param>
    public static void SweepRoot(Lake lake, EventTime before) => Sweep(lake.RootPath, $".{Lake.MarkerFileName}.*.tmp", before, _ => true);

    /// <summary>Deletes files of a table of the product's own that its newest version does not name. Such a table is only appended to, so no version names them.</summary>
    /// <param name="table">Whose files.</param>
    /// <param name="snapshot">The newest version; null where its first commit never came.</param>
    /// <param name="before">As in <see cref="SweepLog"/>.</param>
    public static void SweepFiles(ITable table, Snapshot? snapshot, EventTime before)
    {
        HashSet<string> live = snapshot is null ? [] : [.. snapshot.Files.Select(file => file.Path)];
        Sweep(table.RootPath, "*.parquet", before, name => !live.Contains(name));
    }

    private static void Sweep(string folder, string pattern, EventTime before, Func<string, bool> isLeft)
    {
        try
        {
            if (!Directory.Exists(folder)) return;
            foreach (string file in Directory.GetFiles(folder, pattern))
                if (isLeft(Path.GetFileName(file)) && EventTime.FromDateTimeOffset(File.GetLastWriteTimeUtc(file)) < before) File.Delete(file);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, folder);
        }
    }
}

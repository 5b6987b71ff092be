using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Rewrites;

/// <summary>Brings a table back to what it was, as a new version: nothing of its history is lost, and progress stays where it is.</summary>
public static class RestorePlan
{
    /// <summary>The change that makes <paramref name="current"/> hold what <paramref name="target"/> held.</summary>
    /// <param name="current">The newest snapshot.</param>
    /// <param name="target">An older one of the same table. Its files must be there still: the commit looks.</param>
    /// <param name="committedAt">When.</param>
    /// <exception cref="LeptonDataException"><c>storage.restore_partitions</c>: the table was divided by other columns then.</exception>
    public static TableChange Of(Snapshot current, Snapshot target, EventTime committedAt)
    {
        if (current.TableId != target.TableId || current.RootPath != target.RootPath) throw new ArgumentException("the snapshots are of two tables", nameof(target));
        if (target.Version > current.Version) throw new ArgumentException("the target is newer", nameof(target));
        if (!target.PartitionColumns.SequenceEqual(current.PartitionColumns)) throw new LeptonDataException("storage.restore_partitions", [current.RootPath, target.Version]);
        HashSet<string> then = [.. target.Files.Select(file => file.Path)], now = [.. current.Files.Select(file => file.Path)];
        return new TableChange
        {
            Base = current,
            Schema = target.Schema,
            Added = [.. target.Files.Where(file => !now.Contains(file.Path))],
            Removed = [.. current.Files.Where(file => !then.Contains(file.Path))],
            HasReadTable = true,
            RestoredVersion = target.Version,
            Operation = "RESTORE",
            Parameters = new Dictionary<string, string> { ["version"] = target.Version.ToString(CultureInfo.InvariantCulture) },
            CommittedAt = committedAt,
        };
    }
}

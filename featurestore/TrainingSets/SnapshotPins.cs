using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Notes which versions of which tables were read.</summary>
internal static class SnapshotPins
{
    /// <summary>The version of this software, as manifests name it.</summary>
    internal static string Software { get; } = typeof(SnapshotPins).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>In order of table.</summary>
    internal static IReadOnlyList<PinnedSnapshot> Of(Lake lake, IReadOnlyDictionary<string, Snapshot> snapshots) =>
    [
        .. snapshots
            .Select(pair => new PinnedSnapshot(
                pair.Key.ToLowerInvariant(),
                lake.Store.PathOf(pair.Value.RootPath)!,
                pair.Value.TableId,
                pair.Value.Version,
                pair.Value.ContentHash?.ToString()))
            .OrderBy(pin => pin.Table, StringComparer.Ordinal),
    ];
}

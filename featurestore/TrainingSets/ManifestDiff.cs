using System.Globalization;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Registry;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>How two versions of training sets differ in what they were made from, as their manifests tell it; no row is read.</summary>
/// <param name="Definitions">The training set's own definition, then entities and views by name, each property by property. Two training sets are compared under the later one's name.</param>
/// <param name="Snapshots">Tables that only one was made from, or each from another version, by name.</param>
/// <param name="Facts">What else decides the rows or follows from it: <c>rule_version</c>, <c>software</c>, <c>splits</c> with their rows, <c>left_out.sample</c>, <c>left_out.distance</c>.</param>
public sealed record ManifestDiff(IReadOnlyList<RegistryChange> Definitions, IReadOnlyList<SnapshotChange> Snapshots, IReadOnlyList<PropertyChange> Facts)
{
    /// <summary>Whether both were made from the same.</summary>
    public bool IsEmpty => Definitions.Count + Snapshots.Count + Facts.Count == 0;

    /// <summary>Compares two manifests.</summary>
    public static ManifestDiff Of(TrainingSetManifest before, TrainingSetManifest after)
    {
        Dictionary<string, PinnedSnapshot> old = before.Snapshots.ToDictionary(pin => pin.Table), now = after.Snapshots.ToDictionary(pin => pin.Table);
        return new ManifestDiff(
            RegistryObject.Compare(ObjectsOf(before with { Definition = before.Definition with { Name = after.Name } }), ObjectsOf(after)),
            [
                .. old.Keys.Union(now.Keys).Order(StringComparer.Ordinal).Select(table => new SnapshotChange(table, old.GetValueOrDefault(table), now.GetValueOrDefault(table)))
                    .Where(change => (change.Old?.TableId, change.Old?.Version) != (change.New?.TableId, change.New?.Version)),
            ],
            [
                .. FactsOf(before).Zip(FactsOf(after)).Where(pair => pair.First.Value != pair.Second.Value).Select(pair => new PropertyChange(pair.First.Name, pair.First.Value, pair.Second.Value)),
            ]);
    }

    private static IReadOnlyList<RegistryObject> ObjectsOf(TrainingSetManifest manifest)
        => RegistryObject.Of(new FeatureDefinitions { Entities = [.. manifest.Entities], FeatureViews = [.. manifest.Views], OnDemandViews = [.. manifest.OnDemandViews], TrainingSets = [manifest.Definition] });

    private static IEnumerable<(string Name, string? Value)> FactsOf(TrainingSetManifest manifest) =>
    [
        ("rule_version", manifest.RuleVersion.ToString(CultureInfo.InvariantCulture)),
        ("software", manifest.Software),
        ("splits", manifest.Splits.Count == 0 ? null : string.Join(", ", manifest.Splits.Select(split => string.Create(CultureInfo.InvariantCulture, $"{split.Name} {split.RowCount}")))),
        ("left_out.sample", manifest.LeftOut?.BySample.ToString(CultureInfo.InvariantCulture)),
        ("left_out.distance", manifest.LeftOut?.ByDistance.ToString(CultureInfo.InvariantCulture)),
    ];
}

/// <summary>A table of which two training sets saw another state.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Old">What the earlier one was made from; null where it did not read the table.</param>
/// <param name="New">What the later one was made from; null likewise.</param>
public sealed record SnapshotChange(string Table, PinnedSnapshot? Old, PinnedSnapshot? New)
{
    /// <summary>Whether both are versions of one table; a name may be given to another.</summary>
    public bool IsOfOneTable => Old is not null && Old.TableId == New?.TableId;
}

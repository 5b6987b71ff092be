using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.FeatureStore;

/// <summary>What the names in a query mean in a lake: tables, and training sets as <c>datasets.name</c>. Safe for use by several threads.</summary>
/// <param name="lake">The lake.</param>
/// <param name="readsLatest">Whether tables are read at their newest version, instead of the one that the newest finished run names.</param>
public sealed class LakeCatalog(Lake lake, bool readsLatest = false)
{
    /// <summary>The schema that training sets stand in.</summary>
    public const string DatasetSchema = "datasets";

    /// <summary>The lake.</summary>
    public Lake Lake { get; } = lake;

    /// <summary>Whether tables are read at their newest version.</summary>
    public bool ReadsLatest { get; } = readsLatest;

    /// <summary>Finds what <paramref name="names"/> stand for.</summary>
    /// <param name="names">As they stand in the SQL: <c>table</c>, <c>schema.table</c> or <c>datasets.name</c>, with their places.</param>
    /// <param name="cancellationToken">Observed between tables.</param>
    /// <exception cref="LeptonDataException"><c>featurestore.unknown_table</c>, at the name's place, with the nearest name that there is.</exception>
    public ValueTask<CatalogInputs> InputsForAsync(IEnumerable<(string Name, SourcePlace? Place)> names, CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [Lake, names, cancellationToken]);
}

/// <summary>What the names in a query stand for, and which snapshots that reads.</summary>
/// <param name="Inputs">For the binder and the engine.</param>
/// <param name="Snapshots">The tables' snapshots by the name in the query; training sets are not among them.</param>
public sealed record CatalogInputs(Inputs Inputs, IReadOnlyDictionary<string, Snapshot> Snapshots);

using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.FeatureStore.Offline;

/// <summary>History for training: point-in-time joins over the lake's tables. Safe for use by several threads.</summary>
/// <param name="context">The lake, and what runs queries.</param>
public sealed class OfflineStore(FeatureStoreContext context)
{
    /// <summary>Finds, for each entity row, the newest feature values that had happened and were known at that row's event time (DESIGN section 6).</summary>
    /// <param name="entityRows">Shape <c>[n × (join keys + event time + any)]</c>.</param>
    /// <param name="features">A service's name alone, or references <c>view</c> and <c>view:feature</c>.</param>
    /// <param name="run">On whose behalf.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <returns>Shape <c>[n × (own columns + view__feature… + view__status…)]</c>; row i answers entity row i.</returns>
    /// <exception cref="LeptonDataException">An unknown name, a key that is missing or of another type, a NULL time, rows that tie; a definition that is not applied.</exception>
    public ValueTask<HistoricalFeatures> GetHistoricalFeaturesAsync(EntityRows entityRows, IReadOnlyList<FeatureReference> features, RunContext run, CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [context, entityRows, features, run, cancellationToken]);
}

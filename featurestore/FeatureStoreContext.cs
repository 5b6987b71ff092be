using Lepton.Data.Engines;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.FeatureStore;

/// <summary>What the feature store works with. The caller owns the engine.</summary>
/// <param name="Catalog">What table names mean.</param>
/// <param name="Engine">Runs queries.</param>
/// <param name="Binder">Binds them.</param>
public sealed record FeatureStoreContext(LakeCatalog Catalog, IEngine Engine, Binder Binder);

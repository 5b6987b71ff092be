using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.FeatureStore.Registry;

/// <summary>The definitions that are in force, kept in the lake (<c>_lepton/registry</c>, docs/formats/registry.md). Safe for use by several threads and processes.</summary>
/// <param name="context">The lake, and what checks definitions against it.</param>
public sealed class FeatureRegistry(FeatureStoreContext context)
{
    /// <summary>What is in force.</summary>
    /// <returns>Version null and no definitions where nothing was applied yet.</returns>
    public ValueTask<RegistryState> ReadAsync(CancellationToken cancellationToken = default) => throw new LeptonDataException("featurestore.unfinished", [context, cancellationToken]);

    /// <summary>Checks <paramref name="definitions"/> against the tables and compares them with what is in force.</summary>
    /// <exception cref="LeptonDataException">A definition does not fit a table; the place says where.</exception>
    public ValueTask<RegistryPlan> PlanAsync(FeatureDefinitions definitions, RunContext run, CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [context, definitions, run, cancellationToken]);

    /// <summary>Puts <paramref name="definitions"/> in force, all or none.</summary>
    /// <returns>What changed.</returns>
    /// <exception cref="LeptonDataException">As for <see cref="PlanAsync"/>; or another apply got in between, and nothing was changed.</exception>
    public ValueTask<RegistryPlan> ApplyAsync(FeatureDefinitions definitions, RunContext run, CancellationToken cancellationToken = default)
        => throw new LeptonDataException("featurestore.unfinished", [context, definitions, run, cancellationToken]);
}

/// <summary>What a registry held at one version.</summary>
/// <param name="Version">The registry's version; null before the first apply.</param>
/// <param name="Definitions">What was in force.</param>
public sealed record RegistryState(long? Version, FeatureDefinitions Definitions);

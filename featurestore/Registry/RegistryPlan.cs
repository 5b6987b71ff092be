namespace Lepton.Data.FeatureStore.Registry;

/// <summary>The kinds of what a registry holds.</summary>
public enum ObjectKind
{
    /// <summary><see cref="Definitions.Entity"/></summary>
    Entity,
    /// <summary><see cref="Definitions.FeatureView"/></summary>
    FeatureView,
    /// <summary><see cref="Definitions.OnDemandView"/></summary>
    OnDemandView,
    /// <summary><see cref="Definitions.FeatureService"/></summary>
    FeatureService,
    /// <summary><see cref="Definitions.TrainingSetDefinition"/></summary>
    TrainingSet,
}

/// <summary>What happens to an object of the registry.</summary>
public enum ChangeKind
{
    /// <summary>It is new.</summary>
    Added,
    /// <summary>Its definition differs.</summary>
    Changed,
    /// <summary>It is no longer defined.</summary>
    Removed,
}

/// <summary>What applying the definitions would change.</summary>
/// <param name="BaseVersion">The registry's version that was compared; null where there is none yet.</param>
/// <param name="Changes">By kind, then name; empty where all is applied already.</param>
public sealed record RegistryPlan(long? BaseVersion, IReadOnlyList<RegistryChange> Changes)
{
    /// <summary>Whether all is applied already.</summary>
    public bool IsEmpty => Changes.Count == 0;
}

/// <summary>A change of one object.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name.</param>
/// <param name="Change">What happens.</param>
/// <param name="Properties">For <see cref="ChangeKind.Changed"/>: what differs, in the order of the definition; else empty.</param>
public sealed record RegistryChange(ObjectKind Kind, string Name, ChangeKind Change, IReadOnlyList<PropertyChange> Properties)
{
    /// <summary>Of a feature view whose meaning changes: the version that was in force and stays in the registry.</summary>
    public int? OldVersion { get; init; }

    /// <summary>Of such a view: the version that comes into force.</summary>
    public int? NewVersion { get; init; }
}

/// <summary>A property that differs.</summary>
/// <param name="Property">As the YAML calls it, for example <c>ttl</c>.</param>
/// <param name="Old">As the YAML would write it; null where it was not given.</param>
/// <param name="New">Likewise.</param>
public sealed record PropertyChange(string Property, string? Old, string? New);

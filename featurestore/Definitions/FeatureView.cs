using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>Named features from one table, and how its rows become visible. DESIGN section 6 is the rule; docs/point-in-time.md explains it.</summary>
/// <param name="Name"><c>[a-z][a-z0-9_]*</c>, unique among the views.</param>
/// <param name="Entity">The entity that the features describe.</param>
/// <param name="Table">The table that holds them.</param>
/// <param name="Features">Columns of the table, in order; at least one, distinct without case.</param>
public sealed record FeatureView(string Name, string Entity, TableName Table, EquatableList<string> Features)
{
    /// <summary>The column of when it happened; null for a view that is not point-in-time, which is joined by key alone.</summary>
    public string? EventTime { get; init; }

    /// <summary>The column of when it could first have been known; null where the view says <c>none</c>: then a row is taken as known as soon as it happened.</summary>
    public string? CreatedTime { get; init; }

    /// <summary>How old a value may be at the label's time, both ends inclusive; null for no limit. Above zero, in whole microseconds.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>A BIGINT column that orders rows of equal event and created time, such as an offset; a NULL counts as the smallest. Null for none.</summary>
    public string? Sequence { get; init; }

    /// <summary>Whether a value at exactly the label's time counts as still to come.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Whether each feature looks further back past rows where it is NULL.</summary>
    public bool SkipsNulls { get; init; }

    /// <summary>The table's column for each key of the entity, in the entity's order.</summary>
    public required EquatableList<string> KeyColumns { get; init; }

    /// <summary>Which version of the view this is, counted from 1; null where it was not read from the registry. No part of the definition.</summary>
    public int? Version { get; init; }

    /// <summary>Whether the entity has other keys now than when this version was in force.</summary>
    internal bool HasOtherKeys { get; init; }

    /// <summary>What people say of it.</summary>
    public Notes Notes { get; init; } = Notes.None;

    /// <summary>Where it is defined; null where it was read from the registry. No part of the definition.</summary>
    public SourcePlace? Place { get; init; }

    /// <summary>Where single words of it stand, by the key in YAML (<c>table</c>) or by key and word (<c>features/mean_delay</c>). No part of the definition.</summary>
    internal IReadOnlyDictionary<string, SourcePlace> Places { get; init; } = new Dictionary<string, SourcePlace>();

    /// <summary>Where the word stands, or at least the view.</summary>
    internal SourcePlace? PlaceOf(string word) => Places.GetValueOrDefault(word) ?? Place;

    /// <summary>Whether the view has an event time, so that a label sees only what had happened and was known.</summary>
    public bool IsPointInTime => EventTime is not null;

    /// <summary>The output column of one feature: <c>view__feature</c>.</summary>
    public string ColumnOf(string feature) => $"{Name}__{feature}";

    /// <summary>The output column that says whether a label found a row: <c>view__status</c>, for point-in-time views.</summary>
    public string StatusColumn => $"{Name}__status";
}

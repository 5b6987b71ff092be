using Lepton.Data.Schemas;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>What people say of an object. It changes nothing that is computed.</summary>
public sealed record Notes
{
    /// <summary>Nothing said.</summary>
    public static Notes None { get; } = new();

    /// <summary>What people should know of it.</summary>
    public string? Description { get; init; }

    /// <summary>Who answers for it.</summary>
    public string? Owner { get; init; }

    /// <summary>Words to find it by, in the order of their names.</summary>
    public EquatableList<Tag> Tags { get; init; } = [];
}

/// <summary>A word to find an object by.</summary>
/// <param name="Name">For example <c>team</c>.</param>
/// <param name="Value">For example <c>risk</c>.</param>
public readonly record struct Tag(string Name, string Value);

using Lepton.Data.Schemas;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>A step as a person wrote it: a table, and the SQL that makes it.</summary>
public sealed record StepDefinition
{
    /// <summary>The step's name, which is its table's.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>Where the name stands.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>One SELECT.</summary>
    public required SqlText Sql { get; init; }
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
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

    /// <summary>The column that says when a row could first have been known.</summary>
    public Located<string>? CreatedTime { get; init; }

    /// <summary>The person vouches that no row is said to be known before what it was made from, where that cannot be followed.</summary>
    public bool IsCreatedTimeTrusted { get; init; }

    /// <summary>The column that says when what a row tells happened.</summary>
    public Located<string>? EventTime { get; init; }

    /// <summary>Columns that tell of nobody, the person says, though personal values flow into them.</summary>
    public IReadOnlyList<Located<string>> NotPersonal { get; init; } = [];

    /// <summary>How the table grows; null where it is computed anew as a whole.</summary>
    public GrowthDefinition? Growth { get; init; }

    /// <summary>What must hold, as the file orders it.</summary>
    public IReadOnlyList<RuleDefinition> Rules { get; init; } = [];
}

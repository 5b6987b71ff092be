using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Rules;

/// <summary>A rule on a table as a whole.</summary>
/// <param name="Rule">What the person wrote.</param>
/// <param name="Text">What it asks, readable.</param>
internal sealed record CompiledTableRule(RuleDefinition Rule, string Text)
{
    /// <summary>What of the rule decides whether the table may be written, for the digest of the plan.</summary>
    internal string Identity { get; init; } = "";

    /// <summary>A query over the table, by the step's name, and the step's inputs, whose one value tells; null where the number of rows does.</summary>
    internal SqlText? Question { get; init; }

    /// <summary>A query for one of the rows that are wrong; null where there are none.</summary>
    internal SqlText? Example { get; init; }
}

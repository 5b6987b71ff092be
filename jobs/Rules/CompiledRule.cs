using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Sql.Lineage;

namespace Lepton.Data.Jobs.Rules;

/// <summary>A rule on rows, as SQL over the step's relation.</summary>
/// <param name="Rule">What the person wrote.</param>
/// <param name="Text">What it asks, readable.</param>
/// <param name="Broken">A BOOLEAN, never NULL: whether the row breaks the rule.</param>
/// <param name="Reason">A VARCHAR over the step's columns alone: what is wrong with a row that breaks it.</param>
/// <param name="Join">What has to be joined to the step's relation for <paramref name="Broken"/>; null for nothing.</param>
internal sealed record CompiledRule(RuleDefinition Rule, string Text, string Broken, string Reason, string? Join)
{
    /// <summary>The columns that it looks at: of the step's rows, by the step's name, and of other tables.</summary>
    internal required IReadOnlyList<InputColumn> Reads { get; init; }

    /// <summary>What the rule asks, for the digest of the plan: comments and white space of a person's expression do not count.</summary>
    internal string Identity { get; init; } = $"{Broken}\n{Join}";
}

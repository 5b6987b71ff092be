using Lepton.Data.Jobs.Rules;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Lineage;

namespace Lepton.Data.Jobs.Planning;

/// <summary>A step of which all that can be known before it runs is known.</summary>
/// <param name="Node">The step and what it reads.</param>
/// <param name="Query">What makes its rows.</param>
/// <param name="Carried">The same with the greatest created time that each row was computed from, where that is checked; null where not.</param>
/// <param name="Rules">Its rules on rows.</param>
/// <param name="Schema">The table's columns, with what is known of them.</param>
/// <param name="Growth">How its table grows; null where it is computed anew as a whole.</param>
/// <param name="PlanHash">Digest of all that decides what the step writes, its inputs' rows aside.</param>
internal sealed record BoundStep(StepNode Node, BoundQuery Query, BoundQuery? Carried, IReadOnlyList<CompiledRule> Rules, Schema Schema, StepGrowth? Growth, string PlanHash)
{
    /// <summary>The table that it makes.</summary>
    internal TableName Table => TableName.Parse(Node.Step.Name);

    /// <summary>Whether rows of it may go to the quarantine.</summary>
    internal bool CanQuarantine => Rules.Any(rule => rule.Rule.OnFailure == Definitions.OnFailure.Quarantine);

    /// <summary>Whether its rows are looked at before they are written.</summary>
    internal bool IsChecked => Carried is not null || Rules.Count > 0 || TableRules.Any(rule => rule.Question is not null);

    /// <summary>What each column of the table is made of; what quarantining rules look at decides which rows there are.</summary>
    internal required QueryLineage Lineage { get; init; }

    /// <summary>The columns of its late rows; null where its windows have no revisions.</summary>
    internal Schema? LateSchema => Growth?.Revisions?.LateSchema;

    /// <summary>The tables that others may read of it, and their columns.</summary>
    internal IEnumerable<(TableName Name, Schema Schema)> Tables
    {
        get
        {
            yield return (Table, Schema);
            yield return (Table.Quarantine, Running.StepRun.QuarantineSchemaOf(Schema));
            if (LateSchema is { } late) yield return (Table.Late, late);
        }
    }

    /// <summary>Its rules on the table as a whole.</summary>
    internal IReadOnlyList<CompiledTableRule> TableRules { get; init; } = [];
}

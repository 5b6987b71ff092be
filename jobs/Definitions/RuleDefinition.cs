using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Sql;

namespace Lepton.Data.Jobs.Definitions;

/// <summary>One rule that a step's rows must fulfil. As with SQL's CHECK, a rule is broken where it is false; where it is NULL it holds.</summary>
/// <param name="Name">The rule's name within its step.</param>
/// <param name="Place">Where the name stands.</param>
/// <param name="OnFailure">What becomes of rows that break it.</param>
public abstract record RuleDefinition(string Name, SourcePlace Place, OnFailure OnFailure)
{
    /// <summary>Whether it judges the table as a whole rather than each row.</summary>
    public virtual bool IsOnTable => false;
}

/// <summary>What becomes of rows that break a rule.</summary>
public enum OnFailure
{
    /// <summary>They go to the quarantine; the others go on.</summary>
    Quarantine,

    /// <summary>Neither table nor quarantine is written, and the run ends with "data refused".</summary>
    Fail,

    /// <summary>They stay in the table; the run says how many there are.</summary>
    Warn,
}

/// <summary>An SQL expression over the step's columns.</summary>
public sealed record SqlRule(string Name, SourcePlace Place, OnFailure OnFailure, SqlText Expression) : RuleDefinition(Name, Place, OnFailure);

/// <summary>Columns whose values together occur in as many columns of another table. Where one of them is NULL, the rule holds, as SQL's foreign keys have it.</summary>
public sealed record RelationRule(string Name, SourcePlace Place, OnFailure OnFailure, IReadOnlyList<Located<string>> Columns, Located<string> Table, IReadOnlyList<string> TableColumns) : RuleDefinition(Name, Place, OnFailure);

/// <summary>A column whose values are among a few.</summary>
public sealed record SetRule(string Name, SourcePlace Place, OnFailure OnFailure, Located<string> Column, IReadOnlyList<Located<string>> Values) : RuleDefinition(Name, Place, OnFailure);

/// <summary>A column whose values lie between two, both included.</summary>
public sealed record BetweenRule(string Name, SourcePlace Place, OnFailure OnFailure, Located<string> Column, Located<string> Min, Located<string> Max) : RuleDefinition(Name, Place, OnFailure);

/// <summary>A text column whose values match a regular expression as a whole (RE2's syntax).</summary>
public sealed record MatchRule(string Name, SourcePlace Place, OnFailure OnFailure, Located<string> Column, Located<string> Pattern) : RuleDefinition(Name, Place, OnFailure);

/// <summary>Columns that are never NULL.</summary>
public sealed record NotNullRule(string Name, SourcePlace Place, OnFailure OnFailure, IReadOnlyList<Located<string>> Columns) : RuleDefinition(Name, Place, OnFailure);

/// <summary>Columns that together name a row. Every row of a key that occurs twice breaks the rule; a key with a NULL in it breaks nothing.</summary>
public sealed record UniqueRule(string Name, SourcePlace Place, OnFailure OnFailure, IReadOnlyList<Located<string>> Columns) : RuleDefinition(Name, Place, OnFailure);

/// <summary>A column of one type. It is judged when the step is bound, so that no row of another type is ever written.</summary>
public sealed record TypeRule(string Name, SourcePlace Place, OnFailure OnFailure, Located<string> Column, Located<DataType> Type) : RuleDefinition(Name, Place, OnFailure)
{
    /// <inheritdoc/>
    public override bool IsOnTable => true;
}

/// <summary>A column of times whose newest is no older than <paramref name="AgeMax"/> when the run looks, also where the table itself is up to date. A table without rows is not fresh.</summary>
public sealed record FreshnessRule(string Name, SourcePlace Place, OnFailure OnFailure, Located<string> Column, TimeSpan AgeMax) : RuleDefinition(Name, Place, OnFailure)
{
    /// <inheritdoc/>
    public override bool IsOnTable => true;
}

/// <summary>How far the number of rows may be from what the last runs made of the step: from the median of the last <paramref name="OfLast"/>, or of as many as there are.</summary>
/// <param name="Name">The rule's name within its step.</param>
/// <param name="Place">Where the name stands.</param>
/// <param name="OnFailure">Fail or warn.</param>
/// <param name="Within">A share of the median, 0.3 for 30 %.</param>
/// <param name="OfLast">How many runs that computed the step, from 1.</param>
public sealed record RowHistoryRule(string Name, SourcePlace Place, OnFailure OnFailure, double Within, int OfLast) : RuleDefinition(Name, Place, OnFailure)
{
    /// <inheritdoc/>
    public override bool IsOnTable => true;
}

/// <summary>A SELECT over the table and others that gives no row; what it gives is what is wrong.</summary>
public sealed record QueryRule(string Name, SourcePlace Place, OnFailure OnFailure, SqlText Query) : RuleDefinition(Name, Place, OnFailure)
{
    /// <inheritdoc/>
    public override bool IsOnTable => true;
}

/// <summary>How many rows the table may have, after the bad ones left.</summary>
public sealed record RowCountRule(string Name, SourcePlace Place, OnFailure OnFailure, long? Min, long? Max) : RuleDefinition(Name, Place, OnFailure)
{
    /// <inheritdoc/>
    public override bool IsOnTable => true;
}

using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Runs;

/// <summary>What one step of a run did. The commit of a table carries the record of the step that made it (without timings and lineage), so that a version says where it comes from.</summary>
public sealed record StepRecord
{
    /// <summary>The step's name within its pipeline.</summary>
    public required string Name { get; init; }

    /// <summary>The table that it makes.</summary>
    public required string Table { get; init; }

    /// <summary>How it went.</summary>
    public required StepState State { get; init; }

    /// <summary>Digest of what is computed: the bound query, the rules, the declared times, the format of the software. Comments and white space do not count.</summary>
    public string? PlanHash { get; init; }

    /// <summary>Digest of the plan and of all inputs: equal fingerprints make equal tables.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>What it read.</summary>
    public IReadOnlyList<InputRecord> Inputs { get; init; } = [];

    /// <summary>Rows that the query gave in this run, good and bad.</summary>
    public long? RowsComputed { get; init; }

    /// <summary>Rows in the table.</summary>
    public long? RowsOut { get; init; }

    /// <summary>Rows in the quarantine; a row that broke several rules counts once.</summary>
    public long? RowsQuarantined { get; init; }

    /// <summary>Rows that came too late for any revision; null where windows have none.</summary>
    public long? RowsLate { get; init; }

    /// <summary>The rules, in the pipeline's order.</summary>
    public IReadOnlyList<RuleRecord> Rules { get; init; } = [];

    /// <summary>Seconds by phase, in order.</summary>
    public IReadOnlyList<PhaseRecord> Phases { get; init; } = [];

    /// <summary>The table's version before; null where there was none.</summary>
    public long? VersionBefore { get; init; }

    /// <summary>The table's version that holds the step's result.</summary>
    public long? Version { get; init; }

    /// <summary>The quarantine's version that goes with it; null where the step has no rules.</summary>
    public long? QuarantineVersion { get; init; }

    /// <summary>The version of the late rows that goes with it; null where there never were revisions.</summary>
    public long? LateVersion { get; init; }

    /// <summary>The table's content hash; null where rows rest on inexact values.</summary>
    public string? ContentHash { get; init; }

    /// <summary>Whether a value that depends on the order of rows decided which rows exist, here or in a table that was read: then there is no content hash.</summary>
    public bool RowsAreInexact { get; init; }

    /// <summary>The columns, in the SQL form <c>name TYPE</c>.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Columns into which a float sum or mean flows; they are not part of the content hash.</summary>
    public IReadOnlyList<string> InexactColumns { get; init; } = [];

    /// <summary>By output column, where it comes from.</summary>
    public IReadOnlyList<ColumnLineageRecord> Lineage { get; init; } = [];

    /// <summary>Why it ran (<c>new</c>, <c>plan</c>, <c>input:name</c>, <c>full_refresh</c>, <c>interrupted</c> (an earlier run ended between its commits; where it grew, that run was repeated), <c>file:name</c> for a table's file that is missing or has another length than its log says), or why it was skipped (<c>after:step</c>).</summary>
    public string? Reason { get; init; }

    /// <summary>Of a step that grows: how it was done this time; null for a step that is always computed as a whole.</summary>
    public GrowthRecord? Growth { get; init; }

    /// <summary>The stable code of what failed.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>What failed, in English.</summary>
    public string? Error { get; init; }
}

/// <summary>How a step went.</summary>
public enum StepState
{
    /// <summary>It was not taken up yet.</summary>
    Planned,

    /// <summary>It ran, and its table is committed.</summary>
    Done,

    /// <summary>Plan and inputs are those of the table's version: it was not run.</summary>
    Unchanged,

    /// <summary>It failed; its table is as it was.</summary>
    Failed,

    /// <summary>A step that it depends on failed.</summary>
    Skipped,

    /// <summary>The run was asked for other steps; its table is as it was.</summary>
    LeftOut,
}

/// <summary>How a step that grows was done.</summary>
/// <param name="Mode"><c>append</c>, <c>by_key</c> or <c>by_window</c>.</param>
/// <param name="FullBecause">
/// Why it was computed as a whole all the same; null where it grew. A <see cref="StepRecord.Reason"/> other than its own input's; or <c>removed:input</c> (rows went, and the mode takes rows
/// that come, or the files that held them are gone), <c>history:input</c> (the version read last time cannot be looked at any more),
/// <c>columns:input</c> (the columns of a source, or how it is read, are not what they were), <c>vacuumed:input</c> (a file that held changed rows is gone).
/// </param>
/// <param name="FilesRead">How many files of the input held changed rows.</param>
/// <param name="KeysTouched">How many keys or windows they touched; null for append.</param>
/// <param name="FilesReplaced">How many files of the table were written anew.</param>
public sealed record GrowthRecord(string Mode, string? FullBecause, long? FilesRead, long? KeysTouched, long? FilesReplaced)
{
    /// <summary>Where windows have revisions: the greatest created time of the input's rows; null where none has one, and for other steps.</summary>
    public Schemas.EventTime? KnownUntil { get; init; }
}

/// <summary>One input of a step.</summary>
/// <param name="Name">The name that the SQL uses.</param>
/// <param name="Kind"><c>source</c> or <c>table</c>.</param>
/// <param name="Version">Of a table: the version that was read.</param>
/// <param name="Digest">Of a source: a digest of all its files and of how they are read; of a table: its identity.</param>
/// <param name="RowCount">How many rows; null where nobody counted.</param>
public sealed record InputRecord(string Name, string Kind, long? Version, string Digest, long? RowCount);

/// <summary>One rule of a step, and how many rows broke it.</summary>
/// <param name="Name">The rule's name.</param>
/// <param name="Text">What it asks, readable, for example <c>delay between -120 and 1440</c>.</param>
/// <param name="OnFailure"><c>quarantine</c>, <c>fail</c> or <c>warn</c>.</param>
/// <param name="BrokenRowCount">Rows that broke it; null where it was not counted. For a rule on the table: 1 if broken, else 0.</param>
public sealed record RuleRecord(string Name, string Text, string OnFailure, long? BrokenRowCount)
{
    /// <summary>The word for a rule whose broken rows stay in the table.</summary>
    public const string Warn = "warn";

    /// <summary>Of a rule on the number of rows: how many there were; null for others.</summary>
    public long? RowsFound { get; init; }

    /// <summary>Of a rule on freshness: the newest time; null for others, and for a table without rows.</summary>
    public Schemas.EventTime? Newest { get; init; }
}

/// <summary>How long a phase of a step took.</summary>
/// <param name="Name"><c>compute</c>, <c>check</c>, <c>write</c>, <c>commit</c>.</param>
/// <param name="Seconds">By a monotonic clock.</param>
public sealed record PhaseRecord(string Name, double Seconds);

/// <summary>Where one column of a table comes from.</summary>
/// <param name="Column">The column.</param>
/// <param name="Values">Input columns whose values flow into it, as <c>input.column</c>.</param>
/// <param name="Influences">Input columns that decide which rows exist, match, group or sort, as <c>input.column</c>.</param>
public sealed record ColumnLineageRecord(string Column, IReadOnlyList<string> Values, IReadOnlyList<string> Influences);

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Storage.Runs;

/// <summary>What one run of one pipeline did: the account that reports, restarts and the choice of published versions rest on. See docs/formats/runs.md.</summary>
public sealed record RunRecord
{
    /// <summary>The run's name (<see cref="Schemas.Contracts.RunId"/>); the pipelines of one command share it.</summary>
    public required string RunId { get; init; }

    /// <summary>Counted from 1 for each pipeline, without gaps; the version of the run's transactions.</summary>
    public required long Number { get; init; }

    /// <summary>The pipeline's name.</summary>
    public required string Pipeline { get; init; }

    /// <summary>When it began.</summary>
    public required EventTime StartedAt { get; init; }

    /// <summary>When it ended; null where it runs still, or died.</summary>
    public EventTime? FinishedAt { get; init; }

    /// <summary>How it ended.</summary>
    public required RunState State { get; init; }

    /// <summary>The version of the software that ran it.</summary>
    public required string SoftwareVersion { get; init; }

    /// <summary>The sources that were looked into, in the pipeline's order.</summary>
    public IReadOnlyList<SourceRecord> Sources { get; init; } = [];

    /// <summary>The steps, in the order in which they were taken up. While the run lasts: the plan.</summary>
    public IReadOnlyList<StepRecord> Steps { get; init; } = [];
}

/// <summary>How a run ended.</summary>
public enum RunState
{
    /// <summary>It runs still, or its process died.</summary>
    Running,

    /// <summary>Every step is done or was up to date.</summary>
    Finished,

    /// <summary>A step failed, or one of another pipeline whose tables it read.</summary>
    Failed,

    /// <summary>Somebody stopped it.</summary>
    Interrupted,

    /// <summary>Its process died, and a later run cleaned up after it.</summary>
    Abandoned,
}

/// <summary>A source as a run found it.</summary>
public sealed record SourceRecord
{
    /// <summary>The name that steps use.</summary>
    public required string Name { get; init; }

    /// <summary><c>parquet</c> or <c>csv</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Digest of all files and of how they are read: equal digests give equal rows.</summary>
    public string? Digest { get; init; }

    /// <summary>Digest of how the files are read alone: with equal ones, equal files give equal rows.</summary>
    public string? Reading { get; init; }

    /// <summary>The encoding of delimited text; null for other formats.</summary>
    public string? Encoding { get; init; }

    /// <summary>The files, with their digests; paths relative to the project's folder where they lie below it.</summary>
    public required IReadOnlyList<SourceFile> Files { get; init; }

    /// <summary>How many rows; null where nobody counted.</summary>
    public long? RowCount { get; init; }

    /// <summary>The columns as steps see them, in the SQL form <c>name TYPE</c>.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>What of the columns was not so when the pipeline last looked: <c>+ name TYPE</c>, <c>- name TYPE</c>, <c>~ name TYPE -> TYPE</c>; and, with its path before, each file that was left aside.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];
}

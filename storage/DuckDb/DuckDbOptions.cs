namespace Lepton.Data.Storage.DuckDb;

/// <summary>How to open an in-memory DuckDB. The settings are locked once it is open.</summary>
public sealed record DuckDbOptions
{
    /// <summary>The most memory that DuckDB takes before it spills, in bytes, from 1; null for DuckDB's own choice (80 % of the machine).</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>How many threads run queries, from 1; null for one a core.</summary>
    public int? ThreadCount { get; init; }

    /// <summary>
    /// Where to spill, absolute: databases of several processes may share it, it is made where it is not there, and each has a folder of its own in it that others cannot look into, gone when the
    /// database is (what a killed process left, when the next one opens). Null or empty, or where the file system refuses: nothing spills, and what does not fit is <see cref="DuckDbError.OutOfMemory"/>.
    /// </summary>
    public string? TempFolder { get; init; }

    /// <summary>The most that may be spilled, in bytes; null for DuckDB's own choice (90 % of what is free).</summary>
    public long? TempSizeBytesMax { get; init; }

    /// <summary>Folders, absolute, in which files may be read and written; all others are out of reach. Empty: no file is.</summary>
    public IReadOnlyList<string> AllowedFolders { get; init; } = [];

    /// <summary>Whether rows come out in the order that their files have. False lets more work run side by side and hold less.</summary>
    public bool KeepsInsertionOrder { get; init; } = true;
}

using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Engines;

/// <summary>What the DuckDB engine may use.</summary>
public sealed record DuckDbEngineOptions
{
    /// <summary>The most memory before it spills, in bytes; null for 80 % of the machine.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>How many threads; null for one a core.</summary>
    public int? ThreadCount { get; init; }

    /// <inheritdoc cref="DuckDbOptions.TempFolder"/>
    public string? TempFolder { get; init; }

    /// <summary>The most that may be spilled, in bytes; null for 90 % of what is free.</summary>
    public long? TempSizeBytesMax { get; init; }

    /// <summary>Where inputs and targets lie that are named by the store's URLs and not by paths; its <see cref="IObjectStore.LocalRoot"/> must be within reach. The caller's.</summary>
    public IObjectStore? Store { get; init; }

    /// <summary>Folders, absolute, that hold the inputs and the targets; nothing outside them is read or written.</summary>
    public required IReadOnlyList<string> AllowedFolders { get; init; }
}

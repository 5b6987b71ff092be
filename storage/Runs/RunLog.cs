using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Storage.Runs;

/// <summary>The run records of a lake, in the Delta table <c>_lepton/runs</c>. Safe for use by several threads and processes.</summary>
public sealed class RunLog
{
    private readonly Lake _lake;

    /// <summary>The run records of <paramref name="lake"/>.</summary>
    public RunLog(Lake lake) => _lake = lake;

    /// <summary>The runs, newest first; of a run that has ended, how it ended.</summary>
    /// <param name="pipeline">Only its runs; null for all.</param>
    /// <param name="cancellationToken">Observed between files.</param>
    public ValueTask<IReadOnlyList<RunRecord>> ReadAsync(string? pipeline = null, CancellationToken cancellationToken = default)
        => throw new InvalidOperationException($"{_lake.RootPath} {pipeline} {cancellationToken}");

    /// <summary>The versions that belong together: those that the newest finished run of each pipeline names, quarantines included.</summary>
    /// <returns>By table. A table that no finished run names is not in it.</returns>
    public ValueTask<IReadOnlyDictionary<TableName, long>> PublishedVersionsAsync(CancellationToken cancellationToken = default)
        => throw new InvalidOperationException($"{_lake.RootPath} {cancellationToken}");
}

using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <summary>A Delta table in an object store.</summary>
internal sealed class DeltaTable(IObjectStore store, string folder) : ITable
{
    public string RootPath => store.Locate(folder);

    internal static bool HasLog(string tablePath)
    {
        string log = Path.Join(tablePath, "_delta_log");
        return Directory.Exists(log) && Directory.EnumerateFiles(log, "*.json").Any();
    }

    public ValueTask<Snapshot?> ReadAsync(long? version = null, CancellationToken cancellationToken = default) => throw new InvalidOperationException();

    public ValueTask<Snapshot> CommitAsync(TableChange change, CancellationToken cancellationToken = default) => throw new InvalidOperationException();

    public IAsyncEnumerable<CommitEntry> HistoryAsync(CancellationToken cancellationToken = default) => throw new InvalidOperationException();
}

using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta;

/// <content>Versions by time.</content>
public sealed partial class DeltaTable
{
    public async ValueTask<Snapshot?> ReadAtAsync(EventTime time, CancellationToken cancellationToken = default)
    {
        // Clocks differ, so that a commit may say a time before its predecessor's; as in Delta it then counts as made a millisecond after that one.
        long? found = null;
        EventTime last = new(long.MinValue);
        CommitEntry? first = null;
        List<CommitEntry> commits = [];
        await foreach (CommitEntry commit in HistoryAsync(cancellationToken).ConfigureAwait(false)) commits.Add(commit);
        for (int i = commits.Count - 1; i >= 0; i--)
        {
            CommitEntry commit = commits[i];
            first ??= commit;
            last = commit.CommittedAt > last ? commit.CommittedAt : new EventTime(last.MicrosecondsSinceEpoch + 1000);
            if (last > time) break;
            found = commit.Version;
        }
        if (first is null) return null;
        return await ReadAsync(found ?? throw new LeptonDataException("storage.before_first_version", [RootPath, time.ToString(), first.CommittedAt.ToString()]), cancellationToken).ConfigureAwait(false);
    }
}

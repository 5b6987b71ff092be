using System.Globalization;
using System.Runtime.CompilerServices;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <content>What no version needs any more.</content>
public sealed partial class DeltaTable
{
    public async ValueTask<VacuumResult> VacuumAsync(VacuumOptions options, CancellationToken cancellationToken = default)
    {
        if (options.Retention < TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(options), options.Retention, "Retention is not negative");
        foreach (long version in options.PinnedVersions)
            if (version < 0) throw new ArgumentOutOfRangeException(nameof(options), version, "PinnedVersions holds versions, which count from 0");
        Snapshot newest = await ReadAsync(null, cancellationToken).ConfigureAwait(false) ?? throw new LeptonDataException("storage.no_table", [RootPath]);
        await CheckNoLinkAsync(cancellationToken).ConfigureAwait(false);
        await CheckWritableAsync(removes: false, cancellationToken).ConfigureAwait(false);
        TimeSpan retention = options.Retention ?? ProtocolRules.FileRetention(newest.Properties, RootPath);
        if (retention < ProtocolRules.FileRetentionMin && !options.AllowsShortRetention)
            throw new LeptonDataException("storage.vacuum_retention", [RootPath, Hours(retention), Hours(ProtocolRules.FileRetentionMin)]);
        var cutoff = new EventTime(options.Now.MicrosecondsSinceEpoch - (retention.Ticks / TimeSpan.TicksPerMicrosecond));

        // Listed before the log is read: a file that a commit makes live in between is not in the list, or is in the log.
        List<ObjectInfo> files = [];
        await foreach (ObjectInfo file in DataFilesAsync(folder, cancellationToken).ConfigureAwait(false)) files.Add(file);
        HashSet<string> needed = await NeededAsync(cutoff, cancellationToken).ConfigureAwait(false);
        foreach (long version in options.PinnedVersions.Distinct())
            foreach (DataFile file in (await ReadAsync(version, cancellationToken).ConfigureAwait(false))!.Files) needed.Add(file.Path);

        // A file younger than the retention may be one that a running writer is about to commit.
        List<ObjectInfo> unneeded = [.. files.Where(file => file.ModifiedAt < cutoff).Select(file => file with { Path = file.Path[(folder.Length + 1)..] }).Where(file => !needed.Contains(file.Path))];
        foreach (ObjectInfo file in options.IsDryRun ? [] : unneeded)
        {
            options.EnsureMayDelete?.Invoke();
            await store.DeleteAsync($"{folder}/{file.Path}", cancellationToken).ConfigureAwait(false);
        }
        return new VacuumResult([.. unneeded.Select(file => file.Path)], unneeded.Sum(file => file.SizeBytes), retention);

        static string Hours(TimeSpan time) => time.TotalHours.ToString("0.##", CultureInfo.InvariantCulture);
    }

    /// <summary>The files of every version that was the newest one at some time since <paramref name="cutoff"/>.</summary>
    private async ValueTask<HashSet<string>> NeededAsync(EventTime cutoff, CancellationToken cancellationToken)
    {
        LogListing listing = await _log.ListAsync(cancellationToken).ConfigureAwait(false);
        long newest = listing.Newest ?? throw new LeptonDataException("storage.no_table", [RootPath]);
        LogState state = await OpenAsync(listing, newest, cancellationToken).ConfigureAwait(false);
        HashSet<string> needed = [.. state.Files.Select(file => file.Path.Path)];
        // A checkpoint remembers what was removed, as long as the table's own retention says; commits do as long as they are there.
        if (state.Checkpoint is { } checkpoint)
            foreach (RemoveAction remove in await _checkpoints.ReadTombstonesAsync(checkpoint, (cutoff.MicrosecondsSinceEpoch / 1000) - 1, cancellationToken).ConfigureAwait(false)) needed.Add(remove.Path.Path);
        for (long version = newest; await _log.ReadAsync(version, cancellationToken).ConfigureAwait(false) is { } entry; version--)
        {
            // The latest of what is said of the time: no clock's fault may shorten the retention.
            EventTime at = entry.FileModifiedAt > entry.CommittedAt ? entry.FileModifiedAt : entry.CommittedAt;
            foreach (RemoveAction remove in entry.Actions.OfType<RemoveAction>())
                if (at >= cutoff || remove.DeletedMilliseconds * 1000 >= cutoff.MicrosecondsSinceEpoch) needed.Add(remove.Path.Path);
            if (version == 0) break;
        }
        return needed;
    }

    /// <exception cref="LeptonDataException"><c>storage.linked_folder</c></exception>
    private async ValueTask CheckNoLinkAsync(CancellationToken cancellationToken)
    {
        for (int end = folder.IndexOf('/', StringComparison.Ordinal); ; end = folder.IndexOf('/', end + 1))
        {
            string path = end < 0 ? folder : folder[..end];
            if (path.Length > 0 && await store.FindAsync(path, cancellationToken).ConfigureAwait(false) is { IsLink: true }) throw new LeptonDataException("storage.linked_folder", [store.Locate(path)]);
            if (end < 0) return;
        }
    }

    /// <summary>
    /// The table's files, the log, links and what is hidden left out; folders of partition columns are looked into whatever they are called. Behind a link there may be another's files, or the
    /// table's own under a second name.
    /// </summary>
    private async IAsyncEnumerable<ObjectInfo> DataFilesAsync(string below, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (ObjectInfo entry in store.ListAsync(below, null, cancellationToken).ConfigureAwait(false))
        {
            if (entry.IsLink) continue;
            if (entry.Name[0] is '_' or '.' && !(entry.IsFolder && entry.Name.Contains('=', StringComparison.Ordinal))) continue;
            if (!entry.IsFolder) yield return entry;
            else await foreach (ObjectInfo file in DataFilesAsync(entry.Path, cancellationToken).ConfigureAwait(false)) yield return file;
        }
    }
}

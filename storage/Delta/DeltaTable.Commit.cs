using System.Diagnostics.CodeAnalysis;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <content>Commits.</content>
public sealed partial class DeltaTable
{
    public async ValueTask<Snapshot> CommitAsync(TableChange change, CancellationToken cancellationToken = default)
    {
        ChangeRules.Check(change);
        if (change.Base is { } planned && planned.RootPath != RootPath) throw new ArgumentException($"the base is a snapshot of {planned.RootPath}", nameof(change));
        var commitId = Guid.NewGuid();
        bool isSent = false;
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (long? lost = null; ;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // Checked again after each lost race: the winner may be ourselves from another process.
                isSent = false;
                LogState? state = await RefreshUnsynchronizedAsync(cancellationToken).ConfigureAwait(false);
                // Whoever won has put a commit there, unless what has the name is none.
                if (lost is { } taken && (state?.Version ?? -1) < taken) throw new LeptonDataException("storage.not_a_file", [store.Locate(_log.PathOf(taken))]);
                if (ChangeRules.VersionThatDidIt(change, state, RootPath) is { } before)
                {
                    before = await VersionThatDidItAsync(change, state!, before, cancellationToken).ConfigureAwait(false);
                    return (before == state!.Version ? state : await OpenAsync(before, cancellationToken).ConfigureAwait(false))!.ToSnapshot();
                }
                await CheckNothingHindersAsync(change, state, cancellationToken).ConfigureAwait(false);
                (MetadataAction? metadata, ProtocolAction? protocol) = Headers(change, state);
                ChangeRules.CheckNoNulls(change, RootPath);
                await CheckFilesAreThereAsync(change.Added, cancellationToken).ConfigureAwait(false);
                await store.SyncAsync([.. change.Added.Select(PathOf)], cancellationToken).ConfigureAwait(false);

                byte[] content = ActionWriter.Write(change, metadata, protocol, commitId);
                LogState next = state ?? new LogState(RootPath);
                // Read back before it is written: what we could not read again must not get into a log.
                LogEntry entry = await _log.ReadAsync(new MemoryStream(content), next.Version + 1, change.CommittedAt, cancellationToken).ConfigureAwait(false);
                isSent = true;
                // Where an earlier attempt of this very call was reported as failed and had arrived all the same, the file there is ours.
                if (!await _log.PutIfAbsentAsync(entry.Version, content, cancellationToken).ConfigureAwait(false)
                    && !await _log.HoldsAsync(entry.Version, content, cancellationToken).ConfigureAwait(false))
                {
                    lost = entry.Version;
                    continue;
                }
                // The table's folder may have been made by others, or by an attempt that ended before it was synced. A failure here is one of the put: the commit is there, and might not outlive the power.
                if (entry.Version == 0) await store.SyncAsync([_log.PathOf(0)], CancellationToken.None).ConfigureAwait(false);
                next.Apply(entry);
                // From here on it is committed: the caller must learn so, whatever fails, cancelled or not.
                next.Newest = await FindOrForgetAsync(next.Version).ConfigureAwait(false);
                _state = next;
                await CheckpointAsync(next, change.CommittedAt, cancellationToken).ConfigureAwait(false);
                return next.ToSnapshot();
            }
        }
        catch (Exception failure) when (isSent && CommitOutcome.Mark(failure))
        {
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask CheckWritableAsync(bool removes, CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (await RefreshUnsynchronizedAsync(cancellationToken).ConfigureAwait(false) is { } state)
                ProtocolRules.CheckWritable(state.Protocol, state.Metadata, state.ToSnapshot().Schema, removes, RootPath);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The log file that was just written, as the store lists it; null where the store fails, so that the next call reads the log anew.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The commit stands: no failure here may look like a failed commit.")]
    private async ValueTask<ObjectInfo?> FindOrForgetAsync(long version)
    {
        try
        {
            return await _log.FindAsync(version, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception)
        {
            return null;
        }
    }

    // The commit stands with or without it, and the next one that is due holds all that this one would.
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A checkpoint only saves readers time; whatever keeps it from being written must not look like a failed commit.")]
    private async ValueTask CheckpointAsync(LogState state, EventTime now, CancellationToken cancellationToken)
    {
        if (!CheckpointWriter.IsDue(state)) return;
        try
        {
            // What is missing in one would be missing in all that follow.
            while (!state.TryReadStatistics())
            {
                if (!_passedOver.Add(state.Checkpoint!.Files[0])) return;
                state = (await OpenAsync(state.Version, cancellationToken).ConfigureAwait(false))!;
            }
            await new CheckpointWriter(store, folder, _checkpoints).WriteAsync(state, now, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Nothing refers to it.
        }
    }

    /// <summary>A checkpoint says that an application got so far, but not when: then the commits up to it are asked, as far as they are kept.</summary>
    private async ValueTask<long> VersionThatDidItAsync(TableChange change, LogState state, long known, CancellationToken cancellationToken)
    {
        if (known != state.Checkpoint?.Version) return known;
        for (long version = known; version >= 0 && await _log.ReadAsync(version, cancellationToken).ConfigureAwait(false) is { } entry; version--)
            if (entry.Actions.OfType<TransactionAction>().Any(action => change.Transactions.Any(step => step.Application == action.Application && step.Next == action.Version))) return version;
        return known;
    }

    private async ValueTask CheckNothingHindersAsync(TableChange change, LogState? state, CancellationToken cancellationToken)
    {
        if (change.Base is not { } planned)
        {
            if (state is not null) throw Conflict(0);
            return;
        }
        // Another identity, or fewer versions than there were: the table was dropped and made anew.
        if (state is null || state.Version < planned.Version || state.Metadata.TableId != planned.TableId) throw Conflict(state?.Version ?? 0);
        var check = new ConflictCheck(change, state);
        for (long version = planned.Version + 1; version <= state.Version; version++)
        {
            LogEntry since = await _log.ReadAsync(version, cancellationToken).ConfigureAwait(false) ?? throw Gap(version, state.Version);
            if (check.IsHinderedBy(since)) throw Conflict(version);
        }
        if (ChangeRules.IsHinderedBy(change, state)) throw Conflict(state.Version);
    }

    /// <summary>The lines that say what the table is, where the commit creates it or changes its columns.</summary>
    private (MetadataAction? Metadata, ProtocolAction? Protocol) Headers(TableChange change, LogState? state)
    {
        SourcePlace place = new(RootPath);
        if (state is null)
        {
            ChangeRules.CheckSchema(change.Schema);
            ChangeRules.CheckPartitionColumns(change, RootPath);
            var properties = new Dictionary<string, string>(ProtocolRules.DefaultProperties, StringComparer.Ordinal);
            foreach ((string key, string value) in change.Properties) properties[key] = value;
            var created = new MetadataAction(place, Guid.NewGuid().ToString(), "parquet", SchemaJson.Write(change.Schema), new EquatableList<string>(change.PartitionColumns), properties) { CreatedMilliseconds = ActionWriter.Milliseconds(change.CommittedAt) };
            ChangeRules.CheckPartitionValues(change, change.PartitionColumns, RootPath);
            return (created, new ProtocolAction(place, ProtocolRules.OwnReaderVersion, ProtocolRules.OwnWriterVersion, null, null));
        }
        Snapshot current = state.ToSnapshot();
        ProtocolRules.CheckWritable(state.Protocol, state.Metadata, current.Schema, change.Removed.Count > 0, RootPath);
        if (change.PartitionColumns.Count > 0 && !change.PartitionColumns.SequenceEqual(current.PartitionColumns)) throw new LeptonDataException("storage.partition_change", [RootPath]);
        ChangeRules.CheckPartitionValues(change, current.PartitionColumns, RootPath);
        if (change.Schema.Equals(current.Schema)) return (null, null);
        ChangeRules.CheckSchema(change.Schema);
        foreach (string column in current.PartitionColumns)
            if (change.Schema.Find(column)?.Type != current.Schema.Find(column)!.Type) throw new LeptonDataException("storage.schema_change", [RootPath, column]);
        if (change.RestoredVersion is null && change.Removed.Count < state.FileCount) ChangeRules.CheckFilesFit(current.Schema, change.Schema, RootPath);
        return (state.Metadata with { Place = place, SchemaJson = SchemaJson.Write(change.Schema) }, null);
    }

    private async ValueTask CheckFilesAreThereAsync(IEnumerable<DataFile> added, CancellationToken cancellationToken)
    {
        foreach (DataFile file in added)
        {
            ObjectInfo? found = await store.FindAsync(PathOf(file), cancellationToken).ConfigureAwait(false);
            if (found is not { IsFolder: false } || found.SizeBytes != file.SizeBytes) throw new LeptonDataException("storage.missing_file", [store.Locate(PathOf(file)), file.SizeBytes]);
        }
    }

    // A restore brings back what a clone named elsewhere in the store.
    private string PathOf(DataFile file) => PathEncoding.IsAbsolute(file.Path) ? store.PathOf(file.Path)! : $"{folder}/{file.Path}";

    private LeptonDataException Conflict(long version) => new("storage.conflict", [RootPath, version]);
}

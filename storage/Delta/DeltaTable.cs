using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <summary>A Delta table in an object store. One commit is one atomic create-if-absent of the next log file. See docs/formats/delta.md.</summary>
/// <param name="store">Where it lies.</param>
/// <param name="folder">Its folder, relative to the store's root; need not exist yet.</param>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to dispose.")]
public sealed partial class DeltaTable(IObjectStore store, string folder) : ITable
{
    private readonly LogFolder _log = new(store, folder);
    private readonly CheckpointReader _checkpoints = new(store, folder, new LogFolder(store, folder));

    // Guards the state below. Commits of one process wait here for each other; those of several meet at the log file's name.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private LogState? _state;

    // Checkpoints whose statistics cannot be read: an older one, or the commits, say the same and more.
    private readonly HashSet<ObjectInfo> _passedOver = [];

    public string RootPath { get; } = store.Locate(folder);

    public async ValueTask<Snapshot?> ReadAsync(long? version = null, CancellationToken cancellationToken = default)
    {
        if (version is < 0) throw new ArgumentOutOfRangeException(nameof(version), version, "versions count from 0");
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            LogState? state = await RefreshUnsynchronizedAsync(cancellationToken).ConfigureAwait(false);
            if (state is null) return null;
            if (version is null || version == state.Version) return state.ToSnapshot();
            if (version > state.Version) throw new LeptonDataException("storage.no_such_version", [RootPath, version, state.Version]);
        }
        finally
        {
            _gate.Release();
        }
        return (await OpenAsync(version, cancellationToken).ConfigureAwait(false))!.ToSnapshot();
    }

    public async IAsyncEnumerable<CommitEntry> HistoryAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        LogListing listing = await _log.ListAsync(cancellationToken).ConfigureAwait(false);
        if (listing.Newest is not { } newest) yield break;
        for (long version = newest; version >= 0; version--)
        {
            LogEntry? entry = await _log.ReadAsync(version, cancellationToken).ConfigureAwait(false);
            // Behind a checkpoint commits may be cleaned up.
            if (entry is null && listing.HasCheckpoints) yield break;
            if (entry is null) throw Gap(version, newest);
            CommitInfoAction? info = entry.Info;
            yield return new CommitEntry(version, entry.CommittedAt, info?.Operation ?? "", info?.Parameters ?? new Dictionary<string, string>(), info?.RunId, info?.Engine) { LeavesRows = entry.LeavesRows };
        }
    }

    /// <summary>The newest state; what is known already is kept, and only what was added since is read.</summary>
    private async ValueTask<LogState?> RefreshUnsynchronizedAsync(CancellationToken cancellationToken)
    {
        if (_state is { HasFailed: true }) PassOver(_state);
        if (_state is { HasFailed: false, Newest: not null } known && await _log.FindAsync(known.Version, cancellationToken).ConfigureAwait(false) == known.Newest)
        {
            await FollowAsync(known, cancellationToken).ConfigureAwait(false);
            return known;
        }
        _state = null;
        if (await OpenAsync(null, cancellationToken).ConfigureAwait(false) is not { } state) return null;
        await FollowAsync(state, cancellationToken).ConfigureAwait(false);
        return _state = state;
    }

    private async ValueTask FollowAsync(LogState state, CancellationToken cancellationToken)
    {
        while (await _log.ReadAsync(state.Version + 1, cancellationToken).ConfigureAwait(false) is { } next) state.Apply(next);
        if (await _log.FindAsync(state.Version + 2, cancellationToken).ConfigureAwait(false) is not null
            && await _log.FindAsync(state.Version + 1, cancellationToken).ConfigureAwait(false) is null) throw Gap(state.Version + 1, state.Version + 2);
        state.Newest = await _log.FindAsync(state.Version, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The state of a version, or of the newest that the folder lists; null where there is no table.</summary>
    private async ValueTask<LogState?> OpenAsync(long? version, CancellationToken cancellationToken)
    {
        // What lies behind the checkpoint that the hint names is not looked at, unless the hint leads nowhere.
        if (await _log.ListFromHintAsync(cancellationToken).ConfigureAwait(false) is { Newest: { } last } recent
            && await FromCheckpointAsync(recent, version ?? last, cancellationToken).ConfigureAwait(false) is ({ } found, _)) return found;
        LogListing listing = await _log.ListAsync(cancellationToken).ConfigureAwait(false);
        if (listing.Newest is { } newest) return await OpenAsync(listing, version ?? newest, cancellationToken).ConfigureAwait(false);
        return listing.HasCheckpoints ? throw Cleaned(version ?? 0) : null;
    }

    /// <summary>The state of a version: from the newest checkpoint that is whole, else from the first commit, and the commits since.</summary>
    private async ValueTask<LogState> OpenAsync(LogListing listing, long version, CancellationToken cancellationToken)
    {
        (LogState? state, LeptonDataException? broken) = await FromCheckpointAsync(listing, version, cancellationToken).ConfigureAwait(false);
        if (state is not null) return state;
        if (listing.FirstMissing(0, version) is not null)
        {
            // Then better without statistics than not at all.
            (state, broken) = await FromCheckpointAsync(listing, version, cancellationToken, isLastResort: true).ConfigureAwait(false);
            if (state is not null) return state;
        }
        if (listing.FirstMissing(0, version) is not { } first) return await ReplayAsync(new LogState(RootPath), version, cancellationToken).ConfigureAwait(false);
        throw broken ?? (first == 0 && listing.HasCheckpoints ? Cleaned(version) : Gap(first, version));
    }

    private async ValueTask<(LogState? State, LeptonDataException? Broken)> FromCheckpointAsync(LogListing listing, long version, CancellationToken cancellationToken, bool isLastResort = false)
    {
        LeptonDataException? broken = null;
        foreach (CheckpointFiles checkpoint in listing.CheckpointsUpTo(version))
        {
            if (!isLastResort && _passedOver.Contains(checkpoint.Files[0])) continue;
            if (listing.FirstMissing(checkpoint.Version + 1, version) is { } missing) throw Gap(missing, version);
            try
            {
                LogState state = await _checkpoints.ReadAsync(checkpoint, cancellationToken).ConfigureAwait(false);
                // The commit itself says when it was made, where it is still there.
                if (state.Version == version && await _log.ReadAsync(version, cancellationToken).ConfigureAwait(false) is { } entry) state.CommittedAt = entry.CommittedAt;
                return (await ReplayAsync(state, version, cancellationToken).ConfigureAwait(false), null);
            }
            catch (LeptonDataException failure) when (failure.Code == CheckpointReader.Code)
            {
                // An older one, or the whole log, says the same.
                broken ??= failure;
            }
        }
        return (null, broken);
    }

    private void PassOver(LogState state) => _passedOver.Add(state.Checkpoint!.Files[0]);

    private async ValueTask<LogState> ReplayAsync(LogState state, long version, CancellationToken cancellationToken)
    {
        while (state.Version < version)
            state.Apply(await _log.ReadAsync(state.Version + 1, cancellationToken).ConfigureAwait(false) ?? throw Gap(state.Version + 1, version));
        return state;
    }

    private LeptonDataException Cleaned(long version) => new("storage.log_checkpoint", [RootPath, version]);

    private LeptonDataException Gap(long missing, long there) => new("storage.log_gap", [missing, there]) { Place = _log.PlaceOf(missing) };
}

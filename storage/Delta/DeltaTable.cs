using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <summary>A Delta table in an object store. One commit is one atomic create-if-absent of the next log file. See docs/formats/delta.md.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to dispose.")]
internal sealed partial class DeltaTable(IObjectStore store, string folder) : ITable
{
    private readonly LogFolder _log = new(store, folder);

    // Guards the state below. Commits of one process wait here for each other; those of several meet at the log file's name.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private LogState? _state;

    public string RootPath { get; } = store.Locate(folder);

    /// <summary>Whether a folder on disk is a Delta table with at least one commit.</summary>
    internal static bool HasLog(string tablePath)
    {
        string log = Path.Join(tablePath, LogFolder.FolderName);
        return Directory.Exists(log) && Directory.EnumerateFiles(log).Any(file => char.IsAsciiDigit(Path.GetFileName(file)[0]));
    }

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
        return (await ReplayAsync(version.Value, cancellationToken).ConfigureAwait(false)).ToSnapshot();
    }

    public async IAsyncEnumerable<CommitEntry> HistoryAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (await _log.NewestAsync(cancellationToken).ConfigureAwait(false) is not { } newest) yield break;
        for (long version = newest; version >= 0; version--)
        {
            LogEntry entry = await _log.ReadAsync(version, cancellationToken).ConfigureAwait(false) ?? throw Gap(version, newest);
            CommitInfoAction? info = entry.Info;
            yield return new CommitEntry(version, entry.CommittedAt, info?.Operation ?? "", info?.Parameters ?? new Dictionary<string, string>(), info?.RunId, info?.Engine);
        }
    }

    /// <summary>The newest state; what is known already is kept, and only what was added since is read.</summary>
    private async ValueTask<LogState?> RefreshUnsynchronizedAsync(CancellationToken cancellationToken)
    {
        if (_state is { } known && await _log.FindAsync(known.Version, cancellationToken).ConfigureAwait(false) is { } found && found == known.Newest)
        {
            await FollowAsync(known, cancellationToken).ConfigureAwait(false);
            return known;
        }
        _state = null;
        if (await _log.NewestAsync(cancellationToken).ConfigureAwait(false) is not { } newest) return null;
        LogState state = await ReplayAsync(newest, cancellationToken).ConfigureAwait(false);
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

    private async ValueTask<LogState> ReplayAsync(long version, CancellationToken cancellationToken)
    {
        var state = new LogState(RootPath);
        while (state.Version < version)
            state.Apply(await _log.ReadAsync(state.Version + 1, cancellationToken).ConfigureAwait(false) ?? throw Gap(state.Version + 1, version));
        return state;
    }

    private LeptonDataException Gap(long missing, long there) => new("storage.log_gap", [missing, there]) { Place = _log.PlaceOf(missing) };
}

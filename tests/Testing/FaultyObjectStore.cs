using System.Runtime.CompilerServices;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Testing;

/// <summary>An object store that fails at one call, before or after the call took effect: a lost request, or a lost answer.</summary>
/// <param name="inner">Where the objects are.</param>
/// <param name="failingCall">Which call fails, counted from 1.</param>
/// <param name="failsAfter">Whether it took effect all the same.</param>
/// <param name="failure">Makes what is thrown.</param>
/// <param name="staysBroken">Whether all later calls fail too, before they take effect: the process died there, as far as the store can tell.</param>
/// <param name="countsPutsOnly">Whether only calls that put an object count: the points where something begins to be there.</param>
public sealed class FaultyObjectStore(IObjectStore inner, int failingCall, bool failsAfter, Func<Exception> failure, bool staysBroken = false, bool countsPutsOnly = false) : IObjectStore
{
    private readonly FaultyObjectStore? _parent;
    private int _calls;
    private bool _isBroken;

    private FaultyObjectStore(FaultyObjectStore parent, IObjectStore inner)
        : this(inner, failingCall: 0, failsAfter: false, () => new InvalidOperationException())
        => _parent = parent;

    /// <summary>Called before each call that counts, with its number.</summary>
    public Action<int>? Before { get; init; }

    /// <summary>Null, or by whom the store is held: then it is locked by leases, as a bucket is.</summary>
    public string? HeldBy { get; init; }

    /// <summary>How many calls there were.</summary>
    public int CallCount => Volatile.Read(ref _calls);

    /// <inheritdoc/>
    public string LocalRoot => inner.LocalRoot;

    /// <inheritdoc/>
    public string Locate(string path) => inner.Locate(path);

    /// <summary>The objects of a folder; their calls count as this store's.</summary>
    public IObjectStore Below(string folder) => new FaultyObjectStore(this, inner.Below(folder));

    /// <inheritdoc/>
    public void MakeFolder(string path) => inner.MakeFolder(path);

    /// <inheritdoc/>
    public string NameObjects(string text) => inner.NameObjects(text);

    /// <inheritdoc/>
    public string? LockIdentity => HeldBy ?? inner.LockIdentity;

    /// <inheritdoc/>
    public string PathToKeep(string path) => inner.PathToKeep(path);

    public string PathToLock(string path) => inner.PathToLock(HeldBy is null ? path : $"{path}.file");

    /// <inheritdoc/>
    public string PathToWrite(string path) => inner.PathToWrite(path);

    /// <inheritdoc/>
    public ValueTask<LocalFiles> FetchAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default) => CallAsync(() => inner.FetchAsync(paths, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> FindAsync(string path, CancellationToken cancellationToken = default) => CallAsync(() => inner.FindAsync(path, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<Stream?> OpenAsync(string path, long start = 0, long? length = null, CancellationToken cancellationToken = default)
        => CallAsync(() => inner.OpenAsync(path, start, length, cancellationToken));

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string folder, string? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await CallAsync(() => ValueTask.FromResult(true)).ConfigureAwait(false);
        await foreach (ObjectInfo entry in inner.ListAsync(folder, after, cancellationToken).ConfigureAwait(false)) yield return entry;
    }

    /// <inheritdoc/>
    public ValueTask<bool> PutIfAbsentAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
        => CallAsync(() => inner.PutIfAbsentAsync(path, content, cancellationToken), isPut: true);

    /// <inheritdoc/>
    public async ValueTask SyncAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default)
        => await CallAsync(async () =>
        {
            await inner.SyncAsync(paths, cancellationToken).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string path, CancellationToken cancellationToken = default)
        => await CallAsync(async () =>
        {
            await inner.DeleteAsync(path, cancellationToken).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);

    private async ValueTask<T> CallAsync<T>(Func<ValueTask<T>> call, bool isPut = false)
    {
        if (_parent is not null) return await _parent.CallAsync(call, isPut).ConfigureAwait(false);
        bool counts = isPut || !countsPutsOnly;
        int number = counts ? Interlocked.Increment(ref _calls) : CallCount;
        if (counts) Before?.Invoke(number);
        bool fails = counts && number == failingCall;
        if (fails && staysBroken) Volatile.Write(ref _isBroken, true);
        else if (Volatile.Read(ref _isBroken)) throw failure();
        if (fails && !failsAfter) throw failure();
        T result = await call().ConfigureAwait(false);
        if (!fails) return result;
        (result as IDisposable)?.Dispose();
        throw failure();
    }
}

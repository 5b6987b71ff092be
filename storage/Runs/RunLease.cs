using System.Globalization;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Runs;

/// <summary>
/// Who changes a lake in a bucket at this moment: the newest of the numbered objects below <c>_lepton/run.lock/</c>. Each was put where none was, so that one of several wins; it names its
/// holder, or nobody. Its holder puts the next one four times a minute, and one that was not renewed for a minute, by the server's clock, others may follow with theirs.
/// </summary>
/// <remarks>
/// That keeps runs from getting into each other's way; it cannot prove that a holder which was silent for a minute is dead. What makes a late commit of such a one harmless is that commits compare
/// before they set (<see cref="Delta.TransactionStep"/>), and that nothing which it may have written is swept.
/// </remarks>
internal sealed class RunLease : IDisposable
{
    internal static readonly TimeSpan Renewal = TimeSpan.FromSeconds(15);

    internal static readonly TimeSpan Expiry = TimeSpan.FromSeconds(60);

    private static readonly BilingualText s_remedy = new(
        "wait until it has ended, or stop it: where it died, the lake is free again a minute after it last gave a sign of life",
        "请等其结束，或将其停止：若它已异常终止，数据湖会在其最后一次续期一分钟后自行释放");

    private const string Folder = $"{Lake.SystemFolder}/run.lock";
    private const int SizeMax = 4096;
    private const int AttemptsMax = 8;

    private readonly IObjectStore _store;
    private readonly TimeProvider _time;
    private readonly LeaseHolder _holder;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _renewing;
    private long _number;
    private long _renewedAt;
    private volatile bool _isLost;

    private RunLease(IObjectStore store, TimeProvider time, LeaseHolder holder, long number, bool provesDeath)
    {
        (_store, _time, _holder, _number, ProvesDeath) = (store, time, holder, number, provesDeath);
        _renewedAt = time.GetTimestamp();
        _renewing = Task.Run(RenewAsync);
    }

    /// <inheritdoc cref="RunLock.ProvesDeath"/>
    internal bool ProvesDeath { get; }

    /// <exception cref="LeptonDataException"><c>storage.run_in_progress</c>, or the store cannot be reached.</exception>
    internal static RunLease Take(Lake lake, string identity, string holder, TimeProvider time) => TakeAsync(lake, new LeaseHolder($"{holder}, {Environment.MachineName}", identity), time).AsTask().GetAwaiter().GetResult();

    internal void EnsureHeld()
    {
        if (_isLost || _time.GetElapsedTime(Volatile.Read(ref _renewedAt)) > Expiry) throw new LeptonDataException("storage.lock_lost", [_store.Locate(Folder)]) { IsTransient = true };
    }

    public void Dispose()
    {
        _stop.Cancel();
        _renewing.GetAwaiter().GetResult();
        try
        {
            if (!_isLost) PutNextAsync(LeaseHolder.Nobody, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }
        catch (LeptonDataException)
        {
            // It ends by itself in a minute.
        }
        _stop.Dispose();
    }

    private static async ValueTask<RunLease> TakeAsync(Lake lake, LeaseHolder holder, TimeProvider time)
    {
        IObjectStore store = lake.Store;
        for (int attempt = 1; attempt <= AttemptsMax; attempt++)
        {
            // Another one was faster, or a server shows a lease and does not give it.
            if (attempt > 1) await Task.Delay(TimeSpan.FromMilliseconds(5 << (attempt - 1)), time).ConfigureAwait(false);
            ObjectInfo? newest = await NewestAsync(store).ConfigureAwait(false);
            bool provesDeath = true;
            LeaseHolder? other = newest is null ? LeaseHolder.Nobody : await ReadAsync(store, newest).ConfigureAwait(false);
            // Its holder put the next one meanwhile.
            if (other is null) continue;
            if (newest is not null && !other.IsNobody)
            {
                // Of this machine and this cache: the lock file, which we hold, says that it is dead.
                provesDeath = other.Identity == holder.Identity;
                if (!provesDeath && await NowAsync(store).ConfigureAwait(false) - newest.ModifiedAt.MicrosecondsSinceEpoch < (long)Expiry.TotalMicroseconds)
                    throw InProgress(other);
            }
            long number = newest is null ? 1 : NumberOf(newest) + 1;
            if (!await store.PutIfAbsentAsync(PathOf(number), holder.Write()).ConfigureAwait(false)) continue;
            // Old ones are deleted: one who slept since it looked may have put a number that was there before.
            if (await NewestAsync(store).ConfigureAwait(false) is not { } now || NumberOf(now) != number)
            {
                await store.DeleteAsync(PathOf(number)).ConfigureAwait(false);
                continue;
            }
            if (newest is not null) await store.DeleteAsync(newest.Path).ConfigureAwait(false);
            return new RunLease(store, time, holder, number, provesDeath);
        }
        throw InProgress(LeaseHolder.Unknown);

        LeptonDataException InProgress(LeaseHolder other) => new("storage.run_in_progress", [lake.RootPath, other.Name, s_remedy]) { IsTransient = true };
    }

    private async Task RenewAsync()
    {
        while (!_isLost)
        {
            try
            {
                await Task.Delay(Renewal, _time, _stop.Token).ConfigureAwait(false);
                long began = _time.GetTimestamp();
                if (await PutNextAsync(_holder, _stop.Token).ConfigureAwait(false)) Volatile.Write(ref _renewedAt, began);
                else _isLost = true;
            }
            catch (LeptonDataException)
            {
                // The next one may arrive in time.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async ValueTask<bool> PutNextAsync(LeaseHolder holder, CancellationToken cancellationToken)
    {
        // One whose answer never came may be there: then it is the newest, and ours.
        if (await NewestAsync(_store, cancellationToken).ConfigureAwait(false) is not { } newest) return false;
        if (NumberOf(newest) != _number)
        {
            if (NumberOf(newest) != _number + 1 || (await ReadAsync(_store, newest).ConfigureAwait(false))?.Owner != _holder.Owner) return false;
            _number++;
        }
        if (!await _store.PutIfAbsentAsync(PathOf(_number + 1), (holder with { Owner = _holder.Owner }).Write(), cancellationToken).ConfigureAwait(false)) return false;
        _number++;
        await _store.DeleteAsync(PathOf(_number - 1), cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>What the server's clock says, in microseconds: the time of an object that is put and taken away.</summary>
    private static async ValueTask<long> NowAsync(IObjectStore store)
    {
        string path = $"{Folder}/now-{Guid.NewGuid():n}";
        await store.PutIfAbsentAsync(path, new byte[1]).ConfigureAwait(false);
        ObjectInfo? now = await store.FindAsync(path).ConfigureAwait(false);
        await store.DeleteAsync(path).ConfigureAwait(false);
        return now?.ModifiedAt.MicrosecondsSinceEpoch ?? long.MinValue / 2;
    }

    private static async ValueTask<ObjectInfo?> NewestAsync(IObjectStore store, CancellationToken cancellationToken = default)
    {
        ObjectInfo? newest = null;
        await foreach (ObjectInfo entry in store.ListAsync(Folder, null, cancellationToken).ConfigureAwait(false))
            if (!entry.IsFolder && entry.Name.Length == 20 && entry.Name.All(char.IsAsciiDigit)) newest = entry;
        return newest;
    }

    /// <returns>Null where it is gone; one that cannot be read is held by somebody.</returns>
    private static async ValueTask<LeaseHolder?> ReadAsync(IObjectStore store, ObjectInfo entry)
    {
        Stream? stream = await store.OpenAsync(entry.Path).ConfigureAwait(false);
        if (stream is null) return null;
        await using (stream.ConfigureAwait(false))
        {
            byte[] content = new byte[SizeMax];
            int size = await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false).ConfigureAwait(false);
            return LeaseHolder.Read(content.AsMemory(0, size)) ?? LeaseHolder.Unknown;
        }
    }

    private static string PathOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{Folder}/{number:d20}");

    private static long NumberOf(ObjectInfo entry) => long.Parse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture);
}

/// <summary>What an object of a lease says.</summary>
/// <param name="Holder">Who, for people; empty for nobody.</param>
/// <param name="Identity">Of the machine and cache, see <c>FileCache.Identity</c>.</param>
internal sealed record LeaseHolder(string Holder, string Identity)
{
    internal static LeaseHolder Nobody { get; } = new("", "");

    /// <summary>Somebody, whose object cannot be read.</summary>
    internal static LeaseHolder Unknown { get; } = new("?", "");

    /// <summary>A number of this holding.</summary>
    internal string Owner { get; init; } = Guid.NewGuid().ToString("n");

    internal bool IsNobody => Holder.Length == 0;

    /// <summary>For a message.</summary>
    internal object Name => ReferenceEquals(this, Unknown) ? new BilingualText("by whom cannot be read", "无法读取是哪一个运行") : Holder;

    internal byte[] Write()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("holder", Holder);
            json.WriteString("identity", Identity);
            json.WriteString("owner", Owner);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    internal static LeaseHolder? Read(ReadOnlyMemory<byte> content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement root = document.RootElement;
            return new LeaseHolder(root.GetProperty("holder").GetString() ?? "", root.GetProperty("identity").GetString() ?? "") { Owner = root.GetProperty("owner").GetString() ?? "" };
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}

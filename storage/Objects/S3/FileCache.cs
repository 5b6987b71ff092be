using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Lepton.Data.Storage.Objects.S3;

/// <summary>
/// Copies of objects as files of this machine, shared by all processes that name the same folder. A copy is found by its object's address and ETag, so that it is never an older content;
/// those used longest ago go first when there are too many. Safe for use by several threads and processes, and at any crash.
/// </summary>
/// <remarks>
/// <code>
/// objects/ab/cdef…        the copies: SHA-256 of what they are copies of
/// session-ID, -ID.lock    what one process works with, gone with it: read/N/BUCKET/KEY are further names (hard links) of the copies that a query reads, so that their going hurts nobody;
///                         write/BUCKET/KEY new files
/// locks/ab…               files for locks between processes
/// kept/ab…/               what processes leave to one another: work that was cut off
/// id                      a number that no other such folder has
/// </code>
/// </remarks>
internal sealed class FileCache : IDisposable
{
    private const string SessionPrefix = "session-";

    private readonly string _objects;
    private readonly long _sizeMax;
    private readonly TimeProvider _time;
    private readonly IFileCalls _calls;
    private readonly Lazy<HeldFolder> _session;
    private readonly Lock _keeping = new();
    private int _lastHold;

    // Bytes of copies added since this process last looked: walking through all of them for each would cost more than it saves. It looks at the first.
    private long _added = long.MaxValue / 2;

    /// <param name="rootPath">Absolute; made when it is first used. Others cannot look into it.</param>
    /// <param name="sizeMax">How many bytes of copies there are at most; each further process that adds some at the same time may be a sixteenth beyond.</param>
    /// <param name="time">Says when a copy was used.</param>
    /// <param name="calls">By which copies are made durable and named; null for the system's.</param>
    internal FileCache(string rootPath, long sizeMax, TimeProvider time, IFileCalls? calls = null)
    {
        (RootPath, _sizeMax, _time, _calls) = (rootPath, sizeMax, time, calls ?? SystemFileCalls.Instance);
        _objects = Path.Join(rootPath, "objects");
        _session = new Lazy<HeldFolder>(OpenSession);
    }

    internal string RootPath { get; }

    /// <summary>Where this process writes new files.</summary>
    internal string WriteFolder => Path.Join(_session.Value.Path, "write");

    /// <summary>What no other cache answers, as long as this machine runs: two processes that get the same are ones that lock files can keep apart.</summary>
    internal string Identity()
    {
        HeldFolder.MakePrivate(RootPath);
        var store = new LocalObjectStore(RootPath);
        string path = store.Locate("id");
        return FileErrors.Guard(path, () =>
        {
            if (!File.Exists(path)) store.PutIfAbsentAsync("id", Encoding.UTF8.GetBytes(Guid.NewGuid().ToString("n"))).AsTask().GetAwaiter().GetResult();
            // A home folder may be shared by machines whose locks do not reach each other.
            return $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}/{File.ReadAllText(path)}";
        });
    }

    /// <summary>A file for a lock, found by what it locks.</summary>
    internal string PathToLock(string key)
    {
        string folder = Path.Join(RootPath, "locks");
        HeldFolder.MakePrivate(folder);
        return Path.Join(folder, HashOf(key));
    }

    /// <summary>A folder that stays, found by what it is for.</summary>
    internal string PathToKeep(string key)
    {
        string folder = Path.Join(RootPath, "kept", HashOf(key));
        HeldFolder.MakePrivate(folder);
        return folder;
    }

    /// <inheritdoc cref="IObjectStore.NameObjects"/>
    internal string NameObjects(string text)
    {
        if (!_session.IsValueCreated || !text.Contains(_session.Value.Path, StringComparison.Ordinal)) return text;
        return Regex.Replace(text, $"{Regex.Escape(_session.Value.Path)}/(?:read/[0-9]+|write)/", "s3://", RegexOptions.CultureInvariant);
    }

    /// <summary>A folder for files that are read together, gone when it is disposed.</summary>
    /// <param name="root">Relative; what the files' paths count from.</param>
    internal LocalFiles Hold(string root)
    {
        string folder = Path.Join(_session.Value.Path, "read", Interlocked.Increment(ref _lastHold).ToString(CultureInfo.InvariantCulture));
        FileErrors.Guard(folder, () => { Directory.CreateDirectory(folder); });
        return new LocalFiles(Path.Join(folder, root), () =>
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception failure) when (FileErrors.IsFileFailure(failure))
            {
                // It goes with the session.
            }
        });
    }

    /// <summary>Gives a copy a further name, which keeps its bytes.</summary>
    /// <returns>False where there is no copy of that.</returns>
    internal bool TryGive(string key, ObjectInfo info, string target)
    {
        string copy = PathOf(key);
        return FileErrors.Guard(copy, () =>
        {
            try
            {
                // One of another length was cut off by something that no rule holds for (a broken disk).
                if (new FileInfo(copy) is not { Exists: true } found) return false;
                if (found.Length != info.SizeBytes)
                {
                    File.Delete(copy);
                    return false;
                }
                File.SetLastAccessTimeUtc(copy, _time.GetUtcNow().UtcDateTime);
                SetTime(copy, info);
                Link(copy, target);
                return true;
            }
            catch (IOException) when (!File.Exists(copy))
            {
                // Another process made room meanwhile.
                return false;
            }
        });
    }

    /// <summary>Gives a file of this folder a further name; nothing happens where the name is taken.</summary>
    internal void Link(string file, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        _calls.Link(file, target);
    }

    /// <summary>Keeps a copy, and gives it a further name at once: copies that others need may leave no room for this one.</summary>
    internal async ValueTask PutAsync(string key, Stream content, ObjectInfo info, string target, CancellationToken cancellationToken)
    {
        string aside = Path.Join(_session.Value.Path, Guid.NewGuid().ToString("n"));
        try
        {
            FileStream file = new(aside, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 16, FileOptions.Asynchronous);
            await using (file.ConfigureAwait(false)) await content.CopyToAsync(file, 1 << 18, cancellationToken).ConfigureAwait(false);
            SetTime(aside, info);
            Link(aside, target);
            Keep(aside, key, info.SizeBytes);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, aside);
        }
        finally
        {
            File.Delete(aside);
        }
    }

    /// <summary>Takes a file that was uploaded away from where it was written, and keeps it as a copy where it is known of what.</summary>
    internal void Take(string file, string? key)
    {
        if (key is not null) Keep(file, key, new FileInfo(file).Length);
        File.Delete(file);
    }

    public void Dispose()
    {
        if (_session.IsValueCreated) _session.Value.Dispose();
    }

    private string PathOf(string key)
    {
        string hash = HashOf(key);
        return Path.Join(_objects, hash[..2], hash[2..]);
    }

    private static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    // Who reads the file looks whether it is of the time that the store says.
    private static void SetTime(string file, ObjectInfo info) => File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddTicks(info.ModifiedAt.MicrosecondsSinceEpoch * TimeSpan.TicksPerMicrosecond));

    private void Keep(string file, string key, long size)
    {
        // Such a one would drive all others out.
        if (size > Sixteenths(14)) return;
        // After a power cut a name must not stand for bytes that never came to the disk.
        _calls.SyncFile(file);
        File.SetLastAccessTimeUtc(file, _time.GetUtcNow().UtcDateTime);
        lock (_keeping)
        {
            if (_added + size < Sixteenths(1)) _added += size;
            else if (MakeRoom(size)) _added = 0;
            else return;
            Link(file, PathOf(key));
        }
    }

    /// <summary>Removes copies that were used longest ago, where there would be too many with a further one.</summary>
    /// <returns>False where it could not look.</returns>
    private bool MakeRoom(long added)
    {
        try
        {
            // One process at a time; where another one looks at this moment, our copy is not kept.
            using FileStream held = new(Path.Join(RootPath, "trim.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            Directory.CreateDirectory(_objects);
            FileInfo[] copies = [.. new DirectoryInfo(_objects).EnumerateFiles("*", SearchOption.AllDirectories)];
            long size = copies.Sum(copy => copy.Length) + added;
            // A sixteenth is added before the next look.
            if (size <= Sixteenths(15)) return true;
            foreach (FileInfo copy in copies.OrderBy(copy => copy.LastAccessTimeUtc))
            {
                size -= copy.Length;
                copy.Delete();
                // Some room more, so that the next copy does not begin it again.
                if (size <= Sixteenths(14)) return true;
            }
            return size <= Sixteenths(15);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            // Only a copy is lost, and the next one tries again.
            return false;
        }
    }

    private long Sixteenths(int count) => _sizeMax / 16 * count;

    private HeldFolder OpenSession()
    {
        HeldFolder.MakePrivate(RootPath);
        return HeldFolder.Make(RootPath, SessionPrefix, "", HeldFolder.MakePrivate);
    }
}

using System.Collections.Concurrent;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects;

/// <summary>Objects as files below a folder. What is put is durable when the call returns: the file is written aside, synced, linked to its name, and the folder synced.</summary>
/// <remarks>Needs hard links, which every file system that a Linux machine usually has offers (ext4, xfs, btrfs, tmpfs, NFS); where they are refused the error says so.</remarks>
public sealed partial class LocalObjectStore : IObjectStore
{
    // Hidden and system files are files too, and a folder that cannot be read is an error.
    private static readonly EnumerationOptions s_everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly IFileCalls _calls;

    // Folders whose names this store synced into the folders above, up to the root.
    private readonly ConcurrentDictionary<string, bool> _durableFolders = new(StringComparer.Ordinal);

    /// <summary>Objects below <paramref name="rootPath"/>, which need not exist yet.</summary>
    public LocalObjectStore(string rootPath)
        : this(rootPath, SystemFileCalls.Instance)
    {
    }

    internal LocalObjectStore(string rootPath, IFileCalls calls) => (RootPath, _calls) = (Path.TrimEndingDirectorySeparator(Path.GetFullPath(rootPath)), calls);

    /// <summary>The folder, absolute.</summary>
    public string RootPath { get; }

    /// <inheritdoc/>
    public string LocalRoot => RootPath;

    /// <inheritdoc/>
    public string Locate(string path) => path.Length == 0 ? RootPath : Path.Join(RootPath, path);

    /// <inheritdoc/>
    public IObjectStore Below(string folder) => new LocalObjectStore(Locate(folder), _calls);

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> FindAsync(string path, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string file = Locate(path);
        return ValueTask.FromResult(FileErrors.Guard(file, () => InfoOf(new FileInfo(file), path) ?? (Directory.Exists(file) ? InfoOf(new DirectoryInfo(file), path) : null)));
    }

    /// <inheritdoc/>
    public ValueTask<Stream?> OpenAsync(string path, long start = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        if (length is < 0) throw new ArgumentOutOfRangeException(nameof(length), length, "a length is not negative");
        cancellationToken.ThrowIfCancellationRequested();
        string file = Locate(path);
        return ValueTask.FromResult(FileErrors.Guard<Stream?>(file, () =>
        {
            try
            {
                var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
                stream.Position = start;
                return length is null ? stream : new BoundedStream(stream, length.Value);
            }
            catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
        }));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string folder, string? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await ValueTask.CompletedTask.ConfigureAwait(false);
        string path = Locate(folder);
        ObjectInfo[] entries = FileErrors.Guard(path, () =>
        {
            if (File.Exists(path)) throw new LeptonDataException("storage.not_a_folder", [path]);
            if (!Directory.Exists(path)) return [];
            // Of a log with ten thousand commits most often the last few are wanted, so that the others are not made objects of. A file may vanish between its listing and the look at its length: then it is not there.
            return new FileSystemEnumerable<FileSystemInfo>(path, static (ref entry) => entry.ToFileSystemInfo(), s_everything) { ShouldIncludePredicate = (ref entry) => entry.FileName.SequenceCompareTo(after) > 0 }
                .Select(entry => InfoOf(entry, folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}")).OfType<ObjectInfo>()
                .OrderBy(entry => entry.Path, StringComparer.Ordinal).ToArray();
        });
        foreach (ObjectInfo entry in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry;
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> PutIfAbsentAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string file = Locate(path);
        string folder = Path.GetDirectoryName(file)!;
        string aside = Path.Join(folder, AsideName(Path.GetFileName(file)));
        return ValueTask.FromResult(FileErrors.Guard(file, () =>
        {
            MakeFolders(folder);
            try
            {
                _calls.WriteNew(aside, content.Span);
                _calls.SyncFile(aside);
                bool isOurs = _calls.Link(aside, file);
                // Also for the loser: what it now reads must not vanish with the power.
                _calls.SyncFolder(folder);
                return isOurs;
            }
            finally
            {
                RemoveAside(aside);
            }
        }));
    }

    /// <inheritdoc/>
    public ValueTask SyncAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default)
    {
        foreach (string path in paths)
        {
            cancellationToken.ThrowIfCancellationRequested();
            FileErrors.Guard(Locate(path), () => _calls.SyncFile(Locate(path)));
        }
        foreach (string folder in paths.Select(path => Path.GetDirectoryName(Locate(path))!).Distinct(StringComparer.Ordinal))
        {
            SyncFolder(folder);
            // The names of the folders themselves: made by whom ever, durable once they were synced.
            for (string name = folder; name.Length > RootPath.Length && !_durableFolders.ContainsKey(name); name = Path.GetDirectoryName(name)!)
            {
                SyncFolder(Path.GetDirectoryName(name)!);
                _durableFolders[name] = true;
            }
        }
        return ValueTask.CompletedTask;

        void SyncFolder(string folder) => FileErrors.Guard(folder, () => _calls.SyncFolder(folder));
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string path, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string file = Locate(path);
        FileErrors.Guard(file, () =>
        {
            if (File.Exists(file)) _calls.Unlink(file);
        });
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public string PathToWrite(string path) => Locate(path);

    /// <inheritdoc/>
    public string PathToKeep(string path) => Locate(path);

    /// <inheritdoc/>
    public string? LockIdentity => null;

    /// <inheritdoc/>
    public string PathToLock(string path)
    {
        string file = Locate(path);
        FileErrors.Guard(file, () => MakeFolders(Path.GetDirectoryName(file)!));
        return file;
    }

    /// <inheritdoc/>
    public ValueTask<LocalFiles> FetchAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default) => ValueTask.FromResult(new LocalFiles(RootPath));

    /// <inheritdoc/>
    public void MakeFolder(string path)
    {
        string folder = Locate(path);
        FileErrors.Guard(folder, () => MakeFolders(folder));
    }

    private void MakeFolders(string folder)
    {
        if (Directory.Exists(folder)) return;
        if (File.Exists(folder)) throw new LeptonDataException("storage.not_a_folder", [folder]);
        string? parent = Path.GetDirectoryName(folder);
        if (parent is not null) MakeFolders(parent);
        _calls.MakeFolder(folder);
        if (parent is not null) _calls.SyncFolder(parent);
    }

    /// <summary>Whether a file of this name was written aside by a store of ours: others that use dots and <c>.tmp</c> (Spark) write their numbers with hyphens.</summary>
    internal static bool IsAsideName(string name) => AsideForm().IsMatch(name);

    /// <summary>A name to write a file aside under; one that begins with a dot is one that Spark, Hadoop and we pass over.</summary>
    internal static string AsideName(string name) => $".{name}.{Guid.NewGuid():n}.tmp";

    [GeneratedRegex(@"\A\..+\.[0-9a-f]{32}\.tmp\z", RegexOptions.CultureInvariant)]
    private static partial Regex AsideForm();

    // What remains aside is rubbish, never harm, so that a failure here hides no other one.
    private void RemoveAside(string path)
    {
        try
        {
            _calls.Unlink(path);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
        }
    }

    private static ObjectInfo? InfoOf(FileSystemInfo entry, string path)
    {
        if (!entry.Exists) return null;
        var modifiedAt = EventTime.FromDateTimeOffset(new DateTimeOffset(entry.LastWriteTimeUtc));
        return entry is FileInfo file ? new ObjectInfo(path, file.Length, modifiedAt, IsLink: entry.LinkTarget is not null) : new ObjectInfo(path, 0, modifiedAt, IsFolder: true, IsLink: entry.LinkTarget is not null);
    }
}

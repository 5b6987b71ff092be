using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects;

/// <summary>Named bytes below one root: a folder, a bucket. Names are relative, with <c>/</c> between parts. Safe for use by several threads and processes.</summary>
/// <remarks>
/// Programs that know nothing but files (DuckDB) take part by two steps: they read what <see cref="FetchAsync"/> brought, and what they write at <see cref="PathToWrite"/> becomes an object by
/// <see cref="SyncAsync"/>. A store whose objects are files of this machine answers both with the objects themselves.
/// </remarks>
public interface IObjectStore
{
    /// <summary>The folder of this machine, absolute, below which <see cref="PathToWrite"/> and <see cref="FetchAsync"/> name files.</summary>
    string LocalRoot { get; }

    /// <summary>What <paramref name="path"/> is called outside, in messages and by engines: an absolute path or a URL. Empty names the root.</summary>
    string Locate(string path);

    /// <summary>The objects below a folder as a store of their own.</summary>
    /// <param name="folder">Relative; need not exist.</param>
    IObjectStore Below(string folder);

    /// <summary>What is known of an object, or null where there is none.</summary>
    ValueTask<ObjectInfo?> FindAsync(string path, CancellationToken cancellationToken = default);

    /// <summary>Opens bytes <c>[start, start + length)</c> of an object for reading.</summary>
    /// <param name="path">Which object.</param>
    /// <param name="start">The first byte, counted from 0; past the end gives nothing to read.</param>
    /// <param name="length">How many bytes at most; null for all that follow.</param>
    /// <param name="cancellationToken">Observed before the call.</param>
    /// <returns>A stream that the caller disposes, or null where there is no such object.</returns>
    ValueTask<Stream?> OpenAsync(string path, long start = 0, long? length = null, CancellationToken cancellationToken = default);

    /// <summary>What lies directly in a folder, in ordinal order of name; nothing where there is no such folder. Folders are listed where the store has them or their objects' names do.</summary>
    /// <param name="folder">Relative; empty for the root.</param>
    /// <param name="after">Only what comes after this name is listed, and the store is not asked for more; null for all.</param>
    /// <param name="cancellationToken">Observed between entries.</param>
    IAsyncEnumerable<ObjectInfo> ListAsync(string folder, string? after = null, CancellationToken cancellationToken = default);

    /// <summary>Writes an object in one step, durably, unless one of that name exists: a reader finds all of it or nothing, and of several writers one succeeds.</summary>
    /// <returns>Whether it was written; false leaves the existing object as it was.</returns>
    /// <exception cref="LeptonDataException">It could not be written, or it was written and its durability is not sure: look before writing again.</exception>
    ValueTask<bool> PutIfAbsentAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Makes a folder for files to be written into; nothing happens where it is there. Durably, where folders are part of the store.</summary>
    /// <param name="path">Relative; empty for the root itself.</param>
    /// <exception cref="LeptonDataException">The file system refuses.</exception>
    void MakeFolder(string path);

    /// <summary>Where another program writes an object as a file: on this machine, absolute, in a folder that <see cref="MakeFolder"/> makes. It is an object once <see cref="SyncAsync"/> took it.</summary>
    string PathToWrite(string path);

    /// <summary>Makes objects that were written by other means (an engine's Parquet files, at <see cref="PathToWrite"/>) durable, names included. What is durable already stays as it is.</summary>
    ValueTask SyncAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default);

    /// <summary>Sees to it that objects are files of this machine.</summary>
    /// <param name="paths">Which objects.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <returns>Where the files are, each below <see cref="LocalFiles.RootPath"/> under its own path; they stay until it is disposed.</returns>
    /// <exception cref="LeptonDataException"><c>storage.not_found</c>: there is no such object. A store of files leaves that to whoever opens the file.</exception>
    ValueTask<LocalFiles> FetchAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default);

    /// <summary>What another program says of files of this machine, with those that stand for objects called as the objects are outside (<see cref="Locate"/>).</summary>
    /// <param name="text">Any text; files are named in it by their absolute paths.</param>
    string NameObjects(string text) => text;

    /// <summary>A folder for files that this machine keeps beside the objects of a folder, between processes: absolute, the same for all of them. Its files are no objects where objects are no files.</summary>
    /// <param name="path">The folder of objects; where objects are files it is answered itself, and made by nobody.</param>
    /// <exception cref="LeptonDataException">The file system refuses.</exception>
    string PathToKeep(string path);

    /// <summary>A file for a lock between the processes of this machine: absolute, the same for all of them, its folder made. It is no object where objects are no files.</summary>
    /// <exception cref="LeptonDataException">The file system refuses.</exception>
    string PathToLock(string path);

    /// <summary>Null where the locks of <see cref="PathToLock"/> reach all who write to the store; else what those have in common that they reach.</summary>
    string? LockIdentity { get; }

    /// <summary>Removes an object; nothing happens where there is none.</summary>
    ValueTask DeleteAsync(string path, CancellationToken cancellationToken = default);
}

/// <summary>One entry of an object store.</summary>
/// <param name="Path">Relative to the store's root.</param>
/// <param name="SizeBytes">Its length; 0 for a folder.</param>
/// <param name="ModifiedAt">When it was last written, as the store says.</param>
/// <param name="IsFolder">Whether it holds others.</param>
/// <param name="IsLink">Whether it is a symbolic link: what lies behind it may be another's.</param>
/// <param name="Tag">What differs when the content does (an ETag); null where the store has no such.</param>
public sealed record ObjectInfo(string Path, long SizeBytes, EventTime ModifiedAt, bool IsFolder = false, bool IsLink = false, string? Tag = null)
{
    /// <summary>The last part of the path.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];
}

/// <summary>Files of this machine that hold objects. Disposing it lets the store take them away; a second call does nothing.</summary>
/// <param name="rootPath">The folder, absolute, below which each object lies under its own path.</param>
/// <param name="release">Called once.</param>
public sealed class LocalFiles(string rootPath, Action? release = null) : IDisposable
{
    private Action? _release = release;

    /// <summary>The folder, absolute, below which each object lies under its own path.</summary>
    public string RootPath { get; } = rootPath;

    /// <summary>The file that holds an object.</summary>
    public string PathOf(string path) => Path.Join(RootPath, path);

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}

/// <summary>What follows from the interface.</summary>
public static class ObjectStoreExtensions
{
    extension(IObjectStore store)
    {
        /// <summary>Whether the objects are files of this machine, which its locks and names reach.</summary>
        public bool IsOfFiles => store.LocalRoot == store.Locate("");
    }

    /// <summary>The path in the store of what is called <paramref name="location"/> outside.</summary>
    /// <returns>Null for what lies elsewhere; empty for the root.</returns>
    public static string? PathOf(this IObjectStore store, string location)
    {
        string root = store.Locate("");
        if (location == root) return "";
        return location.Length > root.Length && location.StartsWith(root, StringComparison.Ordinal) && location[root.Length] == '/' ? location[(root.Length + 1)..] : null;
    }
}

using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects;

/// <summary>Named bytes below one root: a folder, a bucket. Names are relative, with <c>/</c> between parts. Safe for use by several threads and processes.</summary>
public interface IObjectStore
{
    /// <summary>What <paramref name="path"/> is called outside, in messages and by engines: an absolute path or a URL. Empty names the root.</summary>
    string Locate(string path);

    /// <summary>What is known of an object, or null where there is none.</summary>
    ValueTask<ObjectInfo?> FindAsync(string path, CancellationToken cancellationToken = default);

    /// <summary>Opens bytes <c>[start, start + length)</c> of an object for reading.</summary>
    /// <param name="path">Which object.</param>
    /// <param name="start">The first byte, counted from 0; past the end gives nothing to read.</param>
    /// <param name="length">How many bytes at most; null for all that follow.</param>
    /// <param name="cancellationToken">Observed before the call.</param>
    /// <returns>A stream that the caller disposes, or null where there is no such object.</returns>
    ValueTask<Stream?> OpenAsync(string path, long start = 0, long? length = null, CancellationToken cancellationToken = default);

    /// <summary>What lies directly in a folder, in ordinal order of name; nothing where there is no such folder. Folders are listed where the store has them.</summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(string folder, CancellationToken cancellationToken = default);

    /// <summary>Writes an object in one step, durably, unless one of that name exists: a reader finds all of it or nothing, and of several writers one succeeds.</summary>
    /// <returns>Whether it was written; false leaves the existing object as it was.</returns>
    /// <exception cref="LeptonDataException">It could not be written, or it was written and its durability is not sure: look before writing again.</exception>
    ValueTask<bool> PutIfAbsentAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Makes objects that were written by other means (an engine's Parquet files) durable, names included.</summary>
    ValueTask SyncAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default);

    /// <summary>Removes an object; nothing happens where there is none.</summary>
    ValueTask DeleteAsync(string path, CancellationToken cancellationToken = default);
}

/// <summary>One entry of an object store.</summary>
/// <param name="Path">Relative to the store's root.</param>
/// <param name="SizeBytes">Its length; 0 for a folder.</param>
/// <param name="ModifiedAt">When it was last written, as the store says.</param>
/// <param name="IsFolder">Whether it holds others.</param>
public sealed record ObjectInfo(string Path, long SizeBytes, EventTime ModifiedAt, bool IsFolder = false)
{
    /// <summary>The last part of the path.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];
}

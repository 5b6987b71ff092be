using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects.S3;

/// <summary>
/// Objects in a bucket of Amazon S3, or of a server that speaks as it does and keeps <c>If-None-Match: *</c> (MinIO, Ceph, Cloudflare R2). What is put is durable once the server says so.
/// Files that engines read are copies in a cache on this machine (<see cref="FileCache"/>); those that they write are uploaded by <see cref="SyncAsync"/>.
/// </summary>
public sealed partial class S3ObjectStore : IObjectStore, IDisposable
{
    // What a conditional put wrote says which call it was: so one whose answer was lost knows its own object again.
    private const string PutHeader = "x-amz-meta-lepton-put";

    private const int KeySizeMax = 1024;

    private readonly S3Client _client;
    private readonly FileCache _cache;
    private readonly string _prefix;

    /// <summary>Objects below the prefix of a bucket, which must exist. Nothing is asked of the server yet.</summary>
    /// <param name="options">Which, and how.</param>
    /// <param name="time">Signs requests; also for time limits and waits.</param>
    /// <exception cref="LeptonDataException">The cache's folder cannot be made.</exception>
    public S3ObjectStore(S3Options options, TimeProvider time)
        : this(new S3Client(options, time), new FileCache(options.CacheFolder, options.CacheSizeBytesMax, time), options.Prefix)
    {
    }

    internal S3ObjectStore(S3Client client, FileCache cache, string prefix) => (_client, _cache, _prefix) = (client, cache, prefix);

    /// <inheritdoc/>
    public string LocalRoot => _cache.RootPath;

    /// <inheritdoc/>
    public string Locate(string path) => _client.UrlOf(_prefix.Length == 0 ? path : path.Length == 0 ? _prefix : $"{_prefix}/{path}");

    /// <inheritdoc/>
    public IObjectStore Below(string folder) => folder.Length == 0 ? this : new S3ObjectStore(_client, _cache, KeyOf(folder));

    /// <inheritdoc/>
    public async ValueTask<ObjectInfo?> FindAsync(string path, CancellationToken cancellationToken = default)
    {
        if (path.Length == 0) return null;
        // As with files, what this process wrote and did not sync yet is there for it.
        var written = new FileInfo(PathToWrite(path));
        if (written.Exists) return new ObjectInfo(path, written.Length, EventTime.FromDateTimeOffset(written.LastWriteTimeUtc));
        using S3Answer answer = await HeadAsync(path, cancellationToken).ConfigureAwait(false);
        return answer.Status == 404 ? null : InfoOf(path, answer);
    }

    /// <inheritdoc/>
    public async ValueTask<Stream?> OpenAsync(string path, long start = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        if (length is < 0) throw new ArgumentOutOfRangeException(nameof(length), length, "a length is not negative");
        if (length == 0) return await FindAsync(path, cancellationToken).ConfigureAwait(false) is null ? null : Stream.Null;
        string key = KeyOf(path);
        long? end = length is null ? null : start > long.MaxValue - length.Value ? long.MaxValue : start + length.Value;
        S3Answer answer = await GetAsync(key, start, end, null, cancellationToken).ConfigureAwait(false);
        try
        {
            if (answer.Status is 404 or 416)
            {
                answer.Dispose();
                return answer.Status == 404 ? null : Stream.Null;
            }
            long size = BodySizeOf(answer, start, end);
            string? tag = TagOf(answer);
            return new S3BodyStream(_client, (from, token) => AgainAsync(key, from, start + size, tag, token), answer, start, size, key);
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string folder, string? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string prefix = folder.Length == 0 ? (_prefix.Length == 0 ? "" : $"{_prefix}/") : $"{KeyOf(folder)}/";
        var entries = new List<ObjectInfo>();
        string? token = null;
        do
        {
            var query = new List<(string, string)> { ("list-type", "2"), ("delimiter", "/"), ("prefix", prefix) };
            if (token is not null) query.Add(("continuation-token", token));
            // Where it is no ASCII, the server's order is another than ours.
            else if (after is not null && Ascii.IsValid(after)) query.Add(("start-after", prefix + after));
            (ObjectInfo[] page, string? next) = await _client.SendAsync(
                new S3Request("GET", null) { Query = query },
                body =>
                {
                    S3Element list = S3Xml.Read(body, "ListBucketResult", "Contents", "CommonPrefixes");
                    return (list.Groups.Select(entry => EntryOf(entry, prefix, folder)).OfType<ObjectInfo>().ToArray(), list.Values.GetValueOrDefault("IsTruncated") == "true" ? list["NextContinuationToken"] : null);
                },
                cancellationToken).ConfigureAwait(false);
            entries.AddRange(page.Where(entry => string.CompareOrdinal(entry.Name, after) > 0));
            // A server that gives the same page for ever would never end.
            if (next is not null && (next == token || page.Length == 0)) throw Wrong(folder, "a list that does not end");
            token = next;
        }
        while (token is not null);
        // Pages come in the order of UTF-8, objects and folders apart.
        entries.Sort((left, right) => string.CompareOrdinal(left.Path, right.Path));
        foreach (ObjectInfo entry in entries) yield return entry;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> PutIfAbsentAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string id = Guid.NewGuid().ToString("n");
        var request = new S3Request("PUT", KeyOf(path)) { Headers = [("if-none-match", "*"), (PutHeader, id)], Body = content, Expected = [200, 412] };
        using S3Answer answer = await _client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (answer.Status == 200) return true;
        if (!answer.WasLost) return false;
        // An attempt before this one may have won, and its answer was lost.
        using S3Answer found = await HeadAsync(path, cancellationToken).ConfigureAwait(false);
        return found.Header(PutHeader) == id;
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string path, CancellationToken cancellationToken = default)
    {
        string written = PathToWrite(path);
        FileErrors.Guard(written, () =>
        {
            if (File.Exists(written)) File.Delete(written);
        });
        using S3Answer answer = await _client.SendAsync(new S3Request("DELETE", KeyOf(path)) { Expected = [200, 204, 404] }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes away what this process kept beside the cache. Stores that <see cref="Below"/> gave end with it.</summary>
    public void Dispose()
    {
        _cache.Dispose();
        _client.Dispose();
    }

    private string KeyOf(string path)
    {
        string key = _prefix.Length == 0 ? path : $"{_prefix}/{path}";
        // "." and ".." are names like others to S3, but not to the proxies on the way nor to a folder of copies.
        if (path.Length == 0 || path.Split('/').Any(part => part is "" or "." or "..") || path.Contains('\0', StringComparison.Ordinal)) throw new ArgumentException($"'{path}' is no object's path", nameof(path));
        return Encoding.UTF8.GetByteCount(key) <= KeySizeMax ? key : throw new LeptonDataException("storage.s3_key", [_client.UrlOf(key), KeySizeMax]);
    }

    private ValueTask<S3Answer> HeadAsync(string path, CancellationToken cancellationToken) => _client.SendAsync(new S3Request("HEAD", KeyOf(path)) { Expected = [200, 404] }, cancellationToken);

    /// <param name="key">Which object.</param>
    /// <param name="start">The first byte.</param>
    /// <param name="end">Behind the last byte; null for the object's end.</param>
    /// <param name="tag">What the object's ETag must be.</param>
    /// <param name="cancellationToken">Observed.</param>
    private ValueTask<S3Answer> GetAsync(string key, long start, long? end, string? tag, CancellationToken cancellationToken)
    {
        var headers = new List<(string, string)>();
        if (start > 0 || end is not null) headers.Add(("range", string.Create(CultureInfo.InvariantCulture, $"bytes={start}-{end - 1}")));
        if (tag is not null) headers.Add(("if-match", tag));
        return _client.SendAsync(new S3Request("GET", key) { Headers = headers, Expected = headers.Count == 0 ? [200, 404] : [200, 206, 404, 412, 416] }, cancellationToken);
    }

    /// <summary>Asks for the rest of an object whose bytes stopped to come; it must be the same object still.</summary>
    private async ValueTask<S3Answer> AgainAsync(string key, long start, long end, string? tag, CancellationToken cancellationToken)
    {
        S3Answer answer = await GetAsync(key, start, end, tag, cancellationToken).ConfigureAwait(false);
        try
        {
            if (answer.Status is 404 or 412 || (tag is not null && TagOf(answer) != tag)) throw new LeptonDataException("storage.s3_changed", [_client.UrlOf(key)]);
            if (answer.Status == 416 || BodySizeOf(answer, start, end) != end - start) throw new LeptonDataException("storage.s3_answer", [answer.Url, $"another length than {end}"]);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    /// <summary>How many bytes an answer brings: those that were asked for, as far as there are any.</summary>
    private static long BodySizeOf(S3Answer answer, long start, long? end)
    {
        // A proxy's page of its own has none.
        if (TagOf(answer) is null) throw new LeptonDataException("storage.s3_answer", [answer.Url, "no ETag"]);
        long size = answer.Response.Content.Headers.ContentLength ?? throw new LeptonDataException("storage.s3_answer", [answer.Url, "no Content-Length"]);
        bool isWhole = answer.Status == 200;
        if (isWhole ? start > 0 || size > end : answer.Response.Content.Headers.ContentRange is not { From: { } from, To: { } to } || from != start || to - from + 1 != size || to >= end)
            throw new LeptonDataException("storage.s3_answer", [answer.Url, $"other bytes than {start} to {end?.ToString(CultureInfo.InvariantCulture) ?? "its end"}"]);
        return size;
    }

    private static ObjectInfo InfoOf(string path, S3Answer answer)
    {
        long size = answer.Response.Content.Headers.ContentLength ?? throw new LeptonDataException("storage.s3_answer", [answer.Url, "no Content-Length"]);
        DateTimeOffset modified = answer.Response.Content.Headers.LastModified ?? throw new LeptonDataException("storage.s3_answer", [answer.Url, "no Last-Modified"]);
        return new ObjectInfo(path, size, EventTime.FromDateTimeOffset(modified), Tag: TagOf(answer) ?? throw new LeptonDataException("storage.s3_answer", [answer.Url, "no ETag"]));
    }

    private static string? TagOf(S3Answer answer) => answer.Header("ETag");

    private ObjectInfo? EntryOf(S3Element entry, string prefix, string folder)
    {
        bool isFolder = entry.Name == "CommonPrefixes";
        string key = isFolder ? entry["Prefix"] : entry["Key"];
        if (!key.StartsWith(prefix, StringComparison.Ordinal)) throw Wrong(folder, $"a list with '{key}'");
        string name = isFolder ? key[prefix.Length..].TrimEnd('/') : key[prefix.Length..];
        // The prefix itself is what some tools make for an empty folder.
        if (name.Length == 0) return null;
        if (name.Contains('/', StringComparison.Ordinal)) throw Wrong(folder, $"a list with '{key}'");
        string path = folder.Length == 0 ? name : $"{folder}/{name}";
        return isFolder ? new ObjectInfo(path, 0, default, IsFolder: true) : new ObjectInfo(path, entry.Number("Size"), EventTime.FromDateTimeOffset(entry.Time("LastModified")), Tag: entry.Values.GetValueOrDefault("ETag"));
    }

    private LeptonDataException Wrong(string path, string what) => new("storage.s3_answer", [Locate(path), what]);
}

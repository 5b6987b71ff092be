using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects.S3;

/// <content>Files of this machine that become objects, and objects that become files.</content>
public sealed partial class S3ObjectStore
{
    private const int PartCountMax = 10_000;

    // As many parts are in memory at once.
    private const int UploadCountMax = 3;

    private const int FetchCountMax = 8;

    /// <inheritdoc/>
    public void MakeFolder(string path)
    {
        string folder = PathToWrite(path);
        FileErrors.Guard(folder, () => { Directory.CreateDirectory(folder); });
    }

    /// <inheritdoc/>
    public string PathToWrite(string path) => Path.Join(_cache.WriteFolder, PathInBucket(path));

    /// <inheritdoc/>
    public string NameObjects(string text) => _cache.NameObjects(text);

    /// <inheritdoc/>
    public string? LockIdentity => _cache.Identity();

    /// <inheritdoc/>
    public string PathToKeep(string path) => _cache.PathToKeep($"{_client.Origin}\n{_client.UrlOf(KeyOf(path))}");

    /// <inheritdoc/>
    public string PathToLock(string path) => _cache.PathToLock($"{_client.Origin}\n{_client.UrlOf(KeyOf(path))}");

    /// <inheritdoc/>
    public async ValueTask SyncAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default)
    {
        foreach (string path in paths)
        {
            string file = PathToWrite(path);
            // What was taken before is an object already.
            if (!File.Exists(file)) continue;
            try
            {
                string? tag = await UploadAsync(KeyOf(path), file, cancellationToken).ConfigureAwait(false);
                _cache.Take(file, tag is null ? null : CacheKeyOf(KeyOf(path), tag));
            }
            catch (Exception failure) when (FileErrors.IsFileFailure(failure))
            {
                throw FileErrors.Of(failure, file);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<LocalFiles> FetchAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken = default)
    {
        LocalFiles files = _cache.Hold(PathInBucket(""));
        try
        {
            await Parallel.ForEachAsync(
                paths.Distinct(StringComparer.Ordinal),
                new ParallelOptions { MaxDegreeOfParallelism = FetchCountMax, CancellationToken = cancellationToken },
                async (path, token) => await FetchAsync(path, files.PathOf(path), token).ConfigureAwait(false)).ConfigureAwait(false);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private async ValueTask FetchAsync(string path, string target, CancellationToken cancellationToken)
    {
        string key = KeyOf(path);
        string written = PathToWrite(path);
        if (File.Exists(written))
        {
            FileErrors.Guard(target, () => _cache.Link(written, target));
            return;
        }
        using S3Answer head = await HeadAsync(path, cancellationToken).ConfigureAwait(false);
        if (head.Status == 404) throw new LeptonDataException("storage.not_found", [Locate(path)]);
        ObjectInfo info = InfoOf(path, head);
        string cacheKey = CacheKeyOf(key, info.Tag!);
        if (_cache.TryGive(cacheKey, info, target)) return;
        if (info.SizeBytes == 0)
        {
            // No range names no bytes.
            await _cache.PutAsync(cacheKey, Stream.Null, info, target, cancellationToken).ConfigureAwait(false);
            return;
        }
        S3Answer answer = await AgainAsync(key, 0, info.SizeBytes, info.Tag, cancellationToken).ConfigureAwait(false);
        using var body = new S3BodyStream(_client, (from, token) => AgainAsync(key, from, info.SizeBytes, info.Tag, token), answer, 0, info.SizeBytes, key);
        await _cache.PutAsync(cacheKey, body, info, target, cancellationToken).ConfigureAwait(false);
    }

    // Files on this machine lie below their bucket's name, so that a path says which object it stands for.
    private string PathInBucket(string path) => Path.Join(_client.Options.Bucket, path.Length == 0 ? _prefix : _prefix.Length == 0 ? path : $"{_prefix}/{path}");

    // The server is part of it: two servers may have a bucket of one name.
    private string CacheKeyOf(string key, string tag) => $"{_client.Origin}\n{_client.UrlOf(key)}\n{tag}";

    /// <returns>The new object's ETag; null where the answer that said it was lost.</returns>
    private async ValueTask<string?> UploadAsync(string key, string file, CancellationToken cancellationToken)
    {
        FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using (stream.ConfigureAwait(false))
        {
            long size = stream.Length;
            int partSize = _client.Options.PartSizeBytes;
            if (size <= partSize)
            {
                byte[] content = new byte[size];
                await stream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
                using S3Answer answer = await _client.SendAsync(new S3Request("PUT", key) { Body = content }, cancellationToken).ConfigureAwait(false);
                return TagOf(answer) ?? throw new LeptonDataException("storage.s3_answer", [answer.Url, "no ETag"]);
            }
            partSize = (int)Math.Max(partSize, (size + PartCountMax - 1) / PartCountMax);
            return await UploadInPartsAsync(key, stream, size, partSize, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<string?> UploadInPartsAsync(string key, FileStream stream, long size, int partSize, CancellationToken cancellationToken)
    {
        string uploadId = await _client.SendAsync(
            new S3Request("POST", key) { Query = [("uploads", "")] }, body => S3Xml.Read(body, "InitiateMultipartUploadResult")["UploadId"], cancellationToken).ConfigureAwait(false);
        try
        {
            int count = (int)((size + partSize - 1) / partSize);
            var tags = new ConcurrentDictionary<int, string>();
            await Parallel.ForEachAsync(
                Enumerable.Range(0, count),
                new ParallelOptions { MaxDegreeOfParallelism = UploadCountMax, CancellationToken = cancellationToken },
                async (part, token) =>
                {
                    byte[] content = new byte[Math.Min(partSize, size - ((long)part * partSize))];
                    await ReadAsync(stream, content, (long)part * partSize, token).ConfigureAwait(false);
                    using S3Answer answer = await _client.SendAsync(new S3Request("PUT", key) { Query = [("partNumber", Number(part + 1)), ("uploadId", uploadId)], Body = content }, token).ConfigureAwait(false);
                    tags[part + 1] = TagOf(answer) ?? throw new LeptonDataException("storage.s3_answer", [answer.Url, "no ETag"]);
                }).ConfigureAwait(false);
            return await CompleteAsync(key, uploadId, tags, size, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await AbortAsync(key, uploadId).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<string?> CompleteAsync(string key, string uploadId, ConcurrentDictionary<int, string> tags, long size, CancellationToken cancellationToken)
    {
        var text = new StringBuilder("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        foreach ((int number, string tag) in tags.OrderBy(part => part.Key))
            text.Append("<Part><PartNumber>").Append(Number(number)).Append("</PartNumber><ETag>").Append(System.Security.SecurityElement.Escape(tag)).Append("</ETag></Part>");
        text.Append("</CompleteMultipartUpload>");
        var request = new S3Request("POST", key) { Query = [("uploadId", uploadId)], Body = S3Request.Text(text.ToString()) };
        try
        {
            return await _client.SendAsync(request, body => S3Xml.Read(body, "CompleteMultipartUploadResult")["ETag"], cancellationToken).ConfigureAwait(false);
        }
        catch (LeptonDataException failure) when (failure.Arguments is [_, "NoSuchUpload", ..])
        {
            // An attempt before this one completed it, and its answer was lost: the names of our files are used once, so what is there is it.
            using S3Answer found = await _client.SendAsync(new S3Request("HEAD", key) { Expected = [200, 404] }, cancellationToken).ConfigureAwait(false);
            if (found.Status == 404 || found.Response.Content.Headers.ContentLength != size) throw;
            return null;
        }
    }

    // The parts would stay, and be paid for; what went wrong before is the news.
    private async ValueTask AbortAsync(string key, string uploadId)
    {
        try
        {
            using S3Answer answer = await _client.SendAsync(new S3Request("DELETE", key) { Query = [("uploadId", uploadId)], Expected = [200, 204, 404] }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (LeptonDataException)
        {
        }
    }

    private static async ValueTask ReadAsync(FileStream stream, byte[] content, long start, CancellationToken cancellationToken)
    {
        for (int done = 0; done < content.Length;)
        {
            int read = await RandomAccess.ReadAsync(stream.SafeFileHandle, content.AsMemory(done), start + done, cancellationToken).ConfigureAwait(false);
            if (read == 0) throw new EndOfStreamException($"{stream.Name} has become shorter");
            done += read;
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

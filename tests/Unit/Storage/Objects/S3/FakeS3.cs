using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Testing;

namespace Lepton.Data.Tests.Unit.Storage.Objects.S3;

/// <summary>A bucket in memory behind the client's real requests, which tests bend: what it answers may be lost, cut off or false. It does not check signatures; s3proxy does.</summary>
internal sealed class FakeS3 : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, SortedDictionary<int, byte[]>> _uploads = new(StringComparer.Ordinal);
    private int _uploadCount;

    internal SortedDictionary<string, Stored> Objects { get; } = new(StringComparer.Ordinal);

    internal int OpenUploadCount => _uploads.Count;

    /// <summary>The server's clock.</summary>
    internal DateTimeOffset Now { get; set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    internal int PageSize { get; set; } = 1000;

    /// <summary>Requests so far, as <c>METHOD path?query</c>.</summary>
    internal ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Asked before each request is looked at: what it answers is sent instead.</summary>
    internal Func<HttpRequestMessage, HttpResponseMessage?> Before { get; set; } = _ => null;

    /// <summary>Given each answer: what it gives back is sent, and what it throws is an answer that was lost.</summary>
    internal Func<HttpRequestMessage, HttpResponseMessage, HttpResponseMessage> After { get; set; } = (_, answer) => answer;

    internal S3ObjectStore Store(TempFolder folder, string prefix = "lake", int partSize = 16 << 20, long cacheSize = 1 << 30, TimeProvider? time = null, IFileCalls? calls = null)
    {
        S3Options options = new()
        {
            Bucket = "bucket",
            Prefix = prefix,
            Endpoint = new Uri("http://s3.test:9000"),
            Credentials = () => new S3Credentials("id", "secret", "token"),
            CacheFolder = folder["cache"],
            CacheSizeBytesMax = cacheSize,
            PartSizeBytes = partSize,
            RetryDelay = TimeSpan.FromMilliseconds(1),
            AttemptsMax = 4,
        };
        return new S3ObjectStore(new S3Client(options, time ?? TimeProvider.System, this), new FileCache(options.CacheFolder, options.CacheSizeBytesMax, time ?? TimeProvider.System, calls ?? new UnsyncedFileCalls()), prefix);
    }

    internal static HttpResponseMessage Answer(int status, string body = "") => new((HttpStatusCode)status) { Content = new StringContent(body) };

    internal static HttpResponseMessage Error(int status, string code) => Answer(status, $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>what it says</Message></Error>");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Enqueue($"{request.Method} {request.RequestUri!.PathAndQuery}");
        if (Before(request) is { } instead) return instead;
        byte[] body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        HttpResponseMessage answer;
        lock (_lock) answer = Handle(request, body);
        answer.Headers.Date = Now;
        return After(request, answer);
    }

    private HttpResponseMessage Handle(HttpRequestMessage request, byte[] body)
    {
        string path = Uri.UnescapeDataString(request.RequestUri!.AbsolutePath);
        Dictionary<string, string> query = request.RequestUri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2)).ToDictionary(part => Uri.UnescapeDataString(part[0]), part => Uri.UnescapeDataString(part[1]));
        if (path == "/bucket") return query.ContainsKey("list-type") ? List(query) : Error(400, "Unknown");
        string key = path["/bucket/".Length..];
        return (request.Method.Method, query.ContainsKey("uploads"), query.GetValueOrDefault("uploadId")) switch
        {
            ("POST", true, _) => Begin(),
            ("PUT", _, { } id) => _uploads.TryGetValue(id, out SortedDictionary<int, byte[]>? parts) ? Tagged(200, TagOf(parts[int.Parse(query["partNumber"], CultureInfo.InvariantCulture)] = body)) : Error(404, "NoSuchUpload"),
            ("POST", _, { } id) => Complete(key, id),
            ("DELETE", _, { } id) => _uploads.TryRemove(id, out _) ? Answer(204) : Error(404, "NoSuchUpload"),
            ("PUT", _, _) => Put(request, key, body),
            ("GET" or "HEAD", _, _) => Get(request, key),
            ("DELETE", _, _) => Delete(key),
            _ => Error(405, "MethodNotAllowed"),
        };
    }

    private HttpResponseMessage Put(HttpRequestMessage request, string key, byte[] body)
    {
        if (request.Headers.IfNoneMatch.Count > 0 && Objects.ContainsKey(key)) return Error(412, "PreconditionFailed");
        string? put = request.Headers.TryGetValues("x-amz-meta-lepton-put", out IEnumerable<string>? values) ? values.Single() : null;
        Objects[key] = new Stored(body, TagOf(body), Now, put);
        return Tagged(200, TagOf(body));
    }

    private HttpResponseMessage Get(HttpRequestMessage request, string key)
    {
        if (!Objects.TryGetValue(key, out Stored? stored)) return request.Method == HttpMethod.Head ? new HttpResponseMessage(HttpStatusCode.NotFound) : Error(404, "NoSuchKey");
        if (request.Headers.IfMatch.FirstOrDefault() is { } wanted && wanted.Tag != stored.Tag) return Error(412, "PreconditionFailed");
        int start = (int)(request.Headers.Range?.Ranges.Single().From ?? 0);
        if (request.Headers.Range is not null && start >= stored.Content.Length) return Error(416, "InvalidRange");
        int end = (int)Math.Min(stored.Content.Length - 1, request.Headers.Range?.Ranges.Single().To ?? long.MaxValue);
        HttpResponseMessage answer = Tagged(request.Headers.Range is null ? 200 : 206, stored.Tag);
        answer.Content = new ByteArrayContent(request.Method == HttpMethod.Head ? [] : stored.Content[start..(end + 1)]);
        answer.Content.Headers.ContentLength = end + 1 - start;
        answer.Content.Headers.LastModified = stored.ModifiedAt;
        if (request.Headers.Range is not null) answer.Content.Headers.ContentRange = new ContentRangeHeaderValue(start, end, stored.Content.Length);
        if (stored.Put is not null) answer.Headers.Add("x-amz-meta-lepton-put", stored.Put);
        return answer;
    }

    private HttpResponseMessage Delete(string key)
    {
        Objects.Remove(key);
        return Answer(204);
    }

    private HttpResponseMessage List(Dictionary<string, string> query)
    {
        string prefix = query["prefix"];
        // A token says where the list began, too: a start beside it is passed over, as by S3.
        string[] token = query.GetValueOrDefault("continuation-token")?.Split('\n') ?? ["0", query.GetValueOrDefault("start-after", "")];
        int start = int.Parse(token[0], CultureInfo.InvariantCulture);
        string[] names = [.. Objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(key, token[1]) > 0).Select(key => key.IndexOf('/', prefix.Length) is >= 0 and var slash ? key[..(slash + 1)] : key).Distinct()];
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bucket</Name>");
        bool isTruncated = start + PageSize < names.Length;
        text.Append(CultureInfo.InvariantCulture, $"<IsTruncated>{(isTruncated ? "true" : "false")}</IsTruncated>");
        if (isTruncated) text.Append(CultureInfo.InvariantCulture, $"<NextContinuationToken>{start + PageSize}\n{token[1]}</NextContinuationToken>");
        foreach (string name in names.Skip(start).Take(PageSize))
        {
            string escaped = SecurityElement.Escape(name);
            if (name.EndsWith('/')) text.Append(CultureInfo.InvariantCulture, $"<CommonPrefixes><Prefix>{escaped}</Prefix></CommonPrefixes>");
            else text.Append(CultureInfo.InvariantCulture, $"<Contents><Key>{escaped}</Key><LastModified>{Objects[name].ModifiedAt:yyyy-MM-dd'T'HH:mm:ss'.000Z'}</LastModified><ETag>{SecurityElement.Escape(Objects[name].Tag)}</ETag><Size>{Objects[name].Content.Length}</Size><Owner><ID>me</ID></Owner></Contents>");
        }
        return Answer(200, text.Append("</ListBucketResult>").ToString());
    }

    private HttpResponseMessage Begin()
    {
        string id = $"upload {Interlocked.Increment(ref _uploadCount)}/+";
        _uploads[id] = [];
        return Answer(200, $"<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
    }

    private HttpResponseMessage Complete(string key, string id)
    {
        if (!_uploads.TryRemove(id, out SortedDictionary<int, byte[]>? parts)) return Error(404, "NoSuchUpload");
        byte[] content = [.. parts.Values.SelectMany(part => part)];
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..32]}-{parts.Count}\"";
        Objects[key] = new Stored(content, tag, Now, null);
        return Answer(200, $"<CompleteMultipartUploadResult><ETag>{SecurityElement.Escape(tag)}</ETag></CompleteMultipartUploadResult>");
    }

    private static HttpResponseMessage Tagged(int status, string tag)
    {
        HttpResponseMessage answer = Answer(status);
        answer.Headers.ETag = new EntityTagHeaderValue(tag);
        return answer;
    }

    private static string TagOf(byte[] content) => $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..32]}\"";
}

/// <summary>One object of <see cref="FakeS3"/>.</summary>
internal sealed record Stored(byte[] Content, string Tag, DateTimeOffset ModifiedAt, string? Put);

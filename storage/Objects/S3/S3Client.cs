using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects.S3;

/// <summary>Sends requests to one bucket: signed, tried again when that may help, with every answer checked. Safe for use by several threads; lives as long as the process.</summary>
internal sealed class S3Client : IDisposable
{
    /// <summary>A list of 1,000 keys of the greatest length has about 2 MB.</summary>
    private const int AnswerSizeMax = 16 << 20;

    private const int ErrorSizeMax = 1 << 16;

    private const string NoBucketCode = "storage.s3_no_bucket";

    private static readonly TimeSpan s_retryDelayMax = TimeSpan.FromSeconds(10);

    // A server refuses what was signed a quarter of an hour away from its own time.
    private static readonly TimeSpan s_skewMin = TimeSpan.FromMinutes(14);

    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;
    private readonly string _origin;
    private readonly string _host;
    private readonly string _bucketPath;

    // How far the server's clock is ahead of ours, where that matters.
    private TimeSpan _serverIsAhead;

    private volatile bool _hasAnswered;

    internal S3Client(S3Options options, TimeProvider time, HttpMessageHandler? handler = null)
    {
        (Options, _time) = (options, time);
        var server = options.Endpoint ?? new Uri($"https://s3.{options.Region}.amazonaws.com");
        string host = options.IsPathStyle ? server.Authority : $"{options.Bucket}.{server.Authority}";
        (_origin, _host, _bucketPath) = ($"{server.Scheme}://{host}", host, options.IsPathStyle ? $"/{options.Bucket}" : "");
        _http = new HttpMessageInvoker(handler ?? new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ConnectTimeout = options.Timeout,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
    }

    internal S3Options Options { get; }

    /// <summary>Scheme and host.</summary>
    internal string Origin => _origin;

    internal TimeProvider Time => _time;

    /// <summary>Sends a request until it is answered.</summary>
    /// <param name="request">What to ask.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <returns>An answer with one of the statuses that <paramref name="request"/> expects, which the caller disposes. Its body is not read yet.</returns>
    /// <exception cref="LeptonDataException">The server refused, cannot be reached, or answers what S3 does not.</exception>
    internal ValueTask<S3Answer> SendAsync(S3Request request, CancellationToken cancellationToken) => TakeAsync(request, ValueTask.FromResult, cancellationToken);

    /// <summary>Sends a request until it is answered in XML, and reads that.</summary>
    /// <exception cref="LeptonDataException"><c>storage.s3_answer</c>; or what the answer says went wrong, which S3 may say with status 200.</exception>
    internal ValueTask<T> SendAsync<T>(S3Request request, Func<byte[], T> read, CancellationToken cancellationToken)
        => TakeAsync(
            request,
            async answer =>
            {
                using (answer)
                {
                    byte[] body = await ReadBodyAsync(answer.Response, AnswerSizeMax, cancellationToken).ConfigureAwait(false);
                    if (body.Length > AnswerSizeMax) throw new LeptonDataException("storage.s3_answer", [answer.Url, $"more than {AnswerSizeMax} bytes"]);
                    return ReadXml(answer, body, read);
                }
            },
            cancellationToken);

    private async ValueTask<T> TakeAsync<T>(S3Request request, Func<S3Answer, ValueTask<T>> take, CancellationToken cancellationToken)
    {
        bool wasLost = false, isTimed = false;
        long began = _time.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            LeptonDataException failure;
            try
            {
                HttpResponseMessage response = await TryAsync(request, began, cancellationToken).ConfigureAwait(false);
                _hasAnswered = true;
                bool isExpected = request.Expected.Contains((int)response.StatusCode);
                // Only the body tells an object that is missing from a bucket that is.
                bool isInDoubt = response.StatusCode == HttpStatusCode.NotFound && request.Method == "GET";
                if (isExpected && !isInDoubt) return await take(AnswerOf(response)).ConfigureAwait(false);
                bool isTaken = false;
                try
                {
                    failure = await RefusalAsync(request, response, cancellationToken).ConfigureAwait(false);
                    if (isTaken = isExpected && failure.Code != NoBucketCode) return await take(AnswerOf(response)).ConfigureAwait(false);
                    // A signature of the wrong time: with the server's own it holds.
                    if (failure.Code == "storage.s3_clock" && response.Headers.Date is { } now && !isTimed)
                    {
                        (_serverIsAhead, isTimed) = (now - _time.GetUtcNow(), true);
                        continue;
                    }
                }
                finally
                {
                    if (!isTaken) response.Dispose();
                }
            }
            catch (LeptonDataException refusal) when (refusal.IsTransient)
            {
                failure = refusal;
            }
            catch (Exception error) when (IsOfTheNetwork(error, CancellationToken.None))
            {
                cancellationToken.ThrowIfCancellationRequested();
                failure = Unreachable(request.Key, error, began);
            }
            // Whether it took effect is not known.
            wasLost = true;
            if (!failure.IsTransient || attempt >= Options.AttemptsMax || (!_hasAnswered && TimeLeft(began) <= TimeSpan.Zero)) throw failure;
            await PauseAsync(attempt, cancellationToken).ConfigureAwait(false);
        }

        S3Answer AnswerOf(HttpResponseMessage response) => new(response) { Url = UrlOf(request.Key), WasLost = wasLost };
    }

    /// <summary>Waits before a further attempt: twice as long after each, and less by chance, so that many clients do not come back together.</summary>
    internal async ValueTask PauseAsync(int attempt, CancellationToken cancellationToken)
    {
        double longest = Math.Min(Options.RetryDelay.TotalMilliseconds * Math.Pow(2, attempt - 1), s_retryDelayMax.TotalMilliseconds);
        await Task.Delay(TimeSpan.FromMilliseconds(longest * RandomNumberGenerator.GetInt32(1, 1001) / 1000), _time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs work that reads from the network under the time limit.</summary>
    internal async ValueTask<T> WithinTimeAsync<T>(Func<CancellationToken, ValueTask<T>> work, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await work(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {limit.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s", failure);
        }
    }

    /// <summary>What an object is called in messages.</summary>
    internal string UrlOf(string? key) => string.IsNullOrEmpty(key) ? $"s3://{Options.Bucket}" : $"s3://{Options.Bucket}/{key}";

    public void Dispose() => _http.Dispose();

    internal static bool IsOfTheNetwork(Exception error, CancellationToken cancellationToken)
        => error is HttpRequestException or IOException or TimeoutException && !cancellationToken.IsCancellationRequested;

    /// <param name="key">Of which object; null for the bucket.</param>
    /// <param name="error">What the last attempt ended with.</param>
    /// <param name="began">When the first one did, as the clock's timestamp.</param>
    internal LeptonDataException Unreachable(string? key, Exception error, long began)
    {
        string reason = error is HttpRequestException { InnerException: { } inner } ? inner.Message : error.Message;
        // A certificate that does not hold will not hold the next time either.
        bool isRefused = error is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError };
        return new LeptonDataException("storage.s3_unreachable", [UrlOf(key), _origin, reason.TrimEnd('.', ' '), _time.GetElapsedTime(began).TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)], error) { IsTransient = !isRefused };
    }

    // Nobody waits minutes to learn that an address is wrong.
    private TimeSpan TimeLeft(long began) => Options.Timeout - _time.GetElapsedTime(began);

    private async ValueTask<HttpResponseMessage> TryAsync(S3Request request, long began, CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = Sign(request);
        TimeSpan limit = _hasAnswered || TimeLeft(began) is not { Ticks: > 0 } left ? Options.Timeout : left;
        // By the invoker the body of an answer is left unread.
        return await WithinTimeAsync(token => new ValueTask<HttpResponseMessage>(_http.SendAsync(message, token)), limit + TimeSpan.FromSeconds(request.Body.Length >> 16), cancellationToken).ConfigureAwait(false);
    }

    private HttpRequestMessage Sign(S3Request request)
    {
        string path = request.Key is null ? (_bucketPath.Length == 0 ? "/" : _bucketPath) : $"{_bucketPath}/{S3Signature.Encode(request.Key, keepsSlash: true)}";
        string query = string.Join('&', request.Query.OrderBy(part => part.Name, StringComparer.Ordinal).Select(part => $"{S3Signature.Encode(part.Name, keepsSlash: false)}={S3Signature.Encode(part.Value, keepsSlash: false)}"));
        // What is signed is what is sent: .NET's own idea of a well-formed path would undo %7E and dots.
        var uri = new Uri($"{_origin}{path}{(query.Length == 0 ? "" : "?")}{query}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(new HttpMethod(request.Method), uri) { Version = HttpVersion.Version11 };
        if (request.HasBody)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        }
        foreach ((string name, string value) in request.Headers) message.Headers.TryAddWithoutValidation(name, value);
        if (Options.Credentials?.Invoke() is not { } credentials) return message;

        DateTimeOffset now = _time.GetUtcNow() + _serverIsAhead;
        var signed = new List<(string Name, string Value)> { ("host", _host), ("x-amz-content-sha256", S3Signature.Hash(request.Body.Span)), ("x-amz-date", S3Signature.TimeOf(now)) };
        if (credentials.SessionToken is { } token) signed.Add(("x-amz-security-token", token));
        foreach ((string name, string value) in signed.Where(header => header.Name != "host")) message.Headers.TryAddWithoutValidation(name, value);
        message.Headers.Host = _host;
        signed.AddRange(request.Headers);
        message.Headers.TryAddWithoutValidation("Authorization", S3Signature.Authorization(request.Method, path, query, signed, now, Options.Region, credentials));
        return message;
    }

    private async ValueTask<LeptonDataException> RefusalAsync(S3Request request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        int status = (int)response.StatusCode;
        (string Code, string Text)? error = request.Method == "HEAD" ? null : ErrorIn(await ReadBodyAsync(response, ErrorSizeMax, cancellationToken).ConfigureAwait(false));
        string code = error?.Code ?? response.ReasonPhrase ?? "";
        string text = error?.Text ?? "";
        if (code == "NoSuchBucket") return new LeptonDataException(NoBucketCode, [Options.Bucket, _origin]);
        if (code is "SignatureDoesNotMatch" or "InvalidAccessKeyId" && Options.Credentials?.Invoke() is { } key)
        {
            return code == "SignatureDoesNotMatch"
                ? new LeptonDataException("storage.s3_secret_key", [UrlOf(request.Key), key.AccessKeyId, key.Names.SecretAccessKey])
                : new LeptonDataException("storage.s3_access_key", [UrlOf(request.Key), _origin, key.AccessKeyId, key.Names.AccessKeyId]);
        }
        // Another region or another server has it; a signature does not hold there.
        if (status is >= 300 and < 400 || code is "AuthorizationHeaderMalformed" or "PermanentRedirect")
            return new LeptonDataException("storage.s3_elsewhere", [UrlOf(request.Key), _origin, Options.Region, response.Headers.TryGetValues("x-amz-bucket-region", out IEnumerable<string>? regions) ? regions.First() : "?"]);
        // An answer without a body does not say why it refuses.
        DateTimeOffset own = _time.GetUtcNow();
        if (code == "RequestTimeTooSkewed" || (request.Method == "HEAD" && status == 403 && response.Headers.Date is { } date && (date - own - _serverIsAhead).Duration() > s_skewMin))
            return new LeptonDataException("storage.s3_clock", [UrlOf(request.Key), EventTime.FromDateTimeOffset(own), response.Headers.Date is { } said ? EventTime.FromDateTimeOffset(said) : "?"]);
        // 409: another request for the same key is under way.
        bool isTransient = status is 408 or 409 or 429 or 500 or 502 or 503 or 504 || code is "RequestTimeout" or "SlowDown" or "InternalError";
        return Refused(UrlOf(request.Key), code, status, text, isTransient);
    }

    private static T ReadXml<T>(S3Answer answer, byte[] body, Func<byte[], T> read)
    {
        try
        {
            return read(body);
        }
        catch (XmlException failure)
        {
            if (ErrorIn(body) is { } error) throw Refused(answer.Url, error.Code, answer.Status, error.Text, isTransient: error.Code is "InternalError" or "SlowDown");
            throw new LeptonDataException("storage.s3_answer", [answer.Url, failure.Message], failure);
        }
    }

    private static LeptonDataException Refused(string url, string code, int status, string text, bool isTransient)
        => new(isTransient ? "storage.s3_busy" : "storage.s3_refused", [url, code, text.Length == 0 ? $"HTTP {status}" : $"HTTP {status}: {text}"]) { IsTransient = isTransient };

    private static (string Code, string Text)? ErrorIn(byte[] body)
    {
        if (body.Length == 0) return null;
        try
        {
            S3Element error = S3Xml.Read(body, "Error");
            return (error["Code"], error.Values.GetValueOrDefault("Message", ""));
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>All of an answer's body; of one that is longer than it may be, somewhat more than that. A refusal's status says enough without the words of, say, a proxy's page.</summary>
    private async ValueTask<byte[]> ReadBodyAsync(HttpResponseMessage response, int sizeMax, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = new byte[1 << 14];
        while (body.Length <= sizeMax && await WithinTimeAsync(token => stream.ReadAsync(buffer, token), Options.Timeout, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            body.Write(buffer, 0, read);
        }
        return body.ToArray();
    }
}

/// <summary>What to ask of a bucket.</summary>
/// <param name="Method"><c>GET</c>, …</param>
/// <param name="Key">Of which object; null for the bucket.</param>
internal sealed record S3Request(string Method, string? Key)
{
    /// <summary>The query, not encoded.</summary>
    internal IReadOnlyList<(string Name, string Value)> Query { get; init; } = [];

    /// <summary>Further headers, names in lower case; they are signed.</summary>
    internal IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    internal ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Statuses that the caller deals with; all others are errors.</summary>
    internal IReadOnlyList<int> Expected { get; init; } = [200];

    internal bool HasBody => Method is "PUT" or "POST";

    /// <summary>A body that is text.</summary>
    internal static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);
}

/// <summary>What a bucket answered.</summary>
internal sealed class S3Answer(HttpResponseMessage response) : IDisposable
{
    internal HttpResponseMessage Response { get; } = response;

    internal int Status => (int)Response.StatusCode;

    /// <summary>What was asked about.</summary>
    internal required string Url { get; init; }

    /// <summary>Whether an earlier attempt may have taken effect without an answer.</summary>
    internal required bool WasLost { get; init; }

    internal string? Header(string name) => Response.Headers.TryGetValues(name, out IEnumerable<string>? values) || Response.Content.Headers.TryGetValues(name, out values) ? values.First() : null;

    public void Dispose() => Response.Dispose();
}

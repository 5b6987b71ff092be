using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Objects.S3;

/// <summary>What the store makes of a server's answers, good and bad. System tests ask a real server.</summary>
public sealed class S3ObjectStoreTests : IDisposable
{
    private static readonly byte[] s_content = Encoding.UTF8.GetBytes("0123456789");

    private readonly TempFolder _folder = new();
    private readonly FakeS3 _server = new();
    private readonly S3ObjectStore _store;

    public S3ObjectStoreTests() => _store = _server.Store(_folder);

    [OneTimeTearDown]
    public void Dispose()
    {
        _store.Dispose();
        _server.Dispose();
        _folder.Dispose();
    }

    [SetUp]
    public void Empty()
    {
        _server.Objects.Clear();
        _server.Requests.Clear();
        (_server.Now, _server.PageSize, _server.Before, _server.After) = (new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), 1000, _ => null, (_, answer) => answer);
    }

    [Test]
    public async Task PutIfAbsent_NewNameThenAgain_IsWrittenOnce()
    {
        Assert.That(await _store.PutIfAbsentAsync("a/b +城", s_content), Is.True);
        Assert.That(await _store.PutIfAbsentAsync("a/b +城", "other"u8.ToArray()), Is.False);
        ObjectInfo info = (await _store.FindAsync("a/b +城"))!;
        Assert.That((info.SizeBytes, info.Name, _store.Locate(info.Path)), Is.EqualTo((10L, "b +城", "s3://bucket/lake/a/b +城")));
        Assert.That(_server.Requests.First(), Is.EqualTo("PUT /bucket/lake/a/b%20%2B%E5%9F%8E"));
        Assert.That(_server.Objects["lake/a/b +城"].Content, Is.EqualTo(s_content));
    }

    [Test]
    public void Create_ServerThatOverwrites_IsRefusedEachTime()
    {
        _server.Before = request =>
        {
            request.Headers.IfNoneMatch.Clear();
            return null;
        };
        for (int attempt = 0; attempt < 2; attempt++) Assert.That(Assert.Throws<LeptonDataException>(() => Lake.Create(_store))!.Code, Is.EqualTo("storage.no_conditional_put"), $"attempt {attempt}");
    }

    [Test]
    public void Open_ServerThatDoesNotAnswer_EndsWithTheToken()
    {
        using var source = new CancellationTokenSource();
        _server.Before = _ =>
        {
            source.Cancel();
            throw new HttpRequestException("no answer");
        };
        Assert.That(() => Lake.Open(_store, source.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => Lake.Create(_store, source.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Open_PageOfAProxy_IsNoAnswerOfS3()
    {
        _server.Before = _ => FakeS3.Answer(200, "<html>Sign in</html>");
        Assert.That(Assert.Throws<LeptonDataException>(() => Lake.Open(_store))!.Code, Is.EqualTo("storage.s3_answer"));
    }

    [Test]
    public async Task PutIfAbsent_AnswerLostAfterItWon_IsKnownAsItsOwn()
    {
        int puts = 0;
        _server.After = (request, answer) => request.Method == HttpMethod.Put && ++puts == 1 ? throw new HttpRequestException("connection reset") : answer;
        Assert.That(await _store.PutIfAbsentAsync("a", s_content), Is.True);
        Assert.That(puts, Is.EqualTo(2));
    }

    // A server that keeps no metadata: the put seems lost to another writer, and the log holds the very bytes.
    [Test]
    public async Task Commit_AnswerLostAndNoMarkKept_IsKnownByItsBytes()
    {
        int puts = 0;
        _server.Before = request =>
        {
            request.Headers.Remove("x-amz-meta-lepton-put");
            return null;
        };
        _server.After = (request, answer) => request.Method == HttpMethod.Put && ++puts == 1 ? throw new HttpRequestException("connection reset") : answer;
        Snapshot done = await new DeltaTable(_store, "t").CommitAsync(DeltaFixture.Append(null));
        Assert.That((done.Version, puts), Is.EqualTo((0L, 2)));
    }

    [Test]
    public async Task PutIfAbsent_AnswerLostAndAnotherOfEqualContentThere_HasLost()
    {
        await _store.PutIfAbsentAsync("a", s_content);
        int puts = 0;
        _server.Before = request => request.Method == HttpMethod.Put && ++puts == 1 ? FakeS3.Error(500, "InternalError") : null;
        Assert.That(await _store.PutIfAbsentAsync("a", s_content), Is.False);
    }

    [TestCase(503, "SlowDown")]
    [TestCase(500, "InternalError")]
    [TestCase(409, "ConditionalRequestConflict")]
    public async Task Requests_RefusedForAWhile_AreTriedAgain(int status, string code)
    {
        int count = 0;
        _server.Before = _ => ++count < 4 ? FakeS3.Error(status, code) : null;
        Assert.That(await _store.PutIfAbsentAsync("a", s_content), Is.True);
        count = -100;
        LeptonDataException failure = await Refusal.Of("storage.s3_busy", () => _store.PutIfAbsentAsync("b", s_content).AsTask());
        Assert.That((failure.IsTransient, count), Is.EqualTo((true, -96)));
    }

    [Test]
    public async Task Requests_OfAClockThatIsWrong_AreSignedByTheServers()
    {
        _server.Now = DateTimeOffset.UnixEpoch;
        _server.Before = request => request.Headers.GetValues("x-amz-date").Single().StartsWith("19700101T0000", StringComparison.Ordinal) ? null : Dated(FakeS3.Error(403, "RequestTimeTooSkewed"));
        using S3ObjectStore own = _server.Store(_folder);
        Assert.That(await own.PutIfAbsentAsync("a", s_content), Is.True);

        static HttpResponseMessage Dated(HttpResponseMessage answer)
        {
            answer.Headers.Date = DateTimeOffset.UnixEpoch;
            return answer;
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Requests_OfAClockThatTheServerNeverTakes_SayBothTimes(bool hasDate)
    {
        _server.Before = _ =>
        {
            HttpResponseMessage answer = FakeS3.Error(403, "RequestTimeTooSkewed");
            if (hasDate) answer.Headers.Date = DateTimeOffset.UnixEpoch;
            return answer;
        };
        using S3ObjectStore own = _server.Store(_folder, time: new FakeTime());
        LeptonDataException failure = await Refusal.Of("storage.s3_clock", () => own.PutIfAbsentAsync("a", s_content).AsTask());
        Assert.That(failure.Message, Does.Contain("2026-01-02T03:04:05").And.Contain(hasDate ? "1970-01-01T00:00:00" : "?"));
        Assert.That(_server.Requests, Has.Count.EqualTo(hasDate ? 2 : 1));
    }

    // An answer to HEAD has no body, so that the server cannot say why it refuses.
    [Test]
    public async Task Find_WithAClockThatIsWrong_IsSignedByTheServers()
    {
        await _store.PutIfAbsentAsync("a", s_content);
        _server.Now = DateTimeOffset.UnixEpoch;
        _server.Before = request => request.Headers.GetValues("x-amz-date").Single().StartsWith("19700101T0000", StringComparison.Ordinal) ? null : new HttpResponseMessage(HttpStatusCode.Forbidden) { Headers = { Date = DateTimeOffset.UnixEpoch } };
        using S3ObjectStore own = _server.Store(_folder);
        Assert.That((await own.FindAsync("a"))?.SizeBytes, Is.EqualTo(s_content.Length));
    }

    [Test]
    public async Task Find_WithoutRights_IsRefusedAndNoMatterOfTheClock()
    {
        var time = new FakeTime();
        _server.Before = _ => new HttpResponseMessage(HttpStatusCode.Forbidden) { Headers = { Date = time.GetUtcNow() } };
        using S3ObjectStore own = _server.Store(_folder, time: time);
        await Refusal.Of("storage.s3_refused", () => own.FindAsync("a").AsTask());
        Assert.That(_server.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Fetch_AnotherLengthThanTheServerSaidBefore_IsRefused()
    {
        await _store.PutIfAbsentAsync("a", s_content);
        _server.After = (request, answer) =>
        {
            if (request.Method == HttpMethod.Head) answer.Content.Headers.ContentLength = 11;
            return answer;
        };
        await Refusal.Of("storage.s3_answer", async () => (await _store.FetchAsync(["a"])).Dispose());
    }

    [TestCase(403, "AccessDenied", "storage.s3_refused")]
    [TestCase(404, "NoSuchBucket", "storage.s3_no_bucket")]
    [TestCase(301, "PermanentRedirect", "storage.s3_elsewhere")]
    [TestCase(400, "AuthorizationHeaderMalformed", "storage.s3_elsewhere")]
    public async Task Requests_RefusedForGood_AreTriedOnce(int status, string code, string expected)
    {
        _server.Before = _ => FakeS3.Error(status, code);
        await Refusal.Of(expected, () => _store.PutIfAbsentAsync("a", s_content).AsTask());
        Assert.That(_server.Requests, Has.Count.EqualTo(1));
    }

    [TestCase("SignatureDoesNotMatch", "storage.s3_secret_key", "is not that of the access key 'id'; correct the secret key that S3Options.Credentials gives")]
    [TestCase("InvalidAccessKeyId", "storage.s3_access_key", "does not know the access key 'id' (InvalidAccessKeyId); correct the access key that")]
    public async Task Requests_WithAKeyThatDoesNotHold_SayWhichOne(string code, string expected, string words)
    {
        _server.Before = _ => FakeS3.Error(403, code);
        LeptonDataException failure = await Refusal.Of(expected, () => _store.OpenAsync("a").AsTask());
        Assert.That(failure.Message, Does.Contain(words).And.Not.Contain("secret'"));
        Assert.That(_server.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public void FromEnvironment_Keys_KnowTheirVariables()
    {
        const string Id = "LEPTON_TEST_KEY_ID", Secret = "LEPTON_TEST_SECRET";
        Environment.SetEnvironmentVariable(Id, "id");
        Environment.SetEnvironmentVariable(Secret, "secret");
        S3Credentials credentials = S3Credentials.FromEnvironment(Id, Secret);
        Assert.That((credentials.Names.AccessKeyId.English, credentials.Names.SecretAccessKey.English), Is.EqualTo(($"the environment variable {Id}", $"the environment variable {Secret}")));
    }

    [Test]
    public async Task Open_BucketThatIsNotThere_IsNotAnObjectThatIsNotThere()
    {
        Assert.That(await _store.OpenAsync("a"), Is.Null);
        _server.Before = _ => FakeS3.Error(404, "NoSuchBucket");
        await Refusal.Of("storage.s3_no_bucket", () => _store.OpenAsync("a").AsTask());
        Refusal.Of("storage.s3_no_bucket", () => { Lake.Open(_store); });
    }

    [Test]
    public async Task Requests_RefusedWithALongPage_AreWhatTheirStatusSays()
    {
        _server.Before = _ => new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StreamContent(new EndlessStream()) };
        Assert.That(await _store.OpenAsync("a"), Is.Null);
        _server.Before = _ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { Content = new StreamContent(new EndlessStream()) };
        await Refusal.Of("storage.s3_busy", () => _store.OpenAsync("a").AsTask());
    }

    // The clock moves by what a connection that nobody answers takes.
    [Test]
    public async Task Requests_ServerThatNeverAnswered_EndSoonAndSayHowLongTheyTried()
    {
        var time = new FakeTime();
        using S3ObjectStore own = _server.Store(_folder, time: time);
        _server.Before = _ =>
        {
            time.Advance(TimeSpan.FromSeconds(16));
            throw new HttpRequestException("no route");
        };
        LeptonDataException failure = await Refusal.Of("storage.s3_unreachable", () => own.OpenAsync("a").AsTask());
        Assert.That(failure.Message, Does.Contain("could not be reached in 32 s (no route)"));
        Assert.That(_server.Requests, Has.Count.EqualTo(2));

        _server.Before = _ => null;
        await own.OpenAsync("a");
        _server.Requests.Clear();
        _server.Before = _ =>
        {
            time.Advance(TimeSpan.FromSeconds(16));
            throw new HttpRequestException("no route");
        };
        failure = await Refusal.Of("storage.s3_unreachable", () => own.OpenAsync("a").AsTask());
        Assert.That(failure.Message, Does.Contain("in 64 s"));
        Assert.That(_server.Requests, Has.Count.EqualTo(4), "one that answered before is given all attempts");
    }

    [TestCase(0, null, "0123456789")]
    [TestCase(3, 4L, "3456")]
    [TestCase(8, 100L, "89")]
    [TestCase(10, null, "")]
    [TestCase(99, 5L, "")]
    [TestCase(4, 0L, "")]
    public async Task Open_Range_GivesItsBytes(long start, long? length, string expected)
    {
        await _store.PutIfAbsentAsync("a", s_content);
        using var reader = new StreamReader((await _store.OpenAsync("a", start, length))!);
        Assert.That(await reader.ReadToEndAsync(), Is.EqualTo(expected));
    }

    [Test]
    public async Task Reading_WhatIsNotThere_IsNothing()
    {
        Assert.That(await _store.FindAsync("a"), Is.Null);
        Assert.That(await _store.OpenAsync("a"), Is.Null);
        Assert.That(_store.ListAsync("a").ToBlockingEnumerable(), Is.Empty);
        await _store.DeleteAsync("a");
        await Refusal.Of("storage.not_found", async () => (await _store.FetchAsync(["a"])).Dispose());
    }

    [Test]
    public async Task Open_BytesThatStop_AreTakenUpWhereTheyStopped()
    {
        await _store.PutIfAbsentAsync("a", s_content);
        _server.After = (request, answer) => request.Method == HttpMethod.Get ? CutOff(answer, 3) : answer;
        using var reader = new StreamReader((await _store.OpenAsync("a"))!);
        Assert.That(await reader.ReadToEndAsync(), Is.EqualTo("0123456789"));
        Assert.That(_server.Requests.Count(request => request.StartsWith("GET", StringComparison.Ordinal)), Is.EqualTo(4));
    }

    [Test]
    public async Task Open_BytesThatNeverCome_AreAnErrorAndNoEnd()
    {
        await _store.PutIfAbsentAsync("a", s_content);
        _server.After = (request, answer) => request.Method == HttpMethod.Get ? CutOff(answer, 0) : answer;
        using Stream stream = (await _store.OpenAsync("a"))!;
        await Refusal.Of("storage.s3_answer", () => stream.ReadAsync(new byte[10]).AsTask());
    }

    [Test]
    public async Task Open_ObjectReplacedWhileItIsRead_IsRefused()
    {
        await _store.PutIfAbsentAsync("a", s_content);
        _server.After = (request, answer) => request.Method == HttpMethod.Get ? CutOff(answer, 3) : answer;
        using Stream stream = (await _store.OpenAsync("a"))!;
        await stream.ReadExactlyAsync(new byte[3]);
        _server.Objects["lake/a"] = new Stored("abcdefghij"u8.ToArray(), "\"other\"", _server.Now, null);
        await Refusal.Of("storage.s3_changed", () => stream.ReadAsync(new byte[10]).AsTask());
    }

    [Test]
    public async Task Open_ServerThatIgnoresTheRange_IsRefused()
    {
        await _store.PutIfAbsentAsync("a", s_content);
        _server.Before = request =>
        {
            request.Headers.Range = null;
            return null;
        };
        await Refusal.Of("storage.s3_answer", async () => await (await _store.OpenAsync("a", 4, 2))!.DisposeAsync());
    }

    // As many bytes as were asked for, before those that were.
    [Test]
    public async Task Open_ServerThatAnswersWithAnotherRange_IsRefused()
    {
        await _store.PutIfAbsentAsync("a", s_content);
        _server.Before = request =>
        {
            request.Headers.Range = new RangeHeaderValue(3, 4);
            return null;
        };
        await Refusal.Of("storage.s3_answer", async () => await (await _store.OpenAsync("a", 4, 2))!.DisposeAsync());
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(1000)]
    public async Task List_AnyPages_GivesFilesAndFoldersInOrder(int pageSize)
    {
        _server.PageSize = pageSize;
        foreach (string name in (string[])["t/b", "t/a/x", "t/a/y", "t/a-b", "t/城 +", "t", "u/z"]) await _store.PutIfAbsentAsync(name, s_content);
        Assert.That(_store.ListAsync("t").ToBlockingEnumerable().Select(entry => (entry.Path, entry.IsFolder, entry.SizeBytes)), Is.EqualTo(new[] { ("t/a", true, 0L), ("t/a-b", false, 10L), ("t/b", false, 10L), ("t/城 +", false, 10L) }));
        Assert.That(_store.ListAsync("").ToBlockingEnumerable().Select(entry => entry.Path), Is.EqualTo(new[] { "t", "t", "u" }));
        foreach ((string after, string[] expected) in new[] { ("a", new[] { "t/a-b", "t/b", "t/城 +" }), ("a!", ["t/a-b", "t/b", "t/城 +"]), ("a-b", ["t/b", "t/城 +"]), ("c", ["t/城 +"]), ("城", ["t/城 +"]), ("城 +", []) })
            Assert.That(_store.ListAsync("t", after).ToBlockingEnumerable().Select(entry => entry.Path), Is.EqualTo(expected), after);
        Assert.That(_store.Below("t").ListAsync("a").ToBlockingEnumerable().Select(entry => entry.Path), Is.EqualTo(new[] { "a/x", "a/y" }));
    }

    [TestCase("<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;&x;\">]><ListBucketResult><Name>&y;</Name></ListBucketResult>")]
    [TestCase("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><ListBucketResult/>")]
    [TestCase("<html><body>Sign in</body></html>")]
    [TestCase("<ListBucketResult><Contents><Key>lake/a</Key>")]
    [TestCase("<ListBucketResult><Contents><Key>lake/a</Key></Contents></ListBucketResult>")]
    [TestCase("<ListBucketResult><Contents><Key>lake/a</Key><Size>-1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>")]
    [TestCase("<ListBucketResult><Contents><Key>elsewhere</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>")]
    [TestCase("<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>")]
    [TestCase("")]
    public async Task List_AnswerThatIsNoList_IsRefused(string body)
    {
        _server.Before = _ => FakeS3.Answer(200, body);
        await Refusal.Of("storage.s3_answer", () => Task.Run(() => _store.ListAsync("").ToBlockingEnumerable().Count()));
    }

    [Test]
    public async Task List_AnswerWithoutEnd_IsRefusedAtItsLimit()
    {
        _server.Before = _ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new EndlessStream()) };
        await Refusal.Of("storage.s3_answer", () => Task.Run(() => _store.ListAsync("").ToBlockingEnumerable().Count()));
    }

    [TestCase(10)]
    [TestCase(11)]
    [TestCase(35)]
    public async Task Sync_FileThatWasWritten_IsAnObjectInParts(int size)
    {
        using S3ObjectStore store = _server.Store(_folder, partSize: 10);
        byte[] content = Write(store, "t/part 0", size);
        Assert.That(await store.FindAsync("t/part 0"), Is.Not.Null, "it is there for this process");
        await store.SyncAsync(["t/part 0"]);
        await store.SyncAsync(["t/part 0"]);
        Assert.That(_server.Objects["lake/t/part 0"].Content, Is.EqualTo(content));
        Assert.That(_server.OpenUploadCount, Is.Zero);
        Assert.That(_server.Requests.Count(request => request.Contains("partNumber", StringComparison.Ordinal)), Is.EqualTo(size <= 10 ? 0 : (size + 9) / 10));
        using LocalFiles files = await store.FetchAsync(["t/part 0"]);
        Assert.That(await File.ReadAllBytesAsync(files.PathOf("t/part 0")), Is.EqualTo(content));
        Assert.That(_server.Requests.Count(request => request.StartsWith("GET", StringComparison.Ordinal)), Is.Zero, "what was uploaded is a copy already");
    }

    [Test]
    public async Task Sync_PartThatFails_LeavesNoObjectAndNoParts()
    {
        using S3ObjectStore store = _server.Store(_folder, partSize: 10);
        Write(store, "t/a", 35);
        _server.Before = request => request.RequestUri!.Query.Contains("partNumber=2", StringComparison.Ordinal) ? FakeS3.Error(403, "AccessDenied") : null;
        await Refusal.Of("storage.s3_refused", () => store.SyncAsync(["t/a"]).AsTask());
        Assert.That((_server.Objects.Count, _server.OpenUploadCount), Is.EqualTo((0, 0)));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Sync_CompletionWhoseAnswerIsLostOrAnError_IsDoneAllTheSame(bool isLost)
    {
        using S3ObjectStore store = _server.Store(_folder, partSize: 10);
        byte[] content = Write(store, "t/a", 35);
        int completions = 0;
        _server.Before = request => !isLost && IsCompletion(request) && ++completions == 1 ? FakeS3.Error(200, "InternalError") : null;
        _server.After = (request, answer) => isLost && IsCompletion(request) && ++completions == 1 ? throw new HttpRequestException("connection reset") : answer;
        await store.SyncAsync(["t/a"]);
        Assert.That(_server.Objects["lake/t/a"].Content, Is.EqualTo(content));
        Assert.That(completions, Is.EqualTo(2));

        static bool IsCompletion(HttpRequestMessage request) => request.Method == HttpMethod.Post && request.RequestUri!.Query.Contains("uploadId", StringComparison.Ordinal);
    }

    [TestCase("../a")]
    [TestCase("a//b")]
    [TestCase("a/./b")]
    [TestCase("")]
    public void Paths_ThatLeaveTheirFolder_AreRefused(string path) => Assert.Throws<ArgumentException>(() => _store.PutIfAbsentAsync(path, s_content).AsTask().GetAwaiter().GetResult());

    [Test]
    public async Task Requests_Cancelled_EndAtOnce()
    {
        using var stop = new CancellationTokenSource();
        _server.Before = _ =>
        {
            stop.Cancel();
            return FakeS3.Error(503, "SlowDown");
        };
        await Assert.ThrowsAsync<TaskCanceledException>(() => _store.PutIfAbsentAsync("a", s_content, stop.Token).AsTask());
        Assert.That(_server.Requests, Has.Count.EqualTo(1));
    }

    private static byte[] Write(S3ObjectStore store, string path, int size)
    {
        byte[] content = new byte[size];
        new Random(size).NextBytes(content);
        store.MakeFolder(path[..path.LastIndexOf('/')]);
        File.WriteAllBytes(store.PathToWrite(path), content);
        return content;
    }

    private static HttpResponseMessage CutOff(HttpResponseMessage answer, int size)
    {
        byte[] whole = answer.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
        var cut = new StreamContent(new MemoryStream(whole[..Math.Min(size, whole.Length)]));
        foreach ((string name, IEnumerable<string> values) in answer.Content.Headers) cut.Headers.TryAddWithoutValidation(name, values);
        answer.Content = cut;
        return answer;
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)' ');
            return ValueTask.FromResult(buffer.Length);
        }
    }
}

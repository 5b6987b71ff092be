using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.S3;

/// <summary>The store and the lake on a server that checks what is asked of it.</summary>
[TestFixture]
internal sealed class S3ServerTests
{
    private S3Server _server = null!;
    private TestFolder _folder = null!;

    [OneTimeSetUp]
    public void StartServer()
    {
        _folder = new TestFolder();
        _server = S3Server.Shared;
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task PutIfAbsent_SixteenAtOnce_OneWinsEachRound()
    {
        S3ObjectStore[] stores = [.. Enumerable.Range(0, 16).Select(i => _server.Store(_folder[$"cache-{i % 2}"], "race"))];
        for (int round = 0; round < 100; round++)
        {
            bool[] won = await Task.WhenAll(stores.Select((store, i) => Task.Run(() => store.PutIfAbsentAsync($"r/{round}", Encoding.UTF8.GetBytes($"writer {i}")).AsTask())));
            Assert.That(won.Count(each => each), Is.EqualTo(1), $"round {round}");
            using var reader = new StreamReader((await stores[0].OpenAsync($"r/{round}"))!);
            Assert.That(await reader.ReadToEndAsync(), Is.EqualTo($"writer {Array.IndexOf(won, true)}"));
        }
        foreach (S3ObjectStore store in stores) store.Dispose();
    }

    [TestCase("plain")]
    [TestCase("a b+c=d&e?f#g%h")]
    [TestCase("城市/航班 '(1)'.~_")]
    public async Task Objects_OfOddNames_AreWhatWasWritten(string name)
    {
        using S3ObjectStore store = _server.Store(_folder["cache"], $"odd é/{Guid.NewGuid():n}", partSize: 5 << 20);
        byte[] content = RandomNumberGenerator.GetBytes((11 << 20) + 7);
        store.MakeFolder(Path.GetDirectoryName($"x/{name}")!);
        await File.WriteAllBytesAsync(store.PathToWrite($"x/{name}"), content);
        await store.SyncAsync([$"x/{name}"]);
        Assert.That((await store.FindAsync($"x/{name}"))!.SizeBytes, Is.EqualTo(content.Length));
        using S3ObjectStore other = _server.Store(_folder[$"cache-{Guid.NewGuid():n}"], "odd é");
        string path = $"{store.Locate("")["s3://lake-bucket/odd é/".Length..]}/x/{name}";
        using (LocalFiles files = await other.FetchAsync([path])) Assert.That((await File.ReadAllBytesAsync(files.PathOf(path))).AsSpan().SequenceEqual(content));
        using var range = new MemoryStream();
        await using (Stream stream = (await other.OpenAsync(path, 6_000_000, 1000))!) await stream.CopyToAsync(range);
        Assert.That(range.ToArray(), Is.EqualTo(content[6_000_000..6_001_000]));
        Assert.That(store.ListAsync("x").ToBlockingEnumerable().Select(entry => entry.Name), Is.EqualTo(new[] { name.Split('/')[0] }));
        await store.DeleteAsync($"x/{name}");
        Assert.That(await store.FindAsync($"x/{name}"), Is.Null);
    }

    [Test]
    public async Task Requests_WithAWrongKey_AreRefused()
    {
        var options = new S3Options { Bucket = S3Server.Bucket, Endpoint = new Uri(_server.Endpoint), Credentials = () => new S3Credentials(S3Server.Key, "wrong"), CacheFolder = _folder["cache"] };
        using var store = new S3ObjectStore(options, TimeProvider.System);
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(() => store.PutIfAbsentAsync("a", new byte[1]).AsTask()))!;
        Assert.That(refused.Code, Is.EqualTo("storage.s3_secret_key"), refused.Message);
    }

    // Two machines: each has a lake object and a cache of its own.
    [Test]
    public async Task Table_TwoMachinesAppend_HasEveryRowOnce()
    {
        const int Each = 40;
        var schema = new Schema([new Field("who", DataType.Int32), new Field("number", DataType.Int32)]);
        using S3ObjectStore first = _server.Store(_folder["cache-a"], "append"), second = _server.Store(_folder["cache-b"], "append");
        Lake[] lakes = [Lake.Create(first), Lake.Create(second)];
        await Task.WhenAll(lakes.Select((lake, who) => Task.Run(async () =>
        {
            for (int i = 0; i < Each; i++)
            {
                using var builder = new RecordBatchBuilder(schema);
                builder.Column(0).AppendValue(who);
                builder.Column(1).AppendValue(i);
                using RecordBatch batch = builder.Build();
                await lake.AppendRecordsAsync(lake.SystemTable("both"), schema, [batch], new RecordsCommit("WRITE", default));
            }
        })));
        Snapshot snapshot = (await lakes[0].SystemTable("both").ReadAsync())!;
        Assert.That((snapshot.RowCount, snapshot.Version), Is.EqualTo((2L * Each, 2L * Each - 1)));
        var seen = new HashSet<(object?, object?)>();
        await using IRecordBatchReader reader = await lakes[1].ReadRecordsAsync((await lakes[1].SystemTable("both").ReadAsync())!);
        while (await reader.ReadAsync() is { } batch)
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) Assert.That(seen.Add((batch.Column(0).Value(row), batch.Column(1).Value(row))));
        Assert.That(seen, Has.Count.EqualTo(2 * Each));
    }

    [Test]
    public void Project_InABucket_GivesWhatItGivesInAFolder()
    {
        using TestFolder local = SmallProject.Create(), remote = SmallProject.Create();
        remote.Replace("lepton.yaml", "lake: lake", $"lake: s3://{S3Server.Bucket}/demo 例");
        foreach (TestFolder folder in (TestFolder[])[local, remote]) Make(folder);
        Assert.That(Tables(_server.Lepton(remote)), Is.EqualTo(Tables(_server.Lepton(local))));
        Assert.That(DatasetHash(remote), Is.EqualTo(DatasetHash(local)));
        JsonElement verified = _server.Lepton(remote).Done("dataset", "verify", "big_orders", "--output", "json").Json;
        Assert.That((verified.GetProperty("is_sound").GetBoolean(), verified.GetProperty("bytes_are_equal").GetBoolean()), Is.EqualTo((true, true)));
        _server.Lepton(remote).Done("report");
        Assert.That(_server.Lepton(remote).Done("run", "--output", "json").Json.GetProperty("is_unchanged").GetBoolean());
        // Another machine: nothing is in its cache, and it sees the same.
        Assert.That(_server.Lepton(remote, "other-cache").Done("query", "SELECT count(*) AS n FROM datasets.big_orders", "--output", "csv").Out, Is.EqualTo($"n\n{SmallProject.GoodOrderCount}\n"));
        Assert.That(remote.Files("lake"), Is.Empty, "nothing of the lake lies in the project");
    }

    [Test]
    public void Lepton_InABucketWithoutAKey_SaysSoInOneLine()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Replace("lepton.yaml", "lake: lake", $"lake: s3://{S3Server.Bucket}/none");
        Answer answer = _server.Lepton(folder).With("AWS_SECRET_ACCESS_KEY", null).Run("run");
        Assert.That(answer.ErrorLines, Has.Length.EqualTo(1), answer.ToString());
        Assert.That(answer.ErrorLines[0], Does.Contain("AWS_SECRET_ACCESS_KEY"));
    }

    private void Make(TestFolder folder)
    {
        _server.Lepton(folder).Done("run");
        _server.Lepton(folder).Done("apply");
        _server.Lepton(folder).Done("dataset", "create");
    }

    /// <summary>Each table's rows and content hash.</summary>
    internal static string Tables(LeptonProcess lepton)
        => string.Join('\n', lepton.Done("table", "list", "--output", "json").Json.GetProperty("tables").EnumerateArray()
            .Select(table => string.Create(CultureInfo.InvariantCulture, $"{table.GetProperty("name").GetString()} {table.GetProperty("rows").GetInt64()} {table.GetProperty("content_hash").GetString()}")));

    private string? DatasetHash(TestFolder folder) => _server.Lepton(folder).Done("dataset", "describe", "big_orders", "--output", "json").Json.GetProperty("content_hash").GetString();
}

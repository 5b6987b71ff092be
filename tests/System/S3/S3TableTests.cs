using System.Globalization;
using System.Text;
using System.Text.Json;
using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Storage.Runs;
using Lepton.Data.Tests.System.Running;
using Lepton.Data.Tests.System.Storage;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.S3;

/// <summary>Tables in a bucket: written by several, divided, checkpointed, vacuumed, over connections that break.</summary>
[TestFixture]
internal sealed class S3TableTests
{
    private static readonly TableName s_table = TableName.Parse("main.t");

    private TestFolder _folder = null!;
    private S3Server _server = null!;

    [OneTimeSetUp]
    public void StartServer()
    {
        _folder = new TestFolder();
        _server = S3Server.Shared;
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    // Each process has a cache of its own, as two machines have.
    [Test]
    [Category("Torture")]
    public async Task Commit_TwoProcesses_LoseNothingAndKeepApart()
    {
        using S3ObjectStore store = _server.Store(_folder["cache"], "racing");
        await RacingWritersTests.RaceAsync(Lake.Create(store), writer => _server.Environment(_folder[$"cache-{writer}"]), IsTorture ? 400 : 40);
    }

    [Test]
    [Category("Torture")]
    public async Task Commit_ConnectionBrokenAtARequest_NobodyNotices([Values(WireFault.RequestLost, WireFault.AnswerLost, WireFault.AnswerCutOff)] WireFault fault)
    {
        using var wire = new Wire(_server.Endpoint);
        int step = IsTorture ? 1 : 4, failing = 1;
        for (; ; failing += step)
        {
            string prefix = $"broken-{fault}-{failing}";
            wire.RequestCount = 0;
            wire.Request = (request, _) => request == failing ? fault : WireFault.None;
            using (S3ObjectStore store = _server.Store(_folder[$"cache-{prefix}"], prefix, wire: wire))
            {
                ITable table = Lake.Create(store).Table(s_table);
                Snapshot first = await table.CommitAsync(RacingWriter.Change(null, [await FileOfAsync(store, "a", new string('a', 100_000))]));
                await table.CommitAsync(RacingWriter.Change(first, [await FileOfAsync(store, "b", "b")]));
            }
            using (S3ObjectStore store = _server.Store(_folder[$"cache-other-{prefix}"], prefix, wire: wire))
            {
                Snapshot snapshot = (await Lake.Open(store).Table(s_table).ReadAsync())!;
                Assert.That(snapshot.Files.Select(file => file.Path), Is.EqualTo(new[] { "a", "b" }), prefix);
                using LocalFiles files = await store.FetchAsync(["main/t/a", "main/t/b"]);
                Assert.That(await File.ReadAllTextAsync(files.PathOf("main/t/a")), Is.EqualTo(new string('a', 100_000)), prefix);
            }
            if (wire.RequestCount < failing) break;
        }
        Assert.That(failing, Is.GreaterThan(20), "so many requests must be there to break, else the test shows nothing");
    }

    [Test]
    public async Task Table_DividedAndOftenOverwritten_IsReadFromItsCheckpointAndVacuumed()
    {
        const string Prefix = "divided é", Folder = $"{Prefix}/main/t";
        const int Last = 11;
        using S3ObjectStore store = _server.Store(_folder["cache-divided"], Prefix), other = _server.Store(_folder["cache-divided-elsewhere"], Prefix);
        ITable table = Lake.Create(store).Table(s_table);
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, Store = store, AllowedFolders = [store.LocalRoot] });
        using var frontEnd = new DuckDbFrontEnd();
        var hashes = new List<ContentHash?>();
        for (int version = 0; version <= Last; version++)
        {
            Snapshot? current = await table.ReadAsync();
            string sql = $"SELECT i AS id, CASE i % 4 WHEN 0 THEN 'Oslo' WHEN 1 THEN 'it''s/../%20 = 北京?*[x]' WHEN 2 THEN ' ' END AS city FROM generate_series(0, {99 + version}) AS s(i)";
            BoundQuery query = new Binder(frontEnd).Bind(new SqlText(sql), new Inputs().Schemas, AccessContext.Owner);
            IReadOnlyList<DataFile> files = await engine.WriteAsync(query, new Inputs(), new FileTarget(table.RootPath) { PartitionColumns = ["city"] }, Run(), default);
            TableChange change = RacingWriter.Change(current, files) with { Schema = query.Schema, PartitionColumns = ["city"] };
            hashes.Add((await table.CommitAsync(current is null ? change : change with { HasReadTable = true, Removed = current.Files })).ContentHash);
        }
        Assert.That(_server.Keys($"{Folder}/_delta_log/").Select(Path.GetFileName), Is.SupersetOf(new[] { "00000000000000000010.checkpoint.parquet", "_last_checkpoint" }));

        ITable elsewhere = Lake.Open(other).Table(s_table);
        foreach (long version in (long[])[0, 5, Last]) Assert.That(await HashAsync(other, (await elsewhere.ReadAsync(version))!), Is.EqualTo(hashes[(int)version]), $"version {version}");
        // In two months nobody will need the versions before the last.
        VacuumResult vacuumed = await elsewhere.VacuumAsync(new VacuumOptions { Now = EventTime.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddDays(60)), PinnedVersions = [5] });
        Snapshot last = (await table.ReadAsync())!, pinned = (await table.ReadAsync(5))!;
        Assert.That(vacuumed.Files, Has.Count.EqualTo(4 * (Last - 1)));
        Assert.That(_server.Keys($"{Folder}/city="), Is.EquivalentTo(last.Files.Concat(pinned.Files).Select(file => $"{Folder}/{file.Path}")));

        for (int version = 0; version <= 10; version++) File.Delete(_server.FileOf(string.Create(CultureInfo.InvariantCulture, $"{Folder}/_delta_log/{version:d20}.json")));
        using S3ObjectStore third = _server.Store(_folder["cache-divided-third"], Prefix);
        Snapshot read = (await Lake.Open(third).Table(s_table).ReadAsync())!;
        Assert.That((read.Version, await HashAsync(third, read)), Is.EqualTo(((long)Last, hashes[Last])), "from the checkpoint alone, and what the vacuum left");
    }

    [Test]
    public void Lepton_TablesOfABucket_AreListedDescribedAndVacuumed()
    {
        const string Prefix = "tables";
        using TestFolder project = SmallProject.Create();
        project.Replace("lepton.yaml", "lake: lake", $"lake: s3://{S3Server.Bucket}/{Prefix}");
        Json("run");
        project.Replace(SmallProject.OrderFile, "10.00", "11.00");
        Json("run");
        string[] names = [.. Json("table", "list").GetProperty("tables").EnumerateArray().Select(table => table.GetProperty("name").GetString()!)];
        Assert.That(names, Is.EqualTo(new[] { "customer_daily", "customer_daily__quarantine", "customers", "customers__quarantine", "orders", "orders__quarantine" }));
        JsonElement described = Json("table", "describe", "orders");
        Assert.That((described.GetProperty("version").GetInt64(), described.GetProperty("rows").GetInt64(), described.GetProperty("folder").GetString()), Is.EqualTo((1L, (long)SmallProject.GoodOrderCount, $"s3://{S3Server.Bucket}/{Prefix}/main/orders")));
        Assert.That(Json("table", "history", "orders").GetProperty("commits").EnumerateArray().Select(commit => commit.GetProperty("operation").GetString()), Is.EqualTo(new[] { "WRITE", "CREATE TABLE AS SELECT" }));

        // What a run that was killed two months ago left, and another machine took over from.
        using S3ObjectStore store = _server.Store(_folder["cache-tables"], Prefix);
        string[] before = _server.Keys($"{Prefix}/main/orders/part-");
        store.PutIfAbsentAsync("main/orders/part-stray.parquet", Encoding.UTF8.GetBytes("stray")).AsTask().GetAwaiter().GetResult();
        File.SetLastWriteTimeUtc(_server.FileOf($"{Prefix}/main/orders/part-stray.parquet"), TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-60));
        using (RunLock.Take(Lake.Open(store), "run elsewhere"))
        {
            Assert.That(Vacuumed("table", "vacuum", "orders"), Is.EqualTo(new[] { "part-stray.parquet" }), "to look is allowed");
            Answer refused = _server.Lepton(project).Run("table", "vacuum", "orders", "--delete");
            Assert.That((refused.ExitCode, refused.ErrorLines.Length), Is.EqualTo((1, 1)), refused.ToString());
            Assert.That(refused.ErrorLines[0], Does.Contain("run elsewhere"));
            Assert.That(_server.Keys($"{Prefix}/main/orders/part-"), Has.Length.EqualTo(before.Length + 1));
        }
        Assert.That(Vacuumed("table", "vacuum", "orders", "--delete"), Is.EqualTo(new[] { "part-stray.parquet" }));
        Assert.That(_server.Keys($"{Prefix}/main/orders/part-"), Is.EqualTo(before));

        JsonElement Json(params string[] arguments) => _server.Lepton(project).Done([.. arguments, "--output", "json"]).Json;

        string?[] Vacuumed(params string[] arguments) => [.. Json(arguments).GetProperty("files").EnumerateArray().Select(file => file.GetString())];
    }

    private static bool IsTorture => Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 };

    private static RunContext Run() => new(new RunId("20010101T000000-00000000"), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));

    private static async Task<DataFile> FileOfAsync(S3ObjectStore store, string name, string content)
    {
        store.MakeFolder("main/t");
        await File.WriteAllTextAsync(store.PathToWrite($"main/t/{name}"), content);
        return new DataFile(name, content.Length, default, new FileStatistics(1, new Dictionary<string, ColumnStatistics>()), null);
    }

    private static async Task<ContentHash> HashAsync(S3ObjectStore store, Snapshot snapshot)
    {
        using var sum = new ContentSumAccumulator(snapshot.Schema);
        await using IRecordBatchReader reader = await Lake.Open(store).ReadRecordsAsync(snapshot);
        while (await reader.ReadAsync() is { } batch)
            using (batch) sum.Process(batch);
        return ContentHash.Of(snapshot.Schema, sum.Sum);
    }
}

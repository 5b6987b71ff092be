using System.Text;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Objects.S3;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Objects.S3;

/// <summary>Copies of objects: what is read again, what goes, what a crash leaves.</summary>
public sealed class FileCacheTests
{
    private const int Size = 1 << 20;

    [Test]
    public async Task Fetch_Twice_DownloadsOnce()
    {
        using var folder = new TempFolder();
        using var server = new FakeS3();
        using S3ObjectStore store = server.Store(folder), other = server.Store(folder);
        await store.PutIfAbsentAsync("t/a", Encoding.UTF8.GetBytes("content"));
        foreach (S3ObjectStore each in (S3ObjectStore[])[store, store, other])
        {
            using LocalFiles files = await each.FetchAsync(["t/a", "t/a"]);
            Assert.That(await File.ReadAllTextAsync(files.PathOf("t/a")), Is.EqualTo("content"));
            Assert.That(File.GetLastWriteTimeUtc(files.PathOf("t/a")), Is.EqualTo(server.Now.UtcDateTime));
        }
        Assert.That(Downloads(server), Is.EqualTo(1));
    }

    [Test]
    public async Task Find_CacheThatIsAFile_SaysSo()
    {
        using var folder = new TempFolder();
        using var server = new FakeS3();
        folder.Write("cache", "no folder");
        using S3ObjectStore store = server.Store(folder);
        Assert.That((await Refusal.Of("storage.not_a_folder", () => store.FindAsync("a").AsTask())).Message, Does.Contain(folder["cache"]));
    }

    [Test]
    public async Task Fetch_ObjectReplaced_IsTheNewContent()
    {
        using var folder = new TempFolder();
        using var server = new FakeS3();
        using S3ObjectStore store = server.Store(folder);
        await store.PutIfAbsentAsync("a", "old"u8.ToArray());
        using LocalFiles before = await store.FetchAsync(["a"]);
        await store.DeleteAsync("a");
        await store.PutIfAbsentAsync("a", "new"u8.ToArray());
        using LocalFiles files = await store.FetchAsync(["a"]);
        Assert.That((await File.ReadAllTextAsync(before.PathOf("a")), await File.ReadAllTextAsync(files.PathOf("a"))), Is.EqualTo(("old", "new")));
    }

    [Test]
    public async Task Fetch_MoreThanThereIsRoomFor_KeepsWhatIsHeldAndWhatWasUsedLast()
    {
        using var folder = new TempFolder();
        using var server = new FakeS3();
        var time = LaterThanNow();
        using S3ObjectStore store = server.Store(folder, cacheSize: 4 * Size, time: time);
        for (int i = 0; i < 8; i++) await store.PutIfAbsentAsync($"{i}", Content(i));
        using (LocalFiles all = await store.FetchAsync([.. Enumerable.Range(0, 8).Select(i => $"{i}")]))
            for (int i = 0; i < 8; i++) Assert.That(await File.ReadAllBytesAsync(all.PathOf($"{i}")), Is.EqualTo(Content(i)), "what is held stays");
        Assert.That(Kept(folder), Is.LessThanOrEqualTo(4 * Size));

        for (int i = 0; i < 8; i++)
        {
            (await store.FetchAsync(["0"])).Dispose();
            (await store.FetchAsync([$"{i}"])).Dispose();
        }
        int before = Downloads(server);
        (await store.FetchAsync(["0", "7"])).Dispose();
        Assert.That(Downloads(server), Is.EqualTo(before), "used last, so kept");
        Assert.That(Kept(folder), Is.LessThanOrEqualTo(4 * Size));
    }

    [Test]
    public async Task Copies_OfAnySizeReadOrWritten_NeverComeToMoreThanTheBound([Values(1, 2)] int seed)
    {
        const int Bound = 64_000;
        using var folder = new TempFolder();
        using var server = new FakeS3();
        using S3ObjectStore store = server.Store(folder, cacheSize: Bound, time: LaterThanNow());
        var random = new Random(seed);
        long most = 0, all = 0;
        store.MakeFolder("");
        for (int i = 0; i < 100; i++)
        {
            byte[] content = new byte[random.Next(10) == 0 ? random.Next(Bound / 2, Bound * 2) : random.Next(Bound / 20)];
            random.NextBytes(content);
            if (random.Next(2) == 0)
            {
                await File.WriteAllBytesAsync(store.PathToWrite($"{i}"), content);
                await store.SyncAsync([$"{i}"]);
            }
            else
            {
                await store.PutIfAbsentAsync($"{i}", content);
                using LocalFiles files = await store.FetchAsync([$"{i}", $"{random.Next(i + 1)}"]);
                Assert.That(await File.ReadAllBytesAsync(files.PathOf($"{i}")), Is.EqualTo(content), $"seed {seed}");
            }
            all += content.Length;
            most = Math.Max(most, Kept(folder));
        }
        Assert.That(most, Is.InRange(Bound / 2, Bound), $"seed {seed}, {all} bytes in all");
    }

    [Test]
    public async Task Fetch_FileWithoutBytes_IsEmpty()
    {
        using var folder = new TempFolder();
        using var server = new FakeS3();
        using S3ObjectStore store = server.Store(folder);
        server.Objects["lake/a"] = new Stored([], "\"none\"", server.Now, null);
        using LocalFiles files = await store.FetchAsync(["a"]);
        Assert.That(new FileInfo(files.PathOf("a")).Length, Is.Zero);
    }

    [Test]
    public async Task Fetch_CopyCutShort_IsDownloadedAgain()
    {
        using var folder = new TempFolder();
        using var server = new FakeS3();
        using S3ObjectStore store = server.Store(folder);
        await store.PutIfAbsentAsync("a", Content(1));
        (await store.FetchAsync(["a"])).Dispose();
        string copy = Directory.GetFiles(folder["cache/objects"], "*", SearchOption.AllDirectories).Single();
        using (FileStream cut = File.OpenWrite(copy)) cut.SetLength(100);
        using LocalFiles files = await store.FetchAsync(["a"]);
        Assert.That(await File.ReadAllBytesAsync(files.PathOf("a")), Is.EqualTo(Content(1)));
    }

    [Test]
    public async Task Session_OfAProcessThatDied_IsClearedAndALivingOneStays()
    {
        using var folder = new TempFolder();
        using var server = new FakeS3();
        using S3ObjectStore living = server.Store(folder);
        living.MakeFolder("t");
        await File.WriteAllTextAsync(living.PathToWrite("t/a"), "being written");
        string dead = Directory.CreateDirectory(folder["cache/session-dead/write/bucket"]).FullName;
        await File.WriteAllTextAsync(folder["cache/session-dead.lock"], "");

        using S3ObjectStore next = server.Store(folder);
        next.MakeFolder("t");
        Assert.That(Directory.Exists(dead), Is.False);
        Assert.That(File.Exists(living.PathToWrite("t/a")));
        next.Dispose();
        Assert.That(Directory.GetFileSystemEntries(folder["cache"], "session-*"), Has.Length.EqualTo(2), "the living one, and its lock");
    }

    [Test]
    public async Task Copies_BeforeTheyGetTheirName_AreSynced()
    {
        using var folder = new TempFolder();
        using var server = new FakeS3();
        var calls = new OrderOfCalls(folder["cache/objects"]);
        using S3ObjectStore store = server.Store(folder, calls: calls);
        await store.PutIfAbsentAsync("read", Content(1));
        (await store.FetchAsync(["read"])).Dispose();
        store.MakeFolder("");
        await File.WriteAllBytesAsync(store.PathToWrite("written"), Content(2));
        await store.SyncAsync(["written"]);
        Assert.That((calls.Synced, calls.Unsynced), Is.EqualTo((2, 0)));
    }

    // Where a file is read, the system notes its own time as that of its use.
    private static FakeTime LaterThanNow() => new(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(1)) { StepAfterEachLook = TimeSpan.FromSeconds(1) };

    private static byte[] Content(int seed)
    {
        byte[] content = new byte[Size];
        new Random(seed).NextBytes(content);
        return content;
    }

    private static long Kept(TempFolder folder) => !Directory.Exists(folder["cache/objects"]) ? 0 : new DirectoryInfo(folder["cache/objects"]).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static int Downloads(FakeS3 server) => server.Requests.Count(request => request.StartsWith("GET", StringComparison.Ordinal));

    /// <summary>Counts which files in a folder were synced before they got their name there.</summary>
    private sealed class OrderOfCalls(string named) : IFileCalls
    {
        private readonly HashSet<string> _synced = [];

        internal int Synced { get; private set; }

        internal int Unsynced { get; private set; }

        public void MakeFolder(string path) => SystemFileCalls.Instance.MakeFolder(path);

        public void WriteNew(string path, ReadOnlySpan<byte> content) => SystemFileCalls.Instance.WriteNew(path, content);

        public void SyncFile(string path) => _synced.Add(path);

        public void SyncFolder(string path)
        {
        }

        public bool Link(string existing, string name)
        {
            if (name.StartsWith(named, StringComparison.Ordinal)) (Synced, Unsynced) = _synced.Contains(existing) ? (Synced + 1, Unsynced) : (Synced, Unsynced + 1);
            return SystemFileCalls.Instance.Link(existing, name);
        }

        public void Unlink(string path) => SystemFileCalls.Instance.Unlink(path);
    }
}

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
        var time = new FakeTime { StepAfterEachLook = TimeSpan.FromSeconds(1) };
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

    private static byte[] Content(int seed)
    {
        byte[] content = new byte[Size];
        new Random(seed).NextBytes(content);
        return content;
    }

    private static long Kept(TempFolder folder) => new DirectoryInfo(folder["cache/objects"]).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static int Downloads(FakeS3 server) => server.Requests.Count(request => request.StartsWith("GET", StringComparison.Ordinal));
}

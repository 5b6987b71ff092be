using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Objects;

public sealed class LocalObjectStoreTests
{
    private static readonly byte[] s_content = Encoding.UTF8.GetBytes("0123456789");

    [Test]
    public async Task PutIfAbsent_NewName_IsThereWhole()
    {
        using var folder = new TempFolder();
        var store = new LocalObjectStore(folder.Path);
        Assert.That(await store.PutIfAbsentAsync("a/b/城 市", s_content), Is.True);
        ObjectInfo info = (await store.FindAsync("a/b/城 市"))!;
        Assert.That((info.SizeBytes, info.IsFolder, info.Name), Is.EqualTo((10L, false, "城 市")));
        Assert.That(Directory.GetFileSystemEntries(folder["a/b"]), Has.Length.EqualTo(1), "nothing stays aside");
    }

    [Test]
    public async Task PutIfAbsent_NameTaken_LeavesWhatIsThere()
    {
        using var folder = new TempFolder();
        var store = new LocalObjectStore(folder.Path);
        await store.PutIfAbsentAsync("a", s_content);
        Assert.That(await store.PutIfAbsentAsync("a", "other"u8.ToArray()), Is.False);
        Assert.That(await File.ReadAllBytesAsync(folder["a"]), Is.EqualTo(s_content));
    }

    [Test]
    public async Task PutIfAbsent_NameTaken_TheNameIsDurableAllTheSame()
    {
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder["a"], s_content);
        var calls = new RecordingFileCalls(folder.Path);
        Assert.That(await new LocalObjectStore(folder.Path, calls).PutIfAbsentAsync("a", s_content), Is.False);
        calls.AssertAre("""
            write .a.*.tmp
            sync .a.*.tmp
            link a
            sync names in .
            unlink .a.*.tmp
            """);
    }

    [Test]
    public async Task PutIfAbsent_ManyAtOnce_OneWins()
    {
        using var folder = new TempFolder();
        bool[] results = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => Task.Run(async () =>
            await new LocalObjectStore(folder.Path, new UnsyncedFileCalls()).PutIfAbsentAsync("a", Encoding.UTF8.GetBytes($"writer {i}")))));
        Assert.That(results.Count(won => won), Is.EqualTo(1));
        Assert.That(await File.ReadAllTextAsync(folder["a"]), Is.EqualTo($"writer {Array.IndexOf(results, true)}"));
    }

    [TestCase(0, null, "0123456789")]
    [TestCase(3, 4L, "3456")]
    [TestCase(8, 100L, "89")]
    [TestCase(10, null, "")]
    [TestCase(99, 5L, "")]
    [TestCase(4, 0L, "")]
    public async Task Open_Range_GivesItsBytes(long start, long? length, string expected)
    {
        using var folder = new TempFolder();
        var store = new LocalObjectStore(folder.Path);
        await store.PutIfAbsentAsync("a", s_content);
        using var reader = new StreamReader((await store.OpenAsync("a", start, length))!);
        Assert.That(await reader.ReadToEndAsync(), Is.EqualTo(expected));
    }

    [Test]
    public async Task Reading_WhatIsNotThere_IsNothing()
    {
        using var folder = new TempFolder();
        var store = new LocalObjectStore(folder["none"]);
        Assert.That(await store.OpenAsync("a/b"), Is.Null);
        Assert.That(await store.FindAsync("a/b"), Is.Null);
        await foreach (ObjectInfo entry in store.ListAsync("a")) Assert.Fail(entry.Path);
        await store.DeleteAsync("a/b");
    }

    [Test]
    public async Task List_Folder_IsInOrderOfNames()
    {
        using var folder = new TempFolder();
        var store = new LocalObjectStore(folder.Path);
        foreach (string name in new[] { "b", "A", "a/x", "ä" }) await store.PutIfAbsentAsync($"f/{name}", s_content);
        var entries = new List<(string, bool)>();
        await foreach (ObjectInfo entry in store.ListAsync("f")) entries.Add((entry.Path, entry.IsFolder));
        Assert.That(entries, Is.EqualTo(new[] { ("f/A", false), ("f/a", true), ("f/b", false), ("f/ä", false) }));
        Assert.That(store.ListAsync("f", "a").ToBlockingEnumerable().Select(entry => entry.Path), Is.EqualTo(new[] { "f/b", "f/ä" }));
        Assert.That(store.ListAsync("f", "B").ToBlockingEnumerable().Select(entry => entry.Path), Is.EqualTo(new[] { "f/a", "f/b", "f/ä" }));
    }

    // errno as Linux numbers it: what people meet, in words that say what to do.
    [TestCase(30, "storage.read_only", false)]
    [TestCase(28, "storage.disk_full", false)]
    [TestCase(122, "storage.disk_full", false)]
    [TestCase(13, "storage.permission", false)]
    [TestCase(20, "storage.not_a_folder", false)]
    [TestCase(95, "storage.no_links", false)]
    [TestCase(1, "storage.no_links", false)]
    [TestCase(5, "storage.io", false)]
    [TestCase(24, "storage.io", true)]
    [TestCase(11, "storage.io", true)]
    public async Task PutIfAbsent_SystemRefuses_SaysWhatToDo(int error, string code, bool isTransient)
    {
        foreach (string call in new[] { "write", "sync", "link", "folder" })
        {
            using var folder = new TempFolder();
            var store = new LocalObjectStore(folder.Path, new RefusingFileCalls(call, error));
            LeptonDataException failure = await Refusal.Of(code, () => store.PutIfAbsentAsync("a", s_content).AsTask());
            Assert.That(failure.IsTransient, Is.EqualTo(isTransient));
            Assert.That(failure.Message, Does.Contain(folder.Path));
            // Only a failed sync of the folder leaves the name there: the caller is told to look.
            Assert.That(File.Exists(folder["a"]), Is.EqualTo(call == "folder"), call);
            Assert.That(Directory.GetFiles(folder.Path, ".*"), Is.Empty, "what was written aside is gone");
        }
    }

    [Test]
    public async Task PutIfAbsent_FileWhereAFolderBelongs_IsNamed()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["a"], "x");
        LeptonDataException failure = await Refusal.Of("storage.not_a_folder", () => new LocalObjectStore(folder.Path).PutIfAbsentAsync("a/b", s_content).AsTask());
        Assert.That(failure.Message, Does.Contain(folder["a"]));
    }

    [Test]
    public async Task Sync_FileOfAnother_IsTakenAndAMissingOneIsNot()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["x"]);
        await File.WriteAllTextAsync(folder["x/f"], "x");
        var store = new LocalObjectStore(folder.Path);
        await store.SyncAsync(["x/f"]);
        await Refusal.Of("storage.not_found", () => store.SyncAsync(["x/g"]).AsTask());
    }

    // A run's sweep takes what a writer without its lock has aside; the writer must neither report a success nor an error that is none.
    [TestCase(true)]
    [TestCase(false)]
    public async Task PutIfAbsent_AsideFileSwept_IsLostOrRefused(bool isTaken)
    {
        using var folder = new TempFolder();
        var store = new LocalObjectStore(folder.Path, new SweptFileCalls());
        if (isTaken) await File.WriteAllTextAsync(folder["a"], "other");
        if (isTaken) Assert.That(await store.PutIfAbsentAsync("a", s_content), Is.False);
        else await Refusal.Of("storage.not_found", () => store.PutIfAbsentAsync("a", s_content).AsTask());
        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo(isTaken ? [folder["a"]] : Array.Empty<string>()));
    }

    private sealed class SweptFileCalls : IFileCalls
    {
        public void MakeFolder(string path) => SystemFileCalls.Instance.MakeFolder(path);

        public void WriteNew(string path, ReadOnlySpan<byte> content) => SystemFileCalls.Instance.WriteNew(path, content);

        public void SyncFile(string path)
        {
        }

        public void SyncFolder(string path)
        {
        }

        public bool Link(string existing, string name)
        {
            Assert.That(LocalObjectStore.IsAsideName(Path.GetFileName(existing)));
            File.Delete(existing);
            return SystemFileCalls.Instance.Link(existing, name);
        }

        public void Unlink(string path) => SystemFileCalls.Instance.Unlink(path);
    }

    private sealed class RefusingFileCalls(string refused, int error) : IFileCalls
    {
        public void MakeFolder(string path) => SystemFileCalls.Instance.MakeFolder(path);

        public void WriteNew(string path, ReadOnlySpan<byte> content)
        {
            SystemFileCalls.Instance.WriteNew(path, content[..(content.Length / 2)]);
            Refuse("write");
        }

        public void SyncFile(string path) => Refuse("sync");

        public void SyncFolder(string path) => Refuse("folder");

        public bool Link(string existing, string name)
        {
            Refuse("link");
            return SystemFileCalls.Instance.Link(existing, name);
        }

        public void Unlink(string path) => SystemFileCalls.Instance.Unlink(path);

        private void Refuse(string call)
        {
            if (call == refused) throw new IOException("refused", error);
        }
    }
}

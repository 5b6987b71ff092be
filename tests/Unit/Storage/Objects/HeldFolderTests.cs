using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Objects;

public sealed class HeldFolderTests
{
    [Test]
    public void Make_BesideOneInUse_LeavesItAlone()
    {
        using var folder = new TempFolder();
        using HeldFolder first = Make(folder)!;
        File.WriteAllText(Path.Combine(first.Path, "block.tmp"), "spilled");
        using HeldFolder second = Make(folder)!;
        Assert.That(File.Exists(Path.Combine(first.Path, "block.tmp")), Is.True);
        Assert.That(second.Path, Is.Not.EqualTo(first.Path));
    }

    [Test]
    public void Make_WhereAKilledProcessLeftOne_RemovesIt([Values] bool hasLock)
    {
        using var folder = new TempFolder();
        if (hasLock) folder.Write("temp/spill-dead.lock", "");
        folder.Write("temp/spill-dead/block.tmp", "spilled");
        folder.Write("temp/other/kept", "");
        using HeldFolder own = Make(folder)!;
        Assert.That(Directory.GetFileSystemEntries(folder["temp"]), Is.EquivalentTo((string[])[own.Path, own.Path + ".lock", folder["temp/other"]]));
    }

    [Test]
    public void Make_FolderThatCannotBeMade_LeavesNoLock()
    {
        using var folder = new TempFolder();
        Assert.Throws<LeptonDataException>(() => HeldFolder.Make(folder.Path, "spill-", "", static _ => throw new IOException("full")));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void Make_LockTakenAwayMeanwhile_IsTriedUnderAnotherName()
    {
        using var folder = new TempFolder();
        List<string> made = [];
        using HeldFolder own = HeldFolder.Make(folder.Path, "spill-", "", path =>
        {
            Directory.CreateDirectory(path);
            // As by a process that found the new file before it was locked.
            if (made.Count == 0) File.Delete(path + ".lock");
            made.Add(path);
        });
        Assert.That(own.Path, Is.EqualTo(made[1]));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.EquivalentTo((string[])[own.Path, own.Path + ".lock"]));
    }

    [Test]
    public void Dispose_RemovesIt()
    {
        using var folder = new TempFolder();
        Make(folder)!.Dispose();
        Assert.That(Directory.GetFileSystemEntries(folder["temp"]), Is.Empty);
    }

    [Test]
    public void TryMakePrivate_OthersCannotLookIntoIt()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TempFolder();
        using HeldFolder own = Make(folder)!;
        foreach (string path in (string[])[own.Path, folder["temp"]]) Assert.That(File.GetUnixFileMode(path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute), path);
    }

    [Test]
    public void TryMakePrivate_WhereAFileIsInTheWay_IsNull()
    {
        using var folder = new TempFolder();
        folder.Write("temp", "a file");
        Assert.That(Make(folder), Is.Null);
    }

    private static HeldFolder? Make(TempFolder folder) => HeldFolder.TryMakePrivate(folder["temp"], "spill-");
}

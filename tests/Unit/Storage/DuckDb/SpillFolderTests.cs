using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.DuckDb;

public sealed class SpillFolderTests
{
    [Test]
    public void Open_BesideOneInUse_LeavesItAlone()
    {
        using var folder = new TempFolder();
        using SpillFolder first = SpillFolder.TryOpen(folder["temp"])!;
        File.WriteAllText(Path.Combine(first.Path, "block.tmp"), "spilled");
        using SpillFolder second = SpillFolder.TryOpen(folder["temp"])!;
        Assert.That(File.Exists(Path.Combine(first.Path, "block.tmp")), Is.True);
        Assert.That(second.Path, Is.Not.EqualTo(first.Path));
    }

    [Test]
    public void Open_WhereAKilledProcessLeftOne_RemovesIt()
    {
        using var folder = new TempFolder();
        folder.Write("temp/spill-dead/lock", "");
        folder.Write("temp/spill-dead/block.tmp", "spilled");
        using SpillFolder own = SpillFolder.TryOpen(folder["temp"])!;
        Assert.That(Directory.GetDirectories(folder["temp"]), Is.EqualTo((string[])[own.Path]));
    }

    [Test]
    public void Dispose_RemovesIt()
    {
        using var folder = new TempFolder();
        SpillFolder.TryOpen(folder["temp"])!.Dispose();
        Assert.That(Directory.GetFileSystemEntries(folder["temp"]), Is.Empty);
    }

    [Test]
    public void TryOpen_WhereAFileIsInTheWay_IsNull()
    {
        using var folder = new TempFolder();
        folder.Write("temp", "a file");
        Assert.That(SpillFolder.TryOpen(folder["temp"]), Is.Null);
    }
}

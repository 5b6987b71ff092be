using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage;

public sealed class LakeTests
{
    private static readonly Schema s_schema = new([new Field("id", DataType.Int64)]);

    [Test]
    public void Create_NewFolder_IsALakeThatOpens()
    {
        using var folder = new TempFolder();
        Lake lake = Lake.Create(folder["a/lake"]);
        Assert.That(lake.RootPath, Is.EqualTo(folder["a/lake"]));
        Assert.That(File.ReadAllText(folder["a/lake/lepton.json"]), Does.StartWith("""{"formatVersion":1,"createdBy":"Lepton.Data/"""));
        Assert.That(Lake.Open(lake.RootPath).RootPath, Is.EqualTo(lake.RootPath));
        Assert.That(Lake.Create(lake.RootPath).RootPath, Is.EqualTo(lake.RootPath), "a second creation opens it");
    }

    [Test]
    public void Create_FolderWithOtherThings_IsRefused()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder[".DS_Store"], "x");
        Directory.CreateDirectory(folder["pipelines"]);
        Refusal.Of("storage.not_a_lake", () => { Lake.Create(folder.Path); });
        Directory.Delete(folder["pipelines"]);
        Lake.Create(folder.Path);
    }

    [Test]
    public void Create_FileInTheWay_IsRefused()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["lake"], "x");
        Refusal.Of("storage.not_a_folder", () => { Lake.Create(folder["lake"]); });
        Refusal.Of("storage.not_a_folder", () => { Lake.Create(folder["lake/below"]); });
    }

    [Test]
    public void Open_NoLake_IsRefused()
    {
        using var folder = new TempFolder();
        Refusal.Of("storage.no_lake", () => { Lake.Open(folder.Path); });
        Refusal.Of("storage.no_lake", () => { Lake.Open(folder["none"]); });
    }

    [Test]
    public void Open_NewerFormat_IsRefusedWithBothVersions()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["lepton.json"], """{"formatVersion":2,"something":"new"}""");
        LeptonDataException failure = Refusal.Of("storage.lake_newer", () => { Lake.Open(folder.Path); });
        Assert.That(failure.Message, Does.Contain("has format version 2, and this version of the software reads up to 1"));
        Assert.That(failure.MessageIn(System.Globalization.CultureInfo.GetCultureInfo("zh")), Does.Contain("格式版本为 2"));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"formatVersion":"1"}""")]
    [TestCase("""{"formatVersion":0}""")]
    [TestCase("""{"formatVersion":1.5}""")]
    [TestCase("""{"formatVersion":1,"formatVersion":2}""")]
    public void Open_BrokenMarker_IsRefused(string marker)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["lepton.json"], marker);
        Refusal.Of("storage.lake_broken", () => { Lake.Open(folder.Path); });
    }

    [Test]
    public async Task ListTables_SomeFolders_GivesThoseWithACommit()
    {
        using var folder = new TempFolder();
        Lake lake = Lake.Create(folder["lake"]);
        foreach (TableName name in new[] { TableName.Parse("flights"), TableName.Parse("flights").Quarantine, TableName.Parse("ops.sensors") })
            await lake.Table(name).CommitAsync(Creation);
        await lake.SystemTable("runs").CommitAsync(Creation);
        Directory.CreateDirectory(folder["lake/main/not_committed/_delta_log"]);
        Directory.CreateDirectory(folder["lake/main/Not-A-Name/_delta_log"]);
        Assert.That(lake.ListTables().Select(name => name.ToString()), Is.EqualTo(new[] { "flights", "flights__quarantine", "ops.sensors" }));
    }

    [Test]
    public void Folders_OfTables_AreThoseOfTheLayout()
    {
        using var folder = new TempFolder();
        Lake lake = Lake.Create(folder["lake"]);
        Assert.That(lake.Table(TableName.Parse("flights")).RootPath, Is.EqualTo(folder["lake/main/flights"]));
        Assert.That(lake.SystemTable("runs").RootPath, Is.EqualTo(folder["lake/_lepton/runs"]));
        Assert.That(lake.DatasetFolder("late_arrivals"), Is.EqualTo(folder["lake/_lepton/datasets/late_arrivals"]));
        Assert.Throws<ArgumentException>(() => lake.DatasetFolder("../x"));
        Assert.Throws<ArgumentException>(() => lake.SystemTable("a/b"));
    }

    private static TableChange Creation => new() { Base = null, Schema = s_schema, HasReadTable = false, Operation = "CREATE TABLE", CommittedAt = new EventTime(0) };
}

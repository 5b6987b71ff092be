using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>The verbs that look at data: profile, contract infer, diff.</summary>
[TestFixture]
internal sealed class ChecksTests
{
    private TestFolder _folder = null!;

    [OneTimeSetUp]
    public void RunTheProject()
    {
        _folder = SmallProject.Create();
        _folder.Lepton.Done("run");
        _folder.Write("a.csv", "id,amount,at\n1,10,2001-01-01 10:00:00\n2,20,2001-01-01 11:00:00\n3,30,2001-01-01 12:00:00\n");
        _folder.Write("b.csv", "id,amount,at\n1,10,2001-01-01 10:00:00\n2,21,2001-01-01 11:00:00\n4,30,2001-01-01 12:00:00\n");
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Profile_OfFilesThatDiffer_SaysWhichColumnsNotAllHave()
    {
        using var folder = new TestFolder();
        folder.Write("data/1.csv", "id,v\n1,10\n2,20\n").Write("data/2.csv", "id,v,gate\n3,30,x\n");
        Answer answer = folder.Lepton.Done("profile", "data/*.csv");
        Assert.That(answer.Error, Does.Contain("2 files").And.Contain("gate (1)"));
    }

    [Test]
    public void Profile_OfATable_IsTextJsonAndAPage()
    {
        JsonElement profile = _folder.Lepton.Done("profile", "orders", "--output", "json", "--out", _folder["p.html"]).Json;
        Assert.Multiple(() =>
        {
            Assert.That(profile.GetProperty("rows").GetInt64(), Is.EqualTo(SmallProject.GoodOrderCount));
            Assert.That(profile.GetProperty("columns").EnumerateArray().First().GetProperty("nulls").GetInt64(), Is.Zero);
            Assert.That(_folder.Lepton.Done("profile", "orders@0").Out, Does.StartWith($"orders@0: {SmallProject.GoodOrderCount} rows"));
            Assert.That(File.ReadAllText(_folder["p.html"]), Does.StartWith("<!DOCTYPE html>").And.Contain("Profile of orders").And.EndWith("</html>\n"));
            Assert.That(_folder.Lepton.Run("profile", "order").Error, Does.Contain("orders"));
            Assert.That(_folder.Lepton.Run("profile", "orders@7").ExitCode, Is.EqualTo(1));
        });
    }

    [Test]
    public void Profile_OfAFileOutsideAnyProject_NeedsNone()
    {
        using var elsewhere = new TestFolder();
        elsewhere.Write("a.csv", "id,at\n1,2001-01-01 10:00:00\n2,\n");
        Answer answer = elsewhere.Lepton.Done("profile", "a.csv");
        Assert.That(answer.Out, Does.StartWith("a.csv: 2 rows, 2 columns").And.Contain("50 %"));
        Assert.That(answer.Error, Does.Contain("as UTC: at"));
    }

    [Test]
    public void ContractInfer_OfATable_IsYamlToPaste()
        => Assert.That(_folder.Lepton.Done("contract", "infer", "orders").Out, Does.StartWith("# What holds for").And.Contain("\nexpect:\n").And.Contain("_unique: { unique: order_id }"));

    [Test]
    public void Diff_OfTwoFilesByKey_NamesKeysAndValues()
    {
        Answer answer = _folder.Lepton.Done("diff", "a.csv", "b.csv", "--key", "id");
        Assert.Multiple(() =>
        {
            Assert.That(answer.Out, Does.Contain("keys (id): 1 added, 1 removed, 1 changed, 1 equal").And.Contain("  + 4\n  - 3\n").And.Contain("  2: 20 -> 21"));
            Assert.That(_folder.Lepton.Run("diff", "a.csv", "b.csv", "--exit-code").ExitCode, Is.EqualTo(1));
            Assert.That(_folder.Lepton.Run("diff", "a.csv", "a.csv", "--exit-code").ExitCode, Is.Zero);
            JsonElement json = _folder.Lepton.Done("diff", "a.csv", "b.csv", "--output", "json").Json;
            Assert.That((json.GetProperty("rows").GetProperty("added").GetInt64(), json.GetProperty("rows").GetProperty("removed").GetInt64()), Is.EqualTo((2L, 2L)));
            Assert.That(_folder.Lepton.Done("diff", "orders", "orders@0").Out, Does.Contain("orders and orders@0 are equal"));
        });
    }
}

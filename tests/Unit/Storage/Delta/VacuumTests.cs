using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Testing;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>Files and log entries are given their age by hand: the table keeps deleted files for 30 days.</summary>
public sealed class VacuumTests
{
    [Test]
    public async Task Vacuum_FilesReplacedLongAgo_AreDeletedAndYoungerOnesStay()
    {
        using var t = new DeltaFixture();
        await ThreeVersionsAsync(t);
        VacuumResult result = await t.Open().VacuumAsync(new VacuumOptions { Now = Noon });
        // Version 1 was the newest until 20 days ago, version 0 until 40 days ago.
        Assert.That(result.Files, Is.EqualTo(new[] { "k=1/a", "stray" }));
        Assert.That(FilesOf(t), Is.EquivalentTo(new[] { "b", "c", "young" }));
        Assert.That((await t.Open().ReadAsync(1))!.Files.Single().Path, Is.EqualTo("b"));
    }

    [Test]
    public async Task Vacuum_DryRun_DeletesNothing()
    {
        using var t = new DeltaFixture();
        await ThreeVersionsAsync(t);
        VacuumResult result = await t.Open().VacuumAsync(new VacuumOptions { Now = Noon, IsDryRun = true });
        Assert.That(result.Files, Is.EqualTo(new[] { "k=1/a", "stray" }));
        Assert.That(result.SizeBytes, Is.EqualTo("k=1/a".Length + "stray".Length));
        Assert.That(FilesOf(t), Has.Length.EqualTo(5));
    }

    [Test]
    public async Task Vacuum_PinnedVersion_StaysWhole()
    {
        using var t = new DeltaFixture();
        await ThreeVersionsAsync(t);
        VacuumResult result = await t.Open().VacuumAsync(new VacuumOptions { Now = Noon, PinnedVersions = [0, 0] });
        Assert.That(result.Files, Is.EqualTo(new[] { "stray" }));
    }

    [Test]
    public async Task Vacuum_PinOfAVersionThatIsNotThere_DeletesNothing()
    {
        using var t = new DeltaFixture();
        await ThreeVersionsAsync(t);
        await Refusal.Of("storage.no_such_version", () => t.Open().VacuumAsync(new VacuumOptions { Now = Noon, PinnedVersions = [9] }).AsTask());
        Assert.That(FilesOf(t), Has.Length.EqualTo(5));
    }

    [Test]
    public async Task Vacuum_RetentionBelowSevenDays_NeedsToBeMeant()
    {
        using var t = new DeltaFixture();
        await ThreeVersionsAsync(t);
        var options = new VacuumOptions { Now = Noon, Retention = TimeSpan.FromDays(1) };
        await Refusal.Of("storage.vacuum_retention", () => t.Open().VacuumAsync(options).AsTask());
        await t.Open().VacuumAsync(options with { AllowsShortRetention = true });
        Assert.That(FilesOf(t), Is.EquivalentTo(new[] { "c", "young" }));
    }

    // What the command line cannot do is not offered as if it could.
    [Test]
    public async Task Vacuum_TableThatKeepsFilesForADay_SaysWhichPropertyToSet()
    {
        using var t = new DeltaFixture();
        await t.Table.CommitAsync(Append(null, t.File("a")) with { Properties = new Dictionary<string, string> { ["delta.deletedFileRetentionDuration"] = "interval 1 day" } });
        LeptonDataException failure = await Refusal.Of("storage.vacuum_retention", () => t.Open().VacuumAsync(new VacuumOptions { Now = Noon }).AsTask());
        Assert.That(failure.Message, Does.Contain("set delta.deletedFileRetentionDuration to 168 hours").And.Contain("in code").And.Contain("AllowsShortRetention"));
    }

    [Test]
    public void Vacuum_OptionsOutsideTheirRange_AreTheCallersMistake()
    {
        using var t = new DeltaFixture();
        Assert.That(() => t.Table.VacuumAsync(new VacuumOptions { Now = Noon, Retention = TimeSpan.FromTicks(-1), AllowsShortRetention = true }).AsTask(), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contain("Retention"));
        Assert.That(() => t.Table.VacuumAsync(new VacuumOptions { Now = Noon, PinnedVersions = [0, -1] }).AsTask(), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contain("PinnedVersions"));
    }

    [Test]
    public async Task Vacuum_LogAndHiddenFiles_AreNotTouched()
    {
        using var t = new DeltaFixture();
        await ThreeVersionsAsync(t);
        foreach (string name in new[] { ".hidden", "_delta_log/_last", "_other/x", "_p=1/old" }) Age(t, Write(t, name), 100);
        VacuumResult result = await t.Open().VacuumAsync(new VacuumOptions { Now = Noon });
        Assert.That(result.Files, Is.EqualTo(new[] { "_p=1/old", "k=1/a", "stray" }), "a folder that a partition column's value makes is not hidden");
    }

    [Test]
    public async Task Vacuum_SymbolicLinks_AreLeftWithAllBehindThem()
    {
        using var t = new DeltaFixture();
        using var elsewhere = new TempFolder();
        await ThreeVersionsAsync(t);
        string precious = elsewhere["thesis.txt"], live = Path.Join(t.TablePath, "c");
        await File.WriteAllTextAsync(precious, "years of work");
        File.SetLastWriteTimeUtc(precious, DateTime.UnixEpoch);
        // Behind it the live files have names that no version knows.
        Directory.CreateSymbolicLink(Path.Join(t.TablePath, "alias"), t.TablePath);
        Directory.CreateSymbolicLink(Path.Join(t.TablePath, "out"), elsewhere.Path);
        File.CreateSymbolicLink(Path.Join(t.TablePath, "link"), precious);
        VacuumResult result = await t.Open().VacuumAsync(new VacuumOptions { Now = Noon });
        Assert.That(result.Files, Is.EqualTo(new[] { "k=1/a", "stray" }));
        Assert.That((File.Exists(precious), File.Exists(live), File.Exists(Path.Join(t.TablePath, "link"))), Is.EqualTo((true, true, true)));
    }

    [Test]
    public async Task Vacuum_TableThatIsALink_IsRefused()
    {
        using var t = new DeltaFixture();
        await ThreeVersionsAsync(t);
        Directory.Move(t.TablePath, t.TablePath + "-elsewhere");
        Directory.CreateSymbolicLink(t.TablePath, t.TablePath + "-elsewhere");
        await Refusal.Of("storage.linked_folder", () => t.Open().VacuumAsync(new VacuumOptions { Now = Noon }).AsTask());
        Assert.That(Directory.EnumerateFiles(t.TablePath + "-elsewhere", "stray").Count(), Is.EqualTo(1));
    }

    // One of three clocks says that version 0 was the newest until yesterday, two that it was until 60 days ago.
    [TestCase("file")]
    [TestCase("timestamp")]
    [TestCase("deletionTimestamp")]
    public async Task Vacuum_ClocksThatDisagree_TheLatestCounts(string latest)
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")) with { CommittedAt = DaysAgo(60) });
        await t.Table.CommitAsync(Overwrite(first, t.File("b")) with { CommittedAt = DaysAgo(60) });
        foreach (string name in new[] { "a", "b", "_delta_log/00000000000000000000.json" }) Age(t, Path.Join(t.TablePath, name), 60);
        string text = await File.ReadAllTextAsync(t.LogFile(1)), sooner = text.Replace(Clock(60), Clock(1), StringComparison.Ordinal);
        Assert.That(sooner == text, Is.EqualTo(latest == "file"));
        await File.WriteAllTextAsync(t.LogFile(1), sooner);
        Age(t, t.LogFile(1), latest == "file" ? 1 : 60);
        Assert.That((await t.Open().VacuumAsync(new VacuumOptions { Now = Noon })).Files, Is.Empty);
        await File.WriteAllTextAsync(t.LogFile(1), text);
        Age(t, t.LogFile(1), 60);
        Assert.That((await t.Open().VacuumAsync(new VacuumOptions { Now = Noon })).Files, Is.EqualTo(new[] { "a" }), "where all agree");

        string Clock(int days) => $"\"{latest}\":{DaysAgo(days).MicrosecondsSinceEpoch / 1000}";
    }

    [Test]
    public async Task Vacuum_NoTable_SaysSo()
    {
        using var t = new DeltaFixture();
        await Refusal.Of("storage.no_table", () => t.Table.VacuumAsync(new VacuumOptions { Now = Noon }).AsTask());
    }

    [TestCase("interval 2 weeks", 14 * 24)]
    [TestCase("interval 1 day 12 hours", 36)]
    [TestCase("168 HOURS", 168)]
    public void FileRetention_Intervals_AreRead(string text, int hours)
        => Assert.That(ProtocolRules.FileRetention(new Dictionary<string, string> { ["delta.deletedFileRetentionDuration"] = text }, "t"), Is.EqualTo(TimeSpan.FromHours(hours)));

    [TestCase("")]
    [TestCase("interval")]
    [TestCase("interval 1 month")]
    [TestCase("interval -1 days")]
    [TestCase("interval 2000000000 weeks")]
    public void FileRetention_WhatIsNoInterval_IsRefused(string text)
        => Assert.That(Assert.Throws<LeptonDataException>(() => ProtocolRules.FileRetention(new Dictionary<string, string> { ["delta.deletedFileRetentionDuration"] = text }, "t"))!.Code, Is.EqualTo("storage.delta_interval"));

    /// <summary>Version 0 of 60 days ago with a, 1 of 40 days ago with b, 2 of 20 days ago with c; a stray file of 90 days and one of today.</summary>
    private static async Task ThreeVersionsAsync(DeltaFixture t)
    {
        Snapshot last = await CommitAsync(null, "k=1/a", 60);
        last = await CommitAsync(last, "b", 40);
        await CommitAsync(last, "c", 20);
        Age(t, Write(t, "stray"), 90);
        Age(t, Write(t, "young"), 0);

        async Task<Snapshot> CommitAsync(Snapshot? current, string name, int days)
        {
            DataFile file = t.File(name);
            Age(t, Path.Join(t.TablePath, name), days);
            TableChange change = (current is null ? Append(null, file) : Overwrite(current, file)) with { CommittedAt = DaysAgo(days) };
            Snapshot done = await t.Table.CommitAsync(change);
            Age(t, t.LogFile(done.Version), days);
            return done;
        }
    }

    private static EventTime DaysAgo(int days) => new(Noon.MicrosecondsSinceEpoch - (days * 86_400_000_000L));

    private static string Write(DeltaFixture t, string name) => Path.Join(t.TablePath, t.File(name).Path);

    private static void Age(DeltaFixture t, string path, int days)
    {
        Assert.That(path, Does.StartWith(t.TablePath));
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddMicroseconds(DaysAgo(days).MicrosecondsSinceEpoch));
    }

    private static string[] FilesOf(DeltaFixture t)
        => [.. Directory.EnumerateFiles(t.TablePath, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(t.TablePath, file)).Where(file => !file.StartsWith("_delta_log", StringComparison.Ordinal))];
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class OperationTests
{
    private static readonly RowPredicate s_low = RowPredicate.Compare("id", Comparison.LessOrEqual, 10L);

    [Test]
    public async Task Plan_FilesBelowAcrossAndAboveTheBound_AreRemovedRewrittenAndLeft()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "below", 1, 10), Between(t, "across", 5, 15), Between(t, "above", 11, 20)));
        RewritePlan plan = RewritePlan.Of(current, s_low);
        Assert.That(plan.Matching.Select(file => file.Path), Is.EqualTo(new[] { "below" }));
        Assert.That(plan.Mixed.Select(file => file.Path), Is.EqualTo(new[] { "across" }));
        Assert.That(plan.MixedRows.Files, Is.EqualTo(plan.Mixed));
        Snapshot done = await t.Table.CommitAsync(plan.Delete([Between(t, "rest", 11, 15)], Noon));
        Assert.That(done.Files.Select(file => file.Path), Is.EqualTo(new[] { "above", "rest" }));
    }

    [Test]
    public async Task Commit_AppendOutsideWhatWasRead_DoesNotConflict()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 10)));
        TableChange delete = RewritePlan.Of(current, s_low).Delete([], Noon);
        await t.Open().CommitAsync(Append(current, Between(t, "b", 11, 20)));
        Assert.That((await t.Table.CommitAsync(delete)).Files.Select(file => file.Path), Is.EqualTo(new[] { "b" }));
    }

    [Test]
    public async Task Commit_AppendOfRowsThatWouldHaveBeenRead_Conflicts()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 10)));
        await t.Open().CommitAsync(Append(current, Between(t, "b", 10, 20)));
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(RewritePlan.Of(current, s_low).Delete([], Noon)).AsTask());
    }

    [Test]
    public async Task Commit_RemovalOfRowsThatWereRead_Conflicts()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 10), Between(t, "b", 11, 20)));
        // Reads a, removes nothing of it: what it adds rests on a's rows.
        TableChange copy = Append(current, Between(t, "c", 30, 40)) with { HasReadTable = true, ReadRows = s_low };
        await t.Open().CommitAsync(RewritePlan.Of(current, s_low).Delete([], Noon));
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(copy).AsTask());
    }

    [Test]
    public async Task Commit_RowsReadWereOnlyLaidIntoOtherFiles_DoesNotConflict()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 5), Between(t, "b", 6, 10)));
        TableChange copy = Append(current, Between(t, "c", 30, 40)) with { HasReadTable = true, ReadRows = s_low };
        await CompactAsync(t, current, "ab");
        Assert.That((await t.Table.CommitAsync(copy)).Files.Select(file => file.Path), Is.EqualTo(new[] { "ab", "c" }));
    }

    [Test]
    public async Task Commit_RowsReadWereLaidIntoAnotherFileAndRemovedThere_Conflicts()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 5), Between(t, "b", 6, 10)));
        TableChange copy = Append(current, Between(t, "c", 30, 40)) with { HasReadTable = true, ReadRows = s_low };
        TableChange other = copy with { ReadRows = RowPredicate.Compare("id", Comparison.Greater, 50L) };
        Snapshot laid = await CompactAsync(t, current, "ab");
        await t.Open().CommitAsync(RewritePlan.Of(laid, s_low).Delete([], Noon));
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(copy).AsTask());
        Assert.That((await t.Table.CommitAsync(other)).Files.Select(file => file.Path), Is.EqualTo(new[] { "c" }), "rows that were not read may go");
    }

    [Test]
    public async Task Commit_RemovalAfterTheWholeTableWasRead_Conflicts()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 10), Between(t, "b", 11, 20)));
        TableChange count = Append(current, Between(t, "c", 30, 40)) with { HasReadTable = true };
        await t.Open().CommitAsync(RewritePlan.Of(current, s_low).Delete([], Noon));
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(count).AsTask());
    }

    [Test]
    public async Task Commit_FilesToRemoveWereLaidIntoOthers_Conflicts()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 5), Between(t, "b", 6, 10)));
        await CompactAsync(t, current, "ab");
        await Refusal.Of("storage.conflict", () => t.Table.CommitAsync(RewritePlan.Of(current, s_low).Delete([], Noon)).AsTask());
    }

    [Test]
    public async Task Overwrite_FileThatMayReachOutside_IsRefused()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null));
        LeptonDataException refusal = Assert.Throws<LeptonDataException>(() => RewritePlan.Of(current, s_low).Overwrite([Between(t, "a", 5, 11)], [], Noon))!;
        Assert.That(refusal.Code, Is.EqualTo("storage.outside_predicate"));
    }

    [Test]
    public async Task Compaction_SmallFiles_BecomeGroupsOfTheTargetSizeAndLargeOnesStay()
    {
        using var t = new DeltaFixture();
        DataFile[] files = [.. Enumerable.Range(0, 6).Select(i => t.File($"f{i}") with { SizeBytes = i == 3 ? 90 : 40 })];
        foreach (DataFile file in files) System.IO.File.WriteAllBytes(Path.Join(t.TablePath, file.Path), new byte[file.SizeBytes]);
        Snapshot current = await t.Table.CommitAsync(Append(null, files));
        CompactionPlan plan = CompactionPlan.Of(current, targetBytes: 100);
        Assert.That(plan.Groups.Select(group => string.Join(' ', group.Files.Select(file => file.Path))), Is.EqualTo(new[] { "f0 f1", "f2 f4" }), "f3 is large, and f5 is left alone");
        Assert.That(CompactionPlan.Of(current, targetBytes: 100, clusterBy: ["id"]).Groups.Single().Files, Has.Count.EqualTo(6));
    }

    [Test]
    public async Task Compaction_OtherRows_IsRefusedAndNothingIsCommitted()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 5), Between(t, "b", 6, 10)));
        CompactionPlan plan = CompactionPlan.Of(current);
        DataFile other = Between(t, "ab", 1, 10) with { ContentSum = new ContentSum(10, 1) };
        await Refusal.Of("storage.rewrite_differs", () => t.Table.CommitAsync(plan.Commit(plan.Groups, [other], Noon)).AsTask());
        // Without sums the counts must do.
        await Refusal.Of("storage.rewrite_differs", () => t.Table.CommitAsync(plan.Commit(plan.Groups, [Between(t, "ab", 1, 9) with { ContentSum = null }], Noon)).AsTask());
        Assert.That((await t.Table.ReadAsync())!.Version, Is.Zero);
    }

    [Test]
    public async Task Compaction_InTheLog_SaysThatNoDataChanged()
    {
        using var t = new DeltaFixture();
        Snapshot current = await t.Table.CommitAsync(Append(null, Between(t, "a", 1, 5), Between(t, "b", 6, 10)));
        Snapshot done = await CompactAsync(t, current, "ab");
        string[] lines = await System.IO.File.ReadAllLinesAsync(t.LogFile(1));
        Assert.That(lines.Count(line => line.Contains("\"dataChange\":false", StringComparison.Ordinal)), Is.EqualTo(3));
        Assert.That(done.ContentHash, Is.EqualTo(current.ContentHash));
    }

    [Test]
    public async Task Restore_AfterAnOverwriteWithOtherColumns_BringsBackRowsAndColumns()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a"), t.File("b")));
        await t.Table.CommitAsync(Append(first) with { Schema = new Schema([.. Columns.Fields, new Field("more", DataType.Date)]), Transactions = [new TransactionStep("p", null, 5)] });
        Snapshot current = (await t.Table.ReadAsync())!;
        current = await t.Table.CommitAsync(RewritePlan.Of(current, RowPredicate.Everything).Overwrite([t.File("c")], [], Noon));
        Snapshot restored = await t.Table.CommitAsync(RestorePlan.Of(current, first, Noon));
        Assert.That(restored.Version, Is.EqualTo(3));
        Assert.That(restored.Schema, Is.EqualTo(Columns));
        Assert.That(restored.Files.Select(file => file.Path), Is.EquivalentTo(new[] { "a", "b" }));
        Assert.That(restored.ContentHash, Is.EqualTo(first.ContentHash));
        Assert.That(restored.Transactions["p"], Is.EqualTo(5), "progress stays");
    }

    [Test]
    public async Task Restore_FileThatStaysUnderColumnsThatGo_FitsThemAsItDidThen()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        Snapshot current = await t.Table.CommitAsync(Append(first, t.File("b")) with { Schema = new Schema([.. Columns.Fields, new Field("more", DataType.Date)]) });
        Snapshot restored = await t.Table.CommitAsync(RestorePlan.Of(current, first, Noon));
        Assert.That((restored.Schema, restored.Files.Single().Path), Is.EqualTo((Columns, "a")));
    }

    [Test]
    public async Task Restore_FileThatIsGone_IsRefusedByItsName()
    {
        using var t = new DeltaFixture();
        Snapshot first = await t.Table.CommitAsync(Append(null, t.File("a")));
        Snapshot current = await t.Table.CommitAsync(Overwrite(first, t.File("b")));
        System.IO.File.Delete(Path.Join(t.TablePath, "a"));
        await Refusal.Of("storage.missing_file", () => t.Table.CommitAsync(RestorePlan.Of(current, first, Noon)).AsTask());
    }

    [Test]
    public async Task ReadAt_ClocksThatGoBack_CountAsAMillisecondAfterTheirPredecessor()
    {
        using var t = new DeltaFixture();
        Snapshot last = await t.Table.CommitAsync(Append(null) with { CommittedAt = At(0) });
        foreach (int second in new[] { 10, 5, 20 }) last = await t.Table.CommitAsync(Append(last) with { CommittedAt = At(second) });
        Assert.That(await VersionAtAsync(At(0)), Is.Zero);
        Assert.That(await VersionAtAsync(At(9)), Is.Zero);
        Assert.That(await VersionAtAsync(At(10)), Is.EqualTo(1));
        Assert.That(await VersionAtAsync(new EventTime(At(10).MicrosecondsSinceEpoch + 1000)), Is.EqualTo(2), "said to be from second 5");
        Assert.That(await VersionAtAsync(At(1000)), Is.EqualTo(3));
        await Refusal.Of("storage.before_first_version", () => t.Table.ReadAtAsync(At(-1)).AsTask());

        static EventTime At(int second) => new(Noon.MicrosecondsSinceEpoch + (second * 1_000_000L));
        async Task<long> VersionAtAsync(EventTime time) => (await t.Open().ReadAtAsync(time))!.Version;
    }

    private static async Task<Snapshot> CompactAsync(DeltaFixture t, Snapshot current, string name)
    {
        CompactionPlan plan = CompactionPlan.Of(current);
        DataFile all = Between(t, name, 1, 10) with { ContentSum = plan.Groups.Single().ContentSum };
        return await t.Open().CommitAsync(plan.Commit(plan.Groups, [all], Noon));
    }

    /// <summary>A file of one row for each id from <paramref name="min"/> to <paramref name="max"/>.</summary>
    private static DataFile Between(DeltaFixture t, string name, long min, long max)
    {
        long rows = max - min + 1;
        var statistics = new FileStatistics(rows, new Dictionary<string, ColumnStatistics> { ["id"] = new(0, min, max) });
        return t.File(name, rows) with { Statistics = statistics };
    }
}

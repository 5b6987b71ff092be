using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.Delta.Rewrites;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>A crash before and after every write, sync and link of a create, an append, an overwrite, an overwrite by predicate, a delete, an upsert, a compaction and a restore. <see cref="CommitSyncTests"/> has the calls themselves.</summary>
public sealed class CrashTests
{
    private const int StepCount = 8;

    // A checkpoint after each commit takes long; what differs from commit to commit has been crashed without them.
    private static int StepCountWith(bool hasCheckpoints) => hasCheckpoints ? 3 : StepCount;

    [TestCase(false, false, TestName = "Commit_CrashAnywhere_IsThereOrNotAndARerunCompletesOnce")]
    [TestCase(true, false, TestName = "Commit_PowerLossAnywhere_IsThereOrNotAndARerunCompletesOnce")]
    [TestCase(true, true, TestName = "Commit_PowerLossAnywhereAlsoInACheckpoint_IsThereOrNotAndARerunCompletesOnce", Category = "Torture")]
    public async Task Commit_Crash(bool losesPower, bool hasCheckpoints)
    {
        // A third of the points where there are checkpoints, which take long; all of them in `make torture`.
        int step = hasCheckpoints && Environment.GetEnvironmentVariable("LEPTON_TORTURE") is not { Length: > 0 } ? 3 : 1, point = 1;
        for (; ; point += step)
        {
            var calls = new CrashingFileCalls(point);
            Assert.That(await ViolationAsync(calls, losesPower, hasCheckpoints), Is.Null, $"point {point}");
            if (!calls.HasCrashed) break;
        }
        // Commits of at least write, sync, link, sync, unlink, with two or three points each, and two folders made.
        Assert.That(point, Is.GreaterThan(StepCountWith(hasCheckpoints) * 11));
    }

    /// <summary>Runs the commits up to the crash, looks at what is there, and runs them again.</summary>
    /// <returns>What was broken; null for nothing.</returns>
    private static async Task<string?> ViolationAsync(CrashingFileCalls calls, bool losesPower, bool hasCheckpoints)
    {
        using var t = new DeltaFixture();
        int acknowledged = 0;
        try
        {
            DeltaTable table = t.Open(calls);
            for (int step = 1; step <= StepCountWith(hasCheckpoints); step++)
            {
                await RunStepAsync(t, table, step, hasCheckpoints);
                acknowledged = step;
            }
        }
        catch (CrashException)
        {
            // The test goes on as the next process.
        }
        if (losesPower) calls.LosePower();
        try
        {
            Snapshot? found = await t.Open().ReadAsync();
            int done = found?.Transactions.Count ?? 0;
            if (done < acknowledged) return $"{acknowledged} commits were reported as done, and {done} are there";
            if (done > acknowledged + 1) return $"{done} commits are there after {acknowledged}";
            if (Difference(found, done) is { } difference) return difference;
            // Twice: the second time all of it was done before.
            for (int round = 1; round <= 2; round++)
            {
                for (int step = 1; step <= StepCountWith(hasCheckpoints); step++) await RunStepAsync(t, t.Open(), step, hasCheckpoints);
                if (Difference(await t.Open().ReadAsync(), StepCountWith(hasCheckpoints)) is { } left) return $"run {round} again: {left}";
            }
            return null;
        }
        catch (LeptonDataException failure)
        {
            return failure.Message;
        }
    }

    /// <summary>Each step has progress of its own, and is planned from what its predecessor left. The ids of a file are from 1 to its rows.</summary>
    private static async Task RunStepAsync(DeltaFixture t, DeltaTable table, int step, bool hasCheckpoints)
    {
        Snapshot? planned = step == 1 ? null : await table.ReadAsync(step - 2);
        RowPredicate upToTwo = RowPredicate.Compare("id", Comparison.LessOrEqual, 2L);
        TableChange change = step switch
        {
            1 => Append(null, t.File("one", rows: 1)),
            2 => Append(planned, t.File("two", rows: 2)),
            3 => Overwrite(planned!, t.File("three", rows: 3)),
            4 => RewritePlan.Of(planned!, upToTwo).Overwrite([t.File("low", rows: 2)], [t.File("rest", rows: 1)], Noon),
            5 => RewritePlan.Of(planned!, RowPredicate.Compare("id", Comparison.Equal, 2L)).Delete([t.File("lower", rows: 1)], Noon),
            6 => RewritePlan.Of(planned!, RowPredicate.In("id", [7L])).Upsert([t.File("new", rows: 7)], Noon),
            7 => CompactionPlan.Of(planned!) is var plan ? plan.Commit(plan.Groups, [t.File("all", rows: 9) with { ContentSum = plan.Groups.Single().ContentSum }], Noon) : null!,
            _ => RestorePlan.Of(planned!, (await table.ReadAsync(2))!, Noon),
        };
        // Of both later versions then, each on top of the one before.
        if (step == 1 && hasCheckpoints) change = change with { Properties = new Dictionary<string, string> { ["delta.checkpointInterval"] = "1" } };
        await table.CommitAsync(change with { Transactions = [new TransactionStep($"job/{step}", null, 1)] });
    }

    private static string? Difference(Snapshot? snapshot, int done)
    {
        string expected = done switch { 0 => "", 1 => "one", 2 => "one two", 3 => "three", 4 => "rest low", 5 => "rest lower", 6 => "rest lower new", 7 => "all", _ => "three" };
        string actual = string.Join(' ', snapshot?.Files.Select(file => file.Path) ?? []);
        long version = snapshot?.Version ?? -1;
        return actual == expected && version == done - 1 ? null : $"version {version} holds '{actual}', not '{expected}'";
    }
}

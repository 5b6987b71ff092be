using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Runs;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>What keeps a run right while others are at work beside it.</summary>
internal sealed class RunGuardTests
{
    [Test]
    public async Task Run_ItsLeaseIsLostWhileAStepRuns_NoOtherStepBegins()
    {
        await using var project = new ProjectFixture();
        project.Csv("src", "id\n1\n");
        project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv } }\nsteps: { a: { sql: SELECT id FROM src }, b: { sql: SELECT id FROM a } }");
        project.Reopen(inner => new FaultyObjectStore(inner, failingCall: 0, failsAfter: false, () => new InvalidOperationException()) { HeldBy = "this machine" });
        project.OnProgress = progress =>
        {
            // It slept for a minute: another machine's run may be under way.
            if (progress is { Step: "a", Activity: "jobs.done" }) project.Time.Advance(TimeSpan.FromSeconds(61));
        };
        await Refusal.Of("storage.lock_lost", () => project.RunAsync());
        Assert.That((await project.SnapshotAsync("a"), await project.SnapshotAsync("b")), Is.EqualTo((await project.SnapshotAsync("a"), (object?)null)));
        Assert.That(await project.SnapshotAsync("a"), Is.Not.Null);
    }

    [Test]
    public async Task Schedule_OneStepEndsTheRun_WhatIsUnderWayIsCancelled()
    {
        var place = new SourcePlace("p.yaml");
        BoundStep[] steps = [.. new[] { "a", "b" }.Select(name =>
        {
            var step = new StepDefinition { Name = name, Place = place, Sql = new SqlText("SELECT 1 AS n") };
            return new BoundStep(new StepNode(new PipelineDefinition { Name = "p", Place = place, Steps = [step] }, step, []), null!, null, [], Schema.Empty, null, "") { Lineage = null! };
        })];
        var isUnderWay = new TaskCompletionSource();
        bool isCancelled = false;
        Task run = StepSchedule.RunAsync(
            steps, 2,
            async (step, stop) =>
            {
                if (step == steps[0])
                {
                    await isUnderWay.Task;
                    throw new InvalidOperationException("it ends");
                }
                isUnderWay.SetResult();
                try
                {
                    await Task.Delay(TimeSpan.FromSeconds(30), TimeProvider.System, stop);
                }
                catch (OperationCanceledException)
                {
                    isCancelled = true;
                    throw;
                }
            },
            CancellationToken.None);
        Assert.That(async () => await run, Throws.InvalidOperationException.With.Message.EqualTo("it ends"));
        Assert.That(isCancelled);
    }

    // Wherever the commit of another falls: what is said of the table is all of one version.
    [Test]
    public async Task Read_ATableThatIsWrittenMeanwhile_IsOfOneVersion()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        await project.RunWellAsync();
        Lake plain = project.Lake;
        int call = 0;
        for (bool isWritten = true; isWritten;)
        {
            call++;
            isWritten = false;
            int before = int.MaxValue;
            var store = new FaultyObjectStore(new LocalObjectStore(plain.RootPath), failingCall: 0, failsAfter: false, () => new InvalidOperationException())
            {
                Before = number =>
                {
                    if (isWritten || number < (long)before + call) return;
                    isWritten = true;
                    Assert.That(project.RunAsync(isFullRefresh: true).GetAwaiter().GetResult().IsComplete);
                },
            };
            Lake lake = Lake.Open(store);
            before = store.CallCount;
            TableState state = await TableState.ReadAsync(lake, TableName.Parse("orders"), CancellationToken.None);
            Assert.That((state.MadeBy!.Step.Version, state.Commit!.Version, state.RowsVersion), Is.EqualTo(((long?)state.Snapshot!.Version, state.Snapshot.Version, (long?)state.Snapshot.Version)), $"written before call {call}");
        }
        Assert.That(call, Is.GreaterThan(3), "calls between which something was written");
    }

    // A rule that looks at a mean of floating-point numbers decides which rows there are, and means depend on the order of rows.
    [Test]
    public async Task Run_ARuleThatLooksAtInexactValues_LeavesTheTableAndItsReadersWithoutAHash()
    {
        await using var project = new ProjectFixture();
        project.Csv("src", "id,x\n1,1.0\n2,2.0\n3,3.0\n");
        project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv, columns: { id: { type: BIGINT }, x: { type: DOUBLE } } } }
            steps:
              all_of_them: { sql: "SELECT id, x FROM src" }
              low:
                sql: SELECT id FROM src
                expect: { below: { sql: id < (SELECT avg(x) FROM all_of_them) + 0.5 } }
              readers: { sql: SELECT count(*) AS n FROM low }
            """);
        RunRecord run = await project.RunWellAsync();
        Assert.That(
            run.Steps.Select(step => (step.Name, step.RowsQuarantined, step.RowsAreInexact, step.ContentHash is null)),
            Is.EqualTo(new (string, long?, bool, bool)[] { ("all_of_them", 0, false, false), ("low", 1, true, true), ("readers", 0, true, true) }));
        Assert.That((await project.SnapshotAsync("low__quarantine"))!.ContentHash, Is.Null);
    }
}

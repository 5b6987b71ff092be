using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

[TestFixture]
internal sealed class RunTests
{
    private const string Pipeline = ProjectFixture.ShopPipeline;

    private ProjectFixture _project = null!;

    [SetUp]
    public void SetUp()
    {
        _project = ProjectFixture.Shop();
    }

    [TearDown]
    public async Task TearDown() => await _project.DisposeAsync();

    [Test]
    public async Task Run_TheFirstTime_MakesTablesQuarantineAndRecord()
    {
        RunRecord run = await _project.RunWellAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(await _project.RowsAsync("orders"), Is.EqualTo(new[] { "1|10", "3|20" }));
            Assert.That(await _project.RowsAsync("totals"), Is.EqualTo(new[] { "2|30" }));
            Assert.That((run.Number, run.State, run.Pipeline), Is.EqualTo((1L, RunState.Finished, "shop")));
            Assert.That(run.Steps.Select(step => (step.Name, step.State, step.Reason, step.RowsOut, step.Version)), Is.EqualTo(new[] { ("orders", StepState.Done, "new", (long?)2L, (long?)0L), ("totals", StepState.Done, "new", 1L, 0L) }));
            Assert.That(run.Sources.Single().Files.Single().Path, Is.EqualTo("data/src.csv"));
            Assert.That((run.Sources.Single().RowCount, run.Steps[0].Inputs.Single().RowCount, run.Steps[1].Inputs.Single().Version), Is.EqualTo(((long?)3L, (long?)3L, (long?)0L)));
            Assert.That(run.Steps[1].Lineage.Single(column => column.Column == "amount").Values, Is.EqualTo(new[] { "orders.amount" }));
            Assert.That(run.Steps[0].ContentHash, Is.EqualTo((await _project.SnapshotAsync("orders"))!.ContentHash.ToString()));
            Assert.That((await _project.SnapshotAsync("orders"))!.Transactions["shop/orders"], Is.EqualTo(1));
        });
        RunRecord read = (await new RunLog(_project.Lake).ReadAsync()).Single();
        Assert.That(RunText.Of(read), Is.EqualTo(RunText.Of(run)), "what is read back is what was done");
    }

    [Test]
    public async Task Run_RowsThatBreakARule_AreToldOfAsRowsForQuarantine()
    {
        await _project.RunWellAsync();
        Assert.That(_project.Progress.Where(report => report.Step == "orders" && report.Rows is not null).Select(report => (report.Activity, report.Rows)), Is.EqualTo(new[]
        {
            ("jobs.checking", (long?)3), ("jobs.quarantining", 1), ("jobs.writing", 2), ("jobs.committing", 3), ("jobs.done", 2),
        }));
    }

    [Test]
    public async Task Run_Again_ChangesNothing()
    {
        RunRecord first = await _project.RunWellAsync();
        RunSummary second = await _project.RunAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(second.IsUnchanged, Is.True);
            Assert.That(second.Runs.Single().Number, Is.EqualTo(2));
            Assert.That(second.Runs.Single().Steps.Select(step => (step.State, step.RowsOut, step.RowsQuarantined, step.Version)), Is.EqualTo(first.Steps.Select(step => (StepState.Unchanged, step.RowsOut, step.RowsQuarantined, step.Version))));
            Assert.That((await _project.SnapshotAsync("orders"))!.Version, Is.Zero);
            Assert.That(second.Runs.Single().Steps[0].Rules.Single().BrokenRowCount, Is.EqualTo(1), "what was found stays known");
        });
    }

    [TestCase("touch")]
    [TestCase("copy")]
    [TestCase("comment")]
    [TestCase("layout")]
    [TestCase("description")]
    [TestCase("source renamed file")]
    public async Task Run_AfterAChangeThatMeansNothing_ChangesNothing(string change)
    {
        await _project.RunWellAsync();
        string csv = _project.Folder["data/src.csv"];
        switch (change)
        {
            case "touch": File.SetLastWriteTimeUtc(csv, File.GetLastWriteTimeUtc(csv).AddHours(1)); break;
            case "copy": File.WriteAllText(csv, File.ReadAllText(csv)); break;
            case "comment": _project.Pipeline(Pipeline.Replace("SELECT id, amount", "SELECT id, -- which\n      amount", StringComparison.Ordinal)); break;
            case "layout": _project.Pipeline(Pipeline.Replace("SELECT count(*) AS orders, sum(amount) AS amount FROM orders", "select  COUNT(*)  as orders,sum(amount) AS amount from orders", StringComparison.Ordinal)); break;
            case "description": _project.Pipeline(Pipeline.Replace("  totals:\n", "  totals:\n    description: all\n", StringComparison.Ordinal)); break;
            default:
                File.Move(csv, _project.Folder["data/new.csv"]);
                _project.Pipeline(Pipeline.Replace("src.csv", "new.csv", StringComparison.Ordinal));
                break;
        }
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    [TestCase("file", "input:src", "input:orders")]
    [TestCase("sql", "plan", "input:orders")]
    [TestCase("rule", "plan", "input:orders")]
    [TestCase("rule name", "plan", "input:orders")]
    [TestCase("column type", "plan", "plan")]
    [TestCase("last step", null, "plan")]
    public async Task Run_AfterAChange_DoesWhatRestsOnItAndSaysWhy(string change, string? first, string? second)
    {
        await _project.RunWellAsync();
        switch (change)
        {
            case "file": _project.Csv("src", "id,amount\n1,10\n2,-5\n3,21\n"); break;
            case "sql": _project.Pipeline(Pipeline.Replace("FROM src", "FROM src WHERE id < 3", StringComparison.Ordinal)); break;
            case "rule": _project.Pipeline(Pipeline.Replace("amount > 0", "amount > 10", StringComparison.Ordinal)); break;
            case "rule name": _project.Pipeline(Pipeline.Replace("positive:", "above_zero:", StringComparison.Ordinal)); break;
            case "column type": _project.Pipeline(Pipeline.Replace("path: data/src.csv", "path: data/src.csv, columns: { amount: { type: INTEGER } }", StringComparison.Ordinal)); break;
            default: _project.Pipeline(Pipeline.Replace("count(*) AS orders", "count(*) + 1 AS orders", StringComparison.Ordinal)); break;
        }
        IReadOnlyList<PlannedStep> planned = await _project.PlanAsync();
        RunRecord run = await _project.RunWellAsync();
        Assert.Multiple(() =>
        {
            Assert.That(run.Steps.Select(step => step.Reason), Is.EqualTo(new[] { first, second }));
            Assert.That(planned.Select(step => (step.WillRun, step.Reason)), Is.EqualTo(run.Steps.Select(step => (step.Reason is not null, step.Reason))), "the plan says the same");
        });
    }

    [Test]
    public async Task Run_WithFullRefresh_DoesEverythingAndComesToTheSame()
    {
        RunRecord first = await _project.RunWellAsync();
        RunSummary second = await _project.RunAsync(isFullRefresh: true);
        Assert.That(second.Runs.Single().Steps.Select(step => (step.State, step.Reason, step.Version, step.ContentHash)), Is.EqualTo(first.Steps.Select(step => (StepState.Done, "full_refresh", (long?)1L, step.ContentHash))));
        Assert.That((await _project.SnapshotAsync("orders__quarantine"))!.ContentHash, Is.EqualTo((await _project.Lake.Table(TableName.Parse("orders__quarantine")).ReadAsync(0))!.ContentHash), "the run's name is not content");
    }

    [Test]
    public async Task Run_AForeignCommit_StopsTheStepUntilAFullRefresh()
    {
        await _project.RunWellAsync();
        ITable table = _project.Lake.Table(TableName.Parse("orders"));
        Snapshot current = (await table.ReadAsync())!;
        await table.CommitAsync(new TableChange { Base = current, Schema = current.Schema, Removed = current.Files, HasReadTable = true, Operation = "DELETE", CommittedAt = current.CommittedAt });
        RunSummary stopped = await _project.RunAsync();
        Assert.Multiple(() =>
        {
            Assert.That(stopped.Failures.Single().Error.Code, Is.EqualTo("jobs.foreign_commit"));
            Assert.That(stopped.FailureKind, Is.EqualTo(ErrorKind.Failed));
            Assert.That(stopped.Runs.Single().Steps.Select(step => step.State), Is.EqualTo(new[] { StepState.Failed, StepState.Skipped }));
        });
        Assert.That((await _project.RunAsync(isFullRefresh: true)).IsComplete, Is.True);
        Assert.That(await _project.RowsAsync("orders"), Is.EqualTo(new[] { "1|10", "3|20" }));
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    [Test]
    public async Task Run_AFailedStep_StopsWhatDependsOnItAndLetsTheRestFinish()
    {
        _project.Pipeline("""
            pipeline: shop
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              bad: { sql: "SELECT CAST('x' || id AS BIGINT) AS id FROM src" }
              after: { sql: SELECT id FROM bad }
              good: { sql: SELECT id FROM src }
            """);
        RunSummary summary = await _project.RunAsync();
        RunRecord run = summary.Runs.Single();
        Assert.Multiple(async () =>
        {
            Assert.That(run.State, Is.EqualTo(RunState.Failed));
            Assert.That(run.Steps.Select(step => (step.Name, step.State, step.Reason)), Is.EqualTo(new[] { ("bad", StepState.Failed, null), ("after", StepState.Skipped, "after:bad"), ("good", StepState.Done, (string?)"new") }));
            Assert.That(run.Steps[0].Error, Is.Not.Empty);
            Assert.That(await _project.RowsAsync("good"), Has.Length.EqualTo(3));
            Assert.That(await new RunLog(_project.Lake).PublishedVersionsAsync(), Is.Empty, "a failed run publishes nothing");
        });
    }

    [Test]
    public async Task PublishedVersions_AreThoseOfTheNewestFinishedRun()
    {
        await _project.RunWellAsync();
        _project.Csv("src", "id,amount\n1,10\n");
        await _project.RunWellAsync();
        // The third run fails after it has made the table: readers stay with the second.
        _project.Csv("src", "id,amount\n1,10\n2,11\n");
        _project.Pipeline(Pipeline.Replace("sum(amount) AS amount", "CAST('x' || sum(amount) AS BIGINT) AS amount", StringComparison.Ordinal));
        Assert.That((await _project.RunAsync()).IsComplete, Is.False);
        IReadOnlyDictionary<TableName, long> published = await new RunLog(_project.Lake).PublishedVersionsAsync();
        Assert.That(published.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value), Is.EqualTo(new Dictionary<string, long> { ["orders"] = 1, ["orders__quarantine"] = 1, ["totals"] = 1 }));
        Assert.That((await _project.SnapshotAsync("orders"))!.Version, Is.EqualTo(2));
    }

    [Test]
    public async Task Run_RulesTakenAway_EmptyTheQuarantine()
    {
        await _project.RunWellAsync();
        _project.Pipeline(Pipeline.Replace("    expect: { positive: { sql: amount > 0 } }\n", "", StringComparison.Ordinal));
        await _project.RunWellAsync();
        Assert.That(await _project.RowsAsync("orders__quarantine"), Is.Empty);
        Assert.That(await _project.RowsAsync("orders"), Has.Length.EqualTo(3));
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    [Test]
    public async Task Run_WhileAnotherRuns_SaysSo()
    {
        using var hold = RunLock.Take(_project.Lake, "run of a test");
        LeptonDataException refused = Assert.Catch<LeptonDataException>(() => _project.RunAsync().GetAwaiter().GetResult())!;
        Assert.That(refused.Code, Is.EqualTo("storage.run_in_progress"));
        Assert.That(refused.Message, Does.Contain("run of a test"));
        hold.Dispose();
        Assert.That((await _project.RunAsync()).IsComplete, Is.True);
    }

    [Test]
    public async Task Run_ADeadRun_IsBuriedWithItsFilesAndNoOthers()
    {
        RunRecord first = await _project.RunWellAsync();
        var log = new RunLog(_project.Lake);
        RunRecord dead = first with { RunId = "20260102T030406-deadbeef", Number = 2, State = RunState.Running, FinishedAt = null };
        await log.BeginAsync(dead, 1);
        string folder = _project.Folder["lake/main/orders"];
        string leftover = Path.Combine(folder, $"part-{dead.RunId}-0123.parquet");
        string foreign = Path.Combine(folder, "part-of-another-program.parquet");
        File.WriteAllText(leftover, "half");
        File.WriteAllText(foreign, "theirs");
        RunSummary next = await _project.RunAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(next.IsUnchanged, Is.True);
            Assert.That(next.Runs.Single().Number, Is.EqualTo(3));
            Assert.That(File.Exists(leftover), Is.False);
            Assert.That(File.Exists(foreign), Is.True);
            Assert.That((await log.ReadAsync()).Select(run => run.State), Is.EqualTo(new[] { RunState.Finished, RunState.Abandoned, RunState.Finished }));
            Assert.That(await _project.RowsAsync("orders"), Has.Length.EqualTo(2), "committed files stay");
        });
    }

    // Which rows LIMIT keeps is the machine's choice, so no hash may promise them; and so for what is made of them.
    [Test]
    public async Task Run_RowsThatRestOnTheirOrder_HaveNoContentHashNorHasWhatReadsThem()
    {
        _project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv } }\nsteps:\n  few: { sql: SELECT id FROM src LIMIT 2 }\n  more: { sql: SELECT id FROM few }\n  all_of_them: { sql: SELECT id FROM src }\n");
        RunRecord first = await _project.RunWellAsync();
        RunRecord second = (await _project.RunAsync()).Runs.Single();
        Assert.Multiple(async () =>
        {
            Assert.That(first.Steps.Select(step => (step.Name, step.RowsAreInexact, step.ContentHash is null)), Is.EqualTo(new[] { ("few", true, true), ("more", true, true), ("all_of_them", false, false) }));
            Assert.That((await _project.SnapshotAsync("more"))!.ContentHash, Is.Null);
            Assert.That(second.Steps.Select(step => (step.State, step.RowsAreInexact)), Is.EqualTo(new[] { (StepState.Unchanged, true), (StepState.Unchanged, true), (StepState.Unchanged, false) }));
        });
    }

    [Test]
    public async Task Run_ColumnsThatFloatSumsFlowInto_AreNamedAndLeftOutOfTheHash()
    {
        _project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv } }\nsteps:\n  totals: { sql: 'SELECT count(*) AS n, sum(CAST(amount AS DOUBLE)) AS total FROM src' }\n  next: { sql: 'SELECT n + 1 AS n, total / 2 AS half FROM totals' }\n");
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Select(step => (string.Join(',', step.InexactColumns), step.ContentHash is null)), Is.EqualTo(new[] { ("total", false), ("half", false) }));
    }

    [Test]
    public async Task Run_ARenamedColumn_KeepsTheNameOfItsSource()
    {
        _project.Csv("src", "the id,amount\n1,10\n");
        _project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv, columns: { amount: { description: in cents } } } }\nsteps:\n  raw: { sql: SELECT * FROM src }\n  next: { sql: 'SELECT the_id, the_id AS other, amount FROM raw' }\n");
        await _project.RunWellAsync();
        Schema schema = (await _project.SnapshotAsync("next"))!.Schema;
        Assert.That(schema.Fields.Select(field => $"{field.Name}: {field.Metadata[FieldMetadata.SourceNameKey]} {field.Metadata[FieldMetadata.CommentKey]}"), Is.EqualTo(new[] { "the_id: the id ", "other:  ", "amount:  in cents" }));
    }

    [Test]
    public async Task Run_BeforeItWritesAnything_StandsInTheLogWithItsPlan()
    {
        RunRecord? seen = null;
        _project.OnProgress = progress =>
        {
            if (progress is { Step: "orders", Activity: "jobs.computing" }) seen = new RunLog(Lake.Open(_project.Lake.RootPath)).ReadAsync().AsTask().GetAwaiter().GetResult().Single();
        };
        RunRecord run = await _project.RunWellAsync();
        Assert.That((seen!.RunId, seen.Number, seen.State, seen.FinishedAt), Is.EqualTo((run.RunId, 1L, RunState.Running, (EventTime?)null)));
        Assert.That(seen.Steps.Select(step => (step.Name, step.State, step.PlanHash)), Is.EqualTo(run.Steps.Select(step => (step.Name, StepState.Planned, step.PlanHash))));
        Assert.That(seen.Sources.Single().Files, Is.EqualTo(run.Sources.Single().Files));
    }

    // Another program commits at the last moment: the quarantine is there by then, the table is not, and nothing of ours lies about.
    [Test]
    public async Task Run_ACommitOfAnotherAtTheLastMoment_IsAConflictAndOursIsTakenBack()
    {
        await _project.RunWellAsync();
        _project.Csv("src", "id,amount\n1,10\n2,-5\n3,-6\n");
        _project.OnProgress = progress =>
        {
            if (progress is not { Step: "orders", Activity: "jobs.committing" }) return;
            ITable table = Lake.Open(_project.Lake.RootPath).Table(TableName.Parse("orders"));
            Snapshot current = table.ReadAsync().AsTask().GetAwaiter().GetResult()!;
            table.CommitAsync(new TableChange { Base = current, Schema = current.Schema, Removed = current.Files, HasReadTable = true, Operation = "DELETE", CommittedAt = current.CommittedAt }).AsTask().GetAwaiter().GetResult();
        };
        RunSummary summary = await _project.RunAsync();
        _project.OnProgress = null;
        Snapshot orders = (await _project.SnapshotAsync("orders"))!;
        Assert.Multiple(async () =>
        {
            Assert.That(summary.Failures.Single().Error.Code, Is.EqualTo("storage.conflict"));
            Assert.That((await _project.SnapshotAsync("orders__quarantine"))!.Version, Is.EqualTo(1), "the quarantine goes first");
            Assert.That(orders.Version, Is.EqualTo(1), "theirs");
            Assert.That(Directory.GetFiles(orders.RootPath).Select(Path.GetFileName), Is.All.Not.Contain(summary.Id.Value));
            Assert.That(await _project.RowsAsync("orders__quarantine", "id"), Is.EqualTo(new[] { "2", "3" }), "what a commit names stays");
        });
        Assert.That((await _project.RunAsync()).Failures.Single().Error.Code, Is.EqualTo("jobs.foreign_commit"));
        Assert.That((await _project.RunAsync(isFullRefresh: true)).IsComplete, Is.True);
        Assert.That(await _project.RowsAsync("orders", "id"), Is.EqualTo(new[] { "1" }));
    }

    // Its process died after it had committed: what the table's history names is no leftover.
    [Test]
    public async Task Run_ADeadRunThatCommitted_KeepsItsFiles()
    {
        RunRecord first = await _project.RunWellAsync();
        await new RunLog(_project.Lake).BeginAsync(first with { Pipeline = "died", State = RunState.Running, FinishedAt = null }, 0);
        await _project.RunWellAsync();
        Assert.That(await _project.RowsAsync("orders"), Is.EqualTo(new[] { "1|10", "3|20" }));
        Assert.That((await new RunLog(_project.Lake).ReadAsync("died")).Single().State, Is.EqualTo(RunState.Abandoned));
    }

    [TestCase("jobs.computing")]
    [TestCase("jobs.checking")]
    [TestCase("jobs.writing")]
    [TestCase("jobs.committing")]
    public async Task Run_CancelledInTheMiddle_SaysSoAndLeavesNothingHalfWritten(string activity)
    {
        using var stop = new CancellationTokenSource();
        _project.OnProgress = progress =>
        {
            if (progress is { Step: "orders" } && progress.Activity == activity) stop.Cancel();
        };
        Assert.Catch<OperationCanceledException>(() => _project.RunAsync(cancellationToken: stop.Token).GetAwaiter().GetResult());
        RunRecord stopped = (await new RunLog(_project.Lake).ReadAsync()).Single();
        bool isCommitted = activity == "jobs.committing";
        Assert.Multiple(async () =>
        {
            Assert.That(stopped.State, Is.EqualTo(RunState.Interrupted));
            Assert.That(await _project.SnapshotAsync("orders") is not null, Is.EqualTo(isCommitted), "once the first of two commits is there, the second follows");
            Assert.That(await _project.SnapshotAsync("orders__quarantine") is not null, Is.EqualTo(isCommitted));
            if (!isCommitted) Assert.That(Directory.Exists(_project.Folder["lake/main/orders"]) ? Directory.GetFiles(_project.Folder["lake/main/orders"]) : [], Is.Empty);
        });
        _project.OnProgress = null;
        RunRecord next = await _project.RunWellAsync();
        Assert.That(next.Steps.Select(step => step.State), Is.EqualTo(new[] { isCommitted ? StepState.Unchanged : StepState.Done, StepState.Done }));
        Assert.That(await _project.RowsAsync("totals"), Is.EqualTo(new[] { "2|30" }));
    }

    // Never a mix of what was and what is: where the reader does not stumble over it, the look afterwards finds it.
    [Test]
    public async Task Run_ASourceThatChangesWhileItIsRead_IsRefusedAndNothingIsWritten([Values("appended", "replaced", "cut off")] string how, [Values("jobs.computing", "jobs.checking")] string when)
    {
        string path = _project.Folder["data/src.csv"];
        bool isDone = false;
        _project.OnProgress = progress =>
        {
            if (isDone || progress.Step != "orders" || progress.Activity != when) return;
            isDone = true;
            if (how == "appended") File.AppendAllText(path, "4,40\n");
            if (how == "cut off") File.WriteAllText(path, "id,amount\n1,1");
            if (how != "replaced") return;
            File.WriteAllText(path + ".new", "id,amount\n1,11\n2,-6\n3,21\n");
            File.Move(path + ".new", path, overwrite: true);
        };
        RunSummary summary = await _project.RunAsync();
        _project.OnProgress = null;
        Assert.Multiple(async () =>
        {
            Assert.That(summary.Failures.Single().Error.Code, Does.EndWith(".file_changed"));
            Assert.That(await _project.SnapshotAsync("orders"), Is.Null);
        });
        await _project.RunWellAsync();
        Assert.That(await _project.RowsAsync("orders"), Is.EqualTo(how switch { "appended" => new[] { "1|10", "3|20", "4|40" }, "replaced" => ["1|11", "3|21"], _ => ["1|1"] }));
    }

    [Test]
    public async Task Plan_OfANewProject_WritesNothing()
    {
        string[] before = Directory.GetFileSystemEntries(_project.Folder.Path, "*", SearchOption.AllDirectories);
        IReadOnlyList<PlannedStep> planned = await _project.PlanAsync();
        Assert.That(planned, Is.EqualTo(new[] { new PlannedStep("shop", "orders", true, "new"), new PlannedStep("shop", "totals", true, "new") }));
        Assert.That(Directory.GetFileSystemEntries(_project.Folder.Path, "*", SearchOption.AllDirectories), Is.EquivalentTo(before));
    }

    [Test]
    public async Task Run_StepsOfTwoPipelines_RunInTheOrderThatTheyNeed()
    {
        _project.Pipeline("pipeline: b\nsteps:\n  second: { sql: SELECT amount FROM totals }\n  ready: { sql: SELECT 1 AS one }\n", "a_file");
        _project.Pipeline(Pipeline + "\n  third: { sql: SELECT amount FROM second }\n");
        RunSummary summary = await _project.RunAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(summary.Failures, Is.Empty);
            Assert.That(summary.Runs.Select(run => (run.Pipeline, run.RunId, run.State)), Is.EqualTo(new[] { ("b", summary.Id.Value, RunState.Finished), ("shop", summary.Id.Value, RunState.Finished) }));
            Assert.That(await _project.RowsAsync("third"), Is.EqualTo(new[] { "30" }));
        });
    }

    // Else readers would see rows made of a version that nobody sees.
    [Test]
    public async Task Run_APipelineReadsWhatAnUnfinishedOneMade_IsNotPublishedEither()
    {
        const string Shop = "pipeline: shop\nsources: { src: { format: csv, path: data/src.csv } }\nsteps:\n  orders: { sql: SELECT id FROM src }\n  fixed: { sql: SELECT 1 AS one }\n  totals: { sql: SELECT count(*) AS n FROM orders, expect: { few: { sql: n < 4, on_failure: fail } } }\n";
        _project.Pipeline(Shop);
        // By its place in the order the last one is looked at first.
        _project.Pipeline("pipeline: last\nsteps: { third: { sql: SELECT id FROM second } }\n", "a");
        _project.Pipeline("pipeline: next\nsteps: { second: { sql: SELECT id FROM orders } }\n", "b");
        _project.Pipeline("pipeline: apart\nsteps: { other: { sql: SELECT one FROM fixed } }\n", "c");
        Assert.That((await _project.RunAsync()).HeldBack, Is.Empty);
        _project.Csv("src", "id,amount\n1,10\n2,-5\n3,20\n4,1\n");
        for (int run = 0; run < 2; run++)
        {
            RunSummary summary = await _project.RunAsync();
            Assert.That(summary.HeldBack, Is.EquivalentTo(new[] { new HeldBackRun("next", "shop"), new HeldBackRun("last", "next") }), $"{run}");
            Assert.That(summary.Runs.Where(record => record.State == RunState.Finished).Select(record => record.Pipeline), Is.EqualTo(new[] { "apart" }), $"{run}");
            Assert.That(summary.Failures.Single().Step, Is.EqualTo("totals"));
            Assert.That((await new RunLog(_project.Lake).PublishedVersionsAsync()).Values, Is.All.Zero, $"{run}");
        }
        _project.Pipeline(Shop.Replace("n < 4", "n < 5", StringComparison.Ordinal));
        Assert.That((await _project.RunAsync()).HeldBack, Is.Empty);
        Assert.That((await new RunLog(_project.Lake).PublishedVersionsAsync())[TableName.Parse("third")], Is.EqualTo(1));
    }

    [TestCase("orders", true)]
    [TestCase("orders", false)]
    [TestCase("orders__quarantine", true)]
    public async Task Run_AFileOfTheTableIsLost_MakesTheTableAnewAndSaysWhy(string table, bool isDeleted)
    {
        RunRecord first = await _project.RunWellAsync();
        string file = Directory.GetFiles(_project.Folder[$"lake/main/{table}"], "part-*").Single();
        if (isDeleted) File.Delete(file);
        else await File.WriteAllBytesAsync(file, (await File.ReadAllBytesAsync(file))[..^1]);
        _project.Reopen();
        PlannedStep planned = (await _project.PlanAsync())[0];
        RunRecord second = await _project.RunWellAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(planned.Reason, Is.EqualTo($"file:{Path.GetFileName(file)}"));
            Assert.That((second.Steps[0].State, second.Steps[0].Reason), Is.EqualTo((StepState.Done, planned.Reason)));
            Assert.That(second.Steps[0].ContentHash, Is.EqualTo(first.Steps[0].ContentHash));
            Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
        });
    }

    // Killed between the two commits of a step: the quarantine is one version ahead.
    [Test]
    public async Task Run_AQuarantineThatIsAhead_IsMadeAnewTogetherWithItsTable()
    {
        await _project.RunWellAsync();
        _project.Csv("src", "id,amount\n1,-1\n2,-2\n3,3\n");
        await _project.RunWellAsync();
        File.Delete(_project.Folder["lake/main/orders/_delta_log/00000000000000000001.json"]);
        _project.Reopen();
        _project.Csv("src", "id,amount\n1,10\n2,-5\n3,20\n");
        RunRecord run = await _project.RunWellAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(run.Steps[0].Reason, Is.EqualTo("interrupted"));
            Assert.That(await _project.RowsAsync("orders__quarantine", "id"), Is.EqualTo(new[] { "2" }));
            Assert.That(await _project.RowsAsync("orders", "id"), Is.EqualTo(new[] { "1", "3" }));
        });
    }

    [Test]
    public async Task Run_SeveralStepsAtOnceAfterOneThatFailed_AreSkipped()
    {
        _project.StepsAtOnce = 3;
        _project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv } }\nsteps:\n  bad: { sql: \"SELECT CAST('x' || id AS BIGINT) AS id FROM src\" }\n  one: { sql: SELECT id FROM bad }\n  two: { sql: SELECT id FROM bad }\n  three: { sql: SELECT id FROM bad }\n");
        RunSummary summary = await _project.RunAsync();
        Assert.That(summary.Failures, Has.Count.EqualTo(1));
        Assert.That(summary.Runs.Single().Steps.Select(step => step.State), Is.EqualTo(new[] { StepState.Failed, StepState.Skipped, StepState.Skipped, StepState.Skipped }));
    }

    [Test]
    public async Task Run_ATableOfAPipelineThatFailed_IsReadAtItsPublishedVersion()
    {
        await _project.RunWellAsync();
        _project.Csv("src", "id,amount\n1,10\n");
        _project.Pipeline(Pipeline.Replace("sum(amount) AS amount", "CAST('x' || sum(amount) AS BIGINT) AS amount", StringComparison.Ordinal));
        Assert.That((await _project.RunAsync()).IsComplete, Is.False);
        File.Delete(_project.Folder["pipelines/p.yaml"]);
        _project.Pipeline("pipeline: other\nsteps: { copied: { sql: SELECT id FROM orders } }\n", "other");
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Single().Inputs.Single().Version, Is.Zero);
        Assert.That(await _project.RowsAsync("copied"), Is.EqualTo(new[] { "1", "3" }));
    }

    [Test]
    public async Task Run_Cancelled_LeavesNothingHalfWrittenAndCanGoOn()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(async () => await _project.RunAsync(cancellationToken: stop.Token)).GetAwaiter().GetResult();
        Assert.That(_project.Lake.ListTables(), Is.Empty);
        Assert.That((await _project.RunAsync()).IsComplete, Is.True);
    }

    // The end of the first of two pipelines cannot be written, since another run took its number: the second's is written all the same.
    [TestCase(false, "storage.fenced", RunState.Finished)]
    [TestCase(true, "jobs.rule_broken", RunState.Failed)]
    public async Task Run_TheEndOfAPipelineCannotBeWritten_TheOthersIsAndTheFirstFailureIsTold(bool hasFailure, string code, RunState state)
    {
        await _project.RunWellAsync();
        string rule = hasFailure ? ", expect: { none: { sql: two > 2, on_failure: fail } }" : "";
        _project.Pipeline($"pipeline: zoo\nsteps:\n  other: {{ sql: SELECT 2 AS two{rule} }}\n", "z_last");
        _project.OnProgress = progress =>
        {
            if (progress is not { Step: "other", Activity: "jobs.computing" }) return;
            var log = new RunLog(Lake.Open(_project.Lake.RootPath));
            RunRecord first = log.ReadAsync("shop").AsTask().GetAwaiter().GetResult().Single();
            log.BeginAsync(first with { RunId = RunId.Create(_project.Time).Value, Number = 3 }, 1).AsTask().GetAwaiter().GetResult();
        };
        LeptonDataException failure = Assert.Catch<LeptonDataException>(() => _project.RunAsync().GetAwaiter().GetResult())!;
        _project.OnProgress = null;
        Assert.That((failure.Code, (await new RunLog(_project.Lake).ReadAsync("zoo")).Single().State), Is.EqualTo((code, state)));
    }

    [Test]
    public async Task Run_CleaningUpAfterAFailureFailsToo_TheStepsFailureIsTold()
    {
        await _project.RunWellAsync();
        _project.Pipeline(Pipeline.Replace("sql: amount > 0", "sql: amount > 0, on_failure: fail", StringComparison.Ordinal));
        _project.OnProgress = progress =>
        {
            if (progress is not { Step: "orders", Activity: "jobs.checking" }) return;
            RunRecord own = new RunLog(Lake.Open(_project.Lake.RootPath)).ReadAsync().AsTask().GetAwaiter().GetResult().Single(run => run.State == RunState.Running);
            _project.Folder.Write($"lake/main/orders/part-{own.RunId}-0.parquet", "x");
            _project.Folder.Write("lake/main/orders/_delta_log/00000000000000000000.json", "no log");
        };
        RunSummary summary = await _project.RunAsync();
        _project.OnProgress = null;
        Assert.That(summary.Failures.Single().Error.Code, Is.EqualTo("jobs.rule_broken"));
    }

    // Name and version number are as before; that the rows are others, only the table's identity says.
    [Test]
    public async Task Run_AnInputMadeAnewAtTheSameVersionNumber_IsReadAgain()
    {
        await _project.RunWellAsync();
        Directory.Delete(_project.Folder["lake/main/orders"], recursive: true);
        Directory.Delete(_project.Folder["lake/main/orders__quarantine"], recursive: true);
        _project.Reopen();
        _project.Csv("src", "id,amount\n7,70\n8,80\n");
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Select(step => (step.Reason, step.Version)), Is.EqualTo(new[] { ("new", (long?)0L), ("input:orders", 1L) }));
        Assert.That(await _project.RowsAsync("totals"), Is.EqualTo(new[] { "2|150" }));
    }

    [Test]
    public async Task Run_ALogThatWasLost_GoesOnFromTheTables()
    {
        await _project.RunWellAsync();
        Directory.Delete(_project.Folder["lake/_lepton/runs"], recursive: true);
        _project.Csv("src", "id,amount\n7,70\n");
        // A lake object remembers its tables, so it is opened anew, as by the next command.
        _project.Reopen();
        RunRecord run = await _project.RunWellAsync();
        Assert.That((run.Number, run.State), Is.EqualTo((2L, RunState.Finished)));
        Assert.That(await _project.RowsAsync("orders"), Is.EqualTo(new[] { "7|70" }));
    }

    [TestCase("SELECT id, random() AS r FROM src", "jobs.not_pure")]
    [TestCase("SELECT id, CAST('2001-01-01' AS TIMESTAMP) AS t FROM src", "jobs.naive_column")]
    [TestCase("SELECT id AS __id FROM src", "jobs.column_is_ours")]
    [TestCase("SELECT id, count(*) FROM src GROUP BY id", "jobs.column_name")]
    [TestCase("SELECT id FROM srcc", "jobs.unknown_input_but")]
    [TestCase("SELECT idd FROM src", "sql.unknown_column_suggest")]
    [TestCase("SELECT * FROM read_text('/etc/passwd')", null)]
    [TestCase("SELECT * FROM query('SELECT 1')", null)]
    [TestCase("DROP TABLE src", null)]
    public void Run_AStepThatCannotBe_IsRefusedInTheFile(string sql, string? code)
    {
        _project.Pipeline($"pipeline: shop\nsources: {{ src: {{ format: csv, path: data/src.csv }} }}\nsteps:\n  x:\n    sql: {sql}\n");
        LeptonDataException refused = Assert.Catch<LeptonDataException>(() => _project.RunAsync().GetAwaiter().GetResult())!;
        Assert.Multiple(() =>
        {
            if (code is not null) Assert.That(refused.Code, Is.EqualTo(code), refused.Message);
            Assert.That(refused.Message, Does.StartWith($"{_project.Folder.Path}/pipelines/p.yaml:5:"));
            Assert.That(_project.Lake.ListTables(), Is.Empty);
        });
    }

    [Test]
    public void Run_ACsvRowThatCannotBeRead_IsRefusedByFileAndLine()
    {
        _project.Csv("src", "id,amount\n1,10\n2\n3,30\n");
        LeptonDataException ragged = Assert.Catch<LeptonDataException>(() => _project.RunAsync().GetAwaiter().GetResult())!;
        Assert.That(ragged.Place?.ToString(), Does.EndWith("data/src.csv:3"), ragged.Message);
        _project.Csv("src", "id,amount\n1,10\n2,ten\n");
        _project.Pipeline(Pipeline.Replace("path: data/src.csv", "path: data/src.csv, columns: { amount: { type: BIGINT } }", StringComparison.Ordinal));
        LeptonDataException value = Assert.Catch<LeptonDataException>(() => _project.RunAsync().GetAwaiter().GetResult())!;
        Assert.That(value.Place?.ToString(), Does.EndWith("data/src.csv:3"), value.Message);
        Assert.That(value.Message, Does.Contain("ten").And.Contain("amount"));
    }
}

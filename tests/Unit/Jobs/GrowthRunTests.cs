using System.Globalization;
using System.Text;
using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.Delta.Predicates;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Steps that grow, each beside a twin over the same inputs that is always computed as a whole: whatever comes, goes and is edited in between, the two hold the same rows.</summary>
public sealed class GrowthRunTests
{
    private ProjectFixture _project = null!;
    private int _fileCount;

    [SetUp]
    public void Arrange()
    {
        _project = new ProjectFixture();
        _fileCount = 0;
        _project.Csv("shops", "shop,city\na,Bern\nb,北京\n");
        _project.Pipeline("""
            pipeline: p
            sources:
              src: { format: csv, path: data/part-*.csv, columns: { id: { type: BIGINT }, seen: { type: TIMESTAMP, zone: UTC }, shop: { type: VARCHAR }, amount: { type: BIGINT } } }
              shops: { format: csv, path: data/shops.csv, columns: { shop: { type: VARCHAR } } }
            steps:
            """ + "\n" + string.Concat(
            Step("visits", "SELECT id, shop, seen, amount FROM src WHERE amount <> 7", "append", "expect: { positive: { sql: amount > 0 }, known: { column: shop, in: shops.shop, on_failure: warn } }")
            + Step("large", "SELECT v.id, v.shop, s.city FROM visits v LEFT JOIN shops s USING (shop) WHERE v.amount > 5", "{ append: visits }")
            + Step("by_shop", "SELECT shop, count(*) AS visits, sum(amount) AS amount, max(seen) AS last FROM visits GROUP BY shop", "{ by_key: shop }", "expect: { few: { sql: visits < 12 }, once: { unique: shop } }")
            + Step("latest", "SELECT DISTINCT ON (shop) shop, id, amount FROM visits ORDER BY shop, seen DESC, id", "{ by_key: [shop] }")
            + Step("hourly", "SELECT date_trunc('hour', seen) AS hour, shop, sum(amount) AS amount FROM visits GROUP BY ALL", "{ by_window: 2h, time: hour }", "expect: { some: { sql: amount <> 9 } }")
            + Step("recent", "SELECT id, seen, sum(amount) OVER (PARTITION BY shop ORDER BY seen RANGE BETWEEN INTERVAL 90 MINUTE PRECEDING AND CURRENT ROW) AS amount FROM visits", "{ by_window: 1h, time: seen, lookback: 2h }")
            + Step("of_hours", "SELECT shop, max(amount) AS most, count(*) AS hours FROM hourly GROUP BY shop", "{ by_key: shop }")
            + Step("days", "SELECT CAST(hour AS DATE) AS day, sum(amount) AS amount FROM hourly GROUP BY day", "{ by_window: 1d, time: day }")));
    }

    [TearDown]
    public async Task End() => await _project.DisposeAsync();

    // `make torture` runs each seed fifty times as long.
    [Test]
    [Category("Torture")]
    public Task Run_AnySplitOfTheInput_EqualsOneRefresh([Values(1, 2, 3)] int seed) => TryAsync(seed, Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 350 : 7);

    [Test]
    public async Task Run_NewRowsOnly_ReadsThemAlone()
    {
        Write("1,a,2001-01-01 00:10:00,5\n2,b,2001-01-01 05:10:00,6\n");
        RunRecord first = await _project.RunWellAsync();
        Write("3,a,2001-01-01 00:20:00,8\n");
        RunRecord second = await _project.RunWellAsync();
        Dictionary<string, GrowthRecord?> Growth(RunRecord run) => run.Steps.ToDictionary(step => step.Name, step => step.Growth);
        Assert.Multiple(() =>
        {
            Assert.That(Growth(first)["visits"], Is.EqualTo(new GrowthRecord("append", "new", null, null, null)));
            Assert.That(Growth(second)["visits"], Is.EqualTo(new GrowthRecord("append", null, 1, null, 0)));
            Assert.That(Growth(second)["by_shop"], Is.EqualTo(new GrowthRecord("by_key", null, 1, 1, 1)));
            Assert.That(Growth(second)["hourly"], Is.EqualTo(new GrowthRecord("by_window", null, 1, 1, 1)));
            // One window and the two that look back on it.
            Assert.That(Growth(second)["recent"], Is.EqualTo(new GrowthRecord("by_window", null, 1, 3, 1)));
            Assert.That(Growth(second)["visits_full"], Is.Null);
            Assert.That(second.Steps.Single(step => step.Name == "visits").RowsComputed, Is.EqualTo(1));
            Assert.That(second.Steps.Single(step => step.Name == "visits").RowsOut, Is.EqualTo(3));
        });
        await CompareAsync("");
    }

    [Test]
    public async Task Run_WhatTheModeCannotFollow_IsDoneAsAWholeAndSaysWhy()
    {
        Write("1,a,2001-01-01 00:10:00,5\n");
        Write("2,b,2001-01-01 05:10:00,6\n");
        await _project.RunWellAsync();
        async Task<string?[]> BecauseAsync(params string[] steps)
        {
            RunRecord run = await _project.RunWellAsync();
            await CompareAsync(string.Join(' ', steps));
            return [.. steps.Select(name => run.Steps.Single(step => step.Name == name).Growth?.FullBecause)];
        }
        // A file goes: what stood in it, nobody knows. The table that was made of it is written anew, and so shows what went.
        File.Delete(_project.Folder["data/part-1.csv"]);
        Assert.That(await BecauseAsync("visits", "large", "by_shop"), Is.EqualTo(new[] { "removed:src", "removed:visits", null }));
        _project.Csv("shops", "shop,city\na,Basel\nb,北京\n");
        Assert.That(await BecauseAsync("visits", "large", "by_shop"), Is.EqualTo(new[] { "input:shops", "input:shops", null }));
        // A compaction brings no rows, and hides none.
        Write("4,b,2001-01-01 05:20:00,9\n");
        await _project.RunWellAsync();
        await EditAsync("visits", editor => editor.CompactAsync(clusterBy: ["id"]));
        Write("5,b,2001-01-01 05:30:00,8\n");
        Assert.That(await BecauseAsync("visits", "large", "by_shop"), Is.EqualTo(new string?[] { null, null, null }));
        // The version read last time is not there any more.
        Write("6,b,2001-01-01 05:40:00,8\n");
        await _project.RunWellAsync(select: ["visits"]);
        foreach (string log in Directory.GetFiles(_project.Folder["lake/main/visits/_delta_log"], "*.json").Order(StringComparer.Ordinal).SkipLast(1)) File.Delete(log);
        Assert.That(async () => await _project.RunWellAsync(), Throws.Exception, "without a checkpoint that is a broken log");
    }

    [Test]
    public async Task Run_AFileThatHeldChangedRowsIsVacuumed_IsDoneAsAWhole()
    {
        Write("1,a,2001-01-01 00:10:00,5\n2,b,2001-01-01 05:10:00,6\n");
        await _project.RunWellAsync();
        Snapshot before = (await _project.SnapshotAsync("visits"))!;
        File.Delete(_project.Folder["data/part-1.csv"]);
        Write("3,b,2001-01-01 05:10:00,6\n");
        await _project.RunWellAsync(select: ["visits"]);
        File.Delete(before.FilePaths.Single());
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Single(step => step.Name == "by_shop").Growth!.FullBecause, Is.EqualTo("vacuumed:visits"));
        await CompareAsync("");
    }

    // Killed between its two commits, and then comes a file: what the dead run was about is done once, under its number, and what came since after it.
    [Test]
    public async Task Run_AQuarantineThatIsAheadAndNewRows_RepeatsTheDeadRunAndGoesOn()
    {
        RunRecord dead = await DieBetweenTheCommitsAsync();
        Write("4,a,2001-01-01 00:30:00,-2\n");
        PlannedStep planned = (await _project.PlanAsync()).Single(step => step.Step == "visits");
        Assert.That((planned.Reason, planned.Growth), Is.EqualTo(("interrupted", new GrowthRecord("append", null, 1, null, null))));
        RunRecord run = await _project.RunWellAsync();
        StepRecord step = run.Steps.Single(step => step.Name == "visits");
        Assert.That((step.Reason, step.Growth, step.RowsComputed), Is.EqualTo(("input:src", new GrowthRecord("append", null, 1, null, 0), 1L)));
        List<CommitEntry> commits = await _project.Lake.Table(TableName.Parse("visits")).HistoryAsync().ToListAsync();
        Assert.That(commits.Select(commit => commit.Parameters["lepton.run_number"]), Is.EqualTo(new[] { $"{run.Number}", $"{dead.Number}", $"{dead.Number - 1}" }));
        Assert.That((await _project.SnapshotAsync("visits__quarantine"))!.Version, Is.EqualTo(2), "the dead run's commit of it is not made twice");
        Assert.That(await _project.RowsAsync("visits__quarantine", "id"), Is.EqualTo(new[] { "2", "4" }));
        await CompareAsync("");
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    [Test]
    public async Task Run_AQuarantineThatIsAheadAndNothingNew_RepeatsTheDeadRun()
    {
        await DieBetweenTheCommitsAsync();
        StepRecord step = (await _project.RunWellAsync()).Steps.Single(step => step.Name == "visits");
        Assert.That((step.Reason, step.Growth, step.RowsOut, step.Version), Is.EqualTo(("interrupted", new GrowthRecord("append", null, 1, null, 0), 2L, 1L)));
        await CompareAsync("");
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    [Test]
    public async Task Run_ADeadRunIsRepeatedAndTheRunsOwnPartFails_NamesTheVersionThatStandsAndLeavesNoFile()
    {
        string pipeline = """
            pipeline: p
            sources: { src: { format: csv, path: data/part-*.csv, columns: { seen: { type: TIMESTAMP, zone: UTC } } } }
            steps: { visits: { sql: "SELECT id, amount FROM src", grows: append, expect: { positive: { sql: amount > 0 }, few: { max_rows: 4 } } } }
            """;
        _project.Pipeline(pipeline);
        Write("1,a,2001-01-01 00:10:00,5\n");
        await _project.RunWellAsync();
        Write("2,a,2001-01-01 00:20:00,2\n3,a,2001-01-01 00:20:00,-1\n");
        await _project.RunWellAsync();
        File.Delete(_project.Folder["lake/main/visits/_delta_log/00000000000000000001.json"]);
        _project.Reopen();
        Write("4,a,2001-01-01 00:30:00,2\n5,a,2001-01-01 00:30:00,4\n6,a,2001-01-01 00:30:00,6\n7,a,2001-01-01 00:30:00,-7\n");
        RunSummary summary = await _project.RunAsync();
        StepRecord step = summary.Runs.Single().Steps.Single();
        Assert.That((summary.Failures.Single().Error.Code, step.State, step.VersionBefore, step.Version, step.RowsOut), Is.EqualTo(("jobs.row_count", StepState.Failed, (long?)0, (long?)1, (long?)2)));
        Assert.That(await _project.RowsAsync("visits", "id"), Is.EqualTo(new[] { "1", "2" }));
        Assert.That(await _project.RowsAsync("visits__quarantine", "id"), Is.EqualTo(new[] { "3" }));
        foreach (string table in new[] { "visits", "visits__quarantine" })
            Assert.That(Directory.GetFiles(_project.Folder[$"lake/main/{table}"], $"part-{summary.Id}-*"), Is.SubsetOf((await _project.SnapshotAsync(table))!.FilePaths), table);
        _project.Pipeline(pipeline.Replace("max_rows: 4", "max_rows: 5", StringComparison.Ordinal));
        Assert.That((await _project.RunWellAsync()).Steps.Single().RowsOut, Is.EqualTo(5));
    }

    // What it was about cannot be had again.
    [TestCase("file")]
    [TestCase("plan")]
    [TestCase("refresh")]
    public async Task Run_AQuarantineThatIsAheadAndAnotherFileOrPlan_AbandonsTheDeadRun(string change)
    {
        await DieBetweenTheCommitsAsync();
        Write("4,a,2001-01-01 00:30:00,-2\n");
        if (change == "file") File.Delete(_project.Folder["data/part-2.csv"]);
        string pipeline = File.ReadAllText(_project.Folder["pipelines/p.yaml"]);
        if (change == "plan") _project.Pipeline(pipeline.Replace("amount <> 7", "amount <> 6", StringComparison.Ordinal));
        string?[] planned = [.. (await _project.PlanAsync()).Where(step => step.Step == "visits").Select(step => step.Growth!.FullBecause)];
        Assert.That(planned, Is.EqualTo(new[] { change switch { "plan" => "plan", "file" => "interrupted", _ => null } }));
        RunSummary summary = await _project.RunAsync(isFullRefresh: change == "refresh");
        Assert.That(summary.Failures, Is.Empty);
        Assert.That(await _project.RowsAsync("visits__quarantine", "id"), Is.EqualTo(change == "file" ? new[] { "4" } : ["2", "4"]));
        await CompareAsync(change);
    }

    private async Task<RunRecord> DieBetweenTheCommitsAsync()
    {
        Write("1,a,2001-01-01 00:10:00,5\n");
        await _project.RunWellAsync();
        Write("2,a,2001-01-01 00:20:00,-1\n3,a,2001-01-01 00:20:00,8\n");
        RunRecord run = await _project.RunWellAsync(select: ["visits", "visits_full"]);
        foreach (string table in new[] { "visits", "visits_full" }) File.Delete(_project.Folder[$"lake/main/{table}/_delta_log/00000000000000000001.json"]);
        _project.Reopen();
        return run;
    }

    [Test]
    public async Task Run_AFileOfTheTableIsLostAndNewRows_IsDoneAsAWhole()
    {
        Write("1,a,2001-01-01 00:10:00,5\n");
        await _project.RunWellAsync();
        string lost = (await _project.SnapshotAsync("visits"))!.FilePaths.Single();
        File.Delete(lost);
        _project.Reopen();
        Write("2,a,2001-01-01 00:20:00,8\n");
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Single(step => step.Name == "visits").Growth!.FullBecause, Is.EqualTo($"file:{Path.GetFileName(lost)}"));
        await CompareAsync("");
    }

    [Test]
    public async Task Run_ARunThatGivesNoRow_IsRememberedAndChangesNobody()
    {
        Write("1,a,2001-01-01 00:10:00,5\n");
        await _project.RunWellAsync();
        Write("2,a,2001-01-01 00:10:00,7\n");
        RunRecord run = await _project.RunWellAsync();
        Assert.Multiple(() =>
        {
            Assert.That(run.Steps.Single(step => step.Name == "visits").State, Is.EqualTo(StepState.Done));
            Assert.That(run.Steps.Single(step => step.Name == "by_shop").State, Is.EqualTo(StepState.Unchanged));
        });
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    [Test]
    public async Task Plan_AStepThatGrows_SaysHow()
    {
        Write("1,a,2001-01-01 00:10:00,5\n");
        Assert.That((await _project.PlanAsync()).Single(step => step.Step == "visits").Growth, Is.EqualTo(new GrowthRecord("append", "new", null, null, null)));
        await _project.RunWellAsync();
        Write("2,a,2001-01-01 00:10:00,9\n");
        Assert.That((await _project.PlanAsync()).Single(step => step.Step == "visits").Growth, Is.EqualTo(new GrowthRecord("append", null, 1, null, null)));
    }

    [TestCase("sql: SELECT DISTINCT shop FROM src\n    grows: append", "jobs.grows_not", "`by_key` fits with any of shop")]
    [TestCase("sql: SELECT shop, seen, count(*) AS c FROM src GROUP BY ALL\n    grows: append", "jobs.grows_not", "or `by_window` with `time: seen`")]
    [TestCase("sql: SELECT id FROM src\n    grows: { by_key: nowhere }", "jobs.no_column", "nowhere")]
    [TestCase("sql: SELECT id FROM src LIMIT 3\n    grows: append", "jobs.grows_not", "Take `grows` out")]
    [TestCase("sql: SELECT id, count(*) OVER (PARTITION BY shop) AS c FROM src\n    grows: { by_key: id }", "jobs.grows_not", "PARTITION BY")]
    [TestCase("sql: SELECT id, city FROM src JOIN shops USING (shop)\n    grows: append", "jobs.grows_which", "append: shops")]
    [TestCase("sql: SELECT id FROM src\n    grows: { append: shops }", "jobs.grows_of_unknown", "src")]
    [TestCase("sql: SELECT id FROM src\n    grows: append\n    expect: { once: { unique: id } }", "jobs.grows_unique", "by_key: [id]")]
    [TestCase("sql: SELECT id, shop FROM src\n    grows: { by_key: shop }\n    expect: { once: { unique: id } }", "jobs.grows_unique", "shop")]
    [TestCase("sql: SELECT id FROM src\n    grows: append\n    expect: { there: { column: id, in: src.id } }", "jobs.grows_rule", "src")]
    [TestCase("sql: SELECT id FROM src\n    grows: append\n    expect: { below: { sql: id <= (SELECT max(id) FROM x) } }", "jobs.grows_rule", "x")]
    [TestCase("sql: SELECT id FROM src\n    grows: { by_window: 1h, time: id }", "jobs.grows_time", "BIGINT")]
    [TestCase("sql: SELECT CAST(seen AS DATE) AS day FROM src\n    grows: { by_window: 1h, time: day }", "jobs.grows_days", "day")]
    [TestCase("sql: SELECT seen FROM src\n    grows: { by_window: 1s, time: seen, lookback: 1d }", "jobs.grows_windows", "1000 windows")]
    [TestCase("sql: SELECT id FROM src\n    grows: { by_window: 1h }", "schemas.key_needs", "time")]
    [TestCase("sql: SELECT id FROM src\n    grows: { by_key: id, append: src }", "jobs.grows_twice", "append")]
    [TestCase("sql: SELECT id FROM src\n    grows: {}", "jobs.grows_how", "by_key")]
    [TestCase("sql: SELECT id FROM src\n    grows: often", "schemas.choice_unknown", "append")]
    public async Task Run_GrowthThatIsNotProved_IsRefusedBeforeAnythingRuns(string step, string code, string part)
    {
        Write("1,a,2001-01-01 00:10:00,5\n");
        _project.Pipeline($$"""
            pipeline: p
            sources:
              src: { format: csv, path: data/part-*.csv, columns: { seen: { zone: UTC } } }
              shops: { format: csv, path: data/shops.csv }
            steps:
              x:
                {{step}}
            """);
        LeptonDataException refused = await RefusalAsync();
        Assert.That((refused.Code, refused.Message), Is.EqualTo((code, refused.Message)));
        Assert.That(refused.Message, Does.Contain(part));
        Assert.That(refused.Place, Is.Not.Null);
    }

    private async Task<LeptonDataException> RefusalAsync()
    {
        try
        {
            await _project.RunAsync();
        }
        catch (LeptonDataException refusal)
        {
            return refusal;
        }
        throw new AssertionException("it ran");
    }

    private async Task TryAsync(int seed, int runCount)
    {
        var random = new Random(seed);
        _project.StepsAtOnce = 1 + seed % 3;
        int grown = 0;
        for (int run = 0; run < runCount; run++)
        {
            string where = $"seed {seed}, run {run}";
            string[] parts = Directory.Exists(_project.Folder["data"]) ? Directory.GetFiles(_project.Folder["data"], "part-*.csv") : [];
            for (int i = random.Next(3); i >= 0 || parts.Length == 0 && _fileCount == 0; i--) Write(Rows(random));
            if (parts.Length > 0 && random.Next(4) == 0) File.Delete(parts[random.Next(parts.Length)]);
            if (parts.Length > 0 && random.Next(5) == 0 && File.Exists(parts[0])) File.Copy(parts[0], _project.Folder[$"data/part-{++_fileCount}.csv"]);
            if (random.Next(5) == 0) _project.Csv("shops", $"shop,city\na,Bern {random.Next(3)}\nb,北京\n");
            if (run > 0 && random.Next(4) == 0) await EditAsync(random.Next(2) == 0 ? "visits" : "hourly", editor => editor.CompactAsync(targetBytes: 1 << 20), mayDoNothing: true);
            RunSummary summary = await _project.RunAsync(select: random.Next(4) == 0 ? ["visits+"] : []);
            Assert.That(summary.Failures.Select(failure => failure.Error.ToString()), Is.Empty, where);
            grown += summary.Runs.SelectMany(record => record.Steps).Count(step => step.Growth is { FullBecause: null });
            if (summary.Runs.Single().Steps.All(step => step.State != StepState.LeftOut)) await CompareAsync(where);
        }
        Assert.That(grown, Is.GreaterThan(runCount), "steps grew");
    }

    private async Task CompareAsync(string where)
    {
        foreach (string table in new[] { "visits", "visits__quarantine", "large", "by_shop", "by_shop__quarantine", "latest", "hourly", "hourly__quarantine", "recent", "of_hours", "days" })
        {
            string twin = table.EndsWith("__quarantine", StringComparison.Ordinal) ? table.Replace("__", "_full__", StringComparison.Ordinal) : table + "_full";
            string[] columns = [.. (await _project.SnapshotAsync(table))!.Schema.Fields.Select(field => field.Name).Where(name => name != "__run_id")];
            Assert.That(await _project.RowsAsync(table, columns), Is.EqualTo(await _project.RowsAsync(twin, columns)), $"{table}: {where}");
            Assert.That((await _project.SnapshotAsync(table))!.ContentHash, Is.EqualTo((await _project.SnapshotAsync(twin))!.ContentHash), $"{table}: {where}");
        }
    }

    // Few shops, hours that meet, late rows, NULLs.
    private static string Rows(Random random)
    {
        var text = new StringBuilder();
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            string shop = new[] { "a", "b", "c", "" }[random.Next(4)];
            string seen = random.Next(12) == 0 ? "" : new DateTime(2001, 1, random.Next(1, 3), random.Next(0, 24), random.Next(60), 0, DateTimeKind.Utc).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            text.Append(CultureInfo.InvariantCulture, $"{random.Next(1000)},{shop},{seen},{random.Next(-2, 12)}\n");
        }
        return text.ToString();
    }

    private void Write(string rows) => _project.Csv($"part-{++_fileCount}", $"id,shop,seen,amount\n{rows}");

    private static string Step(string name, string sql, string grows, string more = "")
    {
        string Of(string table, string how) => $"  {table}:\n    sql: {sql}\n{how}{(more.Length == 0 ? "" : $"    {more}\n")}";
        return Of(name, $"    grows: {grows}\n") + Of(name + "_full", "");
    }

    private async Task EditAsync(string name, Func<TableEditor, ValueTask<TableEdit>> edit, bool mayDoNothing = false)
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_project.Lake.RootPath], ThreadCount = 1 });
        ITable table = _project.Lake.Table(TableName.Parse(name));
        bool isCommitted = (await edit(new TableEditor(table, _project.Lake.Store, database, _project.Context()))).IsCommitted;
        Assert.That(isCommitted || mayDoNothing, Is.True);
    }
}

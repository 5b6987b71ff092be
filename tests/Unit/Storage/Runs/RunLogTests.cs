using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Runs;
using Lepton.Data.Testing;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Runs;

[TestFixture]
internal sealed class RunLogTests
{
    private TempFolder _folder = null!;
    private RunLog _log = null!;

    [SetUp]
    public void SetUp()
    {
        _folder = new TempFolder();
        _log = new RunLog(Lake.Create(_folder["lake"]));
    }

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public async Task Read_AnEmptyLake_HasNoRuns()
    {
        Assert.That(await _log.ReadAsync(), Is.Empty);
        Assert.That(await _log.PublishedVersionsAsync(), Is.Empty);
        Assert.That(await _log.NewestNumberAsync("p"), Is.Zero);
    }

    [Test]
    public async Task Read_ARecord_ComesBackAsItWas()
    {
        RunRecord run = Run("p", 1, RunState.Running) with
        {
            Sources = [new SourceRecord { Name = "s", Format = "csv", Files = [new SourceFile("data/中.csv", 12, new EventTime(1234567), "ab")], RowCount = 3, Digest = "d", Encoding = "utf-8", Columns = ["a BIGINT"] }],
            Steps =
            [
                new StepRecord
                {
                    Name = "t", Table = "t", State = StepState.Done, PlanHash = "p", Fingerprint = "f", Inputs = [new InputRecord("s", "source", null, "d", 3)], RowsComputed = 3, RowsOut = 2, RowsQuarantined = 1,
                    Rules = [new RuleRecord("r", "a > 0 & b < \"x\"", "quarantine", 1)], Phases = [new PhaseRecord("compute", 0.25)], VersionBefore = 4, Version = 5, QuarantineVersion = 6, ContentHash = "c",
                    Columns = ["a BIGINT"], InexactColumns = ["b"], Lineage = [new ColumnLineageRecord("a", ["s.a"], ["s.b"])], Reason = "new", RowsAreInexact = true,
                },
            ],
        };
        await _log.BeginAsync(run, 0);
        string Text(RunRecord record) => System.Text.Json.JsonSerializer.Serialize(record);
        Assert.That(Text((await _log.ReadAsync()).Single()), Is.EqualTo(Text(run)));
        StepRecord carried = RunJson.TryReadStep(RunJson.WriteForCommit(run.Steps[0]))!;
        Assert.That(Text(run with { Steps = [carried] }), Is.EqualTo(Text(run with { Steps = [run.Steps[0] with { Phases = [], Lineage = [] }] })), "a commit carries all but timings and lineage");
    }

    [TestCase(RunState.Finished)]
    [TestCase(RunState.Failed)]
    [TestCase(RunState.Interrupted)]
    [TestCase(RunState.Abandoned)]
    public async Task Read_ARunThatEnded_SaysHow(RunState state)
    {
        await _log.BeginAsync(Run("p", 1, RunState.Running), 0);
        await _log.FinishAsync(Run("p", 1, state));
        Assert.That((await _log.ReadAsync()).Single().State, Is.EqualTo(state));
    }

    [Test]
    public async Task Begin_ANumberThatIsTaken_IsFenced()
    {
        await _log.BeginAsync(Run("p", 1, RunState.Running), 0);
        await _log.BeginAsync(Run("q", 1, RunState.Running), 0);
        Assert.That(await _log.NewestNumberAsync("p"), Is.EqualTo(1));
        await _log.BeginAsync(Run("p", 2, RunState.Running), 1);
        await Refusal.Of("storage.fenced", async () => await _log.BeginAsync(Run("p", 5, RunState.Running), 1));
        await Refusal.Of("storage.fenced", async () => await _log.BeginAsync(Run("p", 2, RunState.Running) with { RunId = "20010101-000000-other" }, 1));
        Assert.That((await _log.ReadAsync("p"))[0].RunId, Is.EqualTo(Run("p", 2, RunState.Running).RunId), "two that take one number at once: the first has it");
    }

    [Test]
    public async Task Read_ManyRuns_AreNewestFirstAndOfThePipelineAskedFor()
    {
        await _log.BeginAsync(Run("p", 1, RunState.Finished), 0);
        await _log.BeginAsync(Run("q", 1, RunState.Finished, startedAt: 5), 0);
        await _log.BeginAsync(Run("p", 2, RunState.Finished, startedAt: 3), 1);
        Assert.That((await _log.ReadAsync()).Select(run => (run.Pipeline, run.Number)), Is.EqualTo(new[] { ("q", 1L), ("p", 2L), ("p", 1L) }));
        Assert.That((await _log.ReadAsync("p")).Select(run => run.Number), Is.EqualTo(new[] { 2L, 1L }));
    }

    [Test]
    public async Task PublishedVersions_RunsThatDidNotFinish_DoNotCount()
    {
        StepRecord Step(string table, long version, long? quarantine) => new() { Name = table, Table = table, State = StepState.Done, Version = version, QuarantineVersion = quarantine };
        await _log.BeginAsync(Run("p", 1, RunState.Finished) with { Steps = [Step("a", 3, 2), Step("b", 1, null)] }, 0);
        await _log.BeginAsync(Run("p", 2, RunState.Failed, startedAt: 2) with { Steps = [Step("a", 4, 3)] }, 1);
        await _log.BeginAsync(Run("q", 1, RunState.Finished, startedAt: 1) with { Steps = [Step("c", 7, null)] }, 0);
        IReadOnlyDictionary<TableName, long> published = await _log.PublishedVersionsAsync();
        Assert.That(published.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal).Select(pair => $"{pair.Key}@{pair.Value}"), Is.EqualTo(new[] { "a@3", "a__quarantine@2", "b@1", "c@7" }));
    }

    [Test]
    public async Task PublishedVersions_TheClockWentBack_AreOfTheGreatestNumber()
    {
        StepRecord Step(string table, long version) => new() { Name = table, Table = table, State = StepState.Done, Version = version };
        await _log.BeginAsync(Run("p", 1, RunState.Finished, startedAt: 9) with { Steps = [Step("a", 3)] }, 0);
        await _log.BeginAsync(Run("p", 2, RunState.Finished, startedAt: 5) with { Steps = [Step("a", 4), Step("moved", 8)] }, 1);
        await _log.BeginAsync(Run("q", 1, RunState.Finished, startedAt: 7) with { Steps = [Step("moved", 7)] }, 0);
        Assert.That((await _log.PublishedVersionsAsync()).Select(pair => $"{pair.Key}@{pair.Value}"), Is.EquivalentTo(new[] { "a@4", "moved@8" }));
    }

    [TestCase("*")]
    [TestCase("")]
    [TestCase("../../x")]
    [TestCase("20260102T030405-0000000G")]
    public async Task Read_ARunIdOfAnotherForm_IsRefused(string runId)
    {
        await _log.BeginAsync(Run("p", 1, RunState.Running) with { RunId = runId }, 0);
        await Refusal.Of("storage.run_broken", async () => await _log.ReadAsync());
    }

    [TestCase("steps")]
    [TestCase("sources")]
    [TestCase("pipeline")]
    public void Read_ANullWhereSomethingBelongs_IsRefused(string name)
    {
        string json = System.Text.RegularExpressions.Regex.Replace(RunJson.Write(Run("p", 1, RunState.Running)), $"\"{name}\":(\\[\\]|\"p\")", $"\"{name}\":null");
        Assert.That(json, Does.Contain($"\"{name}\":null"));
        Refusal.Of("storage.run_broken", () => RunJson.ReadRun(json, "runs"));
    }

    [Test]
    public async Task Sweep_WhatAKilledWriterLeft_GoesAndAllElseStays()
    {
        await _log.BeginAsync(Run("p", 1, RunState.Running), 0);
        string folder = _folder["lake/_lepton/runs"];
        string half = Path.Combine(folder, "part-half.parquet");
        string aside = Path.Combine(folder, "_delta_log", $".00000000000000000001.json.{Guid.NewGuid():n}.tmp");
        string sparks = Path.Combine(folder, "_delta_log", $".00000000000000000001.json.{Guid.NewGuid()}.tmp");
        foreach (string file in new[] { half, aside, sparks }) File.WriteAllText(file, "x");
        // Whatever the clock said then, or says now.
        File.SetLastWriteTimeUtc(half, new DateTime(2100, 1, 1));
        await _log.SweepAsync(new EventTime(1));
        Assert.Multiple(async () =>
        {
            Assert.That(File.Exists(half), Is.False);
            Assert.That(File.Exists(aside), Is.False);
            Assert.That(File.Exists(sparks), Is.True, "Spark may be about to commit it");
            Assert.That(await _log.ReadAsync(), Has.Count.EqualTo(1));
        });
    }

    [Test]
    public async Task Sweep_WhatWasLeftBeforeTheFirstRecord_GoesToo()
    {
        Directory.CreateDirectory(_folder["lake/_lepton/runs"]);
        string half = _folder["lake/_lepton/runs/part-half.parquet"];
        File.WriteAllText(half, "x");
        await _log.SweepAsync(new EventTime(1));
        Assert.That(File.Exists(half), Is.False);
    }

    [Test]
    public async Task Sweep_ALongLog_BecomesOneFileThatSaysTheSame()
    {
        for (int number = 1; number <= 65; number++)
        {
            await _log.BeginAsync(Run("p", number, RunState.Running, startedAt: number), number - 1);
            await _log.FinishAsync(Run("p", number, number == 65 ? RunState.Failed : RunState.Finished, startedAt: number));
        }
        string[] before = [.. (await _log.ReadAsync()).Select(run => $"{run.Number} {run.State}")];
        ITable table = Lake.Open(_folder["lake"]).SystemTable("runs");
        Assert.That((await table.ReadAsync())!.Files, Has.Count.EqualTo(130));
        await _log.SweepAsync(new EventTime(1));
        Assert.Multiple(async () =>
        {
            Assert.That((await table.ReadAsync())!.Files, Has.Count.EqualTo(1));
            Assert.That((await _log.ReadAsync()).Select(run => $"{run.Number} {run.State}"), Is.EqualTo(before));
            Assert.That(await _log.NewestNumberAsync("p"), Is.EqualTo(65), "progress is kept");
        });
    }

    [Test]
    public async Task Read_ARecordOfANewerFormat_IsRefused()
    {
        var lake = Lake.Open(_folder["lake"]);
        await _log.BeginAsync(Run("p", 1, RunState.Running), 0);
        ITable table = lake.SystemTable("runs");
        Snapshot snapshot = (await table.ReadAsync())!;
        using var builder = new Lepton.Data.Schemas.Batches.RecordBatchBuilder(snapshot.Schema);
        foreach ((Field field, int i) in snapshot.Schema.Fields.Select((field, i) => (field, i))) builder.Column(i).AppendValue(field.Name == "format_version" ? 2 : null);
        using (Lepton.Data.Schemas.Batches.RecordBatch batch = builder.Build())
            await lake.AppendRecordsAsync(table, snapshot.Schema, [batch], new RecordsCommit("WRITE", snapshot.CommittedAt));
        await Refusal.Of("storage.run_newer", async () => await new RunLog(Lake.Open(_folder["lake"])).ReadAsync());
    }

    [Test]
    public void Take_InANewLake_MakesItsFolderDurable()
    {
        var calls = new RecordingFileCalls(_folder["lake"]);
        using (RunLock.Take(Lake.Open(new LocalObjectStore(_folder["lake"], calls)), "run one")) calls.AssertAre("make _lepton\nsync names in .");
    }

    [Test]
    public void Take_TheLockTwice_IsRefusedUntilItIsLetGo()
    {
        var lake = Lake.Open(_folder["lake"]);
        using (RunLock.Take(lake, "run one"))
        {
            LeptonDataException refused = Refusal.Of("storage.run_in_progress", () => RunLock.Take(lake, "run two").Dispose());
            Assert.That((refused.IsTransient, refused.Message), Is.EqualTo((true, refused.Message)));
            Assert.That(refused.Message, Does.Contain("run one").And.Contain(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
        Assert.DoesNotThrow(() => RunLock.Take(lake, "run three").Dispose());
    }

    private static RunRecord Run(string pipeline, long number, RunState state, long startedAt = 0) => new()
    {
        RunId = $"20260102T030405-{number:x8}",
        Number = number,
        Pipeline = pipeline,
        StartedAt = new EventTime(startedAt),
        State = state,
        SoftwareVersion = "1.2.3",
    };
}

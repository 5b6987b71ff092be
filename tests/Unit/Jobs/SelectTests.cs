using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Runs;
using Lepton.Data.Tests.Unit.Storage;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Runs of some steps: which, what they read, and what the run's record says of the others.</summary>
public sealed class SelectTests
{
    private ProjectFixture _project = null!;

    // a -> b -> c, a -> d; e stands alone.
    [SetUp]
    public void Arrange()
    {
        _project = new ProjectFixture();
        Source(1);
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              c: { sql: SELECT sum(n) AS n FROM b }
              b: { sql: SELECT n + 1 AS n FROM a, expect: { low: { sql: n < 100 } } }
              a: { sql: SELECT n FROM src }
              d: { sql: SELECT n FROM a }
              e: { sql: SELECT 5 AS n }
            """);
    }

    [TearDown]
    public async Task End() => await _project.DisposeAsync();

    [TestCase("b", "b")]
    [TestCase("+b", "a b")]
    [TestCase("b+", "b c")]
    [TestCase("+b+", "a b c")]
    [TestCase("a+", "a b c d")]
    [TestCase("+c", "a b c")]
    [TestCase("e", "e")]
    [TestCase("E d", "d e")]
    public async Task Plan_Selected_AreThoseThatTheWordsName(string words, string expected)
    {
        await _project.RunWellAsync();
        Assert.That((await _project.PlanAsync(words.Split(' '))).Select(step => step.Step).Order(StringComparer.Ordinal), Is.EqualTo(expected.Split(' ')));
    }

    [Test]
    public async Task Run_Selected_LeavesTheOthersAsTheyWere()
    {
        RunRecord all = await _project.RunWellAsync();
        Source(2);
        RunSummary summary = await _project.RunAsync(select: ["a", "d"]);
        RunRecord some = summary.Runs.Single();
        Assert.Multiple(async () =>
        {
            Assert.That(some.Steps.Select(step => (step.Name, step.State)), Is.EquivalentTo(new[] { ("a", StepState.Done), ("d", StepState.Done), ("b", StepState.LeftOut), ("c", StepState.LeftOut), ("e", StepState.LeftOut) }));
            Assert.That(some.State, Is.EqualTo(RunState.Finished));
            Assert.That(await _project.RowsAsync("d"), Is.EqualTo(new[] { "2" }));
            Assert.That(await _project.RowsAsync("c"), Is.EqualTo(new[] { "2" }), "made of the first a");
        });
        IReadOnlyDictionary<TableName, long> published = await new RunLog(_project.Lake).PublishedVersionsAsync();
        foreach (StepRecord step in all.Steps.Where(step => step.Name is "b" or "c" or "e"))
            Assert.That((published[TableName.Parse(step.Name)], published.GetValueOrDefault(TableName.Parse(step.Name).Quarantine, -1)), Is.EqualTo((step.Version, step.QuarantineVersion ?? -1)), step.Name);
        Assert.That((await _project.RunWellAsync()).Steps.Where(step => step.State == StepState.Done).Select(step => step.Name), Is.EquivalentTo(new[] { "b", "c" }), "what was left out follows");
    }

    [Test]
    public async Task Run_Selected_ReadsWhatTheOthersMadeByItsOwnColumns()
    {
        await _project.RunWellAsync();
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              a: { sql: SELECT n AS renamed FROM src }
              d: { sql: SELECT n + 10 AS n FROM a }
            """);
        await _project.RunAsync(select: ["d"]);
        Assert.That(await _project.RowsAsync("d"), Is.EqualTo(new[] { "11" }));
    }

    [Test]
    public async Task Run_SelectedWhoseInputIsNotMadeYet_SaysWhatToSelect()
    {
        LeptonDataException refusal = await Refusal.Of("jobs.left_out", () => _project.RunAsync(select: ["b"]));
        Assert.That((refusal.Code, refusal.Message), Is.EqualTo(("jobs.left_out", $"{_project.Folder.Path}/pipelines/p.yaml:5:36: The step 'b' reads 'a', which no run has made yet; select it too: `--select +b`.")));
        await _project.RunAsync(select: ["+b"]);
        Assert.That(await _project.RowsAsync("b"), Is.EqualTo(new[] { "2" }));
        Assert.That(await _project.SnapshotAsync("c"), Is.Null);
    }

    [Test]
    public async Task Run_SelectedThatReadsTheQuarantineOfAStepWithoutRules_ReadsItAsEmpty()
    {
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              a: { sql: SELECT n FROM src }
              q: { sql: SELECT count(*) AS bad FROM a__quarantine }
            """);
        await _project.RunWellAsync();
        Assert.That((await _project.RunAsync(isFullRefresh: true, select: ["q"])).IsComplete);
        Assert.That(await _project.RowsAsync("q"), Is.EqualTo(new[] { "0" }));
    }

    [TestCase("bb", "jobs.unknown_step_but")]
    [TestCase("+nothing_like_it", "jobs.unknown_step")]
    [TestCase("src", "jobs.unknown_step")]
    [TestCase("b++", "jobs.select_form")]
    [TestCase("++b", "jobs.select_form")]
    [TestCase("+a+b", "jobs.select_form")]
    public async Task Run_SelectedUnknown_IsRefused(string word, string code)
        => await Refusal.Of(code, () => _project.RunAsync(select: [word]));

    private void Source(int n) => _project.Csv("src", $"n\n{n}\n");
}

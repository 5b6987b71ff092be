using System.Globalization;
using System.Text;
using Lepton.Data.Jobs;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Many steps, and tables of many columns. `make torture` takes 2,000 of each.</summary>
public sealed class LargeProjectTests
{
    private static readonly int s_stepCount = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 2_000 : 60;
    private static readonly int s_columnCount = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 2_000 : 40;

    private ProjectFixture _project = null!;

    [SetUp]
    public void Arrange() => _project = new ProjectFixture();

    [TearDown]
    public async Task End() => await _project.DisposeAsync();

    [Test]
    [Category("Torture")]
    public async Task Run_ManySteps_EachIsDoneOnceAndThenNone([Values("chain", "fan")] string form)
    {
        _project.Csv("src", "id\n1\n2\n");
        var pipeline = new StringBuilder("pipeline: p\nsources: { src: { format: csv, path: data/src.csv } }\nsteps:\n  s0: { sql: SELECT id FROM src }\n");
        for (int i = 1; i < s_stepCount; i++) pipeline.Append(CultureInfo.InvariantCulture, $"  s{i}: {{ sql: SELECT id + 1 AS id FROM s{(form == "chain" ? i - 1 : 0)} }}\n");
        _project.Pipeline(pipeline.ToString());
        Assert.That((await _project.PlanAsync()).Count(step => step.WillRun), Is.EqualTo(s_stepCount));
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Count(step => step.State == StepState.Done), Is.EqualTo(s_stepCount));
        int last = form == "chain" ? s_stepCount : 2;
        Assert.That(await _project.RowsAsync($"s{s_stepCount - 1}"), Is.EquivalentTo(new[] { $"{last}", $"{last + 1}" }));
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    [Test]
    [Category("Torture")]
    public async Task Run_ManyColumns_AreReadCheckedWrittenAndProfiled()
    {
        string Row(Func<int, string> value) => string.Join(',', Enumerable.Range(0, s_columnCount).Select(value)) + "\n";
        _project.Csv("src", Row(i => $"c{i}") + Row(i => $"{i}") + Row(i => $"{-i}") + Row(i => i == 1 ? "" : "7"));
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              wide:
                sql: SELECT * FROM src
                expect: { there: { not_null: [c1] }, small: { sql: c2 < 2 } }
              sums:
                sql: SELECT sum(COLUMNS(*)) FROM wide
            """);
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Select(step => (step.State, step.RowsOut, step.RowsQuarantined)), Is.EqualTo(new[] { (StepState.Done, 1L, 2L), (StepState.Done, 1L, (long?)0) }));
        Assert.That((await _project.SnapshotAsync("sums"))!.Schema.Count, Is.EqualTo(s_columnCount));
        Assert.That((await _project.ProfileAsync("wide")).Columns, Has.Count.EqualTo(s_columnCount));
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }
}

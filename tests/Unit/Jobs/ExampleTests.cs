using Lepton.Data.Engines;
using System.Globalization;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Reports;
using Lepton.Data.Jobs.Testing;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Runs;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>The example's files, which people copy from.</summary>
public sealed class ExampleTests
{
    private static readonly string s_folder = RepositoryFolder.At("examples/flights");

    [Test]
    public void Flights_AllFiles_SayWhatTheyClaim()
    {
        var project = Project.Load(s_folder);
        FeatureDefinitions features = FeatureDefinitions.Load(s_folder);
        ReportDefinition report = ReportDefinition.Format.Read(File.ReadAllBytes(project.ReportFiles.Single()), "reports/flights.yaml");
        Assert.Multiple(() =>
        {
            Assert.That(project.LoadPipelines().Single().Steps.Select(step => step.Name), Is.EqualTo(new[] { "airports", "flights", "airport_hourly", "airport_hourly_by_departure" }));
            Assert.That(features.TrainingSets.Select(set => set.Name), Is.EqualTo(new[] { "late_arrivals", "late_arrivals_by_departure" }));
            // The comparison is fair only where both describe the same labels by the same features.
            Assert.That(features.TrainingSets[0].Labels.Text, Is.EqualTo(features.TrainingSets[1].Labels.Text));
            Assert.That(features.FeatureViews.Single(view => view.Name == "airport_hourly").Features, Is.EqualTo(features.FeatureViews.Single(view => view.Name == "airport_hourly_by_departure").Features));
            Assert.That(features.FeatureViews.Where(view => view.IsPointInTime && view.CreatedTime is null).Select(view => view.Name), Is.EqualTo(new[] { "airport_hourly_by_departure" }));
            Assert.That(project.LoadUnitTests().Select(test => test.Step.Value).Distinct(), Is.SupersetOf(new[] { "airports", "flights", "airport_hourly" }));
            Assert.That(report.Lineage!.TrainingSet, Is.EqualTo("late_arrivals"));
            Assert.That(report.Panels.Select(panel => panel.Name), Is.EqualTo(new[] { "leak", "auc" }));
            Assert.That(report.Panels.SelectMany(panel => new ReportText?[] { panel.Title, panel.Text }).Append(report.Title), Has.All.Matches<ReportText?>(text => text is { En: not null, Zh: not null }), "both languages");
        });
    }

    [Test]
    public async Task Flights_UnitTests_Pass()
    {
        using var scratch = new TempFolder();
        using var frontEnd = new DuckDbFrontEnd();
        var run = new RunContext(RunId.Create(TimeProvider.System), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));
        IReadOnlyList<UnitTestResult> results = await ProjectFixture.TestAsync(Project.Load(s_folder), scratch.Path, run, frontEnd);
        Assert.Multiple(() =>
        {
            foreach (UnitTestResult result in results) Assert.That(result.IsPassed, $"{result.Test.Name}: {result.Error?.Message}");
        });
    }

    // The counts of the samples, found with another tool; those of the whole files are checked where they are (tests/System/Cli/SmallExamplesTests.cs).
    [Test]
    public async Task AirQuality_OfTheSample_HasEachHourOnceAndNullsForItsSentinels()
    {
        await using ProjectFixture project = Example("air-quality");
        RunRecord run = await project.RunWellAsync();
        Assert.Multiple(() =>
        {
            Assert.That(Rows(run, "air"), Is.EqualTo((192L, 0L)), "199 lines, 7 of them commas only");
            Assert.That(Rows(run, "air_daily"), Is.EqualTo((9L, 0L)));
            Assert.That(run.Steps.Single(step => step.Name == "air").Rules.Where(rule => rule.BrokenRowCount > 0), Is.Empty);
        });
        string[] co = await project.RowsAsync("air", "co");
        Assert.That(co.Count(value => value == "NULL"), Is.EqualTo(9));
        Assert.That((await project.RowsAsync("air", "nmhc")).Count(value => value == "NULL"), Is.EqualTo(9));
        Assert.That((await project.RowsAsync("air", "measured_at"))[^1], Does.StartWith("2004-03-18T16:00:00"), "17:00 by a clock an hour ahead of UTC");
    }

    [Test]
    public async Task Visits_OfTheSample_HasEachVisitOnce()
    {
        await using ProjectFixture project = Example("visits");
        RunRecord run = await project.RunWellAsync();
        Assert.That(Rows(run, "visits"), Is.EqualTo((200L, 0L)));
        Assert.That(Rows(run, "guests"), Is.EqualTo((200L, 0L)));
        Assert.That((await project.RowsAsync("visits", "euros")).Sum(value => int.Parse(value, CultureInfo.InvariantCulture)), Is.EqualTo(6_276));
    }

    [TestCase("air-quality", "bad_hours", "air_daily__mean_co")]
    [TestCase("visits", "spenders", "guests__euros")]
    [TestCase("loans", "defaults", "credit_history__missed_payments_2y")]
    [TestCase("drivers", "satisfaction", "driver_stats__conv_rate", "driver_stats_as_feast")]
    public void Example_AllFiles_SayWhatTheyClaim(string example, string trainingSet, string column, string? withoutCreatedTime = null)
    {
        string folder = RepositoryFolder.At($"examples/{example}");
        var project = Project.Load(folder);
        ReportDefinition report = ReportDefinition.Format.Read(File.ReadAllBytes(project.ReportFiles.Single()), "report.yaml");
        Assert.Multiple(() =>
        {
            Assert.That(FeatureDefinitions.Load(folder).TrainingSets.Select(set => set.Name), Is.EqualTo(new[] { trainingSet }));
            Assert.That(FeatureDefinitions.Load(folder).FeatureViews, Has.All.Matches<FeatureView>(view => view is { IsPointInTime: true } && view.CreatedTime is null == (view.Name == withoutCreatedTime)));
            Assert.That(($"{report.Lineage?.TrainingSet}", $"{report.Lineage?.Column}"), Is.EqualTo((trainingSet, column)));
            Assert.That(report.Panels.SelectMany(panel => new ReportText?[] { panel.Title }).Append(report.Title).Append(report.Introduction), Has.All.Matches<ReportText?>(text => text is { En: not null, Zh: not null }), "both languages");
        });
    }

    private static ProjectFixture Example(string name)
    {
        var project = new ProjectFixture();
        string folder = RepositoryFolder.At($"examples/{name}");
        foreach (string file in Directory.EnumerateFiles($"{folder}/sample")) project.Folder.Write($"data/{Path.GetFileName(file)}", File.ReadAllText(file));
        foreach (string file in Directory.EnumerateFiles($"{folder}/pipelines", "*.yaml")) project.Folder.Write($"pipelines/{Path.GetFileName(file)}", File.ReadAllText(file));
        return project;
    }

    private static (long? Good, long? Bad) Rows(RunRecord run, string step) => run.Steps.Where(known => known.Name == step).Select(known => (known.RowsOut, known.RowsQuarantined)).Single();
}

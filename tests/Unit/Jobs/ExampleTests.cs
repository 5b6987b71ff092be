using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Reports;
using Lepton.Data.Jobs.Testing;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
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
}

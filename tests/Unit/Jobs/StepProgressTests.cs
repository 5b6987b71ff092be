using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas.Contracts;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>A step passes over its rows several times, and its bar goes one way.</summary>
internal sealed class StepProgressTests
{
    private sealed class Heard : List<StepProgress>, IProgress<StepProgress>
    {
        public void Report(StepProgress value) => Add(value);
    }

    [Test]
    public void Report_PassAfterPass_NeverGoesBack()
    {
        var heard = new Heard();
        var progress = new StepProgressOf("s", heard);
        void Pass(string activity, string engine)
        {
            progress.Report(new StepProgress("s", activity, null, 7));
            foreach (double? fraction in new double?[] { null, 0, 0.5, 1 }) progress.Report(new StepProgress("", engine, fraction));
        }
        Pass("jobs.computing", "engines.reading");
        Pass("jobs.checking", "engines.reading");
        Pass("jobs.quarantining", "engines.reading");
        progress.Report(new StepProgress("", "storage.checking", 1));
        double beforeWriting = heard[^1].Fraction!.Value;
        Pass("jobs.writing", "engines.reading");
        foreach (double fraction in new[] { 0.0, 0.5, 1 }) progress.Report(new StepProgress("", "storage.checking", fraction));
        progress.Report(new StepProgress("s", "jobs.retrying"));
        Pass("jobs.computing", "engines.reading");
        progress.Report(new StepProgress("s", "jobs.done", 1));
        double[] fractions = [.. heard.Select(value => value.Fraction).OfType<double>()];
        Assert.Multiple(() =>
        {
            Assert.That(heard.Select(value => value.Step), Is.All.EqualTo("s"));
            Assert.That(fractions, Is.Ordered);
            Assert.That(fractions[..^1], Is.All.LessThan(1));
            Assert.That(fractions[^1], Is.EqualTo(1));
            Assert.That(beforeWriting, Is.LessThan(0.71), "what was refused is read back before the rest is written");
            Assert.That(heard[0].Fraction, Is.Null, "nothing is known yet");
        });
    }

    [Test]
    public async Task Run_AStepWithRefusedRows_ReportsOneWay()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        await project.RunWellAsync();
        foreach (string step in new[] { "orders", "totals" })
        {
            double[] fractions = [.. project.Progress.Where(value => value.Step == step).Select(value => value.Fraction).OfType<double>()];
            Assert.That(fractions, Has.Length.GreaterThan(1).And.Ordered, step);
            Assert.That((fractions[^2] < 1, fractions[^1]), Is.EqualTo((true, 1.0)), step);
        }
    }
}

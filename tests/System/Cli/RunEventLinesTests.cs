using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary><c>lepton run --output json</c>: one object a line, whole lines, stable names (docs/formats/run-events.md).</summary>
[TestFixture]
internal sealed class RunEventLinesTests
{
    [Test]
    public void RunJson_OfASmallProject_IsOneObjectALineInOrder()
    {
        using TestFolder folder = SmallProject.Create();
        JsonElement[] events = folder.Lepton.Done("run", "--output", "json").Events;
        string[] names = [.. events.Select(one => one.GetProperty("event").GetString()!)];
        Assert.Multiple(() =>
        {
            Assert.That(names.Where(name => name != "progress"), Is.EqualTo(new[] { "run_started", "step_started", "step_done", "step_started", "step_done", "step_started", "step_done", "run_finished" }));
            Assert.That(events.Select(one => one.GetProperty("at").GetString()), Has.All.Match("^[0-9-]{10}T[0-9:]{8}\\.[0-9]{6}Z$"));
            JsonElement orders = events.Single(one => one.GetProperty("event").GetString() == "step_done" && one.GetProperty("step").GetString() == "orders");
            Assert.That((orders.GetProperty("rows").GetInt64(), orders.GetProperty("rows_quarantined").GetInt64(), orders.GetProperty("version").GetInt64()), Is.EqualTo((SmallProject.GoodOrderCount, 2, 0)));
            Assert.That(orders.GetProperty("bytes").GetInt64(), Is.GreaterThan(0));
            Assert.That(events[^1].GetProperty("run_id").GetString(), Is.EqualTo(events.Single(one => one.GetProperty("event").GetString() == "run_started").GetProperty("run_id").GetString()));
        });
        JsonElement[] again = folder.Lepton.Done("run", "--output", "json").Events;
        Assert.That(again.Count(one => one.GetProperty("event").GetString() == "step_unchanged"), Is.EqualTo(3));
        Assert.That(again[^1].GetProperty("is_unchanged").GetBoolean());
    }

    [Test]
    public void RunJson_StepThatFails_SaysSoAndWhatWasSkipped()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Replace(SmallProject.PipelineFile, "amount_positive: { sql: amount > 0 }", "amount_positive: { sql: amount > 0, on_failure: fail }");
        Answer answer = folder.Lepton.Run("run", "--output", "json");
        Assert.Multiple(() =>
        {
            Assert.That(answer.ExitCode, Is.EqualTo(3));
            Assert.That(answer.Events.Select(one => one.GetProperty("event").GetString()), Is.SupersetOf(new[] { "step_failed", "step_skipped", "run_finished" }));
            Assert.That(answer.Events.Single(one => one.GetProperty("event").GetString() == "step_failed").GetProperty("error_code").GetString(), Is.EqualTo("jobs.rule_broken"));
            Assert.That(JsonDocument.Parse(answer.Error).RootElement.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("jobs.rule_broken"));
        });
    }

    [Test]
    public void Run_OpenLineageServerThatIsNotThere_IsSaidAndFailsNothing()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Write("lepton.yaml", "project: shop\nopenlineage: { url: \"http://127.0.0.1:1/\" }\n");
        Answer answer = folder.Lepton.Done("run");
        Assert.That(answer.Error, Does.Contain("OpenLineage: 12 events could not be delivered (Connection refused)"));
        Assert.That(folder.Lepton.Done("run", "--full-refresh", "--output", "json").Events.Select(one => one.GetProperty("event").GetString()), Does.Contain("openlineage_undelivered"));
    }

    [Test]
    public void Run_SecondTimeWithMoreRows_SaysWhatChanged()
    {
        using TestFolder folder = SmallProject.Create();
        Assert.That(folder.Lepton.Done("run").Out, Does.Match("(?m)^orders +done +6 +new +2 "));
        File.AppendAllText(folder[SmallProject.OrderFile], "9,ada,2024-03-03 08:00:00,9.99\n");
        Assert.That(folder.Lepton.Done("run").Out, Does.Match("(?m)^orders +done +7 +\\+1 +2 ").And.Match("(?m)^customers +unchanged +3 +– "));
    }
}

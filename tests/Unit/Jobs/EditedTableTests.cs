using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Editing;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Runs over tables that were compacted or restored since.</summary>
[TestFixture]
internal sealed class EditedTableTests
{
    private ProjectFixture _project = null!;

    [SetUp]
    public void SetUp()
    {
        _project = ProjectFixture.Shop();
    }

    [TearDown]
    public async Task TearDown() => await _project.DisposeAsync();

    [Test]
    public async Task Run_TablesWereOnlyLaidOutAnew_ComputesNothingAndPublishesThem()
    {
        _project.Pipeline("pipeline: other\nsteps:\n  copies: { sql: SELECT id FROM orders }\n", "other");
        Assert.That((await _project.RunAsync()).IsComplete, Is.True);
        foreach (string name in new[] { "orders", "orders__quarantine" })
        {
            await EditAsync(name, editor => editor.CompactAsync(clusterBy: ["id"]));
            await EditAsync(name, editor => editor.CompactAsync(clusterBy: ["id"]));
        }
        IReadOnlyList<PlannedStep> planned = await _project.PlanAsync();
        RunSummary again = await _project.RunAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(planned.Select(step => step.Reason), Is.All.Null);
            Assert.That(again.IsUnchanged, Is.True, string.Join(' ', again.Runs.SelectMany(run => run.Steps).Select(step => $"{step.Name} {step.Reason}")));
            IReadOnlyDictionary<TableName, long> published = await new RunLog(_project.Lake).PublishedVersionsAsync();
            Assert.That((published[TableName.Parse("orders")], published[TableName.Parse("orders__quarantine")]), Is.EqualTo((2L, 2L)));
        });
        // Also where only the readers' pipeline runs, and where a step has to run after all.
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
        _project.Csv("src", "id,amount\n1,10\n2,-5\n3,20\n4,30\n");
        RunSummary next = await _project.RunAsync();
        Assert.That((next.IsComplete, next.IsUnchanged), Is.EqualTo((true, false)));
        Assert.That(await _project.RowsAsync("copies"), Is.EqualTo(new[] { "1", "3", "4" }));
    }

    [Test]
    public async Task Run_ATableThatWasRestored_StopsTheStepAndSaysSo()
    {
        await _project.RunWellAsync();
        _project.Csv("src", "id,amount\n1,10\n");
        await _project.RunWellAsync();
        await EditAsync("orders", editor => editor.RestoreAsync(0));
        // Laid out anew it stays what it is.
        await EditAsync("orders", editor => editor.CompactAsync(clusterBy: ["id"]));
        LeptonDataException refused = (await _project.RunAsync()).Failures.Single().Error;
        Assert.That(refused.Code, Is.EqualTo("jobs.restored"));
        Assert.That(refused.Message, Does.Contain("version 2 holds what version 0 did").And.Contain("--full-refresh"));
        Assert.That((await _project.RunAsync(isFullRefresh: true)).IsComplete, Is.True);
        Assert.That(await _project.RowsAsync("orders"), Is.EqualTo(new[] { "1|10" }));
    }

    private async Task EditAsync(string name, Func<TableEditor, ValueTask<TableEdit>> edit)
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_project.Lake.RootPath], ThreadCount = 1 });
        ITable table = _project.Lake.Table(TableName.Parse(name));
        Assert.That((await edit(new TableEditor(table, _project.Lake.Store, database, _project.Context()))).IsCommitted, Is.True);
    }
}

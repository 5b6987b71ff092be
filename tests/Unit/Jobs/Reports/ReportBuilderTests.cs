using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Reports;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Reports;

/// <summary>A whole small project, from files to a training set, and what its report says of it.</summary>
public sealed class ReportBuilderTests
{
    private const string Pipeline = """
        pipeline: shop
        sources:
          raw: { format: csv, path: data/raw.csv, columns: { ordered_at: { zone: UTC } } }
        steps:
          orders:
            description: One row for each order.
            sql: SELECT DISTINCT id, customer, ordered_at, amount FROM raw
            event_time: ordered_at
            created_time: ordered_at
            expect:
              positive: { sql: amount > 0 }
              known: { not_null: customer }
          daily:
            sql: |
              SELECT customer, date_trunc('day', ordered_at) + INTERVAL 24 HOUR AS day_end, count(*) AS orders, max(amount) AS most
              FROM orders
              GROUP BY customer, date_trunc('day', ordered_at)
            event_time: day_end
            created_time: day_end
        """;

    private const string Features = """
        entities:
          customer: { keys: [customer] }
        feature_views:
          daily: { entity: customer, table: daily, event_time: day_end, created_time: day_end, ttl: 2d, features: [orders, most] }
        feature_services:
          model: { features: [daily] }
        training_sets:
          asked:
            service: model
            labels: |
              SELECT id, customer, ordered_at, amount > 15 AS big FROM orders ORDER BY id
            event_time: ordered_at
            split: { train: { before: 2024-03-03 }, test: { before: 2024-04-01 } }
        """;

    private const string Report = """
        report: shop
        title: { en: The shop, zh: 商店 }
        lineage: { training_set: asked, column: daily__orders }
        panels:
          by_customer:
            title: Orders
            sql: SELECT customer, count(*) AS n FROM orders GROUP BY customer ORDER BY customer
            chart: bar
            columns: { n: { format: "0.0" } }
        """;

    // Row 1 stands twice; row 5 breaks a rule. Labels: 1 and 2 find no day that is over (absent); 3 and 4 find ada's first day; 6, six days later, finds it expired.
    private const string Rows = """
        id,customer,ordered_at,amount
        1,ada,2024-03-01 10:00:00,10
        1,ada,2024-03-01 10:00:00,10
        2,bob,2024-03-01 11:00:00,20
        3,ada,2024-03-02 10:00:00,30
        4,ada,2024-03-03 00:00:00,40
        5,bob,2024-03-04 00:00:00,-1
        6,bob,2024-03-08 00:00:00,50
        """;

    private ProjectFixture _project = null!;
    private DuckDbFrontEnd _frontEnd = null!;
    private DuckDbEngine _engine = null!;

    [SetUp]
    public void SetUp()
    {
        _project = new ProjectFixture();
        _project.Csv("raw", Rows);
        _project.Pipeline(Pipeline);
        _project.Folder.Write("features/f.yaml", Features.ReplaceLineEndings("\n"));
        _frontEnd = new DuckDbFrontEnd();
        _engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 512L << 20, AllowedFolders = [_project.Folder.Path] });
    }

    [TearDown]
    public async Task TearDown()
    {
        await _engine.DisposeAsync();
        _frontEnd.Dispose();
        await _project.DisposeAsync();
    }

    [Test]
    public async Task Build_WholeProject_SaysWhatBecameOfEachRow()
    {
        await MakeAsync();
        ReportModel report = await BuildAsync(Report);
        Assert.Multiple(() =>
        {
            Assert.That(report.Title, Is.EqualTo(new ReportText("The shop", "商店")));
            Assert.That(report.Sources.Select(source => (source.Name, source.Format, source.Path, source.Rows)), Is.EqualTo(new[] { ("raw", "csv", "data/raw.csv", (long?)7) }));
            Assert.That(report.Sources[0].Sha256, Has.Length.EqualTo(64));
            // 7 rows, one of them twice: 6 made, 1 refused, 5 kept. Days: ada 1, 2, 3; bob 1, 8.
            Assert.That(report.Steps.Select(step => (step.Table, step.RowsMade, step.RowsRefused, step.RowsKept, step.IsReused)), Is.EqualTo(new[] { ("orders", 6L, 1L, 5L, false), ("daily", 5L, 0L, 5L, false) }));
            Assert.That(report.Steps[0].Description, Is.EqualTo(new ReportText("One row for each order.", null)));
            Assert.That(report.Steps[1].Inputs, Is.EqualTo(new[] { new ReportInput("orders", 5, IsCheckOnly: false) }));
            Assert.That(report.Rules.Where(rule => rule.RowsBroken > 0).Select(rule => (rule.Table, rule.Name, rule.RowsChecked, rule.RowsBroken)), Is.EqualTo(new[] { ("orders", "positive", (long?)6L, (long?)1L) }));
            Assert.That(report.Refused.Single().Rows.Single(), Is.EqualTo(new object?[] { 5L, "bob", "2024-03-04T00:00:00.000000Z", -1L, "positive" }));
            Assert.That(report.Panels.Single().Rows, Is.EqualTo(new object?[][] { ["ada", 3L], ["bob", 2L] }));
            Assert.That(report.Panels.Single().Columns.Select(column => (column.Name, column.Kind, column.Format)), Is.EqualTo(new[] { ("customer", "text", null), ("n", "number", "0.0") }));
        });
    }

    [Test]
    public async Task Build_TrainingSet_SaysWhatEachFeatureHolds()
    {
        await MakeAsync();
        ReportTrainingSet set = (await BuildAsync(Report)).TrainingSets.Single();
        Assert.Multiple(() =>
        {
            Assert.That((set.Name, set.Version, set.Service, set.RowCount), Is.EqualTo(("asked", 1, "model", 5L)));
            Assert.That(set.Labels, Is.EqualTo(new[] { new ReportLabel("big", IsShare: true) }));
            // Train: orders 1 (10), 2 (20), 3 (30), of which two are above 15; test: 4 (40) and 6 (50).
            Assert.That(set.Splits.Select(split => (split.Name, split.RowCount, split.LabelMeans[0])), Is.EqualTo(new[] { ("train", 3L, (double?)(2 / 3d)), ("test", 2L, 1d) }));
            Assert.That(set.Views.Select(view => (view.Name, view.IsPointInTime, view.TimeToLiveSeconds, view.Present, view.Expired, view.Absent)), Is.EqualTo(new[] { ("daily", true, (long?)172800, 2L, 1L, 2L) }));
            ReportFeature most = set.Features.Single(feature => feature.Name == "most");
            // Order 3 sees ada's 1 March (10), order 4, at midnight, her 2 March (30).
            Assert.That((most.Kind, most.Missing, most.Nulls, most.Min, most.Median, most.Mean, most.Max), Is.EqualTo(("number", 3L, 0L, (object)10d, (object)10d, (object)20d, (object)30d)));
            Assert.That(most.Bins.Sum(bin => bin.Count), Is.EqualTo(2));
            ReportLeaks leaks = set.Leaks!;
            Assert.That((leaks.Threshold, leaks.RowsJudged, leaks.RowCount), Is.EqualTo((0.95, 5L, 5L)));
            Assert.That(leaks.Labels, Does.Contain("big"));
            ReportLeak leak = leaks.Features.Single(feature => feature.Column == "daily__most");
            Assert.That((leak.View, leak.IsPointInTime, leak.Expired, leak.AgesMs.Count), Is.EqualTo(("daily", true, 1L, 5)));
            // Of train one of three has a value, of test one of two.
            Assert.That(leak.Missing, Is.EqualTo(new[] { new ReportMissing("train", 2, 3), new ReportMissing("test", 1, 2) }));
            // Both rows with a value are big: nothing to tell apart.
            Assert.That(leak.Strengths.Single(strength => strength.Label == "big"), Is.EqualTo(new ReportStrength("big", "auc", null, 0.5)));
            Assert.That(leaks.Entities.Select(overlap => (overlap.Split, overlap.Other)), Is.EqualTo(new[] { ("train", "test") }));
            Assert.That(most.Bins.Where(bin => bin.Count > 0).Select(bin => bin.From), Is.EqualTo(new object[] { 10d, 30d }));
        });
    }

    [Test]
    public async Task Build_Lineage_ReachesTheSourceAndTellsValueFromInfluence()
    {
        await MakeAsync();
        ReportLineage lineage = (await BuildAsync(Report.Replace("daily__orders", "daily__most", StringComparison.Ordinal))).Lineage!;
        Assert.Multiple(() =>
        {
            Assert.That(lineage.Edges, Does.Contain(new ReportLineageEdge("daily.most", "datasets.asked.daily__most", IsValue: true)));
            Assert.That(lineage.Edges, Does.Contain(new ReportLineageEdge("orders.amount", "daily.most", IsValue: true)));
            Assert.That(lineage.Edges, Does.Contain(new ReportLineageEdge("raw.amount", "orders.amount", IsValue: true)));
            Assert.That(lineage.Edges, Does.Contain(new ReportLineageEdge("daily.customer", "datasets.asked.daily__most", IsValue: false)), "the key decides which row is found");
            Assert.That(lineage.Edges, Does.Contain(new ReportLineageEdge("orders.customer", "daily.most", IsValue: false)), "what is grouped by decides which rows count");
            Assert.That(lineage.Nodes.Select(node => node.Id), Is.Unique);
            Assert.That(lineage.Edges.SelectMany(edge => new[] { edge.From, edge.To }).Distinct(), Is.SubsetOf(lineage.Nodes.Select(node => node.Id)));
            Assert.That(lineage.Nodes.Where(node => lineage.Edges.All(edge => edge.From != node.Id)).Select(node => node.Id), Is.EqualTo(new[] { "datasets.asked.daily__most" }), "only the column itself leads nowhere");
        });
    }

    [Test]
    public async Task Build_NothingChangedSince_ShowsTheFiguresOfTheRunThatMadeTheTables()
    {
        await MakeAsync();
        ReportModel before = await BuildAsync(Report);
        await _project.RunAsync();
        ReportModel after = await BuildAsync(Report);
        Assert.That(after.Steps.Select(step => (step.Table, step.RowsMade, step.RowsKept, step.DurationMs, step.ContentHash)), Is.EqualTo(before.Steps.Select(step => (step.Table, step.RowsMade, step.RowsKept, step.DurationMs, step.ContentHash))));
        Assert.That(after.Rules, Is.EqualTo(before.Rules));
    }

    [Test]
    public void Build_BeforeTheFirstRun_SaysSo()
        => Assert.That(() => BuildAsync(Report), Throws.TypeOf<LeptonDataException>().With.Property("Code").EqualTo("jobs.report_before_run"));

    [TestCase("chart: bar", "chart: bar\n    y: amounts", "jobs.report_unknown_column")]
    [TestCase("training_set: asked", "training_set: ask", "jobs.report_unknown_training_set")]
    [TestCase("daily__orders", "daily__order", "jobs.report_unknown_feature")]
    public async Task Build_ReportThatNamesWhatIsNotThere_IsRefusedAtItsPlace(string old, string replacement, string code)
    {
        await MakeAsync();
        Assert.That(
            () => BuildAsync(Report.Replace(old, replacement, StringComparison.Ordinal)),
            Throws.TypeOf<LeptonDataException>().With.Property("Code").EqualTo(code).And.Property("Place").Not.Null);
    }

    [Test]
    public async Task Write_NoReportDefined_WritesAPlainOne()
    {
        await MakeAsync();
        IReadOnlyList<WrittenReport> written = await new ReportWriter(Project.Load(_project.Folder.Path), Context()).WriteAsync(null, _project.Context());
        Assert.That(written.Single().Path, Is.EqualTo(_project.Folder["report.html"]));
        Assert.That(await File.ReadAllTextAsync(written.Single().Path), Does.StartWith("<!DOCTYPE html>").And.Contain("\"rowsKept\":5"));
    }

    [TestCase("nothing", true)]
    [TestCase("a run that found nothing to do", true)]
    [TestCase("new rows", false)]
    [TestCase("a new training set", false)]
    [TestCase("a description", false)]
    [TestCase("the definition", false)]
    [TestCase("a table of another program", false)]
    [TestCase("the file was edited", false)]
    [TestCase("the file was cut off", false)]
    [TestCase("the file was deleted", false)]
    public async Task Write_Again_KeepsTheFileOnlyWhereNothingThatItRestsOnChanged(string change, bool isKept)
    {
        await MakeAsync();
        ITable foreign = _project.Lake.Table(TableName.Parse("theirs"));
        async Task AddTheirsAsync(Snapshot? before) => await foreign.CommitAsync(new TableChange
        {
            Base = before, HasReadTable = false, Schema = new Schema([new Field("a", DataType.Int64)]), Operation = "WRITE", CommittedAt = new EventTime(before is null ? 1 : 2),
        });
        await AddTheirsAsync(null);
        const string more = Report + "\n  theirs: { title: Theirs, sql: SELECT count(*) AS n FROM theirs }\n";
        _project.Folder.Write("reports/r.yaml", more.ReplaceLineEndings("\n"));
        WrittenReport first = await WriteAsync();
        byte[] bytes = await File.ReadAllBytesAsync(first.Path);
        switch (change)
        {
            case "nothing": break;
            case "a run that found nothing to do": Assert.That((await _project.RunAsync()).IsUnchanged, Is.True); break;
            case "new rows":
                _project.Csv("raw", Rows + "\n7,ada,2024-03-09 00:00:00,60\n");
                await _project.RunWellAsync();
                break;
            case "a new training set":
                _project.Folder.Write("features/f.yaml", Features.Replace("amount > 15", "amount > 25", StringComparison.Ordinal).ReplaceLineEndings("\n"));
                await ApplyAsync();
                break;
            case "a description": _project.Pipeline(Pipeline.Replace("One row for each order.", "Orders.", StringComparison.Ordinal)); break;
            case "the definition": _project.Folder.Write("reports/r.yaml", more.Replace("0.0", "0.00", StringComparison.Ordinal).ReplaceLineEndings("\n")); break;
            case "a table of another program": await AddTheirsAsync(await foreign.ReadAsync()); break;
            case "the file was edited": await File.WriteAllBytesAsync(first.Path, [(byte)' ', .. bytes[1..]]); break;
            case "the file was cut off": await File.WriteAllBytesAsync(first.Path, bytes[..^1]); break;
            default: File.Delete(first.Path); break;
        }
        WrittenReport second = await WriteAsync();
        Assert.That((first.IsKept, second.IsKept), Is.EqualTo((false, isKept)));
        if (isKept || change.StartsWith("the file", StringComparison.Ordinal)) Assert.That(await File.ReadAllBytesAsync(second.Path), Is.EqualTo(bytes));
        Assert.That((await WriteAsync()).IsKept, Is.True, "what was written anew is known again");
    }

    [Test]
    public async Task Write_APanelThatAsksTheClock_IsNeverKept()
    {
        await MakeAsync();
        _project.Folder.Write("reports/r.yaml", Report.Replace("ORDER BY customer", "HAVING max(ordered_at) < now() ORDER BY customer", StringComparison.Ordinal).ReplaceLineEndings("\n"));
        await WriteAsync();
        Assert.That((await WriteAsync()).IsKept, Is.False);
    }

    private async Task<WrittenReport> WriteAsync() => (await new ReportWriter(Project.Load(_project.Folder.Path), Context()).WriteAsync(null, _project.Context())).Single();

    private async Task MakeAsync()
    {
        await _project.RunWellAsync();
        await ApplyAsync();
    }

    private async Task ApplyAsync()
    {
        FeatureDefinitions definitions = FeatureDefinitions.Load(_project.Folder.Path);
        await new FeatureRegistry(Context()).ApplyAsync(definitions, _project.Context());
        await new TrainingSetStore(Context()).CreateAsync("asked", definitions, _project.Context());
    }

    private FeatureStoreContext Context() => new(new LakeCatalog(_project.Lake), _engine, new Binder(_frontEnd));

    private async Task<ReportModel> BuildAsync(string report)
        => await new ReportBuilder(Project.Load(_project.Folder.Path), Context(), _project.Context()).BuildAsync(ReportDefinition.Format.Read(global::System.Text.Encoding.UTF8.GetBytes(report), "reports/r.yaml"), CancellationToken.None);
}

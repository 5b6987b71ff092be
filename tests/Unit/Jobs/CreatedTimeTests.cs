using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Section 6, rule 7 of the design: a row computed from others was not known before they were.</summary>
[TestFixture]
internal sealed class CreatedTimeTests
{
    private ProjectFixture _project = null!;

    [SetUp]
    public void SetUp()
    {
        _project = new ProjectFixture();
        _project.Csv("src", "k,t,known\na,2001-01-01T00:00:00Z,2001-01-01T01:00:00Z\na,2001-01-01T00:30:00Z,2001-01-01T05:00:00Z\nb,2001-01-01T00:10:00Z,2001-01-01T00:20:00Z\n");
    }

    [TearDown]
    public async Task TearDown() => await _project.DisposeAsync();

    [Test]
    public async Task Run_CreatedTimesThatAreLateEnough_Pass()
    {
        Pipeline("SELECT k, count(*) AS n, max(known) AS ready FROM events GROUP BY k");
        RunSummary summary = await _project.RunAsync();
        Assert.That(summary.Failures, Is.Empty);
        Assert.That(await _project.RowsAsync("derived", "k", "n", "ready"), Is.EqualTo(new[] { "a|2|2001-01-01T05:00:00.000000Z", "b|1|2001-01-01T00:20:00.000000Z" }), "what was carried along is not written");
        Assert.That((await _project.SnapshotAsync("derived"))!.Schema.Find("ready")!.Metadata[FieldMetadata.CreatedTimeKey], Is.EqualTo("true"));
    }

    // The hour after the event is over long before the late row was known.
    [Test]
    public async Task Run_CreatedTimesThatAreTooEarly_AreRefusedWithCountAndExample()
    {
        Pipeline("SELECT k, count(*) AS n, max(t) + INTERVAL 1 HOUR AS ready FROM events GROUP BY k");
        RunSummary summary = await _project.RunAsync();
        LeptonDataException refused = summary.Failures.Single().Error;
        Assert.Multiple(async () =>
        {
            Assert.That((refused.Code, refused.Kind), Is.EqualTo(("jobs.created_too_early", ErrorKind.DataRefused)));
            Assert.That(refused.Arguments.Take(4), Is.EqualTo(new object[] { "derived", "ready", 1L, 2L }));
            Assert.That((string)refused.Arguments[4]!, Does.Contain("2001-01-01 01:30:00").And.Contain("2001-01-01 05:00:00"));
            Assert.That(await _project.SnapshotAsync("derived"), Is.Null);
            Assert.That(await _project.SnapshotAsync("events"), Is.Not.Null);
        });
    }

    [Test]
    public async Task Run_ATrustedCreatedTime_IsNotChecked()
    {
        Pipeline("SELECT k, max(t) AS ready FROM events GROUP BY k", "created_time_trusted: true");
        Assert.That((await _project.RunAsync()).Failures, Is.Empty);
    }

    [Test]
    public async Task Run_AStepWithoutCreatedTime_IsFine()
    {
        Pipeline("SELECT k, max(t) AS ready FROM events GROUP BY k", createdTime: false);
        Assert.That((await _project.RunAsync()).Failures, Is.Empty);
        Assert.That((await _project.SnapshotAsync("derived"))!.Schema.Fields.Select(field => field.Metadata[FieldMetadata.CreatedTimeKey]), Is.All.Null);
    }

    [Test]
    public async Task Run_AnInputsCreatedTimeUnderAnotherName_DoesNotMarkTheNewTable()
    {
        Pipeline("SELECT k, known, known + INTERVAL 1 HOUR AS ready FROM events");
        Assert.That((await _project.RunAsync()).Failures, Is.Empty);
        Schema schema = (await _project.SnapshotAsync("derived"))!.Schema;
        Assert.That((schema.Find("known")!.Metadata[FieldMetadata.CreatedTimeKey], schema.Find("ready")!.Metadata[FieldMetadata.CreatedTimeKey]), Is.EqualTo(((string?)null, "true")));
    }

    [TestCase("reddy", "jobs.no_column_but")]
    [TestCase("k", "jobs.time_type")]
    public void Run_ACreatedTimeThatIsNone_IsRefusedWhereItStands(string column, string code)
    {
        Pipeline("SELECT k, max(t) AS ready FROM events GROUP BY k", createdTimeColumn: column);
        LeptonDataException refused = Assert.Catch<LeptonDataException>(() => _project.RunAsync().GetAwaiter().GetResult())!;
        Assert.That((refused.Code, refused.Place?.LineNumber), Is.EqualTo((code, 10)));
    }

    private void Pipeline(string sql, string more = "", bool createdTime = true, string createdTimeColumn = "ready")
        => _project.Pipeline($$"""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv, columns: { t: { type: TIMESTAMPTZ }, known: { type: TIMESTAMPTZ } } } }
            steps:
              events:
                sql: SELECT k, t, known FROM src
                event_time: t
                created_time: known
              derived:
                sql: {{sql}}
                {{(createdTime ? $"created_time: {createdTimeColumn}" : "")}}
                {{more}}
            """);
}

using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql;
using Lepton.Data.Tests.Unit.Jobs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>From files to training rows: of a window with revisions a label sees the one that was known.</summary>
public sealed class RevisionFeatureTests
{
    [Test]
    public async Task GetHistoricalFeatures_AWindowWithRevisions_EachLabelSeesTheOneThatWasKnown()
    {
        await using var project = new ProjectFixture();
        project.Pipeline("""
            pipeline: p
            sources: { visits: { format: csv, path: data/visits.csv } }
            steps:
              hourly:
                sql: SELECT shop, date_trunc('hour', seen) AS hour, sum(amount) AS amount FROM visits GROUP BY ALL
                grows: { by_window: 1h, time: hour, emit: [15min, 6h], created_time: known }
            """);
        project.Csv("visits", "shop,seen,known,amount\na,2001-01-01T10:10:00Z,2001-01-01T10:11:00Z,5\na,2001-01-01T10:50:00Z,2001-01-01T12:00:00Z,7\nb,2001-01-01T16:30:00Z,2001-01-01T17:00:00Z,1\n");
        await project.RunWellAsync();
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, AllowedFolders = [project.Lake.RootPath] });
        var context = new FeatureStoreContext(new LakeCatalog(project.Lake, true), engine, FeatureStoreWorld.Binder);
        await new FeatureRegistry(context).ApplyAsync(
            TestLake.Parse("""
                entities: { shop: { keys: [shop] } }
                feature_views: { hourly: { entity: shop, table: hourly, event_time: hour, created_time: known, features: [amount] } }
                """),
            FeatureStoreWorld.NewRun());
        string labels = string.Join(", ", new[] { "11:14", "11:15", "16:59", "17:00" }.Select(time => $"('a', TIMESTAMPTZ '2001-01-01 {time}:00+00')"));
        await using HistoricalFeatures joined = await new OfflineStore(context).GetHistoricalFeaturesAsync(
            EntityRows.FromQuery(new SqlText($"SELECT * FROM (VALUES {labels}) AS v(shop, moment)"), "moment"), [FeatureReference.Parse("hourly:amount")], FeatureStoreWorld.NewRun());
        await using IRecordBatchReader reader = await joined.ReadAsync();
        using RecordBatch? rows = await reader.ReadAsync();
        int amount = rows!.Schema.IndexOf("hourly__amount");
        Assert.That(Enumerable.Range(0, rows.RowCount).Select(row => rows.Column(amount).Value(row)), Is.EqualTo(new object?[] { null, 5L, 5L, 12L }));
    }
}

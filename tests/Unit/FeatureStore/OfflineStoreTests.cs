using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

public sealed class OfflineStoreTests
{
    // JFK's hour 4 is known at 4:15 and holds a NULL mean; its ttl is 3 hours.
    private const string Rows = "SELECT * FROM (VALUES ('JFK', TIMESTAMPTZ '1970-01-01 05:00:00+00', 'a'), ('LAX', TIMESTAMPTZ '1970-01-01 05:00:00+00', 'b'), ('JFK', TIMESTAMPTZ '1970-01-01 07:00:01+00', 'c')) AS v(origin, moment, own)";

    [Test]
    public async Task GetHistoricalFeatures_RowsOfAQuery_AreAnsweredInOrder()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Assert.That(await JoinAsync(lake, EntityRows.FromQuery(new SqlText(Rows), "moment"), "model"), Is.EqualTo((string[])
        [
            "JFK|1970-01-01T05:00:00.000000Z|a|4|-|present|NY",
            "LAX|1970-01-01T05:00:00.000000Z|b|-|-|absent|CA",
            "JFK|1970-01-01T07:00:01.000000Z|c|6|1.5|present|NY",
        ]));
    }

    [Test]
    public async Task GetHistoricalFeatures_SingleFeatures_GiveTheirColumnsAlone()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await using HistoricalFeatures joined = await lake.Offline.GetHistoricalFeaturesAsync(
            EntityRows.FromQuery(new SqlText(Rows), "moment"), [FeatureReference.Parse("airport:state"), FeatureReference.Parse("hourly:mean_delay")], FeatureStoreWorld.NewRun());
        Assert.That(joined.Schema.Fields.Select(field => field.Name), Is.EqualTo((string[])["origin", "moment", "own", "airport__state", "hourly__mean_delay", "hourly__status"]));
        Assert.That((joined.RowCount, joined.Views.Count), Is.EqualTo((3L, 2)));
    }

    [Test]
    public async Task GetHistoricalFeatures_RowsOfAFile_AreAnsweredInOrder()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        string path = Path.Combine(lake.Lake.RootPath, "rows.csv");
        await File.WriteAllTextAsync(path, "origin,moment\nLAX,1970-01-01 06:00:00+00\nJFK,1970-01-01 00:15:00+00\n,1970-01-01 06:00:00+00\n");
        var schema = new Schema([new Field("origin", DataType.String), new Field("moment", DataType.Instant)]);
        var file = new SourceFile(path, new FileInfo(path).Length, EventTime.FromDateTimeOffset(File.GetLastWriteTimeUtc(path)), "");
        var scan = new FileScan(FileFormat.Csv, [file], schema, schema, new CsvFormat(',', '"', '"', HasHeader: true, [""], "utf-8"), new Dictionary<string, string>());
        Assert.That(await JoinAsync(lake, EntityRows.FromFile(scan, "moment"), "model"), Is.EqualTo((string[])
        [
            "LAX|1970-01-01T06:00:00.000000Z|50|0.5|present|CA",
            "JFK|1970-01-01T00:15:00.000000Z|0|0|present|NY",
            "-|1970-01-01T06:00:00.000000Z|-|-|absent|-",
        ]));
    }

    [TestCase("modle", "featurestore.not_in_force_near")]
    [TestCase("hurly", "featurestore.not_in_force_near")]
    [TestCase("weather:rain", "featurestore.not_in_force")]
    [TestCase("hourly:flihgts", "featurestore.unknown_feature_near")]
    public async Task GetHistoricalFeatures_UnknownName_SaysWhatThereIs(string reference, string code)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Assert.That((await FailureAsync(lake, Rows, reference)).Code, Is.EqualTo(code));
    }

    [TestCase("SELECT moment FROM flights", "featurestore.label_key_missing")]
    [TestCase("SELECT origin FROM flights", "featurestore.label_time_missing")]
    [TestCase("SELECT origin, CAST(moment AS DATE) AS moment FROM flights", "featurestore.label_time_date")]
    [TestCase("SELECT number AS origin, moment FROM flights", "featurestore.label_key_type")]
    [TestCase("SELECT origin, moment, moment AT TIME ZONE 'UTC' AS naive FROM flights", "featurestore.label_column_naive")]
    [TestCase("SELECT origin, moment, [1] AS list FROM flights", "featurestore.label_column_nested")]
    [TestCase("SELECT origin, moment FROM fligths", "featurestore.unknown_table_near")]
    public async Task GetHistoricalFeatures_RowsThatDoNotFit_AreRefusedBeforeTheWork(string sql, string code)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        LeptonDataException error = await FailureAsync(lake, sql, "model");
        Assert.That((error.Code, error.Place?.Path), Is.EqualTo((code, "query")), error.Message);
    }

    [Test]
    public async Task GetHistoricalFeatures_NothingApplied_SaysToApply()
    {
        using TestLake lake = await TestLake.FilledAsync();
        Assert.That((await FailureAsync(lake, Rows, "model")).Message, Does.Contain("lepton apply"));
    }

    [Test]
    public async Task GetHistoricalFeatures_ColumnGoneSinceApply_IsNamed()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Directory.Delete(Path.Combine(lake.Lake.RootPath, "main", "airports"), recursive: true);
        Data.Storage.Lake fresh = Data.Storage.Lake.Open(lake.Lake.RootPath);
        Assert.That((await Assert.ThrowsAsync<LeptonDataException>(async () => await new OfflineStore(FeatureStoreWorld.ContextOf(fresh))
            .GetHistoricalFeaturesAsync(EntityRows.FromQuery(new SqlText(Rows), "moment"), [new FeatureReference("model", null)], FeatureStoreWorld.NewRun())))!.Code, Does.StartWith("featurestore.unknown_table"));
    }

    private static async Task<string[]> JoinAsync(TestLake lake, EntityRows rows, string reference)
    {
        await using HistoricalFeatures joined = await lake.Offline.GetHistoricalFeaturesAsync(rows, [FeatureReference.Parse(reference)], FeatureStoreWorld.NewRun());
        await using IRecordBatchReader reader = await joined.ReadAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync() is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++)
                    lines.Add(string.Join('|', Enumerable.Range(0, batch.Schema.Count).Select(column => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{batch.Column(column).Value(row) ?? "-"}"))));
        }
        return [.. lines];
    }

    private static async Task<LeptonDataException> FailureAsync(TestLake lake, string sql, string reference)
        => (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Offline.GetHistoricalFeaturesAsync(EntityRows.FromQuery(new SqlText(sql), "moment"), [FeatureReference.Parse(reference)], FeatureStoreWorld.NewRun())))!;
}

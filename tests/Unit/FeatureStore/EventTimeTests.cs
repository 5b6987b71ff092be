using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Event times of entity rows as people have them: what is certain is read and said, what is not is refused.</summary>
public sealed class EventTimeTests
{
    [Test]
    public async Task Texts_WithTheirOwnZones_AreInstants()
    {
        (string[] times, EventTimeReading? reading) = await ReadAsync(
            "('2024-09-10T15:52:25.905768Z'), ('2024-09-10 17:52:25.905768+02:00'), ('2024-09-10 21:22:25.905768000+0530'), ('2024-09-10T10:52:25-05'), ('2024-09-10T15:52:25.9Z')");
        Assert.That(times, Is.EqualTo((string[])
        [
            "2024-09-10T15:52:25.905768Z", "2024-09-10T15:52:25.905768Z", "2024-09-10T15:52:25.905768Z", "2024-09-10T15:52:25.000000Z", "2024-09-10T15:52:25.900000Z",
        ]));
        Assert.That(reading, Is.EqualTo(new EventTimeReading(EventTimeForm.Text, null)));
    }

    // A summer noon in Paris is 10:00 in UTC; the third says its own offset, and keeps it.
    [Test]
    public async Task Texts_SomeWithoutZone_AreReadInTheDeclaredOne()
    {
        (string[] times, EventTimeReading? reading) = await ReadAsync("('2024-07-01 12:00:00'), ('2024-01-01T12:00:00'), ('2024-07-01 12:00:00Z'), ('2024-07-01')", "Europe/Paris");
        Assert.That(times, Is.EqualTo((string[])["2024-07-01T10:00:00.000000Z", "2024-01-01T11:00:00.000000Z", "2024-07-01T12:00:00.000000Z", "2024-06-30T22:00:00.000000Z"]));
        Assert.That(reading, Is.EqualTo(new EventTimeReading(EventTimeForm.Text, "Europe/Paris")));
    }

    // 1,725,983,545 seconds are 2024-09-10 15:52:25 UTC.
    [TestCase("1725983545", EventTimeForm.Seconds, "2024-09-10T15:52:25.000000Z")]
    [TestCase("1725983545905", EventTimeForm.Milliseconds, "2024-09-10T15:52:25.905000Z")]
    [TestCase("1725983545905768", EventTimeForm.Microseconds, "2024-09-10T15:52:25.905768Z")]
    [TestCase("1725983545905768999", EventTimeForm.Nanoseconds, "2024-09-10T15:52:25.905768Z")]
    [TestCase("631152000", EventTimeForm.Seconds, "1990-01-01T00:00:00.000000Z")]
    [TestCase("4102444799999999", EventTimeForm.Microseconds, "2099-12-31T23:59:59.999999Z")]
    public async Task Numbers_OfOneUnit_AreReadAsIt(string number, EventTimeForm form, string expected)
    {
        (string[] times, EventTimeReading? reading) = await ReadAsync($"({number}), ({number})");
        Assert.That(times, Is.EqualTo(new[] { expected, expected }));
        Assert.That(reading, Is.EqualTo(new EventTimeReading(form, null)));
    }

    [TestCase("(TIMESTAMP '2024-07-01 12:00:00')", EventTimeForm.Clock, "2024-07-01T10:00:00.000000Z")]
    [TestCase("(DATE '2024-07-01')", EventTimeForm.Day, "2024-06-30T22:00:00.000000Z")]
    public async Task ClocksAndDays_AreReadInTheDeclaredZone(string values, EventTimeForm form, string expected)
    {
        (string[] times, EventTimeReading? reading) = await ReadAsync(values, "Europe/Paris");
        Assert.That(times, Is.EqualTo(new[] { expected }));
        Assert.That(reading, Is.EqualTo(new EventTimeReading(form, "Europe/Paris")));
    }

    [Test]
    public async Task Instants_AreLeftAlone()
        => Assert.That((await ReadAsync("(TIMESTAMPTZ '1970-01-01 05:00:00+00')", "Europe/Paris")).Reading, Is.Null);

    [TestCase("('2024-07-01T12:00:00Z'), ('01/02/2024 12:00')", null, "featurestore.label_time_unreadable", "row 2")]
    [TestCase("('2024-07-01T12:00:00Z'), ('2024-02-30T12:00:00Z')", null, "featurestore.label_time_unreadable", "2024-02-30")]
    [TestCase("('2024-07-01T12:00:00Z'), ('2024-07-01T24:00:00Z')", null, "featurestore.label_time_unreadable", "row 2")]
    [TestCase("('2024-07-01T12:00:00+25:00')", null, "featurestore.label_time_unreadable", "row 1")]
    [TestCase("('2024-07-01T12:00:00Z'), ('')", null, "featurestore.label_time_unreadable", "row 2")]
    [TestCase("('2024-07-01T12:00:00 Europe/Paris')", null, "featurestore.label_time_unreadable", "row 1")]
    [TestCase("('2024-07-01 12:00:00'), ('2024-07-02')", null, "featurestore.label_time_zoneless", "--zone")]
    [TestCase("('2024-07-01 12:00:00Z'), ('2024-07-02 12:00:00')", null, "featurestore.label_time_mixed_zones", "row 2")]
    [TestCase("('2024-07-01 12:00:00')", "Europe/Pariss", "featurestore.unknown_zone", "Europe/Pariss")]
    // Feast's tests/driver_features.csv, in which one time lost a digit: as seconds it would be 1974.
    [TestCase("(1567338810), (1567338900), (156733881)", null, "featurestore.label_time_no_epoch", "row 3 is 156733881")]
    [TestCase("(1567338810), (1567338810000)", null, "featurestore.label_time_mixed_epochs", "milliseconds")]
    [TestCase("(4102444800)", null, "featurestore.label_time_no_epoch", "4102444800")]
    [TestCase("(0), (3600)", null, "featurestore.label_time_no_epoch", "row 1")]
    [TestCase("(1567338810.5)", null, "featurestore.label_time_type", "DECIMAL")]
    [TestCase("(TIMESTAMP '2024-07-01 12:00:00')", null, "featurestore.label_time_naive", "--zone")]
    [TestCase("(DATE '2024-07-01')", null, "featurestore.label_time_date", "INTERVAL 1 DAY")]
    [TestCase("(CAST(NULL AS BIGINT)), (1567338810)", null, "featurestore.label_time_null", "row 1")]
    [TestCase("(CAST(NULL AS VARCHAR))", null, "featurestore.label_time_null", "row 1")]
    public async Task Times_ThatAreNotCertain_AreRefusedWithPlaceAndRemedy(string values, string? zone, string code, string said)
    {
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await ReadAsync(values, zone)))!;
        Assert.That(error.Code, Is.EqualTo(code), error.Message);
        Assert.That(error.Message, Does.Contain(said));
    }

    // What is kept for good must not rest on a guess, so the SELECT has to say it; the error gives the expression, and it works.
    [TestCase("epoch_us(moment)", "featurestore.label_time_number", "make_timestamptz(t)")]
    [TestCase("CAST(moment AS VARCHAR)", "featurestore.label_time_text", "CAST(t AS TIMESTAMPTZ)")]
    [TestCase("moment AT TIME ZONE 'UTC'", "featurestore.label_time_naive", "timezone('Europe/Paris', t)")]
    [TestCase("CAST(moment AS DATE)", "featurestore.label_time_date", "timezone('Europe/Paris', CAST(t AS TIMESTAMP))")]
    public async Task TrainingSet_WhoseLabelsHaveNoInstants_IsToldWhatToWrite(string time, string code, string remedy)
    {
        string Yaml(string sql) => TestLake.Yaml.Replace("SELECT origin, moment, number, delay > 15 AS is_late\n      FROM flights", sql, StringComparison.Ordinal)
            .Replace("event_time: moment\n    split: { train: { before: 1970-01-01T10:00:00Z }, test: {} }", "event_time: t", StringComparison.Ordinal);
        using TestLake lake = await TestLake.FilledAsync();
        lake.Definitions = TestLake.Parse(Yaml($"SELECT origin, number, {time} AS t\n      FROM flights"));
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.ApplyAsync()))!;
        Assert.That(error.Code, Is.EqualTo(code), error.Message);
        Assert.That(error.Message, Does.Contain(remedy));
        Assert.That(error.Place?.ToString(), Does.StartWith("features/f.yaml:"));
        lake.Definitions = TestLake.Parse(Yaml($"SELECT origin, number, {remedy} AS t\n      FROM (SELECT origin, number, {time} AS t FROM flights) AS f"));
        await lake.ApplyAsync();
        Assert.That((await lake.CreateAsync()).Version.Manifest.RowCount, Is.EqualTo(40));
    }

    private static async Task<(string[] Times, EventTimeReading? Reading)> ReadAsync(string values, string? zone = null)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        EntityRows rows = EntityRows.FromQuery(new SqlText($"SELECT 'JFK' AS origin, t FROM (VALUES {values}) AS v(t)"), "t") with { Zone = zone };
        await using HistoricalFeatures joined = await lake.Offline.GetHistoricalFeaturesAsync(rows, [FeatureReference.Parse("hourly")], FeatureStoreWorld.NewRun());
        await using IRecordBatchReader reader = await joined.ReadAsync();
        var times = new List<string>();
        while (await reader.ReadAsync() is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) times.Add(batch.Column(1).Value(row)!.ToString()!);
        }
        return ([.. times], joined.EventTimeReading);
    }
}

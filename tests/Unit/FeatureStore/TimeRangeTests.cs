using System.Globalization;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Features without rows of one's own, against loops over the tables' rows and the join for the very same rows written out.</summary>
public sealed class TimeRangeTests
{
    // JFK has rows at 0, 2, 4 … 12, LAX one at 5; the airports' table knows JFK and LAX.
    [Test]
    public async Task GetHistoricalFeatures_OfARange_HasARowForEachKeyAndEventTimeBeforeItsEnd()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Assert.That(await ReadAsync(lake, EntityRows.FromRange(TestLake.Hour(2), TestLake.Hour(6)), "model"), Is.EqualTo((string[])
        [
            "JFK|1970-01-01T02:00:00.000000Z|0|0|present|NY", "JFK|1970-01-01T04:00:00.000000Z|2|0.5|present|NY", "LAX|1970-01-01T05:00:00.000000Z|-|-|absent|CA",
        ]));
    }

    [Test]
    public async Task GetHistoricalFeatures_OfARangeWithSteps_HasARowForEachKeyAndStepWithItsEnd()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Assert.That(await ReadAsync(lake, EntityRows.FromRange(TestLake.Hour(3), TestLake.Hour(9), TimeSpan.FromHours(3), "at"), "model"), Is.EqualTo((string[])
        [
            "JFK|1970-01-01T03:00:00.000000Z|2|0.5|present|NY", "JFK|1970-01-01T06:00:00.000000Z|4|-|present|NY", "JFK|1970-01-01T09:00:00.000000Z|8|2|present|NY",
            "LAX|1970-01-01T03:00:00.000000Z|-|-|absent|CA", "LAX|1970-01-01T06:00:00.000000Z|50|0.5|present|CA", "LAX|1970-01-01T09:00:00.000000Z|-|-|expired|CA",
        ]));
        Assert.That(await ReadAsync(lake, EntityRows.FromRange(TestLake.Hour(3), TestLake.Hour(3), TimeSpan.FromHours(1)), "airport"), Is.EqualTo((string[])["JFK|1970-01-01T03:00:00.000000Z|NY", "LAX|1970-01-01T03:00:00.000000Z|CA"]));
    }

    [Test]
    public async Task GetHistoricalFeatures_OfRandomRanges_AgreesWithTheRowsWrittenOut([Values(11, 12, 13)] int seed)
    {
        var random = new Random(seed);
        using TestLake lake = TestLake.Empty();
        object?[][] rows =
        [
            .. Enumerable.Range(0, 200).Select(i => (object?[])
                [random.Next(8) == 0 ? null : "ABC"[random.Next(3)].ToString(), random.Next(8) == 0 ? null : TestLake.Hour(random.Next(24)), TestLake.Hour(random.Next(30)), (long)i, random.NextDouble()]),
        ];
        // Rows of one key and both times would tie.
        rows = [.. rows.DistinctBy(row => (row[0], row[1], row[2]))];
        await lake.WriteAsync("flights", TestLake.Flights, [["A", TestLake.Hour(0), 0L, 0L]]);
        await lake.WriteAsync("hourly", TestLake.Hourly, rows);
        await lake.WriteAsync("airports", TestLake.Airports, [["A", "NY"], ["D", "CA"], [null, "?"]]);
        await lake.ApplyAsync();
        EventTime from = TestLake.Hour(random.Next(10)), to = TestLake.Hour(random.Next(11, 24));
        (object?, EventTime)[] times = [.. rows.Where(row => row[0] is not null && row[1] is EventTime t && t >= from && t < to).Select(row => (row[0], (EventTime)row[1]!)).Distinct().Order()];
        Assert.That(await ReadAsync(lake, EntityRows.FromRange(from, to), "model"), Is.EqualTo(await WrittenOutAsync(lake, times)), $"seed {seed}");

        string[] keys = [.. rows.Select(row => (string?)row[0]).Concat(["A", "D"]).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        long step = random.NextInt64(1, 5L * 3_600_000_000);
        var steps = new List<(object?, EventTime)>();
        foreach (string key in keys)
            for (long t = from.MicrosecondsSinceEpoch; t <= to.MicrosecondsSinceEpoch; t += step) steps.Add((key, new EventTime(t)));
        Assert.That(steps, Has.Count.LessThan(1_000_000));
        Assert.That(await ReadAsync(lake, EntityRows.FromRange(from, to, new TimeSpan(step * TimeSpan.TicksPerMicrosecond)), "model"), Is.EqualTo(await WrittenOutAsync(lake, [.. steps])), $"seed {seed}");
    }

    [TestCase(5, 5, null, "model", "featurestore.range_empty")]
    [TestCase(6, 5, 1, "model", "featurestore.range_empty")]
    [TestCase(0, 5, 0, "model", "featurestore.duration_not_positive")]
    [TestCase(0, 5, null, "airport", "featurestore.range_no_event_time")]
    [TestCase(0, 5, null, "other", "featurestore.range_entities")]
    [TestCase(0, 5, 1, "own", "featurestore.range_no_keys")]
    public async Task GetHistoricalFeatures_OfARangeThatGivesNoRows_IsRefused(int from, int to, int? every, string reference, string code)
    {
        using TestLake lake = await TestLake.AppliedAsync(TestLake.Yaml
            .Replace("feature_views:", "  number: { keys: [number] }\nfeature_views:\n  delays: { entity: number, table: flights, event_time: moment, created_time: none, features: [delay] }", StringComparison.Ordinal)
            .Replace("feature_services:", "on_demand_views: { own: { features: { one: 1 } } }\nfeature_services:\n  other: { features: [hourly, delays] }", StringComparison.Ordinal));
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () =>
            await ReadAsync(lake, EntityRows.FromRange(TestLake.Hour(from), TestLake.Hour(to), every is { } hours ? TimeSpan.FromHours(hours) : null), reference)))!;
        Assert.That(error.Code, Is.EqualTo(code), error.Message);
    }

    [Test]
    public async Task GetHistoricalFeatures_OfTooManySteps_IsRefusedBeforeTheWork()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await ReadAsync(lake, EntityRows.FromRange(new EventTime(long.MinValue), new EventTime(long.MaxValue), TimeSpan.FromMicroseconds(1)), "model")))!;
        Assert.That(error.Code, Is.EqualTo("featurestore.range_steps"), error.Message);
    }

    [Test]
    public async Task GetHistoricalFeatures_RowsOfAReader_AreAnsweredInOrder()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        var schema = new Schema([new Field("event_time", DataType.Instant), new Field("origin", DataType.String)]);
        using var builder = new RecordBatchBuilder(schema, 3);
        foreach ((string? origin, int hour) in new[] { ("LAX", 6), (null, 6), ((string?)"JFK", 1) })
        {
            builder.Column(0).AppendValue(TestLake.Hour(hour));
            builder.Column(1).AppendValue(origin);
        }
        using RecordBatch batch = builder.Build();
        await using var reader = new Batches(schema, [batch.Slice(0, 2), batch.Slice(2, 1)]);
        Assert.That(await ReadAsync(lake, EntityRows.FromReader(reader), "model"), Is.EqualTo((string[])
        [
            "1970-01-01T06:00:00.000000Z|LAX|50|0.5|present|CA", "1970-01-01T06:00:00.000000Z|-|-|-|absent|-", "1970-01-01T01:00:00.000000Z|JFK|0|0|present|NY",
        ]));
    }

    private static async Task<string[]> WrittenOutAsync(TestLake lake, (object? Key, EventTime At)[] rows)
    {
        string values = string.Join(", ", rows.Select((row, i) => string.Create(CultureInfo.InvariantCulture, $"('{row.Key}', make_timestamptz({row.At.MicrosecondsSinceEpoch}), {i})")));
        return await ReadAsync(lake, EntityRows.FromQuery(new SqlText($"SELECT origin, event_time FROM (VALUES {values}) AS v(origin, event_time, i) ORDER BY i")), "model");
    }

    private static async Task<string[]> ReadAsync(TestLake lake, EntityRows rows, string reference)
    {
        await using HistoricalFeatures joined = await lake.Offline.GetHistoricalFeaturesAsync(rows, [FeatureReference.Parse(reference)], FeatureStoreWorld.NewRun());
        await using IRecordBatchReader reader = await joined.ReadAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync() is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++)
                    lines.Add(string.Join('|', Enumerable.Range(0, batch.Schema.Count).Select(column => string.Create(CultureInfo.InvariantCulture, $"{batch.Column(column).Value(row) ?? "-"}"))));
        }
        return [.. lines];
    }

    private sealed class Batches(Schema schema, IReadOnlyList<RecordBatch> batches) : IRecordBatchReader
    {
        private int _next;

        public Schema Schema => schema;

        public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(_next < batches.Count ? batches[_next++] : null);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

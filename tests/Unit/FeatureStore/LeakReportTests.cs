using Lepton.Data.FeatureStore.TrainingSets.Leaks;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>What is said of leaks, against the same figures computed here by definition.</summary>
public sealed class LeakReportTests
{
    private static readonly string[] s_airports = ["JFK", "LAX", "SFO", "ORD", "BOS"];

    // The area is the share of pairs (late, punctual) in which the late one has the greater value; the correlation is that of the textbook.
    [TestCase(20010621)]
    [TestCase(7)]
    public async Task Predictors_OfRandomRows_AreThoseOfTheDefinitions(int seed)
    {
        using TestLake lake = await LakeAsync(seed, "");
        await lake.CreateAsync();
        LeakReport report = await lake.TrainingSets.FindLeaksAsync("late", null, FeatureStoreWorld.NewRun());
        Assert.That(report.Labels, Is.EqualTo(new[] { "number", "is_late" }));
        Assert.That(report.RowsJudged, Is.EqualTo(340));
        foreach (FeatureLeaks feature in report.Features.Where(feature => feature.Count.View == "hourly"))
        {
            (double? X, bool IsLate, double Number)[] rows = [.. (await lake.QueryAsync($"SELECT CAST({feature.Count.Column} AS DOUBLE) AS x, is_late, number FROM datasets.late")).Select(row => ((double?)row[0], (bool)row[1]!, (double)(long)row[2]!))];
            (double X, bool IsLate, double Number)[] known = [.. rows.Where(row => row.X is not null).Select(row => (row.X!.Value, row.IsLate, row.Number))];
            double pairs = 0, wins = 0;
            foreach (var late in known.Where(row => row.IsLate))
                foreach (var punctual in known.Where(row => !row.IsLate)) (pairs, wins) = (pairs + 1, wins + (late.X > punctual.X ? 1 : late.X == punctual.X ? 0.5 : 0));
            double meanX = known.Average(row => row.X), meanNumber = known.Average(row => row.Number);
            double r = known.Sum(row => (row.X - meanX) * (row.Number - meanNumber)) / Math.Sqrt(known.Sum(row => Math.Pow(row.X - meanX, 2)) * known.Sum(row => Math.Pow(row.Number - meanNumber, 2)));
            Assert.That(feature.Predictors.Select(predictor => (predictor.Label, predictor.Measure)), Is.EqualTo(new[] { ("number", PredictorMeasure.Correlation), ("is_late", PredictorMeasure.AreaUnderCurve) }));
            Assert.That(feature.Predictors[1].Value, Is.EqualTo(wins / pairs).Within(1e-12), $"seed {seed}, {feature.Count.Column}");
            Assert.That(feature.Predictors[0].Value, Is.EqualTo(r).Within(1e-9), $"seed {seed}, {feature.Count.Column}");
            Assert.That(feature.MissingBySplit.Sum(split => split.Missing), Is.EqualTo(rows.Length - known.Length));
        }
        Assert.That(report.Features.Single(feature => feature.Count.View == "airport").Predictors, Is.Empty, "a text has no order");
    }

    // A feature that is the label in other words, in either direction, and one that says nothing.
    [TestCase("CASE WHEN delay > 15 THEN 2.5 ELSE 1 END", 1.0)]
    [TestCase("CASE WHEN delay > 15 THEN 1 ELSE 2.5 END", 0.0)]
    [TestCase("CAST(3 AS DOUBLE)", 0.5)]
    public async Task Predictors_OfAFeatureThatIsTheLabel_AreSuspicious(string feature, double area)
    {
        using TestLake lake = await LakeAsync(1, "");
        IReadOnlyList<object?[]> rows = await lake.QueryAsync($"SELECT origin, number, CAST({feature} AS DOUBLE) AS x FROM flights");
        await lake.WriteAsync("told", new Schema([new Field("number", DataType.Int64), new Field("x", DataType.Float64)]), [.. rows.Select(row => (object?[])[row[1], row[2]])]);
        lake.Definitions = TestLake.Parse(TestLake.Yaml.ReplaceLineEndings("\n").Replace("feature_views:\n", "  flight: { keys: [number] }\nfeature_views:\n  told: { entity: flight, table: told, features: [x] }\n", StringComparison.Ordinal).Replace("[hourly, airport]", "[told, hourly]", StringComparison.Ordinal));
        await lake.ApplyAsync();
        await lake.CreateAsync();
        LeakReport report = await lake.TrainingSets.FindLeaksAsync("late", null, FeatureStoreWorld.NewRun());
        Assert.That(report.Labels, Is.EqualTo(new[] { "is_late" }), "a key is no label");
        Assert.That(report.Features[0].Predictors.Single().Value, Is.EqualTo(area));
        Assert.That(report.Suspicious.Select(found => found.Count.Column), Is.EqualTo(area == 0.5 ? [] : new[] { "told__x" }));
    }

    [Test]
    public async Task Entities_ThatSplitsShare_AreCounted()
    {
        using TestLake lake = await LakeAsync(3, "    split: { train: { share: 60% }, test: { share: 40% } }\n    groups: origin");
        await lake.CreateAsync();
        Assert.That((await lake.TrainingSets.FindLeaksAsync("late", null, FeatureStoreWorld.NewRun())).Entities.Select(overlap => (overlap.Entity, overlap.Split, overlap.Other, overlap.Shared)), Is.EqualTo(new[] { ("origin", "train", "test", 0L) }));

        using TestLake other = await LakeAsync(3, "");
        await other.CreateAsync();
        string?[] train = await KeysAsync("train"), test = await KeysAsync("test");
        EntityOverlap found = (await other.TrainingSets.FindLeaksAsync("late", null, FeatureStoreWorld.NewRun())).Entities.Single();
        Assert.That((found.Shared, found.OfOther), Is.EqualTo((train.Intersect(test).LongCount(), test.LongLength)));

        async Task<string?[]> KeysAsync(string split) => [.. (await other.QueryAsync($"SELECT DISTINCT origin FROM datasets.late WHERE split = '{split}'")).Select(row => (string?)row[0])];
    }

    private static async Task<TestLake> LakeAsync(int seed, string split)
    {
        var random = new Random(seed);
        TestLake lake = await TestLake.FilledAsync();
        await lake.WriteAsync("flights", TestLake.Flights, [.. Enumerable.Range(40, 300).Select(number => (object?[])[s_airports[random.Next(5)], TestLake.Hour(random.Next(20)), (long)number, (long)random.Next(40)])]);
        await lake.WriteAsync("hourly", TestLake.Hourly, [.. from airport in s_airports from hour in Enumerable.Range(13, 6) select (object?[])[airport, TestLake.Hour(hour), TestLake.Hour(hour, 5), (long)random.Next(9), random.Next(4) == 0 ? null : random.NextDouble()]]);
        lake.Definitions = TestLake.Parse(split.Length == 0 ? TestLake.Yaml : TestLake.Yaml.ReplaceLineEndings("\n").Replace("    split: { train: { before: 1970-01-01T10:00:00Z }, test: {} }", split, StringComparison.Ordinal));
        await lake.ApplyAsync();
        return lake;
    }
}

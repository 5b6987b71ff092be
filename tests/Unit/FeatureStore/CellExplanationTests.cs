using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.FeatureStore.TrainingSets.Explain;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>What is said of single cells, by hand and against what the join wrote: the two share no code.</summary>
public sealed class CellExplanationTests
{
    // JFK leaves at hours 0, 1, 3, 4, 6… (numbers 0, 3, 6, 9, 12…). At 4 o'clock hour 4 has happened and is known only at 4:15; hour 2 wins, hour 0 is older, 6 to 12 are still to come.
    [Test]
    public async Task Explain_ACell_NamesTheWinnerAndWhyOthersLost()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        CellExplanation cell = await ExplainAsync(lake, await RowAsync(lake, 9), "mean_delay");
        Assert.That((cell.Column, cell.Value, cell.Status, cell.Answer, cell.IsAnswer, cell.At, cell.Snapshot.Table), Is.EqualTo(("hourly__mean_delay", (object)0.5, "present", (object)0.5, true, TestLake.Hour(4), "hourly")));
        Assert.That(cell.Keys, Is.EqualTo(new (string, object?)[] { ("origin", "JFK") }));
        Assert.That(cell.Candidates.Select(row => (row.Verdict, row.EventTime, row.CreatedTime, row.Value, row.RowNumber)), Is.EqualTo(new (Verdict, EventTime?, EventTime?, object?, long)[]
        {
            (Verdict.Winner, TestLake.Hour(2), TestLake.Hour(2, 15), 0.5, 1),
            (Verdict.Older, TestLake.Hour(0), TestLake.Hour(0, 15), 0.0, 0),
            (Verdict.KnownLater, TestLake.Hour(4), TestLake.Hour(4, 15), null, 2),
            (Verdict.InTheFuture, TestLake.Hour(6), TestLake.Hour(6, 15), 1.5, 3),
            (Verdict.InTheFuture, TestLake.Hour(8), TestLake.Hour(8, 15), 2.0, 4),
            (Verdict.InTheFuture, TestLake.Hour(10), TestLake.Hour(10, 15), 2.5, 5),
            (Verdict.InTheFuture, TestLake.Hour(12), TestLake.Hour(12, 15), 3.0, 6),
        }));
        Assert.That(cell.Counts, Is.EqualTo(new Dictionary<Verdict, long> { [Verdict.Winner] = 1, [Verdict.Older] = 1, [Verdict.KnownLater] = 1, [Verdict.InTheFuture] = 4 }));
        string file = (await lake.Lake.Table(Lepton.Data.Schemas.Contracts.TableName.Parse("hourly")).ReadAsync())!.Files[0].Path;
        Assert.That(cell.Candidates.Select(row => row.File), Is.All.EqualTo(file));
    }

    // At 6 hour 4 wins, whose mean is NULL. LAX's one row is of 5 and has been too old since 9. XXX has no row.
    [TestCase(12, "mean_delay", "null", 1, Verdict.Winner)]
    [TestCase(19, "flights", "expired", 1, Verdict.Expired)]
    [TestCase(5, "hourly:flights", "absent", 0, default(Verdict))]
    [TestCase(3, "airport__state", "present", 1, Verdict.Winner)]
    public async Task Explain_OfEachStatus_SaysIt(int number, string feature, string status, int winners, Verdict verdict)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        CellExplanation cell = await ExplainAsync(lake, await RowAsync(lake, number), feature);
        Assert.That((cell.Status, cell.IsAnswer, cell.Counts.GetValueOrDefault(verdict)), Is.EqualTo((status, true, (long)winners)));
        if (winners > 0) Assert.That(cell.Candidates[0].Verdict, Is.EqualTo(verdict));
    }

    // At 6 hour 4 would win, but its mean is NULL.
    [Test]
    public async Task Explain_OfAViewThatSkipsNulls_SaysWhatWasSkipped()
    {
        using TestLake lake = await TestLake.AppliedAsync(TestLake.Yaml.Replace("[flights, mean_delay] }", "[flights, mean_delay], skip_nulls: true }", StringComparison.Ordinal).Replace("ttl: 3h", "ttl: 4h", StringComparison.Ordinal));
        await lake.CreateAsync();
        CellExplanation cell = await ExplainAsync(lake, await RowAsync(lake, 12), "mean_delay");
        Assert.That((cell.Value, cell.IsAnswer, cell.Status), Is.EqualTo(((object)0.5, true, "present")));
        Assert.That(cell.Candidates.Single(row => row.Verdict == Verdict.Skipped).EventTime, Is.EqualTo(TestLake.Hour(4)));
    }

    // With dense times, late rows, ties of equal values and NULLs, in several files.
    [TestCase("")]
    [TestCase(", strict: true")]
    [TestCase(", skip_nulls: true")]
    [TestCase(", sequence: flights")]
    public async Task Explain_EveryCell_AnswersWhatTheJoinWrote(string terms)
    {
        const int Seed = 20010621;
        var random = new Random(Seed);
        using TestLake lake = await TestLake.FilledAsync();
        for (int file = 0; file < 4; file++)
        {
            await lake.WriteAsync("hourly", TestLake.Hourly, [.. Enumerable.Range(0, 40).Select(_ => (object?[])
            [
                random.Next(8) == 0 ? null : random.Next(2) == 0 ? "JFK" : "LAX", random.Next(12) == 0 ? null : TestLake.Hour(random.Next(20)), random.Next(12) == 0 ? null : TestLake.Hour(random.Next(24)), 7L,
                random.Next(3) == 0 ? null : 1.25,
            ])]);
        }
        lake.Definitions = TestLake.Parse(TestLake.Yaml.Replace("features: [flights, mean_delay] }", $"features: [flights]{terms} }}", StringComparison.Ordinal));
        await lake.ApplyAsync();
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        var statuses = new List<string>();
        for (long row = 1; row <= manifest.RowCount; row++)
        {
            CellExplanation cell = await ExplainAsync(lake, row, "hourly__flights");
            Assert.That(cell.IsAnswer, Is.True, $"seed {Seed}, row {row}: {cell.Value} but {cell.Answer}");
            statuses.Add(cell.Status);
            Assert.That(cell.Counts.Values.Sum(), Is.GreaterThanOrEqualTo(cell.Candidates.Count));
        }
        FeatureCount feature = manifest.Features.Single(feature => feature.View == "hourly");
        Assert.That((statuses.Count(status => status == "present"), statuses.Count(status => status == "expired"), statuses.Count(status => status == "absent")), Is.EqualTo(((int)feature.Present, (int)feature.Expired, (int)feature.Absent)));
    }

    [Test]
    public async Task Explain_OfManyRows_KeepsTheClosestAndCountsAll()
    {
        using TestLake lake = await TestLake.FilledAsync();
        await lake.WriteAsync("hourly", TestLake.Hourly, [.. Enumerable.Range(1, 200).Select(minute => (object?[])["JFK", TestLake.Hour(0, minute), TestLake.Hour(0, minute), (long)minute, 1.0])]);
        await lake.ApplyAsync();
        await lake.CreateAsync();
        // At 1 o'clock: minutes 1 to 60, and hour 0 of before; then those of later, the next first.
        var cell = (CellExplanation)await lake.TrainingSets.ExplainAsync("late", null, await RowAsync(lake, 3), "flights", FeatureStoreWorld.NewRun(), candidatesMax: 2);
        Assert.That(cell.Candidates.Select(row => (row.Verdict, row.Value)), Is.EqualTo(new (Verdict, object?)[] { (Verdict.Winner, 60L), (Verdict.Older, 59L), (Verdict.Older, 58L), (Verdict.InTheFuture, 61L), (Verdict.InTheFuture, 62L) }));
        Assert.That((cell.Counts[Verdict.Older], cell.Counts[Verdict.InTheFuture]), Is.EqualTo((60L, 146L)));
    }

    [Test]
    public async Task Explain_ACellThatWasAltered_SaysSo()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetVersion version = (await lake.CreateAsync()).Version;
        long row = await RowAsync(lake, 9);
        // Another rule than the one that made it.
        string manifest = Path.Combine(version.Folder, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"created_time\": \"known_at\"", "\"created_time\": \"none\"", StringComparison.Ordinal));
        CellExplanation cell = await ExplainAsync(lake, row, "mean_delay");
        Assert.That((cell.IsAnswer, cell.Value, cell.Status), Is.EqualTo((false, (object)0.5, "null")));
    }

    [TestCase(0, "flights", "featurestore.no_row")]
    [TestCase(41, "flights", "featurestore.no_row")]
    [TestCase(1, "flihgts", "featurestore.no_feature")]
    [TestCase(1, "hourly__flihgts", "featurestore.no_feature_near")]
    public async Task Explain_WhatIsNotThere_IsRefused(long row, string feature, string code)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(async () => await ExplainAsync(lake, row, feature)))!;
        Assert.That(refused.Code, Is.EqualTo(code));
    }

    private static async Task<CellExplanation> ExplainAsync(TestLake lake, long row, string feature) => (CellExplanation)await lake.TrainingSets.ExplainAsync("late", null, row, feature, FeatureStoreWorld.NewRun());

    private static async Task<long> RowAsync(TestLake lake, long number)
        => (await lake.QueryAsync("SELECT number FROM datasets.late")).Select((row, i) => ((long)row[0]!, i)).First(pair => pair.Item1 == number).i + 1;
}

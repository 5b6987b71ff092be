using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Labels, views and tables as they should not be, and the sizes that nobody tried.</summary>
public sealed class BadInputTests
{
    private const string Labels = "SELECT origin, moment, number FROM flights";

    [TestCase("SELECT moment FROM flights", "featurestore.label_key_missing", "'origin'")]
    [TestCase("SELECT number AS origin, moment FROM flights", "featurestore.label_key_type", "CAST(origin AS VARCHAR) AS origin")]
    [TestCase("SELECT CAST(number AS DOUBLE) AS origin, moment FROM flights", "featurestore.label_key_type", "CAST(origin AS VARCHAR) AS origin")]
    public async Task Keys_ThatAreMissingOrOfAnotherType_AreRefusedWithTheirRemedy(string sql, string code, string said)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () =>
            await lake.Offline.GetHistoricalFeaturesAsync(EntityRows.FromQuery(new SqlText(sql), "moment"), [FeatureReference.Parse("model")], FeatureStoreWorld.NewRun())))!;
        Assert.That(error.Code, Is.EqualTo(code), error.Message);
        Assert.That(error.Message, Does.Contain(said));
    }

    [TestCase("features: [flights, mean_delay]", "features: [flights, FLIGHTS]", "featurestore.feature_listed_twice")]
    [TestCase("features: [hourly, airport]", "features: [hourly, \"hourly:flights\"]", "featurestore.feature_twice")]
    [TestCase("features: [hourly, airport]", "features: [\"hourly:flights\", airport, \"hourly:Flights\"]", "featurestore.feature_twice")]
    [TestCase("ttl: 3h", "ttl: 0s", "featurestore.ttl_not_positive")]
    [TestCase("ttl: 3h", "ttl: -3h", null)]
    public async Task Definitions_ThatSayTwoThingsOrNothing_AreRefusedBeforeAnyData(string old, string replacement, string? code)
    {
        string yaml = TestLake.Yaml.Replace(old, replacement, StringComparison.Ordinal);
        Assert.That(yaml, Is.Not.EqualTo(TestLake.Yaml));
        using TestLake lake = TestLake.Empty();
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () =>
        {
            lake.Definitions = TestLake.Parse(yaml);
            FeatureResolver.Resolve(lake.Definitions.TrainingSets[0], lake.Definitions);
            await Task.CompletedTask;
        }))!;
        if (code is not null) Assert.That(error.Code, Is.EqualTo(code), error.Message);
        Assert.That(error.Place?.Path, Is.EqualTo("features/f.yaml"), error.Message);
    }

    [Test]
    public async Task View_WithoutRows_LeavesEveryLabelAbsent()
    {
        using TestLake lake = await TestLake.AppliedAsync(TestLake.Yaml.Replace("table: hourly", "table: nothing", StringComparison.Ordinal), async empty => await empty.WriteAsync("nothing", TestLake.Hourly, []));
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        FeatureCount feature = manifest.Features.Single(count => count.Column == "hourly__flights");
        Assert.That((feature.Present, feature.Null, feature.Absent, feature.Expired), Is.EqualTo((0, 0, 40, 0)));
        Assert.That(manifest.ViewStatistics.Single(view => view.View == "hourly").RowCount, Is.Zero);
        Assert.That(manifest.EmptyViews, Is.EqualTo(new[] { "hourly" }));
    }

    [Test]
    public async Task Labels_WhoseKeyIsNullEverywhere_AreAllAbsentAndItIsSaid()
    {
        using TestLake lake = await TestLake.AppliedAsync(TestLake.Yaml.Replace("SELECT origin, moment, number, delay > 15 AS is_late\n      FROM flights\n      ORDER BY md5(origin || number)", "SELECT CAST(NULL AS VARCHAR) AS origin, moment, number, delay > 15 AS is_late\n      FROM flights\n      ORDER BY number", StringComparison.Ordinal));
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        Assert.That(manifest.RowCount, Is.EqualTo(40));
        Assert.That(manifest.Features.Select(count => count.Present + count.Null + count.Expired), Is.All.Zero);
        Assert.That(manifest.EmptyViews, Is.EqualTo(new[] { "hourly", "airport" }));
        Assert.That((await lake.VerifyAsync()).IsSound);
    }

    [Test]
    public async Task Labels_ThatFindSomething_AreNotWarnedOf()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Assert.That((await lake.CreateAsync()).Version.Manifest.EmptyViews, Is.Empty);
    }

    // Another tool's vacuum knows nothing of what is in use.
    [TestCase("hourly")]
    [TestCase("flights")]
    public async Task Table_WhoseFileAnotherToolRemoved_IsNamedBeforeTheWork(string table)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        string file = Directory.EnumerateFiles(Path.Combine(lake.Lake.RootPath, "main", table), "*.parquet").Single();
        File.Delete(file);
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.CreateAsync()))!;
        Assert.That(error.Code, Is.EqualTo("engines.table_file_missing"), error.Message);
        Assert.That(error.Message, Does.Contain(Path.GetFileName(file)).And.Contain("vacuum"));
        error = (await Assert.ThrowsAsync<LeptonDataException>(async () =>
            await lake.Offline.GetHistoricalFeaturesAsync(EntityRows.FromQuery(new SqlText(Labels), "moment"), [FeatureReference.Parse("model")], FeatureStoreWorld.NewRun())))!;
        Assert.That(error.Code, Is.EqualTo("engines.table_file_missing"), error.Message);
        Assert.That(Directory.Exists(Path.Combine(lake.Lake.RootPath, "_lepton", "datasets", "late", "v1")), Is.False, "nothing was made");
    }

    // A thousand columns of every type, some NULL, joined as the nested loop joins them.
    [Test]
    public async Task View_OfAThousandFeatures_AgreesWithTheNestedLoop([Values(1, 2)] int seed)
    {
        HistoryCase history = RandomHistory.Of(seed, allowsTies: false);
        var random = new Random(seed);
        DataType[] types = [.. Enumerable.Range(0, 1_000).Select(i => RandomHistory.FeatureTypes[i % RandomHistory.FeatureTypes.Length])];
        history = history with
        {
            Rule = history.Rule with { SkipsNulls = false },
            FeatureTypes = types,
            Rows = [.. history.Rows.Take(60).Select(row => row with { Features = [.. types.Select(type => random.Next(5) == 0 ? null : RandomHistory.FeatureValue(type, random))] })],
            Labels = [.. history.Labels.Take(60)],
        };
        await history.AssertAgreesAsync($"seed {seed}");
    }

    [Test]
    public async Task View_OfNearlyTenThousandFeatures_IsJoinedInLittleMemory()
    {
        const int Features = 9_800;
        HistoryRow Row(long time, long first) => new(["k"], time, time, null, [.. Enumerable.Range(0, Features).Select(i => (object?)(first + i))]);
        var history = new HistoryCase
        {
            FeatureTypes = [.. Enumerable.Repeat(DataType.Int64, Features)],
            Rows = [Row(10, 0), Row(20, 1_000_000), Row(30, 2_000_000)],
            Labels = [.. Enumerable.Range(0, 500).Select(i => new HistoryLabel(["k"], i % 40))],
        };
        // 500 rows of 9,800 numbers are 40 MB.
        JoinedCase joined = await HistoryCase.JoinAllAsync([history], memoryBytes: 256 << 20);
        Assert.Multiple(() =>
        {
            Assert.That((joined[9, "v__f9799"], joined[9, "v__status"]), Is.EqualTo(((object?)null, (object?)"absent")));
            Assert.That((joined[10, "v__f0"], joined[19, "v__f9799"]), Is.EqualTo(((object?)0L, (object?)9_799L)));
            Assert.That((joined[20, "v__f0"], joined[39, "v__f9799"]), Is.EqualTo(((object?)1_000_000L, (object?)2_009_799L)));
        });
    }

    [Test]
    public async Task View_OfTenThousandFeatures_IsRefusedBeforeAnythingIsRead()
    {
        var history = new HistoryCase { FeatureTypes = [.. Enumerable.Repeat(DataType.Int64, 10_000)], Labels = [new HistoryLabel(["k"], 1)] };
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await history.JoinAsync()))!;
        Assert.That(error.Code, Is.EqualTo("featurestore.too_many_columns"), error.Message);
        Assert.That(error.Message, Does.Contain("10004").Or.Contain("10,004"), "three columns of the labels, the features and a status");
    }
}

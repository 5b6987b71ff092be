using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>What a view meant before stays in the registry, and can be asked for.</summary>
public sealed class ViewVersionTests
{
    private const string Rows = "SELECT * FROM (VALUES ('JFK', TIMESTAMPTZ '1970-01-01 15:30:00+00')) AS v(origin, moment)";

    private static string Yaml(string old, string changed) => TestLake.Yaml.Replace(old, changed, StringComparison.Ordinal);

    [TestCase("ttl: 3h", "ttl: 4h", "ttl: 3h -> 4h")]
    [TestCase("features: [flights, mean_delay]", "features: [mean_delay, flights]", "features: [flights, mean_delay] -> [mean_delay, flights]")]
    [TestCase("ttl: 3h", "strict: true", "ttl: 3h -> ; strict:  -> true")]
    [TestCase("created_time: known_at", "created_time: none", "created_time: known_at -> none")]
    public async Task Apply_MeaningChanged_KeepsTheOldDefinitionAsVersionOne(string old, string changed, string why)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        lake.Definitions = TestLake.Parse(Yaml(old, changed));
        RegistryPlan planned = await lake.Registry.PlanAsync(lake.Definitions, FeatureStoreWorld.NewRun());
        RegistryPlan plan = await lake.ApplyAsync();
        Assert.That(Text(planned), Is.EqualTo(Text(plan)));
        RegistryChange change = plan.Changes.Single();
        Assert.That((change.Kind, change.Name, change.OldVersion, change.NewVersion), Is.EqualTo((ObjectKind.FeatureView, "hourly", (int?)1, (int?)2)));
        Assert.That(string.Join("; ", change.Properties.Order(Comparer<PropertyChange>.Create((left, right) => string.CompareOrdinal(right.Property, left.Property))).Select(property => $"{property.Property}: {property.Old} -> {property.New}")), Is.EqualTo(why));
        FeatureDefinitions applied = (await lake.Registry.ReadAsync()).Definitions;
        Assert.That(applied.FeatureViews.Select(view => (view.Name, view.Version)), Is.EqualTo(new (string, int?)[] { ("airport", 1), ("hourly", 2) }));
        Assert.That(applied.ViewVersions!.Select(view => (view.Name, view.Version, view.Ttl)), Is.EqualTo(new (string, int?, TimeSpan?)[] { ("hourly", 1, TimeSpan.FromHours(3)) }));
        Assert.That((await lake.ApplyAsync()).IsEmpty);
        IReadOnlyList<ViewVersion> versions = await lake.Registry.ViewVersionsAsync("hourly");
        Assert.That(versions.Select(version => (version.Version, version.IsCurrent, version.Changes.Count > 0)), Is.EqualTo(new[] { (1, false, false), (2, true, true) }));
    }

    [Test]
    public async Task Apply_NotesChanged_MakesNoVersion()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        lake.Definitions = TestLake.Parse(Yaml("ttl: 3h,", "ttl: 3h, owner: me, description: Words., tags: { team: a },"));
        RegistryChange change = (await lake.ApplyAsync()).Changes.Single();
        Assert.That((change.Change, change.NewVersion), Is.EqualTo((ChangeKind.Changed, (int?)null)));
        Assert.That((await lake.Registry.ReadAsync()).Definitions.ViewVersions, Is.Empty);
    }

    [Test]
    public async Task Apply_BackAndForth_CountsOn()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        foreach (string ttl in (string[])["4h", "3h", "5h"])
        {
            lake.Definitions = TestLake.Parse(Yaml("ttl: 3h", $"ttl: {ttl}"));
            await lake.ApplyAsync();
        }
        Assert.That((await lake.Registry.ViewVersionsAsync()).Where(version => version.View.Name == "hourly").Select(version => (version.Version, version.View.Ttl!.Value.Hours)), Is.EqualTo(new[] { (1, 3), (2, 4), (3, 3), (4, 5) }));
    }

    // At 15:30 the hour of 12 is 3.5 hours old: expired by 3h, present by 4h.
    [Test]
    public async Task HistoricalFeatures_OfAVersion_FollowItsDefinition()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        lake.Definitions = TestLake.Parse(Yaml("ttl: 3h", "ttl: 4h"));
        await lake.ApplyAsync();
        Assert.That(await ReadAsync(lake, "hourly:flights"), Is.EqualTo("hourly__flights hourly__status: 12 present"));
        Assert.That(await ReadAsync(lake, "hourly@v2:flights"), Is.EqualTo("hourly__flights hourly__status: 12 present"));
        Assert.That(await ReadAsync(lake, "hourly@v1:flights"), Is.EqualTo("hourly__flights hourly__status:  expired"));
        Assert.That((await FailureAsync(lake, "hourly@v3")).Message, Does.Contain("v1, v2"));
        Assert.That((await FailureAsync(lake, "hourly", "hourly@v1")).Code, Is.EqualTo("featurestore.prefix_taken"));
    }

    [Test]
    public async Task TrainingSet_PinnedToAVersion_StaysAsItWas()
    {
        using TestLake lake = await TestLake.AppliedAsync(Yaml("features: [hourly, airport] }", "features: [hourly@v1, { view: hourly@v1, prefix: again, features: [flights] }] }"));
        TrainingSetManifest first = (await lake.CreateAsync()).Version.Manifest;
        lake.Definitions = TestLake.Parse(Yaml("features: [hourly, airport] }", "features: [hourly@v1, { view: hourly@v1, prefix: again, features: [flights] }] }").Replace("ttl: 3h", "ttl: 4h", StringComparison.Ordinal));
        Assert.That((await lake.ApplyAsync()).Changes.Select(change => change.Name), Is.EqualTo((string[])["hourly"]));
        TrainingSetResult again = await lake.CreateAsync();
        Assert.That((again.IsNew, again.Version.Manifest.Identity), Is.EqualTo((false, first.Identity)));
        lake.Definitions = TestLake.Parse(Yaml("ttl: 3h", "ttl: 4h"));
        await lake.ApplyAsync();
        TrainingSetManifest newest = (await lake.CreateAsync()).Version.Manifest;
        Assert.That(newest.Features[0].Expired, Is.LessThan(first.Features[0].Expired));
        Assert.That((await lake.VerifyAsync(version: 1)).Findings, Is.Empty);
    }

    [Test]
    public async Task Apply_TypeOfAFeatureChanged_IsAVersion()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Directory.Delete(Path.Combine(lake.Lake.RootPath, "main", "airports"), recursive: true);
        var fresh = new FeatureRegistry(FeatureStoreWorld.ContextOf(Lake.Open(lake.Lake.RootPath)));
        await lake.WriteAsync("airports", new Schema([new Field("iata", DataType.String), new Field("state", DataType.Int64)]), [["JFK", 1L]]);
        RegistryChange change = (await fresh.ApplyAsync(lake.Definitions, FeatureStoreWorld.NewRun())).Changes.Single();
        Assert.That((change.Name, change.NewVersion, change.Properties.Single()), Is.EqualTo(("airport", (int?)2, new PropertyChange("type of state", "VARCHAR", "BIGINT"))));
    }

    [Test]
    public async Task Apply_SqlOfTheTableChanged_IsAVersion()
    {
        using TestLake lake = await TestLake.FilledAsync();
        await RunAsync(lake, 1, "aaaaaaaaaaaaaaaa");
        await lake.ApplyAsync();
        await RunAsync(lake, 2, "aaaaaaaaaaaaaaaa");
        Assert.That((await lake.ApplyAsync()).IsEmpty);
        await RunAsync(lake, 3, "bbbbbbbbbbbbbbbb");
        RegistryChange change = (await lake.ApplyAsync()).Changes.Single();
        Assert.That((change.Name, change.OldVersion, change.NewVersion, change.Properties.Single()), Is.EqualTo(("hourly", (int?)1, (int?)2, new PropertyChange("sql of table", "aaaaaaaaaaaa", "bbbbbbbbbbbb"))));
        Assert.That((await lake.ApplyAsync()).IsEmpty);
    }

    private static async Task RunAsync(TestLake lake, long number, string planHash)
    {
        var log = new RunLog(lake.Lake);
        var run = new RunRecord
        {
            RunId = $"20261121T000000-0000000{number}",
            Number = number,
            Pipeline = "p",
            StartedAt = TestLake.Hour(0),
            State = RunState.Running,
            SoftwareVersion = "0.1.0",
            Steps = [new StepRecord { Name = "hourly", Table = "hourly", State = StepState.Done, Version = 0, PlanHash = planHash }],
        };
        await log.BeginAsync(run, number - 1);
        await log.FinishAsync(run with { State = RunState.Finished, FinishedAt = TestLake.Hour(1) });
    }

    [Test]
    public async Task Use_OfAVersionWhoseColumnIsGone_SaysSo()
    {
        using TestLake lake = await TestLake.FilledAsync();
        await lake.WriteAsync("places", new Schema([new Field("iata", DataType.String), new Field("state", DataType.String), new Field("city", DataType.String)]), [["JFK", "NY", "New York"]]);
        lake.Definitions = TestLake.Parse(Yaml("table: airports, keys: { origin: iata }, features: [state]", "table: places, keys: { origin: iata }, features: [state, city]"));
        await lake.ApplyAsync();
        Directory.Delete(Path.Combine(lake.Lake.RootPath, "main", "places"), recursive: true);
        await lake.WriteAsync("places", TestLake.Airports, [["JFK", "NY"]]);
        lake.Definitions = TestLake.Parse(Yaml("table: airports", "table: places"));
        await lake.ApplyAsync();
        LeptonDataException error = await FailureAsync(lake, "airport@v1");
        Assert.That((error.Code, error.Message.Contains("city", StringComparison.Ordinal)), Is.EqualTo(("featurestore.view_version_unfit", true)), error.Message);
        lake.Definitions = TestLake.Parse(Yaml("table: airports", "table: places").Replace("[hourly, airport]", "[hourly, airport@v1]", StringComparison.Ordinal));
        Assert.That((await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.ApplyAsync()))!.Code, Is.EqualTo("featurestore.view_version_unfit"));
    }

    [Test]
    public async Task Use_OfAVersionOfOtherKeys_IsRefused()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        lake.Definitions = TestLake.Parse(Yaml("keys: [origin]", "keys: [port]").Replace("ttl: 3h,", "keys: { port: origin },", StringComparison.Ordinal).Replace("{ origin: iata }", "{ port: iata }", StringComparison.Ordinal)
            .Replace("SELECT origin, moment", "SELECT origin AS port, moment", StringComparison.Ordinal));
        await lake.ApplyAsync();
        Assert.That((await FailureAsync(lake, "airport@v1")).Code, Is.EqualTo("featurestore.view_version_keys"));
    }

    [Test]
    public async Task Plan_VersionThatIsNotThere_NamesThoseThatAre()
    {
        using TestLake lake = await TestLake.FilledAsync();
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () =>
            await lake.Registry.PlanAsync(TestLake.Parse(Yaml("[hourly, airport]", "[hourly@v2, airport]")), FeatureStoreWorld.NewRun())))!;
        Assert.That((error.Code, error.Place?.ToString()), Is.EqualTo(("featurestore.unknown_view_version", "features/f.yaml:7:3")));
        Assert.That(Assert.Throws<LeptonDataException>(() => TestLake.Parse(Yaml("[hourly, airport]", "[hurly@v2, airport]")))!.Code, Is.EqualTo("featurestore.unknown_view_near"));
    }

    private static string Text(RegistryPlan plan) => string.Join('\n', plan.Changes.Select(change => $"{change.Kind} {change.Name} {change.OldVersion} {change.NewVersion} {string.Join("; ", change.Properties)}"));

    private static async Task<string> ReadAsync(TestLake lake, params string[] references)
    {
        await using HistoricalFeatures joined = await lake.Offline.GetHistoricalFeaturesAsync(EntityRows.FromQuery(new SqlText(Rows), "moment"), [.. references.Select(FeatureReference.Parse)], FeatureStoreWorld.NewRun());
        await using IRecordBatchReader reader = await joined.ReadAsync();
        using RecordBatch batch = (await reader.ReadAsync())!;
        return $"{string.Join(' ', batch.Schema.Fields.Skip(2).Select(field => field.Name))}: {string.Join(' ', Enumerable.Range(2, batch.Schema.Count - 2).Select(column => batch.Column(column).Value(0)))}";
    }

    private static async Task<LeptonDataException> FailureAsync(TestLake lake, params string[] references)
        => (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Offline.GetHistoricalFeaturesAsync(EntityRows.FromQuery(new SqlText(Rows), "moment"), [.. references.Select(FeatureReference.Parse)], FeatureStoreWorld.NewRun())))!;
}

using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

public sealed class LakeCatalogTests
{
    [Test]
    public async Task InputsFor_TablesOfAFinishedRun_ReadsTheVersionsThatItNames()
    {
        using TestLake lake = await TestLake.FilledAsync();
        await FinishRunAsync(lake, ("flights", 0), ("hourly", 0));
        await lake.WriteAsync("flights", TestLake.Flights, [["JFK", TestLake.Hour(1), 99L, 1L]]);
        Assert.That(await VersionsAsync(lake, readsLatest: false, "flights", "hourly", "airports"), Is.EqualTo((long[])[0, 0, 0]));
        Assert.That(await VersionsAsync(lake, readsLatest: true, "flights", "hourly", "airports"), Is.EqualTo((long[])[1, 0, 0]));
    }

    [Test]
    public async Task InputsFor_TableThatNoRunNames_ReadsTheNewest()
    {
        using TestLake lake = await TestLake.FilledAsync();
        await FinishRunAsync(lake, ("hourly", 0));
        await lake.WriteAsync("flights", TestLake.Flights, [["JFK", TestLake.Hour(1), 99L, 1L]]);
        Assert.That(await VersionsAsync(lake, readsLatest: false, "flights"), Is.EqualTo((long[])[1]));
    }

    [TestCase("flights")]
    [TestCase("FLIGHTS")]
    [TestCase("main.flights")]
    public async Task InputsFor_NameInAnyCase_IsTheTable(string name)
    {
        using TestLake lake = await TestLake.FilledAsync();
        Assert.That(await VersionsAsync(lake, readsLatest: true, name, name), Is.EqualTo((long[])[0]));
    }

    [TestCase("flihgts", "did you mean 'flights'?")]
    [TestCase("datasets.Late'; DROP", "datasets.late")]
    [TestCase("../../etc", "flights")]
    [TestCase("_lepton.runs", "flights")]
    [TestCase("", "flights")]
    public async Task InputsFor_UnknownName_IsRefusedAtItsPlaceWithWhatThereIs(string name, string said)
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Context.Catalog.InputsForAsync([(name, new SourcePlace("q", 3, 4))])))!;
        Assert.That(error.Code, Does.StartWith("featurestore.unknown_table"));
        Assert.That(error.Message, Does.StartWith("q:3:4: ").And.Contain(said));
    }

    [Test]
    public async Task InputsFor_TrainingSetNotMade_SaysHowItIsMade()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await RefusedAsync("datasets.late", "featurestore.training_set_not_made", "`lepton dataset create late` makes it");
        await RefusedAsync("datasets.Late", "featurestore.training_set_not_made", "`lepton dataset create late` makes it");
        await lake.CreateAsync();
        await RefusedAsync("datasets.latte", "featurestore.training_set_not_made_near", "did you mean 'late'?");

        async Task RefusedAsync(string name, string code, string said)
        {
            LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Context.Catalog.InputsForAsync([(name, new SourcePlace("q", 3, 4))])))!;
            Assert.That(error.Code, Is.EqualTo(code));
            Assert.That(error.Message, Does.StartWith("q:3:4: ").And.Contain(said).And.Not.Contain("lepton run"));
        }
    }

    [Test]
    public async Task InputsFor_TrainingSet_IsItsNewestVersionWithItsTypes()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        await lake.WriteAsync("flights", TestLake.Flights, [["JFK", TestLake.Hour(1), 99L, 1L]]);
        Schema schema = (await lake.CreateAsync()).Version.Manifest.Schema;
        CatalogInputs found = await lake.Context.Catalog.InputsForAsync([("datasets.late", null)]);
        Assert.That(found.Inputs.ByName["datasets.late"].Schema, Is.EqualTo(schema));
        Assert.That(((FileInput)found.Inputs.ByName["datasets.late"]).Scan.Files[0].Path, Does.Contain("/v2/"));
        Assert.That((await lake.QueryAsync("SELECT count(*) AS n, count(DISTINCT \"split\") AS s FROM datasets.late"))[0], Is.EqualTo((object[])[41L, 2L]));
    }

    private static async Task<long[]> VersionsAsync(TestLake lake, bool readsLatest, params string[] names)
    {
        CatalogInputs found = await new LakeCatalog(lake.Lake, readsLatest).InputsForAsync(names.Select(name => (name, (SourcePlace?)null)));
        return [.. names.Distinct().Select(name => found.Snapshots[name].Version)];
    }

    private static async Task FinishRunAsync(TestLake lake, params (string Table, long Version)[] tables)
    {
        var log = new RunLog(lake.Lake);
        var run = new RunRecord
        {
            RunId = "20261121T000000-00000001",
            Number = 1,
            Pipeline = "p",
            StartedAt = TestLake.Hour(0),
            State = RunState.Running,
            SoftwareVersion = "0.1.0",
            Steps = [.. tables.Select(table => new StepRecord { Name = table.Table, Table = table.Table, State = StepState.Done, Version = table.Version })],
        };
        await log.BeginAsync(run, 0);
        await log.FinishAsync(run with { State = RunState.Finished, FinishedAt = TestLake.Hour(1) });
    }
}

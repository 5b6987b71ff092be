using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

public sealed class TrainingSetStoreTests
{
    [Test]
    public async Task Create_First_IsVersionOneWithAManifestThatTellsAll()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetResult result = await lake.CreateAsync();
        TrainingSetManifest manifest = result.Version.Manifest;
        Assert.That((result.IsNew, manifest.Version, manifest.RowCount, manifest.RegistryVersion), Is.EqualTo((true, 1, 40L, 0L)));
        Assert.That(manifest.Schema.Fields.Select(field => field.ToString()), Is.EqualTo((string[])
        [
            "origin VARCHAR", "moment TIMESTAMPTZ", "number BIGINT", "is_late BOOLEAN", "split VARCHAR", "hourly__flights BIGINT", "hourly__mean_delay DOUBLE", "hourly__status VARCHAR", "airport__state VARCHAR",
        ]));
        Assert.That(manifest.Splits, Is.EqualTo((SplitCount[])[new("train", 20), new("test", 20)]));
        Assert.That(manifest.Snapshots.Select(pin => (pin.Table, pin.Path, pin.Version)), Is.EqualTo(new[] { ("airports", "main/airports", 0L), ("flights", "main/flights", 0L), ("hourly", "main/hourly", 0L) }));
        Assert.That(manifest.ViewStatistics, Is.EqualTo((ViewStatistics[])[new("hourly", 8, 0, 0, 0), new("airport", 3, 1, 0, 0)]));
        Assert.That(manifest.Files.Single().RowCount, Is.EqualTo(40));
    }

    // Worked by hand. JFK leaves at hours 0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 18, 19 (numbers 0, 3, ... 39); its hour h is known at h:15 for even h to 12, with a ttl of 3 hours.
    // At 0: hour 0 is known only at 0:15: absent. 1: hour 0. 3: 2. 4: 2, for 4 is known at 4:15. 6: 4, whose mean is NULL. 7: 6. 9: 8. 10: 8. 12: 10. 13: 12. 15: 12, three hours old. 16 on: expired.
    // LAX leaves at hours 0, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18 (numbers 1, 4, ... 37); its only row happened at 5 and was known at 6: until 5 absent, at 6 and 8 present, from 9 on expired.
    // XXX (numbers 2, 5, ... 38: 13 flights) has no row.
    [Test]
    public async Task Create_WorkedByHand_HoldsTheseRows()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        IReadOnlyList<object?[]> jfk = await lake.QueryAsync("SELECT hourly__flights, hourly__mean_delay, hourly__status, airport__state FROM datasets.late WHERE origin = 'JFK' ORDER BY number");
        Assert.That(jfk.Select(row => $"{row[0] ?? "-"} {(row[1] is double mean ? mean.ToString(System.Globalization.CultureInfo.InvariantCulture) : "-")} {row[2]} {row[3]}"), Is.EqualTo((string[])
        [
            "- - absent NY", "0 0 present NY", "2 0.5 present NY", "2 0.5 present NY", "4 - present NY", "6 1.5 present NY", "8 2 present NY", "8 2 present NY", "10 2.5 present NY",
            "12 3 present NY", "12 3 present NY", "- - expired NY", "- - expired NY", "- - expired NY",
        ]));
        // By event time alone JFK at 0, 4, 6… (even hours to 12) would be told its own hour, known a quarter later: 0, 4, 6, 10, 12; and LAX at 5 the row known at 6.
        // Ages of what was told, in hours: JFK 1, 1, 2, 2, 1, 1, 2, 2, 1, 3; LAX 1, 3; the least of a sixteenth.
        const long future = 6;
        EquatableList<long> ages = [Least(1), Least(1), Least(3), Least(3), Least(3)];
        Assert.That(manifest.Features, Is.EqualTo((FeatureCount[])
        [
            new("hourly__flights", "hourly", "flights", Present: 12, Null: 0, Absent: 18, Expired: 10) { FromFuture = future, Ages = ages },
            new("hourly__mean_delay", "hourly", "mean_delay", Present: 11, Null: 1, Absent: 18, Expired: 10) { FromFuture = future, Ages = ages },
            new("airport__state", "airport", "state", Present: 27, Null: 0, Absent: 13, Expired: 0),
        ]));
    }

    private static long Least(long hours)
    {
        long age = hours * 3_600_000_000, step = 1L << (System.Numerics.BitOperations.Log2((ulong)age) - 4);
        return age / step * step;
    }

    [Test]
    public async Task Create_OrderOfLabels_IsTheOrderOfRows()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        object?[] expected = [.. (await lake.QueryAsync("SELECT number FROM flights ORDER BY md5(origin || number)")).Select(row => row[0])];
        Assert.That((await lake.QueryAsync("SELECT number FROM datasets.late")).Select(row => row[0]), Is.EqualTo(expected));
    }

    [Test]
    public async Task Create_Again_IsUnchanged()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        TrainingSetResult again = await lake.CreateAsync();
        Assert.That((again.IsNew, again.Version.Manifest.Version), Is.EqualTo((false, 1)));
        Assert.That(Entries(lake), Is.EqualTo((string[])["v1"]));
    }

    [Test]
    public async Task Create_DescriptionChanged_IsUnchanged()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        lake.Definitions = TestLake.Parse(TestLake.Yaml.Replace("  late:\n", "  late:\n    description: Other words.\n", StringComparison.Ordinal));
        await lake.ApplyAsync();
        Assert.That((await lake.CreateAsync()).IsNew, Is.False);
    }

    [Test]
    public async Task Create_InAnotherLakeFromTheSameRows_HasTheSameBytes()
    {
        using TestLake one = await TestLake.AppliedAsync();
        using TestLake other = await TestLake.AppliedAsync();
        TrainingSetManifest first = (await one.CreateAsync()).Version.Manifest;
        TrainingSetManifest second = (await other.CreateAsync()).Version.Manifest;
        Assert.That((second.ContentHash, second.Files[0].Sha256), Is.EqualTo((first.ContentHash, first.Files[0].Sha256)));
        Assert.That(second.Identity, Is.Not.EqualTo(first.Identity), "they are of other tables");
    }

    [Test]
    public async Task Create_FromTheSameRowsInOtherFilesAndOrderOnOneThread_HasTheSameBytes()
    {
        using TestLake one = await TestLake.AppliedAsync();
        TrainingSetManifest first = (await one.CreateAsync()).Version.Manifest;
        using TestLake other = TestLake.Empty();
        foreach ((string table, Schema schema) in ((string, Schema)[])[("flights", TestLake.Flights), ("hourly", TestLake.Hourly), ("airports", TestLake.Airports)])
        {
            object?[][] rows = [.. await one.QueryAsync($"SELECT * FROM {table}")];
            new Random(7).Shuffle(rows);
            foreach (object?[][] part in rows.Chunk(Math.Max(1, rows.Length / 5))) await other.WriteAsync(table, schema, part);
        }
        await other.ApplyAsync();
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { AllowedFolders = [FeatureStoreWorld.Folder], ThreadCount = 1 });
        TrainingSetManifest second = (await new TrainingSetStore(other.Context with { Engine = engine }).CreateAsync("late", other.Definitions, FeatureStoreWorld.NewRun())).Version.Manifest;
        Assert.That((second.ContentHash, second.Files[0].Sha256), Is.EqualTo((first.ContentHash, first.Files[0].Sha256)));
        Assert.That(second.Features, Is.EqualTo(first.Features));
    }

    [Test]
    public async Task Create_LateRowArrived_LeavesVersionOneAndMakesVersionTwo()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetManifest first = (await lake.CreateAsync()).Version.Manifest;
        // Known at 7: the flight at 7 sees it from now on; that of 6 never will.
        await lake.WriteAsync("hourly", TestLake.Hourly, [["JFK", TestLake.Hour(6), TestLake.Hour(7), 99L, 9.0]]);
        TrainingSetResult second = await lake.CreateAsync();
        Assert.That((second.IsNew, second.Version.Manifest.Version), Is.EqualTo((true, 2)));
        Assert.That(second.Version.Manifest.ContentHash, Is.Not.EqualTo(first.ContentHash));
        Assert.That((await lake.VerifyAsync(version: 1)).IsSound, "version 1");
        Assert.That((await lake.VerifyAsync(version: 2)).IsSound, "version 2");
        Assert.That((await lake.QueryAsync("SELECT hourly__flights FROM datasets.late WHERE origin = 'JFK' AND number IN (12, 15) ORDER BY number")).Select(row => row[0]), Is.EqualTo((object[])[4L, 99L]));
        Assert.That((await lake.TrainingSets.ListAsync()).Select(version => version.Manifest.Version), Is.EqualTo((int[])[1, 2]));
        Assert.That((await lake.TrainingSets.PinsAsync()).Select(pin => $"{pin.Table}@{pin.Version}"), Is.EqualTo((string[])["airports@0", "flights@0", "hourly@0", "hourly@1"]));
    }

    [Test]
    public async Task Create_NotApplied_SaysToApply()
    {
        using TestLake lake = await TestLake.FilledAsync();
        LeptonDataException error = await FailureAsync(lake);
        Assert.That((error.Code, error.Place?.ToString()), Is.EqualTo(("featurestore.not_applied", "features/f.yaml:9:3")));
        Assert.That(error.Message, Does.Contain("lepton apply"));
    }

    [Test]
    public async Task Create_ViewChangedSinceApplied_NamesTheView()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        lake.Definitions = TestLake.Parse(TestLake.Yaml.Replace("ttl: 3h", "ttl: 4h", StringComparison.Ordinal));
        LeptonDataException error = await FailureAsync(lake);
        Assert.That((error.Code, error.Arguments[0]), Is.EqualTo(("featurestore.changed_since_applied", (object)"hourly")));
    }

    [Test]
    public async Task Create_OrderThatLeavesRowsTied_IsRefusedWithTheKeys()
        => Assert.That(await CodeOfAsync("ORDER BY md5(origin || number)", "ORDER BY origin, is_late"), Is.EqualTo("featurestore.labels_tie"));

    [Test]
    public async Task Create_OrderThatTiesOnlyAcrossTheLimit_IsRefused()
    {
        // Hours 0 to 19 have two flights each: a limit of 1 cuts the first pair apart, one of 2 cuts behind it.
        Assert.That(await CodeOfAsync("ORDER BY md5(origin || number)", "ORDER BY moment LIMIT 1"), Is.EqualTo("featurestore.labels_tie"));
        Assert.That(await CodeOfAsync("ORDER BY md5(origin || number)", "ORDER BY moment, number LIMIT 1"), Is.Null);
        Assert.That(await CodeOfAsync("ORDER BY md5(origin || number)", "ORDER BY moment LIMIT 1 OFFSET 1"), Is.EqualTo("featurestore.labels_tie"));
    }

    [TestCase("WITH f AS (SELECT * FROM flights WHERE number < 30) SELECT origin, moment, number, TRUE AS is_late FROM f ORDER BY number DESC", 30)]
    [TestCase("SELECT DISTINCT origin, moment, number, TRUE AS is_late FROM flights ORDER BY ALL", 40)]
    [TestCase("SELECT DISTINCT ON (origin) origin, moment, number, TRUE AS is_late FROM flights ORDER BY origin, number", 3)]
    [TestCase("SELECT origin, moment, number, TRUE AS is_late FROM flights ORDER BY number LIMIT 5 OFFSET 37", 3)]
    [TestCase("SELECT origin, moment, number, TRUE AS is_late FROM flights ORDER BY number, number OFFSET 1", 39)]
    [TestCase("SELECT origin, moment, number, TRUE AS is_late FROM flights ORDER BY number LIMIT 0", 0)]
    [TestCase("SELECT origin, moment, number, TRUE AS is_late FROM flights UNION ALL SELECT origin, moment, -1 - number, FALSE FROM flights ORDER BY number", 80)]
    [TestCase("SELECT origin, moment, number, TRUE AS is_late FROM flights UNION ALL SELECT origin, moment, number, FALSE FROM flights ORDER BY number", null)]
    [TestCase("SELECT origin, max(moment) AS moment, count(*) AS number, TRUE AS is_late FROM flights GROUP BY origin ORDER BY sum(delay)", 3)]
    [TestCase("SELECT origin, moment, number, TRUE AS is_late FROM flights ORDER BY [number, 1], {'a': origin};", 40)]
    public async Task Create_LabelsOfAnyForm_AreTheQuerysOwnRowsInItsOrder(string sql, int? rows)
    {
        using TestLake lake = await TestLake.FilledAsync();
        int start = TestLake.Yaml.IndexOf("    labels: |", StringComparison.Ordinal);
        int end = TestLake.Yaml.IndexOf("    event_time: moment\n    split", StringComparison.Ordinal);
        lake.Definitions = TestLake.Parse($"{TestLake.Yaml[..start]}    labels: |\n      {sql}\n{TestLake.Yaml[end..]}");
        await lake.ApplyAsync();
        if (rows is null)
        {
            Assert.That((await FailureAsync(lake)).Code, Is.EqualTo("featurestore.labels_tie"));
            return;
        }
        Assert.That((await lake.CreateAsync()).Version.Manifest.RowCount, Is.EqualTo(rows));
        Assert.That(await lake.QueryAsync("SELECT origin, moment, number, is_late FROM datasets.late"), Is.EqualTo(await lake.QueryAsync(sql)));
    }

    [Test]
    public async Task Create_LabelOutsideEverySplit_IsRefusedAndLeavesNothing()
    {
        using TestLake lake = await TestLake.AppliedAsync(TestLake.Yaml.Replace("test: {}", "test: { before: 1970-01-01T12:00:00Z }", StringComparison.Ordinal));
        LeptonDataException error = await FailureAsync(lake);
        Assert.That((error.Code, error.Arguments[0]), Is.EqualTo(("featurestore.label_outside_splits", (object)16L)));
        Assert.That(Entries(lake), Is.Empty);
    }

    [Test]
    public async Task Create_LabelWithoutTime_IsRefused()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.WriteAsync("flights", TestLake.Flights, [["JFK", null, 100L, 1L]]);
        LeptonDataException error = await FailureAsync(lake);
        Assert.That((error.Code, error.Arguments[1], error.Kind), Is.EqualTo(("featurestore.label_time_null", (object)1L, ErrorKind.DataRefused)));
        Assert.That(error.Place?.ToString(), Is.EqualTo("features/f.yaml:12:7"));
    }

    [Test]
    public async Task Create_KeyTwiceInAViewWithoutEventTime_NamesTheKey()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.WriteAsync("airports", TestLake.Airports, [["LAX", "CA"]]);
        LeptonDataException error = await FailureAsync(lake);
        Assert.That((error.Code, error.Arguments[2], error.Arguments[3]), Is.EqualTo(("featurestore.duplicate_key", (object)"origin = LAX", (object)2L)));
    }

    [Test]
    public async Task Create_LabelsWithoutRows_GiveAnEmptyTrainingSet()
    {
        using TestLake lake = await TestLake.AppliedAsync(TestLake.Yaml.Replace("FROM flights", "FROM flights WHERE delay < 0", StringComparison.Ordinal));
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        Assert.That((manifest.RowCount, manifest.Files.Count), Is.EqualTo((0L, 0)));
        Assert.That((await lake.VerifyAsync()).IsSound);
        Assert.That(await lake.QueryAsync("SELECT number FROM datasets.late"), Is.Empty);
    }

    [Test]
    public async Task Create_Cancelled_LeavesNothing()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        using var cancel = new CancellationTokenSource();
        var run = FeatureStoreWorld.NewRun() with { Progress = new Callback(progress => { if (progress.Activity == "featurestore.writing") cancel.Cancel(); }) };
        Assert.That(async () => await lake.TrainingSets.CreateAsync("late", lake.Definitions, run, cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Entries(lake), Is.Empty);
    }

    // The name v1 comes between the last sync of the folder aside and the first of v1 itself.
    [Test]
    public async Task Create_NewVersion_MakesExactlyTheseCalls()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        var calls = new RecordingFileCalls(lake.Lake.RootPath);
        FeatureStoreContext context = FeatureStoreWorld.ContextOf(Lake.Open(new LocalObjectStore(lake.Lake.RootPath, calls)));
        await new TrainingSetStore(context).CreateAsync("late", lake.Definitions, FeatureStoreWorld.NewRun());
        calls.AssertAre("""
            make _lepton/datasets
            sync names in _lepton
            make _lepton/datasets/late
            sync names in _lepton/datasets
            make _lepton/datasets/late/.building-*-*
            sync names in _lepton/datasets/late
            make _lepton/datasets/late/.building-*-*/rows
            sync names in _lepton/datasets/late/.building-*-*
            write _lepton/datasets/late/.building-*-*/.part-00000.json.*.tmp
            sync _lepton/datasets/late/.building-*-*/.part-00000.json.*.tmp
            link _lepton/datasets/late/.building-*-*/part-00000.json
            sync names in _lepton/datasets/late/.building-*-*
            unlink _lepton/datasets/late/.building-*-*/.part-00000.json.*.tmp
            write _lepton/datasets/late/.building-*-*/rows/.manifest.json.*.tmp
            sync _lepton/datasets/late/.building-*-*/rows/.manifest.json.*.tmp
            link _lepton/datasets/late/.building-*-*/rows/manifest.json
            sync names in _lepton/datasets/late/.building-*-*/rows
            unlink _lepton/datasets/late/.building-*-*/rows/.manifest.json.*.tmp
            sync _lepton/datasets/late/.building-*-*/rows/part-00000.parquet
            sync names in _lepton/datasets/late/.building-*-*/rows
            sync _lepton/datasets/late/v1
            sync names in _lepton/datasets/late
            sync names in _lepton/datasets
            sync names in _lepton
            sync names in .
            """);
    }

    [Test]
    public async Task Create_ByTwoAtOnce_MakesOneVersion()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetResult[] results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => lake.CreateAsync())));
        Assert.That(results.Count(result => result.IsNew), Is.EqualTo(1));
        Assert.That(Entries(lake), Is.EqualTo((string[])["v1"]));
    }

    [Test]
    public async Task Find_UnknownNameOrVersion_SaysWhatThereIs()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        await lake.CreateAsync();
        Assert.That((await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.TrainingSets.FindAsync("latte")))!.Message, Does.Contain("'late'"));
        Assert.That((await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.TrainingSets.FindAsync("late", 7)))!.Message, Does.Contain("v1"));
    }

    [Test]
    public async Task List_WhatAKilledBuildLeft_IsNoVersionAndTheNextBuildRemovesIt()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        string aside = Directory.CreateDirectory(Path.Combine(lake.Lake.DatasetFolder("late"), ".building-20261121T000000-00000000-0")).FullName;
        await File.WriteAllTextAsync(Path.Combine(aside, "part-00000.parquet"), "half");
        await File.WriteAllTextAsync(aside + ".lock", "");
        Assert.That(await lake.TrainingSets.ListAsync(), Is.Empty);
        await lake.CreateAsync();
        Assert.That(Entries(lake), Is.EqualTo((string[])["v1"]));
    }

    [Test]
    public async Task Create_AnotherBuildUnderWay_LeavesItsFolder()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        using BuildFolder other = BuildFolder.Open(lake.Lake, "late", identity: null, FeatureStoreWorld.NewRun());
        await lake.CreateAsync();
        Assert.That(Directory.Exists(other.RowsPath));
    }

    internal static string[] Entries(TestLake lake)
        => Directory.Exists(lake.Lake.DatasetFolder("late")) ? [.. Directory.EnumerateFileSystemEntries(lake.Lake.DatasetFolder("late")).Select(path => Path.GetFileName(path)!).Order()] : [];

    private static async Task<string?> CodeOfAsync(string right, string wrong)
    {
        using TestLake lake = await TestLake.AppliedAsync(TestLake.Yaml.Replace(right, wrong, StringComparison.Ordinal));
        try
        {
            await lake.CreateAsync();
            return null;
        }
        catch (LeptonDataException error)
        {
            Assert.That(Entries(lake), Is.Empty);
            return error.Code;
        }
    }

    private static async Task<LeptonDataException> FailureAsync(TestLake lake) => (await Assert.ThrowsAsync<LeptonDataException>(() => lake.CreateAsync()))!;

    private sealed class Callback(Action<StepProgress> report) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => report(value);
    }
}

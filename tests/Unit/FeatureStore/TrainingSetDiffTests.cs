using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Jobs.Profiles;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>How two versions of a training set differ, against rows that are known by hand or counted here.</summary>
public sealed class TrainingSetDiffTests
{
    [Test]
    public async Task Compare_OtherTtl_ChangesTheCellsThatExpire()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetVersion first = (await lake.CreateAsync()).Version;
        Dictionary<long, object?> before = await CellsAsync(lake);
        TrainingSetVersion second = await AgainAsync(lake, "ttl: 3h", "ttl: 1h");
        Dictionary<long, object?> after = await CellsAsync(lake);
        TrainingSetDiff diff = await CompareAsync(lake, first, second);
        long changed = before.Count(cell => !Equals(cell.Value, after[cell.Key]));
        Assert.That(changed, Is.GreaterThan(0));
        Assert.Multiple(() =>
        {
            Assert.That(Show(diff.Manifest.Definitions), Is.EqualTo(new[] { "Changed FeatureView hourly: ttl 3h -> 1h" }));
            Assert.That(diff.Manifest.Snapshots, Is.Empty);
            Assert.That(diff.Manifest.Facts, Is.Empty);
            Assert.That(diff.Identity, Is.EqualTo(RowIdentity.KeysAndTime));
            Assert.That(diff.Rows.Key, Is.EqualTo(new[] { "origin", "moment" }));
            Assert.That((diff.Rows.Keys!.AddedCount, diff.Rows.Keys.RemovedCount, diff.Rows.Keys.ChangedCount, diff.Rows.Keys.EqualCount), Is.EqualTo((0L, 0L, changed, 40 - changed)));
            Assert.That(diff.Rows.Columns.Single(column => column.Left.Field.Name == "hourly__flights").ChangedCount, Is.EqualTo(changed));
            Assert.That(diff.Rows.Columns.Single(column => column.Left.Field.Name == "airport__state").ChangedCount, Is.Zero);
            Assert.That(diff.Rows.AreEqual || diff.IsReordered, Is.False);
        });
    }

    [Test]
    public async Task Compare_MoreLabelsOfOneKeyAndTime_NamesThemByAllLabelColumns()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetVersion first = (await lake.CreateAsync()).Version;
        // JFK at hour 0 has flight 0 already.
        await lake.WriteAsync("flights", TestLake.Flights, [["JFK", TestLake.Hour(0), 40L, 99L]]);
        TrainingSetVersion second = (await lake.CreateAsync()).Version;
        TrainingSetDiff diff = await CompareAsync(lake, first, second);
        Assert.Multiple(() =>
        {
            Assert.That(diff.Manifest.Definitions, Is.Empty);
            Assert.That(diff.Manifest.Snapshots.Select(change => (change.Table, change.Old?.Version, change.New?.Version, change.IsOfOneTable)), Is.EqualTo(new[] { ("flights", (long?)0, (long?)1, true) }));
            Assert.That(diff.Manifest.Facts, Is.EqualTo(new[] { new PropertyChange("splits", "train 20, test 20", "train 21, test 20") }));
            Assert.That(diff.Identity, Is.EqualTo(RowIdentity.LabelColumns));
            Assert.That(diff.Rows.Key, Is.EqualTo(new[] { "origin", "moment", "number", "is_late" }));
            Assert.That((diff.Rows.Keys!.AddedCount, diff.Rows.Keys.RemovedCount, diff.Rows.Keys.ChangedCount, diff.Rows.Keys.EqualCount), Is.EqualTo((1L, 0L, 0L, 40L)));
            Assert.That(diff.Rows.Keys.AddedExamples.Single().Skip(2), Is.EqualTo(new[] { "40", "true" }));
        });
    }

    [Test]
    public async Task Compare_FeatureLeftOutAndAnotherPut_TheyWentAndCame()
    {
        using TestLake lake = await TestLake.AppliedAsync(TestLake.Yaml.Replace("[hourly, airport]", "['hourly:flights']", StringComparison.Ordinal));
        TrainingSetVersion first = (await lake.CreateAsync()).Version;
        TrainingSetVersion second = await AgainAsync(lake, "[hourly, airport]", "['hourly:mean_delay', airport]", TestLake.Yaml);
        TrainingSetDiff diff = await CompareAsync(lake, first, second);
        Assert.Multiple(() =>
        {
            Assert.That(Show(diff.Manifest.Definitions), Is.EqualTo(new[] { "Added FeatureView airport:", "Changed FeatureView hourly: features [flights] -> [mean_delay]" }));
            Assert.That(diff.Manifest.Snapshots.Select(change => (change.Table, change.Old is null, change.New is null)), Is.EqualTo(new[] { ("airports", true, false) }));
            Assert.That(diff.Rows.AddedColumns.Select(field => field.Name), Is.EqualTo(new[] { "hourly__mean_delay", "airport__state" }));
            Assert.That(diff.Rows.RemovedColumns.Select(field => field.Name), Is.EqualTo(new[] { "hourly__flights" }));
        });
    }

    [Test]
    public async Task Compare_SameRowsInAnotherOrder_SaysSo()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetVersion first = (await lake.CreateAsync()).Version;
        TrainingSetVersion second = await AgainAsync(lake, "ORDER BY md5(origin || number)", "ORDER BY number");
        TrainingSetDiff diff = await CompareAsync(lake, first, second), none = await CompareAsync(lake, second, second);
        Assert.Multiple(() =>
        {
            Assert.That((diff.Rows.AreEqual, diff.IsReordered), Is.EqualTo((true, true)));
            Assert.That(diff.Manifest.Definitions.Single().Properties.Single().Property, Is.EqualTo("labels"));
            Assert.That((none.Rows.AreEqual, none.IsReordered, none.Manifest.IsEmpty, none.Rows.ContentHash), Is.EqualTo((true, false, true, second.Manifest.ContentHash)));
        });
    }

    [Test]
    public async Task Compare_PersonalFeature_ShowsCountsAndNoValue()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        var schema = new Schema([new Field("iata", DataType.String), new Field("chief", DataType.String) { Metadata = FieldMetadata.Of([KeyValuePair.Create(FieldMetadata.PersonalKey, "true")]) }]);
        await lake.WriteAsync("staff", schema, [["JFK", "Ada"], ["LAX", "Grace"]]);
        await AgainAsync(lake, "{ entity: origin, table: airports, keys: { origin: iata }, features: [state] }", "{ entity: origin, table: staff, keys: { origin: iata }, features: [chief] }");
        TrainingSetVersion first = await lake.TrainingSets.FindAsync("late");
        await lake.WriteAsync("staff", schema, [["XXX", "Edsger"]]);
        TrainingSetDiff diff = await CompareAsync(lake, first, (await lake.CreateAsync()).Version);
        ColumnDiff chief = diff.Rows.Columns.Single(column => column.Left.Field.Name == "airport__chief");
        Assert.Multiple(() =>
        {
            Assert.That((chief.IsPersonal, chief.ChangedCount, chief.Left.NullCount, chief.Right.NullCount), Is.EqualTo((true, (long?)13, 13L, 0L)));
            Assert.That((chief.Examples.Count, chief.Shifts.Count, chief.Left.Top.Count), Is.EqualTo((0, 0, 0)));
        });
    }

    [Test]
    public async Task FindBefore_OfTheSecondAndTheFirst_IsTheFirstAndNone()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        TrainingSetVersion first = (await lake.CreateAsync()).Version;
        TrainingSetVersion second = await AgainAsync(lake, "ttl: 3h", "ttl: 1h");
        Assert.That((await lake.TrainingSets.FindBeforeAsync(second))!.Manifest.Version, Is.EqualTo(1));
        Assert.That(await lake.TrainingSets.FindBeforeAsync(first), Is.Null);
    }

    private static async Task<TrainingSetVersion> AgainAsync(TestLake lake, string what, string with, string yaml = TestLake.Yaml)
    {
        Assert.That(yaml, Does.Contain(what));
        lake.Definitions = TestLake.Parse(yaml.Replace(what, with, StringComparison.Ordinal));
        await lake.ApplyAsync();
        return (await lake.CreateAsync()).Version;
    }

    private static async Task<TrainingSetDiff> CompareAsync(TestLake lake, TrainingSetVersion left, TrainingSetVersion right)
        => await new TrainingSetComparer(lake.Context).CompareAsync(left, right, FeatureStoreWorld.NewRun(), CancellationToken.None);

    private static async Task<Dictionary<long, object?>> CellsAsync(TestLake lake)
        => (await lake.QueryAsync("SELECT number, hourly__flights FROM datasets.late")).ToDictionary(row => (long)row[0]!, row => row[1]);

    private static IEnumerable<string> Show(IEnumerable<RegistryChange> changes)
        => changes.Select(change => $"{change.Change} {change.Kind} {change.Name}:{string.Concat(change.Properties.Select(property => $" {property.Property} {property.Old} -> {property.New}"))}");
}

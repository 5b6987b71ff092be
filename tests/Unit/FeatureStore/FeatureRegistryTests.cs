using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

public sealed class FeatureRegistryTests
{
    [Test]
    public async Task Read_BeforeTheFirstApply_HoldsNothing()
    {
        using TestLake lake = TestLake.Empty();
        RegistryState state = await lake.Registry.ReadAsync();
        Assert.That((state.Version, state.Definitions.IsEmpty), Is.EqualTo(((long?)null, true)));
    }

    [Test]
    public async Task Apply_Definitions_AreInForceAsTheyWereWritten()
    {
        using TestLake lake = await TestLake.FilledAsync();
        RegistryPlan plan = await lake.ApplyAsync();
        Assert.That(plan.Changes.Select(change => (change.Kind, change.Name, change.Change)), Is.EqualTo(new[]
        {
            (ObjectKind.Entity, "origin", ChangeKind.Added), (ObjectKind.FeatureView, "airport", ChangeKind.Added), (ObjectKind.FeatureView, "hourly", ChangeKind.Added),
            (ObjectKind.FeatureService, "model", ChangeKind.Added), (ObjectKind.TrainingSet, "late", ChangeKind.Added),
        }));
        RegistryState state = await lake.Registry.ReadAsync();
        Assert.That(state.Version, Is.EqualTo(0));
        Assert.That(RegistryObject.Of(state.Definitions), Is.EqualTo(RegistryObject.Of(lake.Definitions)));
    }

    [Test]
    public async Task Apply_NothingNew_CommitsNothing()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        Assert.That((await lake.ApplyAsync()).IsEmpty);
        Assert.That((await lake.Registry.ReadAsync()).Version, Is.EqualTo(0));
    }

    [Test]
    public async Task Plan_ChangedAddedAndRemoved_SaysWhatAndChangesNothing()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        FeatureDefinitions changed = TestLake.Parse(TestLake.Yaml
            .Replace("ttl: 3h", "ttl: 4h", StringComparison.Ordinal)
            .Replace("  model: { features: [hourly, airport] }", "  model2: { features: [hourly, airport] }", StringComparison.Ordinal)
            .Replace("service: model", "service: model2", StringComparison.Ordinal));
        RegistryPlan plan = await lake.Registry.PlanAsync(changed, FeatureStoreWorld.NewRun());
        Assert.That(plan.BaseVersion, Is.EqualTo(0));
        Assert.That(plan.Changes.Select(change => $"{change.Change} {change.Name}: {string.Join("; ", change.Properties)}"), Is.EqualTo((string[])
        [
            "Changed hourly: PropertyChange { Property = ttl, Old = 3h, New = 4h }",
            "Removed model: ",
            "Added model2: ",
            "Changed late: PropertyChange { Property = service, Old = model, New = model2 }",
        ]));
        Assert.That(await lake.Registry.PlanAsync(lake.Definitions, FeatureStoreWorld.NewRun()), Has.Property("IsEmpty").True);
    }

    [Test]
    public async Task Apply_ChangedDefinition_KeepsWhenItWasFirstApplied()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        FeatureDefinitions changed = TestLake.Parse(TestLake.Yaml.Replace("ttl: 3h", "ttl: 4h", StringComparison.Ordinal));
        await lake.Registry.ApplyAsync(changed, FeatureStoreWorld.NewRun(hour: 13));
        IReadOnlyList<object?[]> meta = await MetaAsync(lake);
        Assert.That(meta.Single(row => (string)row[0]! == "hourly")[1], Does.Contain("\"created_at\":\"2026-11-21T12:00:00.000000Z\",\"changed_at\":\"2026-11-21T13:00:00.000000Z\""));
        Assert.That(meta.Single(row => (string)row[0]! == "airport")[1], Does.Contain("\"changed_at\":\"2026-11-21T12:00:00.000000Z\""));
    }

    [Test]
    public async Task Apply_AnotherGotInBetween_ChangesNothing()
    {
        using TestLake lake = await TestLake.AppliedAsync();
        // Both see the same registry; the second to commit must notice.
        Task<RegistryPlan>[] applies =
        [
            .. Enumerable.Range(1, 4).Select(i => Task.Run(async () => await new FeatureRegistry(FeatureStoreWorld.ContextOf(Lake.Open(lake.Lake.RootPath)))
                .ApplyAsync(TestLake.Parse(TestLake.Yaml.Replace("ttl: 3h", $"ttl: {i + 10}h", StringComparison.Ordinal)), FeatureStoreWorld.NewRun()))),
        ];
        var failures = new List<LeptonDataException>();
        foreach (Task<RegistryPlan> apply in applies)
        {
            try
            {
                await apply;
            }
            catch (LeptonDataException failure)
            {
                failures.Add(failure);
            }
        }
        Assert.That(failures.Select(failure => failure.Code), Is.All.EqualTo("featurestore.apply_conflict"));
        // Each that did not fail is a commit of its own: none was taken for another's.
        Assert.That((await lake.Registry.ReadAsync()).Version, Is.EqualTo(applies.Length - failures.Count));
    }

    [TestCase("table: hourly", "table: hurly", "featurestore.unknown_table_near", "features/f.yaml:4:36")]
    [TestCase("event_time: moment,", "event_time: when,", "featurestore.unknown_column", "features/f.yaml:4:56")]
    [TestCase("event_time: moment,", "event_time: origin,", "featurestore.time_type", "features/f.yaml:4:56")]
    [TestCase("created_time: known_at", "created_time: knwn_at", "featurestore.unknown_column_near", "features/f.yaml:4:78")]
    [TestCase("created_time: known_at", "created_time: flights", "featurestore.time_type", "features/f.yaml:4:78")]
    [TestCase("[flights, mean_delay]", "[flights, mean_dely]", "featurestore.unknown_column_near", "features/f.yaml:4:117")]
    [TestCase("ttl: 3h", "sequence: mean_delay", "featurestore.sequence_type", "features/f.yaml:4:98")]
    [TestCase("{ origin: iata }", "{ origin: iatta }", "featurestore.unknown_column_near", "features/f.yaml:5:63")]
    [TestCase("FROM flights", "FROM fligts", "featurestore.unknown_table_near", "features/f.yaml:13:12")]
    [TestCase("SELECT origin, moment", "SELECT orign, moment", "sql.", "features/f.yaml:12:14")]
    [TestCase("      ORDER BY md5(origin || number)\n", "", "featurestore.labels_unordered", "features/f.yaml:12:7")]
    [TestCase("delay > 15", "random() > 15", "featurestore.labels_impure", "features/f.yaml:12:38")]
    [TestCase("SELECT origin, moment,", "SELECT origin AS o, moment,", "featurestore.label_key_missing", "features/f.yaml:12:7")]
    [TestCase("SELECT origin, moment,", "SELECT 1 AS origin, moment,", "featurestore.label_key_type", "features/f.yaml:12:7")]
    [TestCase("SELECT origin, moment,", "SELECT origin, delay AS moment,", "featurestore.label_time_number", "features/f.yaml:12:7")]
    [TestCase("AS is_late", "AS hourly__flights", "featurestore.label_column_taken", "features/f.yaml:12:7")]
    [TestCase("AS is_late", "AS \"split\"", "featurestore.label_column_split", "features/f.yaml:12:7")]
    [TestCase("AS is_late", "AS __late", "featurestore.label_column_ours", "features/f.yaml:12:7")]
    [TestCase("    event_time: moment\n", "    event_time: mment\n", "featurestore.label_time_missing_near", "features/f.yaml:12:7")]
    public async Task Plan_DefinitionThatDoesNotFitTheTables_IsNamedAtItsPlace(string right, string wrong, string code, string place)
    {
        using TestLake lake = await TestLake.FilledAsync();
        string yaml = TestLake.Yaml.Replace(right, wrong, StringComparison.Ordinal);
        Assert.That(yaml, Is.Not.EqualTo(TestLake.Yaml), "the case replaces nothing");
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Registry.PlanAsync(TestLake.Parse(yaml), FeatureStoreWorld.NewRun())))!;
        Assert.That((error.Code, error.Place?.ToString()), Is.EqualTo((code.EndsWith('.') ? error.Code : code, place)), error.Message);
        Assert.That(error.Code, Does.StartWith(code));
    }

    [Test]
    public async Task Plan_KeyOfDifferentTypesInTwoTables_NamesBoth()
    {
        using TestLake lake = await TestLake.FilledAsync();
        await lake.WriteAsync("numbered", new Schema([new Field("origin", DataType.Int64), new Field("x", DataType.Int64)]), [[1L, 2L]]);
        string yaml = TestLake.Yaml.Replace("feature_services:", "  numbers: { entity: origin, table: numbered, features: [x] }\nfeature_services:", StringComparison.Ordinal);
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Registry.PlanAsync(TestLake.Parse(yaml), FeatureStoreWorld.NewRun())))!;
        Assert.That(error.Message, Does.Contain("VARCHAR").And.Contain("BIGINT").And.Contain("numbered").And.Contain("airports"));
    }

    [Test]
    public async Task Read_NewerFormat_IsRefused()
    {
        using TestLake lake = await TestLake.FilledAsync();
        var schema = new Schema([new Field("kind", DataType.String), new Field("name", DataType.String), new Field("spec", DataType.String), new Field("meta", DataType.String), new Field("format_version", DataType.Int32)]);
        using var builder = new RecordBatchBuilder(schema);
        object[] row = ["entity", "e", "{}", "{}", 2];
        for (int i = 0; i < row.Length; i++) builder.Column(i).AppendValue(row[i]);
        using RecordBatch batch = builder.Build();
        await lake.Lake.AppendRecordsAsync(lake.Lake.SystemTable("registry"), schema, [batch], new RecordsCommit("WRITE", default));
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Registry.ReadAsync()))!;
        Assert.That(error.Code, Is.EqualTo("featurestore.registry_newer"));
    }

    private static async Task<IReadOnlyList<object?[]>> MetaAsync(TestLake lake)
    {
        var rows = new List<object?[]>();
        Snapshot snapshot = (await lake.Lake.SystemTable("registry").ReadAsync())!;
        await using IRecordBatchReader reader = await lake.Lake.ReadRecordsAsync(snapshot);
        while (await reader.ReadAsync() is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) rows.Add([batch.Column(1).Value(row), batch.Column(3).Value(row)]);
        }
        return rows;
    }
}

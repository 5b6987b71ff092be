using System.Text;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Feast;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>The registry of Feast's own example, and what else a registry may hold, as files of ours.</summary>
public sealed class FeastImportTests
{
    private const string Dump = """
        {
          "project": "drivers",
          "dataSources": [ { "name": "driver_hourly_stats_source", "type": "BATCH_FILE" } ],
          "entities": [
            { "spec": { "name": "driver", "valueType": "INT64", "joinKey": "driver_id", "description": "who drives: \"the\" 司机" }, "meta": {} },
            { "spec": { "name": "Customer-ID", "valueType": "INT64", "joinKey": "customer_id" } },
            { "spec": { "name": "__dummy", "joinKey": "__dummy_id" } }
          ],
          "featureViews": [
            { "spec": {
                "name": "driver_hourly_stats", "entities": ["driver"],
                "features": [ { "name": "conv_rate", "valueType": "FLOAT" }, { "name": "avg_daily_trips", "valueType": "INT64" } ],
                "tags": { "team": "driver_performance" }, "owner": "ops@example.org", "ttl": "86400s", "online": true,
                "batchSource": { "type": "BATCH_FILE", "timestampField": "event_timestamp", "createdTimestampColumn": "created", "fieldMapping": { "rate": "conv_rate" }, "fileOptions": { "uri": "data/driver_stats.parquet" } } } },
            { "spec": {
                "name": "Trips", "entities": ["driver", "Customer-ID"], "features": [ { "name": "count" } ], "ttl": "0s",
                "batchSource": { "type": "BATCH_SNOWFLAKE", "eventTimestampColumn": "at", "snowflakeOptions": { "table": "TRIPS" } } } },
            { "spec": { "name": "global", "entities": ["__dummy"], "features": [ { "name": "x" } ], "batchSource": { "timestampField": "at" } } }
          ],
          "featureServices": [
            { "spec": { "name": "driver_activity", "features": [ { "featureViewName": "driver_hourly_stats", "featureColumns": [ { "name": "conv_rate" } ] }, { "featureViewName": "Trips" }, { "featureViewName": "driver_hourly_stats", "featureViewNameAlias": "co-driver", "joinKeyMap": { "driver_id": "second_driver" }, "featureColumns": [ { "name": "avg_daily_trips" } ] }, { "featureViewName": "transformed" } ] } }
          ],
          "onDemandFeatureViews": [ { "spec": { "name": "transformed" } } ]
        }
        """;

    [Test]
    public void Read_ARegistry_GivesTheSameDefinitions()
    {
        FeatureDefinitions definitions = TestLake.Parse(Read(Dump).Features);
        Assert.That(definitions.Entities.Select(entity => $"{entity.Name} {string.Join('+', entity.Keys)}"), Is.EqualTo(new[] { "customer_id customer_id", "driver driver_id", "driver_customer_id driver_id+customer_id" }));
        Assert.That(definitions.Entities[1].Notes.Description, Is.EqualTo("who drives: \"the\" 司机"));
        FeatureView stats = definitions.FeatureViews[0], trips = definitions.FeatureViews[1];
        Assert.That((stats.Name, stats.Entity, stats.Table.ToString(), stats.EventTime, stats.CreatedTime, stats.Ttl), Is.EqualTo(("driver_hourly_stats", "driver", "driver_hourly_stats", "event_timestamp", "created", (TimeSpan?)TimeSpan.FromDays(1))));
        Assert.That((stats.Notes.Owner, stats.Notes.Tags.Single()), Is.EqualTo(("ops@example.org", new Tag("team", "driver_performance"))));
        Assert.That(stats.Features, Is.EqualTo(new[] { "conv_rate", "avg_daily_trips" }));
        Assert.That((trips.Name, trips.Entity, trips.CreatedTime, trips.Ttl), Is.EqualTo(("trips", "driver_customer_id", (string?)null, (TimeSpan?)null)));
        Assert.That(definitions.FeatureServices.Single().Features.Select(feature => feature.ToString()), Is.EqualTo(new[] { "driver_hourly_stats:conv_rate", "trips", "driver_hourly_stats:avg_daily_trips" }));
        FeatureReference alias = definitions.FeatureServices.Single().Features[2];
        Assert.That((alias.Prefix, alias.Keys!.Single()), Is.EqualTo(("co_driver", new KeyColumn("driver_id", "second_driver"))));
    }

    [Test]
    public void Read_ARegistry_SaysWhatIsNotCarriedOver()
    {
        FeastImport import = Read(Dump);
        Assert.That(import.Counts, Is.EqualTo((3, 2, 1)));
        Assert.That(import.Left.Select(note => note.Object), Is.EqualTo(new[]
        {
            "entity Customer-ID", "feature view Trips", "entity driver+Customer-ID", "feature view Trips", "feature view Trips", "feature view global", "alias co-driver", "feature service driver_activity", "on demand feature view transformed",
        }));
        Assert.That(import.Left[1].Text.English, Does.Contain("created_time: none"));
        Assert.That(import.Left[4].Text.English, Does.Contain("BATCH_SNOWFLAKE"));
    }

    [Test]
    public void Read_NamesThatMeet_AreToldApart()
    {
        const string view = """{ "spec": { "name": "stats", "entities": ["a", "b"], "features": [ { "name": "x" } ], "batchSource": { "timestampField": "at", "createdTimestampColumn": "known" } } }""";
        const string service = """{ "spec": { "name": "stats", "features": [ { "featureViewName": "stats" } ] } }, { "spec": { "name": "stats_service", "features": [ { "featureViewName": "stats" } ] } }""";
        const string entities = """{ "spec": { "name": "a" } }, { "spec": { "name": "b" } }, { "spec": { "name": "a_b" } }""";
        FeatureDefinitions definitions = TestLake.Parse(Read($$"""{ "entities": [ {{entities}} ], "featureViews": [ {{view}} ], "featureServices": [ {{service}} ] }""").Features);
        Assert.That(definitions.Entities.Single(entity => entity.Name == definitions.FeatureViews.Single().Entity).Keys, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(definitions.FeatureServices.Select(one => one.Name), Is.EquivalentTo(new[] { "stats_service", "stats_service_2" }));
    }

    [Test]
    public void Read_AViewOfAFile_GivesAPipelineThatMakesItsTable()
    {
        using var folder = new TempFolder();
        folder.Write("lepton.yaml", "project: feast\n");
        folder.Write("pipelines/feast.yaml", Read(Dump).Pipeline!);
        PipelineDefinition pipeline = Project.Load(folder.Path).LoadPipelines().Single();
        Assert.That(pipeline.Sources.Single().Path.Value, Is.EqualTo("data/driver_stats.parquet"));
        Assert.That(File.ReadAllText(folder["pipelines/feast.yaml"]), Does.Contain("""SELECT "driver_id", "event_timestamp", "created", "rate" AS "conv_rate", "avg_daily_trips" """.TrimEnd()));
    }

    [TestCase("")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"featureViews": 7}""")]
    [TestCase("""{"featureViews": [{"spec": {"name": "a"}}]}""")]
    [TestCase("""{"entities": [null, 3, {"spec": []}], "featureViews": [{"spec": null}]}""")]
    public void Read_WhatIsNoRegistry_IsRefusedInOneSentence(string text)
        => Assert.That(Assert.Throws<LeptonDataException>(() => Read(text))!.Code, Is.EqualTo("featurestore.feast_broken"));

    private static FeastImport Read(string text) => FeastImport.Read(Encoding.UTF8.GetBytes(text), "dump.json");
}

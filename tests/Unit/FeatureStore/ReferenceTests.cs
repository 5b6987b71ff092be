using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>One view under several prefixes, by several columns of the labels.</summary>
public sealed class ReferenceTests
{
    private const string Head = """
        entities: { origin: { keys: [origin] } }
        feature_views:
          hourly: { entity: origin, table: hourly, event_time: moment, created_time: known_at, ttl: 3h, features: [flights, mean_delay] }
        """;

    private const string Both = "[{ view: hourly, prefix: from, keys: { origin: origin } }, { view: hourly, prefix: to, keys: { origin: target }, features: [flights] }]";

    private static string Yaml(string features) => $$"""
        {{Head}}
        feature_services: { model: { features: {{features}} } }
        training_sets:
          trips:
            service: model
            labels: SELECT 'JFK' AS origin, 'LAX' AS target, moment, number FROM flights ORDER BY number
            event_time: moment
        """;

    [Test]
    public async Task TrainingSet_OneViewByTwoColumns_HasTheFeaturesOfBoth()
    {
        using TestLake lake = await TestLake.AppliedAsync(Yaml(Both));
        TrainingSetManifest manifest = (await lake.CreateAsync("trips")).Version.Manifest;
        Assert.That(manifest.Schema.Fields.Select(field => field.Name), Is.EqualTo((string[])["origin", "target", "moment", "number", "from__flights", "from__mean_delay", "from__status", "to__flights", "to__status"]));
        // At 6:00 JFK's hour 4 was known (hour 6 is known at 6:15), and LAX's hour 5 since 6:00.
        Assert.That(await lake.QueryAsync("SELECT from__flights, from__status, to__flights, to__status FROM datasets.trips WHERE number = 12"), Is.EqualTo((object?[][])[[4L, "present", 50L, "present"]]));
        Assert.That((await lake.VerifyAsync("trips")).Findings, Is.Empty);
    }

    [Test]
    public async Task Apply_ReferencesWithPrefix_AreReadBackAsTheyWere()
    {
        using TestLake lake = await TestLake.AppliedAsync(Yaml(Both));
        FeatureDefinitions applied = (await lake.Registry.ReadAsync()).Definitions;
        Assert.That(applied.FeatureServices[0].Features, Is.EqualTo(lake.Definitions.FeatureServices[0].Features));
        Assert.That(applied.FeatureServices[0].Features.Select(reference => (reference.ToString(), reference.Prefix, reference.Keys?.Count)), Is.EqualTo(new (string, string?, int?)[] { ("hourly", "from", 1), ("hourly:flights", "to", 1) }));
    }

    [TestCase("[{ view: hourly, prefix: a, keys: { orign: target } }]", "featurestore.unknown_key_near")]
    [TestCase("[{ view: hourly, prefix: a, keys: { origin: target } }, { view: hourly, prefix: a, keys: { origin: origin } }]", "featurestore.prefix_taken")]
    [TestCase("[{ view: hourly, prefix: a, keys: { origin: nowhere } }]", "featurestore.label_key_missing")]
    [TestCase("[{ view: hourly, prefix: a, features: [flights] }, { view: hourly, prefix: a }]", "featurestore.feature_twice")]
    public async Task References_ThatDoNotFit_AreRefused(string features, string code)
    {
        LeptonDataException? refusal = await Assert.ThrowsAsync<LeptonDataException>(async () =>
        {
            using TestLake lake = await TestLake.AppliedAsync(Yaml(features));
            await lake.CreateAsync("trips");
        });
        Assert.That(refusal!.Code, Is.EqualTo(code), refusal.Message);
    }
}

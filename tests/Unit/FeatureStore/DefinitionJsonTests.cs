using System.Text;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

public sealed class DefinitionJsonTests
{
    private const string Yaml = """
        entities:
          route: { keys: [origin, destination], owner: ops, tags: { team: 航线, area: b } }
        feature_views:
          legs: { entity: route, table: legs, keys: { destination: target }, event_time: at, created_time: none, ttl: 90s, strict: true, skip_nulls: true, sequence: seq, features: [seats], description: "quotes \" and 中文" }
          plain: { entity: route, table: legs, features: [seats] }
        feature_services:
          model: { features: [legs, "plain:seats"] }
        training_sets:
          late: { service: model, labels: "SELECT 1 ORDER BY 1", event_time: at, split: { train: { before: 2001-05-01 }, test: {} } }
          bare: { features: [legs], labels: "SELECT 1 ORDER BY 1", event_time: at }
          drawn: { features: [legs], labels: "SELECT 1 ORDER BY 1", event_time: at, split: { a: { share: 62.5% }, b: { share: 37.5% } }, groups: origin, sample: { share: 10%, groups: [origin, late] }, weight: { balance: late }, seed: -7 }
          folded: { features: [legs], labels: "SELECT 1 ORDER BY 1", event_time: at, folds: 3, stratify: late, sample: { rows: 12 } }
          apart: { features: [legs], labels: "SELECT 1 ORDER BY 1", event_time: at, split: { a: { before: 2001-05-01 }, b: {} }, gap: 90min, horizon: 1d }
        """;

    [Test]
    public void Specs_OfDefinitions_AreTheTextsThatAreKept()
    {
        string[] specs = [.. RegistryObject.Of(Parse(Yaml)).Select(item => $"{item.Name} {item.Spec}")];
        Assert.That(specs, Is.EqualTo((string[])
        [
            """route {"keys":["origin","destination"],"owner":"ops","tags":{"area":"b","team":"航线"}}""",
            """legs {"entity":"route","table":"legs","event_time":"at","created_time":"none","ttl_us":90000000,"sequence":"seq","strict":true,"skip_nulls":true,"keys":{"origin":"origin","destination":"target"},"features":["seats"],"description":"quotes \" and 中文"}""",
            """plain {"entity":"route","table":"legs","keys":{"origin":"origin","destination":"destination"},"features":["seats"]}""",
            """model {"features":["legs","plain:seats"]}""",
            """apart {"features":["legs"],"labels":"SELECT 1 ORDER BY 1","event_time":"at","split":[{"name":"a","before":"2001-05-01T00:00:00.000000Z"},{"name":"b"}],"gap_us":5400000000,"horizon_us":86400000000}""",
            """bare {"features":["legs"],"labels":"SELECT 1 ORDER BY 1","event_time":"at"}""",
            """drawn {"features":["legs"],"labels":"SELECT 1 ORDER BY 1","event_time":"at","split":[{"name":"a","share":0.625},{"name":"b","share":0.375}],"groups":["origin"],"sample":{"share":0.1,"groups":["origin","late"]},"weight":{"balance":"late"},"seed":-7}""",
            """folded {"features":["legs"],"labels":"SELECT 1 ORDER BY 1","event_time":"at","folds":3,"stratify":"late","sample":{"rows":12}}""",
            """late {"service":"model","labels":"SELECT 1 ORDER BY 1","event_time":"at","split":[{"name":"train","before":"2001-05-01T00:00:00.000000Z"},{"name":"test"}]}""",
        ]));
    }

    [Test]
    public void Specs_ReadBack_GiveTheSameSpecs()
    {
        IReadOnlyList<RegistryObject> objects = RegistryObject.Of(Parse(Yaml));
        Assert.That(RegistryObject.Of(RegistryObject.Definitions(objects)), Is.EqualTo(objects));
    }

    [Test]
    public void Compare_ChangedView_NamesPropertiesAsTheYamlDoes()
    {
        string before = RegistryObject.Of(Parse(Yaml)).Single(item => item.Name == "legs").Spec;
        string after = RegistryObject.Of(Parse(Yaml.Replace("ttl: 90s, strict: true", "ttl: 6h", StringComparison.Ordinal).Replace("[seats], d", "[seats, rows], d", StringComparison.Ordinal))).Single(item => item.Name == "legs").Spec;
        Assert.That(RegistryObject.Compare(before, after), Is.EqualTo((PropertyChange[])
            [new("ttl", "90s", "6h"), new("features", "[seats]", "[seats, rows]"), new("strict", "true", null)]));
    }

    [TestCase("""{"keys":"origin"}""")]
    [TestCase("""{"keys":[1]}""")]
    [TestCase("""{}""")]
    [TestCase("""[]""")]
    [TestCase("""{""")]
    public void Definitions_BrokenSpec_NamesTheObject(string spec)
    {
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => RegistryObject.Definitions([new RegistryObject(ObjectKind.Entity, "route", spec, RegistryMeta.None)]))!;
        Assert.That((error.Code, error.Arguments[1]), Is.EqualTo(("featurestore.registry_broken", (object)"route")));
    }

    private static FeatureDefinitions Parse(string yaml) => FeatureDefinitions.Parse(Encoding.UTF8.GetBytes(yaml), "features/f.yaml");
}

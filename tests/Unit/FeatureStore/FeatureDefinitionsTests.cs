using System.Globalization;
using System.Text;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

public sealed class FeatureDefinitionsTests
{
    private const string Sound = """
        entities:
          origin: { keys: [origin], description: An airport. }
          route: { keys: [origin, destination] }
        feature_views:
          hourly:
            entity: origin
            table: hourly_rows
            event_time: event_time
            created_time: known_at
            ttl: 6h
            sequence: offset_in_log
            strict: true
            skip_nulls: true
            features: [flights, mean_delay]
          airport:
            entity: origin
            table: ref.airports
            keys: { origin: iata }
            features: [state]
          legs:
            entity: route
            table: legs
            keys: { destination: target }
            event_time: at
            created_time: none
            features: [seats]
        feature_services:
          model: { features: [hourly, "airport:state"] }
        training_sets:
          late:
            service: model
            labels: |
              SELECT origin, at
              FROM flights
              ORDER BY origin, at
            event_time: at
            split: { train: { before: 2001-05-01 }, test: {} }
        """;

    [Test]
    public void Parse_SoundFile_GivesWhatItSays()
    {
        FeatureDefinitions definitions = Parse(Sound);
        FeatureView hourly = definitions.FeatureViews.Single(view => view.Name == "hourly");
        Assert.That((hourly.EventTime, hourly.CreatedTime, hourly.Ttl, hourly.Sequence, hourly.IsStrict, hourly.SkipsNulls), Is.EqualTo(("event_time", "known_at", TimeSpan.FromHours(6), "offset_in_log", true, true)));
        Assert.That(hourly.Features, Is.EqualTo((string[])["flights", "mean_delay"]));
        Assert.That(hourly.KeyColumns, Is.EqualTo((string[])["origin"]));
        FeatureView airport = definitions.FeatureViews.Single(view => view.Name == "airport");
        Assert.That((airport.IsPointInTime, airport.Table.ToString(), airport.KeyColumns[0]), Is.EqualTo((false, "ref.airports", "iata")));
        FeatureView legs = definitions.FeatureViews.Single(view => view.Name == "legs");
        Assert.That((legs.IsPointInTime, legs.CreatedTime, legs.Ttl), Is.EqualTo((true, (string?)null, (TimeSpan?)null)));
        Assert.That(legs.KeyColumns, Is.EqualTo((string[])["origin", "target"]));
        Assert.That(definitions.FeatureServices[0].Features, Is.EqualTo((FeatureReference[])[new("hourly", null), new("airport", "state")]));
        TrainingSetDefinition late = definitions.TrainingSets[0];
        Assert.That(late.Labels.Text, Is.EqualTo("SELECT origin, at\nFROM flights\nORDER BY origin, at\n"));
        Assert.That(late.Labels.PlaceOfCharacter(late.Labels.Text.IndexOf("flights", StringComparison.Ordinal)).ToString(), Is.EqualTo("features/f.yaml:34:12"));
        Assert.That(late.Split!.Parts, Is.EqualTo((SplitPart[])[new("train", new EventTime(988_675_200_000_000), null), new("test", null, null)]));
    }

    [TestCase("            created_time: known_at\n", "", "featurestore.created_time_missing", "features/f.yaml:8:17")]
    [TestCase("ttl: 6h", "ttl: 0s", "featurestore.ttl_not_positive", "features/f.yaml:10:10")]
    [TestCase("ttl: 6h", "ttl: -6h", "schemas.value_expected", "features/f.yaml:10:10")]
    [TestCase("            event_time: event_time\n            created_time: known_at\n", "", "schemas.key_needs", "features/f.yaml:8:5")]
    [TestCase("            entity: origin\n            table: hourly_rows", "            entity: orgin\n            table: hourly_rows", "featurestore.unknown_entity_near", "features/f.yaml:6:13")]
    [TestCase("[flights, mean_delay]", "[flights, Flights]", "featurestore.feature_listed_twice", "features/f.yaml:14:25")]
    [TestCase("[flights, mean_delay]", "[status]", "featurestore.feature_named_status", "features/f.yaml:14:16")]
    [TestCase("[flights, mean_delay]", "[]", "schemas.too_few", "features/f.yaml:14:15")]
    [TestCase("{ origin: iata }", "{ orign: iata }", "featurestore.unknown_key_near", "features/f.yaml:18:13")]
    [TestCase("keys: [origin, destination]", "keys: [origin, ORIGIN]", "featurestore.key_twice", "features/f.yaml:3:27")]
    [TestCase("[hourly, \"airport:state\"]", "[hourly, \"airprt:state\"]", "featurestore.unknown_view_near", "features/f.yaml:28:3")]
    [TestCase("[hourly, \"airport:state\"]", "[hourly, \"airport:stat\"]", "featurestore.unknown_feature_near", "features/f.yaml:28:3")]
    [TestCase("[hourly, \"airport:state\"]", "[hourly, \"hourly:flights\"]", "featurestore.feature_twice", "features/f.yaml:28:3")]
    [TestCase("  model: {", "  airport: {", "featurestore.service_named_as_view", "features/f.yaml:28:3")]
    [TestCase("service: model", "service: modle", "featurestore.unknown_service_near", "features/f.yaml:30:3")]
    [TestCase("test: {}", "test: { before: 2001-05-01 }", "featurestore.split_not_later", "features/f.yaml:37:45")]
    [TestCase("train: { before: 2001-05-01 }", "train: {}", "featurestore.split_without_bound", "features/f.yaml:37:14")]
    [TestCase("strict: true", "stict: true", "schemas.key_unknown_near", "features/f.yaml:12:5")]
    [TestCase("feature_views:", "feature_view:", "schemas.key_unknown_near", "features/f.yaml:4:1")]
    [TestCase("  hourly:\n", "  Hourly:\n", "schemas.bad_name", "features/f.yaml:5:3")]
    [TestCase("  hourly:\n", "  hour__ly:\n", "schemas.bad_name", "features/f.yaml:5:3")]
    public void Parse_Mistake_IsNamedAtItsPlace(string right, string wrong, string code, string place)
    {
        // The text of the class is indented as the code is; the file is not.
        string yaml = Sound.Replace(Unindent(right), Unindent(wrong), StringComparison.Ordinal);
        Assert.That(yaml, Is.Not.EqualTo(Sound), "the case replaces nothing");
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => Parse(yaml))!;
        Assert.That((error.Code, error.Place?.ToString()), Is.EqualTo((code, place)), error.Message);
        Assert.That(MessageCatalog.Find(code, CultureInfo.GetCultureInfo("zh")), Is.Not.Null.And.Not.EqualTo(MessageCatalog.Find(code, CultureInfo.InvariantCulture)));
    }

    [Test]
    public void Parse_NameOfAKindThatHasNone_SaysThatThereAreNone()
    {
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => Parse("feature_views: { v: { entity: e, table: t, features: [x] } }"))!;
        Assert.That(error.Message, Does.EndWith("there are: none."));
        Assert.That(error.MessageIn(CultureInfo.GetCultureInfo("zh")), Does.EndWith("现有：无。"));
    }

    [Test]
    public void Parse_CreatedTimeMissing_ExplainsNone()
    {
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => Parse(Sound.Replace("    created_time: known_at\n", "", StringComparison.Ordinal)))!;
        Assert.That(error.Message, Does.Contain("`created_time: none`"));
    }

    [Test]
    public void Load_SeveralFiles_MayReferToEachOther()
    {
        using var folder = new TestFolder();
        folder.Write("features/b_entities.yaml", "entities: { e: { keys: [k] } }");
        folder.Write("features/a_views.yml", "feature_views: { v: { entity: e, table: t, features: [x] } }");
        folder.Write("features/readme.md", "not yaml: [");
        FeatureDefinitions definitions = FeatureDefinitions.Load(folder.Path);
        Assert.That((definitions.Entities.Count, definitions.FeatureViews.Count), Is.EqualTo((1, 1)));
        Assert.That(definitions.FeatureViews[0].Place!.ToString(), Is.EqualTo("features/a_views.yml:1:18"));
    }

    [Test]
    public void Load_OneNameInTwoFiles_NamesBothPlaces()
    {
        using var folder = new TestFolder();
        folder.Write("features/a.yaml", "entities: { e: { keys: [k] } }");
        folder.Write("features/b.yaml", "entities:\n  e: { keys: [k] }");
        LeptonDataException error = Assert.Throws<LeptonDataException>(() => FeatureDefinitions.Load(folder.Path))!;
        Assert.That(error.Message, Does.StartWith("features/b.yaml:2:3: ").And.Contains("features/a.yaml:1:13"));
    }

    [Test]
    public void Load_NoFolder_IsEmpty()
    {
        using var folder = new TestFolder();
        Assert.That(FeatureDefinitions.Load(folder.Path).IsEmpty);
    }

    [Test]
    public void Formats_HaveDocumentationInBothLanguages()
    {
        foreach (RecordFormat format in DefinitionFormats.FeatureFile.NestedFormats())
            foreach (Property property in format.Properties) Assert.That(property.Documentation.Chinese, Is.Not.EqualTo(property.Documentation.English), $"{format.Name}.{property.Key}");
    }

    private static string Unindent(string text) => text.Replace("\n        ", "\n", StringComparison.Ordinal) is var cut && cut.StartsWith("        ", StringComparison.Ordinal) ? cut[8..] : cut;

    private static FeatureDefinitions Parse(string yaml) => FeatureDefinitions.Parse(Encoding.UTF8.GetBytes(yaml), "features/f.yaml");
}

/// <summary>A folder of one test.</summary>
internal sealed class TestFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateDirectory(System.IO.Path.Combine(FeatureStoreWorld.Folder, Guid.NewGuid().ToString("n"))).FullName;

    internal void Write(string name, string text)
    {
        string path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Mistakes that point-in-time joins in wide use have made, each with the answer that is right.</summary>
public sealed class KnownDefectsTests
{
    [Test]
    public async Task FeatureRowsOfEqualTime_DoNotMultiplyTheLabel()
    {
        HistoryCase history = Case([Row("a", 10, 10, 5), Row("a", 10, 10, 5)], Label("a", 20));
        Assert.That((await history.JoinAsync()).Rows, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task CompositeKeysThatJoinToOneText_DoNotGetEachOthersFeatures()
    {
        HistoryCase history = new()
        {
            KeyTypes = [DataType.String, DataType.String],
            Rows = [new HistoryRow(["1", "23"], 1, 1, null, [1L]), new HistoryRow(["12", "3"], 1, 1, null, [2L])],
            Labels = [new HistoryLabel(["12", "3"], 9), new HistoryLabel(["1", "23"], 9), new HistoryLabel(["123", ""], 9)],
        };
        Assert.That(Column(await history.JoinAsync(), "v__f0"), Is.EqualTo((object?[])[2L, 1L, null]));
    }

    [Test]
    public async Task LabelWhoseOnlyCandidatesAreFutureOrExpired_IsKept()
    {
        HistoryCase history = Case([Row("a", 10, 10, 1), Row("b", 90, 90, 2)], Label("a", 50), Label("b", 50)) with { Rule = new HistoryRule { TtlMicroseconds = 5 } };
        Assert.That(Column(await history.JoinAsync(), "v__status"), Is.EqualTo((object?[])["expired", "absent"]));
    }

    [Test]
    public async Task LabelsOfEqualKeyAndTime_DoNotCollapse()
        => Assert.That(Column(await Case([Row("a", 1, 1, 7)], Label("a", 5), Label("a", 5), Label("a", 5)).JoinAsync(), "own"), Is.EqualTo((object?[])[0L, 1L, 2L]));

    [Test]
    public async Task BackfilledValue_IsNotSeenByLabelsFromBeforeTheBackfill()
        => Assert.That(Column(await Case([Row("a", 10, 1000, 1)], Label("a", 999), Label("a", 1000)).JoinAsync(), "v__f0"), Is.EqualTo((object?[])[null, 1L]));

    [Test]
    public async Task LateCorrectionOfAnOldHour_DoesNotBeatANewerHour()
        => Assert.That(Column(await Case([Row("a", 10, 10, 1), Row("a", 20, 20, 2), Row("a", 10, 30, 3)], Label("a", 40)).JoinAsync(), "v__f0"), Is.EqualTo((object?[])[2L]));

    [Test]
    public async Task NullKeys_DoNotMatchEachOther()
        => Assert.That(Column(await Case([new HistoryRow([null], 1, 1, null, [1L])], new HistoryLabel([null], 5)).JoinAsync(), "v__status"), Is.EqualTo((object?[])["absent"]));

    [Test]
    public async Task EqualTimes_AreDecidedByTheViewAndByNothingElse()
    {
        HistoryCase history = Case([Row("a", 10, 10, 1)], Label("a", 10));
        Assert.That(Column(await history.JoinAsync(), "v__f0"), Is.EqualTo((object?[])[1L]));
        Assert.That(Column(await (history with { Rule = new HistoryRule { IsStrict = true } }).JoinAsync(), "v__f0"), Is.EqualTo((object?[])[null]));
    }

    [TestCase("0s")]
    [TestCase("-1h")]
    public void TtlThatIsNotPositive_IsRefusedAndNotTakenForNoLimit(string ttl)
        => Assert.That(() => TestLake.Parse(TestLake.Yaml.Replace("3h", ttl, StringComparison.Ordinal)), Throws.InstanceOf<LeptonDataException>());

    [Test]
    public async Task ColumnNamesWithQuotes_StayNamesInSql()
    {
        string evil = "x\" FROM flights; --'";
        using TestLake lake = await TestLake.FilledAsync();
        await lake.WriteAsync("odd", new Schema([new Field("origin", DataType.String), new Field("x\"y'z", DataType.Int64)]), [["JFK", 7L]]);
        lake.Definitions = TestLake.Parse(TestLake.Yaml
            .Replace("feature_services:", "  odd: { entity: origin, table: odd, features: [\"x\\\"y'z\"] }\nfeature_services:", StringComparison.Ordinal)
            .Replace("[hourly, airport]", "[hourly, odd]", StringComparison.Ordinal));
        await lake.ApplyAsync();
        await lake.CreateAsync();
        Assert.That((await lake.QueryAsync("SELECT DISTINCT \"odd__x\"\"y'z\" AS x FROM datasets.late WHERE origin = 'JFK'"))[0][0], Is.EqualTo(7L));
        FeatureDefinitions wrong = TestLake.Parse(TestLake.Yaml.Replace("[flights, mean_delay]", $"[\"{evil.Replace("\"", "\\\"", StringComparison.Ordinal)}\"]", StringComparison.Ordinal));
        Assert.That((await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Registry.PlanAsync(wrong, FeatureStoreWorld.NewRun())))!.Code, Is.EqualTo("featurestore.unknown_column"));
    }

    private static HistoryCase Case(IReadOnlyList<HistoryRow> rows, params HistoryLabel[] labels) => new() { Rows = rows, Labels = labels };

    private static HistoryRow Row(string key, long eventTime, long createdTime, long value) => new([key], eventTime, createdTime, null, [value]);

    private static HistoryLabel Label(string key, long time) => new([key], time);

    private static object?[] Column(JoinedCase joined, string name) => [.. Enumerable.Range(0, joined.Rows.Count).Select(row => joined[row, name])];
}

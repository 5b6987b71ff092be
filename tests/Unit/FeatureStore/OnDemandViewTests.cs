using System.Globalization;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.FeatureStore.TrainingSets.Explain;
using Lepton.Data.FeatureStore.TrainingSets.Leaks;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Features computed from joined ones: by hand, and against the plain join with the arithmetic done in C#.</summary>
public sealed class OnDemandViewTests
{
    private const string OnDemand = """
          load:
            reads: [hourly, airport]
            inputs: { number: BIGINT }
            features:
              score: hourly__flights * 100 + number   # a comment
              mean: |
                coalesce(hourly__mean_delay,
                         -1)
              is_stale: hourly__status = 'expired'
              place: airport__state || '!'
        """;

    private static readonly string s_yaml = Yaml("[load, airport]");

    private static string Yaml(string features, string onDemand = OnDemand) => TestLake.Yaml
        .Replace("feature_services:", $"on_demand_views:\n{onDemand}\nfeature_services:", StringComparison.Ordinal)
        .Replace("features: [hourly, airport] }", $"features: {features} }}", StringComparison.Ordinal);

    // By hand, of the rows in TrainingSetStoreTests: JFK at 4 (number 9) is told hour 2; at 6 (number 12) hour 4, whose mean is NULL; at 16 hour 12 is too old. XXX (number 2) has no row.
    [Test]
    public async Task TrainingSet_OnDemandFeatures_AreComputedFromWhatIsJoinedUnseen()
    {
        using TestLake lake = await TestLake.AppliedAsync(s_yaml);
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        Assert.That(manifest.Schema.Fields.Select(field => field.ToString()), Is.EqualTo((string[])
        [
            "origin VARCHAR", "moment TIMESTAMPTZ", "number BIGINT", "is_late BOOLEAN", "split VARCHAR", "airport__state VARCHAR",
            "load__score BIGINT", "load__mean DOUBLE", "load__is_stale BOOLEAN", "load__place VARCHAR",
        ]));
        Assert.That(await lake.QueryAsync("SELECT number, load__score, load__mean, load__is_stale, load__place FROM datasets.late WHERE number IN (2, 9, 12, 33) ORDER BY number"), Is.EqualTo((object?[][])
        [
            [2L, null, -1.0, false, null], [9L, 209L, 0.5, false, "NY!"], [12L, 412L, -1.0, false, "NY!"], [33L, null, -1.0, true, "NY!"],
        ]));
        Assert.That(manifest.Views.Select(view => (view.Name, view.Features.Count)), Is.EqualTo(new[] { ("airport", 1), ("hourly", 2) }));
        Assert.That(manifest.Features.Select(feature => (feature.Column, feature.Present, feature.Null, feature.Absent, feature.FromFuture, string.Join(' ', feature.ComputedFrom))), Is.EqualTo(new (string, long, long, long, long, string)[]
        {
            ("airport__state", 27, 0, 13, 0, ""), ("load__score", 12, 28, 0, 6, "hourly__flights number"), ("load__mean", 40, 0, 0, 6, "hourly__mean_delay"),
            ("load__is_stale", 40, 0, 0, 6, "hourly__status"), ("load__place", 27, 13, 0, 0, "airport__state"),
        }));
        Assert.That((await lake.VerifyAsync()).Findings, Is.Empty);
        Assert.That((await lake.CreateAsync()).IsNew, Is.False);
        LeakReport leaks = await lake.TrainingSets.FindLeaksAsync("late", null, FeatureStoreWorld.NewRun());
        Assert.That(leaks.Features.Single(feature => feature.Count.Column == "load__score").Predictors, Is.Not.Empty);
    }

    [Test]
    public async Task TrainingSet_ExpressionChanged_IsANewVersion()
    {
        using TestLake lake = await TestLake.AppliedAsync(s_yaml);
        await lake.CreateAsync();
        lake.Definitions = TestLake.Parse(s_yaml.Replace("* 100", "* 10", StringComparison.Ordinal));
        Assert.That((await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.CreateAsync()))!.Code, Is.EqualTo("featurestore.changed_since_applied"));
        RegistryPlan plan = await lake.ApplyAsync();
        Assert.That(plan.Changes.Select(change => (change.Kind, change.Name, change.Properties.Single().Property)), Is.EqualTo(new[] { (ObjectKind.OnDemandView, "load", "features") }));
        Assert.That((await lake.CreateAsync()).Version.Manifest.Version, Is.EqualTo(2));
    }

    [Test]
    public async Task TrainingSet_OneFeatureAlone_JoinsWhatItTakes()
    {
        using TestLake lake = await TestLake.AppliedAsync(Yaml("[\"load:mean\"]"));
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        Assert.That(manifest.Schema.Fields.Skip(5).Select(field => field.Name), Is.EqualTo((string[])["load__mean"]));
        Assert.That(manifest.Views.Select(view => $"{view.Name}: {string.Join(' ', view.Features)}"), Is.EqualTo((string[])["hourly: mean_delay"]));
        Assert.That((await lake.VerifyAsync()).Findings, Is.Empty);
    }

    [Test]
    public async Task TrainingSet_FeatureAskedForAndTaken_HasItsColumnOnce()
    {
        using TestLake lake = await TestLake.AppliedAsync(Yaml("[\"load:score\", \"hourly:mean_delay\"]"));
        TrainingSetManifest manifest = (await lake.CreateAsync()).Version.Manifest;
        Assert.That(manifest.Schema.Fields.Skip(5).Select(field => field.Name), Is.EqualTo((string[])["hourly__mean_delay", "hourly__status", "load__score"]));
        Assert.That(manifest.Views.Select(view => $"{view.Name}: {string.Join(' ', view.Features)}"), Is.EqualTo((string[])["hourly: mean_delay flights"]));
        Assert.That((await lake.VerifyAsync()).Findings, Is.Empty);
    }

    // The status of a view that skips NULLs is that of the features that come out, whatever is joined beside them: at 6 flights is present since 4, and mean_delay since 2.
    [Test]
    public async Task TrainingSet_FeaturesJoinedForOthers_DoNotChangeTheStatus()
    {
        string yaml = Yaml("[\"hourly:mean_delay\", \"load:score\"]").Replace("features: [flights, mean_delay] }", "features: [flights, mean_delay], skip_nulls: true }", StringComparison.Ordinal)
            .Replace("      is_stale: hourly__status = 'expired'\n", "", StringComparison.Ordinal);
        using TestLake lake = await TestLake.AppliedAsync(yaml);
        await lake.CreateAsync();
        using TestLake alone = await TestLake.AppliedAsync(yaml.Replace(", \"load:score\"]", "]", StringComparison.Ordinal));
        await alone.CreateAsync();
        const string sql = "SELECT number, hourly__mean_delay, hourly__status FROM datasets.late";
        Assert.That(await lake.QueryAsync(sql), Is.EqualTo(await alone.QueryAsync(sql)));
    }

    [Test]
    public async Task TrainingSet_OneViewByTwoPrefixes_ComputesAcrossBoth()
    {
        string yaml = Yaml("[gap]", """
              gap:
                reads: [{ view: hourly, prefix: from, features: [flights] }, { view: hourly, prefix: to, keys: { origin: target } }]
                features: { flights: from__flights - to__flights }
            """).Replace("SELECT origin, moment,", "SELECT origin, 'LAX' AS target, moment,", StringComparison.Ordinal);
        using TestLake lake = await TestLake.AppliedAsync(yaml);
        await lake.CreateAsync();
        // At 6 JFK's hour 4 and LAX's 50.
        Assert.That((await lake.QueryAsync("SELECT gap__flights FROM datasets.late WHERE number = 12"))[0][0], Is.EqualTo(-46L));
        Assert.That((await lake.VerifyAsync()).Findings, Is.Empty);
    }

    [Test]
    public async Task HistoricalFeatures_RandomRows_AgreeWithThePlainJoinAndArithmetic([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        using TestLake lake = TestLake.Empty();
        await lake.WriteAsync("flights", TestLake.Flights, [["JFK", TestLake.Hour(0), 0L, 0L]]);
        await lake.WriteAsync("airports", TestLake.Airports, [["A", "NY"], ["B", null]]);
        await lake.WriteAsync("hourly", TestLake.Hourly, [.. Enumerable.Range(0, 300).Select(i => (object?[])
            ["ABC"[random.Next(3)].ToString(), TestLake.Hour(random.Next(40), i % 60), random.Next(10) == 0 ? null : TestLake.Hour(random.Next(40), i % 60), random.Next(5) == 0 ? null : random.NextInt64(100), random.Next(5) == 0 ? null : random.NextDouble()])]);
        lake.Definitions = TestLake.Parse(s_yaml);
        await lake.ApplyAsync();
        string rows = string.Join(", ", Enumerable.Range(0, 500).Select(i => string.Create(CultureInfo.InvariantCulture, $"('{"ABCD"[random.Next(4)]}', make_timestamptz({random.NextInt64(40L * 3_600_000_000)}), CAST({(random.Next(6) == 0 ? "NULL" : i)} AS BIGINT))")));
        string sql = $"SELECT * FROM (VALUES {rows}) AS v(origin, moment, number)";
        IReadOnlyList<object?[]> plain = await ReadAsync(lake, sql, "hourly", "airport");
        IReadOnlyList<object?[]> computed = await ReadAsync(lake, sql, "load");
        // origin, moment, number, flights, mean_delay, status, state
        Assert.That(computed, Is.EqualTo(plain.Select(row => (object?[])
        [
            row[0], row[1], row[2], row[3] is long flights && row[2] is long number ? (flights * 100) + number : null, row[4] ?? -1.0, (string)row[5]! == "expired", row[6] is string state ? state + "!" : null,
        ])), $"seed {seed}");
        Assert.That(plain.Select(row => row[5]).Distinct().Count(), Is.EqualTo(3), "all statuses occur");
    }

    [Test]
    public async Task Explain_AnOnDemandCell_ExplainsWhatItTakes()
    {
        using TestLake lake = await TestLake.AppliedAsync(s_yaml);
        await lake.CreateAsync();
        ComputedExplanation score = await ExplainAsync(lake, 12, "load:score");
        Assert.That((score.Column, score.Value, score.Answer, score.IsAnswer, score.Expression), Is.EqualTo(("load__score", (object)412L, (object)412L, true, "hourly__flights * 100 + number")));
        Assert.That(score.Inputs.Select(input => (input.Name, input.Value)), Is.EqualTo(new (string, object?)[] { ("number", 12L) }));
        Assert.That(score.Cells.Select(cell => (cell.Column, cell.Answer, cell.Status, cell.Candidates[0].Verdict, cell.Candidates[0].EventTime)), Is.EqualTo(new (string, object?, string, Verdict, EventTime?)[]
        {
            ("hourly__flights", 4L, "present", Verdict.Winner, TestLake.Hour(4)),
        }));
        ComputedExplanation stale = await ExplainAsync(lake, 33, "is_stale");
        Assert.That((stale.Value, stale.Answer, stale.Cells.Single().Status), Is.EqualTo(((object)true, (object)true, "expired")));
        ComputedExplanation mean = await ExplainAsync(lake, 12, "load__mean");
        Assert.That((mean.Answer, mean.Cells.Single().Answer, mean.Cells.Single().Status), Is.EqualTo(((object)(-1.0), (object?)null, "null")));
    }

    [Test]
    public async Task Apply_OnDemandView_IsReadBackAsItWas()
    {
        using TestLake lake = await TestLake.AppliedAsync(s_yaml);
        RegistryState state = await lake.Registry.ReadAsync();
        Assert.That(RegistryObject.Of(state.Definitions), Is.EqualTo(RegistryObject.Of(lake.Definitions)));
        Assert.That((await lake.Registry.PlanAsync(lake.Definitions, FeatureStoreWorld.NewRun())).IsEmpty);
    }

    [TestCase("hourly__flights * 100", "hourly__flihgts * 100", "sql.unknown_column", "features/f.yaml:11:14")]
    [TestCase("hourly__flights * 100", "sum(hourly__flights)", "sql.row_expression_aggregate", "features/f.yaml:11:37")]
    [TestCase("hourly__flights * 100", "(SELECT count(*) FROM flights)", "sql.row_expression_subquery", "features/f.yaml:11:36")]
    [TestCase("hourly__flights * 100", "random() * 100", "sql.row_expression_impure", "features/f.yaml:11:14")]
    [TestCase("hourly__flights * 100", "is_late", "sql.unknown_column", "features/f.yaml:11:14")]
    [TestCase("reads: [hourly, airport]", "reads: [hurly, airport]", "featurestore.unknown_view_near", "features/f.yaml:7:3")]
    [TestCase("reads: [hourly, airport]", "reads: [load]", "featurestore.on_demand_reads_on_demand", "features/f.yaml:7:3")]
    [TestCase("inputs: { number: BIGINT }", "inputs: { number: INTEGER }", "featurestore.label_input_type", "features/f.yaml:23:7")]
    [TestCase("inputs: { number: BIGINT }", "inputs: { number: BIGINT, numbr: DATE }", "featurestore.label_input_missing_near", "features/f.yaml:23:7")]
    [TestCase("inputs: { number: BIGINT }", "inputs: { number: BIGINT, Number: DATE }", "featurestore.on_demand_input_twice", "features/f.yaml:9:39")]
    [TestCase("inputs: { number: BIGINT }", "inputs: { number: BIGINT, airport__state: VARCHAR }", "featurestore.on_demand_input_twice", "features/f.yaml:7:3")]
    [TestCase("airport__state || '!'", "TIMESTAMP '2020-01-01'", "featurestore.on_demand_naive", "features/f.yaml:16:14")]
    [TestCase("ttl: 3h", "ttl: 3h, skip_nulls: true", "featurestore.on_demand_status", "features/f.yaml:15:17")]
    [TestCase("[load, airport]", "[{ view: load, prefix: x }]", "featurestore.on_demand_prefix", "features/f.yaml:18:3")]
    [TestCase("[load, airport]", "[{ view: hourly, prefix: load }, load]", "featurestore.prefix_taken", "features/f.yaml:18:3")]
    [TestCase("[load, airport]", "[load, \"load:mean\"]", "featurestore.feature_twice", "features/f.yaml:18:3")]
    [TestCase("[load, airport]", "[\"load:maen\"]", "featurestore.unknown_feature_near", "features/f.yaml:18:3")]
    [TestCase("AS is_late", "AS load__mean", "featurestore.label_column_taken", "features/f.yaml:23:7")]
    [TestCase("  model:", "  load:", "featurestore.service_named_as_view", "features/f.yaml:18:3")]
    public async Task Plan_WhatDoesNotFit_IsNamedAtItsPlace(string right, string wrong, string code, string place)
    {
        using TestLake lake = await TestLake.FilledAsync();
        string yaml = s_yaml.Replace(right, wrong, StringComparison.Ordinal);
        Assert.That(yaml, Is.Not.EqualTo(s_yaml), "the case replaces nothing");
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await lake.Registry.PlanAsync(TestLake.Parse(yaml), FeatureStoreWorld.NewRun())))!;
        Assert.That((error.Code.StartsWith(code, StringComparison.Ordinal), error.Place?.ToString()), Is.EqualTo((true, place)), $"{error.Code} {error.Message}");
    }

    private static async Task<ComputedExplanation> ExplainAsync(TestLake lake, int number, string feature)
    {
        int row = (await lake.QueryAsync("SELECT number FROM datasets.late")).ToList().FindIndex(found => (long)found[0]! == number) + 1;
        return (ComputedExplanation)await lake.TrainingSets.ExplainAsync("late", null, row, feature, FeatureStoreWorld.NewRun());
    }

    private static async Task<IReadOnlyList<object?[]>> ReadAsync(TestLake lake, string sql, params string[] features)
    {
        await using HistoricalFeatures joined = await lake.Offline.GetHistoricalFeaturesAsync(EntityRows.FromQuery(new SqlText(sql), "moment"), [.. features.Select(FeatureReference.Parse)], FeatureStoreWorld.NewRun());
        await using IRecordBatchReader reader = await joined.ReadAsync();
        var rows = new List<object?[]>();
        while (await reader.ReadAsync() is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) rows.Add([.. Enumerable.Range(0, batch.Schema.Count).Select(column => batch.Column(column).Value(row))]);
        }
        return rows;
    }
}

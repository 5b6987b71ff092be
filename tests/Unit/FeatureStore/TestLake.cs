using System.Text;
using Lepton.Data.FeatureStore;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.FeatureStore.Registry;
using Lepton.Data.FeatureStore.TrainingSets;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>A lake with flights, the figures of their airports by the hour, and the airports; times are hours since 1970.</summary>
internal sealed class TestLake : IDisposable
{
    internal const string Yaml = """
        entities:
          origin: { keys: [origin] }
        feature_views:
          hourly: { entity: origin, table: hourly, event_time: moment, created_time: known_at, ttl: 3h, features: [flights, mean_delay] }
          airport: { entity: origin, table: airports, keys: { origin: iata }, features: [state] }
        feature_services:
          model: { features: [hourly, airport] }
        training_sets:
          late:
            service: model
            labels: |
              SELECT origin, moment, number, delay > 15 AS is_late
              FROM flights
              ORDER BY md5(origin || number)
            event_time: moment
            split: { train: { before: 1970-01-01T10:00:00Z }, test: {} }
        """;

    internal static readonly Schema Flights = new([new Field("origin", DataType.String), new Field("moment", DataType.Instant), new Field("number", DataType.Int64), new Field("delay", DataType.Int64)]);

    internal static readonly Schema Hourly = new(
        [new Field("origin", DataType.String), new Field("moment", DataType.Instant), new Field("known_at", DataType.Instant), new Field("flights", DataType.Int64), new Field("mean_delay", DataType.Float64)]);

    internal static readonly Schema Airports = new([new Field("iata", DataType.String), new Field("state", DataType.String)]);

    private readonly TestFolder _folder = new();

    private TestLake()
    {
        Lake = Lake.Create(System.IO.Path.Combine(_folder.Path, "lake"));
        Context = FeatureStoreWorld.ContextOf(Lake);
    }

    internal Lake Lake { get; }

    internal FeatureStoreContext Context { get; }

    internal FeatureRegistry Registry => new(Context);

    internal TrainingSetStore TrainingSets => new(Context);

    internal OfflineStore Offline => new(Context);

    internal FeatureDefinitions Definitions { get; set; } = Parse(Yaml);

    /// <summary>An empty lake.</summary>
    internal static TestLake Empty() => new();

    /// <summary>A lake with tables and definitions, nothing of which is applied.</summary>
    internal static async Task<TestLake> FilledAsync()
    {
        var lake = new TestLake();
        var flights = new List<object?[]>();
        for (int number = 0; number < 40; number++) flights.Add([number % 3 == 0 ? "JFK" : number % 3 == 1 ? "LAX" : "XXX", Hour(number / 2), (long)number, (long)(number % 31)]);
        await lake.WriteAsync("flights", Flights, flights);
        // JFK is known a quarter of an hour after each even hour, until noon; LAX once.
        var hourly = new List<object?[]>();
        for (int hour = 0; hour <= 12; hour += 2) hourly.Add(["JFK", Hour(hour), Hour(hour, minutes: 15), (long)hour, hour == 4 ? null : hour / 4.0]);
        hourly.Add(["LAX", Hour(5), Hour(6), 50L, 0.5]);
        await lake.WriteAsync("hourly", Hourly, hourly);
        await lake.WriteAsync("airports", Airports, [["JFK", "NY"], ["LAX", "CA"], [null, "?"]]);
        return lake;
    }

    /// <summary>A lake with tables and definitions in force.</summary>
    internal static async Task<TestLake> AppliedAsync(string yaml = Yaml, Func<TestLake, Task>? before = null)
    {
        TestLake lake = await FilledAsync();
        if (before is not null) await before(lake);
        lake.Definitions = Parse(yaml);
        await lake.ApplyAsync();
        return lake;
    }

    internal static FeatureDefinitions Parse(string yaml) => FeatureDefinitions.Parse(Encoding.UTF8.GetBytes(yaml), "features/f.yaml");

    internal static EventTime Hour(int hours, int minutes = 0) => new(((hours * 60L) + minutes) * 60_000_000);

    internal async Task<RegistryPlan> ApplyAsync() => await Registry.ApplyAsync(Definitions, FeatureStoreWorld.NewRun());

    internal async Task<TrainingSetResult> CreateAsync(string name = "late") => await TrainingSets.CreateAsync(name, Definitions, FeatureStoreWorld.NewRun());

    internal async Task<VerificationResult> VerifyAsync(string name = "late", int? version = null) => await TrainingSets.VerifyAsync(name, version, FeatureStoreWorld.NewRun());

    /// <summary>Appends rows to a table, which is made where it is not there.</summary>
    internal async Task<Snapshot> WriteAsync(string table, Schema schema, IReadOnlyList<object?[]> rows)
    {
        using var builder = new RecordBatchBuilder(schema, rows.Count);
        foreach (object?[] row in rows)
            for (int column = 0; column < row.Length; column++) builder.Column(column).AppendValue(row[column]);
        using RecordBatch batch = builder.Build();
        return await Lake.AppendRecordsAsync(Lake.Table(TableName.Parse(table)), schema, [batch], new RecordsCommit("WRITE", Hour(0)));
    }

    /// <summary>The rows of a SELECT over the lake, as objects.</summary>
    internal async Task<IReadOnlyList<object?[]>> QueryAsync(string sql)
    {
        await using var runner = new QueryRunner(Context, FeatureStoreWorld.NewRun());
        CatalogInputs catalog = await Context.Catalog.InputsForAsync(Context.Binder.References(new SqlText(sql)).Select(reference => (reference.Name, (SourcePlace?)reference.Place)));
        return await runner.RowsAsync(sql, catalog.Inputs, int.MaxValue, CancellationToken.None);
    }

    public void Dispose() => _folder.Dispose();
}

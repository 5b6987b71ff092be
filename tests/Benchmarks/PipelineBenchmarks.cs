using BenchmarkDotNet.Attributes;
using Lepton.Data.Engines;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>
/// The flights example over ten times its file (each copy 182 days after the one before), against the same SQL typed into one DuckDB connection that writes the same tables and the same
/// quarantine as Parquet, against pandas, and against one new day.
/// </summary>
[WarmupCount(1)]
[IterationCount(2)]
public class PipelineBenchmarks
{
    private const int CopyCount = 10;

    private readonly DuckDbFrontEnd _frontEnd = new();
    private string _folder = null!;
    private PyArrow? _python;
    private int _dayCount;

    [GlobalSetup]
    public void Arrange()
    {
        _folder = Directory.CreateTempSubdirectory("lepton-bench-").FullName;
        string vega = Flights.SourceFolder();
        foreach (string folder in new[] { "data", "pipelines", "days", "plain" }) Directory.CreateDirectory(Path.Combine(_folder, folder));
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder, vega] });
        using DuckDbConnection connection = database.Connect();
        for (int i = 0; i < CopyCount; i++)
            connection.Execute($"COPY (SELECT * REPLACE (date + INTERVAL ({182 * i}) DAY AS date) FROM read_parquet({SqlLiteral.Text(Path.Combine(vega, "flights-3m.parquet"))})) TO {SqlLiteral.Text(Data($"flights-{i}.parquet"))} (FORMAT parquet, COMPRESSION zstd)");
        File.Copy(Path.Combine(vega, "airports.csv"), Data("airports.csv"));
        File.WriteAllText(Path.Combine(_folder, "lepton.yaml"), "project: bench\n");
        string example = File.ReadAllText(Path.Combine(Flights.Root(), "examples", "flights", "pipelines", "flights.yaml"));
        File.WriteAllText(Path.Combine(_folder, "pipelines", "flights.yaml"), example.Replace("data/flights-3m.parquet", "data/flights-*.parquet", StringComparison.Ordinal));
    }

    [GlobalCleanup]
    public void Close()
    {
        _python?.Dispose();
        _frontEnd.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [IterationSetup(Targets = [nameof(OneConnection), nameof(Pandas)])]
    public void EmptyPlain()
    {
        Directory.Delete(Path.Combine(_folder, "plain"), recursive: true);
        Directory.CreateDirectory(Path.Combine(_folder, "plain"));
        DropDays();
    }

    [IterationSetup(Target = nameof(Pipeline))]
    public void EmptyLake()
    {
        if (Directory.Exists(LakeFolder)) Directory.Delete(LakeFolder, recursive: true);
        DropDays();
    }

    [IterationSetup(Target = nameof(OneNewDay))]
    public void AddDay()
    {
        if (!Directory.Exists(LakeFolder)) RunAsync().GetAwaiter().GetResult();
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder] });
        using DuckDbConnection connection = database.Connect();
        connection.Execute($"COPY (SELECT * REPLACE (date + INTERVAL ({182 * CopyCount + _dayCount}) DAY AS date) FROM read_parquet({SqlLiteral.Text(Data("flights-0.parquet"))}) WHERE CAST(date AS DATE) = DATE '2001-01-15') TO {SqlLiteral.Text(Data($"flights-day-{_dayCount++}.parquet"))} (FORMAT parquet, COMPRESSION zstd)");
    }

    [Benchmark(Baseline = true)]
    public void OneConnection()
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_folder], TempFolder = Path.Combine(_folder, "tmp"), MemoryLimitBytes = 8L << 30 });
        using DuckDbConnection connection = database.Connect();
        void Copy(string select, string table)
            => connection.Copy($"COPY ({select}) TO {SqlLiteral.Text(Path.Combine(_folder, "plain", table + ".parquet"))} (FORMAT parquet, COMPRESSION lz4_raw, RETURN_STATS)", default);
        // The rows that break a rule to one file, the others to another.
        void CopyChecked(string table, string flagged, params string[] flags)
        {
            string rows = $"SELECT * EXCLUDE ({string.Join(", ", flags)}) FROM ({flagged}) WHERE";
            string isBroken = string.Join(" OR ", flags);
            Copy($"{rows} {isBroken}", table + "__quarantine");
            Copy($"{rows} NOT ({isBroken})", table);
        }
        void CopyHourly(string table)
            => CopyChecked(table, $"SELECT t.*, t.event_time IS NULL AS b0, d.many IS NOT NULL AS b1 FROM {table} t LEFT JOIN (SELECT origin, event_time, count(*) AS many FROM {table} GROUP BY ALL HAVING count(*) > 1) d ON t.origin = d.origin AND t.event_time = d.event_time", "b0", "b1");

        connection.Execute($"CREATE TEMP TABLE airports AS SELECT iata, name, city, state, country, latitude, longitude FROM read_csv({SqlLiteral.Text(Data("airports.csv"))}, types = {{'iata': 'VARCHAR'}})");
        CopyChecked("airports", "SELECT a.*, a.iata IS NULL AS b0, d.many IS NOT NULL AS b1 FROM airports a LEFT JOIN (SELECT iata, count(*) AS many FROM airports GROUP BY iata HAVING count(*) > 1) d ON a.iata = d.iata", "b0", "b1");
        connection.Execute($"""
            CREATE TEMP TABLE flights AS SELECT DISTINCT origin, destination, date, date + INTERVAL 30 MINUTE + to_seconds(8 * distance) AS known_at, CAST(distance AS INTEGER) AS distance, CAST(delay AS INTEGER) AS delay
            FROM (SELECT * REPLACE (timezone('UTC', date) AS date) FROM read_parquet({SqlLiteral.Text(Data("flights-?.parquet"))}))
            """);
        CopyChecked("flights", """
            SELECT f.*, f.date IS NULL AS b0, f.origin IS NOT NULL AND o.iata IS NULL AS b1, f.destination IS NOT NULL AND d.iata IS NULL AS b2, coalesce(NOT f.distance > 0, false) AS b3,
                coalesce(NOT f.delay BETWEEN -120 AND 1440, false) AS b4
            FROM flights f LEFT JOIN airports o ON f.origin = o.iata LEFT JOIN airports d ON f.destination = d.iata
            """, "b0", "b1", "b2", "b3", "b4");
        string good = $"read_parquet({SqlLiteral.Text(Path.Combine(_folder, "plain", "flights.parquet"))})";
        const string figures = "count(*) AS flights, sum(delay)::DOUBLE / count(delay) AS mean_delay, sum(CASE WHEN delay > 15 THEN 1 ELSE 0 END)::DOUBLE / count(*) AS share_late, quantile_disc(delay, 0.9) AS p90_delay, max(known_at) AS last_landing";
        connection.Execute($"CREATE TEMP TABLE airport_hourly AS SELECT origin, date_trunc('hour', known_at) + INTERVAL 1 HOUR AS event_time, date_trunc('hour', known_at) + INTERVAL 75 MINUTE AS created_time, {figures} FROM {good} GROUP BY origin, date_trunc('hour', known_at)");
        CopyHourly("airport_hourly");
        connection.Execute($"CREATE TEMP TABLE airport_hourly_by_departure AS SELECT origin, date_trunc('hour', date) + INTERVAL 1 HOUR AS event_time, {figures} FROM {good} GROUP BY origin, date_trunc('hour', date)");
        CopyHourly("airport_hourly_by_departure");
    }

    [Benchmark]
    public Task Pipeline() => RunAsync();

    /// <summary>A file with one new day of 16,000 flights beside the others.</summary>
    [Benchmark]
    public Task OneNewDay() => RunAsync();

    /// <summary>The same with pandas and pyarrow.</summary>
    [Benchmark]
    public void Pandas() => (_python ??= new PyArrow()).Do("pipeline", _folder);

    private string LakeFolder => Path.Combine(_folder, "lake");

    private string Data(string name) => Path.Combine(_folder, "data", name);

    private void DropDays()
    {
        foreach (string day in Directory.GetFiles(Path.Combine(_folder, "data"), "flights-day-*.parquet")) File.Delete(day);
    }

    private async Task RunAsync()
    {
        var project = Project.Load(_folder);
        IReadOnlyList<PipelineDefinition> pipelines = project.LoadPipelines();
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { AllowedFolders = project.FoldersToReach(pipelines), TempFolder = Path.Combine(_folder, "tmp"), MemoryLimitBytes = 8L << 30 });
        var run = new RunContext(RunId.Create(TimeProvider.System), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));
        RunSummary summary = await new PipelineRunner(Lake.Create(LakeFolder), engine, _frontEnd).RunAsync(project, pipelines, run, new RunOptions(StepsAtOnce: 2), default);
        if (!summary.IsComplete) throw new InvalidOperationException(summary.Failures[0].Error.ToString());
    }
}

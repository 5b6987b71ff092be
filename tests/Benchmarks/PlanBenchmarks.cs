using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Lepton.Data.Engines;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>What it costs to understand queries: to bind one of 200 lines, and to plan 500 steps.</summary>
[WarmupCount(3)]
[IterationCount(10)]
public class PlanBenchmarks
{
    private const int StepCount = 500;

    private readonly DuckDbFrontEnd _frontEnd = new();
    private SqlText _query = null!;
    private string _folder = null!;

    [GlobalSetup]
    public void Arrange()
    {
        _query = new SqlText(LongQuery());
        _folder = Directory.CreateTempSubdirectory("lepton-bench-").FullName;
        foreach (string folder in new[] { "data", "pipelines" }) Directory.CreateDirectory(Path.Combine(_folder, folder));
        File.WriteAllText(Path.Combine(_folder, "lepton.yaml"), "project: bench\n");
        File.WriteAllText(Path.Combine(_folder, "data", "src.csv"), "id,shop,amount\n1,a,10\n2,b,20\n");
        var pipeline = new StringBuilder("pipeline: p\nsources: { src: { format: csv, path: data/src.csv } }\nsteps:\n  s0: { sql: \"SELECT id, shop, amount FROM src\" }\n");
        // Ten chains, each step with a rule.
        for (int i = 1; i < StepCount; i++)
            pipeline.Append(CultureInfo.InvariantCulture, $"  s{i}: {{ sql: \"SELECT id, shop, amount + 1 AS amount FROM s{Math.Max(0, i - 10)} WHERE amount IS NOT NULL\", expect: {{ positive: {{ sql: amount > 0 }} }} }}\n");
        File.WriteAllText(Path.Combine(_folder, "pipelines", "p.yaml"), pipeline.ToString());
    }

    [GlobalCleanup]
    public void Close()
    {
        _frontEnd.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A binder of its own each time: nothing is remembered from the time before.</summary>
    [Benchmark]
    public BoundQuery Bind() => new Binder(_frontEnd).Bind(_query, new Dictionary<string, Schema> { ["flights"] = Flights.Schema }, AccessContext.Owner);

    [Benchmark]
    public async Task<int> Plan()
    {
        var project = Project.Load(_folder);
        IReadOnlyList<PipelineDefinition> pipelines = project.LoadPipelines();
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { AllowedFolders = project.FoldersToReach(pipelines) });
        var run = new RunContext(RunId.Create(TimeProvider.System), AccessContext.Owner, TimeProvider.System, new MemoryBudget(1L << 30));
        return (await new PipelineRunner(Lake.Create(Path.Combine(_folder, "lake")), engine, _frontEnd).PlanAsync(project, pipelines, run, new RunOptions(), default)).Count;
    }

    // 200 lines as an analyst writes them: one common table after the other, with windows, groups, conditions and joins.
    private static string LongQuery()
    {
        var lines = new List<string> { "WITH t0 AS (SELECT origin, destination, date, distance, delay FROM flights)" };
        for (int i = 1; lines.Count < 194; i++)
        {
            string from = string.Create(CultureInfo.InvariantCulture, $"t{i - 1}");
            lines.AddRange(string.Create(CultureInfo.InvariantCulture, $"""
                , t{i} AS (
                  SELECT
                    a.origin,
                    a.destination,
                    a.date,
                    a.distance + {i} AS distance,
                    CASE WHEN a.delay > 15 THEN a.delay - 1 WHEN a.delay < -15 THEN a.delay + 1 ELSE a.delay END AS delay
                  FROM {from} AS a
                  LEFT JOIN (
                    SELECT origin, avg(delay) AS mean, quantile_disc(delay, 0.9) AS late
                    FROM {from}
                    WHERE distance BETWEEN {i} AND 3000
                    GROUP BY origin
                    HAVING count(*) > 10
                  ) AS b ON a.origin = b.origin
                  WHERE a.delay < coalesce(b.late, 1000) AND date_trunc('day', a.date) >= TIMESTAMPTZ '2001-01-{1 + (i % 27):00} 00:00:00+00'
                  QUALIFY row_number() OVER (PARTITION BY a.origin, a.destination ORDER BY a.date DESC, a.delay) <= 1000
                )
                """).Split('\n'));
        }
        string last = string.Create(CultureInfo.InvariantCulture, $"t{(lines.Count - 1) / 19}");
        lines.AddRange(["SELECT", "  origin,", "  count(*) AS flights,", "  max(delay) AS worst", $"FROM {last}", "GROUP BY origin"]);
        return string.Join('\n', lines);
    }
}

using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Profiles;
using Lepton.Data.Jobs.Testing;
using Lepton.Data.Jobs.Validation;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Runs;
using Lepton.Data.Testing;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>A small project in a folder of its own, run as the command line does it.</summary>
internal sealed class ProjectFixture : IAsyncDisposable
{
    /// <summary>A table of rows from a file, one of them refused, and one of their totals.</summary>
    internal const string ShopPipeline = """
        pipeline: shop
        sources:
          src: { format: csv, path: data/src.csv }
        steps:
          orders:
            sql: |
              SELECT id, amount
              FROM src
            expect: { positive: { sql: amount > 0 } }
          totals:
            sql: SELECT count(*) AS orders, sum(amount) AS amount FROM orders
        """;

    private readonly DuckDbFrontEnd _frontEnd = new();

    internal ProjectFixture()
    {
        Folder.Write("lepton.yaml", "project: test\n");
        Lake = Lake.Create(Folder["lake"]);
    }

    /// <summary>A project with <see cref="ShopPipeline"/> and a file for it.</summary>
    internal static ProjectFixture Shop()
    {
        var project = new ProjectFixture();
        project.Csv("src", "id,amount\n1,10\n2,-5\n3,20\n");
        project.Pipeline(ShopPipeline);
        return project;
    }

    internal TempFolder Folder { get; } = new();

    internal Lake Lake { get; private set; }

    internal FakeTime Time { get; } = new() { StepAfterEachLook = TimeSpan.FromMilliseconds(1) };

    internal List<StepProgress> Progress { get; } = [];

    /// <summary>How many steps a run takes at once.</summary>
    internal int StepsAtOnce { get; set; } = 1;

    /// <summary>Called with each report, on the thread that reports.</summary>
    internal Action<StepProgress>? OnProgress { get; set; }

    internal void Reopen(Func<IObjectStore, IObjectStore>? through = null) => Lake = Lake.Open((through ?? (store => store))(new LocalObjectStore(Lake.RootPath)));

    internal void Pipeline(string yaml, string name = "p") => Folder.Write($"pipelines/{name}.yaml", yaml.ReplaceLineEndings("\n"));

    internal void Csv(string name, string text) => Folder.Write($"data/{name}.csv", text.ReplaceLineEndings("\n"));

    internal RunContext Context() => new(RunId.Create(Time), AccessContext.Owner, Time, new MemoryBudget(1L << 30), new Recorder(this));

    internal async Task<RunSummary> RunAsync(bool isFullRefresh = false, CancellationToken cancellationToken = default, params IReadOnlyList<string> select)
    {
        var project = Project.Load(Folder.Path);
        IReadOnlyList<PipelineDefinition> pipelines = project.LoadPipelines();
        await using IEngine engine = OpenEngine(project, pipelines);
        return await new PipelineRunner(Lake, engine, _frontEnd).RunAsync(project, pipelines, Context(), new RunOptions(isFullRefresh, select, StepsAtOnce), cancellationToken);
    }

    internal async Task<IReadOnlyList<PlannedStep>> PlanAsync(params IReadOnlyList<string> select)
    {
        var project = Project.Load(Folder.Path);
        IReadOnlyList<PipelineDefinition> pipelines = project.LoadPipelines();
        await using IEngine engine = OpenEngine(project, pipelines);
        return await new PipelineRunner(Lake, engine, _frontEnd).PlanAsync(project, pipelines, Context(), new RunOptions(Select: select), CancellationToken.None);
    }

    /// <summary>Runs the project's unit tests; without a lake.</summary>
    internal async Task<IReadOnlyList<UnitTestResult>> TestAsync(Func<Lake?>? lake = null) => await TestAsync(Project.Load(Folder.Path), Folder["scratch"], Context(), _frontEnd, lake);

    /// <summary>Runs a project's unit tests.</summary>
    internal static async Task<IReadOnlyList<UnitTestResult>> TestAsync(Project project, string scratch, RunContext run, DuckDbFrontEnd frontEnd, Func<Lake?>? lake = null)
    {
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 512L << 20, AllowedFolders = [scratch] });
        return await new StepTester(engine, frontEnd, scratch).RunAsync(project, project.LoadPipelines(), project.LoadUnitTests(), lake ?? (() => null), run, CancellationToken.None);
    }

    /// <summary>Runs, and returns the record of the only pipeline; a failure fails the test.</summary>
    internal async Task<RunRecord> RunWellAsync(params IReadOnlyList<string> select)
    {
        RunSummary summary = await RunAsync(select: select);
        foreach (StepFailure failure in summary.Failures) throw new InvalidOperationException($"{failure.Step}: {failure.Error}", failure.Error);
        return summary.Runs.Single();
    }

    /// <summary>What is wrong with the project.</summary>
    internal async Task<ValidationResult> ValidateAsync() => await new ProjectValidator(new Binder(_frontEnd), () => Lake).ValidateAsync(Project.Load(Folder.Path), AccessContext.Owner, CancellationToken.None);

    /// <summary>What a table's rows are like.</summary>
    internal async Task<TableProfile> ProfileAsync(string table)
    {
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 512L << 20, AllowedFolders = [Lake.RootPath] });
        Snapshot snapshot = await SnapshotAsync(table) ?? throw new InvalidOperationException($"there is no {table}");
        return await new Profiler(engine, new Binder(_frontEnd)).ProfileAsync(table, new SnapshotInput(snapshot), Context(), CancellationToken.None);
    }

    internal async Task<Snapshot?> SnapshotAsync(string table) => await Lake.Table(TableName.Parse(table)).ReadAsync();

    /// <summary>The rows of a table, each as its values joined by <c>|</c>, sorted.</summary>
    internal async Task<string[]> RowsAsync(string table, params string[] columns)
    {
        Snapshot snapshot = await SnapshotAsync(table) ?? throw new InvalidOperationException($"there is no {table}");
        var rows = new List<string>();
        await using IRecordBatchReader reader = await Lake.ReadRecordsAsync(snapshot);
        int[] indexes = columns.Length == 0 ? [.. Enumerable.Range(0, reader.Schema.Count)] : [.. columns.Select(reader.Schema.IndexOf)];
        while (await reader.ReadAsync() is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) rows.Add(string.Join('|', indexes.Select(column => Convert.ToString(batch.Column(column).Value(row) ?? "NULL", CultureInfo.InvariantCulture))));
        }
        rows.Sort(StringComparer.Ordinal);
        return [.. rows];
    }

    public async ValueTask DisposeAsync()
    {
        _frontEnd.Dispose();
        Folder.Dispose();
        await ValueTask.CompletedTask;
    }

    private static DuckDbEngine OpenEngine(Project project, IReadOnlyList<PipelineDefinition> pipelines)
        => new(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 512L << 20, AllowedFolders = project.FoldersToReach(pipelines) });

    private sealed class Recorder(ProjectFixture project) : IProgress<StepProgress>
    {
        public void Report(StepProgress value)
        {
            lock (project.Progress) project.Progress.Add(value);
            project.OnProgress?.Invoke(value);
        }
    }
}

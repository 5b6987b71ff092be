using System.Globalization;
using System.Text;
using Lepton.Data.Engines;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Profiles;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Many steps, and tables of many columns. `make torture` takes 2,000 of each.</summary>
public sealed class LargeProjectTests
{
    private static readonly int s_stepCount = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 2_000 : 60;
    private static readonly int s_columnCount = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 2_000 : 300;

    private ProjectFixture _project = null!;

    [SetUp]
    public void Arrange() => _project = new ProjectFixture();

    [TearDown]
    public async Task End() => await _project.DisposeAsync();

    [Test]
    [Category("Torture")]
    public async Task Run_ManySteps_EachIsDoneOnceAndThenNone([Values("chain", "fan")] string form)
    {
        _project.Csv("src", "id\n1\n2\n");
        var pipeline = new StringBuilder("pipeline: p\nsources: { src: { format: csv, path: data/src.csv } }\nsteps:\n  s0: { sql: SELECT id FROM src }\n");
        for (int i = 1; i < s_stepCount; i++) pipeline.Append(CultureInfo.InvariantCulture, $"  s{i}: {{ sql: SELECT id + 1 AS id FROM s{(form == "chain" ? i - 1 : 0)} }}\n");
        _project.Pipeline(pipeline.ToString());
        Assert.That((await _project.PlanAsync()).Count(step => step.WillRun), Is.EqualTo(s_stepCount));
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Count(step => step.State == StepState.Done), Is.EqualTo(s_stepCount));
        int last = form == "chain" ? s_stepCount : 2;
        Assert.That(await _project.RowsAsync($"s{s_stepCount - 1}"), Is.EquivalentTo(new[] { $"{last}", $"{last + 1}" }));
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    [Test]
    [Category("Torture")]
    public async Task Run_ManyColumns_AreReadCheckedWrittenAndProfiled()
    {
        string Row(Func<int, string> value) => string.Join(',', Enumerable.Range(0, s_columnCount).Select(value)) + "\n";
        _project.Csv("src", Row(i => $"c{i}") + Row(i => $"{i}") + Row(i => $"{-i}") + Row(i => i == 1 ? "" : "7"));
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              wide:
                sql: SELECT * FROM src
                expect: { there: { not_null: [c1] }, small: { sql: c2 < 2 } }
              sums:
                sql: SELECT sum(COLUMNS(*)) FROM wide
            """);
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Select(step => (step.State, step.RowsOut, step.RowsQuarantined)), Is.EqualTo(new[] { (StepState.Done, 1L, 2L), (StepState.Done, 1L, (long?)0) }));
        Assert.That((await _project.SnapshotAsync("sums"))!.Schema.Count, Is.EqualTo(s_columnCount));
        Assert.That((await _project.ProfileAsync("wide")).Columns, Has.Count.EqualTo(s_columnCount));
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
    }

    /// <summary>What a query costs before it runs grows with its table's columns: thousands of queries of one column each would take minutes.</summary>
    [Test]
    [Category("Torture")]
    public async Task ProfileAndCompare_ManyColumns_AskAboutManyAtOnce()
    {
        string[] forms = ["{0}", "{0}.5", "w{0}", "2024-01-0{0}", ""];
        // In the second, each column has other values under other keys, so that one that is taken for its neighbour is seen.
        static bool IsOther(int i, int seed) => (i + (seed * seed)) % 11 < 1 + (i % 5);
        string Row(int seed, bool isSecond) => $"{seed}," + string.Join(',', Enumerable.Range(1, s_columnCount - 1).Select(i => string.Format(CultureInfo.InvariantCulture, forms[i % forms.Length], 1 + (((i * seed) + (isSecond && IsOther(i, seed) ? 1 : 0)) % 9)))) + "\n";
        string Rows(int shift) => string.Join(',', Enumerable.Range(0, s_columnCount).Select(i => $"c{i}")) + "\n" + string.Concat(Enumerable.Range(1, 20).Select(i => Row(i + shift, shift > 0)));
        _project.Csv("a", Rows(0));
        _project.Csv("b", Rows(3));
        _project.Pipeline("pipeline: p\nsources: { a: { format: csv, path: data/a.csv }, b: { format: csv, path: data/b.csv } }\nsteps: { one: { sql: SELECT * FROM a }, two: { sql: SELECT * FROM b } }");
        await _project.RunWellAsync();
        using var frontEnd = new DuckDbFrontEnd();
        await using var engine = new CountingEngine(new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 1L << 30, AllowedFolders = [_project.Lake.RootPath] }));
        var binder = new Binder(frontEnd);
        Input Table(string name) => new SnapshotInput(_project.SnapshotAsync(name).Result!);
        TableProfile profile = await new Profiler(engine, binder).ProfileAsync("one", Table("one"), _project.Context(), CancellationToken.None);
        Assert.That(engine.ReadCount, Is.LessThan(10 + (s_columnCount / 10)));
        int before = engine.ReadCount;
        TableDiff diff = await new TableComparer(engine, binder).CompareAsync(new ComparedRelation("one", Table("one"), null), new ComparedRelation("two", Table("two"), null), ["c0"], _project.Context(), CancellationToken.None);
        Assert.That(engine.ReadCount - before, Is.LessThan(40 + (s_columnCount / 3)));
        Assert.Multiple(() =>
        {
            Assert.That(profile.Columns, Has.Count.EqualTo(s_columnCount));
            for (int i = 1; i < s_columnCount; i++)
            {
                int[] digits = [.. Enumerable.Range(1, 20).Select(seed => 1 + ((i * seed) % 9))];
                long? different = i % forms.Length == 4 ? 0 : digits.Distinct().Count();
                Assert.That((profile.Columns[i].DistinctCount, profile.Columns[i].Top.Sum(top => top.Count)), Is.EqualTo((different, different == 0 ? 0L : 20L)), $"c{i}");
                long changed = i % forms.Length == 4 ? 0 : Enumerable.Range(4, 17).Count(seed => IsOther(i, seed));
                Assert.That(diff.Columns[i].ChangedCount, Is.EqualTo(changed), $"c{i}");
                Assert.That(diff.Columns[i].Left.DistinctCount, Is.EqualTo(different), $"c{i}");
            }
            Assert.That((diff.Keys!.AddedCount, diff.Keys.RemovedCount, diff.Keys.EqualCount), Is.EqualTo((3L, 3L, (long)Enumerable.Range(4, 17).Count(seed => !Enumerable.Range(1, s_columnCount - 1).Any(i => i % forms.Length != 4 && IsOther(i, seed))))));
            Assert.That(ContractWriter.Write(profile).Split('\n').Count(line => line.Contains("type:", StringComparison.Ordinal)), Is.EqualTo(s_columnCount));
        });
    }

    private sealed class CountingEngine(IEngine engine) : IEngine
    {
        private int _readCount;

        internal int ReadCount => _readCount;

        public string Name => engine.Name;

        public ValueTask<IRecordBatchReader> ReadAsync(BoundQuery query, Inputs inputs, RunContext run, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _readCount);
            return engine.ReadAsync(query, inputs, run, cancellationToken);
        }

        public ValueTask<IReadOnlyList<DataFile>> WriteAsync(BoundQuery query, Inputs inputs, FileTarget target, RunContext run, CancellationToken cancellationToken) => engine.WriteAsync(query, inputs, target, run, cancellationToken);

        public ValueTask<T> ScanAsync<T>(BoundQuery query, Inputs inputs, Func<T> perThread, RunContext run, CancellationToken cancellationToken)
            where T : class, IAccumulator => engine.ScanAsync(query, inputs, perThread, run, cancellationToken);

        public ValueTask<StagedRelation> StageAsync(BoundQuery query, Inputs inputs, RunContext run, CancellationToken cancellationToken) => engine.StageAsync(query, inputs, run, cancellationToken);

        public ValueTask DisposeAsync() => engine.DisposeAsync();
    }
}

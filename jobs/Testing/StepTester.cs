using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Rules;
using Lepton.Data.Jobs.Running;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Testing;

/// <summary>Runs unit tests of steps: each step is bound, checked and written as in a run, over the test's rows and into a scratch lake.</summary>
/// <param name="engine">Computes; it must reach <paramref name="scratchFolder"/>.</param>
/// <param name="frontEnd">The engine's parser and binder.</param>
/// <param name="scratchFolder">Absolute; a lake for each test is made in it and taken away.</param>
public sealed class StepTester(IEngine engine, ISqlFrontEnd frontEnd, string scratchFolder)
{
    private readonly Binder _binder = new(frontEnd);

    /// <summary>Runs <paramref name="tests"/>, one after the other.</summary>
    /// <param name="project">Whose.</param>
    /// <param name="pipelines">All of the project's.</param>
    /// <param name="tests">Which.</param>
    /// <param name="lake">The project's lake, for types that nothing else tells; gives null where there is none. Nothing of it is changed.</param>
    /// <param name="run">Who asks.</param>
    /// <param name="cancellationToken">Observed between steps of the work.</param>
    /// <returns>In the order of <paramref name="tests"/>; a test that cannot be run has failed.</returns>
    /// <exception cref="LeptonDataException">The pipelines cannot be read as a whole: a name that means nothing, a circle.</exception>
    public async ValueTask<IReadOnlyList<UnitTestResult>> RunAsync(
        Project project, IReadOnlyList<PipelineDefinition> pipelines, IReadOnlyList<UnitTestDefinition> tests, Func<Lake?> lake, RunContext run, CancellationToken cancellationToken)
    {
        StepGraph graph = GraphOf(pipelines, tests, lake);
        var stepBinder = new StepBinder(_binder, run.Access);
        var inputs = new FixtureInputs(project, graph, stepBinder, lake);
        var results = new List<UnitTestResult>(tests.Count);
        foreach (UnitTestDefinition test in tests)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long start = run.Time.GetTimestamp();
            UnitTestResult result;
            try
            {
                result = await RunAsync(test, graph, stepBinder, inputs, run, cancellationToken).ConfigureAwait(false);
            }
            catch (LeptonDataException failure) when (!cancellationToken.IsCancellationRequested)
            {
                result = new UnitTestResult(test, null, null, null, failure, default);
            }
            results.Add(result with { Duration = run.Time.GetElapsedTime(start) });
        }
        return results;
    }

    /// <summary>Finds a test's step, and holds the names of the test against it.</summary>
    /// <exception cref="LeptonDataException">A step, an input or a rule that is not there; an input of the step that the test does not give.</exception>
    internal static StepNode CheckNames(UnitTestDefinition test, StepGraph graph)
    {
        StepNode node = graph.Nodes.FirstOrDefault(node => node.Step.Name == test.Step.Value) ?? throw Unknown("jobs.unknown_step", test.Step, graph.Nodes.Select(node => node.Step.Name));
        var problems = new ProblemList();
        if (test.Fails is { } rule && !node.Step.Rules.Any(declared => declared.Name == rule.Value)) problems.Add(Unknown("jobs.test_unknown_rule", rule, node.Step.Rules.Select(declared => declared.Name)));
        foreach (GivenRows given in test.Given)
            if (!node.Inputs.Any(input => Same(input.Name, given.Input))) problems.Add(Unknown("jobs.test_unknown_input", new Located<string>(given.Input, given.Place), node.Inputs.Select(input => input.Name)));
        foreach (StepInput input in node.Inputs)
            if (!test.Given.Any(given => Same(given.Input, input.Name))) problems.Add(new LeptonDataException("jobs.test_input_missing", [node.Step.Name, input.Name]) { Place = test.Place });
        problems.ThrowIfAny();
        return node;
    }

    // What a test gives is there, whether the lake has it or not; the lake is only asked where that is not enough.
    private StepGraph GraphOf(IReadOnlyList<PipelineDefinition> pipelines, IReadOnlyList<UnitTestDefinition> tests, Func<Lake?> lake)
    {
        HashSet<string> made = [.. pipelines.SelectMany(pipeline => pipeline.Steps.Select(step => step.Name).Concat(pipeline.Sources.Select(source => source.Name)))];
        var given = new List<TableName>();
        foreach (string name in tests.SelectMany(test => test.Given).Select(rows => rows.Input).Distinct(StringComparer.OrdinalIgnoreCase).Where(name => !made.Contains(name)))
            if (TableOf(name) is { } table) given.Add(table);
        try
        {
            return StepGraph.Build(pipelines, _binder.References, given);
        }
        catch (LeptonDataException failure) when (failure.Code is "jobs.unknown_input" or "jobs.unknown_input_but" && lake() is { } there)
        {
            return StepGraph.Build(pipelines, _binder.References, [.. given.Union(there.ListTables())]);
        }
    }

    private static TableName? TableOf(string name)
    {
        try
        {
            return TableName.Parse(name.ToLowerInvariant());
        }
        catch (LeptonDataException)
        {
            return null;
        }
    }

    private async ValueTask<UnitTestResult> RunAsync(UnitTestDefinition test, StepGraph graph, StepBinder stepBinder, FixtureInputs fixtures, RunContext run, CancellationToken cancellationToken)
    {
        StepNode node = CheckNames(test, graph);
        var batches = new List<RecordBatch>();
        try
        {
            var inputs = new Inputs();
            foreach (StepInput input in node.Inputs)
            {
                GivenRows given = test.Given.First(given => Same(given.Input, input.Name));
                RecordBatch batch = await fixtures.MakeAsync(node, input, test, given, cancellationToken).ConfigureAwait(false);
                batches.Add(batch);
                inputs.Add(input.Name, new BatchInput(batch.Schema, [batch]));
            }
            return await RunAsync(test, stepBinder.Bind(node, inputs.Schemas), inputs, run, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (RecordBatch batch in batches) batch.Dispose();
        }
    }

    private async ValueTask<UnitTestResult> RunAsync(UnitTestDefinition test, BoundStep step, Inputs inputs, RunContext run, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(scratchFolder, test.Name);
        try
        {
            Directory.CreateDirectory(folder);
            var lake = Lake.Create(folder);
            StepTables tables = await StepTables.ReadAsync(lake, step.Table, cancellationToken).ConfigureAwait(false);
            var work = new StepRun(lake, step, inputs, tables, engine, _binder, run, 1, new TableJudge(step, [], engine, _binder, run), null);
            StepRecord record;
            MadeTables made;
            try
            {
                (record, made) = await work.DoAsync(RunSession.Planned(step), areInputsInexact: false, () => { }, cancellationToken).ConfigureAwait(false);
            }
            catch (LeptonDataException failure) when (test.Fails is { } rule && failure.Kind == ErrorKind.DataRefused && failure.Arguments.Count > 0 && failure.Arguments[0] as string == rule.Value)
            {
                return new UnitTestResult(test, null, null, null, null, default);
            }
            if (test.Fails is { } broken) throw new LeptonDataException("jobs.test_did_not_fail", [broken.Value, step.Node.Step.Name]) { Place = broken.Place };
            RowDiff? rows = test.Rows is null ? null : await CompareAsync(test, test.Rows, step, made.Table, step.Schema, run, cancellationToken).ConfigureAwait(false);
            RowDiff? refused = test.Quarantine is null ? null : await CompareAsync(test, test.Quarantine, step, made.Quarantine, StepRun.QuarantineSchemaOf(step.Schema), run, cancellationToken).ConfigureAwait(false);
            RowDiff? late = test.Late is null ? null : await CompareAsync(test, test.Late, step, made.Late, step.LateSchema ?? throw new LeptonDataException("jobs.test_no_late", [step.Node.Step.Name]) { Place = test.Place }, run, cancellationToken).ConfigureAwait(false);
            return new UnitTestResult(test, rows, refused, record.RowsQuarantined ?? 0, null, default) { Late = late };
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, folder);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private async ValueTask<RowDiff> CompareAsync(UnitTestDefinition test, FixtureRows rows, BoundStep step, Snapshot? snapshot, Schema schema, RunContext run, CancellationToken cancellationToken)
    {
        FixtureTable expected = FixtureTable.Of(rows, test.Folder);
        foreach (Located<string> column in expected.Columns)
            if (schema.Find(column.Value) is null) throw MissingColumn.Of(column.Value, step.Node.Step.Name, schema, column.Place);
        // Where no row is expected, what came instead is shown whole.
        Field[] columns = [.. schema.Fields.Where(field => expected.Columns.Count == 0 || expected.Columns.Any(column => Same(column.Value, field.Name)))];
        List<object?[]> wanted = [.. expected.Rows.Select(row => columns.Select(field => row.TryGetValue(field.Name, out FixtureCell cell) ? FixtureValues.Of(cell, field.Type) : null).ToArray())];
        List<object?[]> made = snapshot is null ? [] : await ReadAsync(snapshot, columns, run, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<Located<string>> key = step.Node.Step.Rules.OfType<UniqueRule>().FirstOrDefault()?.Columns ?? [];
        int[] keys = [.. key.Select(name => Array.FindIndex(columns, field => Same(field.Name, name.Value)))];
        return RowDiff.Of(columns, wanted, made, Array.Exists(keys, index => index < 0) ? [] : keys);
    }

    private async ValueTask<List<object?[]>> ReadAsync(Snapshot snapshot, Field[] columns, RunContext run, CancellationToken cancellationToken)
    {
        const string Table = "made";
        Inputs inputs = new Inputs().Add(Table, new SnapshotInput(snapshot));
        var sql = new SqlText($"SELECT {string.Join(", ", columns.Select(field => SqlLiteral.Name(field.Name)))} FROM {Table}", Table);
        await using IRecordBatchReader reader = await engine.ReadAsync(_binder.Bind(sql, inputs.Schemas, run.Access), inputs, run, cancellationToken).ConfigureAwait(false);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) rows.Add([.. Enumerable.Range(0, columns.Length).Select(column => batch.Column(column).Value(row))]);
        }
        return rows;
    }

    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    private static LeptonDataException Unknown(string code, Located<string> word, IEnumerable<string> known)
        => Suggest.Nearest(word.Value, known) is { } near
            ? new LeptonDataException($"{code}_but", [word.Value, near]) { Place = word.Place }
            : new LeptonDataException(code, [word.Value, string.Join(", ", known.Take(20))]) { Place = word.Place };
}

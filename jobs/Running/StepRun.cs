using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Jobs.Rules;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Running;

/// <summary>One step at work: computes its rows once, counts what is wrong with them, writes good and bad ones, commits both.</summary>
/// <param name="lake">Of its table.</param>
/// <param name="step">The step.</param>
/// <param name="inputs">What it reads.</param>
/// <param name="table">Its table as it stands.</param>
/// <param name="quarantine">Its quarantine as it stands.</param>
/// <param name="engine">Computes.</param>
/// <param name="binder">Binds the queries over its rows.</param>
/// <param name="run">Told of progress.</param>
/// <param name="runNumber">What the step's transactions move to.</param>
/// <param name="judge">Judges the table as a whole.</param>
internal sealed class StepRun(Lake lake, BoundStep step, Inputs inputs, TableState table, TableState quarantine, IEngine engine, Binder binder, RunContext run, long runNumber, TableJudge judge)
{
    private readonly List<PhaseRecord> _phases = [];
    private readonly StepQueries _queries = new(step.Node.Step, step.Schema.Fields);
    private long _phaseStart;

    private string Name => step.Node.Step.Name;

    /// <summary>Does it.</summary>
    /// <param name="planned">What is known of the step; the record begins from it.</param>
    /// <param name="areInputsInexact">Whether rows of an input rest on inexact values.</param>
    /// <param name="checkSources">Called when all was read: throws where a file changed meanwhile.</param>
    /// <param name="cancellationToken">Observed until the first commit.</param>
    /// <returns>What was done, and the table's and the quarantine's new versions.</returns>
    internal async ValueTask<(StepRecord Record, Snapshot Table, Snapshot? Quarantine)> DoAsync(StepRecord planned, bool areInputsInexact, Action checkSources, CancellationToken cancellationToken)
    {
        try
        {
            StepRows rows = step.IsChecked ? await CheckAndWriteAsync(cancellationToken).ConfigureAwait(false) : await WriteAsync(cancellationToken).ConfigureAwait(false);
            checkSources();
            bool isInexact = areInputsInexact || step.Query.RowsAreInexact;
            // Rules may look at inexact values, too: then the engine gives no sums.
            isInexact |= rows.Good.Any(file => file.ContentSum is null);
            if (isInexact) rows = rows with { Good = WithoutSums(rows.Good), Bad = WithoutSums(rows.Bad) };
            return await CommitAsync(planned with { RowsAreInexact = isInexact, Rules = rows.Rules, RowsComputed = rows.Computed, RowsQuarantined = rows.Quarantined }, rows).ConfigureAwait(false);
        }
        catch
        {
            // What a commit names stays; all else of this run goes.
            await DropLeftoversAsync(table).ConfigureAwait(false);
            await DropLeftoversAsync(quarantine).ConfigureAwait(false);
            throw;
        }
    }

    // Why the step failed is the news, not what stands in the way of cleaning up: a file that no commit names is in nobody's way.
    private async ValueTask DropLeftoversAsync(TableState target)
    {
        try
        {
            await StepCommitter.DropLeftoversAsync(lake, target.Table, run.Id.Value, CancellationToken.None).ConfigureAwait(false);
        }
        catch (LeptonDataException)
        {
        }
    }

    private async ValueTask<StepRows> WriteAsync(CancellationToken cancellationToken)
    {
        Begin("jobs.computing");
        IReadOnlyList<DataFile> good = await engine.WriteAsync(step.Query, inputs, TargetOf(table), run, cancellationToken).ConfigureAwait(false);
        End("compute");
        long count = RowsOf(good);
        return new StepRows(good, [], count, 0, await judge.JudgeAsync(count, null, null, cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<StepRows> CheckAndWriteAsync(CancellationToken cancellationToken)
    {
        Begin("jobs.computing");
        await using StagedRelation staged = await engine.StageAsync(step.Carried ?? step.Query, inputs, run, cancellationToken).ConfigureAwait(false);
        End("compute");

        Begin("jobs.checking", staged.RowCount);
        using RecordBatch whence = Whence();
        var own = new Inputs().Add(Name, new StagedInput(staged)).Add(StepQueries.RunInput, new BatchInput(whence.Schema, [whence]));
        foreach ((string name, Input input) in inputs.ByName)
            if (!own.ByName.ContainsKey(name)) own.Add(name, input);
        if (step.Carried is not null) await CheckTimesAsync(own, staged.RowCount, cancellationToken).ConfigureAwait(false);
        (long quarantined, long[] broken) = await CountAsync(own, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < broken.Length; i++)
            if (broken[i] > 0 && step.Rules[i].Rule.OnFailure == OnFailure.Fail) throw await RefusalAsync(step.Rules[i], broken[i], staged.RowCount, own, cancellationToken).ConfigureAwait(false);
        CompiledRule[] brokenRules = [.. step.Rules.Where((_, i) => broken[i] > 0)];
        CompiledRule[] quarantining = [.. brokenRules.Where(rule => rule.Rule.OnFailure == OnFailure.Quarantine)];
        IReadOnlyList<RuleRecord> tableRules = await judge.JudgeAsync(staged.RowCount - quarantined, own, quarantined == 0 ? null : _queries.Good(quarantining), cancellationToken).ConfigureAwait(false);
        End("check");

        Begin(quarantined > 0 ? "jobs.quarantining" : "jobs.writing", quarantined > 0 ? quarantined : staged.RowCount);
        IReadOnlyList<DataFile> bad = quarantining.Length == 0 ? [] : await engine.WriteAsync(Bind(_queries.Bad(brokenRules), own), own, TargetOf(quarantine), run, cancellationToken).ConfigureAwait(false);
        if (quarantined > 0) Tell("jobs.writing", staged.RowCount - quarantined);
        IReadOnlyList<DataFile> good = await engine.WriteAsync(Bind(_queries.Good(quarantining), own), own, TargetOf(table), run, cancellationToken).ConfigureAwait(false);
        End("write");
        RuleRecord[] rules = [.. step.Rules.Select((rule, i) => new RuleRecord(rule.Rule.Name, rule.Text, TableJudge.NameOf(rule.Rule.OnFailure), broken[i])), .. tableRules];
        return new StepRows(good, bad, staged.RowCount, quarantined, rules);
    }

    private async ValueTask<(StepRecord Record, Snapshot Table, Snapshot? Quarantine)> CommitAsync(StepRecord record, StepRows rows)
    {
        Begin("jobs.committing", rows.Computed);
        Snapshot? bad = quarantine.Snapshot;
        // The quarantine goes first: a table never stands there without the rows that it refused. One that has no rules any more loses its old rows.
        bool hasQuarantine = step.CanQuarantine || bad is { Files.Count: > 0 };
        record = record with
        {
            State = StepState.Done,
            RowsOut = RowsOf(rows.Good),
            VersionBefore = table.Snapshot?.Version,
            Version = (table.Snapshot?.Version ?? -1) + 1,
            QuarantineVersion = hasQuarantine ? (bad?.Version ?? -1) + 1 : bad?.Version,
            ContentHash = record.RowsAreInexact ? null : ContentHash.Of(step.Schema, ContentSum.Total(rows.Good.Select(file => file.ContentSum!.Value))).ToString(),
        };
        var commit = new StepCommit(step.Node.Application, runNumber, record);
        // Once the first of the two is there, the second follows, cancelled or not.
        if (hasQuarantine) bad = await StepCommitter.ReplaceAsync(quarantine, QuarantineSchemaOf(step.Schema), rows.Bad, commit, run, CancellationToken.None).ConfigureAwait(false);
        Snapshot good = await StepCommitter.ReplaceAsync(table, step.Schema, rows.Good, commit, run, CancellationToken.None).ConfigureAwait(false);
        End("commit");
        return (record with { Phases = [.. _phases], Version = good.Version, QuarantineVersion = bad?.Version, ContentHash = good.ContentHash?.ToString() }, good, bad);
    }

    private async ValueTask CheckTimesAsync(Inputs own, long rowCount, CancellationToken cancellationToken)
    {
        string created = step.Node.Step.CreatedTime!.Value.Value;
        using RecordBatch answer = await ReadRowAsync(_queries.Early(created, CreatedTimes.ColumnName), own, cancellationToken).ConfigureAwait(false);
        long early = answer.Column(0).Values<long>()[0];
        if (early == 0) return;
        throw new LeptonDataException("jobs.created_too_early", [Name, created, early, rowCount, answer.Column(1).Value(0)]) { Place = step.Node.Step.CreatedTime.Value.Place, Kind = ErrorKind.DataRefused };
    }

    private async ValueTask<(long Quarantined, long[] Broken)> CountAsync(Inputs own, CancellationToken cancellationToken)
    {
        if (step.Rules.Count == 0) return (0, []);
        using RecordBatch answer = await ReadRowAsync(_queries.Counts(step.Rules), own, cancellationToken).ConfigureAwait(false);
        long[] broken = new long[step.Rules.Count];
        for (int i = 0; i < broken.Length; i++) broken[i] = answer.Column(i + 1).Values<long>()[0];
        return (answer.Column(0).Values<long>()[0], broken);
    }

    private async ValueTask<LeptonDataException> RefusalAsync(CompiledRule rule, long broken, long rowCount, Inputs own, CancellationToken cancellationToken)
    {
        using RecordBatch example = await ReadRowAsync(_queries.Example(rule), own, cancellationToken).ConfigureAwait(false);
        return new LeptonDataException("jobs.rule_broken", [rule.Rule.Name, Name, broken, rowCount, example.Column(0).Value(0)]) { Place = rule.Rule.Place, Kind = ErrorKind.DataRefused };
    }

    private async ValueTask<RecordBatch> ReadRowAsync(SqlText sql, Inputs own, CancellationToken cancellationToken)
    {
        await using IRecordBatchReader reader = await engine.ReadAsync(Bind(sql, own), own, run, cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("an aggregate gave no row");
    }

    private BoundQuery Bind(SqlText sql, Inputs own) => binder.Bind(sql, own.Schemas, run.Access);

    // Where bad rows come from. The run's name is not part of their content: the same rows refused again are the same rows.
    private RecordBatch Whence()
    {
        using var builder = new RecordBatchBuilder(new Schema(QuarantineFields()[2..]));
        builder.Column(0).AppendString(string.Join(", ", step.Query.Inputs.Keys.Order(StringComparer.Ordinal)));
        builder.Column(1).AppendString(run.Id.Value);
        return builder.Build();
    }

    /// <summary>The columns of a table's quarantine.</summary>
    internal static Schema QuarantineSchemaOf(Schema table) => new([.. table.Fields, .. QuarantineFields()]);

    private static Field[] QuarantineFields() =>
    [
        new Field(StepQueries.RulesColumn, DataType.String),
        new Field(StepQueries.ReasonColumn, DataType.String),
        new Field(StepQueries.SourceColumn, DataType.String),
        new Field(StepQueries.RunIdColumn, DataType.String) { Metadata = FieldMetadata.Empty.With(FieldMetadata.InexactKey, "true") },
    ];

    private FileTarget TargetOf(TableState target) => new(target.Table.RootPath, FileNamePrefix: StepCommitter.FilePrefix(run.Id.Value));

    private void Begin(string activity, long? rows = null)
    {
        _phaseStart = run.Time.GetTimestamp();
        Tell(activity, rows);
    }

    private void Tell(string activity, long? rows) => run.Progress?.Report(new StepProgress(Name, activity, null, rows));

    private void End(string phase) => _phases.Add(new PhaseRecord(phase, Math.Round(run.Time.GetElapsedTime(_phaseStart).TotalSeconds, 6)));

    private static long RowsOf(IEnumerable<DataFile> files) => files.Sum(file => file.Statistics!.RowCount);

    private static DataFile[] WithoutSums(IEnumerable<DataFile> files) => [.. files.Select(file => file with { ContentSum = null })];

    /// <summary>What a step wrote and found.</summary>
    private sealed record StepRows(IReadOnlyList<DataFile> Good, IReadOnlyList<DataFile> Bad, long Computed, long Quarantined, IReadOnlyList<RuleRecord> Rules);
}

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
using Lepton.Data.Sql.Growth;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Parquet;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Running;

/// <summary>One step at work: computes its rows once, counts what is wrong with them, writes good and bad ones, commits both.</summary>
/// <param name="lake">Of its table.</param>
/// <param name="step">The step.</param>
/// <param name="inputs">What it reads.</param>
/// <param name="tables">Its tables as they stand.</param>
/// <param name="engine">Computes.</param>
/// <param name="binder">Binds the queries over its rows.</param>
/// <param name="run">Told of progress.</param>
/// <param name="runNumber">What the step's transactions move to.</param>
/// <param name="judge">Judges the table as a whole.</param>
/// <param name="plan">What changed, where the step grows; null where it does not.</param>
internal sealed class StepRun(Lake lake, BoundStep step, Inputs inputs, StepTables tables, IEngine engine, Binder binder, RunContext run, long runNumber, TableJudge judge, GrowthPlan? plan)
{
    // Years of four digits, and room for what is added.
    private static readonly (EventTime First, EventTime Last) s_readable = (EventTime.FromDateTimeOffset(new DateTimeOffset(200, 1, 1, 0, 0, 0, TimeSpan.Zero)), EventTime.FromDateTimeOffset(new DateTimeOffset(9800, 1, 1, 0, 0, 0, TimeSpan.Zero)));

    private readonly List<PhaseRecord> _phases = [];
    private readonly StepQueries _queries = new(step.Node.Step, step.Schema.Fields);
    private long _phaseStart;

    private string Name => step.Node.Step.Name;

    private TableState Table => tables.Table;

    private TableState Quarantine => tables.Quarantine;

    private WindowRevisions? Revisions => step.Growth?.Revisions?.Windows;

    /// <summary>Does it.</summary>
    /// <param name="planned">What is known of the step; the record begins from it.</param>
    /// <param name="areInputsInexact">Whether rows of an input rest on inexact values.</param>
    /// <param name="checkSources">Called when all was read: throws where a file changed meanwhile.</param>
    /// <param name="cancellationToken">Observed until the first commit.</param>
    /// <returns>What was done, and the tables' new versions.</returns>
    internal async ValueTask<(StepRecord Record, MadeTables Tables)> DoAsync(StepRecord planned, bool areInputsInexact, Action checkSources, CancellationToken cancellationToken)
    {
        try
        {
            (EventTime? knownUntil, EventTime? knownBefore) = await KnownUntilAsync(cancellationToken).ConfigureAwait(false);
            StepRows rows = await ComputeAsync(knownUntil, knownBefore, cancellationToken).ConfigureAwait(false);
            checkSources();
            bool isInexact = areInputsInexact || step.Query.RowsAreInexact;
            // Rules may look at inexact values, too: then the engine gives no sums.
            isInexact |= rows.Good.Added.Any(file => file.ContentSum is null);
            if (isInexact) rows = rows with { Good = rows.Good.WithoutSums(), Bad = rows.Bad.WithoutSums(), Late = rows.Late.WithoutSums() };
            GrowthRecord? growth = plan is null ? null : new GrowthRecord(step.Growth!.Mode, plan.FullBecause, Grown(plan.FileCount), rows.KeysTouched, Grown(rows.Good.Removed.Count)) { KnownUntil = knownUntil };
            return await CommitAsync(planned with { RowsAreInexact = isInexact, Rules = rows.Rules, RowsComputed = rows.Computed, Growth = growth }, rows).ConfigureAwait(false);

            long? Grown(long count) => plan.FullBecause is null ? count : null;
        }
        catch
        {
            // What a commit names stays; all else of this run goes.
            foreach (TableState made in tables.All) await DropLeftoversAsync(made).ConfigureAwait(false);
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

    private async ValueTask<StepRows> ComputeAsync(EventTime? knownUntil, EventTime? knownBefore, CancellationToken cancellationToken)
    {
        if (plan?.Changed is not { } changed) return await WriteAsync(step.Query, step.Carried, Revisions?.LateRows, inputs, Touched.All, cancellationToken).ConfigureAwait(false);
        if (step.Growth!.Keyed is not { } keyed) return await WriteAsync(step.Query, step.Carried, null, inputs.With(step.Growth.Input, changed), Touched.None, cancellationToken).ConfigureAwait(false);
        Begin("jobs.finding_changes");
        await using StagedRelation changedKeys = await engine.StageAsync(keyed.Touched, new Inputs().Add(step.Growth.Input, changed), run, cancellationToken).ConfigureAwait(false);
        await using StagedRelation? wider = knownUntil != knownBefore ? await WithDueAsync().ConfigureAwait(false) : keyed.WindowsAfter == 0 ? null : await AroundAsync(changedKeys, 0, keyed.WindowsAfter).ConfigureAwait(false);
        StagedRelation touched = wider ?? changedKeys;
        await using StagedRelation? read = keyed.WindowsAfter == 0 ? null : await AroundAsync(touched, keyed.WindowsAfter, 0).ConfigureAwait(false);
        End("changes");
        Inputs own = inputs.With(KeyedGrowth.TouchedInput, new StagedInput(touched)).With(KeyedGrowth.ReadInput, new StagedInput(read ?? touched));
        (EventTime First, EventTime Last)? stretch = keyed.Width > TimeSpan.Zero ? await StretchOfAsync(keyed, own, cancellationToken).ConfigureAwait(false) : null;
        (BoundQuery restricted, BoundQuery? carried) = step.Growth.Restricted(stretch, knownUntil);
        return await WriteAsync(restricted, carried, Revisions?.Late.RestrictedTo(stretch), own, new Touched(keyed, touched, stretch), cancellationToken).ConfigureAwait(false);

        ValueTask<StagedRelation> AroundAsync(StagedRelation keys, long before, long after)
        {
            Inputs only = new Inputs().Add(KeyedGrowth.TouchedInput, new StagedInput(keys));
            return engine.StageAsync(Bind(StepQueries.Of(step.Node.Step, keyed.Around(KeyedGrowth.TouchedInput, before, after)), only), only, run, cancellationToken);
        }

        // Windows whose revisions came due, or are not due any more since rows went.
        async ValueTask<StagedRelation> WithDueAsync()
        {
            await using StagedRelation due = await engine.StageAsync(Revisions!.Due(knownBefore, knownUntil), inputs, run, cancellationToken).ConfigureAwait(false);
            Inputs both = new Inputs().Add(KeyedGrowth.TouchedInput, new StagedInput(changedKeys)).Add(StepQueries.DueInput, new StagedInput(due));
            return await engine.StageAsync(Bind(StepQueries.Of(step.Node.Step, $"FROM {KeyedGrowth.TouchedInput} UNION FROM {StepQueries.DueInput}"), both), both, run, cancellationToken).ConfigureAwait(false);
        }
    }

    // Of revisions: the greatest created time of the input's rows now, and when the table was made.
    private async ValueTask<(EventTime? Now, EventTime? Before)> KnownUntilAsync(CancellationToken cancellationToken)
    {
        if (Revisions is not { } revisions) return (null, null);
        bool isGrown = plan?.Changed is not null;
        EventTime? before = isGrown ? plan!.KnownUntil : null;
        // Where rows only came, the old ones need not be asked again.
        Inputs asked = isGrown && plan!.HasOnlyNew ? new Inputs().Add(step.Growth!.Input, plan.Changed!) : inputs;
        await using StagedRelation staged = await engine.StageAsync(revisions.Greatest, asked, run, cancellationToken).ConfigureAwait(false);
        Inputs only = new Inputs().Add(StepQueries.DueInput, new StagedInput(staged));
        using RecordBatch answer = await ReadRowAsync(
            StepQueries.Of(step.Node.Step, $"SELECT CASE WHEN isfinite(greatest) THEN epoch_us(greatest) END AS known, greatest IS NOT NULL AS has_time FROM {StepQueries.DueInput}"), only, cancellationToken).ConfigureAwait(false);
        EventTime? now = answer.Column(0).Value(0) is long known ? new EventTime(known) : null;
        if (answer.Column(1).Value(0) is true && (now is null || now < s_readable.First || now > s_readable.Last))
            throw new LeptonDataException("jobs.emit_far", [Name, ((WindowGrowth)step.Node.Step.Growth!).Emit!.CreatedTime.Value, step.Growth!.Input]) { Place = step.Node.Step.Growth.Place, Kind = ErrorKind.DataRefused };
        return (!ReferenceEquals(asked, inputs) && before is { } last && (now is null || last > now) ? last : now, before);
    }

    // The first and the last window that is read; null where one of them has no time that could be written down.
    private async ValueTask<(EventTime First, EventTime Last)?> StretchOfAsync(KeyedGrowth keyed, Inputs own, CancellationToken cancellationToken)
    {
        string key = SqlLiteral.Name(keyed.KeySchema[0].Name);
        var sql = StepQueries.Of(step.Node.Step, $"SELECT epoch_us(CAST(min({key}) AS TIMESTAMPTZ)) AS first, epoch_us(CAST(max({key}) AS TIMESTAMPTZ)) AS last FROM {KeyedGrowth.ReadInput} HAVING count(*) = count({key}) AND isfinite(min({key})) AND isfinite(max({key}))");
        await using IRecordBatchReader reader = await engine.ReadAsync(Bind(sql, own), own, run, cancellationToken).ConfigureAwait(false);
        using RecordBatch? batch = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (batch is not { RowCount: > 0 } || batch.Column(0).Value(0) is not long first || batch.Column(1).Value(0) is not long last) return null;
        return first < s_readable.First.MicrosecondsSinceEpoch || last > s_readable.Last.MicrosecondsSinceEpoch ? null : (new EventTime(first), new EventTime(last));
    }

    private async ValueTask<StepRows> WriteAsync(BoundQuery query, BoundQuery? carried, BoundQuery? lateRows, Inputs read, Touched touched, CancellationToken cancellationToken)
    {
        StepRows rows = await WriteOwnAsync(query, carried, read, touched, cancellationToken).ConfigureAwait(false);
        return rows with { Late = await WriteLateAsync(lateRows, read, touched, cancellationToken).ConfigureAwait(false) };
    }

    // They are looked at by no rule, and are the input's as they are. A step that has no revisions any more loses its old ones.
    private async ValueTask<FileSwap> WriteLateAsync(BoundQuery? rows, Inputs read, Touched touched, CancellationToken cancellationToken)
    {
        if (rows is null) return new FileSwap([], touched.AreAll ? tables.Late.Snapshot?.Files ?? [] : []);
        Begin("jobs.writing_late");
        FileSwap late;
        if (touched.AreAll)
        {
            late = new FileSwap(await engine.WriteAsync(rows, read, TargetOf(tables.Late), run, cancellationToken).ConfigureAwait(false), tables.Late.Snapshot?.Files ?? []);
        }
        else
        {
            await using StagedRelation staged = await engine.StageAsync(rows, read, run, cancellationToken).ConfigureAwait(false);
            Inputs own = read.With(StepQueries.LateInput, new StagedInput(staged));
            late = await WriteRowsAsync(_queries.Late(step.LateSchema!), tables.Late, step.LateSchema!, own, touched with { Growth = Revisions!.Late }, cancellationToken).ConfigureAwait(false);
        }
        End("late");
        return late;
    }

    private async ValueTask<StepRows> WriteOwnAsync(BoundQuery query, BoundQuery? carried, Inputs read, Touched touched, CancellationToken cancellationToken)
    {
        if (!step.IsChecked && touched.Growth is null) return await WriteUncheckedAsync(query, read, touched, cancellationToken).ConfigureAwait(false);
        Begin("jobs.computing");
        await using StagedRelation staged = await engine.StageAsync(carried ?? query, read, run, cancellationToken).ConfigureAwait(false);
        End("compute");

        Begin("jobs.checking", staged.RowCount);
        using RecordBatch whence = Whence();
        Inputs own = read.With(Name, new StagedInput(staged)).With(StepQueries.RunInput, new BatchInput(whence.Schema, [whence]));
        if (carried is not null) await CheckTimesAsync(own, staged.RowCount, cancellationToken).ConfigureAwait(false);
        (long quarantined, long[] broken) = await CountAsync(own, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < broken.Length; i++)
            if (broken[i] > 0 && step.Rules[i].Rule.OnFailure == OnFailure.Fail) throw await RefusalAsync(step.Rules[i], broken[i], staged.RowCount, own, cancellationToken).ConfigureAwait(false);
        CompiledRule[] brokenRules = [.. step.Rules.Where((_, i) => broken[i] > 0)];
        CompiledRule[] quarantining = [.. brokenRules.Where(rule => rule.Rule.OnFailure == OnFailure.Quarantine)];
        SqlText rows = _queries.Good(quarantining);
        IReadOnlyList<RuleRecord>? tableRules = touched.AreAll ? await judge.JudgeAsync(staged.RowCount - quarantined, own, quarantined == 0 ? null : rows, cancellationToken).ConfigureAwait(false) : null;
        End("check");

        Begin(quarantined > 0 ? "jobs.quarantining" : "jobs.writing", quarantined > 0 ? quarantined : staged.RowCount);
        FileSwap bad = await WriteRowsAsync(quarantining.Length == 0 ? null : _queries.Bad(brokenRules), Quarantine, QuarantineSchemaOf(step.Schema), own, touched, cancellationToken).ConfigureAwait(false);
        if (quarantined > 0) Tell("jobs.writing", staged.RowCount - quarantined);
        FileSwap good = await WriteRowsAsync(rows, Table, step.Schema, own, touched, cancellationToken).ConfigureAwait(false);
        End("write");
        tableRules ??= await JudgeGrownAsync(good, rows, own, touched, cancellationToken).ConfigureAwait(false);
        RuleRecord[] rules = [.. step.Rules.Select((rule, i) => new RuleRecord(rule.Rule.Name, rule.Text, TableJudge.NameOf(rule.Rule.OnFailure), broken[i])), .. tableRules];
        return new StepRows(good, bad, staged.RowCount, rules, touched.Keys?.RowCount);
    }

    // Of a table that grows, the rows that stay are asked together with the new ones; the step's inputs as they are, not the part of them that was read.
    private ValueTask<RuleRecord[]> JudgeGrownAsync(FileSwap good, SqlText rows, Inputs own, Touched touched, CancellationToken cancellationToken)
    {
        long rowCount = RowsOf(good.After(Table.Snapshot));
        Inputs asked = inputs.ByName.Aggregate(own, (all, input) => all.With(input.Key, input.Value));
        if (Table.Snapshot is not { Files.Count: > 0 } old) return judge.JudgeAsync(rowCount, asked, rows, cancellationToken);
        SqlText all = touched.Growth is { } growth ? _queries.WithKept(rows, step.Schema, growth) : _queries.WithOld(rows, step.Schema);
        return judge.JudgeAsync(rowCount, asked.With(StepQueries.OldInput, new SnapshotInput(old)), all, cancellationToken);
    }

    private async ValueTask<StepRows> WriteUncheckedAsync(BoundQuery query, Inputs read, Touched touched, CancellationToken cancellationToken)
    {
        Begin("jobs.computing");
        IReadOnlyList<DataFile> files = await engine.WriteAsync(query, read, TargetOf(Table), run, cancellationToken).ConfigureAwait(false);
        End("compute");
        var good = new FileSwap(files, touched.AreAll ? Table.Snapshot?.Files ?? [] : []);
        return new StepRows(good, new FileSwap([], touched.AreAll ? Quarantine.Snapshot?.Files ?? [] : []), RowsOf(files), await judge.JudgeAsync(RowsOf(good.After(Table.Snapshot)), null, null, cancellationToken).ConfigureAwait(false), null);
    }

    // The rows of touched keys go with the files that hold them; what else stood in these is written again beside the new rows.
    private async ValueTask<FileSwap> WriteRowsAsync(SqlText? rows, TableState target, Schema schema, Inputs own, Touched touched, CancellationToken cancellationToken)
    {
        if (target.IsDone(step.Node.Application, runNumber)) return new FileSwap([], []);
        if (touched.AreAll || touched.Growth is not { } growth || target.Snapshot is not { Files.Count: > 0 } before)
            return new FileSwap(await WriteAsync(rows, own).ConfigureAwait(false), touched.AreAll ? target.Snapshot?.Files ?? [] : []);
        Inputs old = own.With(StepQueries.OldInput, new SnapshotInput(before) { FileNumber = StepQueries.FileColumn });
        var holders = new List<DataFile>();
        await using (IRecordBatchReader reader = await engine.ReadAsync(Bind(_queries.Holders(growth, touched.Windows), old), old, run, cancellationToken).ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
                using (batch)
                    foreach (long file in batch.Column(0).Values<long>()) holders.Add(before.Files[(int)file]);
        }
        if (holders.Count == 0) return new FileSwap(await WriteAsync(rows, own).ConfigureAwait(false), []);
        Inputs kept = own.With(StepQueries.OldInput, new SnapshotInput(before with { Files = holders }));
        SqlText all = _queries.WithKept(rows ?? _queries.None(schema), schema, growth);
        return new FileSwap(await WriteAsync(all, kept).ConfigureAwait(false), holders);

        async ValueTask<IReadOnlyList<DataFile>> WriteAsync(SqlText? sql, Inputs from)
            => sql is null ? [] : await engine.WriteAsync(Bind(sql, from), from, TargetOf(target), run, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<(StepRecord Record, MadeTables Tables)> CommitAsync(StepRecord record, StepRows rows)
    {
        Begin("jobs.committing", rows.Computed);
        Snapshot? bad = Quarantine.Snapshot, late = tables.Late.Snapshot;
        // What stands beside it goes first: a table never stands there without the rows that it refused. One that has no rules any more loses its old rows.
        bool hasQuarantine = step.CanQuarantine || bad is { Files.Count: > 0 };
        bool hasLate = step.LateSchema is not null || late is { Files.Count: > 0 };
        IReadOnlyList<DataFile> after = rows.Good.After(Table.Snapshot);
        record = record with
        {
            State = StepState.Done,
            RowsOut = RowsOf(after),
            RowsQuarantined = RowsOf(rows.Bad.After(bad)),
            RowsLate = step.LateSchema is null ? null : RowsOf(rows.Late.After(late)),
            VersionBefore = Table.Snapshot?.Version,
            Version = (Table.Snapshot?.Version ?? -1) + 1,
            QuarantineVersion = VersionAfter(Quarantine, hasQuarantine),
            LateVersion = VersionAfter(tables.Late, hasLate),
            ContentHash = record.RowsAreInexact || after.Any(file => file.ContentSum is null) ? null : ContentHash.Of(step.Schema, ContentSum.Total(after.Select(file => file.ContentSum!.Value))).ToString(),
        };
        var commit = new StepCommit(step.Node.Application, runNumber, record);
        // Once the first is there, the others follow, cancelled or not.
        if (hasQuarantine) bad = await StepCommitter.CommitAsync(Quarantine, QuarantineSchemaOf(step.Schema), rows.Bad, commit, run, CancellationToken.None).ConfigureAwait(false);
        if (hasLate) late = await StepCommitter.CommitAsync(tables.Late, step.LateSchema ?? late!.Schema, rows.Late, commit, run, CancellationToken.None).ConfigureAwait(false);
        Snapshot good = await StepCommitter.CommitAsync(Table, step.Schema, rows.Good, commit, run, CancellationToken.None).ConfigureAwait(false);
        End("commit");
        return (record with { Phases = [.. _phases], Version = good.Version, QuarantineVersion = bad?.Version, LateVersion = late?.Version, ContentHash = good.ContentHash?.ToString() }, new MadeTables(good, bad, late));
    }

    private long? VersionAfter(TableState state, bool isWritten)
        => isWritten && !state.IsDone(step.Node.Application, runNumber) ? (state.Snapshot?.Version ?? -1) + 1 : state.Snapshot?.Version;

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
    /// <remarks>The reason shows values of the row, so it tells of persons where any of them does.</remarks>
    internal static Schema QuarantineSchemaOf(Schema table)
    {
        string? isPersonal = table.Fields.Any(field => field.Metadata[FieldMetadata.PersonalKey] == "true") ? "true" : null;
        return new([.. table.Fields, .. QuarantineFields().Select(field => field.Name == StepQueries.ReasonColumn ? field with { Metadata = field.Metadata.With(FieldMetadata.PersonalKey, isPersonal) } : field)]);
    }

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

    // Files of a step's table were written by a run, which counted.
    private static long RowsOf(IEnumerable<DataFile> files) => files.Sum(file => file.RowCount!.Value);

    /// <summary>What a step wrote and found.</summary>
    private sealed record StepRows(FileSwap Good, FileSwap Bad, long Computed, IReadOnlyList<RuleRecord> Rules, long? KeysTouched)
    {
        internal FileSwap Late { get; init; } = new([], []);
    }

    /// <summary>Whose rows go when new ones come: those of some keys (between two windows, where that is known), of all, or of none.</summary>
    private sealed record Touched(KeyedGrowth? Growth, StagedRelation? Keys, (EventTime First, EventTime Last)? Windows)
    {
        internal static readonly Touched All = new(null, null, null);

        internal static readonly Touched None = new(null, null, null);

        internal bool AreAll => ReferenceEquals(this, All);
    }
}

/// <summary>The new versions of a step's tables.</summary>
/// <param name="Table">Its own.</param>
/// <param name="Quarantine">The rows that its rules refused; null where there never was one.</param>
/// <param name="Late">The rows that came too late for any revision; null where there never were revisions.</param>
internal sealed record MadeTables(Snapshot Table, Snapshot? Quarantine, Snapshot? Late);

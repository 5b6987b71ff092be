using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Rules;

/// <summary>Holds a step's table as a whole against the rules on it.</summary>
/// <param name="step">Whose table.</param>
/// <param name="earlier">Earlier runs, newest first.</param>
/// <param name="engine">Answers what the number of rows does not.</param>
/// <param name="binder">Binds the questions.</param>
/// <param name="run">Says what time it is.</param>
internal sealed class TableJudge(BoundStep step, IReadOnlyList<RunRecord> earlier, IEngine engine, Binder binder, RunContext run)
{
    /// <summary>Whether the number of rows says anything: not where they are a sample.</summary>
    internal bool JudgesRowCounts { get; init; } = true;

    private string Name => step.Node.Step.Name;

    /// <summary>Judges the rows that are about to be written.</summary>
    /// <param name="rowCount">How many go into the table.</param>
    /// <param name="computed">All rows that were computed, under the step's name, beside its inputs; null where no rule asks a question.</param>
    /// <param name="good">The rows of them that go into the table; null for all.</param>
    /// <param name="cancellationToken">Observed between questions.</param>
    /// <returns>What was found, by rule.</returns>
    /// <exception cref="LeptonDataException">A rule that refuses the data is broken.</exception>
    internal async ValueTask<RuleRecord[]> JudgeAsync(long rowCount, Inputs? computed, SqlText? good, CancellationToken cancellationToken)
    {
        // Rows that go to the quarantine are not of the table; where a question is asked, the others are computed once for it.
        bool needsGood = good is not null && step.TableRules.Any(rule => rule.Question is not null);
        await using StagedRelation? left = needsGood ? await engine.StageAsync(binder.Bind(good!, computed!.Schemas, run.Access), computed, run with { Progress = null }, cancellationToken).ConfigureAwait(false) : null;
        Inputs? inputs = left is null ? computed : computed!.With(Name, new StagedInput(left));
        var records = new RuleRecord[step.TableRules.Count];
        for (int i = 0; i < records.Length; i++)
        {
            CompiledTableRule rule = step.TableRules[i];
            records[i] = rule.Rule switch
            {
                RowCountRule or RowHistoryRule when !JudgesRowCounts => Record(rule, isBroken: false) with { RowsFound = rowCount },
                RowCountRule count => Count(count, rule, rowCount),
                RowHistoryRule history => History(history, rule, rowCount),
                FreshnessRule freshness => await FreshnessAsync(freshness, rule, inputs!, cancellationToken).ConfigureAwait(false),
                QueryRule => await QueryAsync(rule, inputs!, cancellationToken).ConfigureAwait(false),
                // A type was judged when the step was bound.
                _ => Record(rule, isBroken: false),
            };
        }
        return records;
    }

    /// <summary>Judges a table that is up to date once more, by the rules that time alone can break.</summary>
    /// <param name="made">What was found when it was made.</param>
    /// <param name="table">As it stands.</param>
    /// <param name="cancellationToken">Observed between questions.</param>
    /// <returns>What holds now, by rule.</returns>
    /// <exception cref="LeptonDataException">A rule that refuses the data is broken.</exception>
    internal async ValueTask<IReadOnlyList<RuleRecord>> JudgeAgainAsync(IReadOnlyList<RuleRecord> made, Snapshot table, CancellationToken cancellationToken)
    {
        List<RuleRecord> records = [.. made];
        foreach (CompiledTableRule rule in step.TableRules)
        {
            if (rule.Rule is not FreshnessRule freshness) continue;
            RuleRecord now = await FreshnessAsync(freshness, rule, new Inputs().Add(Name, new SnapshotInput(table)), cancellationToken).ConfigureAwait(false);
            // One that was added since the table was made is asked all the same.
            if (records.FindIndex(record => record.Name == now.Name) is var index and >= 0) records[index] = now;
            else records.Add(now);
        }
        return records;
    }

    internal static string NameOf(OnFailure onFailure) => onFailure switch
    {
        OnFailure.Fail => "fail",
        OnFailure.Warn => RuleRecord.Warn,
        _ => "quarantine",
    };

    private RuleRecord Count(RowCountRule rule, CompiledTableRule compiled, long rowCount)
    {
        bool isBroken = rowCount < rule.Min || rowCount > rule.Max;
        if (isBroken && rule.OnFailure == OnFailure.Fail) throw Refused(rule, "jobs.row_count", rowCount, compiled.Text);
        return Record(compiled, isBroken) with { RowsFound = rowCount };
    }

    private RuleRecord History(RowHistoryRule rule, CompiledTableRule compiled, long rowCount)
    {
        long[] counts = [.. earlier.Where(record => record.Pipeline == step.Node.Pipeline.Name).OrderByDescending(record => record.Number)
            .SelectMany(record => record.Steps).Where(record => record.Name == Name && record is { State: StepState.Done, RowsOut: not null }).Take(rule.OfLast).Select(record => record.RowsOut!.Value)];
        if (counts.Length == 0) return Record(compiled, isBroken: false) with { RowsFound = rowCount };
        long[] sorted = [.. counts.Order()];
        double median = (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2.0;
        bool isBroken = Math.Abs(rowCount - median) > rule.Within * median;
        if (isBroken && rule.OnFailure == OnFailure.Fail) throw Refused(rule, "jobs.row_history", rowCount, string.Join(", ", counts.Select(count => count.ToString(CultureInfo.InvariantCulture))), compiled.Text);
        return Record(compiled, isBroken) with { RowsFound = rowCount };
    }

    private async ValueTask<RuleRecord> FreshnessAsync(FreshnessRule rule, CompiledTableRule compiled, Inputs inputs, CancellationToken cancellationToken)
    {
        EventTime now = EventTime.FromDateTimeOffset(run.Time.GetUtcNow());
        using RecordBatch answer = await ReadAsync(compiled.Question!, inputs, cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("an aggregate gave no row");
        EventTime? newest = answer.Column(0).Value(0) switch
        {
            EventTime time => time,
            // A day is over when the next begins.
            DateOnly day when day < DateOnly.MaxValue => EventTime.FromDateTimeOffset(new DateTimeOffset(day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero)),
            _ => null,
        };
        bool isBroken = newest is not { } found || (Int128)now.MicrosecondsSinceEpoch - found.MicrosecondsSinceEpoch > rule.AgeMax.Ticks / TimeSpan.TicksPerMicrosecond;
        if (isBroken && rule.OnFailure == OnFailure.Fail)
            throw newest is null ? Refused(rule, "jobs.stale_empty", compiled.Text) : Refused(rule, "jobs.stale", newest, compiled.Text, now);
        return Record(compiled, isBroken) with { Newest = newest };
    }

    private async ValueTask<RuleRecord> QueryAsync(CompiledTableRule rule, Inputs inputs, CancellationToken cancellationToken)
    {
        using RecordBatch answer = await ReadAsync(rule.Question!, inputs, cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("an aggregate gave no row");
        long failing = answer.Column(0).Values<long>()[0];
        if (failing > 0 && rule.Rule.OnFailure == OnFailure.Fail)
        {
            using RecordBatch? example = await ReadAsync(rule.Example!, inputs, cancellationToken).ConfigureAwait(false);
            throw Refused(rule.Rule, "jobs.failing_rows", failing, example is null ? "?" : TextOf(example));
        }
        return Record(rule, isBroken: false) with { BrokenRowCount = failing };
    }

    private static string TextOf(RecordBatch row)
        => string.Join(", ", row.Schema.Fields.Select((field, i) => (field, Value: row.Column(i).Value(0))).Where(pair => !pair.field.Name.StartsWith("__", StringComparison.Ordinal))
            .Select(pair => $"{pair.field.Name} = {(pair.Value is null ? "NULL" : pair.Value is string text ? $"'{text}'" : Profiles.ProfileText.Value(pair.field.Type, pair.Value))}"));

    private static RuleRecord Record(CompiledTableRule rule, bool isBroken) => new(rule.Rule.Name, rule.Text, NameOf(rule.Rule.OnFailure), isBroken ? 1 : 0);

    private LeptonDataException Refused(RuleDefinition rule, string code, params ReadOnlySpan<object?> arguments) => new(code, [rule.Name, Name, .. arguments]) { Place = rule.Place, Kind = ErrorKind.DataRefused };

    private async ValueTask<RecordBatch?> ReadAsync(SqlText sql, Inputs inputs, CancellationToken cancellationToken)
    {
        await using IRecordBatchReader reader = await engine.ReadAsync(binder.Bind(sql, inputs.Schemas, run.Access), inputs, run with { Progress = null }, cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
    }
}

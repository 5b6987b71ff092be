using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;

namespace Lepton.Data.Storage.Runs;

/// <summary>
/// The run records of a lake, in the Delta table <c>_lepton/runs</c>: a row when a run takes its number, before its first commit, and a row when it ends. Safe for use by several threads
/// and processes. See docs/formats/runs.md.
/// </summary>
public sealed class RunLog
{
    private const int FormatVersion = 1;

    // Each run adds two files of a few kilobytes; opening hundreds of them would show at the start of every run.
    private const int FileCountMax = 128;

    private static readonly Schema s_schema = new(
    [
        new Field("run_id", DataType.String),
        new Field("pipeline", DataType.String),
        new Field("number", DataType.Int64),
        new Field("state", DataType.String),
        new Field("written_at", DataType.Instant),
        new Field("format_version", DataType.Int32),
        new Field("record", DataType.String),
    ]);

    private readonly Lake _lake;
    private readonly ITable _table;

    /// <summary>The run records of <paramref name="lake"/>.</summary>
    public RunLog(Lake lake) => (_lake, _table) = (lake, lake.SystemTable("runs"));

    /// <summary>The runs, newest first; of a run that has ended, how it ended.</summary>
    /// <param name="pipeline">Only its runs; null for all.</param>
    /// <param name="cancellationToken">Observed between files.</param>
    /// <exception cref="LeptonDataException">The table cannot be read, or holds a record of a newer format.</exception>
    public async ValueTask<IReadOnlyList<RunRecord>> ReadAsync(string? pipeline = null, CancellationToken cancellationToken = default)
    {
        if (await _table.ReadAsync(null, cancellationToken).ConfigureAwait(false) is not { } snapshot) return [];
        var newest = new Dictionary<(string RunId, string Pipeline), RunRecord>();
        await using IRecordBatchReader reader = await _lake.ReadRecordsAsync(snapshot, cancellationToken).ConfigureAwait(false);
        int[] columns = [.. s_schema.Fields.Select(field => Column(reader.Schema, field.Name))];
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } batch)
        {
            using (batch)
            {
                for (int row = 0; row < batch.RowCount; row++)
                {
                    if (pipeline is not null && (string?)batch.Column(columns[1]).Value(row) != pipeline) continue;
                    if (batch.Column(columns[5]).Value(row) is int version && version > FormatVersion) throw new LeptonDataException("storage.run_newer", [_table.RootPath, version, FormatVersion]);
                    RunRecord record = RunJson.ReadRun((string?)batch.Column(columns[6]).Value(row), _table.RootPath);
                    // A run has at most two rows that count: it began, it ended.
                    if (!newest.TryGetValue((record.RunId, record.Pipeline), out RunRecord? other) || other.State == RunState.Running) newest[(record.RunId, record.Pipeline)] = record;
                }
            }
        }
        return [.. newest.Values.OrderByDescending(run => run.StartedAt).ThenByDescending(run => run.Number).ThenBy(run => run.Pipeline, StringComparer.Ordinal)];
    }

    /// <summary>The versions that belong together: those that the newest finished run of each pipeline names, quarantines and late rows included.</summary>
    /// <returns>By table. A table that no finished run names is not in it.</returns>
    public async ValueTask<IReadOnlyDictionary<TableName, long>> PublishedVersionsAsync(CancellationToken cancellationToken = default)
        => PublishedVersions(await ReadAsync(null, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc cref="PublishedVersionsAsync"/>
    /// <param name="runs">All runs, in any order.</param>
    /// <remarks>The newest is the one with the greatest number: a clock may go back, and two runs may begin in one second.</remarks>
    public static IReadOnlyDictionary<TableName, long> PublishedVersions(IReadOnlyList<RunRecord> runs)
    {
        var versions = new Dictionary<TableName, long>();
        // Where a table moved to another pipeline, the later commit knows it better.
        void Publish(TableName table, long? version)
        {
            if (version is { } found && (!versions.TryGetValue(table, out long other) || found > other)) versions[table] = found;
        }
        foreach (RunRecord run in runs.Where(run => run.State == RunState.Finished).GroupBy(run => run.Pipeline, StringComparer.Ordinal).Select(pipeline => pipeline.MaxBy(run => run.Number)!))
        {
            foreach (StepRecord step in run.Steps)
            {
                var table = TableName.Parse(step.Table);
                Publish(table, step.Version);
                Publish(table.Quarantine, step.QuarantineVersion);
                Publish(table.Late, step.LateVersion);
            }
        }
        return versions;
    }

    /// <summary>The highest number that a run of <paramref name="pipeline"/> took; 0 for none.</summary>
    public async ValueTask<long> NewestNumberAsync(string pipeline, CancellationToken cancellationToken = default)
        => await _table.ReadAsync(null, cancellationToken).ConfigureAwait(false) is { } snapshot ? snapshot.Transactions.GetValueOrDefault(ApplicationOf(pipeline)) : 0;

    /// <summary>Writes the record of a run that begins, and with it takes its number; synced when it returns.</summary>
    /// <param name="run">In the state <see cref="RunState.Running"/>, or ended already where nothing had to be done.</param>
    /// <param name="newestNumber">As <see cref="NewestNumberAsync"/> said.</param>
    /// <param name="cancellationToken">Observed until the commit begins.</param>
    /// <exception cref="LeptonDataException"><c>storage.fenced</c>: another run took the number.</exception>
    public async ValueTask BeginAsync(RunRecord run, long newestNumber, CancellationToken cancellationToken = default)
        => await AppendAsync(run, run.StartedAt, [new TransactionStep(ApplicationOf(run.Pipeline), newestNumber == 0 ? null : newestNumber, run.Number)], cancellationToken).ConfigureAwait(false);

    /// <summary>Writes how a run ended; synced when it returns.</summary>
    public async ValueTask FinishAsync(RunRecord run, CancellationToken cancellationToken = default)
        => await AppendAsync(run, run.FinishedAt ?? run.StartedAt, [], cancellationToken).ConfigureAwait(false);

    /// <summary>Takes away what a process that was killed while it wrote a record left behind. Only for the holder of the <see cref="RunLock"/>.</summary>
    /// <param name="at">When, for the commit that makes one file of many.</param>
    /// <param name="cancellationToken">Observed while the log is read.</param>
    public async ValueTask SweepAsync(EventTime at, CancellationToken cancellationToken = default)
    {
        await Leftovers.SweepLogAsync(_lake, _table, cancellationToken).ConfigureAwait(false);
        Snapshot? snapshot = await _table.ReadAsync(null, cancellationToken).ConfigureAwait(false);
        if (snapshot?.Files.Count > FileCountMax) snapshot = await CompactAsync(snapshot, at, cancellationToken).ConfigureAwait(false);
        await Leftovers.SweepFilesAsync(_lake, _table, snapshot, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts one file with the row that counts of each run in the place of all.</summary>
    private async ValueTask<Snapshot> CompactAsync(Snapshot snapshot, EventTime at, CancellationToken cancellationToken)
    {
        IReadOnlyList<RunRecord> runs = await ReadAsync(null, cancellationToken).ConfigureAwait(false);
        using RecordBatch batch = ToBatch([.. runs.Reverse().Select(run => (run, run.FinishedAt ?? run.StartedAt))]);
        return await _lake.ReplaceRecordsAsync(_table, snapshot, s_schema, [batch], new RecordsCommit("OPTIMIZE", at), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask AppendAsync(RunRecord run, EventTime at, IReadOnlyList<TransactionStep> transactions, CancellationToken cancellationToken)
    {
        using RecordBatch batch = ToBatch([(run, at)]);
        await _lake.AppendRecordsAsync(_table, s_schema, [batch], new RecordsCommit("WRITE", at) { RunId = run.RunId, Transactions = transactions, MustBeFirst = transactions.Count > 0 }, cancellationToken).ConfigureAwait(false);
    }

    private static RecordBatch ToBatch(IReadOnlyList<(RunRecord Run, EventTime At)> rows)
    {
        using var builder = new RecordBatchBuilder(s_schema);
        foreach ((RunRecord run, EventTime at) in rows)
        {
            object?[] values = [run.RunId, run.Pipeline, run.Number, RunJson.NameOf(run.State), at, FormatVersion, RunJson.Write(run)];
            for (int i = 0; i < values.Length; i++) builder.Column(i).AppendValue(values[i]);
        }
        return builder.Build();
    }

    private static string ApplicationOf(string pipeline) => $"run/{pipeline}";

    private int Column(Schema schema, string name) => schema.IndexOf(name) is >= 0 and var index ? index : throw new LeptonDataException("storage.run_broken", [_table.RootPath, name]);
}

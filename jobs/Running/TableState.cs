using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Running;

/// <summary>A table as it stands, and the step that made it.</summary>
/// <param name="Table">The table.</param>
/// <param name="Snapshot">Its newest version; null where there is none.</param>
/// <param name="MadeBy">The record that the commit of its rows carries; null where another program made that commit. Who only lays them into other files leaves them the step's.</param>
/// <param name="RowsVersion">The oldest version that has these rows; null where there is no table.</param>
/// <param name="Commit">The commit of that version, for messages.</param>
/// <param name="LostFile">A live file that is not there, or not as long as the log says; null where all are.</param>
internal sealed record TableState(ITable Table, Snapshot? Snapshot, StepCommit? MadeBy, long? RowsVersion, CommitEntry? Commit, string? LostFile)
{
    /// <summary>Whether the step's progress is that of a run: then what that run does to this table is done.</summary>
    internal bool IsDone(string application, long runNumber) => Snapshot is { } snapshot && snapshot.Transactions.TryGetValue(application, out long number) && number == runNumber;

    /// <summary>Whether the rows are those that a version had; null is the version of no table.</summary>
    internal bool HasRowsOf(long? version) => version is null ? Snapshot is null : version >= RowsVersion && version <= Snapshot?.Version;

    internal static async ValueTask<TableState> ReadAsync(Lake lake, TableName name, CancellationToken cancellationToken)
    {
        ITable table = lake.Table(name);
        if (await table.ReadAsync(null, cancellationToken).ConfigureAwait(false) is not { } snapshot) return new TableState(table, null, null, null, null, null);
        string? lost = (await lake.FindLostFileAsync(snapshot, cancellationToken).ConfigureAwait(false))?.Path;
        CommitEntry? oldest = null;
        // A run that gave no row and took none moved its progress all the same.
        StepCommit? madeBy = null;
        await foreach (CommitEntry entry in table.HistoryAsync(cancellationToken).ConfigureAwait(false))
        {
            // Written between the two looks: take the pair again.
            if (oldest is null && entry.Version != snapshot.Version) return await ReadAsync(lake, name, cancellationToken).ConfigureAwait(false);
            oldest = entry;
            madeBy ??= StepCommit.Of(entry);
            if (!entry.LeavesRows) return new TableState(table, snapshot, madeBy, entry.Version, entry, lost);
        }
        return new TableState(table, snapshot, madeBy, oldest?.Version ?? snapshot.Version, oldest, lost);
    }
}

/// <summary>The tables that a step makes, as they stand.</summary>
/// <param name="Table">Its own.</param>
/// <param name="Quarantine">The rows that its rules refused.</param>
/// <param name="Late">The rows that came too late for any revision.</param>
internal sealed record StepTables(TableState Table, TableState Quarantine, TableState Late)
{
    internal IReadOnlyList<TableState> All => [Table, Quarantine, Late];

    internal static async ValueTask<StepTables> ReadAsync(Lake lake, TableName name, CancellationToken cancellationToken)
        => new(
            await TableState.ReadAsync(lake, name, cancellationToken).ConfigureAwait(false),
            await TableState.ReadAsync(lake, name.Quarantine, cancellationToken).ConfigureAwait(false),
            await TableState.ReadAsync(lake, name.Late, cancellationToken).ConfigureAwait(false));
}

/// <summary>What the commit of a step's table says of the step.</summary>
/// <param name="Application">The pipeline and the step.</param>
/// <param name="RunNumber">The run.</param>
/// <param name="Step">What the step did, without timings and lineage.</param>
internal sealed record StepCommit(string Application, long RunNumber, StepRecord Step)
{
    private const string ApplicationKey = "lepton.step", NumberKey = "lepton.run_number", RecordKey = "lepton.record";

    /// <summary>The parameters of the commit's history entry.</summary>
    internal IReadOnlyDictionary<string, string> ToParameters(bool isAppend) => new Dictionary<string, string>
    {
        ["mode"] = isAppend ? "Append" : "Overwrite",
        [ApplicationKey] = Application,
        [NumberKey] = RunNumber.ToString(System.Globalization.CultureInfo.InvariantCulture),
        [RecordKey] = RunJson.WriteForCommit(Step),
    };

    internal static StepCommit? Of(CommitEntry entry)
        => entry.Parameters.TryGetValue(ApplicationKey, out string? application)
           && entry.Parameters.TryGetValue(NumberKey, out string? number)
           && long.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long run)
           && RunJson.TryReadStep(entry.Parameters.GetValueOrDefault(RecordKey)) is { } step
            ? new StepCommit(application, run, step)
            : null;
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <summary>A Delta table. Safe for use by several threads and processes.</summary>
public interface ITable
{
    /// <summary>The table's folder, absolute.</summary>
    string RootPath { get; }

    /// <summary>The table as it was at a version.</summary>
    /// <param name="version">The version, or null for the newest.</param>
    /// <returns>Null where the table does not exist yet.</returns>
    /// <exception cref="LeptonDataException">No such version, a corrupt log, a protocol that we do not read.</exception>
    ValueTask<Snapshot?> ReadAsync(long? version = null, CancellationToken cancellationToken = default);

    /// <summary>The table as it was at a time: the newest version that was committed then or before.</summary>
    /// <param name="time">After the newest commit it is that one.</param>
    /// <param name="cancellationToken">Observed between commits.</param>
    /// <returns>Null where the table does not exist yet.</returns>
    /// <exception cref="LeptonDataException"><c>storage.before_first_version</c>; as for a version.</exception>
    ValueTask<Snapshot?> ReadAtAsync(EventTime time, CancellationToken cancellationToken = default);

    /// <summary>Checks that the table, where it exists, is one that we write to: a commit would say the same, once its files are written.</summary>
    /// <param name="removes">Whether files are to be removed.</param>
    /// <param name="cancellationToken">Observed while the log is read.</param>
    /// <exception cref="LeptonDataException"><c>storage.delta_feature</c>, <c>storage.delta_protocol</c>: the table asks something of writers that we do not do; <c>storage.append_only</c>.</exception>
    ValueTask CheckWritableAsync(bool removes, CancellationToken cancellationToken = default);

    /// <summary>Commits <paramref name="change"/> atomically: the files are there already; this writes the next entry of the log, or finds that it was written before.</summary>
    /// <returns>The snapshot that holds the change.</returns>
    /// <exception cref="LeptonDataException"><c>storage.conflict</c>: another commit got in the way; <c>storage.fenced</c>: another run took over (see <see cref="TransactionStep"/>); others, of which <see cref="CommitOutcome"/> tells whether the commit may have arrived.</exception>
    ValueTask<Snapshot> CommitAsync(TableChange change, CancellationToken cancellationToken = default);

    /// <summary>The commits, newest first.</summary>
    IAsyncEnumerable<CommitEntry> HistoryAsync(CancellationToken cancellationToken = default);

    /// <summary>Deletes files that no version inside the retention and no pinned one has, and that are older than the retention.</summary>
    /// <exception cref="LeptonDataException"><c>storage.no_table</c>; <c>storage.vacuum_retention</c>: too short; a pinned version that cannot be read; a table that we do not write.</exception>
    ValueTask<VacuumResult> VacuumAsync(VacuumOptions options, CancellationToken cancellationToken = default);
}

/// <summary>A table at one version. Immutable.</summary>
public sealed record Snapshot
{
    /// <summary>The table's folder, absolute.</summary>
    public required string RootPath { get; init; }

    /// <summary>The version, counted from 0.</summary>
    public required long Version { get; init; }

    /// <summary>When it was committed, as its writer said.</summary>
    public required EventTime CommittedAt { get; init; }

    /// <summary>The columns, with their metadata.</summary>
    public required Schema Schema { get; init; }

    /// <summary>The live files.</summary>
    public required IReadOnlyList<DataFile> Files { get; init; }

    /// <summary>The newest version of each application that committed with one (Delta's <c>txn</c>).</summary>
    public required IReadOnlyDictionary<string, long> Transactions { get; init; }

    /// <summary>The table's identity, given at creation.</summary>
    public required string TableId { get; init; }

    /// <summary>Delta table properties.</summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    /// <summary>Partition columns, in order; empty for none.</summary>
    public IReadOnlyList<string> PartitionColumns { get; init; } = [];

    /// <summary>How many rows; null where a file's writer did not say.</summary>
    public long? RowCount
    {
        get
        {
            long rows = 0;
            foreach (DataFile file in Files)
            {
                if (file.RowCount is not { } more) return null;
                rows += more;
            }
            return rows;
        }
    }

    /// <summary>The identity of the rows, independent of files and order; null where a file's writer gave no sum.</summary>
    public ContentHash? ContentHash => Files.All(file => file.ContentSum is not null)
        ? Schemas.Hashing.ContentHash.Of(Schema, ContentSum.Total(Files.Select(file => file.ContentSum!.Value)))
        : null;

    /// <summary>What the files call the columns; null where they call them the same.</summary>
    internal ColumnMapping? Mapping { get; init; }

    /// <summary>What the table's folder is called outside, where <see cref="RootPath"/> is that of its copies.</summary>
    internal string CalledPath
    {
        get => field ?? RootPath;
        init;
    }

    /// <summary>Where all that rows are read from lies, as it is called outside (absolute, or a URL): the live files, and those of their deletion vectors.</summary>
    public IEnumerable<string> StoredLocations
        => Files.SelectMany(file => VectorOf(file) is { } vector ? [LocationOf(file.Path), LocationOf(vector)] : new[] { LocationOf(file.Path) }).Distinct(StringComparer.Ordinal);

    /// <summary>Where the live files lie, as it is called outside (absolute, or a URL), in order.</summary>
    public IEnumerable<string> FilePaths => Files.Select(file => LocationOf(file.Path));

    /// <summary>The same rows, read from copies on this machine.</summary>
    /// <param name="store">Where the table lies.</param>
    /// <param name="files">What <see cref="IObjectStore.FetchAsync"/> brought of <see cref="StoredLocations"/>.</param>
    public Snapshot At(IObjectStore store, LocalFiles files)
    {
        string folder = Copy(RootPath);
        // Of a table that has all its files in its folder, which most are, nothing but that is another.
        bool isClone = Files.Any(file => PathEncoding.IsAbsolute(file.Path) || file.DeletionVector is { StorageType: "p" });
        return this with { RootPath = folder, CalledPath = CalledPath, Files = !isClone || folder == RootPath ? Files : [.. Files.Select(Here)] };

        string Copy(string location) => files.PathOf(store.PathOf(location)!);

        DataFile Here(DataFile file) => file with
        {
            Path = PathEncoding.IsAbsolute(file.Path) ? Copy(file.Path) : file.Path,
            DeletionVector = file.DeletionVector is { StorageType: "p" } vector ? vector with { PathOrInline = PathEncoding.Encode(Copy(LocationOf(VectorOf(file)!))) } : file.DeletionVector,
        };
    }

    internal string LocationOf(string path) => PathEncoding.IsAbsolute(path) ? path : $"{RootPath}/{path}";

    // The log's reader checked it already, against the store's root too.
    private string? VectorOf(DataFile file) => file.DeletionVector is { Inline: null } vector && vector.TryFindFile(RootPath, "", out string? name) ? name : null;
}

/// <summary>One commit in a table's log.</summary>
/// <param name="Version">Counted from 0.</param>
/// <param name="CommittedAt">As its writer said.</param>
/// <param name="Operation">For example <c>WRITE</c>.</param>
/// <param name="Parameters">Of the operation, as the writer wrote them.</param>
/// <param name="RunId">Ours; null for other writers.</param>
/// <param name="Engine">Who wrote it.</param>
public sealed record CommitEntry(long Version, EventTime CommittedAt, string Operation, IReadOnlyDictionary<string, string> Parameters, string? RunId, string? Engine)
{
    /// <summary>Whether the table's rows and columns are afterwards what they were before: a compaction (all its actions say <c>dataChange = false</c>), a vacuum's note.</summary>
    public bool LeavesRows { get; init; }
}

/// <summary>The files between whose rows two versions of a table differ.</summary>
/// <param name="Added">Files that hold rows which came.</param>
/// <param name="Removed">Files that held rows which went.</param>
/// <remarks>Where a file was written anew with some of its rows, it stands on both sides, and the rows that it kept are in both.</remarks>
public sealed record RowChanges(IReadOnlyList<DataFile> Added, IReadOnlyList<DataFile> Removed);

/// <summary>What follows from the interface.</summary>
public static class TableExtensions
{
    private const int CommitsMax = 200;

    /// <summary>What came and went between two versions. Files that were only laid out anew do not count.</summary>
    /// <param name="table">The table.</param>
    /// <param name="since">The version before.</param>
    /// <param name="until">The version after.</param>
    /// <param name="cancellationToken">Observed between commits.</param>
    /// <returns>Null where the log has no commits or no state that old any more, or another table stood there then.</returns>
    public static async ValueTask<RowChanges?> RowChangesAsync(this ITable table, long since, Snapshot until, CancellationToken cancellationToken = default)
    {
        var changing = new Stack<long>();
        bool isLaidOutAnew = false, isKnown = false;
        await foreach (CommitEntry commit in table.HistoryAsync(cancellationToken).ConfigureAwait(false))
        {
            if (commit.Version > until.Version) continue;
            isKnown = commit.Version <= since;
            if (isKnown) break;
            if (!commit.LeavesRows) changing.Push(commit.Version);
            // Progress without rows is no new layout, but looks into two more states cost little.
            else isLaidOutAnew = true;
        }
        if (!isKnown || since > until.Version) return null;
        try
        {
            if (await ReadAsync(since).ConfigureAwait(false) is not { } before || before.TableId != until.TableId) return null;
            var added = new HashSet<DataFile>();
            var removed = new HashSet<DataFile>();
            // Of very many commits the two ends say enough; what was laid out anew then looks as if it had gone and come.
            if (!isLaidOutAnew || changing.Count > CommitsMax)
            {
                Count(before, until);
            }
            else
            {
                foreach (long version in changing)
                    if (await ReadAsync(version - 1).ConfigureAwait(false) is not { } from || await ReadAsync(version).ConfigureAwait(false) is not { } to) return null;
                    else Count(from, to);
            }
            return new RowChanges([.. added], [.. removed]);

            void Count(Snapshot from, Snapshot to)
            {
                HashSet<DataFile> old = [.. from.Files];
                HashSet<DataFile> live = [.. to.Files];
                foreach (DataFile file in from.Files)
                    if (!live.Contains(file) && !added.Remove(file)) removed.Add(file);
                foreach (DataFile file in to.Files)
                    if (!old.Contains(file) && !removed.Remove(file)) added.Add(file);
            }
        }
        catch (LeptonDataException failure) when (failure is { IsTransient: false, Code: "storage.no_such_version" or "storage.log_checkpoint" })
        {
            return null;
        }

        async ValueTask<Snapshot?> ReadAsync(long version) => version == until.Version ? until : await table.ReadAsync(version, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The oldest version that has the rows of <paramref name="version"/>: since then files were only laid out anew.</summary>
    /// <param name="table">The table.</param>
    /// <param name="version">One that is there.</param>
    /// <param name="cancellationToken">Observed between commits.</param>
    /// <returns>At least the oldest version whose commit the log still has.</returns>
    public static async ValueTask<long> RowsSinceAsync(this ITable table, long version, CancellationToken cancellationToken = default)
    {
        long since = version;
        await foreach (CommitEntry commit in table.HistoryAsync(cancellationToken).ConfigureAwait(false))
        {
            if (commit.Version > version) continue;
            since = commit.Version;
            if (!commit.LeavesRows) break;
        }
        return since;
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Predicates;

namespace Lepton.Data.Storage.Delta.Rewrites;

/// <summary>
/// What a change of the rows that match a predicate does to a table's files, told from partition values and statistics alone. The engine reads and rewrites what is
/// <see cref="Mixed"/>; the changes made here remove and add files in one commit, and conflict with whoever added or removed rows that the predicate may mean.
/// </summary>
public sealed record RewritePlan
{
    private RewritePlan(Snapshot current, RowPredicate rows, IReadOnlyList<DataFile> matching, IReadOnlyList<DataFile> mixed) => (Base, Rows, Matching, Mixed) = (current, rows, matching, mixed);

    /// <summary>The snapshot that was looked at.</summary>
    public Snapshot Base { get; }

    /// <summary>Which rows are meant.</summary>
    public RowPredicate Rows { get; }

    /// <summary>Files of which every row is meant: nobody needs to read them to remove them.</summary>
    public IReadOnlyList<DataFile> Matching { get; }

    /// <summary>Files that may hold rows that are meant and rows that are not.</summary>
    public IReadOnlyList<DataFile> Mixed { get; }

    /// <summary>Looks which files of a snapshot may hold rows that match.</summary>
    /// <param name="current">The table.</param>
    /// <param name="rows">Columns of the table.</param>
    /// <exception cref="ArgumentException">A column that the table lacks, or a value of another type.</exception>
    public static RewritePlan Of(Snapshot current, RowPredicate rows)
    {
        rows.CheckColumns(current.Schema);
        List<DataFile> matching = [], mixed = [];
        foreach (DataFile file in current.Files)
        {
            if (!FileFacts.MayMatch(file, current.Schema, rows)) continue;
            (FileFacts.AllMatch(file, current.Schema, rows) ? matching : mixed).Add(file);
        }
        return new RewritePlan(current, rows, matching, mixed);
    }

    /// <summary>The table as if it had the <see cref="Mixed"/> files only: what an engine reads to rewrite them.</summary>
    public Snapshot MixedRows => Base with { Files = Mixed };

    /// <summary>The table as if it had only files that may hold rows that match: what an engine reads to find those rows.</summary>
    public Snapshot CandidateRows => Base with { Files = [.. Matching, .. Mixed] };

    /// <summary>The plan where the predicate stands for rows that only reading finds: no file is known to match as a whole.</summary>
    internal RewritePlan AllMixed() => new(Base, Rows, [], [.. Matching, .. Mixed]);

    /// <summary>The plan once the <see cref="Mixed"/> files were read.</summary>
    /// <param name="matching">Those in which a row matches; the others stay.</param>
    /// <param name="whole">Those of them in which every row does.</param>
    internal RewritePlan Found(IReadOnlyList<DataFile> matching, IReadOnlyList<DataFile> whole) => new(Base, Rows, [.. Matching, .. whole], [.. matching.Except(whole)]);

    /// <summary>Removes the rows that match.</summary>
    /// <param name="kept">Files with those rows of <see cref="Mixed"/> that do not match (for which the predicate is false or unknown).</param>
    /// <param name="committedAt">When.</param>
    public TableChange Delete(IReadOnlyList<DataFile> kept, EventTime committedAt) => Change("DELETE", kept, committedAt);

    /// <summary>Puts rows in the place of those that match (Delta's <c>replaceWhere</c>).</summary>
    /// <param name="added">Files whose partition values or statistics prove that all their rows match.</param>
    /// <param name="kept">Files with those rows of <see cref="Mixed"/> that do not match.</param>
    /// <param name="committedAt">When.</param>
    /// <exception cref="LeptonDataException"><c>storage.outside_predicate</c>: a file may hold rows that do not match.</exception>
    public TableChange Overwrite(IReadOnlyList<DataFile> added, IReadOnlyList<DataFile> kept, EventTime committedAt)
    {
        if (added.FirstOrDefault(file => !FileFacts.AllMatch(file, Base.Schema, Rows)) is { } outside)
            throw new LeptonDataException("storage.outside_predicate", [Base.RootPath, outside.Path, Rows.ToSql(Base.Schema)]);
        return Replace(added, kept, committedAt);
    }

    /// <summary>As <see cref="Overwrite"/>, where the rows themselves were looked at and all match.</summary>
    internal TableChange Replace(IReadOnlyList<DataFile> added, IReadOnlyList<DataFile> kept, EventTime committedAt)
        => Change("WRITE", [.. kept, .. added], committedAt) with { Parameters = new Dictionary<string, string> { ["mode"] = "Overwrite", ["predicate"] = Rows.ToSql(Base.Schema) } };

    /// <summary>Replaces rows by key and adds those whose key is new. The predicate must mean every row with a key of the source, and may mean more.</summary>
    /// <param name="rewritten">Files with all rows of <see cref="CandidateRows"/> as they are after it, and the new rows.</param>
    /// <param name="committedAt">When.</param>
    public TableChange Upsert(IReadOnlyList<DataFile> rewritten, EventTime committedAt) => Change("MERGE", rewritten, committedAt);

    private TableChange Change(string operation, IReadOnlyList<DataFile> added, EventTime committedAt) => new()
    {
        Base = Base,
        Schema = Base.Schema,
        Added = added,
        Removed = [.. Matching, .. Mixed],
        HasReadTable = true,
        ReadRows = Rows,
        Operation = operation,
        Parameters = new Dictionary<string, string> { ["predicate"] = Rows.ToSql(Base.Schema) },
        CommittedAt = committedAt,
    };
}

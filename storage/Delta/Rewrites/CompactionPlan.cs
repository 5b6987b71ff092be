using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;

namespace Lepton.Data.Storage.Delta.Rewrites;

/// <summary>Which files of a table to write anew as fewer or as sorted ones. The rows stay the same, so that the commit gets in no reader's way.</summary>
public sealed record CompactionPlan
{
    private CompactionPlan(Snapshot current, IReadOnlyList<string> clusterBy, IReadOnlyList<CompactionGroup> groups) => (Base, ClusterBy, Groups) = (current, clusterBy, groups);

    /// <summary>The size that files should come to, unless said otherwise.</summary>
    public const long DefaultTargetBytes = 256L << 20;

    /// <summary>The snapshot that was looked at.</summary>
    public Snapshot Base { get; }

    /// <summary>The columns by which the rows of each group are to be sorted; none for any order.</summary>
    public IReadOnlyList<string> ClusterBy { get; }

    /// <summary>What to write anew: each group's rows become new files of one partition.</summary>
    public IReadOnlyList<CompactionGroup> Groups { get; }

    /// <summary>Looks what is worth writing anew.</summary>
    /// <param name="current">The table.</param>
    /// <param name="targetBytes">Files below three quarters of this are put together until they come to it; at least 1.</param>
    /// <param name="clusterBy">Columns to sort by: then all files of a partition are one group, and a second call does the work again.</param>
    /// <exception cref="ArgumentException">A column that the table lacks, that divides it already, or that has no order.</exception>
    public static CompactionPlan Of(Snapshot current, long targetBytes = DefaultTargetBytes, IReadOnlyList<string>? clusterBy = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(targetBytes, 1);
        clusterBy ??= [];
        foreach (string column in clusterBy)
            if (current.Schema.Find(column) is not { } field || current.PartitionColumns.Contains(field.Name) || field.Type is StructType or ListType or FixedSizeListType or MapType)
                throw new ArgumentException($"the rows are not sorted by '{column}'", nameof(clusterBy));
        // Of a file whose writer counted no rows nobody could tell afterwards that they are all there.
        IEnumerable<DataFile> counted = current.Files.Where(file => file.RowCount is not null);
        IEnumerable<IReadOnlyList<DataFile>> groups = clusterBy.Count > 0
            ? FileGroups.ByPartition(current.PartitionColumns, counted)
            : FileGroups.Of(current.PartitionColumns, counted.Where(file => file.SizeBytes < targetBytes - (targetBytes / 4)), targetBytes).Where(group => group.Count > 1);
        return new CompactionPlan(current, [.. clusterBy], [.. groups.Select(group => new CompactionGroup(group))]);
    }

    /// <summary>A group's rows: what an engine reads to write them anew.</summary>
    public Snapshot RowsOf(CompactionGroup group) => Base with { Files = group.Files };

    /// <summary>Puts the new files in the place of the old ones, with <c>dataChange = false</c>.</summary>
    /// <param name="groups">Those of <see cref="Groups"/> that were written anew.</param>
    /// <param name="rewritten">Their rows.</param>
    /// <param name="committedAt">When.</param>
    /// <remarks>The commit is refused where counts of rows and content sums do not show that the rows are the same.</remarks>
    public TableChange Commit(IReadOnlyList<CompactionGroup> groups, IReadOnlyList<DataFile> rewritten, EventTime committedAt) => new()
    {
        Base = Base,
        Schema = Base.Schema,
        Added = rewritten,
        Removed = [.. groups.SelectMany(group => group.Files)],
        HasReadTable = false,
        IsRewrite = true,
        Operation = "OPTIMIZE",
        Parameters = new Dictionary<string, string> { ["clusterBy"] = string.Create(CultureInfo.InvariantCulture, $"[{string.Join(',', ClusterBy.Select(column => $"\"{column}\""))}]") },
        CommittedAt = committedAt,
    };
}

/// <summary>Files of one partition to be written anew together.</summary>
/// <param name="Files">In the order of the log.</param>
public sealed record CompactionGroup(IReadOnlyList<DataFile> Files)
{
    /// <summary>Their length together.</summary>
    public long SizeBytes => Files.Sum(file => file.SizeBytes);

    /// <summary>Their content sum; null where a file has none.</summary>
    public ContentSum? ContentSum => Files.All(file => file.ContentSum is not null) ? Schemas.Hashing.ContentSum.Total(Files.Select(file => file.ContentSum!.Value)) : null;
}

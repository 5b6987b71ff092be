using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;

namespace Lepton.Data.Storage.Delta;

/// <summary>One Parquet file of a table (Delta's <c>add</c> action).</summary>
/// <param name="Path">Relative to the table's folder, as a path, not percent-encoded.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="ModifiedAt">When it was written.</param>
/// <param name="Statistics">Row count and per-column bounds; null where the writer gave none.</param>
/// <param name="ContentSum">The sum of its rows' hashes; null where the writer was not ours.</param>
public sealed record DataFile(string Path, long SizeBytes, EventTime ModifiedAt, FileStatistics? Statistics, ContentSum? ContentSum)
{
    /// <summary>Values of the partition columns, in Delta's text form; null for NULL. Empty for tables without partitions.</summary>
    public IReadOnlyDictionary<string, string?> PartitionValues { get; init; } = new Dictionary<string, string?>();
}

/// <summary>What is known of a file's rows without reading them.</summary>
/// <param name="RowCount">How many.</param>
/// <param name="Columns">By column; a column may be absent.</param>
public sealed record FileStatistics(long RowCount, IReadOnlyDictionary<string, ColumnStatistics> Columns);

/// <summary>Bounds of a column's values in one file. The bounds hold, though they need not be reached (long text is cut).</summary>
/// <param name="NullCount">How many are NULL; null if not known.</param>
/// <param name="Min">As <c>ColumnView.Value</c> gives it (bool, integers, double, <see cref="Int128"/>, string, DateOnly, <see cref="EventTime"/>), or null if not known or all are NULL.</param>
/// <param name="Max">Likewise.</param>
public sealed record ColumnStatistics(long? NullCount, object? Min, object? Max);

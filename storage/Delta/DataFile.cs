using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Delta.Log;

namespace Lepton.Data.Storage.Delta;

/// <summary>One Parquet file of a table (Delta's <c>add</c> action). Two are equal when they are the same file with the same rows deleted.</summary>
/// <param name="Path">Relative to the table's folder, as a path, not percent-encoded; absolute for a file of another table of the store (a shallow clone).</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="ModifiedAt">When it was written.</param>
/// <param name="Statistics">Row count and per-column bounds of all rows in the file, deleted ones too; null where the writer gave none. Read from the log when first asked for.</param>
/// <param name="ContentSum">The sum of its rows' hashes; null where the writer was not ours, or rows were deleted since.</param>
public sealed record DataFile(string Path, long SizeBytes, EventTime ModifiedAt, FileStatistics? Statistics, ContentSum? ContentSum)
{
    // The first to be copied: a copy made while another thread reads may then lack what was read, and reads it again.
    private volatile bool _isRead;
    private FileStatistics? _statistics = Statistics;
    private readonly UnreadStatistics _unread;

    /// <summary>Row count and per-column bounds of all rows in the file, deleted ones too; null where the writer gave none.</summary>
    public FileStatistics? Statistics
    {
        get
        {
            // Two threads may both read them; they find the same.
            if (_unread.IsThere && !_isRead)
            {
                CheckRowCount();
                (_statistics, _isRead) = (_unread.Read(), true);
            }
            return _statistics;
        }
        init => (_statistics, _unread) = (value, default);
    }

    /// <summary>Values of the partition columns, by name, in Delta's text form; null for NULL. Empty for tables without partitions.</summary>
    public IReadOnlyDictionary<string, string?> PartitionValues { get; init; } = new Dictionary<string, string?>();

    /// <summary>Which rows are deleted; null for none.</summary>
    public DeletionVector? DeletionVector { get; init; }

    /// <summary>How many rows it has, those deleted not counted; null where the writer did not say. Reads no bounds.</summary>
    /// <exception cref="LeptonDataException"><c>storage.log_field</c>: more are deleted than there are.</exception>
    public long? RowCount => DeletionVector is null && ContentSum is { } sum ? sum.RowCount : Undeleted(_unread.IsThere ? _unread.RowCount : _statistics?.RowCount);

    /// <summary>The path as the log has it, where we would write it otherwise.</summary>
    internal string? PathInLog { get; init; }

    /// <summary>What else its writer noted in the log.</summary>
    internal IReadOnlyDictionary<string, string?> Tags { get; init; } = AddAction.NoTexts;

    internal UnreadStatistics Unread
    {
        init => _unread = value;
    }

    /// <summary>Looks whether the statistics fit what stands beside them: a sum is believed without reading the file, so that it must at least not contradict them.</summary>
    /// <exception cref="LeptonDataException"><c>storage.log_sum</c>, <c>storage.log_field</c>: they do not.</exception>
    internal void CheckRowCount()
    {
        if (Undeleted(_unread.RowCount) is { } rows && ContentSum is { } sum && sum.RowCount != rows) throw new LeptonDataException("storage.log_sum", [Path]) { Place = _unread.Place };
    }

    private long? Undeleted(long? rows)
        => rows - (DeletionVector?.RowCount ?? 0) is var left && left < 0 ? throw new LeptonDataException("storage.log_field", ["deletionVector"]) { Place = _unread.Place } : left;

    /// <inheritdoc/>
    public bool Equals(DataFile? other)
        => other is not null && Path == other.Path && SizeBytes == other.SizeBytes && ModifiedAt == other.ModifiedAt && ContentSum == other.ContentSum && DeletionVector == other.DeletionVector;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Path, SizeBytes, DeletionVector);
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

/// <summary>Statistics as a log has them.</summary>
/// <param name="Text">As written.</param>
/// <param name="Columns">Of the version asked for.</param>
/// <param name="Place">Where they stand.</param>
internal readonly record struct UnreadStatistics(StatisticsText Text, TableColumns Columns, SourcePlace Place)
{
    /// <summary>False for the default: the file's statistics are no log's.</summary>
    internal bool IsThere => Columns is not null;

    internal long? RowCount => Text.Json is { IsEmpty: false } json ? StatisticsJson.ReadRowCount(json.Span) : null;

    internal FileStatistics? Read() => Text.Json is { IsEmpty: false } json ? StatisticsJson.Read(json, Columns.Schema, Columns.NameOf) : null;
}

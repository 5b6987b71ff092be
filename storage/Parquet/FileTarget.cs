namespace Lepton.Data.Storage.Parquet;

/// <summary>Where and how to write Parquet files.</summary>
/// <param name="Folder">Absolute; made if it does not exist.</param>
/// <param name="KeepsOrder">Whether rows must lie in the query's order and equal rows make equal bytes (training sets), at the price of one writer.</param>
/// <param name="FileNamePrefix">What file names begin with; the rest is unique, or <see cref="FileNumber"/> where <paramref name="KeepsOrder"/>.</param>
public sealed record FileTarget(string Folder, bool KeepsOrder = false, string FileNamePrefix = "part-")
{
    /// <summary>Columns of the query by whose values rows are divided: each value has a folder and files of its own, which lack these columns. Empty for none.</summary>
    public IReadOnlyList<string> PartitionColumns { get; init; } = [];

    /// <summary>The one value of each partition column that all rows have, as Delta's text (null for NULL), where that is known before; null where it is not.</summary>
    public IReadOnlyDictionary<string, string?>? PartitionValues { get; init; }

    /// <summary>Where <see cref="KeepsOrder"/>: the number in the file's name, 0 or more.</summary>
    public int FileNumber { get; init; }

    /// <summary>How many rows a file has at most, in the query's order from file to file; null for any number.</summary>
    public long? RowsPerFile { get; init; }
}

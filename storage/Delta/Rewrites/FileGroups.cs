namespace Lepton.Data.Storage.Delta.Rewrites;

/// <summary>Files that are to be written anew, put together.</summary>
internal static class FileGroups
{
    /// <summary>The files of each partition, in the order of the log.</summary>
    /// <param name="columns">The partition columns.</param>
    /// <param name="files">All files.</param>
    internal static IEnumerable<IReadOnlyList<DataFile>> ByPartition(IReadOnlyList<string> columns, IEnumerable<DataFile> files)
        => files.GroupBy(file => string.Join('\0', columns.Select(column => file.PartitionValues[column] is { Length: > 0 } value ? $"={value}" : ""))).Select(group => group.ToList());

    /// <summary>Files of one partition each, which come to a size together; a file that is larger stays alone.</summary>
    /// <param name="columns">The partition columns.</param>
    /// <param name="files">All files.</param>
    /// <param name="targetBytes">The size.</param>
    internal static IEnumerable<IReadOnlyList<DataFile>> Of(IReadOnlyList<string> columns, IEnumerable<DataFile> files, long targetBytes)
    {
        foreach (IReadOnlyList<DataFile> partition in ByPartition(columns, files))
        {
            List<DataFile> group = [];
            long size = 0;
            foreach (DataFile file in partition)
            {
                if (group.Count > 0 && size + file.SizeBytes > targetBytes)
                {
                    yield return group;
                    (group, size) = ([], 0);
                }
                group.Add(file);
                size += file.SizeBytes;
            }
            yield return group;
        }
    }
}

using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>How much a commit moved, for the history: under the names that Spark has for each operation. Rows are left out where a file's writer did not count them, or what it said cannot be read.</summary>
internal static class OperationMetrics
{
    internal static IEnumerable<(string Name, long Value)> Of(TableChange change)
    {
        Files added = Files.Of(change.Added), removed = Files.Of(change.Removed);
        IEnumerable<(string Name, long? Value)> metrics = change.Operation switch
        {
            "DELETE" =>
            [
                ("numRemovedFiles", removed.Count), ("numRemovedBytes", removed.Bytes), ("numAddedFiles", added.Count), ("numAddedBytes", added.Bytes),
                ("numDeletedRows", RowsOf(change.Removed) - RowsOf(change.Added)), ("numCopiedRows", RowsOf(change.Added)),
            ],
            "MERGE" =>
            [
                ("numTargetFilesRemoved", removed.Count), ("numTargetBytesRemoved", removed.Bytes), ("numTargetFilesAdded", added.Count), ("numTargetBytesAdded", added.Bytes),
                ("numSourceRows", change.SourceRowCount), ("numTargetRowsCopied", RowsOf(change.Added) - change.SourceRowCount), ("numOutputRows", RowsOf(change.Added)),
            ],
            "OPTIMIZE" => [("numRemovedFiles", removed.Count), ("numRemovedBytes", removed.Bytes), ("numAddedFiles", added.Count), ("numAddedBytes", added.Bytes)],
            "RESTORE" when Files.Of(change.Base!.Files) is var before =>
            [
                ("numRemovedFiles", removed.Count), ("removedFilesSize", removed.Bytes), ("numRestoredFiles", added.Count), ("restoredFilesSize", added.Bytes),
                ("numOfFilesAfterRestore", before.Count - removed.Count + added.Count), ("tableSizeAfterRestore", before.Bytes - removed.Bytes + added.Bytes),
            ],
            _ when added.Count + removed.Count == 0 => [],
            _ => [("numFiles", added.Count), ("numOutputBytes", added.Bytes), ("numOutputRows", RowsOf(change.Added)), ("numRemovedFiles", removed.Count), ("numRemovedBytes", removed.Bytes)],
        };
        return metrics.Where(metric => metric.Value is not null).Select(metric => (metric.Name, metric.Value!.Value));
    }

    // Only where they are told: of a file that a checkpoint names they may have to be read from it.
    private static long? RowsOf(IReadOnlyList<DataFile> files)
    {
        try
        {
            return files.Aggregate((long?)0, (sum, file) => sum is null ? null : sum + file.RowCount);
        }
        catch (LeptonDataException)
        {
            // A number for the history keeps nobody from replacing what is damaged.
            return null;
        }
    }

    private readonly record struct Files(long Count, long Bytes)
    {
        internal static Files Of(IReadOnlyList<DataFile> files) => new(files.Count, files.Sum(file => file.SizeBytes));
    }
}

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>How much a commit moved, for the history: under the names that Spark has for each operation. Rows are left out where a file's writer did not count them.</summary>
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
                ("numDeletedRows", removed.Rows - added.Rows), ("numCopiedRows", added.Rows),
            ],
            "MERGE" =>
            [
                ("numTargetFilesRemoved", removed.Count), ("numTargetBytesRemoved", removed.Bytes), ("numTargetFilesAdded", added.Count), ("numTargetBytesAdded", added.Bytes),
                ("numSourceRows", change.SourceRowCount), ("numTargetRowsCopied", added.Rows - change.SourceRowCount), ("numOutputRows", added.Rows),
            ],
            "OPTIMIZE" => [("numRemovedFiles", removed.Count), ("numRemovedBytes", removed.Bytes), ("numAddedFiles", added.Count), ("numAddedBytes", added.Bytes)],
            "RESTORE" when Files.Of(change.Base!.Files) is var before =>
            [
                ("numRemovedFiles", removed.Count), ("removedFilesSize", removed.Bytes), ("numRestoredFiles", added.Count), ("restoredFilesSize", added.Bytes),
                ("numOfFilesAfterRestore", before.Count - removed.Count + added.Count), ("tableSizeAfterRestore", before.Bytes - removed.Bytes + added.Bytes),
            ],
            _ when added.Count + removed.Count == 0 => [],
            _ => [("numFiles", added.Count), ("numOutputBytes", added.Bytes), ("numOutputRows", added.Rows), ("numRemovedFiles", removed.Count), ("numRemovedBytes", removed.Bytes)],
        };
        return metrics.Where(metric => metric.Value is not null).Select(metric => (metric.Name, metric.Value!.Value));
    }

    private readonly record struct Files(long Count, long Bytes, long? Rows)
    {
        internal static Files Of(IReadOnlyList<DataFile> files)
        {
            var sum = new Files(files.Count, 0, 0);
            foreach (DataFile file in files) sum = sum with { Bytes = sum.Bytes + file.SizeBytes, Rows = sum.Rows + file.RowCount };
            return sum;
        }
    }
}

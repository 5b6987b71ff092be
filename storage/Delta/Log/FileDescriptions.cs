using System.Collections;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>What the log says of files, under one protocol and metadata. Safe for use by several threads.</summary>
/// <param name="table">What the table's folder is called outside.</param>
/// <param name="protocol">Of the version asked for.</param>
/// <param name="metadata">Likewise.</param>
/// <param name="restored">The files of the checkpoint that the state began with; null for none.</param>
internal sealed class FileDescriptions(string table, ProtocolAction protocol, MetadataAction metadata, RestoredFiles? restored)
{
    private readonly DataFile?[] _restored = new DataFile?[restored?.Count ?? 0];

    internal TableColumns Columns { get; } = TableColumns.Read(metadata, table);

    /// <summary>The file of a checkpoint's row; the same object each time.</summary>
    internal DataFile this[int row] => _restored[row] ?? Interlocked.CompareExchange(ref _restored[row], Of(restored!.Read(row)), null) ?? _restored[row]!;

    /// <summary>A file.</summary>
    /// <exception cref="LeptonDataException"><c>storage.delta_feature_unlisted</c>, <c>storage.log_field</c>, <c>storage.log_sum</c>: it is described wrongly.</exception>
    internal DataFile Of(AddAction add)
    {
        if (add.DeletionVector is not null && !ProtocolRules.HasReaderFeature(protocol, ProtocolRules.DeletionVectorsFeature))
            throw new LeptonDataException("storage.delta_feature_unlisted", [table, ProtocolRules.DeletionVectorsFeature]) { Place = add.Place };
        // A sum counts the rows that were written, so that it says nothing once some are deleted.
        ContentSum? sum = add.DeletionVector is null ? add.ContentSum : null;
        var file = new DataFile(add.Path.Path, add.SizeBytes, new EventTime(add.ModifiedMilliseconds * 1000), null, sum)
        {
            PartitionValues = PartitionValuesOf(add),
            DeletionVector = add.DeletionVector,
            PathInLog = add.Path.Written,
            Tags = add.Tags,
            Unread = new UnreadStatistics(add.Statistics, Columns, add.Place),
        };
        // Those of a checkpoint are looked at when they are asked for.
        if (add.Statistics.IsAtHand) file.CheckRowCount();
        return file;
    }

    /// <summary>Looks at the checkpoint's files as <see cref="Of"/> does, those that are live no longer left out.</summary>
    /// <exception cref="LeptonDataException">As there.</exception>
    internal void CheckRestored(Func<int, bool> isLive)
    {
        if (restored is null) return;
        foreach (int row in restored.Doubtful([.. metadata.PartitionColumns.Select(PartitionName)]))
            if (isLive(row)) _ = this[row];
    }

    private string PartitionName(string column) => Columns.NameOf(Columns.Schema.Find(column)!);

    private IReadOnlyDictionary<string, string?> PartitionValuesOf(AddAction add)
    {
        EquatableList<string> names = metadata.PartitionColumns;
        if (add.PartitionValues.Count != names.Count) throw Broken();
        if (names.Count == 0) return AddAction.NoTexts;
        if (Columns.Mapping is null) return names.All(add.PartitionValues.ContainsKey) ? add.PartitionValues : throw Broken();
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (string name in names) values.Add(name, add.PartitionValues.TryGetValue(PartitionName(name), out string? value) ? value : throw Broken());
        return values;

        LeptonDataException Broken() => new("storage.log_field", ["partitionValues"]) { Place = add.Place };
    }
}

/// <summary>The files of a snapshot: those of a checkpoint, described when asked for, and those of commits since.</summary>
/// <param name="descriptions">Of the checkpoint's files.</param>
/// <param name="rows">Which of them are live.</param>
/// <param name="later">The others.</param>
internal sealed class SnapshotFiles(FileDescriptions descriptions, int[] rows, DataFile[] later) : IReadOnlyList<DataFile>
{
    public int Count => rows.Length + later.Length;

    public DataFile this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(index), index, $"there are {Count} files");
            return index < rows.Length ? descriptions[rows[index]] : later[index - rows.Length];
        }
    }

    public IEnumerator<DataFile> GetEnumerator()
    {
        for (int i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

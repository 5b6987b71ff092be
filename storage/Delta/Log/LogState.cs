using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>What the commits up to one version add up to. Not safe for use by several threads.</summary>
internal sealed class LogState(string table)
{
    // Live files in the order in which they were added; a place is empty where its file was removed since.
    private readonly List<LiveFile> _files = [];
    private readonly Dictionary<string, int> _filesByKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RemoveAction> _tombstones = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Progress> _transactions = new(StringComparer.Ordinal);
    private ProtocolAction? _protocol;
    private MetadataAction? _metadata;
    private Snapshot? _snapshot;
    private bool _isRestoring;

    /// <summary>The version reached; -1 before the first.</summary>
    internal long Version { get; private set; } = -1;

    /// <summary>When it was committed.</summary>
    internal EventTime CommittedAt { get; set; }

    /// <summary>The log file of that version as the store lists it, to see whether it is still the same log.</summary>
    internal ObjectInfo? Newest { get; set; }

    /// <summary>The checkpoint that it was read from; null where it was read from version 0 on.</summary>
    internal CheckpointFiles? Checkpoint { get; private set; }

    /// <summary>Something of others that we do not keep, so that we cannot write a checkpoint; null for nothing.</summary>
    internal string? ForeignAction { get; private set; }

    internal ProtocolAction Protocol => _protocol ?? throw Missing("protocol");

    internal MetadataAction Metadata => _metadata ?? throw Missing("metaData");

    internal int FileCount => _filesByKey.Count;

    /// <summary>The live files, as their writers described them.</summary>
    internal IEnumerable<AddAction> Files => _files.Where(file => file.Add is not null).Select(file => file.Add!);

    /// <summary>The files that commits since <see cref="Checkpoint"/> removed and that did not come back.</summary>
    internal IReadOnlyCollection<RemoveAction> Tombstones => _tombstones.Values;

    internal IReadOnlyDictionary<string, Progress> Transactions => _transactions;

    /// <summary>How far an application is, and which version of the table says so; null for none.</summary>
    internal Progress? ProgressOf(string application) => _transactions.TryGetValue(application, out Progress progress) ? progress : null;

    internal bool IsLive(string path) => _filesByKey.ContainsKey(path);

    /// <summary>Takes in the next commit. Actions count in the order of the file; of the same file and deletion vector, the later one.</summary>
    internal void Apply(LogEntry entry)
    {
        if (entry.Version != Version + 1) throw new InvalidOperationException($"version {entry.Version} does not follow {Version}");
        foreach (LogAction action in entry.Actions)
        {
            switch (action)
            {
                case AddAction add:
                    Remove(add.Key);
                    _tombstones.Remove(add.Key);
                    Add(add);
                    break;
                case RemoveAction remove:
                    // A remove of what is not live is a tombstone that somebody wrote again.
                    Remove(remove.Key);
                    _tombstones[remove.Key] = remove;
                    break;
                default:
                    ApplyHeader(action, entry.Version);
                    break;
            }
        }
        (Version, CommittedAt, _snapshot) = (entry.Version, entry.CommittedAt, null);
    }

    /// <summary>Starts from a checkpoint: <see cref="Restore"/> follows for each file in Parquet, then <see cref="EndRestore"/>.</summary>
    /// <param name="checkpoint">Which one.</param>
    /// <param name="headers">All that it holds but files in Parquet.</param>
    internal void BeginRestore(CheckpointFiles checkpoint, IEnumerable<LogAction> headers)
    {
        (Version, Checkpoint, CommittedAt, _isRestoring) = (checkpoint.Version, checkpoint, checkpoint.Files[0].ModifiedAt, true);
        foreach (LogAction action in headers)
        {
            if (action is AddAction add) Restore(add);
            else if (action is not RemoveAction) ApplyHeader(action, checkpoint.Version);
        }
    }

    internal void EnsureCapacity(int more) => _filesByKey.EnsureCapacity(_filesByKey.Count + more);

    /// <summary>One live file of a checkpoint.</summary>
    internal void Restore(AddAction add)
    {
        if (!_filesByKey.TryAdd(add.Key, _files.Count)) throw CheckpointReader.Broken(add.Place, CheckpointReader.Reasons.Twice);
        _files.Add(new LiveFile { Add = add });
    }

    internal void EndRestore()
    {
        _isRestoring = false;
        if (_protocol is null || _metadata is null) throw CheckpointReader.Broken(new SourcePlace(table), CheckpointReader.Reasons.Headers);
    }

    /// <summary>Says that a checkpoint of this version was written, which holds the tombstones that still count.</summary>
    internal void Rebase(CheckpointFiles checkpoint)
    {
        Checkpoint = checkpoint;
        _tombstones.Clear();
    }

    /// <summary>The table as it stands.</summary>
    /// <exception cref="LeptonDataException">It is one that we do not read.</exception>
    internal Snapshot ToSnapshot()
    {
        if (_snapshot is not null) return _snapshot;
        ProtocolRules.CheckReadable(Protocol, Metadata, table);
        TableColumns columns = TableColumns.Read(Metadata, table);
        Span<LiveFile> files = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_files);
        var live = new DataFile[FileCount];
        int count = 0;
        foreach (ref LiveFile file in files)
            if (file.Add is not null) live[count++] = file.Read ??= ToDataFile(file.Add, columns);
        return _snapshot = new Snapshot
        {
            RootPath = table,
            Version = Version,
            CommittedAt = CommittedAt,
            Schema = columns.Schema,
            Files = live,
            Transactions = _transactions.ToDictionary(pair => pair.Key, pair => pair.Value.Version, StringComparer.Ordinal),
            TableId = Metadata.TableId,
            Properties = Metadata.Properties,
            PartitionColumns = Metadata.PartitionColumns,
            Mapping = columns.Mapping,
        };
    }

    /// <summary>What the log says of a file that became live at some time, under the newest columns.</summary>
    internal DataFile Describe(AddAction add) => ToDataFile(add, TableColumns.Read(Metadata, table));

    private void ApplyHeader(LogAction action, long version)
    {
        switch (action)
        {
            case MetadataAction metadata:
                if (_isRestoring && _metadata is not null) throw CheckpointReader.Broken(action.Place, CheckpointReader.Reasons.Twice);
                _metadata = metadata;
                foreach (ref LiveFile file in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_files)) file.Read = null;
                break;
            case ProtocolAction protocol:
                if (_isRestoring && _protocol is not null) throw CheckpointReader.Broken(action.Place, CheckpointReader.Reasons.Twice);
                _protocol = protocol;
                break;
            case TransactionAction transaction:
                _transactions[transaction.Application] = new Progress(transaction.Version, version, transaction.UpdatedMilliseconds);
                break;
            case ForeignAction foreign:
                ForeignAction = foreign.Name;
                break;
            default:
                break;
        }
    }

    private void Add(AddAction add)
    {
        _filesByKey.Add(add.Key, _files.Count);
        _files.Add(new LiveFile { Add = add });
    }

    private void Remove(string key)
    {
        if (!_filesByKey.Remove(key, out int index)) return;
        _files[index] = default;
        if (_files.Count <= 1024 || _filesByKey.Count > _files.Count / 2) return;
        _files.RemoveAll(file => file.Add is null);
        for (int i = 0; i < _files.Count; i++) _filesByKey[_files[i].Add!.Key] = i;
    }

    private DataFile ToDataFile(AddAction add, TableColumns columns)
    {
        if (add.DeletionVector is not null && !ProtocolRules.HasReaderFeature(Protocol, ProtocolRules.DeletionVectorsFeature))
            throw new LeptonDataException("storage.delta_feature", [table, ProtocolRules.DeletionVectorsFeature, "reader"]);
        // A sum counts the rows that were written, so that it says nothing once some are deleted.
        ContentSum? sum = add.DeletionVector is null ? add.ContentSum : null;
        var file = new DataFile(add.Path.Path, add.SizeBytes, new EventTime(add.ModifiedMilliseconds * 1000), null, sum)
        {
            PartitionValues = PartitionValuesOf(add, columns),
            DeletionVector = add.DeletionVector,
            PathInLog = add.Path.Written,
            Tags = add.Tags,
            Unread = add.Statistics.IsEmpty ? default : new UnreadStatistics(add.Statistics, columns),
        };
        // A sum is believed without reading the file, so that it must at least not contradict what stands beside it.
        if (sum is not null && file.RowCount is { } rows && sum.Value.RowCount != rows) throw new LeptonDataException("storage.log_sum", [add.Path.Path]) { Place = add.Place };
        if (add.DeletionVector is not null && file.RowCount < 0) throw new LeptonDataException("storage.log_field", ["deletionVector"]) { Place = add.Place };
        return file;
    }

    private IReadOnlyDictionary<string, string?> PartitionValuesOf(AddAction add, TableColumns columns)
    {
        EquatableList<string> names = Metadata.PartitionColumns;
        if (add.PartitionValues.Count != names.Count) throw Broken();
        if (names.Count == 0) return AddAction.NoTexts;
        if (columns.Mapping is null) return names.All(add.PartitionValues.ContainsKey) ? add.PartitionValues : throw Broken();
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (string name in names)
            values.Add(name, add.PartitionValues.TryGetValue(columns.Mapping.NameOf(columns.Schema.Find(name)!), out string? value) ? value : throw Broken());
        return values;

        LeptonDataException Broken() => new("storage.log_field", ["partitionValues"]) { Place = add.Place };
    }

    private LeptonDataException Missing(string action) => new("storage.log_without", [action, Version]) { Place = new SourcePlace(table) };

    /// <summary>An application's version, the version of the table that set it (or a checkpoint that has it), and when.</summary>
    internal readonly record struct Progress(long Version, long TableVersion, long? UpdatedMilliseconds);

    private struct LiveFile
    {
        internal AddAction? Add;
        internal DataFile? Read;
    }
}

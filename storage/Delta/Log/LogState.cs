using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>What the commits up to one version add up to. Not safe for use by several threads.</summary>
internal sealed class LogState(string table)
{
    // Live files come from the checkpoint, as rows of which some are gone by now, and from commits since, in the order in which they were added; a place is empty where its file was removed since.
    private RestoredFiles? _restored;
    private bool[] _isGone = [];
    private int[]? _restoredRows;
    private readonly List<LiveFile> _files = [];
    private readonly Dictionary<string, int> _filesByKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RemoveAction> _tombstones = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Progress> _transactions = new(StringComparer.Ordinal);
    private ProtocolAction? _protocol;
    private MetadataAction? _metadata;
    private FileDescriptions? _descriptions;
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

    /// <summary>Whether it turned out that the statistics in that checkpoint cannot be read, so that the state is better read from somewhere else.</summary>
    internal bool HasFailed => _restored?.HasFailed ?? false;

    /// <summary>Whether the statistics of all files can be read, which is then done.</summary>
    internal bool TryReadStatistics() => _restored?.TryReadStatistics() ?? true;

    /// <summary>Something of others that we do not keep, so that we cannot write a checkpoint; null for nothing.</summary>
    internal string? ForeignAction { get; private set; }

    internal ProtocolAction Protocol => _protocol ?? throw Missing("protocol");

    internal MetadataAction Metadata => _metadata ?? throw Missing("metaData");

    internal int FileCount => RestoredRows.Length + _filesByKey.Count;

    /// <summary>The live files, as their writers described them.</summary>
    internal IEnumerable<AddAction> Files => RestoredRows.Select(row => _restored!.Read(row)).Concat(_files.Where(file => file.Add is not null).Select(file => file.Add!));

    /// <summary>The files that commits since <see cref="Checkpoint"/> removed and that did not come back.</summary>
    internal IReadOnlyCollection<RemoveAction> Tombstones => _tombstones.Values;

    internal IReadOnlyDictionary<string, Progress> Transactions => _transactions;

    /// <summary>How far an application is, and which version of the table says so; null for none.</summary>
    internal Progress? ProgressOf(string application) => _transactions.TryGetValue(application, out Progress progress) ? progress : null;

    internal bool IsLive(string key) => _filesByKey.ContainsKey(key) || (_restored?.Find(key) is { } row and >= 0 && !_isGone[row]);

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

    /// <summary>Starts from a checkpoint.</summary>
    /// <param name="checkpoint">Which one.</param>
    /// <param name="headers">All that it holds but files in Parquet.</param>
    /// <param name="files">Those.</param>
    /// <param name="place">The checkpoint.</param>
    internal void Restore(CheckpointFiles checkpoint, IEnumerable<LogAction> headers, RestoredFiles files, SourcePlace place)
    {
        (Version, Checkpoint, CommittedAt, _isRestoring) = (checkpoint.Version, checkpoint, checkpoint.Files[0].ModifiedAt, true);
        foreach (LogAction action in headers)
        {
            if (action is AddAction add)
            {
                if (_filesByKey.ContainsKey(add.Key) || files.Find(add.Key) >= 0) throw Broken(CheckpointReader.Reasons.Twice, add.Place);
                Add(add);
            }
            else if (action is not RemoveAction) ApplyHeader(action, checkpoint.Version);
        }
        _isRestoring = false;
        if (_protocol is null || _metadata is null) throw Broken(CheckpointReader.Reasons.Headers, place);
        (_restored, _isGone, _restoredRows) = (files, new bool[files.Count], null);
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
        if (_descriptions is not { } descriptions)
        {
            descriptions = new FileDescriptions(table, Protocol, Metadata, _restored);
            descriptions.CheckRestored(row => !_isGone[row]);
            _descriptions = descriptions;
        }
        var later = new DataFile[_filesByKey.Count];
        int count = 0;
        foreach (ref LiveFile file in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_files))
            if (file.Add is not null) later[count++] = file.Read ??= descriptions.Of(file.Add);
        return _snapshot = new Snapshot
        {
            RootPath = table,
            Version = Version,
            CommittedAt = CommittedAt,
            Schema = descriptions.Columns.Schema,
            Files = new SnapshotFiles(descriptions, RestoredRows, later),
            Transactions = _transactions.ToDictionary(pair => pair.Key, pair => pair.Value.Version, StringComparer.Ordinal),
            TableId = Metadata.TableId,
            Properties = Metadata.Properties,
            PartitionColumns = Metadata.PartitionColumns,
            Mapping = descriptions.Columns.Mapping,
        };
    }

    /// <summary>What the log says of a file that became live at some time, under the newest columns.</summary>
    internal DataFile Describe(AddAction add) => (_descriptions ?? new FileDescriptions(table, Protocol, Metadata, null)).Of(add);

    private void ApplyHeader(LogAction action, long version)
    {
        switch (action)
        {
            case MetadataAction metadata:
                if (_isRestoring && _metadata is not null) throw Broken(CheckpointReader.Reasons.Twice, action.Place);
                _metadata = metadata;
                DescribeAnew();
                break;
            case ProtocolAction protocol:
                if (_isRestoring && _protocol is not null) throw Broken(CheckpointReader.Reasons.Twice, action.Place);
                _protocol = protocol;
                DescribeAnew();
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
        if (_restored?.Find(key) is { } row and >= 0 && !_isGone[row]) (_isGone[row], _restoredRows) = (true, null);
        if (!_filesByKey.Remove(key, out int index)) return;
        _files[index] = default;
        if (_files.Count <= 1024 || _filesByKey.Count > _files.Count / 2) return;
        _files.RemoveAll(file => file.Add is null);
        for (int i = 0; i < _files.Count; i++) _filesByKey[_files[i].Add!.Key] = i;
    }

    private int[] RestoredRows => _restoredRows ??= [.. Enumerable.Range(0, _isGone.Length).Where(row => !_isGone[row])];

    private void DescribeAnew()
    {
        _descriptions = null;
        foreach (ref LiveFile file in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_files)) file.Read = null;
    }

    private static LeptonDataException Broken(BilingualText reason, SourcePlace place) => CheckpointReader.Broken(place, reason);

    private LeptonDataException Missing(string action) => new("storage.log_without", [action, Version]) { Place = new SourcePlace(table) };

    /// <summary>An application's version, the version of the table that set it (or a checkpoint that has it), and when.</summary>
    internal readonly record struct Progress(long Version, long TableVersion, long? UpdatedMilliseconds);

    private struct LiveFile
    {
        internal AddAction? Add;
        internal DataFile? Read;
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta;

/// <summary>What the commits from version 0 on add up to. Not safe for use by several threads.</summary>
internal sealed class LogState(string table)
{
    // Live files in the order in which they were added, each with what its statistics mean under the current schema.
    private readonly LinkedList<LiveFile> _files = new();
    private readonly Dictionary<string, LinkedListNode<LiveFile>> _filesByPath = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Progress> _transactions = new(StringComparer.Ordinal);
    private ProtocolAction? _protocol;
    private MetadataAction? _metadata;
    private Snapshot? _snapshot;
    private EventTime _committedAt;

    /// <summary>The version reached; -1 before the first.</summary>
    internal long Version { get; private set; } = -1;

    /// <summary>The log file of that version as the store lists it, to see whether it is still the same log.</summary>
    internal ObjectInfo? Newest { get; set; }

    internal ProtocolAction Protocol => _protocol ?? throw Missing("protocol");

    internal MetadataAction Metadata => _metadata ?? throw Missing("metaData");

    internal int FileCount => _files.Count;

    /// <summary>How far an application is, and which version of the table says so; null for none.</summary>
    internal Progress? ProgressOf(string application) => _transactions.TryGetValue(application, out Progress progress) ? progress : null;

    internal bool IsLive(string path) => _filesByPath.ContainsKey(path);

    /// <summary>Takes in the next commit. Actions count in the order of the file; of the same path, the later one.</summary>
    internal void Apply(LogEntry entry)
    {
        if (entry.Version != Version + 1) throw new InvalidOperationException($"version {entry.Version} does not follow {Version}");
        foreach (LogAction action in entry.Actions)
        {
            switch (action)
            {
                case AddAction add:
                    Remove(add.Path);
                    _filesByPath.Add(add.Path, _files.AddLast(new LiveFile(add)));
                    break;
                case RemoveAction remove:
                    // A remove of what is not live is a tombstone that somebody wrote again: nothing to do.
                    Remove(remove.Path);
                    break;
                case MetadataAction metadata:
                    _metadata = metadata;
                    foreach (LiveFile file in _files) file.Read = null;
                    break;
                case ProtocolAction protocol:
                    _protocol = protocol;
                    break;
                case TransactionAction transaction:
                    _transactions[transaction.Application] = new Progress(transaction.Version, entry.Version);
                    break;
                default:
                    break;
            }
        }
        (Version, _committedAt, _snapshot) = (entry.Version, entry.CommittedAt, null);
    }

    /// <summary>The table as it stands.</summary>
    /// <exception cref="LeptonDataException">It is one that we do not read.</exception>
    internal Snapshot ToSnapshot()
    {
        if (_snapshot is not null) return _snapshot;
        ProtocolRules.CheckReadable(Protocol, Metadata, table);
        Schema schema = SchemaJson.Read(Metadata.SchemaJson, table);
        foreach (string column in Metadata.PartitionColumns)
            if (schema.Find(column) is null) throw new LeptonDataException("storage.log_field", ["partitionColumns"]) { Place = Metadata.Place };
        foreach (LiveFile file in _files) file.Read ??= ToDataFile(file.Add, schema);
        return _snapshot = new Snapshot
        {
            RootPath = table,
            Version = Version,
            CommittedAt = _committedAt,
            Schema = schema,
            Files = [.. _files.Select(file => file.Read!)],
            Transactions = _transactions.ToDictionary(pair => pair.Key, pair => pair.Value.Version, StringComparer.Ordinal),
            TableId = Metadata.TableId,
            Properties = Metadata.Properties,
            PartitionColumns = Metadata.PartitionColumns,
        };
    }

    private void Remove(string path)
    {
        if (_filesByPath.Remove(path, out LinkedListNode<LiveFile>? node)) _files.Remove(node);
    }

    private DataFile ToDataFile(AddAction add, Schema schema)
    {
        if (add.HasDeletionVector) throw new LeptonDataException("storage.delta_feature", [table, "deletionVectors", "reader"]);
        if (add.PartitionValues.Count != Metadata.PartitionColumns.Count || !Metadata.PartitionColumns.All(add.PartitionValues.ContainsKey))
            throw new LeptonDataException("storage.log_field", ["partitionValues"]) { Place = add.Place };
        FileStatistics? statistics = add.Statistics is null ? null : StatisticsJson.Read(add.Statistics, schema);
        ContentSum? sum = ContentSum.TryParse(add.ContentSum, out ContentSum read) ? read : null;
        // A sum is believed without reading the file, so that it must at least not contradict what stands beside it.
        if (sum is not null && statistics is not null && sum.Value.RowCount != statistics.RowCount) throw new LeptonDataException("storage.log_sum", [add.Path]) { Place = add.Place };
        return new DataFile(add.Path, add.SizeBytes, new EventTime(add.ModifiedMilliseconds * 1000), statistics, sum) { PartitionValues = add.PartitionValues };
    }

    private LeptonDataException Missing(string action) => new("storage.log_without", [action, Version]) { Place = new SourcePlace(table) };

    /// <summary>An application's version, and the version of the table that set it.</summary>
    internal readonly record struct Progress(long Version, long TableVersion);

    private sealed class LiveFile(AddAction add)
    {
        internal AddAction Add { get; } = add;

        internal DataFile? Read { get; set; }
    }
}

using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>Reads checkpoints: single files, files in parts, and those of the second kind with their sidecars. Of Parquet only the columns that are asked for.</summary>
/// <param name="store">Where the table lies.</param>
/// <param name="tableFolder">The table, relative to the store.</param>
/// <param name="log">The table's log.</param>
internal sealed class CheckpointReader(IObjectStore store, string tableFolder, LogFolder log)
{
    /// <summary>Where a table's sidecars lie.</summary>
    internal const string SidecarFolder = $"{LogFolder.FolderName}/_sidecars";

    private const string FileType = "STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, tags MAP(VARCHAR, VARCHAR), deletionVector " + VectorType + ", stats VARCHAR)";
    private const string VectorType = "STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, \"offset\" INTEGER, sizeInBytes INTEGER, cardinality BIGINT)";
    private const string TombstoneType = "STRUCT(path VARCHAR, deletionTimestamp BIGINT, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, deletionVector " + VectorType + ")";

    // Everything that is no file, as the JSON that it would be in a commit.
    private static readonly (string Name, string Type)[] s_headers =
    [
        ("txn", "STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)"),
        ("metaData", "STRUCT(id VARCHAR, name VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR), createdTime BIGINT)"),
        ("protocol", "STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])"),
        ("domainMetadata", "STRUCT(\"domain\" VARCHAR)"),
        ("checkpointMetadata", "STRUCT(version BIGINT)"),
        ("sidecar", "STRUCT(path VARCHAR, sizeInBytes BIGINT)"),
    ];

    private readonly string _table = store.Locate(tableFolder);
    private readonly string _root = store.Locate("");

    /// <summary>The state that a checkpoint holds.</summary>
    /// <exception cref="LeptonDataException"><c>storage.checkpoint</c>: it is torn, incomplete, or not what it says.</exception>
    internal async ValueTask<LogState> ReadAsync(CheckpointFiles checkpoint, CancellationToken cancellationToken)
    {
        SourcePlace place = PlaceOf(checkpoint);
        var state = new LogState(_table);
        await GuardAsync(place, async () =>
        {
            var headers = new List<LogAction>();
            bool isRead = false;
            if (IsJson(checkpoint)) headers.AddRange(await ReadTopAsync(checkpoint, cancellationToken).ConfigureAwait(false));
            else
                await WithLocalAsync(checkpoint.Files, files =>
                {
                    headers.AddRange(ReadHeaders(files, place, cancellationToken));
                    // Most often that is all there is, so that the files are opened once.
                    if (isRead = !headers.Exists(action => action is SidecarAction)) Fill(files, headers);
                }, cancellationToken).ConfigureAwait(false);
            if (isRead) return;
            IReadOnlyList<ObjectInfo> parquet = await FilesAsync(checkpoint, headers, cancellationToken).ConfigureAwait(false);
            if (parquet.Count == 0) Fill(null, headers);
            else await WithLocalAsync(parquet, files => Fill(files, headers), cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return state;

        void Fill(ParquetFiles? files, List<LogAction> headers)
        {
            CheckVersion(checkpoint, headers);
            state.BeginRestore(checkpoint, headers);
            var restored = new RestoredFiles(_table, _root, place);
            if (files is not null) ReadAdds(files, restored, cancellationToken);
            state.EndRestore(restored, place);
        }
    }

    /// <summary>The tombstones that a checkpoint holds of files that were deleted after a time.</summary>
    /// <exception cref="LeptonDataException"><c>storage.checkpoint</c></exception>
    internal async ValueTask<IReadOnlyList<RemoveAction>> ReadTombstonesAsync(CheckpointFiles checkpoint, long afterMilliseconds, CancellationToken cancellationToken)
    {
        var tombstones = new List<RemoveAction>();
        await GuardAsync(PlaceOf(checkpoint), async () =>
        {
            var headers = new List<LogAction>();
            if (IsJson(checkpoint)) headers.AddRange(await ReadTopAsync(checkpoint, cancellationToken).ConfigureAwait(false));
            else await WithLocalAsync(checkpoint.Files, files => headers.AddRange(ReadHeaders(files, PlaceOf(checkpoint), cancellationToken)), cancellationToken).ConfigureAwait(false);
            IReadOnlyList<ObjectInfo> parquet = await FilesAsync(checkpoint, headers, cancellationToken).ConfigureAwait(false);
            tombstones.AddRange(headers.OfType<RemoveAction>().Where(remove => remove.DeletedMilliseconds > afterMilliseconds));
            if (parquet.Count == 0) return;
            string where = $"remove.deletionTimestamp > {SqlLiteral.BigInt(afterMilliseconds)}";
            await WithLocalAsync(parquet, files => tombstones.AddRange(ReadLines(files, [("remove", TombstoneType)], where, PlaceOf(checkpoint), cancellationToken).OfType<RemoveAction>()), cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return tombstones;
    }

    private static bool IsJson(CheckpointFiles checkpoint) => checkpoint.Files[0].Name.EndsWith(".json", StringComparison.Ordinal);

    private async ValueTask<IReadOnlyList<LogAction>> ReadTopAsync(CheckpointFiles checkpoint, CancellationToken cancellationToken)
    {
        SourcePlace place = PlaceOf(checkpoint);
        Stream stream = await store.OpenAsync(checkpoint.Files[0].Path, cancellationToken: cancellationToken).ConfigureAwait(false) ?? throw Broken(place, Reasons.Missing);
        await using (stream.ConfigureAwait(false)) return (await log.ReadAsync(stream, checkpoint.Version, default, cancellationToken, place).ConfigureAwait(false)).Actions;
    }

    private IEnumerable<LogAction> ReadHeaders(ParquetFiles files, SourcePlace place, CancellationToken cancellationToken)
        => ReadLines(files, s_headers, string.Join(" OR ", s_headers.Select(header => $"{header.Name} IS NOT NULL")), place, cancellationToken);

    private void CheckVersion(CheckpointFiles checkpoint, List<LogAction> headers)
    {
        if (headers.OfType<CheckpointMetadataAction>().Any(said => said.Version != checkpoint.Version)) throw Broken(PlaceOf(checkpoint), Reasons.Version);
    }

    // The Parquet files that hold files: the checkpoint's own, and its sidecars.
    private async ValueTask<IReadOnlyList<ObjectInfo>> FilesAsync(CheckpointFiles checkpoint, List<LogAction> headers, CancellationToken cancellationToken)
    {
        CheckVersion(checkpoint, headers);
        var parquet = new List<ObjectInfo>();
        if (!IsJson(checkpoint)) parquet.AddRange(checkpoint.Files);
        foreach (SidecarAction sidecar in headers.OfType<SidecarAction>())
        {
            string name = sidecar.Name[(sidecar.Name.LastIndexOf('/') + 1)..];
            if (!PathEncoding.TryDecode(name, out string? file)) throw Broken(PlaceOf(checkpoint), Reasons.Missing);
            string path = $"{tableFolder}/{SidecarFolder}/{file}";
            if (await store.FindAsync(path, cancellationToken).ConfigureAwait(false) is not { IsFolder: false } found || found.SizeBytes != sidecar.SizeBytes)
                throw Broken(new SourcePlace(store.Locate(path)), Reasons.Missing);
            parquet.Add(found);
        }
        return parquet;
    }

    private IEnumerable<LogAction> ReadLines(ParquetFiles files, IReadOnlyList<(string Name, string Type)> columns, string where, SourcePlace place, CancellationToken cancellationToken)
    {
        var actions = new ActionReader(_table, _root);
        string row = string.Join(", ", columns.Select(column => $"{SqlLiteral.Text(column.Name)}: {column.Name}"));
        using DuckDbReader reader = files.Connection.Read($"SELECT CAST(to_json({{{row}}}) AS VARCHAR) FROM {files.Rows(columns)} WHERE {where}", null, files.Budget, cancellationToken);
        while (reader.ReadBatch(cancellationToken) is { } batch)
        {
            using (batch)
            {
                for (int i = 0; i < batch.RowCount; i++)
                    if (actions.Read(batch.Column(0).Bytes(i).ToArray(), place) is { } action) yield return action;
            }
        }
    }

    private static void ReadAdds(ParquetFiles files, RestoredFiles restored, CancellationToken cancellationToken)
    {
        using DuckDbReader reader = files.Connection.Read($"SELECT {RestoredFiles.Columns} FROM {files.Rows([("add", FileType)])} WHERE add IS NOT NULL", null, files.Budget, cancellationToken);
        while (reader.ReadBatch(cancellationToken) is { } batch)
        {
            using (batch) restored.Add(batch);
        }
    }

    private async ValueTask WithLocalAsync(IReadOnlyList<ObjectInfo> files, Action<ParquetFiles> read, CancellationToken cancellationToken)
    {
        using LocalFiles local = await store.FetchAsync([.. files.Select(file => file.Path)], cancellationToken).ConfigureAwait(false);
        string[] paths = [.. files.Select(file => local.PathOf(file.Path))];
        using var opened = new ParquetFiles(paths, [.. paths.Select(path => Path.GetDirectoryName(path)!).Distinct(StringComparer.Ordinal)], files.Sum(file => file.SizeBytes));
        await Task.Run(() => read(opened), cancellationToken).ConfigureAwait(false);
    }

    private SourcePlace PlaceOf(CheckpointFiles checkpoint) => new(store.Locate(checkpoint.Files[0].Path));

    private async ValueTask GuardAsync(SourcePlace place, Func<ValueTask> read)
    {
        try
        {
            await read().ConfigureAwait(false);
        }
        catch (LeptonDataException failure) when (failure.Code != Code)
        {
            // What is wrong alone: the place is most often this one, and the remedy, which is a message's last part, is ours.
            var words = new LeptonDataException(failure.Code, failure.Arguments);
            BilingualText reason = failure is DuckDbException error && error.In(store.NameObjects).Words is var said
                ? new BilingualText(said, said)
                : new BilingualText(UpToLast("; ", words.Message), UpToLast("；", words.MessageIn(CultureInfo.GetCultureInfo("zh"))));
            throw new LeptonDataException(Code, [reason], failure) { Place = place };
        }
    }

    private static string UpToLast(string mark, string text) => text.LastIndexOf(mark, StringComparison.Ordinal) is > 0 and var end ? text[..end] : text;

    /// <summary>The code of every failure to read a checkpoint.</summary>
    internal const string Code = "storage.checkpoint";

    internal static LeptonDataException Broken(SourcePlace place, BilingualText reason) => new(Code, [reason]) { Place = place };

    /// <summary>What a checkpoint may have wrong.</summary>
    internal static class Reasons
    {
        internal static BilingualText Missing { get; } = new("a file that it names is missing or of another length", "它所引用的文件缺失或长度不符");
        internal static BilingualText Version { get; } = new("it says that it holds another version", "其中记录的版本与文件名不符");
        internal static BilingualText Row { get; } = new("a row of it is not what the protocol asks", "其中有一行不符合协议");
        internal static BilingualText Twice { get; } = new("a file or a header stands in it twice", "同一文件或表头出现了两次");
        internal static BilingualText Headers { get; } = new("it has no protocol or no metadata", "其中缺少协议或元数据");
    }

    /// <summary>Parquet files of a checkpoint, open to queries. What is read is bounded by what is there: a text that compresses a thousandfold is no checkpoint.</summary>
    private sealed class ParquetFiles : IDisposable
    {
        private const long BytesMin = 256 << 20;
        private const int GrowthMax = 128;

        private readonly DuckDbDatabase _database;
        private readonly IReadOnlyList<string> _paths;

        internal ParquetFiles(IReadOnlyList<string> paths, IReadOnlyList<string> folders, long sizeBytes)
        {
            _paths = paths;
            Budget = new MemoryBudget(BytesMin + (sizeBytes * GrowthMax));
            _database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = folders, ThreadCount = 1, MemoryLimitBytes = Budget.LimitBytes });
            try
            {
                Connection = _database.Connect();
            }
            catch
            {
                _database.Dispose();
                throw;
            }
        }

        internal DuckDbConnection Connection { get; }

        internal MemoryBudget Budget { get; }

        internal string Rows(IEnumerable<(string Name, string Type)> columns)
            => $"read_parquet({SqlLiteral.TextList(_paths.Select(ParquetSql.Pattern))}, schema = MAP {{{string.Join(", ", columns.Select(column => $"{SqlLiteral.Text(column.Name)}: {{name: {SqlLiteral.Text(column.Name)}, type: {SqlLiteral.Text(column.Type)}, default_value: NULL}}"))}}}, hive_partitioning = false)";

        public void Dispose()
        {
            Connection.Dispose();
            _database.Dispose();
        }
    }
}

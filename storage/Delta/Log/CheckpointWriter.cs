using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>Writes checkpoints of one file, as every Delta reader knows them: the file in one step unless it is there, then <c>_last_checkpoint</c>, which is only a hint.</summary>
/// <param name="store">Where the table lies.</param>
/// <param name="tableFolder">The table, relative to the store.</param>
/// <param name="reader">Reads the checkpoint before, for its tombstones.</param>
internal sealed class CheckpointWriter(IObjectStore store, string tableFolder, CheckpointReader reader)
{
    private const int BatchRows = 65_536;

    // Small enough for a group's texts to be decompressed into a cache, and to be read by several threads.
    private const int RowGroupRows = 16_384;

    private static readonly DataType s_texts = DataType.Parse("MAP(VARCHAR, VARCHAR)");
    private static readonly DataType s_vector = DataType.Parse("STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, \"offset\" INTEGER, sizeInBytes INTEGER, cardinality BIGINT)");

    // Of a row one column is present. Those of others that we do not write (row ids, parsed statistics) may be absent.
    private static readonly Schema s_schema = new(
    [
        Column("txn", ("appId", DataType.String), ("version", DataType.Int64), ("lastUpdated", DataType.Int64)),
        Column("add", ("path", DataType.String), ("partitionValues", s_texts), ("size", DataType.Int64), ("modificationTime", DataType.Int64), ("dataChange", DataType.Boolean), ("tags", s_texts), ("deletionVector", s_vector), ("stats", DataType.String)),
        Column("remove", ("path", DataType.String), ("deletionTimestamp", DataType.Int64), ("dataChange", DataType.Boolean), ("extendedFileMetadata", DataType.Boolean), ("partitionValues", s_texts), ("size", DataType.Int64), ("deletionVector", s_vector)),
        Column("metaData", ("id", DataType.String), ("name", DataType.String), ("description", DataType.String), ("format", DataType.Parse("STRUCT(provider VARCHAR, \"options\" MAP(VARCHAR, VARCHAR))")), ("schemaString", DataType.String), ("partitionColumns", DataType.Parse("VARCHAR[]")), ("configuration", s_texts), ("createdTime", DataType.Int64)),
        Column("protocol", ("minReaderVersion", DataType.Int32), ("minWriterVersion", DataType.Int32), ("readerFeatures", DataType.Parse("VARCHAR[]")), ("writerFeatures", DataType.Parse("VARCHAR[]"))),
    ]);

    /// <summary>Whether a version gets a checkpoint.</summary>
    internal static bool IsDue(LogState state)
    {
        long interval = state.Metadata.Properties.TryGetValue("delta.checkpointInterval", out string? text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value > 0 ? value : 10;
        return state.Version > 0 && state.Version % interval == 0 && state.ForeignAction is null;
    }

    /// <summary>Writes the state's checkpoint where there is none, and has the state rest on it.</summary>
    /// <param name="state">The table's state.</param>
    /// <param name="now">Tombstones older than the table's retention before it are left out.</param>
    /// <param name="cancellationToken">Leaves no file.</param>
    /// <exception cref="LeptonDataException">It could not be written; the table is whole without it.</exception>
    internal async ValueTask WriteAsync(LogState state, EventTime now, CancellationToken cancellationToken)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{state.Version:d20}.checkpoint.parquet");
        string path = $"{tableFolder}/{LogFolder.FolderName}/{name}";
        IReadOnlyList<RemoveAction> tombstones = await TombstonesAsync(state, now, cancellationToken).ConfigureAwait(false);
        byte[] content = await Task.Run(() => Write(path, state, tombstones, cancellationToken), cancellationToken).ConfigureAwait(false);
        await store.PutIfAbsentAsync(path, content, cancellationToken).ConfigureAwait(false);
        if (await store.FindAsync(path, cancellationToken).ConfigureAwait(false) is { } written) state.Rebase(new CheckpointFiles(state.Version, [written]));
        await HintAsync(state, content.Length, state.FileCount + tombstones.Count + state.Transactions.Count + 2, cancellationToken).ConfigureAwait(false);
    }

    // Readers take it for a hint and look into the folder: between the two steps it may be missing, and of two writers the older may win.
    private async ValueTask HintAsync(LogState state, long sizeBytes, long rowCount, CancellationToken cancellationToken)
    {
        string path = $"{tableFolder}/{LogFolder.FolderName}/{LogFolder.HintName}";
        byte[] content = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $$"""{"version":{{state.Version}},"size":{{rowCount}},"sizeInBytes":{{sizeBytes}},"numOfAddFiles":{{state.FileCount}}}"""));
        await store.DeleteAsync(path, cancellationToken).ConfigureAwait(false);
        await store.PutIfAbsentAsync(path, content, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<IReadOnlyList<RemoveAction>> TombstonesAsync(LogState state, EventTime now, CancellationToken cancellationToken)
    {
        long after = ActionWriter.Milliseconds(new EventTime(now.MicrosecondsSinceEpoch - Retention.OfFiles(state.Metadata.Properties)));
        var tombstones = new Dictionary<string, RemoveAction>(StringComparer.Ordinal);
        if (state.Checkpoint is { } before)
            foreach (RemoveAction remove in await reader.ReadTombstonesAsync(before, after, cancellationToken).ConfigureAwait(false))
                if (!state.IsLive(remove.Key)) tombstones[remove.Key] = remove;
        foreach (RemoveAction remove in state.Tombstones)
            if (remove.DeletedMilliseconds > after) tombstones[remove.Key] = remove;
        return [.. tombstones.Values];
    }

    private byte[] Write(string path, LogState state, IReadOnlyList<RemoveAction> tombstones, CancellationToken cancellationToken)
    {
        // DuckDB writes a file; the store then takes its bytes in one step. What a killed process leaves looks like whatever else was written aside.
        bool isLocal = store is LocalObjectStore;
        string folder = isLocal ? store.Locate($"{tableFolder}/{LogFolder.FolderName}") : Directory.CreateTempSubdirectory("lepton-").FullName;
        string aside = Path.Join(folder, LocalObjectStore.AsideName(Path.GetFileName(path)));
        var batches = new List<RecordBatch>();
        try
        {
            batches.AddRange(Batches(Rows(state, tombstones), cancellationToken));
            using (DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { ThreadCount = 1, AllowedFolders = [folder] }))
            using (DuckDbConnection connection = database.Connect())
            using (OfferedBatches offered = database.Offer(s_schema, batches))
                connection.Execute($"COPY (FROM {offered.Sql}) TO {SqlLiteral.Text(aside)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {RowGroupRows}, USE_TMP_FILE false)", null, cancellationToken);
            return File.ReadAllBytes(aside);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, aside);
        }
        finally
        {
            foreach (RecordBatch batch in batches) batch.Dispose();
            FileErrors.Quietly(() =>
            {
                File.Delete(aside);
                if (!isLocal) Directory.Delete(folder, recursive: true);
            });
        }
    }

    private static IEnumerable<RecordBatch> Batches(IEnumerable<(int Column, object?[] Values)> rows, CancellationToken cancellationToken)
    {
        using var builder = new RecordBatchBuilder(s_schema);
        int count = 0;
        foreach ((int column, object?[] values) in rows)
        {
            for (int i = 0; i < s_schema.Count; i++) builder.Column(i).AppendValue(i == column ? values : null);
            if (++count % BatchRows != 0) continue;
            cancellationToken.ThrowIfCancellationRequested();
            yield return builder.Build();
        }
        if (count % BatchRows != 0) yield return builder.Build();
    }

    private static IEnumerable<(int Column, object?[] Values)> Rows(LogState state, IReadOnlyList<RemoveAction> tombstones)
    {
        ProtocolAction protocol = state.Protocol;
        yield return (4, [protocol.MinReaderVersion, protocol.MinWriterVersion, protocol.ReaderFeatures?.ToArray<object?>(), protocol.WriterFeatures?.ToArray<object?>()]);
        MetadataAction metadata = state.Metadata;
        yield return (3,
        [
            metadata.TableId, metadata.Name, metadata.Description, new object?[] { metadata.Provider, Array.Empty<KeyValuePair<object, object?>>() }, metadata.SchemaJson,
            metadata.PartitionColumns.ToArray<object?>(), MapOf(metadata.Properties), metadata.CreatedMilliseconds,
        ]);
        foreach ((string application, LogState.Progress progress) in state.Transactions) yield return (0, [application, progress.Version, progress.UpdatedMilliseconds]);
        foreach (AddAction add in state.Files)
            yield return (1,
            [
                add.Path.InLog, MapOf(add.PartitionValues), add.SizeBytes, add.ModifiedMilliseconds, false, TagsOf(add), ValuesOf(add.DeletionVector),
                add.Statistics.Json is { IsEmpty: false } json ? Encoding.UTF8.GetString(json.Span) : null,
            ]);
        foreach (RemoveAction remove in tombstones)
            yield return (2,
            [
                remove.Path.InLog, remove.DeletedMilliseconds, false, remove.SizeBytes is not null && remove.PartitionValues is not null, remove.PartitionValues is { } values ? MapOf(values) : null,
                remove.SizeBytes, ValuesOf(remove.DeletionVector),
            ]);
    }

    private static KeyValuePair<object, object?>[]? TagsOf(AddAction add)
    {
        if (add.ContentSum is not { } sum) return add.Tags.Count == 0 ? null : MapOf(add.Tags);
        return [new KeyValuePair<object, object?>(ActionWriter.ContentSumTag, sum.ToString()), .. MapOf(add.Tags)];
    }

    private static KeyValuePair<object, object?>[] MapOf<T>(IReadOnlyDictionary<string, T> texts) => [.. texts.Select(text => new KeyValuePair<object, object?>(text.Key, text.Value))];

    private static object?[]? ValuesOf(DeletionVector? vector) => vector is null ? null : [vector.StorageType, vector.PathOrInline, vector.Offset, vector.SizeBytes, vector.RowCount];

    private static Field Column(string name, params (string Name, DataType Type)[] fields)
        => new(name, new StructType(new EquatableList<Field>(fields.Select(field => new Field(field.Name, field.Type)))));
}

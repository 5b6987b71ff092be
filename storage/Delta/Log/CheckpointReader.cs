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
            var restored = new RestoredFiles(_table, _root, place);
            List<LogAction> headers = await ReadTopAsync(checkpoint, Read, cancellationToken).ConfigureAwait(false);
            if (await SidecarsAsync(checkpoint, headers, cancellationToken).ConfigureAwait(false) is { Count: > 0 } sidecars) await WithLocalAsync(sidecars, Read, cancellationToken).ConfigureAwait(false);
            state.Restore(checkpoint, headers, restored, place);

            void Read(CheckpointParquet parquet)
            {
                parquet.ReadFiles(restored, cancellationToken);
                restored.AddStatistics(parquet.HoldStatistics());
            }
        }).ConfigureAwait(false);
        return state;
    }

    /// <summary>The tombstones that a checkpoint holds of files that were deleted after a time.</summary>
    /// <exception cref="LeptonDataException"><c>storage.checkpoint</c></exception>
    internal async ValueTask<IReadOnlyList<RemoveAction>> ReadTombstonesAsync(CheckpointFiles checkpoint, long afterMilliseconds, CancellationToken cancellationToken)
    {
        var tombstones = new List<RemoveAction>();
        await GuardAsync(PlaceOf(checkpoint), async () =>
        {
            List<LogAction> headers = await ReadTopAsync(checkpoint, Read, cancellationToken).ConfigureAwait(false);
            tombstones.AddRange(headers.OfType<RemoveAction>().Where(remove => remove.DeletedMilliseconds > afterMilliseconds));
            if (await SidecarsAsync(checkpoint, headers, cancellationToken).ConfigureAwait(false) is { Count: > 0 } sidecars) await WithLocalAsync(sidecars, Read, cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return tombstones;

        void Read(CheckpointParquet parquet) => tombstones.AddRange(Actions(parquet.Tombstones(afterMilliseconds, cancellationToken), PlaceOf(checkpoint)).OfType<RemoveAction>());
    }

    private static bool IsJson(CheckpointFiles checkpoint) => checkpoint.Files[0].Name.EndsWith(".json", StringComparison.Ordinal);

    // What the checkpoint's own files hold but files in Parquet, which are the caller's.
    private async ValueTask<List<LogAction>> ReadTopAsync(CheckpointFiles checkpoint, Action<CheckpointParquet> readFiles, CancellationToken cancellationToken)
    {
        SourcePlace place = PlaceOf(checkpoint);
        var headers = new List<LogAction>();
        if (!IsJson(checkpoint))
        {
            await WithLocalAsync(checkpoint.Files, parquet =>
            {
                Task top = Task.Run(() => headers.AddRange(Actions(parquet.Headers(cancellationToken), place)), cancellationToken);
                try
                {
                    readFiles(parquet);
                }
                finally
                {
                    top.GetAwaiter().GetResult();
                }
            }, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            Stream stream = await store.OpenAsync(checkpoint.Files[0].Path, cancellationToken: cancellationToken).ConfigureAwait(false) ?? throw Broken(place, Reasons.Missing);
            await using (stream.ConfigureAwait(false)) headers.AddRange((await log.ReadAsync(stream, checkpoint.Version, default, cancellationToken, place).ConfigureAwait(false)).Actions);
        }
        if (headers.OfType<CheckpointMetadataAction>().Any(said => said.Version != checkpoint.Version)) throw Broken(place, Reasons.Version);
        return headers;
    }

    // The further files of a checkpoint of the second kind.
    private async ValueTask<IReadOnlyList<ObjectInfo>> SidecarsAsync(CheckpointFiles checkpoint, List<LogAction> headers, CancellationToken cancellationToken)
    {
        var files = new List<ObjectInfo>();
        foreach (SidecarAction sidecar in headers.OfType<SidecarAction>())
        {
            string name = sidecar.Name[(sidecar.Name.LastIndexOf('/') + 1)..];
            if (!PathEncoding.TryDecode(name, out string? file)) throw Broken(PlaceOf(checkpoint), Reasons.Missing);
            string path = $"{tableFolder}/{SidecarFolder}/{file}";
            if (await store.FindAsync(path, cancellationToken).ConfigureAwait(false) is not { IsFolder: false } found || found.SizeBytes != sidecar.SizeBytes)
                throw Broken(new SourcePlace(store.Locate(path)), Reasons.Missing);
            files.Add(found);
        }
        return files;
    }

    private IEnumerable<LogAction> Actions(IEnumerable<byte[]> lines, SourcePlace place)
    {
        var reader = new ActionReader(_table, _root);
        return lines.Select(line => reader.Read(line, place)).OfType<LogAction>();
    }

    private async ValueTask WithLocalAsync(IReadOnlyList<ObjectInfo> files, Action<CheckpointParquet> read, CancellationToken cancellationToken)
    {
        using LocalFiles local = await store.FetchAsync([.. files.Select(file => file.Path)], cancellationToken).ConfigureAwait(false);
        await Task.Run(() =>
        {
            using var parquet = new CheckpointParquet([.. files.Select(file => local.PathOf(file.Path))], files.Sum(file => file.SizeBytes));
            read(parquet);
        }, cancellationToken).ConfigureAwait(false);
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
}

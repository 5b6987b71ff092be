using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Log;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage;

/// <summary>A folder of Delta tables, and what the product keeps beside them. See docs/formats/lake.md for the layout. Safe for use by several threads and processes.</summary>
public sealed partial class Lake
{
    /// <summary>The newest layout that this version reads, and the one that it makes.</summary>
    public const int FormatVersion = 1;

    /// <summary>The file that makes a folder a lake.</summary>
    public const string MarkerFileName = "lepton.json";

    /// <summary>The folder of all training sets, relative to the store.</summary>
    public const string DatasetsFolder = $"{SystemFolder}/datasets";

    internal const string SystemFolder = "_lepton";
    private const int MarkerSizeMax = 64 * 1024;

    // A table keeps its newest state, so that reading it again reads only what was added.
    private readonly ConcurrentDictionary<string, DeltaTable> _tables = new(StringComparer.Ordinal);

    private Lake(IObjectStore store) => (Store, RootPath) = (store, store.Locate(""));

    /// <summary>The folder, absolute; or the URL of what a bucket holds, <c>s3://bucket/prefix</c>.</summary>
    public string RootPath { get; }

    /// <summary>Where the lake's objects are: whoever makes some that must outlive a power cut makes and syncs them through it.</summary>
    public IObjectStore Store { get; }

    /// <summary>Makes a lake in a folder that does not exist or holds nothing, or opens the one that is there.</summary>
    /// <param name="rootPath">The folder.</param>
    /// <exception cref="LeptonDataException">The folder holds other things (<c>storage.not_a_lake</c>), cannot be written, or is a lake of a newer layout.</exception>
    public static Lake Create(string rootPath) => Create(new LocalObjectStore(rootPath));

    /// <summary>Makes a lake in a store that holds nothing, or opens the one that is there.</summary>
    /// <param name="store">Whose root is the lake.</param>
    /// <param name="cancellationToken">Observed while the store is waited for.</param>
    /// <exception cref="LeptonDataException">As for a folder; <c>storage.no_conditional_put</c> where the store writes what it was asked not to.</exception>
    public static Lake Create(IObjectStore store, CancellationToken cancellationToken = default)
    {
        if (ReadMarker(store, cancellationToken) is not { } marker)
        {
            // What begins with a dot is a desktop's or the rest of an interrupted creation.
            if (List(store, "", cancellationToken).Any(entry => !entry.Name.StartsWith('.'))) throw new LeptonDataException("storage.not_a_lake", [store.Locate("")]);
            marker = Encoding.UTF8.GetBytes($$"""{"formatVersion":{{FormatVersion}},"createdBy":"{{EngineInfo}}"}""" + "\n");
            Put();
            // All that keeps writers apart rests on it, and a server that does not know it says nothing.
            if (!store.IsOfFiles && Put())
            {
                // Else the next one would find a lake here, and not ask again.
                store.DeleteAsync(MarkerFileName, CancellationToken.None).AsTask().GetAwaiter().GetResult();
                throw new LeptonDataException("storage.no_conditional_put", [store.Locate("")]);
            }
        }
        return Open(store, cancellationToken);

        bool Put() => store.PutIfAbsentAsync(MarkerFileName, marker, cancellationToken).AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Opens the lake in a folder.</summary>
    /// <exception cref="LeptonDataException">There is none (<c>storage.no_lake</c>), or its layout is newer than this version knows (<c>storage.lake_newer</c>).</exception>
    public static Lake Open(string rootPath) => Open(new LocalObjectStore(rootPath));

    /// <summary>Opens the lake in a store.</summary>
    /// <param name="store">Whose root is the lake.</param>
    /// <param name="cancellationToken">Observed while the store is waited for.</param>
    /// <inheritdoc cref="Open(string)"/>
    public static Lake Open(IObjectStore store, CancellationToken cancellationToken = default)
    {
        byte[] content = ReadMarker(store, cancellationToken) ?? throw new LeptonDataException("storage.no_lake", [store.Locate("")]);
        int version = FormatVersionOf(content) ?? throw new LeptonDataException("storage.lake_broken", [store.Locate(MarkerFileName)]);
        if (version > FormatVersion) throw new LeptonDataException("storage.lake_newer", [store.Locate(""), version, FormatVersion]);
        return new Lake(store);
    }

    /// <summary>A table of the project; it need not exist yet.</summary>
    public ITable Table(TableName name) => TableAt($"{name.Schema}/{name.Table}");

    /// <summary>A table of the product's own, such as <c>runs</c>; it need not exist yet.</summary>
    /// <param name="name">As <see cref="TableName.IsName"/> has it.</param>
    public ITable SystemTable(string name)
    {
        if (!TableName.IsName(name)) throw new ArgumentException($"'{name}' is no table's name", nameof(name));
        return TableAt($"{SystemFolder}/{name}");
    }

    /// <summary>The tables of the project that have a first commit, quarantines included, in order of name.</summary>
    public IReadOnlyList<TableName> ListTables()
    {
        var names = new List<TableName>();
        foreach (ObjectInfo schema in Folders(""))
            foreach (ObjectInfo table in Folders(schema.Path))
                if (NameOf(schema.Name, table.Name) is { } name && List(Store, $"{table.Path}/{LogFolder.FolderName}").Any(entry => char.IsAsciiDigit(entry.Name[0]))) names.Add(name);
        names.Sort((left, right) => string.CompareOrdinal(left.ToString(), right.ToString()));
        return names;

        IEnumerable<ObjectInfo> Folders(string path) => List(Store, path).Where(entry => entry.IsFolder && (path.Length > 0 || TableName.IsName(entry.Name)));
    }

    /// <summary>The folder of a training set's versions, as it is called outside (absolute, or a URL); it need not exist yet.</summary>
    /// <param name="name">As <see cref="TableName.IsName"/> has it.</param>
    public string DatasetFolder(string name) => Store.Locate(DatasetPath(name));

    /// <summary>The folder of a training set's versions, relative to the store.</summary>
    /// <param name="name">As <see cref="TableName.IsName"/> has it.</param>
    public static string DatasetPath(string name)
    {
        if (!TableName.IsName(name)) throw new ArgumentException($"'{name}' is no training set's name", nameof(name));
        return $"{DatasetsFolder}/{name}";
    }

    /// <summary>The first live file of a table that is not there, or not as long as the log says; null where all are.</summary>
    /// <param name="snapshot">Of a table of this lake.</param>
    /// <param name="cancellationToken">Observed between files.</param>
    public async ValueTask<DataFile?> FindLostFileAsync(Snapshot snapshot, CancellationToken cancellationToken = default)
    {
        foreach (DataFile file in snapshot.Files)
            if (await Store.FindAsync(Store.PathOf(snapshot.LocationOf(file.Path))!, cancellationToken).ConfigureAwait(false) is not { IsFolder: false } found || found.SizeBytes != file.SizeBytes) return file;
        return null;
    }

    /// <summary>What commits and files say of who wrote them.</summary>
    internal static string EngineInfo { get; } = $"Lepton.Data/{typeof(Lake).Assembly.GetName().Version?.ToString(3)}";

    private DeltaTable TableAt(string folder) => _tables.GetOrAdd(folder, path => new DeltaTable(Store, path));

    private static ObjectInfo[] List(IObjectStore store, string folder, CancellationToken cancellationToken = default) => store.ListAsync(folder, cancellationToken: cancellationToken).ToBlockingEnumerable(cancellationToken).ToArray();

    private static byte[]? ReadMarker(IObjectStore store, CancellationToken cancellationToken)
    {
        using Stream? stream = store.OpenAsync(MarkerFileName, cancellationToken: cancellationToken).AsTask().GetAwaiter().GetResult();
        if (stream is null) return null;
        byte[] content = new byte[MarkerSizeMax + 1];
        int size = FileErrors.Guard(store.Locate(MarkerFileName), () => stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false));
        return size <= MarkerSizeMax ? content[..size] : throw new LeptonDataException("storage.lake_broken", [store.Locate(MarkerFileName)]);
    }

    private static TableName? NameOf(string schema, string table)
    {
        try
        {
            return TableName.Parse($"{schema}.{table}");
        }
        catch (LeptonDataException)
        {
            // A folder that somebody put there: not one of ours.
            return null;
        }
    }

    private static int? FormatVersionOf(byte[] marker)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(marker, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("formatVersion", out JsonElement version)
                && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out int number) && number > 0 ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

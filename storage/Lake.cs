using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage;

/// <summary>A folder of Delta tables, and what the product keeps beside them. See docs/formats/lake.md for the layout. Safe for use by several threads and processes.</summary>
public sealed partial class Lake
{
    /// <summary>The newest layout that this version reads, and the one that it makes.</summary>
    public const int FormatVersion = 1;

    /// <summary>The file that makes a folder a lake.</summary>
    public const string MarkerFileName = "lepton.json";

    internal const string SystemFolder = "_lepton";
    private const int MarkerSizeMax = 64 * 1024;

    // A table keeps its newest state, so that reading it again reads only what was added.
    private readonly ConcurrentDictionary<string, DeltaTable> _tables = new(StringComparer.Ordinal);

    private Lake(LocalObjectStore store) => Store = store;

    /// <summary>The folder, absolute.</summary>
    public string RootPath => Store.RootPath;

    /// <summary>The folder's files: whoever makes some that must outlive a power cut makes and syncs them through it.</summary>
    public LocalObjectStore Store { get; }

    /// <summary>Makes a lake in a folder that does not exist or holds nothing, or opens the one that is there.</summary>
    /// <param name="rootPath">The folder.</param>
    /// <exception cref="LeptonDataException">The folder holds other things (<c>storage.not_a_lake</c>), cannot be written, or is a lake of a newer layout.</exception>
    public static Lake Create(string rootPath) => Create(new LocalObjectStore(rootPath));

    internal static Lake Create(LocalObjectStore store)
    {
        if (File.Exists(store.RootPath)) throw new LeptonDataException("storage.not_a_folder", [store.RootPath]);
        if (!File.Exists(store.Locate(MarkerFileName)))
        {
            // What begins with a dot is a desktop's or the rest of an interrupted creation.
            if (Directory.Exists(store.RootPath) && FileErrors.Guard(store.RootPath, () => Directory.EnumerateFileSystemEntries(store.RootPath).Any(entry => !Path.GetFileName(entry).StartsWith('.'))))
                throw new LeptonDataException("storage.not_a_lake", [store.RootPath]);
            byte[] marker = Encoding.UTF8.GetBytes($$"""{"formatVersion":{{FormatVersion}},"createdBy":"{{EngineInfo}}"}""" + "\n");
            store.PutIfAbsentAsync(MarkerFileName, marker).AsTask().GetAwaiter().GetResult();
        }
        return Open(store);
    }

    /// <summary>Opens the lake in a folder.</summary>
    /// <exception cref="LeptonDataException">There is none (<c>storage.no_lake</c>), or its layout is newer than this version knows (<c>storage.lake_newer</c>).</exception>
    public static Lake Open(string rootPath) => Open(new LocalObjectStore(rootPath));

    internal static Lake Open(LocalObjectStore store)
    {
        string marker = store.Locate(MarkerFileName);
        byte[] content = FileErrors.Guard(marker, () =>
        {
            var file = new FileInfo(marker);
            if (!file.Exists) throw new LeptonDataException("storage.no_lake", [store.RootPath]);
            if (file.Length > MarkerSizeMax) throw new LeptonDataException("storage.lake_broken", [marker]);
            return File.ReadAllBytes(marker);
        });
        int version = FormatVersionOf(content) ?? throw new LeptonDataException("storage.lake_broken", [marker]);
        if (version > FormatVersion) throw new LeptonDataException("storage.lake_newer", [store.RootPath, version, FormatVersion]);
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
    public IReadOnlyList<TableName> ListTables() => FileErrors.Guard(RootPath, () =>
    {
        var names = new List<TableName>();
        foreach (string schema in Directory.EnumerateDirectories(RootPath).Where(folder => TableName.IsName(Path.GetFileName(folder))))
            foreach (string table in Directory.EnumerateDirectories(schema).Where(DeltaTable.HasLog))
                if (NameOf(Path.GetFileName(schema), Path.GetFileName(table)) is { } name) names.Add(name);
        names.Sort((left, right) => string.CompareOrdinal(left.ToString(), right.ToString()));
        return names;
    });

    /// <summary>The folder of a training set's versions, absolute; it need not exist yet.</summary>
    /// <param name="name">As <see cref="TableName.IsName"/> has it.</param>
    public string DatasetFolder(string name)
    {
        if (!TableName.IsName(name)) throw new ArgumentException($"'{name}' is no training set's name", nameof(name));
        return Store.Locate($"{SystemFolder}/datasets/{name}");
    }

    /// <summary>What commits and files say of who wrote them.</summary>
    internal static string EngineInfo { get; } = $"Lepton.Data/{typeof(Lake).Assembly.GetName().Version?.ToString(3)}";

    private DeltaTable TableAt(string folder) => _tables.GetOrAdd(folder, path => new DeltaTable(Store, path));

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

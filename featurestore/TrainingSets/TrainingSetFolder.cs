using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>Where training sets lie: <c>_lepton/datasets/NAME/vN/{manifest.json, part-*.parquet}</c>. A folder is published by its name alone, in one step.</summary>
internal static class TrainingSetFolder
{
    internal const string ManifestName = "manifest.json";

    private const int ManifestSizeMax = 64 << 20;

    /// <summary>The training sets that have a version, in order of name.</summary>
    internal static IReadOnlyList<string> Names(Lake lake)
    {
        string root = Path.GetDirectoryName(lake.DatasetFolder("any"))!;
        return FileErrors.Guard(root, () => !Directory.Exists(root)
            ? []
            : Directory.EnumerateDirectories(root).Select(folder => Path.GetFileName(folder)).Where(TableName.IsName).Where(name => Versions(lake, name).Count > 0).Order(StringComparer.Ordinal).ToArray());
    }

    /// <summary>The published versions, ascending.</summary>
    internal static IReadOnlyList<int> Versions(Lake lake, string name)
    {
        string folder = lake.DatasetFolder(name);
        return FileErrors.Guard(folder, () => !Directory.Exists(folder)
            ? []
            : Directory.EnumerateDirectories(folder).Select(path => VersionOf(Path.GetFileName(path))).OfType<int>().Order().ToArray());
    }

    internal static string FolderOf(Lake lake, string name, int version) => Path.Combine(lake.DatasetFolder(name), string.Create(CultureInfo.InvariantCulture, $"v{version}"));

    /// <summary>The newest version, or null where there is none.</summary>
    internal static TrainingSetVersion? Newest(Lake lake, string name) => Versions(lake, name) is [.., var newest] ? Open(lake, name, newest) : null;

    /// <summary>Reads a version's manifest.</summary>
    /// <exception cref="LeptonDataException"><c>featurestore.manifest_broken</c>, <c>featurestore.manifest_newer</c></exception>
    internal static TrainingSetVersion Open(Lake lake, string name, int version)
    {
        string folder = FolderOf(lake, name, version);
        string path = Path.Combine(folder, ManifestName);
        byte[] json = FileErrors.Guard(path, () =>
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > ManifestSizeMax) throw new LeptonDataException("featurestore.manifest_broken", [path, $"{file.Length} bytes"]);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        });
        TrainingSetManifest manifest = ManifestJson.Read(json, path);
        if (manifest.Name != name || manifest.Version != version) throw new LeptonDataException("featurestore.manifest_broken", [path, $"{manifest.Name} v{manifest.Version}"]);
        return new TrainingSetVersion(folder, manifest);
    }

    /// <summary>The rows of a version, for queries.</summary>
    internal static Input InputOf(TrainingSetVersion version)
        => version.Manifest.Files.Count == 0 ? new BatchInput(version.Manifest.Schema, []) : ScanOf(version.Folder, version.Manifest.Files, version.Manifest.Schema);

    /// <summary>Some files of a training set, for queries: of the size that the manifest says, else the engine refuses them.</summary>
    internal static FileInput ScanOf(string folder, IEnumerable<TrainingSetFile> files, Schema schema)
        => new(new FileScan(
            FileFormat.Parquet,
            new EquatableList<SourceFile>(files.Select(file => SourceOf(Path.Combine(folder, file.Path), file))),
            schema,
            schema,
            null,
            new Dictionary<string, string>()));

    private static SourceFile SourceOf(string path, TrainingSetFile file)
        => new(path, file.SizeBytes, EventTime.FromDateTimeOffset(new DateTimeOffset(File.GetLastWriteTimeUtc(path))), file.Sha256);

    /// <summary>Gives a finished folder its name, in one step and durably.</summary>
    /// <returns>False where the version was published by another in the meantime.</returns>
    internal static async ValueTask<bool> PublishAsync(Lake lake, string aside, TrainingSetManifest manifest, CancellationToken cancellationToken)
    {
        LocalObjectStore store = lake.Store;
        string target = FolderOf(lake, manifest.Name, manifest.Version);
        string manifestPath = Path.Combine(aside, ManifestName);
        await store.DeleteAsync(Relative(manifestPath), cancellationToken).ConfigureAwait(false);
        await store.PutIfAbsentAsync(Relative(manifestPath), ManifestJson.Write(manifest), cancellationToken).ConfigureAwait(false);
        await store.SyncAsync([.. manifest.Files.Select(file => Relative(Path.Combine(aside, file.Path)))], cancellationToken).ConfigureAwait(false);
        try
        {
            // rename(2) replaces an empty folder at most, and a published one never is empty.
            Directory.Move(aside, target);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            if (Directory.Exists(target)) return false;
            throw FileErrors.Of(failure, target);
        }
        // The folder itself: the rename changed only its own name.
        await store.SyncAsync([Relative(target)], CancellationToken.None).ConfigureAwait(false);
        return true;

        string Relative(string path) => Path.GetRelativePath(store.RootPath, path);
    }

    private static int? VersionOf(string folder)
        => folder.StartsWith('v') && int.TryParse(folder.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int version) && version > 0
           && folder == string.Create(CultureInfo.InvariantCulture, $"v{version}") ? version : null;
}

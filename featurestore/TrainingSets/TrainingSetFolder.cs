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
        => [.. List(lake, Lake.DatasetsFolder).Where(entry => entry.IsFolder && TableName.IsName(entry.Name) && Versions(lake, entry.Name).Count > 0).Select(entry => entry.Name)];

    /// <summary>The published versions, ascending.</summary>
    internal static IReadOnlyList<int> Versions(Lake lake, string name)
        => [.. List(lake, Lake.DatasetPath(name)).Where(entry => entry.IsFolder).Select(entry => VersionOf(entry.Name)).OfType<int>().Where(version => IsPublished(lake, name, version)).Order()];

    /// <summary>The folder of a version, as it is called outside.</summary>
    internal static string FolderOf(Lake lake, string name, int version) => lake.Store.Locate(PathOf(name, version));

    /// <summary>The newest version, or null where there is none.</summary>
    internal static TrainingSetVersion? Newest(Lake lake, string name) => Versions(lake, name) is [.., var newest] ? Open(lake, name, newest) : null;

    /// <summary>Reads a version's manifest.</summary>
    /// <exception cref="LeptonDataException"><c>featurestore.manifest_broken</c>, <c>featurestore.manifest_newer</c></exception>
    internal static TrainingSetVersion Open(Lake lake, string name, int version)
    {
        string path = $"{FolderOf(lake, name, version)}/{ManifestName}";
        byte[] json = ReadManifest(lake, $"{PathOf(name, version)}/{ManifestName}", path);
        TrainingSetManifest manifest = ManifestJson.Read(json, path);
        if (manifest.Name != name || manifest.Version != version) throw new LeptonDataException("featurestore.manifest_broken", [path, $"{manifest.Name} v{manifest.Version}"]);
        return new TrainingSetVersion(FolderOf(lake, name, version), manifest);
    }

    /// <summary>The rows of a version, for queries.</summary>
    internal static Input InputOf(Lake lake, TrainingSetVersion version)
        => version.Manifest.Files.Count == 0 ? new BatchInput(version.Manifest.Schema, []) : ScanOf(version.Manifest.Files.Select(file => SourceOf(lake, version.Folder, file)), version.Manifest.Schema);

    /// <summary>Files of a training set that is being built, for queries: of the size that was written, else the engine refuses them.</summary>
    internal static FileInput ScanOf(string folder, IEnumerable<TrainingSetFile> files, Schema schema) => ScanOf(files.Select(file => SourceOf(Path.Combine(folder, file.Path), file)), schema);

    private static FileInput ScanOf(IEnumerable<SourceFile> files, Schema schema)
        => new(new FileScan(FileFormat.Parquet, new EquatableList<SourceFile>(files), schema, schema, null, new Dictionary<string, string>()));

    private static SourceFile SourceOf(string path, TrainingSetFile file)
        => new(path, file.SizeBytes, EventTime.FromDateTimeOffset(new DateTimeOffset(File.GetLastWriteTimeUtc(path))), file.Sha256);

    private static SourceFile SourceOf(Lake lake, string folder, TrainingSetFile file)
    {
        string path = Path.Join(folder, file.Path);
        // One that is gone the engine tells of.
        ObjectInfo? found = lake.Store.FindAsync(lake.Store.PathOf(path)!).AsTask().GetAwaiter().GetResult();
        return new SourceFile(path, file.SizeBytes, found?.ModifiedAt ?? default, file.Sha256);
    }

    /// <summary>Gives a finished folder its name, in one step and durably: by renaming it, or where that is not to be had by its manifest, which is put last.</summary>
    /// <returns>The files under their names; null where the version was published by another in the meantime.</returns>
    internal static async ValueTask<TrainingSetVersion?> PublishAsync(Lake lake, string aside, TrainingSetManifest manifest, CancellationToken cancellationToken)
    {
        if (!lake.Store.IsOfFiles) return await UploadAsync(lake, aside, manifest, cancellationToken).ConfigureAwait(false);
        IObjectStore store = lake.Store.Below(Path.GetRelativePath(lake.RootPath, aside));
        string target = FolderOf(lake, manifest.Name, manifest.Version);
        await store.DeleteAsync(ManifestName, cancellationToken).ConfigureAwait(false);
        await store.PutIfAbsentAsync(ManifestName, ManifestJson.Write(manifest), cancellationToken).ConfigureAwait(false);
        await store.SyncAsync([.. manifest.Files.Select(file => file.Path)], cancellationToken).ConfigureAwait(false);
        try
        {
            // rename(2) replaces an empty folder at most, and a published one never is empty.
            Directory.Move(aside, target);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            if (Directory.Exists(target)) return null;
            throw FileErrors.Of(failure, target);
        }
        // The folder itself: the rename changed only its own name.
        await lake.Store.SyncAsync([PathOf(manifest.Name, manifest.Version)], CancellationToken.None).ConfigureAwait(false);
        return new TrainingSetVersion(target, manifest);
    }

    /// <summary>Publishes by the manifest. Two builders may do so at once, so that each file's name carries its digest: other bytes have another name.</summary>
    private static async ValueTask<TrainingSetVersion?> UploadAsync(Lake lake, string aside, TrainingSetManifest manifest, CancellationToken cancellationToken)
    {
        string folder = PathOf(manifest.Name, manifest.Version);
        TrainingSetFile[] files = [.. manifest.Files.Select(file => file with { Path = $"{Path.GetFileNameWithoutExtension(file.Path)}-{file.Sha256[..16]}{Path.GetExtension(file.Path)}" })];
        lake.Store.MakeFolder(folder);
        foreach ((TrainingSetFile built, TrainingSetFile file) in manifest.Files.Zip(files))
        {
            string target = lake.Store.PathToWrite($"{folder}/{file.Path}");
            // The built file stays: where this version is taken, it is published as the next.
            FileErrors.Guard(target, () => File.Copy(Path.Combine(aside, built.Path), target, overwrite: true));
        }
        await lake.Store.SyncAsync([.. files.Select(file => $"{folder}/{file.Path}")], cancellationToken).ConfigureAwait(false);
        manifest = manifest with { Files = files };
        if (await lake.Store.PutIfAbsentAsync($"{folder}/{ManifestName}", ManifestJson.Write(manifest), cancellationToken).ConfigureAwait(false)) return new TrainingSetVersion(lake.Store.Locate(folder), manifest);
        // Another's version: what it does not name was ours alone.
        IReadOnlyList<TrainingSetFile> theirs = Open(lake, manifest.Name, manifest.Version).Manifest.Files;
        foreach (TrainingSetFile file in files.Where(file => theirs.All(other => other.Path != file.Path))) await lake.Store.DeleteAsync($"{folder}/{file.Path}", cancellationToken).ConfigureAwait(false);
        return null;
    }

    /// <summary>What lies in a folder.</summary>
    internal static ObjectInfo[] List(Lake lake, string folder) => [.. lake.Store.ListAsync(folder).ToBlockingEnumerable()];

    /// <summary>The folder of a version, relative to the store.</summary>
    internal static string PathOf(string name, int version) => string.Create(CultureInfo.InvariantCulture, $"{Lake.DatasetPath(name)}/v{version}");

    // A folder appears whole where it is renamed; in a bucket files are seen before their manifest is.
    private static bool IsPublished(Lake lake, string name, int version)
        => lake.Store.IsOfFiles || lake.Store.FindAsync($"{PathOf(name, version)}/{ManifestName}").AsTask().GetAwaiter().GetResult() is not null;

    private static byte[] ReadManifest(Lake lake, string path, string location)
    {
        ObjectInfo found = lake.Store.FindAsync(path).AsTask().GetAwaiter().GetResult() ?? throw FileErrors.Of(new FileNotFoundException(), location);
        if (found.SizeBytes > ManifestSizeMax) throw new LeptonDataException("featurestore.manifest_broken", [location, $"{found.SizeBytes} bytes"]);
        using Stream stream = lake.Store.OpenAsync(path).AsTask().GetAwaiter().GetResult() ?? throw FileErrors.Of(new FileNotFoundException(), location);
        return FileErrors.Guard(location, () =>
        {
            var bytes = new byte[found.SizeBytes];
            stream.ReadExactly(bytes);
            return bytes;
        });
    }

    private static int? VersionOf(string folder)
        => folder.StartsWith('v') && int.TryParse(folder.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int version) && version > 0
           && folder == string.Create(CultureInfo.InvariantCulture, $"v{version}") ? version : null;
}

using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>A folder beside a training set's versions in which one is built, and which no reader looks into. It is gone once disposed, and the next build removes what a killed one left.</summary>
/// <remarks>A file beside it is locked as long as its process lives, which the operating system ends with the process: so others know whether somebody still works in it.</remarks>
internal sealed class AsideFolder : IDisposable
{
    internal const string Prefix = ".building-";

    private const string LockSuffix = ".lock";

    private readonly FileStream _lock;

    private AsideFolder(string path, FileStream held) => (Path, _lock) = (path, held);

    /// <summary>Absolute.</summary>
    internal string Path { get; }

    /// <summary>Makes one, and removes those of processes that died.</summary>
    /// <exception cref="Schemas.LeptonDataException">The file system refuses.</exception>
    internal static AsideFolder Make(Lake lake, string name, RunContext run)
    {
        string folder = lake.DatasetFolder(name);
        return FileErrors.Guard(folder, () =>
        {
            lake.Store.MakeFolder(System.IO.Path.GetRelativePath(lake.RootPath, folder));
            RemoveAbandoned(folder);
            // Two builds of one run would take the same name; the number keeps them apart.
            while (true)
            {
                string path = System.IO.Path.Combine(folder, $"{Prefix}{run.Id.Value}-{Guid.NewGuid():n}");
                try
                {
                    // The lock stands before the folder: who sees the folder finds it held.
                    FileStream held = Hold(path + LockSuffix);
                    lake.Store.MakeFolder(System.IO.Path.GetRelativePath(lake.RootPath, path));
                    return new AsideFolder(path, held);
                }
                catch (IOException) when (File.Exists(path + LockSuffix))
                {
                    // Another build took the new file for an abandoned one before it was locked; under another name it goes on.
                }
            }
        });
    }

    /// <summary>Takes away what was built. A failure is passed over: what remains is rubbish that no reader sees.</summary>
    public void Dispose() => Remove(Path, _lock);

    private static void RemoveAbandoned(string folder)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(folder, Prefix + "*").Select(entry => entry.EndsWith(LockSuffix, StringComparison.Ordinal) ? entry[..^LockSuffix.Length] : entry).Distinct().ToList())
        {
            try
            {
                Remove(path, Hold(path + LockSuffix));
            }
            catch (Exception failure) when (FileErrors.IsFileFailure(failure))
            {
                // Somebody works in it.
            }
        }
    }

    private static FileStream Hold(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    private static void Remove(string path, FileStream held)
    {
        using (held)
        {
            try
            {
                if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
                File.Delete(held.Name);
            }
            catch (Exception failure) when (FileErrors.IsFileFailure(failure))
            {
            }
        }
    }
}

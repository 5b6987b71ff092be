namespace Lepton.Data.Storage.DuckDb;

/// <summary>
/// A folder for one engine to spill into, gone when the engine is. It is held by a locked file, so that what a killed process left is known and removed by the next one.
/// </summary>
public sealed class SpillFolder : IDisposable
{
    private const string LockName = "lock";

    private readonly FileStream _lock;

    private SpillFolder(string path, FileStream @lock) => (Path, _lock) = (path, @lock);

    public string Path { get; }

    /// <param name="parent">Absolute; holds a folder for each engine that runs. Others cannot look into it.</param>
    /// <returns>Null where the file system refuses; work that fits into memory does not need one.</returns>
    public static SpillFolder? TryOpen(string parent)
    {
        try
        {
            CreateFolder(parent);
            foreach (string other in Directory.EnumerateDirectories(parent, "spill-*")) RemoveIfLeft(other);
            string path = System.IO.Path.Combine(parent, $"spill-{Guid.NewGuid():N}");
            CreateFolder(path);
            return new SpillFolder(path, new FileStream(System.IO.Path.Combine(path, LockName), FileMode.CreateNew, FileAccess.Write, FileShare.None));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _lock.Dispose();
        Remove(Path);
    }

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    // Between the making of a folder and its lock another engine may come by: a folder without a lock file is left alone.
    private static void RemoveIfLeft(string folder)
    {
        try
        {
            using (new FileStream(System.IO.Path.Combine(folder, LockName), FileMode.Open, FileAccess.Write, FileShare.None)) { }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return;
        }
        Remove(folder);
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Only space is lost, and the next engine tries again.
        }
    }
}

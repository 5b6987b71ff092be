using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects;

/// <summary>A folder in which one process works aside, and which no reader looks into. It is gone once disposed, and the next process that makes one removes what a killed one left.</summary>
/// <remarks>A file beside it is locked as long as its process lives, which the operating system ends with the process: so others know whether somebody still works in it.</remarks>
public sealed class HeldFolder : IDisposable
{
    private const string LockSuffix = ".lock";

    // EWOULDBLOCK, which .NET hands on where another process holds the file's lock.
    private const int WouldBlock = 11;

    private readonly FileStream _lock;

    private HeldFolder(string path, FileStream held) => (Path, _lock) = (path, held);

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>Makes one, and removes those of processes that died, but for one in which this process can go on.</summary>
    /// <param name="parent">Where, absolute; it exists.</param>
    /// <param name="prefix">What the names of all such folders in <paramref name="parent"/> begin with.</param>
    /// <param name="name">What this one's name goes on with, before a number that nobody else has.</param>
    /// <param name="makeFolder">Makes a folder, given its absolute path.</param>
    /// <param name="canGoOn">Whether the work of a process that died, given its folder, is what is to be done now: the first of these is taken over as it is. Null for never.</param>
    /// <exception cref="LeptonDataException">The file system refuses.</exception>
    public static HeldFolder Make(string parent, string prefix, string name, Action<string> makeFolder, Func<string, bool>? canGoOn = null) => FileErrors.Guard(parent, () =>
    {
        if (TakeAbandoned(parent, prefix, canGoOn) is { } taken) return taken;
        while (true)
        {
            string path = System.IO.Path.Combine(parent, $"{prefix}{name}{Guid.NewGuid():n}");
            FileStream held;
            try
            {
                // The lock stands before the folder: who sees the folder finds it held.
                held = Hold(path + LockSuffix);
            }
            catch (IOException failure) when (failure.HResult == WouldBlock)
            {
                // Another process took the new file for an abandoned one before it was locked; under another name it goes on.
                continue;
            }
            try
            {
                makeFolder(path);
                // That process may be done already: then what is locked has no name any more.
                if (File.Exists(held.Name)) return new HeldFolder(path, held);
                Remove(path, held);
            }
            catch
            {
                Remove(path, held);
                throw;
            }
        }
    });

    /// <summary>Makes one that others cannot look into, and <paramref name="parent"/> where it is not there yet.</summary>
    /// <param name="parent">Where, absolute.</param>
    /// <param name="prefix">What the names of all such folders in <paramref name="parent"/> begin with.</param>
    /// <returns>Null where the file system refuses.</returns>
    internal static HeldFolder? TryMakePrivate(string parent, string prefix)
    {
        try
        {
            MakePrivate(parent);
            return Make(parent, prefix, "", MakePrivate);
        }
        catch (LeptonDataException)
        {
            return null;
        }
    }

    /// <summary>Makes a folder that others cannot look into; nothing happens where it is there.</summary>
    internal static void MakePrivate(string path) => FileErrors.Guard(path, () =>
    {
        if (File.Exists(path)) throw new LeptonDataException("storage.not_a_folder", [path]);
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    });

    /// <summary>Takes away what is in it. A failure is passed over: what remains is rubbish that no reader sees.</summary>
    public void Dispose() => Remove(Path, _lock);

    private static HeldFolder? TakeAbandoned(string parent, string prefix, Func<string, bool>? canGoOn)
    {
        HeldFolder? taken = null;
        foreach (string path in Directory.EnumerateFileSystemEntries(parent, prefix + "*").Select(entry => entry.EndsWith(LockSuffix, StringComparison.Ordinal) ? entry[..^LockSuffix.Length] : entry).Distinct().ToList())
        {
            try
            {
                FileStream held = Hold(path + LockSuffix);
                if (taken is null && canGoOn is not null && Directory.Exists(path) && canGoOn(path)) taken = new HeldFolder(path, held);
                else Remove(path, held);
            }
            catch (Exception failure) when (FileErrors.IsFileFailure(failure))
            {
                // Somebody works in it.
            }
        }
        return taken;
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

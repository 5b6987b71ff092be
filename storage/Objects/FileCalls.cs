using System.Runtime.InteropServices;
using Lepton.Data.Storage.Native;

namespace Lepton.Data.Storage.Objects;

/// <summary>The calls by which a local store changes a file system, one at a time, so that tests can fail or cut them anywhere. Failures carry errno in <see cref="Exception.HResult"/>.</summary>
internal interface IFileCalls
{
    /// <summary>Makes one folder in an existing one.</summary>
    void MakeFolder(string path);

    /// <summary>Makes a new file with this content, not yet durable.</summary>
    void WriteNew(string path, ReadOnlySpan<byte> content);

    /// <summary>Makes a file's content durable.</summary>
    void SyncFile(string path);

    /// <summary>Makes the names in a folder durable.</summary>
    void SyncFolder(string path);

    /// <summary>Gives a file a second name.</summary>
    /// <returns>False where the name is taken.</returns>
    bool Link(string existing, string name);

    /// <summary>Takes a name away; nothing happens where it is not there.</summary>
    void Unlink(string path);
}

/// <summary>The operating system's calls.</summary>
internal sealed class SystemFileCalls : IFileCalls
{
    internal static SystemFileCalls Instance { get; } = new();

    public void MakeFolder(string path) => Directory.CreateDirectory(path);

    public void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        RandomAccess.Write(file, content, 0);
    }

    public void SyncFile(string path) => Sync(path, LibC.OpenReadOnly);

    public void SyncFolder(string path) => Sync(path, LibC.OpenReadOnly | LibC.OpenDirectory);

    public bool Link(string existing, string name)
    {
        if (LibC.Link(existing, name) == 0) return true;
        int error = Marshal.GetLastPInvokeError();
        // The existing name may be gone as well: a run's sweep takes what somebody without its lock writes aside for a killed process's.
        return error == LibC.Exists || (error == LibC.NoSuchFile && File.Exists(name)) ? false : throw Failure("link", error);
    }

    public void Unlink(string path) => File.Delete(path);

    // .NET's own flush swallows the error of a device that cannot sync, and opens no folders.
    private static void Sync(string path, int flags)
    {
        int descriptor = LibC.Open(path, flags);
        if (descriptor < 0) throw Failure("open", Marshal.GetLastPInvokeError());
        int result = LibC.FSync(descriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = LibC.Close(descriptor);
        if (result != 0) throw Failure("fsync", error);
    }

    private static IOException Failure(string call, int error) => new($"{call}: {Marshal.GetPInvokeErrorMessage(error)}", error);
}

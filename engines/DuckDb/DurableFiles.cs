using System.Diagnostics;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>Files that must be there after the power went.</summary>
internal static class DurableFiles
{
    /// <summary>Makes a folder and those above it, durably.</summary>
    /// <exception cref="LeptonDataException">The file system refuses.</exception>
    internal static void CreateFolder(string folder)
    {
        if (Directory.Exists(folder)) return;
        string? parent = Path.GetDirectoryName(folder);
        if (parent is not null) CreateFolder(parent);
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, folder);
        }
        if (parent is not null) Sync(folder);
    }

    /// <summary>Makes a file or folder, and its name in the folder above, durable.</summary>
    internal static void Sync(string path)
    {
        ValueTask done = new LocalObjectStore(Path.GetDirectoryName(path)!).SyncAsync([Path.GetFileName(path)], CancellationToken.None);
        Debug.Assert(done.IsCompletedSuccessfully, "the local store works at once");
    }

    /// <summary>Deletes a file that may not be there, on a path where another error is under way.</summary>
    internal static void DeleteQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No commit names the file, so it is only garbage; vacuum takes it.
        }
    }
}

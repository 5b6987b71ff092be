using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Runs;

/// <summary>
/// Lets one run at a time change a lake. The operating system holds the lock and lets it go when the process ends, however it ends, so there is nothing to clean up after a kill.
/// </summary>
/// <remarks>On a shared file system whose locks do not reach other machines, a second machine is not kept out; its commits are still refused by their transactions.</remarks>
public sealed class RunLock : IDisposable
{
    // EWOULDBLOCK, which .NET hands on where another process holds the file's lock.
    private const int WouldBlock = 11;

    private readonly FileStream _lock;
    private readonly string _holderPath;

    private RunLock(FileStream file, string holderPath) => (_lock, _holderPath) = (file, holderPath);

    /// <summary>Takes the lock.</summary>
    /// <param name="lake">Whose.</param>
    /// <param name="holder">Who holds it, for the message that another run gives.</param>
    /// <exception cref="LeptonDataException"><c>storage.run_in_progress</c>: another run holds it; or the lake cannot be written.</exception>
    public static RunLock Take(Lake lake, string holder)
    {
        string folder = lake.Store.Locate(Lake.SystemFolder);
        string path = Path.Combine(folder, "run.lock");
        string holderPath = Path.Combine(folder, "run.holder");
        try
        {
            lake.Store.MakeFolder(Lake.SystemFolder);
            FileStream file;
            try
            {
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            }
            catch (IOException failure) when (failure.HResult == WouldBlock)
            {
                throw new LeptonDataException("storage.run_in_progress", [lake.RootPath, ReadHolder(holderPath)], failure) { IsTransient = true };
            }
            var taken = new RunLock(file, holderPath);
            try
            {
                File.WriteAllText(holderPath, string.Create(CultureInfo.InvariantCulture, $"{holder}, process {Environment.ProcessId}"), Encoding.UTF8);
                return taken;
            }
            catch
            {
                taken.Dispose();
                throw;
            }
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
    }

    /// <summary>Lets it go.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(_holderPath);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            // Only a note for people.
        }
        _lock.Dispose();
    }

    private static string ReadHolder(string path)
    {
        try
        {
            string text = File.ReadAllText(path);
            return text.Length <= 200 ? text : text[..200];
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            return "?";
        }
    }
}

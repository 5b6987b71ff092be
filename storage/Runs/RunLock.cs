using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Storage.Runs;

/// <summary>
/// Lets one run at a time change a lake. The operating system holds the lock and lets it go when the process ends, however it ends, so there is nothing to clean up after a kill.
/// </summary>
/// <remarks>
/// On a shared file system whose locks do not reach other machines, a second machine is not kept out; its commits are still refused by their transactions.
/// A lake in a bucket has a lock file on this machine and, for the others, a <see cref="RunLease"/> in the bucket.
/// </remarks>
public sealed class RunLock : IDisposable
{
    // EWOULDBLOCK, which .NET hands on where another process holds the file's lock.
    private const int WouldBlock = 11;

    private static readonly BilingualText s_remedy = new("wait until it has ended, or stop it", "请等其结束，或将其停止");

    private readonly FileStream _lock;
    private readonly string _holderPath;
    private RunLease? _lease;

    private RunLock(FileStream file, string holderPath) => (_lock, _holderPath) = (file, holderPath);

    /// <summary>Whether all who held it before have let it go or are dead for sure. False where another machine's was taken over since it was not renewed: its process may only be slow.</summary>
    public bool ProvesDeath => _lease?.ProvesDeath ?? true;

    /// <summary>Takes the lock.</summary>
    /// <param name="lake">Whose.</param>
    /// <param name="holder">Who holds it, for the message that another run gives.</param>
    /// <param name="time">When to renew a lease; the machine's clock by default.</param>
    /// <exception cref="LeptonDataException"><c>storage.run_in_progress</c>: another run holds it; or the lake cannot be written.</exception>
    public static RunLock Take(Lake lake, string holder, TimeProvider? time = null)
    {
        string path = lake.Store.PathToLock($"{Lake.SystemFolder}/run.lock");
        string holderPath = lake.Store.PathToLock($"{Lake.SystemFolder}/run.holder");
        holder = string.Create(CultureInfo.InvariantCulture, $"{holder}, process {Environment.ProcessId}");
        RunLock taken = FileErrors.Guard(path, () =>
        {
            FileStream file;
            try
            {
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            }
            catch (IOException failure) when (failure.HResult == WouldBlock)
            {
                throw new LeptonDataException("storage.run_in_progress", [lake.RootPath, ReadHolder(holderPath), s_remedy], failure) { IsTransient = true };
            }
            return new RunLock(file, holderPath);
        });
        try
        {
            FileErrors.Guard(path, () => File.WriteAllText(holderPath, holder, Encoding.UTF8));
            if (lake.Store.LockIdentity is { } identity) taken._lease = RunLease.Take(lake, identity, holder, time ?? TimeProvider.System);
            return taken;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Looks whether it is held still.</summary>
    /// <exception cref="LeptonDataException"><c>storage.lock_lost</c>: another run took a lease over that could not be renewed in time.</exception>
    public void EnsureHeld() => _lease?.EnsureHeld();

    /// <summary>Lets it go.</summary>
    public void Dispose()
    {
        _lease?.Dispose();
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

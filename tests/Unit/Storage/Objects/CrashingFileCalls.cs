using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Tests.Unit.Storage.Objects;

/// <summary>The process ended here.</summary>
internal sealed class CrashException(int point) : Exception($"crash at point {point}");

/// <summary>
/// The system's file calls with a crash at a chosen point: before a call, half-way through a write, or after a call. After it every call fails, as a dead process makes none.
/// It knows what was not synced, so that a test can also take the power away.
/// </summary>
internal sealed class CrashingFileCalls(int crashAt) : IFileCalls
{
    private readonly HashSet<string> _unsyncedContent = new(StringComparer.Ordinal);
    private readonly List<string> _unsyncedNames = [];
    private int _point;
    private bool _isDead;

    /// <summary>How many points were passed.</summary>
    internal int PointCount => _point;

    internal bool HasCrashed => _isDead;

    public void MakeFolder(string path) => Step(() =>
    {
        SystemFileCalls.Instance.MakeFolder(path);
        _unsyncedNames.Add(path);
    });

    public void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        byte[] bytes = content.ToArray();
        Step(() =>
        {
            _unsyncedContent.Add(path);
            _unsyncedNames.Add(path);
            SystemFileCalls.Instance.WriteNew(path, bytes.AsSpan(0, bytes.Length / 2));
            Point();
            File.WriteAllBytes(path, bytes);
        });
    }

    // A real sync is left out: the page cache survives a test's crash, and what it promises is modelled here.
    public void SyncFile(string path) => Step(() => _unsyncedContent.Remove(path));

    public void SyncFolder(string path) => Step(() => _unsyncedNames.RemoveAll(name => Path.GetDirectoryName(name) == path));

    public bool Link(string existing, string name)
    {
        bool isOurs = false;
        Step(() =>
        {
            isOurs = SystemFileCalls.Instance.Link(existing, name);
            if (!isOurs) return;
            _unsyncedNames.Add(name);
            if (_unsyncedContent.Contains(existing)) _unsyncedContent.Add(name);
        });
        return isOurs;
    }

    public void Unlink(string path) => Step(() =>
    {
        SystemFileCalls.Instance.Unlink(path);
        _unsyncedContent.Remove(path);
        _unsyncedNames.Remove(path);
    });

    /// <summary>What the machine's power takes along: content that was not synced, and names whose folder was not.</summary>
    internal void LosePower()
    {
        foreach (string path in _unsyncedContent.Where(File.Exists)) File.WriteAllBytes(path, File.ReadAllBytes(path)[..(int)(new FileInfo(path).Length / 2)]);
        foreach (string path in _unsyncedNames)
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            else if (File.Exists(path)) File.Delete(path);
        }
    }

    private void Step(Action call)
    {
        Point();
        call();
        Point();
    }

    private void Point()
    {
        if (_isDead) throw new CrashException(_point);
        if (++_point != crashAt) return;
        _isDead = true;
        throw new CrashException(_point);
    }
}

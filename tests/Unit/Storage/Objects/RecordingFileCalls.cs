using System.Text.RegularExpressions;
using Lepton.Data.Storage.Objects;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Objects;

/// <summary>The system's calls, written down in order; paths relative to a folder, chosen numbers as <c>*</c>. Syncs are only written down: nobody takes the power away.</summary>
internal sealed partial class RecordingFileCalls(string root) : IFileCalls
{
    private readonly List<string> _done = [];

    /// <summary>Checks what was done since the last look: exactly these calls, a line each.</summary>
    internal void AssertAre(string calls)
    {
        string done = string.Join('\n', _done);
        _done.Clear();
        Assert.That(done, Is.EqualTo(calls), done);
    }

    public void MakeFolder(string path)
    {
        Record("make", path);
        SystemFileCalls.Instance.MakeFolder(path);
    }

    public void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        Record("write", path);
        SystemFileCalls.Instance.WriteNew(path, content);
    }

    public void SyncFile(string path)
    {
        Record("sync", path);
        if (!Path.Exists(path)) throw new FileNotFoundException("nothing to sync", path);
    }

    public void SyncFolder(string path)
    {
        Record("sync names in", path);
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException(path);
    }

    public bool Link(string existing, string name)
    {
        Record("link", name);
        return SystemFileCalls.Instance.Link(existing, name);
    }

    public void Unlink(string path)
    {
        Record("unlink", path);
        SystemFileCalls.Instance.Unlink(path);
    }

    private void Record(string call, string path) => _done.Add($"{call} {Number().Replace(Path.GetRelativePath(root, path), "*")}");

    [GeneratedRegex("[0-9]{8}T[0-9]{6}-[0-9a-f]{8}|[0-9a-fA-F]{32}", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}

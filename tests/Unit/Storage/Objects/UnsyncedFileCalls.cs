using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Tests.Unit.Storage.Objects;

/// <summary>The system's calls without the waiting for a disk, which most tests do not need.</summary>
internal sealed class UnsyncedFileCalls : IFileCalls
{
    public void MakeFolder(string path) => SystemFileCalls.Instance.MakeFolder(path);

    public void WriteNew(string path, ReadOnlySpan<byte> content) => SystemFileCalls.Instance.WriteNew(path, content);

    public void SyncFile(string path)
    {
    }

    public void SyncFolder(string path)
    {
    }

    public bool Link(string existing, string name) => SystemFileCalls.Instance.Link(existing, name);

    public void Unlink(string path) => SystemFileCalls.Instance.Unlink(path);
}

using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>What must be durable before a commit is visible, and what right after.</summary>
internal sealed class CommitSyncTests
{
    [Test]
    public async Task Commit_AddedFiles_AreSyncedWithTheirFoldersBeforeTheLogEntryHasItsName()
    {
        using var t = new DeltaFixture();
        var calls = new RecordingFileCalls();
        DeltaTable table = t.Open(calls);
        await table.CommitAsync(Append(null, t.File("a.parquet"), t.File("k=1/b.parquet")));
        int visible = calls.Done.IndexOf($"link {t.LogFile(0)}");
        Assert.Multiple(() =>
        {
            Assert.That(visible, Is.Positive, string.Join("\n", calls.Done));
            foreach (string call in new[] { $"sync {t.TablePath}/a.parquet", $"sync {t.TablePath}/k=1/b.parquet", $"sync folder {t.TablePath}/k=1", $"sync folder {t.TablePath}", $"sync folder {t.RootPath}" })
                Assert.That(calls.Done.IndexOf(call), Is.InRange(0, visible), call);
            // The name of the entry, and of a new table's folders.
            Assert.That(calls.Done.LastIndexOf($"sync folder {t.LogPath}"), Is.GreaterThan(visible));
        });
    }

    private sealed class RecordingFileCalls : IFileCalls
    {
        internal List<string> Done { get; } = [];

        public void MakeFolder(string path) => SystemFileCalls.Instance.MakeFolder(path);

        public void WriteNew(string path, ReadOnlySpan<byte> content) => SystemFileCalls.Instance.WriteNew(path, content);

        public void SyncFile(string path)
        {
            SystemFileCalls.Instance.SyncFile(path);
            Done.Add($"sync {path}");
        }

        public void SyncFolder(string path)
        {
            SystemFileCalls.Instance.SyncFolder(path);
            Done.Add($"sync folder {path}");
        }

        public bool Link(string existing, string name)
        {
            Done.Add($"link {name}");
            return SystemFileCalls.Instance.Link(existing, name);
        }

        public void Unlink(string path) => SystemFileCalls.Instance.Unlink(path);
    }
}

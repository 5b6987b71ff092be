using Lepton.Data.Storage.Delta;
using Lepton.Data.Tests.Unit.Storage.Objects;
using NUnit.Framework;
using static Lepton.Data.Tests.Unit.Storage.Delta.DeltaFixture;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

/// <summary>What must be durable before a commit is visible, and what right after: every call, in order.</summary>
internal sealed class CommitSyncTests
{
    [Test]
    public async Task Commit_FirstAndSecond_MakeExactlyTheseCalls()
    {
        using var t = new DeltaFixture();
        var calls = new RecordingFileCalls(t.RootPath);
        DeltaTable table = t.Open(calls);
        Snapshot first = await table.CommitAsync(Append(null, t.File("a.parquet"), t.File("k=1/b.parquet")));
        calls.AssertAre("""
            sync t/a.parquet
            sync t/k=1/b.parquet
            sync names in t
            sync names in .
            sync names in t/k=1
            sync names in t
            make t/_delta_log
            sync names in t
            write t/_delta_log/.00000000000000000000.json.*.tmp
            sync t/_delta_log/.00000000000000000000.json.*.tmp
            link t/_delta_log/00000000000000000000.json
            sync names in t/_delta_log
            unlink t/_delta_log/.00000000000000000000.json.*.tmp
            sync t/_delta_log/00000000000000000000.json
            sync names in t/_delta_log
            sync names in t
            """);
        await table.CommitAsync(Append(first, t.File("c.parquet")));
        calls.AssertAre("""
            sync t/c.parquet
            sync names in t
            write t/_delta_log/.00000000000000000001.json.*.tmp
            sync t/_delta_log/.00000000000000000001.json.*.tmp
            link t/_delta_log/00000000000000000001.json
            sync names in t/_delta_log
            unlink t/_delta_log/.00000000000000000001.json.*.tmp
            """);
    }
}

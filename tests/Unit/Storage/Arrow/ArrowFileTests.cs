using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Testing;
using Lepton.Data.Testing.Batches;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Arrow;

/// <summary>Files beside their place, and mapped.</summary>
[TestFixture]
internal sealed class ArrowFileTests
{
    private static readonly Schema s_schema = RandomBatches.SchemaOf([DataType.Int64]);

    [Test]
    public async Task Create_TwoWritersOfOnePath_EachPublishesItsOwn()
    {
        using var folder = new TempFolder();
        string path = folder["f.arrow"];
        using RecordBatch ones = BatchRows.Build(s_schema, Enumerable.Repeat(new object?[] { 1L }, 100_000));
        using RecordBatch twos = BatchRows.Build(s_schema, [2L]);
        ArrowFileWriter first = ArrowFileWriter.Create(path, s_schema);
        await first.WriteAsync(ones);
        ArrowFileWriter second = ArrowFileWriter.Create(path, s_schema);
        await second.WriteAsync(twos);
        await first.CompleteAsync();
        await first.DisposeAsync();
        Assert.That(RowCount(path), Is.EqualTo(100_000));
        await second.CompleteAsync();
        Assert.That(RowCount(path), Is.EqualTo(1));
        ArrowFileWriter third = ArrowFileWriter.Create(path, s_schema);
        await third.WriteAsync(ones);
        await third.DisposeAsync();
        await second.DisposeAsync();
        Assert.That(RowCount(path), Is.EqualTo(1));
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(path)!), Is.EqualTo(new[] { path }), "nothing is left beside it");
    }

    [Test]
    [Platform("Linux")]
    public void Open_FileThatCannotBeMapped_IsClosed()
    {
        // Without data, and larger than all that a process can address.
        string path = $"/dev/shm/{Guid.NewGuid():n}.arrow";
        try
        {
            using (FileStream file = File.Create(path)) file.SetLength(1L << 47);
            Assert.Catch(() => ArrowFile.Open(path).Dispose());
            Assert.That(Directory.GetFiles("/proc/self/fd").Select(open => File.ResolveLinkTarget(open, false)?.FullName), Does.Not.Contain(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public async Task Open_Stream_SaysSoAndNamesItsReader([Values] bool isOfOld)
    {
        using var folder = new TempFolder();
        byte[] bytes = await ArrowSamples.OursAsync(s_schema, isFile: false);
        // Before Arrow 0.15 the size stood first.
        await File.WriteAllBytesAsync(folder["s.arrow"], isOfOld ? bytes[4..] : bytes);
        Assert.That(Refusal.Of("storage.arrow_stream", () => ArrowFile.Open(folder["s.arrow"]).Dispose()).Message, Does.Contain("ArrowStreamReader"));
        await File.WriteAllBytesAsync(folder["s.arrow"], bytes[8..]);
        Refusal.Of("storage.arrow_not_arrow", () => ArrowFile.Open(folder["s.arrow"]).Dispose());
    }

    [Test]
    public void Open_Folder_SaysSo()
    {
        using var folder = new TempFolder();
        Assert.That(Refusal.Of("storage.not_a_file", () => ArrowFile.Open(folder.Path).Dispose()).Message, Does.Contain(folder.Path));
    }

    private static int RowCount(string path)
    {
        using ArrowFile file = ArrowFile.Open(path);
        int count = 0;
        for (int i = 0; i < file.BatchCount; i++)
            using (RecordBatch batch = file.ReadBatch(i)) count += batch.RowCount;
        return count;
    }
}

using System.Buffers.Binary;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.DeletionVectors;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class DeletionVectorTests
{
    // From the protocol's own example: "ab^-aqEH.-t@S}K{vb[*k^" is a random prefix "ab" and the id d2c639aa-8816-431a-aaf6-d3fe2512ff61.
    [Test]
    public void TryFindFile_ExamplesOfTheProtocol_AreThePathsThatItSays()
    {
        var relative = new DeletionVector("u", "ab^-aqEH.-t@S}K{vb[*k^", 4, 40, 6);
        Assert.That(relative.TryFindFile("/lake/t", "/lake", out string? path), Is.True);
        Assert.That(path, Is.EqualTo("ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"));
        var absolute = new DeletionVector("p", "file:///lake/other%20t/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin", 4, 40, 6);
        Assert.That(absolute.TryFindFile("/lake/t", "/lake", out path), Is.True);
        Assert.That(path, Is.EqualTo("/lake/other t/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"));
    }

    [Test]
    public void Read_SetInTheLog_IsTheSet()
    {
        byte[] set = [.. BitConverter.GetBytes(RoaringBytes.Magic), .. RoaringBytes.Write([3, 4, 7, 11, 18, 29], _ => 0)];
        var vector = new DeletionVector("i", RoaringBytes.Base85(set), null, set.Length, 6);
        DeletedRows rows = DeletionVectorFiles.Read(Snapshot("/nowhere"), File(vector.Checked("/nowhere", "/", new SourcePlace("log")), rows: 30));
        Assert.That(Enumerable.Range(0, 40).Where(row => rows.Contains(row)), Is.EqualTo(new[] { 3, 4, 7, 11, 18, 29 }));
    }

    [Test]
    public void Read_SetInTheLogThatIsTorn_NamesTheDataFile()
    {
        byte[] set = [.. BitConverter.GetBytes(RoaringBytes.Magic), .. RoaringBytes.Write([3], _ => 0)];
        var vector = new DeletionVector("i", RoaringBytes.Base85(set), null, set.Length, 2);
        Assert.That(Refusal.Of("storage.deletion_vector", () => DeletionVectorFiles.Read(Snapshot("/lake/t"), File(vector, rows: 30))).Place, Is.EqualTo(new SourcePlace("/lake/t/f.parquet")));
    }

    [TestCase("u", "-aqEH.-t@S}K{vb[*k", TestName = "Checked_ShortId_IsRefused")]
    [TestCase("u", "../^-aqEH.-t@S}K{vb[*k^", TestName = "Checked_FolderOutside_IsRefused")]
    [TestCase("u", "^-aqEH.-t@S}K{vb[*k~", TestName = "Checked_LetterThatIsNone_IsRefused")]
    [TestCase("p", "/etc/passwd", TestName = "Checked_PathOutsideTheStore_IsRefused")]
    [TestCase("p", "s3://b/x.bin", TestName = "Checked_OtherStore_IsRefused")]
    [TestCase("i", "wi5b=", TestName = "Checked_SetOfAnotherLength_IsRefused")]
    [TestCase("x", "wi5b=", TestName = "Checked_UnknownType_IsRefused")]
    public void Checked(string type, string text)
        => Refusal.Of("storage.log_field", () => new DeletionVector(type, text, 1, 40, 6).Checked("/lake/t", "/lake", new SourcePlace("log")));

    [Test]
    public void Read_File_IsCheckedInEveryRespect()
    {
        using var folder = new TempFolder();
        byte[] set = [.. BitConverter.GetBytes(RoaringBytes.Magic), .. RoaringBytes.Write([1, 2, 3, 100_000], _ => 0)];
        byte[] content = [1, .. BigEndian((uint)set.Length), .. set, .. BigEndian(DeletionVectorFiles.Crc32(set))];
        string path = folder["deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"];
        var vector = new DeletionVector("u", "^-aqEH.-t@S}K{vb[*k^", 1, set.Length, 4);
        DeletedRows Read(byte[] bytes, DeletionVector? other = null, long rows = 200_000)
        {
            global::System.IO.File.WriteAllBytes(path, bytes);
            return DeletionVectorFiles.Read(Snapshot(folder.Path), File(other ?? vector, rows));
        }

        Assert.That(Read(content).Contains(100_000));
        Assert.That(Read([.. content, 0, 0]).Count, Is.EqualTo(4), "others follow");
        for (int length = 0; length < content.Length; length++) Broken(content[..length], null, "");
        for (int at = 1; at < content.Length; at++)
        {
            byte[] changed = (byte[])content.Clone();
            changed[at] ^= 0x10;
            Broken(changed, null, "");
        }
        Assert.That(Refusal.Of("storage.deletion_vector", () => Read(content[..5])).Place, Is.EqualTo(new SourcePlace(path)));
        Broken(content, vector with { RowCount = 5 }, "another number of rows");
        Broken(content, vector with { SizeBytes = set.Length - 1 }, "length");
        Broken(content, vector with { Offset = int.MaxValue }, "too short");
        Assert.That(Refusal.Of("storage.deletion_vector", () => Read(content, rows: 100_000)).Message, Does.Contain("rows that the file does not have"));
        global::System.IO.File.Delete(path);
        Assert.That(Refusal.Of("storage.not_found", () => DeletionVectorFiles.Read(Snapshot(folder.Path), File(vector, 5))).Message, Does.Contain(path));

        void Broken(byte[] bytes, DeletionVector? other, string words) => Assert.That(Refusal.Of("storage.deletion_vector", () => Read(bytes, other)).Message, Does.Contain(words));
    }

    // The check value of CRC-32: https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iso-hdlc
    [Test]
    public void Crc32_CheckValue_IsThePublishedOne() => Assert.That(DeletionVectorFiles.Crc32("123456789"u8), Is.EqualTo(0xCBF43926));

    // The check value of Z85: https://rfc.zeromq.org/spec/32
    [Test]
    public void Base85_ExampleOfItsDefinition_IsThoseBytes()
        => Assert.That(Base85.Decode("HelloWorld", 8), Is.EqualTo(new byte[] { 0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B }));

    private static Snapshot Snapshot(string root) => new()
    {
        RootPath = root, Version = 0, CommittedAt = default, Schema = DeltaFixture.Columns, Files = [], Transactions = new Dictionary<string, long>(), TableId = "t", Properties = new Dictionary<string, string>(),
    };

    private static DataFile File(DeletionVector vector, long rows) => new("f.parquet", 1, default, new FileStatistics(rows, new Dictionary<string, ColumnStatistics>()), null) { DeletionVector = vector };

    private static byte[] BigEndian(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}

using Lepton.Data.Connectors.Files;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Connectors;

[TestFixture]
internal sealed class ParquetSourceTests
{
    private SourceFixture _source = null!;

    [SetUp]
    public void SetUp() => _source = new SourceFixture();

    [TearDown]
    public void TearDown() => _source.Dispose();

    [Test]
    public async Task Inspect_AParquetFile_GivesColumnsRowsAndDigest()
    {
        string path = _source.WriteParquet("a.parquet", "SELECT 1::BIGINT AS id, 'x' AS name UNION ALL SELECT 2, NULL");
        InspectedSource found = await _source.InspectAsync("{ format: parquet, path: a.parquet }");
        Assert.Multiple(() =>
        {
            Assert.That(found.Scan.Schema.ToString(), Is.EqualTo("id BIGINT, name VARCHAR"));
            Assert.That(found.RowCount, Is.EqualTo(2));
            Assert.That(found.Scan.Files.Single().Path, Is.EqualTo(RealPath.Of(path)));
            Assert.That(found.Scan.Files.Single().Sha256, Is.EqualTo(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))));
        });
    }

    [Test]
    public void Inspect_NaiveTimesWithoutZone_AreRefusedWhereTheZoneBelongs()
    {
        _source.WriteParquet("a.parquet", "SELECT TIMESTAMP '2001-01-01 10:00:00' AS departed");
        LeptonDataException refused = _source.Refusal("format: parquet\npath: a.parquet\ncolumns:\n  departed: { description: when }\n");
        Assert.Multiple(() =>
        {
            Assert.That(refused.Code, Is.EqualTo("connectors.zone_needed"));
            Assert.That(refused.Place?.ToString(), Is.EqualTo("pipelines/p.yaml:4:3"));
            Assert.That(refused.Message, Does.Contain("'departed'").And.Contain("zone: UTC"));
        });
    }

    [Test]
    public async Task Inspect_NaiveTimesWithAZone_BecomeInstants()
    {
        _source.WriteParquet("a.parquet", "SELECT TIMESTAMP '2001-01-01 10:00:00' AS departed");
        InspectedSource found = await _source.InspectAsync("{ format: parquet, path: a.parquet, columns: { departed: { zone: Asia/Shanghai } } }");
        Assert.Multiple(() =>
        {
            Assert.That(found.Scan.FileSchema.ToString(), Is.EqualTo("departed TIMESTAMP"));
            Assert.That(found.Scan.Schema.ToString(), Is.EqualTo("departed TIMESTAMPTZ"));
            Assert.That(found.Scan.TimeZones["departed"], Is.EqualTo("Asia/Shanghai"));
        });
    }

    [TestCase("{ format: parquet, path: a.parquet, columns: { departed: { zone: Mars/Olympus } } }", "connectors.unknown_zone")]
    [TestCase("{ format: parquet, path: a.parquet, columns: { departed: { zone: UTC }, id: { zone: UTC } } }", "connectors.zone_not_needed")]
    [TestCase("{ format: parquet, path: a.parquet, columns: { departed: { zone: UTC }, idd: { type: BIGINT } } }", "connectors.no_column_but")]
    public void Inspect_DeclarationsThatDoNotFit_AreRefused(string yaml, string code)
    {
        _source.WriteParquet("a.parquet", "SELECT 1 AS id, TIMESTAMP '2001-01-01 10:00:00' AS departed");
        Assert.That(_source.Refusal(yaml).Code, Is.EqualTo(code));
    }

    [TestCase("Asia/Shangai", "Asia/Shanghai")]
    [TestCase("asia/shanghai", "Asia/Shanghai")]
    [TestCase("Shanghai", "Asia/Shanghai")]
    [TestCase("New York", "America/New_York")]
    public void Inspect_MistypedZone_SaysWhatIsMeant(string zone, string nearest)
    {
        _source.WriteParquet("a.parquet", "SELECT TIMESTAMP '2001-01-01 10:00:00' AS departed");
        LeptonDataException refusal = _source.Refusal($"{{ format: parquet, path: a.parquet, columns: {{ departed: {{ zone: {zone} }} }} }}");
        Assert.That(refusal.Code, Is.EqualTo("connectors.unknown_zone_near"));
        Assert.That(refusal.Message, Does.EndWith($"did you mean '{nearest}'?"));
    }

    [Test]
    public async Task Inspect_NamesThatDeltaRefuses_AreRenamedAndKept()
    {
        _source.WriteParquet("a.parquet", "SELECT 1 AS \"Flight No;\", 2 AS 起飞");
        InspectedSource found = await _source.InspectAsync("{ format: parquet, path: a.parquet }");
        Assert.Multiple(() =>
        {
            Assert.That(found.Scan.Schema.Fields.Select(field => field.Name), Is.EqualTo(new[] { "Flight_No_", "起飞" }));
            Assert.That(found.Scan.Schema[0].Metadata[FieldMetadata.SourceNameKey], Is.EqualTo("Flight No;"));
            Assert.That(found.Scan.Schema[1].Metadata[FieldMetadata.SourceNameKey], Is.Null);
            Assert.That(found.Scan.FileSchema[0].Name, Is.EqualTo("Flight No;"));
        });
    }

    [Test]
    public void Inspect_NamesThatMeetAfterRenaming_AreRefused()
    {
        _source.WriteParquet("a.parquet", "SELECT 1 AS \"a b\", 2 AS a_b");
        LeptonDataException refused = _source.Refusal("{ format: parquet, path: a.parquet }");
        Assert.That(refused.Code, Is.EqualTo("connectors.names_collide"));
        Assert.That(refused.Message, Does.Contain("'a b'").And.Contain("'a_b'"));
    }

    [Test]
    public void Inspect_BrokenFiles_AreRefusedByName()
    {
        byte[] whole = File.ReadAllBytes(_source.WriteParquet("whole.parquet", "SELECT * FROM range(1000)"));
        void Write(string name, ReadOnlySpan<byte> bytes) => File.WriteAllBytes(_source.Folder[name], bytes);
        Write("empty.parquet", []);
        Write("cut.parquet", whole.AsSpan(0, whole.Length - 10));
        Write("text.parquet", "id,name\n1,x\n"u8);
        Write("short.parquet", "PAR1"u8);
        byte[] footer = [.. whole];
        BitConverter.TryWriteBytes(footer.AsSpan(footer.Length - 8), int.MaxValue);
        Write("footer.parquet", footer);
        byte[] garbled = [.. whole];
        garbled.AsSpan(whole.Length - 60, 40).Fill(0xAB);
        Write("garbled.parquet", garbled);
        Assert.Multiple(() =>
        {
            foreach ((string name, string code) in new[] { ("empty", "connectors.empty_file"), ("cut", "connectors.parquet_cut"), ("text", "connectors.not_parquet"), ("short", "connectors.parquet_cut"), ("footer", "connectors.parquet_footer"), ("garbled", "connectors.parquet_unreadable") })
            {
                LeptonDataException refused = _source.Refusal($"{{ format: parquet, path: {name}.parquet }}");
                Assert.That(refused.Code, Is.EqualTo(code), name);
                Assert.That(refused.Message, Does.StartWith("pipelines/p.yaml:1:").And.Contain($"{name}.parquet"), name);
            }
        });
    }

    [Test]
    public async Task Inspect_APattern_ReadsAllFilesInOrderOfName()
    {
        Directory.CreateDirectory(_source.Folder["x/deep"]);
        _source.WriteParquet("x/b.parquet", "SELECT 1 AS id");
        _source.WriteParquet("x/a.parquet", "SELECT 2 AS id UNION ALL SELECT 3");
        _source.WriteParquet("x/deep/c.parquet", "SELECT 4 AS id");
        _source.Folder.Write("x/.hidden.parquet", "no");
        InspectedSource flat = await _source.InspectAsync("{ format: parquet, path: x/*.parquet }");
        InspectedSource deep = await _source.InspectAsync("{ format: parquet, path: \"x/**/*.parquet\" }");
        Assert.Multiple(() =>
        {
            Assert.That(flat.Scan.Files.Select(file => Path.GetFileName(file.Path)), Is.EqualTo(new[] { "a.parquet", "b.parquet" }));
            Assert.That(flat.RowCount, Is.EqualTo(3));
            Assert.That(deep.Scan.Files.Select(file => Path.GetFileName(file.Path)), Is.EqualTo(new[] { "a.parquet", "b.parquet", "c.parquet" }));
        });
    }

    [Test]
    public async Task Inspect_AFileNamedLikeAPattern_IsThatFileAlone()
    {
        Directory.CreateDirectory(_source.Folder["x"]);
        _source.WriteParquet("x/a1.parquet", "SELECT 1 AS id");
        _source.WriteParquet("x/a[1].parquet", "SELECT 2 AS id UNION ALL SELECT 3");
        _source.Folder.Write("x/a1.csv", "id\n1\n");
        _source.Folder.Write("x/a[1].csv", "name\nx\n");
        Assert.That((await _source.InspectAsync("{ format: parquet, path: \"x/*.parquet\" }")).RowCount, Is.EqualTo(3));
        Assert.That((await _source.InspectAsync("{ format: csv, path: \"x/a[1].csv\" }")).Scan.Schema.ToString(), Is.EqualTo("name VARCHAR"));
    }

    [TestCase("SELECT 1::BIGINT AS id, 2 AS more", "fail", "connectors.column_missing_in")]
    [TestCase("SELECT 2 AS more", "fail", "connectors.column_missing_in")]
    [TestCase("SELECT 'x' AS id", "add", "connectors.types_differ")]
    [TestCase("SELECT 'x' AS id", "widen", "connectors.types_differ")]
    [TestCase("SELECT 1::INTEGER AS id", "add", "connectors.types_differ_widen")]
    [TestCase("SELECT 1::INTEGER AS id", "fail", "connectors.types_differ_widen")]
    public void Inspect_FilesOfDifferentColumns_AreRefusedNamingBoth(string other, string policy, string code)
    {
        _source.WriteParquet("a.parquet", "SELECT 1::BIGINT AS id");
        _source.WriteParquet("b.parquet", other);
        LeptonDataException refused = _source.Refusal($"{{ format: parquet, path: '*.parquet', on_schema_change: {policy} }}");
        Assert.That(refused.Code, Is.EqualTo(code));
        Assert.That(refused.Message, Does.Contain("a.parquet").And.Contain("b.parquet"));
    }

    [TestCase("add", "SELECT 2 AS more, 1::BIGINT AS id", "id BIGINT, more INTEGER", 1)]
    [TestCase("widen", "SELECT 1::INTEGER AS id", "id BIGINT", 0)]
    [TestCase("widen", "SELECT 0.5::DOUBLE AS id, 'x' AS more", "id DOUBLE, more VARCHAR", 1)]
    public async Task Inspect_FilesOfMoreColumnsOrWiderTypes_AreReadAsOne(string policy, string other, string schema, int partialCount)
    {
        _source.WriteParquet("a.parquet", "SELECT 1::BIGINT AS id");
        _source.WriteParquet("b.parquet", other);
        InspectedSource found = await _source.InspectAsync($"{{ format: parquet, path: '*.parquet', on_schema_change: {policy} }}");
        Assert.That(found.Scan.Schema.ToString(), Is.EqualTo(schema));
        Assert.That(found.PartialColumns().Values, Is.EqualTo(Enumerable.Repeat(1, partialCount)));
    }

    [TestCase("{ format: parquet, path: flihgts.parquet }", "connectors.no_file_but")]
    [TestCase("{ format: parquet, path: data }", "connectors.is_folder")]
    [TestCase("{ format: parquet, path: none/*.parquet }", "connectors.no_folder")]
    [TestCase("{ format: parquet, path: data/*.parquet }", "connectors.no_match")]
    [TestCase("{ format: parquet, path: data/x/y.parquet }", "connectors.no_file")]
    public void Inspect_PathsThatLeadNowhere_AreRefused(string yaml, string code)
    {
        _source.WriteParquet("flights.parquet", "SELECT 1 AS id");
        Directory.CreateDirectory(_source.Folder["data"]);
        LeptonDataException refused = _source.Refusal(yaml);
        Assert.That(refused.Code, Is.EqualTo(code));
        Assert.That(refused.Place?.ToString(), Is.EqualTo("pipelines/p.yaml:1:26"));
    }

    [Test]
    public async Task Inspect_AFolderBehindALink_IsRead()
    {
        Directory.CreateDirectory(_source.Folder["real"]);
        _source.WriteParquet("real/a.parquet", "SELECT 1 AS id");
        Directory.CreateDirectory(_source.Folder["project"]);
        Directory.CreateSymbolicLink(_source.Folder["project/data"], "../real");
        InspectedSource found = await _source.InspectAsync("{ format: parquet, path: project/data/*.parquet }");
        Assert.That(found.Scan.Files.Single().Path, Does.EndWith("/real/a.parquet"));
    }

    [Test]
    public async Task Inspect_AFileThatIsAsRecorded_KeepsItsDigestUnlessTheRecordIsTooFresh()
    {
        string path = RealPath.Of(_source.WriteParquet("a.parquet", "SELECT 1 AS id"));
        InspectedSource first = await _source.InspectAsync("{ format: parquet, path: a.parquet }");
        SourceFile recorded = first.Scan.Files.Single() with { Sha256 = new string('0', 64) };
        async Task<string> DigestSeenAfter(TimeSpan age)
        {
            var seen = new EventTime(recorded.ModifiedAt.MicrosecondsSinceEpoch + (long)age.TotalMicroseconds);
            InspectedSource again = await _source.InspectAsync("{ format: parquet, path: a.parquet }", new Dictionary<string, KnownFile> { [path] = new(recorded, seen, null) });
            return again.Scan.Files.Single().Sha256;
        }
        Assert.That(await DigestSeenAfter(TimeSpan.FromSeconds(3)), Is.EqualTo(recorded.Sha256), "not read again");
        Assert.That(await DigestSeenAfter(TimeSpan.FromSeconds(1)), Is.EqualTo(first.Scan.Files.Single().Sha256), "a write in the same moment could hide");
    }

    [TestCase("touched")]
    [TestCase("longer")]
    public async Task Digest_AFileWrittenWhileItIsRead_IsRefused(string change)
    {
        string path = _source.Folder["a.bin"];
        await File.WriteAllBytesAsync(path, new byte[3 << 20]);
        bool isChanged = false;
        void Write(long count)
        {
            if (isChanged) return;
            isChanged = true;
            DateTime before = File.GetLastWriteTimeUtc(path);
            if (change == "longer") File.AppendAllText(path, "x");
            File.SetLastWriteTimeUtc(path, change == "longer" ? before : before.AddSeconds(1));
        }
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(async () => await new FileDigests(new Dictionary<string, KnownFile>()).OfAsync(path, null, null, Write, CancellationToken.None)))!;
        Assert.That((refused.Code, refused.IsTransient), Is.EqualTo(("connectors.file_changed", true)));
    }

    [Test]
    public async Task CheckUnchanged_AFileWrittenSince_IsRefused()
    {
        string path = _source.WriteParquet("a.parquet", "SELECT 1 AS id");
        InspectedSource found = await _source.InspectAsync("{ format: parquet, path: a.parquet }");
        Assert.DoesNotThrow(found.CheckUnchanged);
        File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddSeconds(1));
        Assert.That(Assert.Catch<LeptonDataException>(found.CheckUnchanged)!.Code, Is.EqualTo("connectors.file_changed"));
    }
}

using System.Text;
using Lepton.Data.Connectors.Files;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Connectors;

[TestFixture]
internal sealed class CsvSourceTests
{
    private SourceFixture _source = null!;

    [SetUp]
    public void SetUp() => _source = new SourceFixture();

    [TearDown]
    public void TearDown() => _source.Dispose();

    [TestCase("id,name,price\n1,x,1.5\n2,y,2\n", ',', "id BIGINT, name VARCHAR, price DOUBLE")]
    [TestCase("id;名称;n\n1;\"x;y\";3\n2;;4\n", ';', "id BIGINT, \"名称\" VARCHAR, n BIGINT")]
    [TestCase("a\tb\n1\t2\n", '\t', "a BIGINT, b BIGINT")]
    [TestCase("a|b\n1|2001-02-03\n", '|', "a BIGINT, b DATE")]
    [TestCase("only\nx\ny\n", ',', "only VARCHAR")]
    [TestCase("a,b\n", ',', "a VARCHAR, b VARCHAR")]
    [TestCase("a,b\n1,2\n4,5,6\n7,8\n", ',', "a BIGINT, b BIGINT")]
    [TestCase("a,b,c\n1,2,3\n4,5\n6,7,8\n", ',', "a BIGINT, b BIGINT, c BIGINT")]
    public async Task Inspect_DelimitedText_FindsDelimiterNamesAndTypes(string text, char delimiter, string columns)
    {
        _source.Folder.Write("a.csv", text);
        InspectedSource found = await _source.InspectAsync("{ format: csv, path: a.csv }");
        Assert.Multiple(() =>
        {
            Assert.That(found.Scan.Csv!.Delimiter, Is.EqualTo(delimiter));
            Assert.That(string.Join(", ", found.Scan.Schema.Fields.Select(field => $"{(field.Name == "名称" ? "\"名称\"" : field.Name)} {field.Type}")), Is.EqualTo(columns));
            Assert.That(found.Scan.Csv.HasHeader, Is.True);
        });
    }

    [TestCase("utf-8", true)]
    [TestCase("utf-16", true)]
    [TestCase("latin-1", false)]
    public async Task Inspect_DeclaredEncodings_AreRead(string encoding, bool hasMark)
    {
        Encoding bytes = encoding switch { "utf-16" => Encoding.Unicode, "latin-1" => Encoding.Latin1, _ => Encoding.UTF8 };
        byte[] text = bytes.GetBytes("näme,wert\ncafé,1\n");
        File.WriteAllBytes(_source.Folder["a.csv"], hasMark ? [.. bytes.GetPreamble(), .. text] : text);
        InspectedSource found = await _source.InspectAsync($"{{ format: csv, path: a.csv, encoding: {encoding} }}");
        Assert.That(found.Scan.Schema.ToString(), Is.EqualTo("näme VARCHAR, wert BIGINT"));
    }

    [Test]
    public void Inspect_BytesOfAnotherEncoding_AreRefusedWithTheLine()
    {
        File.WriteAllBytes(_source.Folder["latin.csv"], [.. "a,b\n1,x\n2,caf"u8, 0xE9, (byte)'\n']);
        File.WriteAllBytes(_source.Folder["wide.csv"], [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("a,b\n1,2\n")]);
        File.WriteAllBytes(_source.Folder["nul.csv"], [.. "a,b\n1,"u8, 0, (byte)'\n']);
        File.WriteAllBytes(_source.Folder["cut.csv"], [.. "a,b\n1,"u8, 0xE4, 0xB8]);
        File.WriteAllBytes(_source.Folder["odd.csv"], [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("a,b\n1,2\n"), 0x41]);
        LeptonDataException latin = _source.Refusal("{ format: csv, path: latin.csv }");
        Assert.Multiple(() =>
        {
            Assert.That((latin.Code, latin.Arguments[1]), Is.EqualTo(("connectors.csv_not_utf8", 3L)));
            Assert.That(_source.Refusal("{ format: csv, path: wide.csv }").Code, Is.EqualTo("connectors.csv_utf16"));
            Assert.That(_source.Refusal("{ format: csv, path: odd.csv, encoding: utf-16 }").Code, Is.EqualTo("connectors.csv_utf16_cut"));
            Assert.That(_source.Refusal("{ format: csv, path: nul.csv }").Code, Is.EqualTo("connectors.csv_nul"));
            Assert.That(_source.Refusal("{ format: csv, path: cut.csv }").Code, Is.EqualTo("connectors.csv_not_utf8"));
        });
    }

    [Test]
    public async Task TextCheck_CharactersCutByBlocks_AreTakenWhole([Values(1, 2, 3, 5, 7)] int blockSize)
    {
        byte[] text = Encoding.UTF8.GetBytes("aé中𝄞\nz€𝄞é\n");
        var check = new TextCheck("a.csv", new SourcePlace("p.yaml"), "utf-8");
        for (int at = 0; at < text.Length; at += blockSize) check.Process(text.AsSpan(at, Math.Min(blockSize, text.Length - at)));
        Assert.DoesNotThrow(check.Complete);
        await Task.CompletedTask;
    }

    [TestCase("a,a\n1,2\n")]
    [TestCase("name,Name\n1,2\n")]
    [TestCase("a b,a_b\n1,2\n")]
    public void Inspect_HeadersThatCollide_AreRefused(string text)
    {
        _source.Folder.Write("a.csv", text);
        Assert.That(_source.Refusal("{ format: csv, path: a.csv }").Code, Is.EqualTo("connectors.names_collide"));
    }

    [Test]
    public void Inspect_QuoteLeftOpen_NamesItsLine()
    {
        _source.Folder.Write("a.csv", "id,name,n\n1,\"x \"\"y\"\"\",1\n2,\"p\nq\",2\n1043,\"abc,3,80.68,true\n");
        LeptonDataException refusal = _source.Refusal("{ format: csv, path: a.csv }");
        Assert.That((refusal.Code, refusal.Place), Is.EqualTo(("connectors.csv_quote", new SourcePlace(_source.Folder["a.csv"], 5))), refusal.Message);
        Assert.That(refusal.Message, Does.Not.Contain("\n"));
    }

    [Test]
    public async Task Inspect_DeclaredTypes_Win()
    {
        _source.Folder.Write("a.csv", "iata,when\n007,2001-01-01 10:00:00\n");
        InspectedSource found = await _source.InspectAsync("{ format: csv, path: a.csv, columns: { iata: { type: VARCHAR }, when: { zone: UTC } } }");
        Assert.That(found.Scan.Schema.ToString(), Is.EqualTo("iata VARCHAR, when TIMESTAMPTZ"));
        Assert.That(found.Scan.FileSchema.ToString(), Is.EqualTo("iata VARCHAR, when TIMESTAMP"));
    }

    // The first line of a file that is no data at all, as /etc/passwd is, belongs in no message.
    [TestCase("inside.csv", "connectors.no_column", true)]
    [TestCase("../outside.csv", "connectors.no_column_outside", false)]
    public void Inspect_DeclaredColumnThatIsNotThere_ListsColumnsOfTheProjectsFilesAlone(string path, string code, bool isListed)
    {
        string project = _source.Folder["project"];
        _source.Folder.Write("project/inside.csv", "root:x:0:0\nbin:x:1:1\n");
        _source.Folder.Write("outside.csv", "root:x:0:0\nbin:x:1:1\n");
        FileSourceDefinition source = SourceFixture.Define($"{{ format: csv, path: {path}, columns: {{ nope: {{ type: VARCHAR }} }} }}");
        using var sources = new FileSources([source], project, new Dictionary<string, KnownFile>());
        LeptonDataException refused = Assert.Catch<LeptonDataException>(() => sources.InspectAsync(source, null, CancellationToken.None).AsTask().GetAwaiter().GetResult())!;
        Assert.That(refused.Code, Is.EqualTo(code));
        Assert.That(refused.Message.Contains("root:x", StringComparison.Ordinal), Is.EqualTo(isListed), refused.Message);
    }

    [Test]
    public void Inspect_NaiveTimesOfText_NeedAZone()
    {
        _source.Folder.Write("a.csv", "when,v\n2001-01-01 10:00:00,1\n");
        Assert.That(_source.Refusal("{ format: csv, path: a.csv }").Code, Is.EqualTo("connectors.zone_needed"));
    }

    // A file that a command line names has no place for `columns:`.
    [Test]
    public async Task Inspect_NaiveTimesOfAFileWithoutDeclarations_AreToBeWrittenWithAZone()
    {
        _source.Folder.Write("a.csv", "when,v\n2001-01-01 10:00:00,1\n");
        FileSourceDefinition source = SourceFixture.Define("{ format: csv, path: a.csv }") with { TakesDeclarations = false };
        using var sources = new FileSources([source], _source.Folder.Path, new Dictionary<string, KnownFile>());
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(async () => await sources.InspectAsync(source, null, CancellationToken.None)))!;
        Assert.That(refused.Code, Is.EqualTo("connectors.zone_needed_in_file"));
        Assert.That(refused.Message, Does.Contain("2024-03-05T00:00:00Z").And.Contain("--zone").And.Not.Contain("columns:"));
    }

    [Test]
    public async Task Inspect_NaiveTimesOfAFileWithAZoneForAll_AreInIt()
    {
        _source.Folder.Write("a.csv", "when,v\n2001-01-01 10:00:00,1\n");
        FileSourceDefinition source = SourceFixture.Define("{ format: csv, path: a.csv }") with { Zone = new Located<string>("Europe/Paris", new SourcePlace("--zone")) };
        using var sources = new FileSources([source], _source.Folder.Path, new Dictionary<string, KnownFile>());
        InspectedSource inspected = await sources.InspectAsync(source, null, CancellationToken.None);
        Assert.That(inspected.Scan.Schema[0].Type, Is.EqualTo(DataType.Instant));
        Assert.That(inspected.Scan.TimeZones["when"], Is.EqualTo("Europe/Paris"));
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(async () => await sources.InspectAsync(source with { Zone = new Located<string>("Paris", new SourcePlace("--zone")) }, null, CancellationToken.None)))!;
        Assert.That((refused.Code, refused.Place?.Path), Is.EqualTo(("connectors.unknown_zone_near", "--zone")));
    }

    [Test]
    public async Task Inspect_TextsThatMeanNull_AreDeclared()
    {
        _source.Folder.Write("a.csv", "id,v\n1,NA\n2,5\n3,-\n");
        InspectedSource found = await _source.InspectAsync("{ format: csv, path: a.csv, nulls: [NA, '-'] }");
        Assert.That(found.Scan.Schema.ToString(), Is.EqualTo("id BIGINT, v BIGINT"));
        Assert.That(found.Scan.Csv!.NullText, Is.EqualTo(new[] { "NA", "-" }));
    }

    [TestCase("{ format: parquet, path: a.csv, delimiter: ';' }", "connectors.csv_only")]
    [TestCase("{ format: csv, path: a.csv, delimiter: ';;' }", "connectors.one_character")]
    [TestCase("{ format: csv, path: a.csv, header: maybe }", "schemas.value_expected")]
    [TestCase("{ format: csf, path: a.csv }", "schemas.choice_unknown_near")]
    public void Define_OptionsThatDoNotFit_AreRefused(string yaml, string code)
        => Assert.That(Assert.Catch<LeptonDataException>(() => SourceFixture.Define(yaml))!.Code, Is.EqualTo(code));

    [Test]
    public void Inspect_FilesWrittenDifferently_AreRefused()
    {
        _source.Folder.Write("a.csv", "a,b\n1,2\n");
        _source.Folder.Write("b.csv", "a;b\n1;2\n");
        Assert.That(_source.Refusal("{ format: csv, path: '*.csv' }").Code, Is.EqualTo("connectors.formats_differ"));
    }

    [Test]
    public async Task Inspect_GuessesThatDifferAmongFiles_AreWidened()
    {
        _source.Folder.Write("a.csv", "a,b\n1,2\n");
        _source.Folder.Write("b.csv", "a,b\n1.5,x\n");
        InspectedSource found = await _source.InspectAsync("{ format: csv, path: '*.csv' }");
        Assert.That(found.Scan.Schema.ToString(), Is.EqualTo("a DOUBLE, b VARCHAR"));
    }
}

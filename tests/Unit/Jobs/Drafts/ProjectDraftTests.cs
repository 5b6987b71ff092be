using System.Globalization;
using System.Text;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Jobs.Drafts;
using Lepton.Data.Schemas;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Drafts;

/// <summary>What <c>lepton init --from</c> makes of files of many kinds: a project that runs at once, with its guesses where they can be seen.</summary>
public sealed class ProjectDraftTests
{
    [Test]
    public async Task Draft_OfOrders_FindsKeyTimeEntityAndRuns()
    {
        await using var project = new ProjectFixture();
        (string pipeline, string? features) = await DraftAsync(project, "orders.csv", "order_id,customer_id,ordered_at,amount\n1,7,2024-03-01 10:00:00,1.5\n2,7,2024-03-02 10:00:00,2.5\n3,8,2024-03-02 11:00:00,\n", "Asia/Shanghai");
        Assert.Multiple(() =>
        {
            Assert.That(pipeline, Does.Contain("# key: order_id (never NULL, and its 3 values all differ)"));
            Assert.That(pipeline, Does.Contain("ordered_at: { type: TIMESTAMP, zone: Asia/Shanghai }"));
            Assert.That(pipeline, Does.Contain("event_time: ordered_at"));
            Assert.That(pipeline, Does.Contain("one_row_each: { unique: [order_id] }"));
            Assert.That(features, Does.Contain("keys: [customer_id]").And.Contain("features: [amount]"));
        });
        await project.RunWellAsync();
        Assert.That(await project.RowsAsync("orders", "order_id", "amount"), Is.EqualTo(new[] { "1|1.5", "2|2.5", "3|NULL" }));
        Assert.That((await project.RowsAsync("orders", "ordered_at"))[0], Does.StartWith("2024-03-01T02:00:00"));
        Assert.That(FeatureDefinitions.Load(project.Folder.Path).FeatureViews.Single().EventTime, Is.Not.Null);
    }

    [Test]
    public async Task Draft_WordsForNull_AreReadSoOnlyWhereNoTextHasThemForItself()
    {
        await using var numbers = new ProjectFixture();
        (string pipeline, _) = await DraftAsync(numbers, "n.csv", $"id,speed\n{string.Concat(Enumerable.Range(1, 30).Select(i => $"{i},{(i % 10 == 0 ? "NA" : $"{i}.5")}\n"))}");
        Assert.That(pipeline, Does.Contain("nulls: [\"\", NA]").And.Contain("'NA' is taken for NULL, 3 times"));
        await numbers.RunWellAsync();
        Assert.That((await numbers.RowsAsync("n", "speed")).Count(value => value == "NULL"), Is.EqualTo(3));

        await using var texts = new ProjectFixture();
        (pipeline, _) = await DraftAsync(texts, "n.csv", $"id,damage,speed\n{string.Concat(Enumerable.Range(1, 30).Select(i => $"{i},{(i % 2 == 0 ? "None" : "Major")},{(i % 10 == 0 ? "None" : $"{i}")}\n"))}");
        Assert.That(pipeline, Does.Not.Contain("nulls:").And.Contain("CAST(nullif(trim(speed), 'None') AS BIGINT) AS speed").And.Contain("'None' stands there 15 times"));
        await texts.RunWellAsync();
        Assert.That((await texts.RowsAsync("n", "damage")).Count(value => value == "None"), Is.EqualTo(15), "a real value of a text stays");
    }

    [TestCase("1,50", "1.5", "CAST(replace(replace(v, '.', ''), ',', '.') AS DOUBLE)", Description = "decimal comma")]
    [TestCase("$2.39", "239", "AS DECIMAL(18,2))", Description = "money, in cents")]
    [TestCase("1,234.5", "1234.5", "CAST(replace(v, ',', '') AS DOUBLE)", Description = "thousands")]
    [TestCase("00123", "00123", "v", Description = "leading zeros stay text")]
    [TestCase("13/02/2024", "2024-02-13", "strptime(v, '%d/%m/%Y')", Description = "only day first fits")]
    [TestCase("02/13/2024", "2024-02-13", "strptime(v, '%m/%d/%Y')", Description = "only month first fits")]
    [TestCase("2024年3月5日", "2024-03-05", "strptime(v, '%Y年%m月%d日')")]
    [TestCase("true", "True", "v")]
    [TestCase("9223372036854775808", "9223372036854775808", "v", Description = "no BIGINT: stays text")]
    public async Task Draft_ValuesWrittenOtherwise_BecomeWhatTheyMean(string written, string value, string sql)
    {
        await using var project = new ProjectFixture();
        (string pipeline, _) = await DraftAsync(project, "f.csv", $"id;v\n1;{written}\n2;{written}\n", "UTC");
        Assert.That(pipeline, Does.Contain(sql));
        await project.RunWellAsync();
        Assert.That((await project.RowsAsync("f", "v"))[0], Does.StartWith(value));
    }

    [Test]
    public async Task Draft_DateAndTimeOfDay_AreOneEventTime()
    {
        await using var project = new ProjectFixture();
        (string pipeline, _) = await DraftAsync(project, "air.csv", "Date,Time,CO(GT),,\n3/10/2004,18:00:00,2.6,,\n3/10/2004,19:00:00,-200,,\n3/20/2004,20:00:00,-200,,\n3/21/2004,20:00:00,-200,,\n3/22/2004,20:00:00,1.5,,\n,,,,\n", "Etc/GMT-1");
        Assert.Multiple(() =>
        {
            Assert.That(pipeline, Does.Contain("timezone('Etc/GMT-1', strptime(Date || ' ' || Time, '%m/%d/%Y %H:%M:%S')) AS event_time"));
            Assert.That(pipeline, Does.Contain("# 1 row is empty in every column and left out"));
            Assert.That(pipeline, Does.Contain("CO_GT_ AS CO_GT").And.Contain("called 'CO(GT)' in the file").And.Contain("nullif(CO_GT_, -200.0)"));
            Assert.That(pipeline, Does.Contain("-- column3: always empty, left out"));
        });
        await project.RunWellAsync();
        Assert.That(await project.RowsAsync("air", "event_time"), Has.Length.EqualTo(5).And.ItemAt(0).StartsWith("2004-03-10T17:00:00"));
    }

    [Test]
    public async Task Draft_ChineseNamesAndByteOrderMark_StayWhatTheyAre()
    {
        await using var project = new ProjectFixture();
        (string pipeline, _) = await DraftAsync(project, "订单.csv", "\uFEFF订单号;客户;下单时间\n1;张伟;2024-03-01 10:25:00\n2;\"李;娜\";2024-03-01 11:00:00\n", "Asia/Shanghai");
        Assert.That(pipeline, Does.Contain("pipeline: data").And.Contain("# key: 订单号").And.Contain("event_time: 下单时间"));
        await project.RunWellAsync();
        Assert.That(await project.RowsAsync("data", "客户"), Is.EqualTo(new[] { "张伟", "李;娜" }));
    }

    [Test]
    [Category("Torture")]
    public async Task Draft_OfManyColumns_Runs()
    {
        int count = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 2_000 : 400;
        await using var project = new ProjectFixture();
        string line(Func<int, string> cell) => string.Join(',', Enumerable.Range(0, count).Select(cell));
        (string pipeline, _) = await DraftAsync(project, "wide.csv", $"{line(i => $"c{i}")}\n{line(i => $"{i}")}\n{line(i => $"{i + 1}")}\n");
        Assert.That(pipeline, Does.Contain($"c{count - 1}: {{ type: BIGINT }}"));
        await project.RunWellAsync();
        Assert.That(await project.RowsAsync("wide", $"c{count - 1}"), Is.EqualTo(new[] { $"{count - 1}", $"{count}" }));
    }

    [Test]
    public async Task Draft_OneColumnAndHostileNames_Runs()
    {
        await using var project = new ProjectFixture();
        await DraftAsync(project, "one.csv", "\"a\"\"b: #{x}\nselect\"\n1\n2\n");
        await project.RunWellAsync();
        Assert.That((await project.SnapshotAsync("one"))!.RowCount, Is.EqualTo(2));
    }

    [TestCase("empty.csv", "", "connectors.empty_file", 0)]
    [TestCase("names.csv", "a,b\n", "jobs.draft_no_rows", 0)]
    [TestCase("twins.csv", "id,name,name\n1,a,b\n", "connectors.names_collide", 1)]
    [TestCase("ragged.csv", "a,b\n1,2\n3\n4,5\n", "engines.csv_columns", 3)]
    [TestCase("zip.csv", "PK\u0003\u0004", "jobs.draft_compressed", 0)]
    [TestCase("rows.json", "[{\"a\":1}]", "jobs.draft_format", 0)]
    public async Task Draft_OfWhatIsNoTable_IsRefusedWithItsLine(string name, string text, string code, int line)
    {
        await using var project = new ProjectFixture();
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(() => DraftAsync(project, name, text, "UTC")))!;
        Assert.That((refused.Code, refused.Place?.LineNumber), Is.EqualTo((code, line)), refused.Message);
        Assert.That(Directory.Exists(project.Folder["pipelines"]), Is.False);
    }

    [Test]
    public async Task Draft_OfGb18030_SaysHowToConvertIt()
    {
        await using var project = new ProjectFixture();
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        File.WriteAllBytes(project.Folder["gb.csv"], Encoding.GetEncoding("GB18030").GetBytes("编号,姓名\n1,张伟\n2,李娜\n"));
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(() => DraftAsync(project, "gb.csv", null)))!;
        Assert.That(refused.Code, Is.EqualTo("jobs.draft_gb18030"), refused.Message);
        File.WriteAllBytes(project.Folder["latin.csv"], Encoding.Latin1.GetBytes("id,name\n1,café\n2,Österreich\n"));
        (string pipeline, _) = await DraftAsync(project, "latin.csv", null);
        Assert.That(pipeline, Does.Contain("encoding: latin-1"));
        await project.RunWellAsync();
        Assert.That(await project.RowsAsync("latin", "name"), Is.EqualTo(new[] { "café", "Österreich" }));
    }

    [Test]
    public async Task Draft_UnknownZone_IsRefusedWithTheNearest()
    {
        await using var project = new ProjectFixture();
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(() => DraftAsync(project, "t.csv", "id,at\n1,2024-01-01 10:00:00\n", "Shanghai")))!;
        Assert.That(refused.Code, Is.EqualTo("connectors.unknown_zone_near"));
    }

    [Test]
    public async Task Draft_Twice_IsTheSame()
    {
        await using var project = new ProjectFixture();
        (string first, _) = await DraftAsync(project, "t.csv", "id,at\n1,2024-01-01 10:00:00\n", "UTC");
        (string second, _) = await DraftAsync(project, "t.csv", null, "UTC");
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void EditorSchemas_AreThoseOfTheDocumentation()
        => Assert.That(
            ProjectDraft.EditorSchemas(CultureInfo.InvariantCulture).Select(file => (Path.GetFileName(file.Path), file.Content)),
            Is.EquivalentTo(Directory.EnumerateFiles(RepositoryFolder.At("docs/schemas")).Select(file => (Path.GetFileName(file), File.ReadAllText(file)))));

    private static async Task<(string Pipeline, string? Features)> DraftAsync(ProjectFixture project, string name, string? text, string? zone = null)
    {
        if (text is not null) project.Folder.Write(name, text);
        using var frontEnd = new DuckDbFrontEnd();
        string path = project.Folder[name];
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { ThreadCount = 2, MemoryLimitBytes = 512L << 20, AllowedFolders = ProjectDraft.FoldersOf([path]) });
        ProjectDraft draft = await ProjectDraft.LookAsync([path], project.Folder.Path, engine, frontEnd, project.Context(), CancellationToken.None);
        Assert.That(draft.ClockWithoutZone is null || zone is not null, $"{draft.ClockWithoutZone}");
        DraftedProject drafted = await draft.WriteAsync("test", zone, frontEnd, CultureInfo.InvariantCulture, CancellationToken.None);
        foreach ((string file, string content) in drafted.Files) project.Folder.Write(file, content);
        return (drafted.Files.Single(file => file.Path.StartsWith("pipelines/", StringComparison.Ordinal)).Content, drafted.Files.FirstOrDefault(file => file.Path.StartsWith("features/", StringComparison.Ordinal)).Content);
    }
}

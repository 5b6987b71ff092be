using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>The main job on a small project, verb by verb, in each form of output.</summary>
[TestFixture]
internal sealed class ProjectTests
{
    private TestFolder _folder = null!;

    [OneTimeSetUp]
    public void RunTheMainJob()
    {
        _folder = SmallProject.Create();
        _folder.Lepton.Done("run");
        _folder.Lepton.Done("apply");
        _folder.Lepton.Done("dataset", "create");
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void TableList_AfterARun_NamesTablesRowsAndHashes()
    {
        JsonElement.ArrayEnumerator tables = _folder.Lepton.Done("table", "list", "--output", "json").Json.GetProperty("tables").EnumerateArray();
        Dictionary<string, long> rows = tables.ToDictionary(table => table.GetProperty("name").GetString()!, table => table.GetProperty("rows").GetInt64());
        Assert.Multiple(() =>
        {
            Assert.That(rows["orders"], Is.EqualTo(SmallProject.GoodOrderCount));
            Assert.That(rows["orders__quarantine"], Is.EqualTo(2));
            Assert.That(rows["customers"], Is.EqualTo(3));
            Assert.That(tables.Select(table => table.GetProperty("content_hash").GetString()), Has.All.Match("^[0-9a-f]{32}$"));
        });
    }

    [Test]
    public void TableVacuum_FileThatNoVersionNeeds_IsListedAndThenDeleted()
    {
        string stray = _folder["lake/main/orders/part-stray.parquet"];
        File.WriteAllText(stray, "stray");
        File.SetLastWriteTimeUtc(stray, File.GetLastWriteTimeUtc(stray).AddDays(-60));
        Assert.That(_folder.Lepton.Done("table", "vacuum", "orders").Out, Is.EqualTo("part-stray.parquet\norders: files that nothing needs for 30 days: 1 (5 B); delete them with --delete.\n"));
        Assert.That(File.Exists(stray));
        JsonElement answer = _folder.Lepton.Done("table", "vacuum", "orders", "--delete", "--output", "json").Json;
        Assert.That(answer.GetProperty("files").EnumerateArray().Select(file => file.GetString()), Is.EqualTo(new[] { "part-stray.parquet" }));
        Assert.That(answer.GetProperty("pinned_versions").GetArrayLength(), Is.EqualTo(1), "the training set and the readers name one version");
        Assert.That(File.Exists(stray), Is.False);
        Assert.That(_folder.Lepton.Done("table", "vacuum", "orders").Out, Is.EqualTo("orders: no file is unneeded for more than 30 days.\n"));
    }

    [Test]
    public void Quarantine_RowsThatBrokeARule_NameTheRule()
        => Assert.That(
            _folder.Lepton.Done("query", "SELECT order_id, __rules FROM orders__quarantine ORDER BY order_id", "--output", "csv").Out,
            Is.EqualTo("order_id,__rules\n4,customer_known\n5,amount_positive\n"));

    // Worked by hand: a day's row is known an hour after midnight, so the orders of 1 March see nothing, those of 2 March (after 01:00) the day before.
    [Test]
    public void TrainingSet_OfSmallOrders_SeesOnlyWhatWasKnown()
        => Assert.That(
            _folder.Lepton.Done("query", "SELECT order_id, customer_daily__orders, customer_daily__amount, customer_daily__status, split FROM datasets.big_orders ORDER BY order_id", "--output", "csv").Out,
            Is.EqualTo("""
                order_id,customer_daily__orders,customer_daily__amount,customer_daily__status,split
                1,,,absent,train
                2,,,absent,train
                3,,,absent,train
                6,2,15.25,present,train
                7,,,absent,train
                8,1,12.75,present,test

                """));

    [Test]
    public void Query_InEachForm_GivesTheSameRows()
    {
        const string Sql = "SELECT customer, city FROM customers ORDER BY customer";
        string text = _folder.Lepton.Done("query", Sql).Out;
        JsonElement json = _folder.Lepton.Done("query", Sql, "--output", "json").Json;
        Assert.Multiple(() =>
        {
            // Two cells for a Chinese character; the last column is not padded.
            Assert.That(text, Is.EqualTo("customer  city\nVARCHAR   VARCHAR\nada       London\nbao       上海\nchen      北京\n"));
            Assert.That(json.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("city").GetString()), Is.EqualTo(new[] { "London", "上海", "北京" }));
            Assert.That(json.GetProperty("columns")[0].GetProperty("type").GetString(), Is.EqualTo("VARCHAR"));
            Assert.That(_folder.Lepton.Done("query", Sql, "--output", "csv", "--limit", "1").Out, Is.EqualTo("customer,city\nada,London\n"));
        });
    }

    [Test]
    public void Query_WithoutRows_ShowsTheColumns()
    {
        Assert.That(_folder.Lepton.Done("query", "SELECT customer FROM customers WHERE false").Out, Is.EqualTo("customer\nVARCHAR\n"));
        Assert.That(_folder.Lepton.Done("query", "SELECT customer FROM customers WHERE false", "--output", "json").Json.GetProperty("rows").GetArrayLength(), Is.Zero);
    }

    [TestCase("rows.parquet")]
    [TestCase("rows.csv")]
    public void Query_ToAFile_WritesWhatCanBeReadBack(string file)
    {
        _folder.Lepton.Done("query", "SELECT order_id, customer, ordered_at FROM orders ORDER BY order_id", "--out", file);
        _folder.Lepton.Done("get-historical-features", "--entities", file, "--service", "shop_model", "--event-time", "ordered_at", "--out", "joined.csv");
        string[] lines = File.ReadAllLines(_folder["joined.csv"]);
        Assert.That(lines, Has.Length.EqualTo(SmallProject.GoodOrderCount + 1));
        Assert.That(lines[0], Does.StartWith("order_id,customer,ordered_at,customer_daily__orders"));
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName), Has.None.StartWith("."));
    }

    [Test]
    public void HistoricalFeatures_OfASelect_EqualTheTrainingSet()
    {
        _folder.Lepton.Done(
            "get-historical-features", "--entities", "SELECT order_id, customer, ordered_at FROM orders ORDER BY order_id", "--features", "customer_daily:amount", "--event-time", "ordered_at", "--out", "amounts.csv");
        Assert.That(File.ReadAllLines(_folder["amounts.csv"]).Select(line => line.Split(',')[3]), Is.EqualTo(new[] { "customer_daily__amount", "", "", "", "15.25", "", "12.75" }));
    }

    [Test]
    public void Apply_AppliedAlready_IsUnchanged()
    {
        Assert.That(_folder.Lepton.Done("plan", "--output", "json").Json.GetProperty("changes").GetArrayLength(), Is.Zero);
        Assert.That(_folder.Lepton.Done("apply").Out, Does.Contain("Unchanged"));
    }

    [Test]
    public void Dataset_MadeAlready_IsUnchangedAndSound()
    {
        Assert.Multiple(() =>
        {
            Assert.That(_folder.Lepton.Done("dataset", "create").Out, Does.Contain("big_orders v1: unchanged"));
            Assert.That(_folder.Lepton.Done("dataset", "verify", "big_orders").Out, Does.Contain("is sound"));
            Assert.That(_folder.Lepton.Done("dataset", "list", "--output", "json").Json.GetProperty("training_sets").GetArrayLength(), Is.EqualTo(1));
            JsonElement described = _folder.Lepton.Done("dataset", "describe", "big_orders", "--output", "json").Json;
            Assert.That(described.GetProperty("splits").EnumerateArray().Select(split => split.GetProperty("rows").GetInt64()), Is.EqualTo(new long[] { 5, 1 }));
            JsonElement amount = described.GetProperty("features").EnumerateArray().Single(feature => feature.GetProperty("feature").GetString() == "amount");
            Assert.That((amount.GetProperty("present").GetInt64(), amount.GetProperty("absent").GetInt64()), Is.EqualTo((2, 4)));
        });
    }

    // Row 4 is order 6, of ada at 09:30 on the second day: her first day (10.00 + 5.25) was over and known by then, her second was not.
    [Test]
    public void Explain_ACell_NamesItsRowAndItsSources()
    {
        Answer answer = _folder.Lepton.Done("dataset", "explain", "big_orders", "--row", "4", "--feature", "amount");
        Assert.That(answer.Out, Does.Contain("customer_daily__amount = 15.25 (present)").And.Contain("customer = ada").And.Contain("1 in the future").And.Contain("orders_raw.amount"));
        JsonElement cell = _folder.Lepton.Done("dataset", "explain", "big_orders", "--row", "4", "--feature", "customer_daily:amount", "--output", "json").Json;
        Assert.That(cell.GetProperty("is_answer").GetBoolean(), Is.True);
        Assert.That(cell.GetProperty("candidates").EnumerateArray().Select(row => row.GetProperty("verdict").GetString()), Is.EqualTo(new[] { "winner", "in_the_future" }));
        Assert.That(File.Exists(_folder[$"lake/main/customer_daily/{cell.GetProperty("candidates")[0].GetProperty("file").GetString()}"]));
        Assert.That(_folder.Lepton.Run("dataset", "explain", "big_orders", "--row", "99", "--feature", "amount").Error, Does.Contain("1 to 6"));
    }

    [Test]
    public void Teardown_EmptiesTheRegistryAndLeavesWhatWasMade()
    {
        using TestFolder folder = _folder.Copy();
        Answer asked = folder.Lepton.Run("teardown");
        Assert.That((asked.ExitCode, asked.Out.Contains("- feature view customer_daily", StringComparison.Ordinal), asked.Error.Contains("--yes", StringComparison.Ordinal)), Is.EqualTo((1, true, true)), asked.ToString());
        Assert.That(folder.Lepton.Done("plan").Out, Does.Contain("Unchanged"), "asking removes nothing");
        folder.Lepton.Done("teardown", "--yes");
        Assert.That(folder.Lepton.Run("get-historical-features", "--entities", "SELECT customer, ordered_at FROM orders", "--features", "customer_daily", "--event-time", "ordered_at", "--out", "x.csv").ExitCode, Is.EqualTo(1));
        Assert.That(folder.Lepton.Done("dataset", "verify", "big_orders").Out, Does.Contain("is sound"));
        Assert.That(folder.Lepton.Done("teardown", "--yes").Out, Does.Contain("Unchanged"));
    }

    [Test]
    public void Leaks_OfATrainingSet_AreShown()
    {
        JsonElement leaks = _folder.Lepton.Done("dataset", "leaks", "big_orders", "--output", "json").Json;
        Assert.That(leaks.GetProperty("labels").EnumerateArray().Select(label => label.GetString()), Is.EqualTo(new[] { "order_id", "is_big" }));
        Assert.That(_folder.Lepton.Done("dataset", "leaks", "big_orders").Out, Does.Contain("customer_daily__amount").And.Contain("from the future"));
    }

    [Test]
    public void Verify_FileThatWasChanged_FailsAndSaysWhich()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Lepton.Done("run");
        folder.Lepton.Done("apply");
        string made = folder.Lepton.Done("dataset", "create", "--output", "json").Json.GetProperty("training_sets")[0].GetProperty("folder").GetString()!;
        string file = Directory.EnumerateFiles(made, "*.parquet").Single();
        byte[] content = File.ReadAllBytes(file);
        content[content.Length / 2] ^= 1;
        File.SetAttributes(file, FileAttributes.Normal);
        File.WriteAllBytes(file, content);
        Answer answer = folder.Lepton.Run("dataset", "verify", "big_orders");
        Assert.That(answer.ExitCode, Is.EqualTo(1), answer.ToString());
        Assert.That(answer.Error, Does.Contain(Path.GetFileName(file)));
    }

    [Test]
    public void TableHistory_AfterARun_NamesTheRun()
    {
        JsonElement commits = _folder.Lepton.Done("table", "history", "orders", "--output", "json").Json.GetProperty("commits");
        Assert.That(commits.GetArrayLength(), Is.GreaterThan(0));
        Assert.That(commits[0].GetProperty("run_id").GetString(), Does.Match("^[0-9]{8}T[0-9]{6}-[0-9a-f]{8}$"));
    }

    [Test]
    public void TableDescribe_OfATable_ShowsColumnsWithTypes()
    {
        string text = _folder.Lepton.Done("table", "describe", "orders").Out;
        Assert.That(text, Does.Match("(?m)^order_id +BIGINT").And.Match("(?m)^ordered_at +TIMESTAMPTZ").And.Match(@"(?m)^amount +DECIMAL\(10,2\)"));
    }

    [Test]
    public void Report_AfterTheMainJob_IsOneFile()
    {
        JsonElement answer = _folder.Lepton.Done("report", "--output", "json").Json;
        string path = answer.GetProperty("reports")[0].GetString()!;
        Assert.That(path, Is.EqualTo(_folder["report.html"]));
        Assert.That(File.ReadAllText(path), Does.StartWith("<!DOCTYPE html>").IgnoreCase.And.Contain("orders"));
        Assert.That(answer.GetProperty("training_sets")[0].GetProperty("name").GetString(), Is.EqualTo("big_orders"));
    }

    [Test]
    public void Init_InAnEmptyFolder_MakesAProjectThatWorks()
    {
        using var folder = new TestFolder();
        folder.Lepton.Done("init", "my shop");
        LeptonProcess lepton = new(folder["my shop"]);
        lepton.Done("run");
        lepton.Done("apply");
        lepton.Done("dataset", "create");
        lepton.Done("report");
        Assert.That(lepton.Done("query", "SELECT count(*) AS n FROM orders__quarantine", "--output", "csv").Out, Is.EqualTo("n\n2\n"));
        Answer again = folder.Lepton.Run("init", "my shop");
        Assert.That(again.ExitCode, Is.EqualTo(1));
        Assert.That(again.Error, Does.Contain("is there already"));
    }

    // A terminal of 60 columns: what does not fit side by side stands one below the other.
    [TestCase("table list")]
    [TestCase("table describe orders")]
    [TestCase("query \\\"SELECT * FROM orders\\\"")]
    [TestCase("dataset describe big_orders")]
    public void Output_OnANarrowTerminal_FitsIt(string command)
    {
        Answer answer = OnATerminal(command, noColor: true);
        Assert.That(answer.Out, Does.Not.Contain("\u001b["), "NO_COLOR is set");
        // A person's own SQL is shown as it was written.
        string[] lines = answer.Out.ReplaceLineEndings("\n").Split("labels:")[0].Split('\n');
        Assert.That(lines.Where(line => !line.Contains(_folder.Path, StringComparison.Ordinal)).Select(Data.Cli.Output.TextCells.Width), Has.All.LessThanOrEqualTo(60), answer.Out);
        Assert.That(OnATerminal(command, noColor: false).Out, Does.Contain("\u001b[1m"), "headings are bold where colour is allowed");
    }

    private Answer OnATerminal(string command, bool noColor)
        => _folder.Lepton.With("TERM", "xterm").With("NO_COLOR", noColor ? "1" : null).Shell($"script -qefc \"stty cols 60 rows 40; $LEPTON {command}\" /dev/null");
}

using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary><c>lepton table compact</c> and <c>restore</c> on a small project, and what a run makes of it.</summary>
[TestFixture]
internal sealed partial class TableEditTests
{
    private const string Rows = "SELECT order_id, customer FROM orders ORDER BY order_id";

    private TestFolder _folder = null!;

    [SetUp]
    public void Run()
    {
        _folder = SmallProject.Create();
        _folder.Lepton.Done("run");
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void TableCompact_Clustered_ChangesNoRowAndNoRunAndReadersMoveOnWithTheNextOne()
    {
        string before = _folder.Lepton.Done("query", Rows, "--output", "csv").Out;
        Assert.That(_folder.Lepton.Done("table", "compact", "orders").Out, Is.EqualTo("orders: there is nothing to lay together.\n"));
        Assert.That(_folder.Lepton.Done("table", "compact", "orders", "--cluster-by", "customer", "--plan").Out, Does.Match(@"^orders: files to be written anew: 1 \(.*\)\.\n$"));
        Assert.That(_folder.Lepton.Done("table", "compact", "orders", "--cluster-by", "customer, order_id").Out, Does.Match(@"^orders: files before: 1 \(.*\), now: 1 \(.*\), as version 1; the rows are the same\.\n$"));
        JsonElement answer = _folder.Lepton.Done("table", "compact", "orders__quarantine", "--cluster-by", "customer", "--target-size", "1MB", "--output", "json").Json;
        Assert.That((answer.GetProperty("committed").GetBoolean(), answer.GetProperty("version").GetInt64(), answer.GetProperty("files_after").GetInt64()), Is.EqualTo((true, 1L, 1L)));
        Assert.That(Published(), Is.Zero);
        JsonElement again = _folder.Lepton.Done("run", "--output", "json").Json;
        Assert.That(again.GetProperty("is_unchanged").GetBoolean(), Is.True, again.ToString());
        Assert.That(Published(), Is.EqualTo(1));
        Assert.That(_folder.Lepton.Done("query", Rows, "--output", "csv").Out, Is.EqualTo(before));
        Assert.That(_folder.Lepton.Done("run", "--output", "json").Json.GetProperty("is_unchanged").GetBoolean(), Is.True);
    }

    [Test]
    public void TableVacuum_AfterACompaction_KeepsWhatReadersSee()
    {
        _folder.Lepton.Done("table", "compact", "orders", "--cluster-by", "customer");
        // All of it happened long ago.
        string table = _folder["lake/main/orders"];
        DateTimeOffset then = TimeProvider.System.GetUtcNow().AddDays(-60);
        foreach (string commit in Directory.GetFiles(Path.Combine(table, "_delta_log"), "*.json"))
            File.WriteAllText(commit, Times().Replace(File.ReadAllText(commit), match => match.Groups[1].Value + then.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
        foreach (string file in Directory.GetFiles(table, "*", SearchOption.AllDirectories)) File.SetLastWriteTimeUtc(file, then.UtcDateTime);
        Assert.That(_folder.Lepton.Done("table", "vacuum", "orders", "--delete").Out, Is.EqualTo("orders: no file is unneeded for more than 30 days.\n"));
        string before = _folder.Lepton.Done("query", Rows, "--output", "csv").Out;
        // The next run has readers go on; then the older files are nobody's.
        Assert.That(_folder.Lepton.Done("run", "--output", "json").Json.GetProperty("is_unchanged").GetBoolean(), Is.True);
        Assert.That(_folder.Lepton.Done("table", "vacuum", "orders", "--delete", "--output", "json").Json.GetProperty("files").GetArrayLength(), Is.EqualTo(1));
        Assert.That(_folder.Lepton.Done("query", Rows, "--output", "csv").Out, Is.EqualTo(before));
    }

    [Test]
    public void TableRestore_OlderVersion_IsNewestAndTheNextRunSaysWhatToDo()
    {
        _folder.Write(SmallProject.OrderFile, File.ReadAllText(_folder[SmallProject.OrderFile]) + "9,ada,2024-03-03 09:00:00,1.00\n");
        _folder.Lepton.Done("run");
        Assert.That(_folder.Lepton.Done("table", "restore", "orders", "--version", "0", "--plan").Out, Is.EqualTo("orders: would hold what version 0 held, 6 rows; files that would come back: 1, that would go: 1.\n"));
        Assert.That(_folder.Lepton.Done("table", "restore", "orders", "--version", "0").Out, Is.EqualTo(
            "orders: version 2 holds what version 0 held, 6 rows.\nReaders still see version 1, which the newest finished run names; `lepton query --latest` reads the restored one.\n"));
        Assert.That(_folder.Lepton.Done("query", "SELECT count(*) AS n FROM orders", "--latest", "--output", "csv").Out, Is.EqualTo("n\n6\n"));
        Assert.That(_folder.Lepton.Done("query", "SELECT count(*) AS n FROM orders", "--output", "csv").Out, Is.EqualTo("n\n7\n"));
        Assert.That(_folder.Lepton.Done("table", "restore", "orders", "--time", "2999-01-01T00:00:00Z").Out, Does.StartWith("orders: version 2 holds what version 2 held already."));
        Answer refused = _folder.Lepton.Run("run");
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.Error, Does.Contain("was restored: version 2 holds what version 0 did").And.Contain("--full-refresh"));
        Assert.That(_folder.Lepton.With("LANG", "zh_CN.UTF-8").Run("run").Error, Does.Contain("已被恢复").And.Contain("--full-refresh"));
        _folder.Lepton.Done("run", "--full-refresh");
        Assert.That(_folder.Lepton.Done("query", "SELECT count(*) AS n FROM orders", "--output", "csv").Out, Is.EqualTo("n\n7\n"));
    }

    [TestCase("Give either --version or --time", "restore", "orders")]
    [TestCase("--time takes a time such as", "restore", "orders", "--time", "yesterday")]
    [TestCase("--target-size takes a size such as", "compact", "orders", "--target-size", "12")]
    [TestCase("orders has no column 'nope'; it has order_id, customer, ordered_at, amount.", "compact", "orders", "--cluster-by", "nope")]
    [TestCase("has no version 7", "restore", "orders", "--version", "7")]
    public void TableEdit_BadWords_AreOneLineThatSaysWhatIsMeant(string expected, params string[] words)
    {
        Answer refused = _folder.Lepton.Run(["table", .. words]);
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.Error, Does.Contain(expected));
    }

    private long Published() => _folder.Lepton.Done("table", "describe", "orders", "--output", "json").Json.GetProperty("published_version").GetInt64();

    [GeneratedRegex("(\"(?:timestamp|deletionTimestamp|modificationTime)\":)\\d+")]
    private static partial Regex Times();
}

using System.Diagnostics;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>What the machine may do to a run: no space, no permission, a signal, a reader that goes away.</summary>
[TestFixture]
internal sealed class BrokenWorldTests
{
    private const string CountOrders = "SELECT count(*) AS n FROM orders";
    private static readonly string s_goodCount = $"n\n{SmallProject.GoodOrderCount}\n";

    // Each size fails at another point: at the lake's marker, at the run's record, at the first table, at a later one.
    [TestCase("4k")]
    [TestCase("16k")]
    [TestCase("24k")]
    [TestCase("32k")]
    [TestCase("40k")]
    [TestCase("48k")]
    [TestCase("56k")]
    [TestCase("60k")]
    public void Run_FullDisk_IsOneLineAndTheNextRunFinishes(string size)
    {
        using TestFolder folder = SmallProject.Create();
        using Mount disk = Mount.Tmpfs(folder["disk"], size);
        folder.Replace("lepton.yaml", "lake: lake", "lake: disk/lake");

        Answer answer = folder.Lepton.Run("run");
        TestContext.Out.WriteLine(answer);
        if (size is "4k" or "16k") Assert.That(answer.ExitCode, Is.EqualTo(1), "so small a disk must be too small, else the test shows nothing");
        if (answer.ExitCode != 0)
        {
            Assert.That(answer.ErrorLines, Is.Not.Empty);
            Assert.That(answer.ErrorLines, Has.All.Match("(?i)space|full"), answer.ToString());
            Assert.That(answer.Error, Does.Not.Contain("   at "));
        }
        // Whatever tables there are can be read, while the disk is still full.
        if (File.Exists(folder["disk/lake/lepton.json"])) folder.Lepton.Done("table", "list");

        disk.Remount("size=64m");
        folder.Lepton.Done("run");
        Assert.That(folder.Lepton.Done("query", CountOrders, "--output", "csv").Out, Is.EqualTo(s_goodCount));
        AssertNothingIsLeftBehind(folder, "disk/lake");
    }

    [Test]
    public void Run_ReadOnlyLake_IsOneLineAndReadingStillWorks()
    {
        using TestFolder folder = SmallProject.Create();
        using Mount disk = Mount.Tmpfs(folder["disk"], "64m");
        folder.Replace("lepton.yaml", "lake: lake", "lake: disk/lake");
        folder.Lepton.Done("run");
        folder.Replace(SmallProject.OrderFile, "1,ada,", "1,bao,");
        disk.Remount("ro");

        Answer answer = folder.Lepton.Run("run");
        Answer chinese = folder.Lepton.With("LANG", "zh_CN.UTF-8").Run("run");
        Assert.Multiple(() =>
        {
            Assert.That(answer.ExitCode, Is.EqualTo(1), answer.ToString());
            Assert.That(answer.ErrorLines, Has.Length.EqualTo(1), answer.ToString());
            Assert.That(answer.ErrorLines.FirstOrDefault(), Does.Contain("disk/lake").And.Match("(?i)read-only|written|write"));
            Assert.That(chinese.ErrorLines.FirstOrDefault(), Does.Contain("disk/lake").And.Match("只读|写"));
        });
        Assert.That(folder.Lepton.Done("query", CountOrders, "--output", "csv").Out, Is.EqualTo(s_goodCount));
        Answer doctor = folder.Lepton.Run("doctor");
        Assert.That(doctor.ExitCode, Is.EqualTo(1), doctor.ToString());

        disk.Remount("rw");
        folder.Lepton.Done("run");
        AssertNothingIsLeftBehind(folder, "disk/lake");
    }

    [TestCase("INT")]
    [TestCase("TERM")]
    public void Run_Interrupted_StopsCleanlyWithItsOwnExitCode(string signal)
    {
        using TestFolder folder = SmallProject.Create();
        folder.Lepton.Done("run");
        string[] tables = folder.Files("lake/main");
        // 400 rows to the fifth power do not end before the signal comes.
        folder.Write(SmallProject.CustomerFile, "customer,city\n" + string.Concat(Enumerable.Range(0, 400).Select(i => $"c{i},x\n")));
        folder.Replace(SmallProject.PipelineFile, "SELECT customer, city FROM customers_raw",
            "SELECT max(a.customer) AS customer, CAST(count(*) AS VARCHAR) AS city FROM customers_raw AS a, customers_raw AS b, customers_raw AS c, customers_raw AS d, customers_raw AS e WHERE a.customer || b.customer < c.customer || d.customer || e.city");

        using RunningLepton running = folder.Lepton.Start("run");
        Thread.Sleep(TimeSpan.FromSeconds(2));
        Assert.That(running.Process.HasExited, Is.False, "the run must be under way, else the test shows nothing");
        long start = Stopwatch.GetTimestamp();
        running.Signal(signal);
        Answer answer = running.WaitForEnd();
        Assert.Multiple(() =>
        {
            Assert.That(answer.ExitCode, Is.EqualTo(130), answer.ToString());
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(10)));
            Assert.That(answer.ErrorLines, Has.Length.EqualTo(1), answer.ToString());
            Assert.That(answer.ErrorLines.FirstOrDefault(), Does.Contain("Interrupted"));
            Assert.That(folder.Files("lake/main"), Is.EqualTo(tables));
        });
        folder.Replace(SmallProject.PipelineFile, "SELECT max(a.customer)", "SELECT a.customer FROM customers_raw AS a WHERE false UNION ALL SELECT max(a.customer)");
    }

    [Test]
    public void Query_ReaderThatGoesAway_EndsQuietly()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Lepton.Done("run");
        string cross = string.Join(", ", "abcdefg".Select(letter => $"orders AS {letter}"));
        foreach (string form in (string[])["csv", "json", "text"])
        {
            long start = Stopwatch.GetTimestamp();
            // 6 to the 7th power rows: more than a pipe holds.
            Answer answer = folder.Lepton.Shell($"$LEPTON query 'SELECT a.customer, b.amount FROM {cross}' --output {form} | head -c 100; echo; echo ${{PIPESTATUS[0]}}");
            Assert.That(answer.Out, Does.EndWith("\n0\n"), form);
            Assert.That(answer.Error, Is.Empty, form);
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(10)), form);
        }
    }

    [Test]
    public void Query_OutputToAFullDisk_IsAnError()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Lepton.Done("run");
        Answer answer = folder.Lepton.Shell("$LEPTON query 'SELECT * FROM orders' > /dev/full; echo $?");
        Assert.That(answer.Out, Is.EqualTo("1\n"));
        Assert.That(answer.Error, Does.Contain("No space left on device"));
        Assert.That(folder.Lepton.With("LANG", "zh_CN.UTF-8").Shell("$LEPTON query 'SELECT * FROM orders' > /dev/full").Error, Does.Contain("磁盘空间不足").And.Not.Contain("space"));
    }

    [Test]
    public void Report_FullDisk_IsSaidInBothLanguagesAndLeavesNothing()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Lepton.Done("run");
        using Mount disk = Mount.Tmpfs(folder["disk"], "200k");
        Answer english = folder.Lepton.Run("report", "--out", "disk/report.html");
        Answer chinese = folder.Lepton.With("LANG", "zh_CN.UTF-8").Run("report", "--out", "disk/report.html");
        Assert.Multiple(() =>
        {
            Assert.That((english.ExitCode, chinese.ExitCode), Is.EqualTo((1, 1)), $"{english}{chinese}");
            Assert.That(english.ErrorLines.Single(), Does.Contain("disk/report.html: No space left on device; name another place"));
            Assert.That(chinese.ErrorLines.Single(), Does.Contain("disk/report.html").And.Contain("磁盘空间不足"));
            Assert.That(folder.Files("disk"), Is.Empty);
        });
    }

    [Test]
    public void Tables_OneThatCannotBeRead_HidesNoOther()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Lepton.Done("run");
        folder.Write("lake/main/foreign/_delta_log/00000000000000000000.json", "{\"protocol\":{\"minReaderVersion\":1,\"minWri");
        Answer list = folder.Lepton.Run("table", "list"), json = folder.Lepton.Run("table", "list", "--output", "json"), doctor = folder.Lepton.Run("doctor");
        Answer chinese = folder.Lepton.With("LANG", "zh_CN.UTF-8").Run("report");
        Assert.Multiple(() =>
        {
            Assert.That((list.ExitCode, json.ExitCode, chinese.ExitCode, doctor.ExitCode), Is.EqualTo((1, 1, 1, 1)));
            Assert.That(list.Out, Does.Contain("customers").And.Contain("orders"));
            Assert.That(list.ErrorLines.Single(), Does.StartWith("error: The table foreign cannot be read: ").And.Contain("00000000000000000000.json:1"));
            Assert.That(json.Json.GetProperty("tables").GetArrayLength(), Is.GreaterThanOrEqualTo(2));
            Assert.That(doctor.Out, Does.Contain("table foreign"));
            Assert.That(chinese.Out, Does.Contain("orders"));
            Assert.That(chinese.ErrorLines.Single(), Does.Contain("无法读取表 foreign"));
        });
    }

    [Test]
    public void Run_Twice_IsUnchangedTheSecondTime()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Lepton.Done("run");
        string[] tables = folder.Files("lake/main");
        Answer second = folder.Lepton.Done("run", "--output", "json");
        Assert.Multiple(() =>
        {
            Assert.That(second.Json.GetProperty("is_unchanged").GetBoolean());
            Assert.That(folder.Files("lake/main"), Is.EqualTo(tables));
            Assert.That(folder.Lepton.Done("run").Out, Does.Contain("Unchanged"));
            Assert.That(folder.Lepton.With("LANG", "zh_CN.UTF-8").Done("run").Out, Does.Contain("未变"));
        });
        Assert.That(folder.Lepton.Done("run", "--full-refresh", "--output", "json").Json.GetProperty("is_unchanged").GetBoolean(), Is.False);
    }

    private static bool IsCheckpoint(string file) => file.EndsWith(".checkpoint.parquet", StringComparison.Ordinal) && file.Contains("_delta_log", StringComparison.Ordinal);

    /// <summary>Every data file of a table is one that its log names, and nothing temporary is left.</summary>
    internal static void AssertNothingIsLeftBehind(TestFolder folder, string lake)
    {
        string[] files = folder.Files(lake);
        string log = string.Concat(files.Where(file => file.EndsWith(".json", StringComparison.Ordinal) && file.Contains("_delta_log", StringComparison.Ordinal)).Select(file => File.ReadAllText(Path.Combine(folder[lake], file))));
        foreach (string file in files)
        {
            if (file.EndsWith(".parquet", StringComparison.Ordinal) && !file.Contains("datasets", StringComparison.Ordinal) && !IsCheckpoint(file)) Assert.That(log, Does.Contain(Path.GetFileName(file)), $"{file} is in no log");
            else Assert.That(file, Does.EndWith(".json").Or.EndsWith(".parquet").Or.EndWith("lock").Or.EndWith(".crc").Or.EndWith("_delta_log/_last_checkpoint"), "is nothing of the lake's");
        }
    }
}

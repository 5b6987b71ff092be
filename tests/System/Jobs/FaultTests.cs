using System.Globalization;
using System.Text;
using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Jobs;

/// <summary>What happens to a run that the machine cannot finish: the last good state stays and is readable, what does not depend on it is done, and once there is room the same command finishes.</summary>
[TestFixture]
internal sealed class FaultTests
{
    private const long Megabyte = 1 << 20;

    // Each room ends at another point: at the run's record, at the quarantine, at the table, at the next step.
    [Test]
    public void Run_FullDiskWhileStepsGrow_IsOneLineAndTheNextRunEqualsARefresh([Values(0, 8, 16, 28, 40, 56, 80)] int roomKilobytes)
    {
        using var folder = new TestFolder();
        using Mount disk = Mount.Tmpfs(folder["disk"], "64m");
        folder.Write("lepton.yaml", "project: visits\nlake: disk/lake\n");
        folder.Write("pipelines/visits.yaml", """
            pipeline: visits
            sources:
              src: { format: csv, path: data/part-*.csv, columns: { id: { type: BIGINT }, seen: { type: TIMESTAMP, zone: UTC }, shop: { type: VARCHAR }, amount: { type: BIGINT } } }
            steps:
              visits:
                sql: SELECT id, shop, seen, amount FROM src
                grows: append
                expect: { positive: { sql: amount > 0 } }
              by_shop:
                sql: SELECT shop, count(*) AS visits, sum(amount) AS amount FROM visits GROUP BY shop
                grows: { by_key: shop }
              hourly:
                sql: SELECT date_trunc('hour', seen) AS hour, sum(amount) AS amount FROM visits GROUP BY hour
                grows: { by_window: 1h, time: hour }

            """);
        WriteVisits(folder, 1);
        folder.Lepton.Done("run");
        WriteVisits(folder, 2);
        long used = UsedBytes(folder["disk"]);
        disk.Remount($"size={(used / 1024) + roomKilobytes}k");

        Answer answer = folder.Lepton.Run("run");
        TestContext.Out.WriteLine(answer);
        if (roomKilobytes < 16) Assert.That(answer.ExitCode, Is.EqualTo(1), "so little room must be too little, else the test shows nothing");
        if (answer.ExitCode != 0)
        {
            Assert.That(answer.ErrorLines, Is.Not.Empty);
            Assert.That(answer.ErrorLines, Has.All.Match("(?i)space|full"), answer.ToString());
            Assert.That(answer.Error, Does.Not.Contain("   at "));
        }
        foreach (string table in s_tables) Count(folder, table);

        disk.Remount("size=64m");
        folder.Lepton.Done("run");
        string[] grown = [.. s_tables.Select(table => Content(folder, table))];
        folder.Lepton.Done("run", "--full-refresh");
        Assert.That(grown, Is.EqualTo(s_tables.Select(table => Content(folder, table))));
    }

    // A list of 400 million numbers does not fit into 256 MiB, and lists do not spill.
    [Test]
    public void Run_AStepThatNeedsTenTimesTheMemory_FailsAloneAndTheProcessStaysSmall()
    {
        using var folder = new TestFolder();
        folder.Write("lepton.yaml", "project: poison\nlake: lake\nmemory: 256MiB\n");
        folder.Write("data/src.csv", "id\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i}\n")));
        folder.Write("pipelines/poison.yaml", """
            pipeline: poison
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              before: { sql: SELECT id FROM src }
              poison: { sql: "SELECT a.id % 2 AS k, list(a.id * b.id) AS all_of_them FROM before a CROSS JOIN before b GROUP BY k" }
              after: { sql: SELECT k FROM poison }
              beside: { sql: SELECT count(*) AS n FROM before }
              sorted: { sql: "SELECT a.id AS a, b.id AS b, md5(CAST(a.id * b.id AS VARCHAR)) AS h FROM before a JOIN before b ON b.id < 150 ORDER BY h" }

            """);
        using RunningLepton running = folder.Lepton.Start("run", "--output", "json");
        long peak = 0;
        while (!running.Process.WaitForExit(TimeSpan.FromMilliseconds(50))) peak = Math.Max(peak, PeakBytes(running.Process.Id));
        Answer answer = running.WaitForEnd();
        TestContext.Out.WriteLine($"peak {peak / Megabyte} MiB\n{answer}");
        Assert.That(answer.ExitCode, Is.EqualTo(1));
        Dictionary<string, string?> states = answer.Json.GetProperty("steps").EnumerateArray().ToDictionary(step => step.GetProperty("step").GetString()!, step => step.GetProperty("state").GetString());
        Assert.That(states, Is.EqualTo(new Dictionary<string, string?> { ["before"] = "done", ["poison"] = "failed", ["after"] = "skipped", ["beside"] = "done", ["sorted"] = "done" }));
        Assert.That(answer.Error + answer.Out, Does.Contain("memory"));
        Assert.That(peak, Is.InRange(1, 900 * Megabyte), "the engine's 256 MiB, its overdraft, and the runtime");
        Assert.That(Count(folder, "beside"), Is.EqualTo("1"));
    }

    private static readonly string[] s_tables = ["visits", "visits__quarantine", "by_shop", "hourly"];

    private static void WriteVisits(TestFolder folder, int part)
    {
        var text = new StringBuilder("id,shop,seen,amount\n");
        for (int i = 0; i < 2_000; i++)
            text.Append(CultureInfo.InvariantCulture, $"{(part * 10_000) + i},{"abcd"[(i * 7 + part) % 4]},2001-01-{1 + (i % 20):D2} {i % 24:D2}:10:00,{(i * 31 % 1000) - 20}\n");
        folder.Write($"data/part-{part}.csv", text.ToString());
    }

    private static string Count(TestFolder folder, string table) => folder.Lepton.Done("query", $"SELECT count(*) AS n FROM {table}", "--output", "csv").Out.Split('\n')[1];

    // All but the run that wrote it.
    private static string Content(TestFolder folder, string table)
        => folder.Lepton.Done("query", $"SELECT {(table.EndsWith("__quarantine", StringComparison.Ordinal) ? "* EXCLUDE (__run_id)" : "*")} FROM {table} ORDER BY ALL", "--output", "csv").Out;

    private static long UsedBytes(string mount)
    {
        var drive = new DriveInfo(mount);
        return drive.TotalSize - drive.TotalFreeSpace;
    }

    private static long PeakBytes(int process)
    {
        try
        {
            string line = File.ReadLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException)
        {
            // It ended meanwhile.
            return 0;
        }
    }
}

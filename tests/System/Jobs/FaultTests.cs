using System.Globalization;
using System.Text.Json;
using Lepton.Data.Testing;
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
        folder.Write("pipelines/visits.yaml", GrowingVisits.PipelineYaml);
        var random = new Random(20010621);
        folder.Write("data/part-1.csv", GrowingVisits.File(random, 2_000));
        folder.Lepton.Done("run");
        folder.Write("data/part-2.csv", GrowingVisits.File(random, 2_000));
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
        foreach (string table in GrowingVisits.Tables) Count(folder, table);

        disk.Remount("size=64m");
        folder.Lepton.Done("run");
        string[] grown = [.. GrowingVisits.Tables.Select(table => Content(folder, table))];
        folder.Lepton.Done("run", "--full-refresh");
        Assert.That(grown, Is.EqualTo(GrowingVisits.Tables.Select(table => Content(folder, table))));
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

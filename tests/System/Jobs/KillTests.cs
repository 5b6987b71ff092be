using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Schemas.Hashing;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Runs;
using Lepton.Data.Testing;
using Lepton.Data.Tests.System.Cli;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Jobs;

/// <summary>Promise 1 of the design: <c>kill -9</c> at any moment, and after the next run every record is in the tables once.</summary>
[TestFixture]
internal sealed class KillTests
{
    private const int OrderCount = 40_000;

    [Test]
    [Category("Torture")]
    public async Task Run_KilledAtRandomMoments_LeavesWholeTablesAndTheNextRunFinishes()
    {
        int kills = Number("LEPTON_KILLS") ?? (Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 50 : 10);
        int seed = Number("LEPTON_SEED") ?? 20010621;
        TestContext.Out.WriteLine($"seed {seed}, {kills} kills");
        var random = new Random(seed);

        // Two states of the input, so that each round has work to do: what undisturbed runs make of them is what is asked.
        using TestFolder undisturbed = SmallProject.Create();
        var expected = new Dictionary<int, string>();
        TimeSpan took = default;
        foreach (int version in new[] { 0, 1 })
        {
            WriteOrders(undisturbed, version);
            took = Timed(() => undisturbed.Lepton.Done("run"));
            expected[version] = await ContentAsync(undisturbed);
        }
        Assert.That(expected[0], Is.Not.EqualTo(expected[1]), "the two inputs must differ, else the test shows nothing");

        using TestFolder folder = SmallProject.Create();
        int killed = 0;
        int attempts = 0;
        for (int version = 0; killed < kills; version = 1 - version)
        {
            WriteOrders(folder, version);
            // Up to three in a row: one may hit the cleaning up after another.
            for (int inARow = random.Next(1, 4); inARow > 0 && killed < kills; inARow--)
            {
                Assert.That(++attempts, Is.LessThanOrEqualTo(kills * 5), "most runs must be cut off, else the test shows nothing");
                if (await KillAsync(folder, took * random.NextDouble(), $"seed {seed}, kill {killed + 1}")) killed++;
            }
            took = Timed(() => folder.Lepton.Done("run"));
            Assert.That(await ContentAsync(folder), Is.EqualTo(expected[version]), $"seed {seed}, after kill {killed}");
            BrokenWorldTests.AssertNothingIsLeftBehind(folder, "lake");
        }
    }

    // Files come, are late and go; whatever died in between, the tables are those that one run over all files makes.
    [Test]
    [Category("Torture")]
    public async Task Run_OfGrowingStepsKilledAtRandomMoments_EqualsARefresh()
    {
        int kills = Number("LEPTON_KILLS") ?? (Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 50 : 5);
        int seed = Number("LEPTON_SEED") ?? 20010622;
        var random = new Random(seed);
        using var folder = new TestFolder();
        folder.Write("lepton.yaml", "project: visits\nlake: lake\n").Write("pipelines/visits.yaml", GrowingVisits.PipelineYaml);
        var files = new List<string>();
        (int killed, int attempts, int grown) = (0, 0, 0);
        Change();
        TimeSpan took = Timed(() => folder.Lepton.Done("run"));
        while (killed < kills)
        {
            for (int inARow = random.Next(1, 4); inARow > 0 && killed < kills; inARow--)
            {
                Assert.That(++attempts, Is.LessThanOrEqualTo(kills * 5), "most runs must be cut off, else the test shows nothing");
                if (random.Next(2) == 0) Change();
                if (await KillAsync(folder, took * random.NextDouble(), $"seed {seed}, kill {killed + 1}")) killed++;
            }
            took = Timed(() => folder.Lepton.Done("run"));
            grown += (await new RunLog(Lake.Open(folder["lake"])).ReadAsync()).SelectMany(run => run.Steps).Count(step => step.Growth is { FullBecause: null });
            using TestFolder refreshed = folder.Copy();
            Directory.Delete(refreshed["lake"], recursive: true);
            refreshed.Lepton.Done("run");
            Assert.That(await ContentAsync(folder, isWithQuarantine: false), Is.EqualTo(await ContentAsync(refreshed, isWithQuarantine: false)), $"seed {seed}, after kill {killed}");
            foreach (string quarantine in GrowingVisits.Tables.Skip(3))
                Assert.That(Rows(folder, quarantine), Is.EqualTo(Rows(refreshed, quarantine)), $"seed {seed}, after kill {killed}");
            BrokenWorldTests.AssertNothingIsLeftBehind(folder, "lake");
        }
        TestContext.Out.WriteLine($"seed {seed}, {killed} of {attempts} runs killed, {grown} steps grew");
        Assert.That(grown, Is.Positive, "else all was computed as a whole");

        void Change()
        {
            if (files.Count > 3 && random.Next(3) == 0)
            {
                int gone = random.Next(files.Count);
                File.Delete(folder[files[gone]]);
                files.RemoveAt(gone);
            }
            files.Add($"data/part-{attempts}-{files.Count}.csv");
            folder.Write(files[^1], GrowingVisits.File(random, random.Next(1, 3_000)));
        }

        // All but the run that wrote it.
        static string Rows(TestFolder folder, string table) => folder.Lepton.Done("query", $"SELECT * EXCLUDE (__run_id) FROM {table} ORDER BY ALL", "--output", "csv").Out;
    }

    // 3.6 million labels in files of 983,040 rows: what stands is kept, and the bytes are those of an unbroken build.
    [Test]
    [Category("Torture")]
    public async Task DatasetCreate_KilledAtRandomMoments_GoesOnToTheSameBytes()
    {
        int kills = Number("LEPTON_KILLS") ?? (Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 30 : 4);
        int seed = Number("LEPTON_SEED") ?? 20010623;
        var random = new Random(seed);
        using TestFolder folder = SmallProject.Create();
        var orders = new StringBuilder("order_id,customer,ordered_at,amount\n");
        for (int i = 0; i < 1900; i++) orders.Append(CultureInfo.InvariantCulture, $"{i},{(i % 2 == 0 ? "ada" : "bao")},{new DateTime(2024, 3, 1).AddMinutes(i):yyyy-MM-dd HH:mm:ss},{i % 100}.50\n");
        folder.Write(SmallProject.OrderFile, orders.ToString());
        folder.Replace(SmallProject.FeatureFile, """
                  SELECT order_id, customer, ordered_at, amount > 10 AS is_big
                  FROM orders
                  ORDER BY order_id
            """, """
                  SELECT a.order_id * 1900 + b.order_id AS n, a.customer, b.ordered_at
                  FROM orders AS a CROSS JOIN orders AS b
                  ORDER BY n
            """);
        folder.Lepton.Done("run");
        folder.Lepton.Done("apply");
        TimeSpan took = Timed(() => folder.Lepton.Done("dataset", "create"));
        string[] expected = Files();
        Assert.That(expected, Has.Length.GreaterThanOrEqualTo(4), "files and manifest; else the test shows nothing");
        (int killed, int taken, int attempts) = (0, 0, 0);
        while (killed < kills)
        {
            Directory.Delete(folder["lake/_lepton/datasets/big_orders/v1"], recursive: true);
            for (int inARow = random.Next(1, 3); inARow > 0 && killed < kills; inARow--)
            {
                Assert.That(++attempts, Is.LessThanOrEqualTo(kills * 5), "most builds must be cut off, else the test shows nothing");
                // Every second one dies when so many files stand, the others at any moment.
                int standing = attempts % 2 == 0 ? random.Next(1, 4) : 0;
                using RunningLepton running = folder.Lepton.Start("dataset", "create");
                while (!running.Process.HasExited && Notes() < standing) await Task.Delay(10);
                await Task.Delay(standing > 0 ? TimeSpan.FromMilliseconds(random.Next(300)) : took * random.NextDouble());
                if (!running.Process.HasExited) killed++;
                running.Process.Kill();
                running.WaitForEnd();
            }
            taken += folder.Lepton.Done("dataset", "create", "--output", "json").Json.GetProperty("training_sets")[0].GetProperty("files_taken").GetInt32();
            Assert.That(Files(), Is.EqualTo(expected), $"seed {seed}, after kill {killed}");
            Assert.That(Directory.GetFileSystemEntries(folder["lake/_lepton/datasets/big_orders"]).Select(Path.GetFileName), Is.EqualTo(new[] { "v1" }), $"seed {seed}, after kill {killed}");
        }
        TestContext.Out.WriteLine($"seed {seed}, {killed} of {attempts} builds killed, {taken} files taken");
        Assert.That(taken, Is.Positive, "else nothing was gone on with");

        int Notes()
        {
            try
            {
                return Directory.Exists(folder["lake/_lepton/datasets/big_orders"]) ? Directory.GetFiles(folder["lake/_lepton/datasets/big_orders"], "part-*.json", SearchOption.AllDirectories).Length : 0;
            }
            catch (DirectoryNotFoundException)
            {
                // It was published meanwhile.
                return 0;
            }
        }

        // The manifest without when and by whom.
        string[] Files() => [.. folder.Files("lake/_lepton/datasets/big_orders/v1").Select(file => folder[$"lake/_lepton/datasets/big_orders/v1/{file}"]).Select(path => path.EndsWith(".json", StringComparison.Ordinal)
            ? string.Join('\n', File.ReadAllLines(path).Where(line => !line.Contains("\"created_at\"", StringComparison.Ordinal) && !line.Contains("\"run_id\"", StringComparison.Ordinal)))
            : $"{Path.GetFileName(path)} {Convert.ToHexString(global::System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))}")];
    }

    private static TimeSpan Timed(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start);
    }

    // Every version that a table has ever had can be read, and its rows are those that its files were written with.
    /// <summary>Kills a run and looks whether all is whole.</summary>
    /// <returns>Whether it was not done before.</returns>
    private static async Task<bool> KillAsync(TestFolder folder, TimeSpan after, string when)
    {
        using RunningLepton running = folder.Lepton.Start("run");
        await Task.Delay(after);
        bool wasRunning = !running.Process.HasExited;
        running.Process.Kill();
        running.WaitForEnd();
        await AssertWholeAsync(folder, $"{when} after {after.TotalMilliseconds:F0} ms");
        return wasRunning;
    }

    private static async Task AssertWholeAsync(TestFolder folder, string what)
    {
        if (!File.Exists(folder["lake/lepton.json"])) return;
        var lake = Lake.Open(folder["lake"]);
        foreach (TableName name in lake.ListTables())
        {
            Snapshot? newest = await lake.Table(name).ReadAsync();
            for (long version = 0; version <= newest?.Version; version++)
            {
                Snapshot snapshot = (await lake.Table(name).ReadAsync(version))!;
                ContentSum sum = await SumAsync(lake, snapshot);
                Assert.That(sum, Is.EqualTo(ContentSum.Total(snapshot.Files.Select(file => file.ContentSum!.Value))), $"{what}: {name} at version {version}");
            }
        }
        foreach ((TableName name, long version) in await new RunLog(lake).PublishedVersionsAsync())
            Assert.That(await lake.Table(name).ReadAsync(version), Is.Not.Null, $"{what}: published {name} at version {version}");
    }

    private static async Task<string> ContentAsync(TestFolder folder, bool isWithQuarantine = true)
    {
        var lake = Lake.Open(folder["lake"]);
        var content = new StringBuilder();
        foreach (TableName name in lake.ListTables().Where(name => isWithQuarantine || !name.ToString().EndsWith("__quarantine", StringComparison.Ordinal)))
        {
            Snapshot snapshot = (await lake.Table(name).ReadAsync())!;
            content.Append(CultureInfo.InvariantCulture, $"{name} {snapshot.RowCount} {snapshot.ContentHash}\n");
        }
        return content.ToString();
    }

    private static async Task<ContentSum> SumAsync(Lake lake, Snapshot snapshot)
    {
        using var sum = new ContentSumAccumulator(snapshot.Schema);
        await using IRecordBatchReader reader = await lake.ReadRecordsAsync(snapshot);
        while (await reader.ReadAsync() is { } batch)
            using (batch) sum.Process(batch);
        return sum.Sum;
    }

    private static void WriteOrders(TestFolder folder, int version)
    {
        var text = new StringBuilder("order_id,customer,ordered_at,amount\n");
        string[] customers = ["ada", "bao", "chen", "nobody"];
        for (int i = 0; i < OrderCount; i++)
        {
            DateTime at = new DateTime(2024, 3, 1).AddSeconds(i * 60);
            text.Append(CultureInfo.InvariantCulture, $"{i},{customers[(i * 7 % 400) == 0 ? 3 : i % 3]},{at:yyyy-MM-dd HH:mm:ss},{((i * 31 + version) % 10_000) - 1}.{i % 100:D2}\n");
        }
        folder.Write(SmallProject.OrderFile, text.ToString());
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
}

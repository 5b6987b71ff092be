using System.Diagnostics;
using System.Globalization;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.FeatureStore.Offline;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>
/// The point-in-time join against DuckDB's plain ASOF LEFT JOIN over the same files, from Parquet to record batches. Each run is a process of its own, so that its memory can be told;
/// rounds take turns, and the medians count.
/// </summary>
internal static class PointInTime
{
    private const string ChildWord = "point-in-time-run";
    private const string Folder = "artifacts/benchmarks/point-in-time";

    private static readonly string[] s_features = [.. Enumerable.Range(0, 10).Select(i => $"f{i}")];

    // A case: which rows, which labels, and how far our time may be of ASOF's.
    private static readonly Case[] s_cases =
    [
        new("event time", "zstd", "plain", "event", 0.40),
        new("with created time", "zstd", "plain", "created", 0.50),
        new("event time, our layout", "lake", "plain", "event", 0.30),
        new("with created time, our layout", "lake", "plain", "created", 0.35),
        new("ten views of one feature", "zstd", "plain", "views", 0.80),
        new("10 k labels", "zstd", "few", "event", 0.30),
        new("10 k labels, our layout", "lake", "few", "event", 0.30),
        new("text keys", "text", "text", "event", 0.50),
        new("rows in random order", "shuffled", "plain", "event", 0.50),
        new("20 x as many labels, 1 GiB", "zstd", "many", "created", 0, 1L << 30),
    ];

    internal static async Task<int> RunAsync(string[] args)
    {
        if (args[0] == ChildWord) return await ChildAsync(args[1], args[2], args[3], args[4], long.Parse(args[5], CultureInfo.InvariantCulture));
        int rounds = Option(args, "--rounds", 5);
        if (args is [_, "growth", ..]) return await GrowthAsync(rounds);
        long rows = Option(args, "--rows", 20_000_000), labels = Option(args, "--labels", 1_000_000);
        string only = args.SkipWhile(arg => arg != "--case").Skip(1).FirstOrDefault() ?? "";
        string folder = FolderOf(rows, labels);
        Console.WriteLine($"{labels:N0} labels x {rows:N0} rows x 10 doubles, 100,000 keys; medians of {rounds}, DuckDB {DuckDbDatabase.LibraryVersion}, {Environment.ProcessorCount} cores");
        Console.WriteLine($"{"",-32}{"ours ms",10}{"CPU ms",9}{"peak MiB",10}{"ASOF ms",10}{"CPU ms",9}{"peak MiB",10}{"ratio",8}{"of CPU",8}{"goal",8}");
        foreach (Case item in s_cases.Where(item => item.Name.StartsWith(only, StringComparison.Ordinal)))
        {
            Generate(folder, item, "", rows, labels);
            Generate(folder, item, "-warm", Math.Max(1000, rows / 1000), Math.Max(1000, labels / 1000));
            var ours = new List<Run>();
            var asof = new List<Run>();
            for (int round = 0; round < rounds; round++)
            {
                ours.Add(await StartAsync(item.Way, folder, item));
                if (item.Goal > 0) asof.Add(await StartAsync("asof", folder, item));
            }
            if (item.Goal > 0 && item.Way == "event" && ours[0].Sum != asof[0].Sum) Console.WriteLine($"  the sums differ: {ours[0].Sum} and {asof[0].Sum}");
            Run one = Median(ours);
            if (item.Goal == 0)
            {
                Console.WriteLine($"{item.Name,-32}{one.Milliseconds,10:N0}{one.CpuMilliseconds,9:N0}{one.PeakMegabytes,10:N0}");
                continue;
            }
            Run other = Median(asof);
            Console.WriteLine($"{item.Name,-32}{one.Milliseconds,10:N0}{one.CpuMilliseconds,9:N0}{one.PeakMegabytes,10:N0}{other.Milliseconds,10:N0}{other.CpuMilliseconds,9:N0}{other.PeakMegabytes,10:N0}{one.Milliseconds / other.Milliseconds,8:F3}{one.CpuMilliseconds / other.CpuMilliseconds,8:F3}{item.Goal,8:F2}");
        }
        return 0;
    }

    // How time and memory grow with rows and with labels: ours alone, by both times, over files as the lake has them.
    private static async Task<int> GrowthAsync(int rounds)
    {
        var item = new Case("growth", "lake", "plain", "created", 0);
        (long Rows, long Labels)[] sizes = [(5_000_000, 1_000_000), (20_000_000, 1_000_000), (80_000_000, 1_000_000), (20_000_000, 100_000), (20_000_000, 5_000_000)];
        Console.WriteLine($"both times, our layout; medians of {rounds}");
        Console.WriteLine($"{"rows",12}{"labels",12}{"ms",10}{"CPU ms",10}{"peak MiB",10}");
        foreach ((long rows, long labels) in sizes)
        {
            string folder = FolderOf(rows, labels);
            Generate(folder, item, "", rows, labels);
            Generate(folder, item, "-warm", rows / 1000, labels / 1000);
            var runs = new List<Run>();
            for (int round = 0; round < rounds; round++) runs.Add(await StartAsync(item.Way, folder, item));
            Run one = Median(runs);
            Console.WriteLine($"{rows,12:N0}{labels,12:N0}{one.Milliseconds,10:N0}{one.CpuMilliseconds,10:N0}{one.PeakMegabytes,10:N0}");
        }
        return 0;
    }

    private static string FolderOf(long rows, long labels) => Path.GetFullPath(Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"{rows}-{labels}")));

    internal static bool IsAsked(string[] args) => args is ["point-in-time" or ChildWord, ..];

    private static int Option(string[] args, string name, int otherwise) => args.SkipWhile(arg => arg != name).Skip(1).FirstOrDefault() is { } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;

    private static Run Median(List<Run> runs) => runs.OrderBy(run => run.Milliseconds).ElementAt(runs.Count / 2) with
    {
        PeakMegabytes = runs.Select(run => run.PeakMegabytes).Order().ElementAt(runs.Count / 2),
        CpuMilliseconds = runs.Select(run => run.CpuMilliseconds).Order().ElementAt(runs.Count / 2),
    };

    private static async Task<Run> StartAsync(string way, string folder, Case item)
    {
        string[] arguments = [typeof(PointInTime).Assembly.Location, ChildWord, way, Path.Combine(folder, $"rows-{item.Rows}"), Path.Combine(folder, $"labels-{item.Labels}.parquet"), Path.Combine(folder, "spill"), item.MemoryBytes.ToString(CultureInfo.InvariantCulture)];
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet", arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        string[] words = output.Trim().Split(' ');
        if (process.ExitCode != 0 || words.Length < 4) throw new InvalidOperationException($"{way} of {item.Name}: {output}");
        return new Run(double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture), words[2], double.Parse(words[3], CultureInfo.InvariantCulture));
    }

    private static void Generate(string folder, Case item, string suffix, long rows, long labels)
    {
        Directory.CreateDirectory(Path.Combine(folder, "spill"));
        string rowFolder = Path.Combine(folder, $"rows-{item.Rows}{suffix}"), labelFile = Path.Combine(folder, $"labels-{item.Labels}{suffix}.parquet");
        if (Directory.Exists(rowFolder) && File.Exists(labelFile)) return;
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder], TempFolder = Path.Combine(folder, "spill") });
        using DuckDbConnection connection = database.Connect();
        // Two years; a row a few milliseconds after the one before, known up to a day later; sums of money with cents.
        string span = "63072000000000";
        string key(string number, bool isText) => isText ? $"'customer-' || ({number})" : number;
        if (!Directory.Exists(rowFolder))
        {
            Directory.CreateDirectory(rowFolder);
            string features = string.Join(", ", Enumerable.Range(0, 10).Select(i => $"CAST(round((hash(i, {i + 10}) % 1000000) / 100.0, 2) AS DOUBLE) AS f{i}"));
            for (int file = 0; file < 4; file++)
            {
                string number = item.Rows == "shuffled" ? $"(i * 7368787) % {rows}" : "i";
                string select = $"SELECT {key("CAST(hash(i, 1) % 100000 AS BIGINT)", item.Rows == "text")} AS k, make_timestamptz(CAST(({number}) * ({span} // {rows}) AS BIGINT) + 1000000000000000) AS e, "
                    + $"make_timestamptz(CAST(({number}) * ({span} // {rows}) + hash(i, 2) % 86400000000 AS BIGINT) + 1000000000000000) AS c, {features} FROM range({file * rows / 4}, {(file + 1) * rows / 4}) AS r(i)";
                connection.Execute($"COPY ({select}) TO '{rowFolder}/{file}.parquet' (FORMAT parquet, COMPRESSION {(item.Rows == "lake" ? "lz4_raw" : "zstd")})");
            }
        }
        long count = item.Labels switch { "few" => labels / 100, "many" => labels * 20, _ => labels };
        connection.Execute($"COPY (SELECT {key("CAST(hash(i, 3) % 100000 AS BIGINT)", item.Labels == "text")} AS k, make_timestamptz(CAST(hash(i, 4) % {span} AS BIGINT) + 1000000000000000) AS t, i % 2 AS y FROM range({count}) AS r(i)) TO '{labelFile}' (FORMAT parquet, COMPRESSION zstd)");
    }

    private static async Task<int> ChildAsync(string way, string rowFolder, string labelFile, string spill, long memory)
    {
        Schema rows = new([new Field("k", rowFolder.EndsWith("text", StringComparison.Ordinal) ? DataType.String : DataType.Int64), new Field("e", DataType.Instant), new Field("c", DataType.Instant), .. s_features.Select(name => new Field(name, DataType.Float64))]);
        string[] files = [.. Directory.GetFiles(rowFolder).Order(StringComparer.Ordinal)];
        string folder = Path.GetDirectoryName(rowFolder)!;
        long? limit = memory > 0 ? memory : null;
        // Once over a thousandth of it, so that what is measured is compiled, of ours as of DuckDB.
        if (!rowFolder.EndsWith("-warm", StringComparison.Ordinal) && Directory.Exists(rowFolder + "-warm")) await TakeAsync(way, rows, Directory.GetFiles(rowFolder + "-warm"), labelFile.Replace(".parquet", "-warm.parquet", StringComparison.Ordinal), folder, spill, limit);
        double cpuBefore = Process.GetCurrentProcess().TotalProcessorTime.TotalMilliseconds;
        var time = Stopwatch.StartNew();
        decimal sum = await TakeAsync(way, rows, files, labelFile, folder, spill, limit);
        time.Stop();
        double cpu = Process.GetCurrentProcess().TotalProcessorTime.TotalMilliseconds - cpuBefore;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.Elapsed.TotalMilliseconds} {PeakBytes() / 1048576.0} {sum} {cpu}"));
        return 0;
    }

    private static async Task<decimal> TakeAsync(string way, Schema rows, string[] files, string labelFile, string folder, string spill, long? limit)
    {
        if (way.StartsWith("sql:", StringComparison.Ordinal))
        {
            using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder], TempFolder = spill, MemoryLimitBytes = limit });
            using DuckDbConnection connection = database.Connect();
            return connection.ReadValue<long>(way[4..].Replace("ROWS", $"read_parquet({SqlLiteral.TextList(files)})", StringComparison.Ordinal));
        }
        if (way == "asof")
        {
            using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder], TempFolder = spill, MemoryLimitBytes = limit });
            using DuckDbConnection connection = database.Connect();
            string list = SqlLiteral.TextList(files);
            using DuckDbReader reader = connection.Read($"SELECT l.*, {string.Join(", ", s_features)} FROM read_parquet({SqlLiteral.Text(labelFile)}) AS l ASOF LEFT JOIN read_parquet({list}) AS r ON l.k = r.k AND l.t >= r.e");
            return await SumAsync(reader, "f3");
        }
        return await OursAsync(way, rows, files, labelFile, folder, spill, limit);
    }

    private static async Task<decimal> OursAsync(string way, Schema rows, string[] files, string labelFile, string folder, string spill, long? limit)
    {
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { AllowedFolders = [folder], TempFolder = spill, MemoryLimitBytes = limit });
        using var frontEnd = new DuckDbFrontEnd();
        var context = new FeatureStoreContext(null!, engine, new Binder(frontEnd));
        var run = new RunContext(RunId.Create(TimeProvider.System), AccessContext.Owner, TimeProvider.System, new MemoryBudget(limit ?? 8L << 30));
        var snapshot = new Snapshot
        {
            RootPath = folder,
            Version = 0,
            TableId = "bench",
            CommittedAt = default,
            Transactions = new Dictionary<string, long>(),
            Properties = new Dictionary<string, string>(),
            Schema = rows,
            Files = [.. files.Select(file => new DataFile(file, new FileInfo(file).Length, default, null, null))],
        };
        ViewJoin View(string name, params string[] features) => new(
            new FeatureView(name, "thing", TableName.Parse("rows"), new EquatableList<string>(features)) { EventTime = "e", CreatedTime = way == "event" ? null : "c", KeyColumns = new EquatableList<string>(["k"]) },
            new Entity("thing", new EquatableList<string>(["k"])));
        ViewJoin[] views = way == "views" ? [.. s_features.Select(name => View($"v{name}", name))] : [View("v", s_features)];
        var labels = new Schema([rows[0], new Field("t", DataType.Instant), new Field("y", DataType.Int64)]);
        var scan = new FileScan(FileFormat.Parquet, [new SourceFile(labelFile, new FileInfo(labelFile).Length, EventTime.FromDateTimeOffset(File.GetLastWriteTimeUtc(labelFile)), "")], labels, labels, null, new Dictionary<string, string>());
        await using var runner = new QueryRunner(context, run);
        if (way == "feed")
        {
            Inputs inputs = new Inputs().Add("r", new SnapshotInput(snapshot) { FileNumber = "file", RowNumber = "row" });
            using CountRows count = await engine.ScanAsync(runner.Bind("SELECT k, e, file, \"row\" AS n FROM r", inputs), inputs, () => new CountRows(), run, default);
            return count.Count;
        }
        await using var join = new PointInTimeJoin(runner, new LabelRows(new FileInput(scan), labels), "t", views, new Dictionary<string, Input> { ["rows"] = new SnapshotInput(snapshot) }, null);
        await join.PrepareAsync(default);
        await using IRecordBatchReader reader = join.Read();
        return await SumAsync(reader, way == "views" ? "vf3__f3" : "v__f3");
    }

    // In cents, so that the order of rows has no say.
    private static async Task<decimal> SumAsync(IRecordBatchReader reader, string column)
    {
        decimal sum = 0;
        int index = reader.Schema.IndexOf(column);
        while (await reader.ReadAsync() is { } batch)
        {
            using (batch)
            {
                long cents = 0;
                ReadOnlySpan<double> values = batch.Column(index).Values<double>();
                for (int row = 0; row < values.Length; row++)
                    if (!batch.Column(index).IsNull(row)) cents += (long)Math.Round(values[row] * 100);
                sum += cents;
            }
        }
        return sum;
    }

    private static long PeakBytes()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        return long.Parse(line.Split(':', 'k')[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>What it costs to be handed rows.</summary>
    private sealed class CountRows : IAccumulator
    {
        internal long Count { get; private set; }

        public void Process(RecordBatch borrowed) => Count += borrowed.RowCount;

        public void Merge(IAccumulator other) => Count += ((CountRows)other).Count;

        public void Dispose() { }
    }

    /// <summary>A goal of 0 is none: then ours runs alone.</summary>
    private sealed record Case(string Name, string Rows, string Labels, string Way, double Goal, long MemoryBytes = 0);

    private sealed record Run(double Milliseconds, double PeakMegabytes, string Sum, double CpuMilliseconds);
}

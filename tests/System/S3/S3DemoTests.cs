using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.S3;

/// <summary>The example on a bucket, through a cache of copies that is much smaller than its lake: what comes out is what comes out in a folder.</summary>
[TestFixture]
internal sealed class S3DemoTests
{
    private static readonly string[] s_files = ["lepton.yaml", "pipelines/flights.yaml", "features/flights.yaml", "reports/flights.yaml"];

    [Test]
    [Category("Torture")]
    public void Flights_ThroughACacheSmallerThanTheLake_GiveWhatTheyGiveInAFolder()
    {
        bool isWhole = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 };
        int boundMiB = isWhole ? 16 : 1;
        S3Server server = S3Server.Shared;
        using var wire = new Wire(server.Endpoint);
        using TestFolder local = Flights(isWhole), remote = Flights(isWhole);
        remote.Replace("lepton.yaml", "lake: lake", $"lake: s3://{S3Server.Bucket}/flights\ns3: {{ cache: cache, cache_size: {boundMiB}MiB }}");
        var read = new HashSet<string>();
        wire.Request = (_, line) =>
        {
            if (line.StartsWith("GET ", StringComparison.Ordinal) && line.Contains(".parquet", StringComparison.Ordinal))
                lock (read) read.Add(line.Split(' ')[1]);
            return WireFault.None;
        };
        foreach (string[] verb in (string[][])[["run"], ["apply"], ["dataset", "create"]]) local.Lepton.Done(verb);
        foreach (string[] verb in (string[][])[["run"], ["apply"], ["dataset", "create"], ["dataset", "verify", "late_arrivals"], ["report"]])
        {
            server.Lepton(remote, wire: wire).Done(verb);
            long kept = remote.Files("cache/objects").Sum(file => new FileInfo(remote[$"cache/objects/{file}"]).Length);
            Assert.That(kept, Is.InRange(1, (long)boundMiB << 20), string.Join(' ', verb));
        }
        Assert.That(S3ServerTests.Tables(server.Lepton(remote)), Is.EqualTo(S3ServerTests.Tables(local.Lepton)));
        foreach (string set in (string[])["late_arrivals", "late_arrivals_by_departure"]) Assert.That(Dataset(server.Lepton(remote), set), Is.EqualTo(Dataset(local.Lepton, set)), set);

        long lake = server.Keys("flights/").Sum(key => new FileInfo(server.FileOf(key)).Length);
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{lake >> 10} KiB of lake through {boundMiB << 10} KiB of cache; {read.Count} files were read again"));
        Assert.That(lake, Is.GreaterThan(2 * ((long)boundMiB << 20)));
        // All of them were written here: what is read again had gone.
        Assert.That(read, Is.Not.Empty);
    }

    private static (string?, string?) Dataset(LeptonProcess lepton, string name)
        => lepton.Done("dataset", "describe", name, "--output", "json").Json is var described ? (described.GetProperty("content_hash").GetString(), described.GetProperty("rows").GetRawText()) : default;

    /// <summary>The example with all of its flights, or with each thirtieth.</summary>
    private static TestFolder Flights(bool isWhole)
    {
        var folder = new TestFolder();
        foreach (string file in s_files) folder.Write(file, File.ReadAllText(Path.Combine(LeptonProcess.Repository, "examples", "flights", file)));
        Directory.CreateDirectory(folder["data"]);
        string packages = Path.Combine(LeptonProcess.Repository, "node_modules", "vega-datasets", "data"), flights = Path.Combine(packages, "flights-3m.parquet");
        File.CreateSymbolicLink(folder["data/airports.csv"], Path.Combine(packages, "airports.csv"));
        if (isWhole)
        {
            File.CreateSymbolicLink(folder["data/flights-3m.parquet"], flights);
            return folder;
        }
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [folder.Path, packages] });
        using DuckDbConnection connection = database.Connect();
        connection.Execute($"COPY (SELECT * EXCLUDE (file_row_number) FROM read_parquet({SqlLiteral.Text(flights)}, file_row_number = true) WHERE file_row_number % 30 = 0) TO {SqlLiteral.Text(folder["data/flights-3m.parquet"])} (FORMAT parquet)");
        return folder;
    }
}

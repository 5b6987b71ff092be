using System.Globalization;
using System.Text.Json;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>The examples with their files in pieces that come one after the other, some rows late: after each, what grew is what one full refresh makes.</summary>
[TestFixture]
internal sealed class ExampleGrowthTests
{
    [Test]
    public void AirQuality_MonthsThatCome_AreTheYearAsOneFile()
    {
        string[] lines = Lines("timeseries/air_quality/AirQualityUCI.csv");
        // Every 97th line comes a year late; so do the lines of commas, which have no month.
        string PieceOf(string line, int index) => index % 97 == 0 || line.StartsWith(',') ? "9-late" : line.Split('/')[0].Length == 2 ? "2-autumn" : int.Parse(line.Split('/')[0], CultureInfo.InvariantCulture) < 6 ? "1-spring" : "2-summer";
        Grows("air-quality", lines, PieceOf, "air", "air_daily");
    }

    [Test]
    public void Visits_DaysThatCome_AreTheWeekAsOneFile()
    {
        string[] lines = Lines("structured/dp_visits/restaurants_week_data.csv");
        Grows("visits", lines, (line, index) => index % 50 == 0 ? "late" : line[^1] <= '2' ? "days-1" : line[^1] <= '5' ? "days-3" : "days-6", "visits", "guests");
    }

    [Test]
    public void Flights_DaysThatCome_AreTheSameAsOneFile()
    {
        using TestFolder grown = Example("flights"), whole = Example("flights");
        string flights = Path.Combine(LeptonProcess.Repository, "node_modules/vega-datasets/data/flights-3m.parquet");
        foreach (TestFolder folder in new[] { grown, whole })
        {
            File.Copy(Path.Combine(Path.GetDirectoryName(flights)!, "airports.csv"), folder["data/airports.csv"]);
            folder.Replace("pipelines/flights.yaml", "data/flights-3m.parquet", "data/flights*.parquet");
        }
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [Path.GetDirectoryName(flights)!, grown.Path, whole.Path], ThreadCount = 2 });
        using DuckDbConnection connection = database.Connect();
        // Twelve days: five, then five, then two; one row of thirty, from the file's own order, comes last.
        string[] pieces = ["date < '2001-01-06' AND n % 30 > 0", "date BETWEEN '2001-01-06' AND '2001-01-10 23:59' AND n % 30 > 0", "date >= '2001-01-11' AND n % 30 > 0", "n % 30 = 0"];
        for (int i = 0; i < pieces.Length; i++)
        {
            foreach (TestFolder folder in new[] { grown, whole })
                connection.Execute($"COPY (SELECT * EXCLUDE n FROM (SELECT *, file_row_number AS n FROM read_parquet({SqlLiteral.Text(flights)})) WHERE date < '2001-01-13' AND {pieces[i]}) TO {SqlLiteral.Text(folder[$"data/flights-{i}.parquet"])} (FORMAT parquet)");
            IsSame(grown, whole, i, "airports", "flights", "airport_hourly", "airport_hourly_by_departure");
        }
    }

    private static void Grows(string example, string[] lines, Func<string, int, string> pieceOf, params string[] steps)
    {
        using TestFolder grown = Example(example), whole = Example(example), once = Example(example);
        int run = 0;
        foreach (IGrouping<string, string> piece in lines[1..].Select((line, index) => (line, Piece: pieceOf(line, index))).GroupBy(pair => pair.Piece, pair => pair.line).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            foreach (TestFolder folder in new[] { grown, whole }) folder.Write($"data/{piece.Key}.csv", $"{lines[0]}\n{string.Join('\n', piece)}\n");
            IsSame(grown, whole, run++, steps);
        }
        Assert.That(run, Is.GreaterThanOrEqualTo(4));
        once.Write("data/all.csv", string.Join('\n', lines));
        Assert.That(Hashes(once.Lepton.Done("run", "--output", "json").Json), Is.EqualTo(Hashes(whole.Lepton.Done("run", "--output", "json").Json)));
    }

    private static void IsSame(TestFolder grown, TestFolder whole, int run, params string[] steps)
    {
        JsonElement grew = grown.Lepton.Done("run", "--output", "json").Json;
        JsonElement full = whole.Lepton.Done("run", "--full-refresh", "--output", "json").Json;
        Assert.That(Hashes(grew), Is.EqualTo(Hashes(full)), $"run {run}");
        Assert.That(Hashes(grew).Select(hash => hash.Split('=')[0]), Is.EquivalentTo(steps));
        foreach (JsonElement step in grew.GetProperty("steps").EnumerateArray().Where(step => step.TryGetProperty("grows", out _)))
            Assert.That(step.GetProperty("full_because").GetString() is null, Is.EqualTo(run > 0), $"run {run}: {step}");
    }

    private static string[] Hashes(JsonElement run)
        => [.. run.GetProperty("steps").EnumerateArray().Select(step => $"{step.GetProperty("step").GetString()}={step.GetProperty("content_hash").GetString() ?? throw new AssertionException("no hash")} {step.GetProperty("rows")} {step.GetProperty("rows_quarantined")}")];

    private static string[] Lines(string asset)
    {
        string? assets = Environment.GetEnvironmentVariable("LEPTON_TEST_ASSETS");
        if (string.IsNullOrEmpty(assets)) Needs.Skip("LEPTON_TEST_ASSETS does not name a folder with data/");
        return File.ReadAllLines(Path.Combine(assets!, "data", asset));
    }

    private static TestFolder Example(string name)
    {
        TestFolder folder = new();
        string example = Path.Combine(LeptonProcess.Repository, "examples", name);
        foreach (string file in (string[])["lepton.yaml", $"pipelines/{(name == "air-quality" ? "air" : name)}.yaml"]) folder.Write(file, File.ReadAllText(Path.Combine(example, file)));
        Directory.CreateDirectory(folder["data"]);
        return folder;
    }
}

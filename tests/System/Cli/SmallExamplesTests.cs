using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>The examples that <c>make air</c> and <c>make visits</c> run, on their whole files: each quirk that the README of the assets counts is a number here.</summary>
[TestFixture]
internal sealed class SmallExamplesTests
{
    [Test]
    public void AirQuality_OfTheWholeFile_CountsWhatTheFileIsKnownFor()
    {
        using TestFolder folder = Example("air-quality", "timeseries/air_quality/AirQualityUCI.csv");
        JsonElement run = folder.Lepton.Done("run", "--output", "json").Json;
        Assert.Multiple(() =>
        {
            // 9,357 measured hours; 114 more lines hold only commas.
            Assert.That(Rows(run, "air"), Is.EqualTo((9_357, 0)));
            Assert.That(Csv(folder, "SELECT count(*) - count(co) AS co, count(*) - count(nmhc) AS nmhc, count(*) - count(nox) AS nox, count(*) - count(no2) AS no2 FROM air"), Is.EqualTo("co,nmhc,nox,no2\n1683,8443,1639,1642\n"));
            Assert.That(
                Csv(folder, "SELECT count(*) - count(benzene) AS a, count(*) - count(sensor_co) AS b, count(*) - count(sensor_nmhc) AS c, count(*) - count(sensor_nox) AS d, count(*) - count(sensor_no2) AS e, count(*) - count(sensor_o3) AS f, count(*) - count(temperature) AS g, count(*) - count(humidity) AS h, count(*) - count(humidity_absolute) AS i FROM air"),
                Is.EqualTo("a,b,c,d,e,f,g,h,i\n366,366,366,366,366,366,366,366,366\n"));
            Assert.That(Csv(folder, "SELECT min(temperature) AS t, min(co) AS co FROM air"), Is.EqualTo("t,co\n-1.9,0.1\n"), "below zero is weather, not a sentinel");
            // The time axis is whole: from 18:00 on 10 March 2004 to 14:00 on 4 April 2005 by a clock an hour ahead of UTC, no hour missing and none twice.
            Assert.That(
                Csv(folder, "SELECT strftime(min(measured_at), '%Y-%m-%d %H') AS first, strftime(max(measured_at), '%Y-%m-%d %H') AS last, date_diff('hour', min(measured_at), max(measured_at)) + 1 AS hours, count(DISTINCT measured_at) AS distinct_hours FROM air"),
                Is.EqualTo("first,last,hours,distinct_hours\n2004-03-10 17,2005-04-04 13,9357,9357\n"));
            Assert.That(Rule(run, "air", "sensors_spoke"), Is.EqualTo(366));
            Assert.That(Csv(folder, "SELECT count(*) AS days, sum(hours) AS hours, sum(hours_with_co) AS hours_with_co FROM air_daily"), Is.EqualTo("days,hours,hours_with_co\n391,9357,7674\n"));
        });
        WithFeaturesAndReport(folder, "bad_hours", 7_674);
        Assert.That(
            Csv(folder, "SELECT count(*) AS n FROM datasets.bad_hours AS d JOIN air AS a ON a.station = d.station AND a.measured_at = d.measured_at - INTERVAL 1 HOUR WHERE d.air__co IS DISTINCT FROM a.co"),
            Is.EqualTo("n\n0\n"), "the newest hour that is over at the hour's beginning is the one before");
    }

    [Test]
    public void AirQuality_WithTheTownsOwnZone_FindsTheHourThatIsThereTwice()
    {
        using TestFolder folder = Example("air-quality", "timeseries/air_quality/AirQualityUCI.csv");
        folder.Write("pipelines/air.yaml", File.ReadAllText(folder["pipelines/air.yaml"]).Replace("Etc/GMT-1", "Europe/Rome", StringComparison.Ordinal));
        JsonElement run = folder.Lepton.Done("run", "--output", "json").Json;
        Assert.That(Rows(run, "air"), Is.EqualTo((9_353, 4)), "two springs, each with an hour that does not exist and falls on the next");
    }

    [Test]
    public void Visits_OfTheWholeFile_CountsWhatTheFileIsKnownFor()
    {
        using TestFolder folder = Example("visits", "structured/dp_visits/restaurants_week_data.csv");
        JsonElement run = folder.Lepton.Done("run", "--output", "json").Json;
        Assert.Multiple(() =>
        {
            // The last line has no line end and is a visit all the same.
            Assert.That(Rows(run, "visits"), Is.EqualTo((2_850, 0)));
            Assert.That(Csv(folder, "SELECT count(DISTINCT visitor_id) AS guests, count(DISTINCT day) AS days, sum(minutes) AS minutes, sum(euros) AS euros FROM visits"), Is.EqualTo("guests,days,minutes,euros\n1360,7,163678,88382\n"));
            Assert.That(Csv(folder, "SELECT days, count(*) AS guests FROM (SELECT visitor_id, count(DISTINCT day) AS days FROM visits GROUP BY visitor_id) AS g GROUP BY days ORDER BY days"), Is.EqualTo("days,guests\n1,440\n2,507\n3,281\n4,109\n5,21\n6,2\n"));
            // The 12-hour clock: nothing before nine in the morning, and noon is in the middle.
            Assert.That(Csv(folder, "SELECT count(*) AS n FROM visits WHERE date_part('hour', entered_at) + 1 < 9 OR date_part('hour', entered_at) + 1 > 21"), Is.EqualTo("n\n0\n"));
            Assert.That(Csv(folder, "SELECT count(*) AS n FROM guests WHERE visits = 1"), Is.EqualTo("n\n1360\n"));
        });
        WithFeaturesAndReport(folder, "spenders", 2_850);
        // Who comes for the first time has no row that could be seen.
        Assert.That(Csv(folder, "SELECT guests__status, count(*) AS n FROM datasets.spenders GROUP BY guests__status ORDER BY guests__status"), Is.EqualTo("guests__status,n\nabsent,1360\npresent,1490\n"));
    }

    [TestCase("air-quality")]
    [TestCase("visits")]
    public void Example_ItsUnitTests_Pass(string example)
    {
        using TestFolder folder = Example(example, null);
        folder.Lepton.Done("test");
    }

    private static void WithFeaturesAndReport(TestFolder folder, string trainingSet, long rows)
    {
        folder.Lepton.Done("apply");
        Assert.That(folder.Lepton.Done("dataset", "create", "--output", "json").Json.GetProperty("training_sets")[0].GetProperty("rows").GetInt64(), Is.EqualTo(rows));
        Assert.That(folder.Lepton.Done("dataset", "verify", trainingSet, "--output", "json").Json.GetProperty("is_sound").GetBoolean());
        folder.Lepton.Done("report");
        Assert.That(File.Exists(folder["report.html"]));
        Assert.That(folder.Lepton.Done("run", "--output", "json").Json.GetProperty("is_unchanged").GetBoolean());
    }

    private static TestFolder Example(string name, string? asset)
    {
        string? assets = Environment.GetEnvironmentVariable("LEPTON_TEST_ASSETS");
        if (asset is not null && string.IsNullOrEmpty(assets)) Needs.Skip("LEPTON_TEST_ASSETS does not name a folder with data/");
        TestFolder folder = new();
        string example = Path.Combine(LeptonProcess.Repository, "examples", name);
        foreach (string file in Directory.EnumerateFiles(example, "*.yaml", SearchOption.AllDirectories)) folder.Write(Path.GetRelativePath(example, file), File.ReadAllText(file));
        Directory.CreateDirectory(folder["data"]);
        if (asset is not null) File.CreateSymbolicLink(folder[$"data/{Path.GetFileName(asset)}"], Path.Combine(assets!, "data", asset));
        return folder;
    }

    private static string Csv(TestFolder folder, string sql) => folder.Lepton.Done("query", sql, "--output", "csv").Out;

    private static (long Good, long Bad) Rows(JsonElement run, string name)
        => run.GetProperty("steps").EnumerateArray().Where(step => step.GetProperty("step").GetString() == name).Select(step => (step.GetProperty("rows").GetInt64(), step.GetProperty("rows_quarantined").GetInt64())).Single();

    private static long Rule(JsonElement run, string stepName, string ruleName)
        => run.GetProperty("steps").EnumerateArray().Single(step => step.GetProperty("step").GetString() == stepName).GetProperty("rules").EnumerateArray().Single(rule => rule.GetProperty("rule").GetString() == ruleName).GetProperty("rows_broken").GetInt64();
}

using System.Diagnostics;
using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>The example that <c>make demo</c> runs, on its real data: 3,000,000 flights. The numbers are facts of the data, found with other tools.</summary>
[TestFixture]
internal sealed class FlightsExampleTests
{
    private TestFolder _folder = null!;
    private JsonElement _run;
    private JsonElement _created;

    [OneTimeSetUp]
    public void RunTheExample()
    {
        _folder = new TestFolder();
        string example = Path.Combine(LeptonProcess.Repository, "examples", "flights");
        foreach (string file in (string[])["lepton.yaml", "pipelines/flights.yaml", "features/flights.yaml", "reports/flights.yaml", "pipelines/tests/flights.yaml", "pipelines/tests/flights-airports.csv"]) _folder.Write(file, File.ReadAllText(Path.Combine(example, file)));
        Directory.CreateDirectory(_folder["data"]);
        foreach (string file in (string[])["flights-3m.parquet", "airports.csv"])
            File.CreateSymbolicLink(_folder[$"data/{file}"], Path.Combine(LeptonProcess.Repository, "node_modules", "vega-datasets", "data", file));
        _run = _folder.Lepton.Done("run", "--output", "json").Json;
        _folder.Lepton.Done("apply");
        _created = _folder.Lepton.Done("dataset", "create", "--output", "json").Json;
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Run_OfTheFlights_DropsDuplicatesAndQuarantinesWhatBreaksARule()
    {
        JsonElement flights = Step("flights");
        Assert.Multiple(() =>
        {
            Assert.That(Step("airports").GetProperty("rows").GetInt64(), Is.EqualTo(3_376));
            // The file's rows, less the exact duplicates, less those that break a rule.
            Assert.That(flights.GetProperty("rows").GetInt64(), Is.EqualTo(3_000_000 - 191 - 11));
            Assert.That(flights.GetProperty("rows_quarantined").GetInt64(), Is.EqualTo(11));
            Assert.That(Csv("SELECT __rules, count(*) AS n FROM flights__quarantine GROUP BY __rules"), Is.EqualTo("__rules,n\ndelay_in_range,11\n"));
        });
    }

    // Here the data is there: what the tests declare of its columns must be so.
    [Test]
    public void Test_OfTheSteps_PassesBesideTheData()
    {
        JsonElement tested = _folder.Lepton.Done("test", "--output", "json").Json;
        Assert.That((tested.GetProperty("failed").GetInt32(), tested.GetProperty("passed").GetInt32()), Is.EqualTo((0, 7)));
        Assert.That(_folder.Lepton.Done("test", "airports").Out, Does.Contain("airports_of_one_code_are_quarantined").And.Contain("1 passed, 0 failed"));
    }

    [Test]
    public void Test_ThatExpectsOtherRows_ShowsTheCellAndFails()
    {
        string text = File.ReadAllText(_folder["pipelines/tests/flights.yaml"]);
        try
        {
            _folder.Write("pipelines/tests/flights.yaml", text.Replace("p90_delay: 16 }", "p90_delay: 17 }", StringComparison.Ordinal));
            Answer result = _folder.Lepton.Run("test", "airport_hourly");
            Assert.That(result.ExitCode, Is.EqualTo(1));
            Assert.That(result.Out, Does.Contain("17 -> 16").And.Contain("0 passed, 1 failed"));
        }
        finally
        {
            _folder.Write("pipelines/tests/flights.yaml", text);
        }
    }

    [Test]
    public void TrainingSet_OfLateArrivals_HasItsRowsSplitByTime()
    {
        JsonElement described = _folder.Lepton.Done("dataset", "describe", "late_arrivals", "--output", "json").Json;
        Assert.Multiple(() =>
        {
            Assert.That(_created.GetProperty("training_sets").EnumerateArray().Select(set => set.GetProperty("rows").GetInt64()), Is.EqualTo(new long[] { 500_000, 500_000 }));
            Assert.That(described.GetProperty("splits").EnumerateArray().Sum(split => split.GetProperty("rows").GetInt64()), Is.EqualTo(500_000));
            foreach (JsonElement feature in described.GetProperty("features").EnumerateArray())
                Assert.That(new[] { "present", "null", "absent", "expired" }.Sum(state => feature.GetProperty(state).GetInt64()), Is.EqualTo(500_000), feature.ToString());
            Assert.That(Csv("SELECT split, min(event_time) < TIMESTAMPTZ '2001-05-01 00:00:00+00' AS early, count(*) AS n FROM datasets.late_arrivals WHERE (event_time < TIMESTAMPTZ '2001-05-01 00:00:00+00') <> (split = 'train') GROUP BY split"), Is.EqualTo("split,early,n\n"));
        });
    }

    // The slow, obvious way, without the frontier and without ASOF: every hour that was over and published when the flight left, and the newest of them.
    [Test]
    public void TrainingSet_OfSomeAirports_AgreesWithALookUpOfAllVisibleRows()
    {
        const string Differences = """
            WITH labels AS (
              SELECT row_number() OVER (ORDER BY origin, event_time, destination, distance, delay) AS id, *
              FROM datasets.late_arrivals WHERE origin IN ('ACK', 'BGR', 'CRP', 'FAI')),
            visible AS (
              SELECT l.id, f.event_time, f.flights, f.mean_delay, f.p90_delay, row_number() OVER (PARTITION BY l.id ORDER BY f.event_time DESC) AS place
              FROM labels AS l JOIN airport_hourly AS f ON f.origin = l.origin AND f.event_time <= l.event_time AND f.created_time <= l.event_time),
            winners AS (SELECT * FROM visible WHERE place = 1),
            expected AS (
              SELECT l.*, w.id IS NULL AS is_absent, w.event_time < l.event_time - INTERVAL 6 HOUR AS is_expired, w.flights, w.mean_delay, w.p90_delay
              FROM labels AS l LEFT JOIN winners AS w ON w.id = l.id)
            SELECT
              count(*) > 1000 AS is_enough,
              sum(CASE WHEN airport_hourly__status = CASE WHEN is_absent THEN 'absent' WHEN is_expired THEN 'expired' ELSE 'present' END THEN 0 ELSE 1 END) AS other_status,
              sum(CASE WHEN airport_hourly__status <> 'present' OR (airport_hourly__flights = flights AND airport_hourly__mean_delay = mean_delay AND airport_hourly__p90_delay = p90_delay) THEN 0 ELSE 1 END) AS other_value
            FROM expected
            """;
        Assert.That(Csv(Differences), Is.EqualTo("is_enough,other_status,other_value\ntrue,0,0\n"));
    }

    [Test]
    public void Verify_OfLateArrivals_FindsTheSameContentAndBytes()
    {
        JsonElement verified = _folder.Lepton.Done("dataset", "verify", "late_arrivals", "--output", "json").Json;
        Assert.That(verified.GetProperty("is_sound").GetBoolean());
        Assert.That(verified.GetProperty("bytes_are_equal").GetBoolean());
    }

    [Test]
    public void Run_Again_IsUnchangedAndQuick()
    {
        long start = Stopwatch.GetTimestamp();
        Assert.That(_folder.Lepton.Done("run", "--output", "json").Json.GetProperty("is_unchanged").GetBoolean());
        Assert.That(_folder.Lepton.Done("dataset", "create", "--output", "json").Json.GetProperty("training_sets").EnumerateArray().Select(set => set.GetProperty("is_new").GetBoolean()), Has.All.False);
        // Some hundred milliseconds on an idle machine; computing anything would take many seconds.
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(8)));
    }

    private string Csv(string sql) => _folder.Lepton.Done("query", sql, "--output", "csv").Out;

    private JsonElement Step(string name) => _run.GetProperty("steps").EnumerateArray().Single(step => step.GetProperty("step").GetString() == name);
}

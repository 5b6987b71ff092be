using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>The examples that <c>make loans</c> and <c>make drivers</c> run: answers worked by hand from the files of their samples, and what the README of the assets counts in the whole files.</summary>
[TestFixture]
internal sealed class FeastExamplesTests
{
    [TestCase("loans")]
    [TestCase("drivers")]
    public void Example_ItsUnitTests_Pass(string example)
    {
        using TestFolder folder = Sample(example);
        folder.Lepton.Done("test");
    }

    [Test]
    public void Loans_OfTheSample_AnswerAsWorkedByHand()
    {
        using TestFolder folder = Sample("loans");
        MakeTrainingSet(folder, "defaults", 163);
        Assert.That(
            Csv(folder, """
                SELECT loan_id, split, zipcode, zipcodes__population AS population, zipcodes__status AS zip, credit_history__credit_card_due AS due, credit_history__status AS history
                FROM datasets.defaults WHERE loan_id IN (10000, 13180, 19120, 20780, 22914, 35300, 38459) ORDER BY loan_id
                """),
            Is.EqualTo(
                "loan_id,split,zipcode,population,zip,due,history\n" +
                // 10000 is not there: 22 years old and 123 years employed. 20780 is not there: asked for on 10 April 2021, less than 30 days before the bound of 1 May.
                // 16 July 2021, 446 days after the history of 26 April 2020: older than the ttl of 365 days. The zip code was the number 3582, Groveton.
                "13180,test,03582,2139,present,,expired\n" +
                // 1 May 2021, 14:47: the bound of train is the day's beginning, so it is in validation. The history is 369.9 days old.
                "19120,validation,43445,1047,present,,expired\n" +
                // 14 March 2021: 321.5 days. The person's only history has 7,482 due on cards. Lakewood, the number 8701, has 52,778 people, counted in 2017, which has no ttl.
                "22914,train,08701,52778,present,7482,present\n" +
                // The person is not among those whose history there is.
                "35300,train,07649,7355,present,,absent\n" +
                // 28 August 2020, 123 days after the history.
                "38459,train,07711,1496,present,8056,present\n"));
        string row = Csv(folder, "SELECT n FROM (SELECT loan_id, row_number() OVER (ORDER BY event_timestamp, loan_id) AS n FROM datasets.defaults) AS d WHERE loan_id = 19120").Split('\n')[1];
        JsonElement why = folder.Lepton.Done("dataset", "explain", "defaults", "--row", row, "--feature", "credit_card_due", "--output", "json").Json;
        Assert.Multiple(() =>
        {
            Assert.That(why.GetProperty("status").GetString(), Is.EqualTo("expired"));
            Assert.That(why.GetProperty("is_answer").GetBoolean());
            Assert.That(why.GetProperty("candidates")[0].GetProperty("verdict").GetString(), Is.EqualTo("expired"));
            Assert.That(why.GetProperty("candidates")[0].GetProperty("value").GetInt64(), Is.EqualTo(6729), "what it would have been");
        });
        JsonElement leaks = folder.Lepton.Done("dataset", "leaks", "defaults", "--output", "json").Json;
        Assert.That(leaks.GetProperty("features").EnumerateArray().Select(feature => feature.GetProperty("from_future").GetInt64()), Is.All.Zero, "everything was known before the first loan");
        // The person's mark went with the key through pipeline and join.
        using var manifest = JsonDocument.Parse(File.ReadAllText(folder["lake/_lepton/datasets/defaults/v1/manifest.json"]));
        Assert.That(
            manifest.RootElement.GetProperty("columns").EnumerateArray().Where(column => column.TryGetProperty("metadata", out JsonElement notes) && notes.TryGetProperty("lepton.personal", out _)).Select(column => column.GetProperty("name").GetString()),
            Is.EqualTo(new[] { "dob_ssn" }));
    }

    [Test]
    public void Loans_OfTheWholeFiles_CountWhatTheFilesAreKnownFor()
    {
        using TestFolder folder = Example("loans");
        foreach (string file in (string[])["loan_table.parquet", "zipcode_table.parquet", "credit_history_sample.csv"]) Link(folder, $"featurestore/credit/{file}");
        JsonElement run = folder.Lepton.Done("run", "--output", "json").Json;
        Assert.Multiple(() =>
        {
            // 28,638 loans; four people older than 100, two employed for 123 years.
            Assert.That(Rows(run, "loans"), Is.EqualTo((28_632, 6)));
            Assert.That(Csv(folder, "SELECT __rules, count(*) AS n FROM loans__quarantine GROUP BY __rules ORDER BY __rules"), Is.EqualTo("__rules,n\nage_possible,4\nemployment_possible,2\n"));
            Assert.That(Rows(run, "zipcodes"), Is.EqualTo((28_844, 0)));
            Assert.That(Rows(run, "credit_history"), Is.EqualTo((1_000, 0)));
            // 28,633 people of 28,638 loans; nobody of those set aside has two.
            Assert.That(Csv(folder, "SELECT count(DISTINCT dob_ssn) AS people, sum(CASE WHEN defaulted THEN 1 ELSE 0 END) AS defaults FROM loans"), Is.EqualTo("people,defaults\n28627,6202\n"));
            Assert.That(Csv(folder, "SELECT count(*) AS n, min(zipcode) AS first, sum(CASE WHEN total_wages IS NULL THEN 1 ELSE 0 END) AS withheld FROM zipcodes WHERE zipcode LIKE '0%' OR total_wages IS NULL"), Is.EqualTo("n,first,withheld\n2286,00501,1\n"), "2,285 that lost zeros and one without wages");
        });
        // The whole file joined without losing a label: of 1,000 people with a history one is set aside, 344 asked within a year of it, the others later.
        folder.Lepton.Done("apply");
        folder.Lepton.Done("get-historical-features", "--entities", "SELECT loan_id, dob_ssn, zipcode, event_timestamp FROM loans ORDER BY loan_id", "--event-time", "event_timestamp", "--service", "loan_model", "--out", "all.parquet");
        folder.Write("pipelines/joined.yaml", "pipeline: joined\nsources:\n  all_rows: { format: parquet, path: all.parquet }\nsteps:\n  joined:\n    sql: SELECT credit_history__status AS history, zipcodes__status AS zip FROM all_rows\n");
        folder.Lepton.Done("run");
        Assert.That(Csv(folder, "SELECT history, zip, count(*) AS n FROM joined GROUP BY history, zip ORDER BY history"), Is.EqualTo("history,zip,n\nabsent,present,27633\nexpired,present,655\npresent,present,344\n"));
    }

    [Test]
    public void Loans_WithTheFileThatRepeatsRows_HasEachZipCodeOnce()
    {
        using TestFolder folder = Example("loans");
        foreach (string file in (string[])["loan_table.parquet", "zipcode_table_sample.csv", "credit_history_sample.csv"]) Link(folder, $"featurestore/credit/{file}");
        folder.Replace("pipelines/loans.yaml", "format: parquet\n    path: data/zipcode_table.parquet", "format: csv\n    path: data/zipcode_table_sample.csv");
        JsonElement run = folder.Lepton.Done("run", "--output", "json", "--select", "zipcodes").Json;
        // 2,884 rows, 155 of them exact duplicates.
        Assert.That(Rows(run, "zipcodes"), Is.EqualTo((2_729, 0)));
    }

    // Times of features: five rows of 2021-04-12 07:00 and hours from 2024-08-26 10:00 to 2024-09-10 09:00, all written at 2024-09-10 10:09:16.825; one row of 1001
    // at 2024-09-10 15:52:25.905768, written two microseconds later.
    [Test]
    public void Drivers_OrdersAtTheBoundsOfTheRule_AnswerAsWorkedByHand()
    {
        using TestFolder folder = Sample("drivers");
        JsonElement run = MakeTrainingSet(folder, "satisfaction", 12);
        Assert.That(Rows(run, "driver_stats"), Is.EqualTo((1_806, 0)), "1,808 rows, of which three are one");
        Assert.That(
            Csv(folder, """
                SELECT order_id, driver_stats__avg_daily_trips AS trips, driver_stats__status AS status, driver_stats_as_feast__avg_daily_trips AS feast_trips, driver_stats_as_feast__status AS feast_status
                FROM datasets.satisfaction ORDER BY order_id
                """),
            Is.EqualTo(
                "order_id,trips,status,feast_trips,feast_status\n" +
                // The orders of Feast's quickstart: rows of the same morning, written three years later.
                "1,,absent,861,present\n" +
                "2,,absent,949,present\n" +
                "3,,absent,429,present\n" +
                // A microsecond before the first hour of 2024; by event time alone the newest row is three years old.
                "4,,absent,,expired\n" +
                // At the very hour that 1003 has three times; they are equal.
                "5,,absent,855,present\n" +
                // A microsecond before the file was written, and exactly then: both bounds are inclusive.
                "6,,absent,47,present\n" +
                "7,47,present,47,present\n" +
                // The pushed row has happened but is not known: the hour of 09:00 wins. Two microseconds later it is known.
                "8,349,present,1000,present\n" +
                "9,1000,present,1000,present\n" +
                // A day after 09:00, which is as old as the ttl allows, and a microsecond more.
                "10,613,present,613,present\n" +
                "11,,expired,,expired\n" +
                // Nobody has heard of this driver.
                "12,,absent,,absent\n"));
        JsonElement known = folder.Lepton.Done("dataset", "explain", "satisfaction", "--row", "8", "--feature", "driver_stats__avg_daily_trips", "--output", "json").Json;
        JsonElement later = known.GetProperty("candidates").EnumerateArray().Single(row => row.GetProperty("verdict").GetString() == "known_later");
        Assert.Multiple(() =>
        {
            Assert.That(known.GetProperty("value").GetInt32(), Is.EqualTo(349));
            Assert.That(known.GetProperty("counts").GetProperty("older").GetInt32(), Is.EqualTo(360), "359 hours before 09:00, and 2021");
            Assert.That(later.GetProperty("created_time").GetString(), Is.EqualTo("2024-09-10T15:52:25.905770Z"));
            Assert.That(later.GetProperty("value").GetInt32(), Is.EqualTo(1000));
        });
        JsonElement leaks = folder.Lepton.Done("dataset", "leaks", "satisfaction", "--output", "json").Json;
        // Orders 1 to 6 and 8 would have got a row by event time alone (4 an expired one); the view that promises that all was known has nothing to compare with.
        Assert.That(
            leaks.GetProperty("features").EnumerateArray().Where(feature => feature.GetProperty("column").GetString()!.EndsWith("trips", StringComparison.Ordinal)).Select(feature => feature.GetProperty("from_future").GetInt64()),
            Is.EqualTo(new[] { 7L, 0L }));
    }

    [Test]
    public void Drivers_HadTheThreeRowsDiffered_SequenceDecidesAndNothingElse()
    {
        using TestFolder folder = Sample("drivers");
        folder.Write("data/stats.csv", """
            event_timestamp,driver_id,conv_rate,acc_rate,avg_daily_trips,created,position
            2024-09-02 21:00:00,1003,0.5,0.5,800,2024-09-02 21:00:00,1
            2024-09-02 22:00:00,1003,0.5,0.5,855,2024-09-02 22:00:00,2
            2024-09-02 22:00:00,1003,0.5,0.5,857,2024-09-02 22:00:00,4
            2024-09-02 22:00:00,1003,0.5,0.5,856,2024-09-02 22:00:00,3

            """);
        folder.Replace("pipelines/drivers.yaml", "format: parquet\n    path: data/driver_stats.parquet\n    columns:\n", "format: csv\n    path: data/stats.csv\n    columns:\n      event_timestamp: { zone: UTC }\n");
        JsonElement run = folder.Lepton.Done("run", "--output", "json").Json;
        Assert.That(Rows(run, "driver_stats"), Is.EqualTo((1, 3)), "the rule sets all three aside");

        folder.Replace("pipelines/drivers.yaml", "      one_row_a_time: { unique: [driver_id, event_timestamp, created] }\n", "");
        folder.Lepton.Done("run");
        folder.Lepton.Done("apply");
        Answer tie = folder.Lepton.Run("dataset", "create");
        Assert.That(tie.ExitCode, Is.EqualTo(3));
        Assert.That(tie.Error, Does.Contain("driver_id = 1003 at 2024-09-02T22:00:00.000000Z").And.Contain("`sequence`"));

        folder.Replace("pipelines/drivers.yaml", "avg_daily_trips\n      FROM", "avg_daily_trips, position\n      FROM");
        folder.Replace("features/drivers.yaml", "created_time: created\n", "created_time: created\n    sequence: position\n").Replace("features/drivers.yaml", "created_time: none\n", "created_time: none\n    sequence: position\n");
        folder.Lepton.Done("run");
        folder.Lepton.Done("apply");
        folder.Lepton.Done("dataset", "create");
        // Order 5, at 22:00: the row that stood last in its log, not the one that stands last in the file.
        Assert.That(Csv(folder, "SELECT driver_stats__avg_daily_trips AS trips FROM datasets.satisfaction WHERE order_id = 5"), Is.EqualTo("trips\n857\n"));
    }

    // 10 September 2024, 10:09:16.825 UTC, as people write it.
    [TestCase("driver_id,event_timestamp\n1005,1725962956825\n", null, "milliseconds")]
    [TestCase("driver_id,event_timestamp\n1005,2024-09-10 12:09:16.825+02:00\n", null, null)]
    [TestCase("driver_id,event_timestamp\n1005,2024-09-10 12:09:16.825\n", "Europe/Paris", null)]
    [TestCase("driver_id,event_timestamp\n1005,2024-09-11\n", "Europe/Paris", "day")]
    public void Drivers_OrdersOfAFile_AreReadAsWhatTheyAreAndItIsSaid(string orders, string? zone, string? readAs)
    {
        using TestFolder folder = Sample("drivers");
        folder.Lepton.Done("run");
        folder.Lepton.Done("apply");
        folder.Write("orders.csv", orders);
        string[] arguments = ["get-historical-features", "--entities", "orders.csv", "--event-time", "event_timestamp", "--features", "driver_stats", "--out", "out.csv"];
        if (zone is not null)
        {
            Answer refused = folder.Lepton.Run(arguments);
            Assert.That((refused.ExitCode, refused.Error), Is.EqualTo((1, refused.Error)), "no zone, no instant");
            Assert.That(refused.Error, Does.Contain("--zone"));
        }
        JsonElement answer = folder.Lepton.Done([.. arguments, .. zone is null ? (string[])[] : ["--zone", zone], "--output", "json"]).Json;
        Assert.That(answer.TryGetProperty("event_time_read_as", out JsonElement said) ? said.GetString() : null, Is.EqualTo(readAs));
        // Its newest hour was 09:00, known in that very moment; at the beginning of 11 September in Paris it is 13 hours old.
        Assert.That(File.ReadAllText(folder["out.csv"]), Does.Contain(",47,present"));
    }

    /// <returns>The run.</returns>
    private static JsonElement MakeTrainingSet(TestFolder folder, string name, long rows)
    {
        JsonElement run = folder.Lepton.Done("run", "--output", "json").Json;
        folder.Lepton.Done("apply");
        Assert.That(folder.Lepton.Done("dataset", "create", "--output", "json").Json.GetProperty("training_sets")[0].GetProperty("rows").GetInt64(), Is.EqualTo(rows));
        Assert.That(folder.Lepton.Done("dataset", "verify", name, "--output", "json").Json.GetProperty("is_sound").GetBoolean());
        folder.Lepton.Done("report");
        Assert.That(File.Exists(folder["report.html"]));
        return run;
    }

    private static TestFolder Sample(string name)
    {
        TestFolder folder = Example(name);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(LeptonProcess.Repository, "examples", name, "sample"))) File.Copy(file, folder[$"data/{Path.GetFileName(file)}"]);
        return folder;
    }

    private static TestFolder Example(string name)
    {
        TestFolder folder = new();
        string example = Path.Combine(LeptonProcess.Repository, "examples", name);
        foreach (string file in Directory.EnumerateFiles(example, "*.yaml", SearchOption.AllDirectories)) folder.Write(Path.GetRelativePath(example, file), File.ReadAllText(file));
        Directory.CreateDirectory(folder["data"]);
        return folder;
    }

    private static void Link(TestFolder folder, string asset)
    {
        string? assets = Environment.GetEnvironmentVariable("LEPTON_TEST_ASSETS");
        if (string.IsNullOrEmpty(assets)) Needs.Skip("LEPTON_TEST_ASSETS does not name a folder with data/");
        File.CreateSymbolicLink(folder[$"data/{Path.GetFileName(asset)}"], Path.Combine(assets!, "data", asset));
    }

    private static string Csv(TestFolder folder, string sql) => folder.Lepton.Done("query", sql, "--output", "csv").Out;

    private static (long Good, long Bad) Rows(JsonElement run, string name)
        => run.GetProperty("steps").EnumerateArray().Where(step => step.GetProperty("step").GetString() == name).Select(step => (step.GetProperty("rows").GetInt64(), step.GetProperty("rows_quarantined").GetInt64())).Single();
}

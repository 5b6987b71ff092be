using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary><c>lepton init --from</c>, <c>run</c> and <c>apply</c> on real, dirty files: it works at once, or says which line is in the way.</summary>
[TestFixture]
internal sealed class InitFromTests
{
    // Rows as that folder's README counts them, less rows that are empty in every column.
    [TestCase("timeseries/air_quality/AirQualityUCI.csv", 9_357, "Date, Time")]
    [TestCase("timeseries/weather/weather.csv", 2_922, "location, date")]
    [TestCase("structured/people/fake_people_2000.csv", 2_000, "Number")]
    [TestCase("structured/adult/adult.data", 32_561, null)]
    [TestCase("featurestore/nyc_taxi/green_tripdata_2020-04_with_index.csv", 35_612, "trip_id")]
    [TestCase("events/chronon_shop/purchases.csv", 500, "purchase_id")]
    [TestCase("featurestore/feast/driver_stats.parquet", 1_808, null)]
    [TestCase("structured/birdstrikes/birdstrikes.csv", 10_000, null)]
    [TestCase("text/sms_spam/sms_train.tsv", 4_580, null)]
    [TestCase("timeseries/cmapss/train_FD001.txt", 20_631, null)]
    [TestCase("structured/titanic/train.csv", 891, "PassengerId", Category = "Torture")]
    [TestCase("structured/chipotle/chipotle.tsv", 4_622, null, Category = "Torture")]
    [TestCase("structured/dp_visits/restaurants_week_data.csv", 2_850, null, Category = "Torture")]
    [TestCase("structured/dp_visits/synthetic_customer_journeys.csv", 100, "user_id", Category = "Torture")]
    [TestCase("structured/people/fake_people_100_wide.csv", 100, "Number", Category = "Torture")]
    [TestCase("structured/pums_ca/pums_1000.csv", 1_000, null, Category = "Torture")]
    [TestCase("text/chinese/ChnSentiCorp_htl_all.csv", 7_766, null, Category = "Torture")]
    [TestCase("text/imdb_titles/imdb_1000.csv", 979, null, Category = "Torture")]
    [TestCase("timeseries/soil_sensors/Data1.csv", 210, "Date, Time", Category = "Torture")]
    [TestCase("timeseries/nab/realKnownCause/machine_temperature_system_failure.csv", 22_695, null, Category = "Torture")]
    [TestCase("timeseries/nab/realTraffic/speed_7578.csv", 1_127, "timestamp", Category = "Torture")]
    [TestCase("featurestore/credit/loan_table_sample.csv", 1_000, "loan_id", Category = "Torture")]
    [TestCase("featurestore/documents/document_embeddings.parquet", 10, "document_id", Category = "Torture")]
    public void InitFrom_RealFile_MakesAProjectThatRunsAtOnce(string file, int rowCount, string? key)
    {
        using var folder = new TestFolder();
        JsonElement source = folder.Lepton.Done("init", "mine", "--from", Path.Combine(Assets(), file), "--zone", "UTC", "--output", "json").Json.GetProperty("sources")[0];
        Assert.That(source.GetProperty("guesses")[0].GetString(), Does.StartWith(key is null ? "key: none" : $"key: {key} ("));
        LeptonProcess lepton = new(folder["mine"]);
        JsonElement step = lepton.Done("run", "--output", "json").Json.GetProperty("steps")[0];
        Assert.Multiple(() =>
        {
            Assert.That((step.GetProperty("rows").GetInt64(), step.GetProperty("rows_quarantined").GetInt64()), Is.EqualTo((rowCount, 0)));
            Assert.That(step.GetProperty("rules").EnumerateArray().Where(rule => !rule.GetProperty("holds").GetBoolean()), Is.Empty);
        });
        if (source.GetProperty("has_features").GetBoolean()) lepton.Done("apply");
        Assert.That(lepton.Done("run", "--output", "json").Json.GetProperty("is_unchanged").GetBoolean());
    }

    [TestCase("countries.csv", ":4:", "columns are declared")]
    [TestCase("defective-rows.csv", ":2:", "columns are declared")]
    [TestCase("duplicate-headers.csv", ":1:", "would both be called 'id'")]
    [TestCase("structure-errors.csv", ":5:", "columns are declared")]
    [TestCase("empty.csv", "--from:", "is empty")]
    [TestCase("without-rows.csv", "--from:", "no rows")]
    [TestCase("table.csv.gz", "--from:", "compressed (gzip)")]
    [TestCase("table.jsonl", "--from:", "is JSON")]
    public void InitFrom_MalformedFile_NamesLineAndRemedyAndWritesNothing(string file, string place, string words)
    {
        using var folder = new TestFolder();
        Answer answer = folder.Lepton.Run("init", "mine", "--from", Path.Combine(Assets(), "malformed/csv", file));
        Assert.Multiple(() =>
        {
            Assert.That(answer.ExitCode, Is.EqualTo(1), answer.ToString());
            Assert.That(answer.ErrorLines, Has.Length.EqualTo(1).And.ItemAt(0).Contain(place).And.ItemAt(0).Contain(words));
            Assert.That(Directory.Exists(folder["mine"]), Is.False);
        });
    }

    [Test]
    public void InitFrom_SeveralFilesOfTheirOwnFolder_AreNamedRelativeToIt()
    {
        using var folder = new TestFolder();
        folder.Write("data/orders.csv", "order_id,customer_id,at\n1,7,2024-03-01T10:00:00Z\n2,7,2024-03-02T10:00:00Z\n3,8,2024-03-02T11:00:00Z\n");
        folder.Write("data/customers.csv", "customer_id,city\n7,上海\n8,北京\n");
        folder.Lepton.Done("init", "--from", "data/orders.csv", "--from", "data/customers.csv");
        Assert.That(File.ReadAllText(folder["pipelines/orders.yaml"]), Does.Contain("path: data/orders.csv"));
        Assert.That(folder.Lepton.Done("run").Out, Does.Contain("customers"));
        Assert.That(File.ReadAllText(folder["pipelines/orders.yaml"]), Does.StartWith("# yaml-language-server: $schema=../.lepton/schemas/pipeline.json\n"));
        Assert.That(File.Exists(folder[".lepton/schemas/pipeline.json"]));
        Answer again = folder.Lepton.Run("init", "--from", "data/orders.csv");
        Assert.That(again.ExitCode, Is.EqualTo(1), again.ToString());
        Assert.That(again.Error, Does.Contain("is there already"));
    }

    [Test]
    public void InitFrom_TimesWithoutZoneAndNobodyToAsk_AsksForTheOption()
    {
        using var folder = new TestFolder();
        folder.Write("t.csv", "id,at\n1,2024-03-01 10:00:00\n");
        Answer answer = folder.Lepton.Run("init", "--from", "t.csv", "--lang", "zh");
        Assert.That((answer.ExitCode, answer.ErrorLines.Single()), Is.EqualTo((1, "错误：t.csv 的列 'at' 中的时间没有时区；请说明是哪里的时钟：--zone UTC 或 --zone Asia/Shanghai。")));
    }

    [Test]
    public void InitFrom_OnATerminal_AsksWhoseClockItIs()
    {
        using var folder = new TestFolder();
        folder.Write("t.csv", "id,at\n1,2024-03-01 10:00:00\n");
        folder.Lepton.With("TERM", "xterm").Shell("(sleep 3; echo Asia/Tokyo; sleep 1) | script -qefc \"$LEPTON init --from t.csv\" /dev/null");
        Assert.That(File.ReadAllText(folder["pipelines/t.yaml"]), Does.Contain("zone: Asia/Tokyo"));
    }

    private static string Assets()
    {
        string? assets = Environment.GetEnvironmentVariable("LEPTON_TEST_ASSETS");
        if (string.IsNullOrEmpty(assets)) Needs.Skip("LEPTON_TEST_ASSETS does not name a folder with data/");
        return Path.Combine(assets!, "data");
    }
}

using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>The example on its real data, three million flights: what the README shows is what comes out.</summary>
[TestFixture]
internal sealed class DemoTests
{
    private TestFolder _folder = null!;
    private string _report = "";

    [OneTimeSetUp]
    public void RunTheDemo()
    {
        _folder = new TestFolder();
        string example = Path.Combine(LeptonProcess.Repository, "examples", "flights");
        foreach (string file in (string[])["lepton.yaml", "pipelines/flights.yaml", "features/flights.yaml", "reports/flights.yaml"])
            _folder.Write(file, File.ReadAllText(Path.Combine(example, file)));
        Directory.CreateDirectory(_folder["data"]);
        foreach (string file in (string[])["flights-3m.parquet", "airports.csv"])
            File.CreateSymbolicLink(_folder["data/" + file], Path.Combine(LeptonProcess.Repository, "node_modules", "vega-datasets", "data", file));
        foreach (string[] verb in (string[][])[["run"], ["apply"], ["dataset", "create"]]) _folder.Lepton.Done(verb);
        _report = _folder.Lepton.Done("report").Out;
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    // Hashes do not depend on machine, threads or files: they are the same here as in the README.
    [TestCase("README.md")]
    [TestCase("docs/zh/README.md")]
    public void Readme_TablesAndHashes_AreThoseThatComeOut(string readme)
    {
        string text = File.ReadAllText(Path.Combine(LeptonProcess.Repository, readme));
        string[] lines = [.. _report.Split('\n').Where(line => line.Length > 0 && !line.StartsWith("report:", StringComparison.Ordinal)).Select(line => line.TrimEnd())];
        Assert.That(lines, Has.Length.GreaterThanOrEqualTo(12));
        Assert.Multiple(() =>
        {
            foreach (string line in lines) Assert.That(text, Does.Contain(line));
        });
    }

    // Counted once with plain DuckDB over the two files, without any code of this repository.
    [TestCase("SELECT count(*) AS n FROM flights", "2999798")]
    [TestCase("SELECT count(*) AS n FROM flights__quarantine WHERE __rules = 'delay_in_range'", "11")]
    [TestCase("SELECT count(*) AS n FROM airport_hourly", "439190")]
    [TestCase("SELECT sum(flights) AS n FROM airport_hourly", "2999798")]
    [TestCase("SELECT count(*) AS n FROM airport_hourly_by_departure", "424259")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals WHERE late", "99855")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals WHERE split = 'train'", "329727")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals WHERE split = 'validation' AND late", "13907")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals WHERE airport_hourly__status = 'present'", "480069")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals WHERE airport_hourly__status = 'expired'", "19732")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals WHERE airport_hourly__status = 'absent'", "199")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals_by_departure WHERE airport_hourly_by_departure__status = 'present'", "487948")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals WHERE airport_hourly__last_landing > event_time", "0")]
    [TestCase("SELECT count(*) AS n FROM datasets.late_arrivals_by_departure WHERE airport_hourly_by_departure__last_landing > event_time", "462475")]
    public void Figures_OfTheExample_AreThoseOfAnIndependentCount(string query, string expected)
        => Assert.That(_folder.Lepton.Done("query", query, "--output", "csv").Out.Trim().Split('\n')[^1].Trim(), Is.EqualTo(expected));

    // The Mann-Whitney statistic of share_late, computed with plain DuckDB by ranks and by counts: both gave these.
    [Test]
    public void Report_TheLeak_HasTheFiguresOfAnIndependentComputation()
    {
        string html = File.ReadAllText(_folder["report.html"]);
        int start = html.IndexOf('>', html.IndexOf("id=\"report-data\"", StringComparison.Ordinal)) + 1;
        using JsonDocument report = JsonDocument.Parse(html[start..html.IndexOf("</script>", start, StringComparison.Ordinal)]);
        JsonElement[] auc = [.. report.RootElement.GetProperty("panels").EnumerateArray().Single(panel => panel.GetProperty("name").GetString() == "auc").GetProperty("rows").EnumerateArray()];
        Assert.Multiple(() =>
        {
            Assert.That(auc.Select(row => row[0].GetString()), Is.EqualTo(new[] { "landing", "departure" }));
            Assert.That(auc[0][1].GetDouble(), Is.EqualTo(0.6365020027697976).Within(1e-12));
            Assert.That(auc[1][1].GetDouble(), Is.EqualTo(0.6697716830590326).Within(1e-12));
            Assert.That(auc.Select(row => row[2].GetInt64()), Is.All.EqualTo(475118));
        });
    }

    [Test]
    public void Run_NothingChanged_ComputesNothing()
        => Assert.That(_folder.Lepton.Done("run", "--output", "json").Json.GetRawText(), Does.Not.Contain("\"done\""));
}

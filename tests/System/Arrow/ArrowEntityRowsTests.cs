using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Arrow;

/// <summary>Entity rows that come as Arrow and features that leave as Arrow, by the published command: our files, and frames of pandas and pyarrow.</summary>
[TestFixture]
internal sealed class ArrowEntityRowsTests
{
    private TestFolder _folder = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _folder = SmallProject.Create();
        _folder.Lepton.Done("run");
        _folder.Lepton.Done("apply");
        Directory.CreateDirectory(_folder["bin"]);
        File.CreateSymbolicLink(_folder["bin/lepton"], LeptonProcess.Command);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("arrow")]
    [TestCase("feather")]
    [TestCase("arrows")]
    public void HistoricalFeatures_OfAnArrowFile_AreThoseOfParquet(string ending)
    {
        const string sql = "SELECT order_id, customer, ordered_at FROM orders ORDER BY order_id";
        _folder.Lepton.Done("query", sql, "--out", $"rows.{ending}");
        _folder.Lepton.Done("query", sql, "--out", "rows.parquet");
        foreach (string file in (string[])[$"rows.{ending}", "rows.parquet"])
            _folder.Lepton.Done("get-historical-features", "--entities", file, "--service", "shop_model", "--event-time", "ordered_at", "--out", file + ".csv");
        Assert.That(File.ReadAllText(_folder[$"rows.{ending}.csv"]), Is.EqualTo(File.ReadAllText(_folder["rows.parquet.csv"])).And.Contains("15.25"));
    }

    [Test]
    public async Task HistoricalFeatures_FromPipeToPipe_AreArrowAndNothingElse()
    {
        _folder.Lepton.Shell("\"$LEPTON\" query 'SELECT customer, ordered_at FROM orders ORDER BY order_id' --out - | \"$LEPTON\" get-historical-features --entities - --service shop_model --event-time ordered_at --out - > piped.arrows");
        await using ArrowStreamReader reader = await ArrowStreamReader.OpenAsync(File.OpenRead(_folder["piped.arrows"]));
        Assert.That(reader.Schema.Fields.Select(field => field.Name), Is.EqualTo(new[] { "customer", "ordered_at", "customer_daily__orders", "customer_daily__amount", "customer_daily__status" }));
        using RecordBatch batch = (await reader.ReadAsync())!;
        Assert.That(batch.RowCount, Is.EqualTo(SmallProject.GoodOrderCount));
    }

    [TestCase("head -c 200 rows.arrows", "storage.arrow_")]
    [TestCase("printf ''", "storage.arrow_")]
    [TestCase("printf 'customer,ordered_at\\nada,2024-03-01\\n'", "storage.arrow_")]
    [TestCase("head -c 1000 /dev/urandom", "storage.arrow_")]
    [TestCase("cat rows.parquet", "storage.arrow_")]
    public void HistoricalFeatures_OfHostileBytes_AreRefusedInOneLine(string bytes, string code)
    {
        _folder.Lepton.Done("query", "SELECT customer, ordered_at FROM orders ORDER BY order_id", "--out", "rows.arrows");
        _folder.Lepton.Done("query", "SELECT customer, ordered_at FROM orders ORDER BY order_id", "--out", "rows.parquet");
        Answer answer = _folder.Lepton.Shell($"{bytes} | \"$LEPTON\" get-historical-features --entities - --service shop_model --event-time ordered_at --out broken.parquet --output json");
        Assert.That((answer.ExitCode, answer.Error.Contains(code, StringComparison.Ordinal) || answer.Out.Contains(code, StringComparison.Ordinal)), Is.EqualTo((1, true)), answer.ToString());
        Assert.That(File.Exists(_folder["broken.parquet"]), Is.False);
    }

    [TestCase("docs/training-sets.md")]
    [TestCase("docs/zh/training-sets.md")]
    public void Python_AsThePageShowsIt_GivesAFrame(string page)
    {
        Peers.NeedAssets("pyarrow and pandas");
        string text = File.ReadAllText(Path.Combine(LeptonProcess.Repository, page));
        int start = text.IndexOf("```python\n", StringComparison.Ordinal) + "```python\n".Length;
        _folder.Write("page.py", $$"""
            {{text[start..text.IndexOf("```", start, StringComparison.Ordinal)]}}
            assert list(frame.columns) == ["customer", "event_time", "customer_daily__orders", "customer_daily__amount", "customer_daily__status"], frame.columns
            assert list(frame["customer"]) == ["ada", "chen"]
            assert [str(amount) for amount in frame["customer_daily__amount"]] == ["15.25", "12.75"], frame
            assert list(frame["customer_daily__status"]) == ["present", "present"]
            # The same rows again, as nanoseconds, with a dictionary, through a Feather file.
            import pyarrow.feather
            rows = pa.table({"customer": pa.array(["ada", "chen"]).dictionary_encode(), "event_time": pa.Table.from_pandas(labels)["event_time"].cast(pa.timestamp("ns", "UTC"))})
            pyarrow.feather.write_feather(rows, "labels.feather", compression="zstd")
            subprocess.run(["lepton", "get-historical-features", "--entities", "labels.feather", "--service", "shop_model", "--out", "joined.feather"], check=True)
            assert pyarrow.feather.read_table("joined.feather")["customer_daily__amount"].to_pylist() == list(frame["customer_daily__amount"])
            """);
        Answer answer = _folder.Lepton.Shell($"export PATH=\"$PWD/bin:$PATH\"\n'{Peers.PythonFolder}/bin/python' page.py");
        Assert.That(answer.ExitCode, Is.Zero, answer.ToString());
    }

    [Test]
    public void HistoricalFeatures_OfARange_NeedNoRows()
    {
        _folder.Lepton.Done("get-historical-features", "--from", "2024-03-02", "--to", "2024-03-03", "--every", "1d", "--service", "shop_model", "--out", "range.csv");
        Assert.That(File.ReadAllLines(_folder["range.csv"]).Select(line => line.Split(',') is var cells ? $"{cells[0]} {cells[^1]}" : ""), Is.EqualTo(new[]
        {
            "customer customer_daily__status", "ada absent", "ada present", "bao absent", "bao present", "chen absent", "chen absent",
        }));
        Assert.That(_folder.Lepton.Run("get-historical-features", "--from", "2024-03-02", "--service", "shop_model", "--out", "x.csv").ExitCode, Is.EqualTo(2));
        Assert.That(_folder.Lepton.Run("get-historical-features", "--from", "yesterday", "--to", "2024-03-02", "--service", "shop_model", "--out", "x.csv").Error, Does.Contain("yesterday"));
    }
}

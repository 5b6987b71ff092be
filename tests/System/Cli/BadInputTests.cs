using System.Text.Json;
using System.Text.RegularExpressions;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary>
/// What bad input gets: one line with the place and what to do, in English and in Chinese, the right exit code, and a lake that is as it was.
/// Each case bends the small project once, after a good first run, and the project must work again once it is bent back.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Children)]
internal sealed partial class BadInputTests
{
    /// <summary>One way to go wrong.</summary>
    /// <param name="Name">Of the case.</param>
    /// <param name="Bend">Breaks the project.</param>
    /// <param name="Place">What the line must begin with, after <c>error:</c>; null where there is no file to name.</param>
    /// <param name="Hint">What the English line must contain.</param>
    public sealed record Mistake(string Name, Action<TestFolder> Bend, string? Place, string Hint)
    {
        public string[] Command { get; init; } = ["run"];

        public int ExitCode { get; init; } = 1;

        public override string ToString() => Name;
    }

    private static void Edit(TestFolder folder, string old, string replacement) => folder.Replace(SmallProject.PipelineFile, old, replacement);

    private static Mistake Step(string name, string sql, string hint)
        => new(name, folder => Edit(folder, "SELECT customer, city FROM customers_raw", sql), "pipelines/shop.yaml:15:", hint);

    private static IEnumerable<Mistake> Mistakes()
    {
        yield return new("UnknownKeyInPipeline", folder => Edit(folder, "pipeline: shop", "pipeline: shop\ndescripton: a shop"), "pipelines/shop.yaml:2:1", "description");
        yield return new("UnknownKeyInProject", folder => folder.Replace("lepton.yaml", "lake: lake", "lakes: lake"), "lepton.yaml:2:1", "lake");
        yield return new("UnknownKeyInSource", folder => Edit(folder, "path: data/customers.csv", "pth: data/customers.csv"), "pipelines/shop.yaml:12:", "path");
        yield return new("UnknownTypeOfColumn", folder => Edit(folder, "order_id: { type: BIGINT }", "order_id: { type: BIGNIT }"), "pipelines/shop.yaml:9:", "BIGINT");
        yield return new("WrongKindOfValue", folder => folder.Replace("lepton.yaml", "lake: lake", "lake: lake\nthreads: many"), "lepton.yaml:3:", "number");
        yield return new("BrokenYaml", folder => Edit(folder, "steps:", "steps: ["), "pipelines/shop.yaml:", "YAML");
        yield return new("DuplicateKey", folder => Edit(folder, "pipeline: shop", "pipeline: shop\npipeline: shop"), "pipelines/shop.yaml:2:1", "pipeline");
        yield return new("UnknownFormat", folder => Edit(folder, "format: csv\n    path: data/customers.csv", "format: cvs\n    path: data/customers.csv"), "pipelines/shop.yaml:11:", "csv");

        yield return Step("ColumnThatDoesNotExist", "SELECT custmer FROM customers_raw", "customer");
        yield return Step("TableThatDoesNotExist", "SELECT customer, city FROM customer_raw", "customers_raw");
        yield return Step("FunctionThatDoesNotExist", "SELECT customer, uper(city) AS city FROM customers_raw", "upper");
        yield return Step("SyntaxError", "SELECT customer city, FROM WHERE", "syntax");
        yield return Step("NotASelect", "DROP TABLE customers", "SELECT");
        yield return Step("TwoStatements", "SELECT 1 AS a; SELECT 2 AS a", "one");
        yield return Step("HiddenQuery", "SELECT * FROM query('SELECT 1')", "query");
        yield return Step("HiddenTable", "SELECT * FROM query_table('customers')", "query_table");
        yield return Step("FileOfTheMachine", "SELECT * FROM read_text('/etc/passwd')", "read_text");
        yield return Step("FileByName", "SELECT * FROM '/etc/passwd'", "/etc/passwd");
        yield return Step("Settings", "SELECT * FROM duckdb_settings()", "duckdb_settings");
        yield return Step("Environment", "SELECT getenv('HOME') AS customer", "getenv");
        yield return Step("Logging", "SELECT * FROM enable_logging(storage='file', storage_config={'path':'/tmp/x'})", "enable_logging");

        yield return new("CycleOfSteps", folder => Edit(folder, "SELECT customer, city FROM customers_raw", "SELECT customer, 'x' AS city FROM customer_daily"), "pipelines/shop.yaml:", "customers");
        yield return new("MissingFile", folder => Edit(folder, "path: data/customers.csv", "path: data/customer.csv"), "pipelines/shop.yaml:12:", "data/customer.csv");
        yield return new("EmptyCsv", folder => folder.Write(SmallProject.CustomerFile, ""), "pipelines/shop.yaml:12:", "customers.csv");
        yield return new("CutCsv", folder => folder.Write(SmallProject.CustomerFile, "customer,city\nada,London\nbao,\"Shang"), "data/customers.csv:3: ", "quote");
        yield return new("CsvWithTooFewFields", folder => folder.Write(SmallProject.CustomerFile, "customer,city\nada,London\nbao\n"), "data/customers.csv:3: ", "columns");
        yield return new("FolderForAFile", folder => Edit(folder, "path: data/customers.csv", "path: data"), "pipelines/shop.yaml:12:", "data");
        yield return new("EmptyParquet", folder => Parquet(folder, []), "pipelines/shop.yaml:12:", "customers.parquet");
        yield return new("CutParquet", folder => Parquet(folder, SmallParquet(folder)[..^9]), "pipelines/shop.yaml:12:", "customers.parquet");
        yield return new("TextAsParquet", folder => Parquet(folder, "customer,city\n"u8.ToArray()), "pipelines/shop.yaml:12:", "customers.parquet");
        yield return new("ValueThatIsNoNumber", folder => folder.Replace(SmallProject.OrderFile, "\n2,bao", "\ntwo,bao"), "data/orders.csv:3: ", "order_id");

        yield return new("UnknownPipeline", _ => { }, null, "shop") { Command = ["run", "shp"] };
        yield return new("UnknownTable", _ => { }, null, "orders") { Command = ["table", "describe", "order"] };
        yield return new("QueryOfUnknownTable", _ => { }, "query:1:15", "orders") { Command = ["query", "SELECT * FROM order_s"] };
        yield return new("QueryThatIsNoSelect", _ => { }, "query:1:1", "SELECT") { Command = ["query", "DELETE FROM orders"] };
        yield return new("QueryOfAFile", _ => { }, "query:1:15", "read_csv") { Command = ["query", "SELECT * FROM read_csv('data/orders.csv')"] };
        yield return new("ViewOfUnknownTable", folder => folder.Replace(SmallProject.FeatureFile, "table: customer_daily", "table: customer_dayly"), "features/shop.yaml:6:", "customer_daily") { Command = ["apply"] };
        yield return new("ViewOfUnknownColumn", folder => folder.Replace(SmallProject.FeatureFile, "features: [orders, amount]", "features: [orders, amout]"), "features/shop.yaml:10:", "amount") { Command = ["apply"] };
        yield return new("ViewWithoutCreatedTime", folder => folder.Replace(SmallProject.FeatureFile, "    created_time: created_time\n", ""), "features/shop.yaml:", "created_time") { Command = ["plan"] };
        yield return new("UnknownKeyInView", folder => folder.Replace(SmallProject.FeatureFile, "ttl: 7d", "tll: 7d"), "features/shop.yaml:9:", "ttl") { Command = ["plan"] };
        yield return new("UnknownTrainingSet", _ => { }, null, "big_orders") { Command = ["dataset", "create", "big_order"] };

        yield return new("LakeOfANewerVersion", folder => folder.Write("lake/lepton.json", """{"formatVersion":99}"""), null, "99");
        yield return new("LakeWithoutItsMarker", folder => File.Delete(folder["lake/lepton.json"]), null, "lake");
        yield return new("ProjectThatIsNone", folder => File.Delete(folder["lepton.yaml"]), null, "lepton.yaml") { Command = ["table", "list"] };
        yield return new("ProjectFileThatIsAFolder", folder => { File.Delete(folder["lepton.yaml"]); Directory.CreateDirectory(folder["lepton.yaml"]); }, null, "is a folder");
        yield return new("ProjectThatIsAnotherFile", _ => { }, null, "is a file") { Command = ["table", "list", "--project", SmallProject.OrderFile] };
        yield return new("ReportOverADataFile", _ => { }, null, ".html") { Command = ["report", "--out", SmallProject.OrderFile] };
        yield return new("ReportIntoNoFolder", _ => { }, null, "none/report.html") { Command = ["report", "--out", "none/report.html"] };
        yield return new("UnknownZone", folder => Edit(folder, "zone: UTC", "zone: Asia/Shangai"), "pipelines/shop.yaml:7:", "Asia/Shanghai");
        yield return new("RuleThatFails", folder => Edit(folder, "customer_unique: { unique: [customer] }", "many: { min_rows: 100, on_failure: fail }"), "pipelines/shop.yaml:17:", "many") { ExitCode = 3 };
    }

    private TestFolder _good = null!;

    [OneTimeSetUp]
    public void RunOnce()
    {
        _good = SmallProject.Create();
        _good.Lepton.Done("run");
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _good.Dispose();

    [TestCaseSource(nameof(Mistakes))]
    public void Mistake_Made_IsOneLineWithPlaceAndRemedyAndChangesNothing(Mistake mistake)
    {
        using TestFolder folder = _good.Copy();
        string[] lake = TableFiles(folder);
        string[] originals = folder.Files().Where(file => !file.StartsWith("lake/", StringComparison.Ordinal) || file == "lake/lepton.json").ToArray();
        Dictionary<string, byte[]> contents = originals.ToDictionary(file => file, file => File.ReadAllBytes(folder[file]));
        mistake.Bend(folder);

        Answer english = folder.Lepton.Run(mistake.Command);
        Answer chinese = folder.Lepton.With("LANG", "zh_CN.UTF-8").Run(mistake.Command);
        Answer machine = folder.Lepton.Run([.. mistake.Command, "--output", "json"]);
        TestContext.Out.WriteLine($"{english.Error}{chinese.Error}{machine.Error}");
        Assert.Multiple(() =>
        {
            Assert.That(english.ExitCode, Is.EqualTo(mistake.ExitCode), english.ToString());
            Assert.That(chinese.ExitCode, Is.EqualTo(mistake.ExitCode), chinese.ToString());
            Assert.That(machine.ExitCode, Is.EqualTo(mistake.ExitCode), machine.ToString());

            Assert.That(english.ErrorLines, Has.Length.EqualTo(1), english.ToString());
            Assert.That(english.ErrorLines.FirstOrDefault(), Does.StartWith($"error: {mistake.Place}").And.Contain(mistake.Hint));
            Assert.That(english.ErrorLines.FirstOrDefault(), Does.Match(@"[.?]$"), "ends with what to do");
            Assert.That(english.Error, Does.Not.Contain("   at ").And.Not.Contain("Exception"));

            Assert.That(chinese.ErrorLines, Has.Length.EqualTo(1), chinese.ToString());
            Assert.That(chinese.ErrorLines.FirstOrDefault(), Does.StartWith($"错误：{mistake.Place}"));
            Assert.That(chinese.ErrorLines.FirstOrDefault(), Does.Not.Match("[a-z]+ (of|the|is|no|not|on|a) [a-z]+"), "holds no sentence in English");
            Assert.That(Han().Count(chinese.ErrorLines.FirstOrDefault() ?? ""), Is.GreaterThan(6), "is in Chinese");

            JsonElement error = JsonDocument.Parse(machine.Error.TrimEnd().Split('\n')[^1]).RootElement.GetProperty("error");
            Assert.That(error.GetProperty("code").GetString(), Does.Match("^[a-z]+\\.[a-z0-9_]+$").And.Not.EqualTo("cli.unexpected"));
            if (mistake.Place is { } place && place.Contains(':', StringComparison.Ordinal))
            {
                Assert.That(error.GetProperty("file").GetString(), Is.EqualTo(place.Split(':')[0]));
                Assert.That(error.GetProperty("line").GetInt32(), Is.GreaterThan(0));
            }
        });

        foreach (string file in contents.Keys.Where(file => Directory.Exists(folder[file]))) Directory.Delete(folder[file]);
        foreach ((string file, byte[] content) in contents) File.WriteAllBytes(folder[file], content);
        Assert.That(TableFiles(folder), Is.EqualTo(lake), "the tables are as they were");
        folder.Lepton.Done("run");
        Assert.That(folder.Lepton.Done("query", "SELECT count(*) AS n FROM orders", "--output", "csv").Out, Is.EqualTo($"n\n{SmallProject.GoodOrderCount}\n"));
    }

    /// <summary>The files of the project's tables; what the product keeps beside them (run records) grows with every try.</summary>
    private static string[] TableFiles(TestFolder folder) => folder.Files("lake/main");

    private static void Parquet(TestFolder folder, byte[] content)
    {
        File.WriteAllBytes(folder["data/customers.parquet"], content);
        Edit(folder, "format: csv\n    path: data/customers.csv", "format: parquet\n    path: data/customers.parquet");
    }

    private static byte[] SmallParquet(TestFolder folder)
    {
        folder.Lepton.Done("query", "SELECT customer, city FROM customers", "--out", "whole.parquet");
        byte[] content = File.ReadAllBytes(folder["whole.parquet"]);
        File.Delete(folder["whole.parquet"]);
        return content;
    }

    [GeneratedRegex(@"\p{IsCJKUnifiedIdeographs}")]
    private static partial Regex Han();
}

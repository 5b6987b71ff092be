using System.Globalization;
using Lepton.Data.Jobs.Profiles;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Profiles;

/// <summary>Profiles against the obvious loop over rows, and contracts against the table that they were inferred from.</summary>
[TestFixture]
internal sealed class ProfilerTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public async Task Profile_RandomRows_AgreesWithTheLoop(int seed)
    {
        await using var project = new ProjectFixture();
        var random = new Random(seed);
        long?[] whole = [.. Enumerable.Range(0, 400).Select(_ => random.Next(6) == 0 ? (long?)null : random.Next(-30, 200))];
        double?[] broken = [.. whole.Select(n => n is null ? (double?)null : random.Next(9) switch { 0 => double.NaN, 1 => double.PositiveInfinity, _ => n.Value / 7.0 })];
        string?[] words = [.. whole.Select(_ => random.Next(5) switch { 0 => null, 1 => "", 2 => "中文", _ => new string('x', random.Next(1, 4)) })];
        project.Csv("src", "n,d,w\n" + string.Concat(whole.Select((n, i) => string.Create(CultureInfo.InvariantCulture, $"{n},{Text(broken[i])},{(words[i] is { } word ? $"\"{word}\"" : "")}\n"))));
        project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv, columns: { n: { type: BIGINT }, d: { type: DOUBLE }, w: { type: VARCHAR } } } }\nsteps: { t: { sql: \"SELECT n, d, w FROM src\" } }");
        await project.RunWellAsync();
        TableProfile profile = await project.ProfileAsync("t");
        long[] present = [.. whole.OfType<long>()];
        double[] finite = [.. broken.OfType<double>().Where(double.IsFinite)];
        Assert.Multiple(() =>
        {
            Assert.That(profile.RowCount, Is.EqualTo(400));
            ColumnProfile n = profile.Columns[0];
            Assert.That((n.NullCount, n.DistinctCount, n.IsDistinctExact), Is.EqualTo((400L - present.Length, (long?)present.Distinct().Count(), true)), $"seed {seed}");
            Assert.That((n.Min, n.Max), Is.EqualTo(((object)present.Min(), (object)present.Max())));
            Assert.That(n.Mean, Is.EqualTo(present.Average()).Within(1e-9));
            Assert.That(n.StandardDeviation, Is.EqualTo(Math.Sqrt(present.Average(value => Math.Pow(value - present.Average(), 2)))).Within(1e-9));
            Assert.That(n.Quantiles.Cast<double>(), Is.Ordered.And.All.Matches<double>(value => present.Contains((long)value)));
            // At least half of the values do not exceed the median, and at least half are not below it.
            Assert.That(present.Count(value => value <= (double)n.Quantiles[2]), Is.GreaterThanOrEqualTo(present.Length / 2));
            Assert.That(present.Count(value => value >= (double)n.Quantiles[2]), Is.GreaterThanOrEqualTo(present.Length / 2));
            Assert.That(n.Top.Select(top => ((long)top.Value, top.Count)), Is.EqualTo(present.GroupBy(value => value).Select(group => (group.Key, (long)group.Count())).OrderByDescending(pair => pair.Item2).ThenBy(pair => pair.Key).Take(Profiler.TopCount)));
            Assert.That(n.Histogram!.Counts.Sum(), Is.EqualTo(present.Length));
            double width = (n.Histogram.High - n.Histogram.Low) / n.Histogram.Counts.Count;
            Assert.That(n.Histogram.Counts[3], Is.EqualTo(present.Count(value => Math.Floor((value - n.Histogram.Low) / width) == 3)));

            ColumnProfile d = profile.Columns[1];
            Assert.That((d.NanCount, d.InfiniteCount), Is.EqualTo(((long?)broken.Count(value => value is double.NaN), (long?)broken.Count(value => value is { } number && double.IsInfinity(number)))));
            Assert.That((d.Min, d.Max), Is.EqualTo(((object)finite.Min(), (object)finite.Max())));
            Assert.That(d.Mean, Is.EqualTo(finite.Average()).Within(1e-9));
            Assert.That(d.Histogram!.Counts.Sum(), Is.EqualTo(finite.Length));

            ColumnProfile w = profile.Columns[2];
            string[] texts = [.. words.OfType<string>()];
            Assert.That(w.EmptyCount, Is.EqualTo(texts.Count(text => text.Length == 0)));
            Assert.That(w.Lengths, Is.EqualTo(((long)texts.Min(text => text.Length), texts.Average(text => text.Length), (long)texts.Max(text => text.Length))));
        });
    }

    [Test]
    public async Task Profile_InfiniteDatesAndTimes_AreCountedApart()
    {
        await using var project = new ProjectFixture();
        project.Csv("src", "n\n1\n2\n3\n4\n");
        project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              t:
                sql: |
                  SELECT CASE n WHEN 1 THEN 'infinity'::DATE WHEN 2 THEN DATE '2024-01-01' WHEN 3 THEN DATE '2024-03-01' END AS d, CASE n WHEN 1 THEN '-infinity'::TIMESTAMPTZ WHEN 2 THEN TIMESTAMPTZ '2024-01-01 00:00:00Z' ELSE TIMESTAMPTZ '2024-01-02 00:00:00Z' END AS t FROM src
            """);
        await project.RunWellAsync();
        TableProfile profile = await project.ProfileAsync("t");
        Assert.Multiple(() =>
        {
            Assert.That(profile.Columns.Select(column => (column.NullCount, column.InfiniteCount, column.DistinctCount)), Is.EqualTo(new (long, long?, long?)[] { (1, 1, 3), (0, 1, 3) }));
            Assert.That((profile.Columns[0].Min, profile.Columns[0].Max, profile.Columns[0].Histogram!.Counts.Sum()), Is.EqualTo(((object)new DateOnly(2024, 1, 1), (object)new DateOnly(2024, 3, 1), 2L)));
            Assert.That(profile.Columns[1].Histogram!.Counts.Sum(), Is.EqualTo(3));
            Assert.That(ContractWriter.Write(profile), Does.Not.Contain("d_in_range").And.Not.Contain("t_in_range"));
        });
    }

    [Test]
    public async Task Profile_TableWithoutRows_HasNoFigures()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        project.Csv("src", "id,amount\n1,-10\n");
        await project.RunWellAsync();
        TableProfile profile = await project.ProfileAsync("orders");
        ColumnProfile amount = profile.Columns[1];
        Assert.That((profile.RowCount, amount.NullCount, amount.DistinctCount, amount.Min, amount.Mean, amount.Histogram, amount.Top.Count), Is.EqualTo((0L, 0L, (long?)0L, (object?)null, (double?)null, (Histogram?)null, 0)));
        Assert.That(ContractWriter.Write(profile), Does.Not.Contain("min_rows"));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    [TestCase(5)]
    [TestCase(6)]
    public async Task Infer_RandomTables_HoldsForTheTableItself(int seed)
    {
        await using var project = new ProjectFixture();
        var random = new Random(seed);
        string[] names = ["id", "Größe", "select", "年龄", "a_b", "yes", "when", "day", "price", "half"];
        string[] types = ["BIGINT", "DOUBLE", "VARCHAR", "SMALLINT", "VARCHAR", "BOOLEAN", "TIMESTAMPTZ", "DATE", "DECIMAL(12,3)", "FLOAT"];
        string[] words = ["", "null", "yes", "it's", "a: b # c", "[x]", "{y}", "\"q\"", "中文", "- z", "tab\tx", "line\nend", "~", "1", "\\n"];
        int rows = random.Next(1, 300);
        double scale = Math.Pow(10, random.Next(-20, 20));
        bool hasNan = random.Next(2) == 0;
        var csv = new System.Text.StringBuilder(string.Join(',', names)).Append('\n');
        for (int row = 0; row < rows; row++)
        {
            string[] values =
            [
                row.ToString(CultureInfo.InvariantCulture),
                Text(hasNan && random.Next(20) == 0 ? double.NaN : (random.NextDouble() - 0.5) * scale),
                Quoted(words[random.Next(words.Length)]),
                random.Next(short.MinValue, short.MaxValue + 1).ToString(CultureInfo.InvariantCulture),
                Quoted(words[random.Next(3)]),
                random.Next(2) == 0 ? "true" : "false",
                new DateTime(1950, 1, 1).AddSeconds(random.Next()).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                new DateOnly(1, 1, 1).AddDays(random.Next(3_000_000)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                (random.Next(-999_999_999, 999_999_999) / 1000m).ToString(CultureInfo.InvariantCulture),
                (random.NextSingle() * 0.1f).ToString("R", CultureInfo.InvariantCulture),
            ];
            csv.AppendJoin(',', values.Select((value, i) => i is not 0 and not 2 and not 4 && random.Next(12) == 0 ? "" : value)).Append('\n');
        }
        project.Csv("src", csv.ToString());
        string head = $"pipeline: p\nsources: {{ src: {{ format: csv, path: data/src.csv, columns: {{ {string.Join(", ", names.Zip(types).Select(pair => $"{pair.First}: {{ type: \"{pair.Second}\" }}"))} }} }} }}\nsteps:\n  raw: {{ sql: SELECT * FROM src }}\n";
        project.Pipeline(head);
        await project.RunWellAsync();
        string contract = ContractWriter.Write(await project.ProfileAsync("raw"));
        project.Pipeline($"{head}  checked:\n    sql: SELECT * FROM raw\n{string.Concat(contract.TrimEnd('\n').Split('\n').Select(line => $"    {line}\n"))}");
        RunRecord run = await project.RunWellAsync();
        StepRecord step = run.Steps.Single(step => step.Name == "checked");
        Assert.That(step.RowsQuarantined, Is.Zero, $"seed {seed}: {string.Join(", ", step.Rules.Where(rule => rule.BrokenRowCount > 0))}\n{contract}");
        Assert.That(step.Rules.Select(rule => rule.Name), Does.Contain("has_rows").And.Contain("all_present"));
        Assert.That(contract, Does.Contain("id_type: { column: id, type: BIGINT }"));
        if (rows > 1) Assert.That(step.Rules.Select(rule => rule.Name), Does.Contain("id_unique"));
    }

    [Test]
    public async Task Infer_AKnownTable_SaysWhatIsSeen()
    {
        await using var project = new ProjectFixture();
        project.Csv("src", "id,state,delay\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{i},{(i % 2 == 0 ? "done" : "open")},{(i * 36) - 96}\n")));
        project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv } }\nsteps: { t: { sql: \"SELECT id, state, delay FROM src\" } }");
        await project.RunWellAsync();
        string[] lines = ContractWriter.Write(await project.ProfileAsync("t")).Split('\n');
        Assert.That(lines, Is.SupersetOf(new[]
        {
            "  # no NULL in 40 rows",
            "  all_present: { not_null: [id, state, delay] }",
            "  # 40 rows, and each has another id",
            "  id_unique: { unique: id }",
            "  # 2 different values in 40 rows",
            "  state_known: { column: state, in: [\"done\", \"open\"] }",
        }));
    }

    [Test]
    public async Task Profile_PersonalColumns_HoldsCountsAndNoValue()
    {
        await using var project = new ProjectFixture();
        project.Csv("src", "who,born,pay\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{(i % 2 == 0 ? "ada" : "bob")},19{70 + (i % 7)}-05-17,{(i % 5) + 81234}.25\n")));
        project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv, columns: { who: { personal: true }, born: { personal: true }, pay: { personal: true } } } }\nsteps: { t: { sql: \"SELECT who, born, pay FROM src\" } }");
        await project.RunWellAsync();
        TableProfile profile = await project.ProfileAsync("t");
        string contract = ContractWriter.Write(profile), page = ProfilePage.Render(profile, CultureInfo.GetCultureInfo("en"));
        Assert.Multiple(() =>
        {
            Assert.That(profile.Columns.Select(column => (column.NullCount, column.DistinctCount)), Is.EqualTo(new (long, long?)[] { (0, 2), (0, 7), (0, 5) }));
            Assert.That(profile.Columns.Select(column => (column.Min, column.Max, column.Mean, column.StandardDeviation, column.Quantiles.Count, column.Top.Count, column.Histogram)), Is.All.EqualTo(((object?)null, (object?)null, (double?)null, (double?)null, 0, 0, (Histogram?)null)));
            Assert.That(contract, Does.Not.Match("_known|_in_range|ada|19[67]|8123").And.Contain("# who is personal: none of its values is written here\n").And.Contain("not_null: [who, born, pay]"));
            Assert.That(page, Does.Not.Match("ada|197[0-9]-|8123").And.Contain("Personal: values are hidden."));
        });
    }

    // A profile of somebody else's making.
    [Test]
    public void Infer_APersonalColumnWithValues_WritesNone()
    {
        Field field = new("who", DataType.String) { Metadata = FieldMetadata.Empty.With(FieldMetadata.PersonalKey, "true") };
        var column = new ColumnProfile { Field = field, NullCount = 0, DistinctCount = 1, IsDistinctExact = true, Top = [new ValueCount("ada", 40)], Min = "ada", Max = "ada" };
        Assert.That(ContractWriter.Write(new TableProfile("t", 40, [column])), Does.Not.Contain("ada"));
    }

    [Test]
    public void Page_OfHostileNamesAndValues_HoldsThemAsText()
    {
        var column = new ColumnProfile { Field = new Field("<script>alert(1)</script>", DataType.String), NullCount = 0, DistinctCount = 1, Top = [new ValueCount("\"><img src=x onerror=alert(1)>", 3)], Min = "<i>", Max = "&" };
        string page = ProfilePage.Render(new TableProfile("</title><script>", 3, [column]), CultureInfo.GetCultureInfo("zh"));
        Assert.That(page, Does.Not.Contain("<script").And.Not.Contain("<img").And.Not.Contain("<i>").And.Contain("不同取值"));
    }

    [TestCase("{ column: amount, type: BIGINT }", null)]
    [TestCase("{ column: amount, type: VARCHAR }", "jobs.rule_type")]
    [TestCase("{ column: amonut, type: BIGINT }", "jobs.no_column_but")]
    [TestCase("{ type: BIGINT }", "schemas.key_needs")]
    [TestCase("{ column: amount, type: BIGINT, on_failure: warn }", "jobs.rule_type_fails")]
    [TestCase("{ column: amount, type: BIGINT, on_failure: quarantine }", "jobs.rule_on_table")]
    public async Task Run_ADeclaredType_IsJudgedBeforeAnythingIsWritten(string rule, string? code)
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        project.Pipeline(ProjectFixture.ShopPipeline.Replace("positive: { sql: amount > 0 }", $"t: {rule}", StringComparison.Ordinal));
        string? found = null;
        try
        {
            await project.RunWellAsync();
        }
        catch (LeptonDataException failure)
        {
            found = failure.Code;
        }
        Assert.That(found, Is.EqualTo(code));
        Assert.That(await project.SnapshotAsync("orders"), code is null ? Is.Not.Null : Is.Null);
    }

    private static string Text(double? value) => value switch { null => "", double.NaN => "nan", double.PositiveInfinity => "inf", _ => value.Value.ToString("R", CultureInfo.InvariantCulture) };

    private static string Quoted(string value) => $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

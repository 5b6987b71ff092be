using Lepton.Data.Jobs.Testing;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Testing;

[TestFixture]
internal sealed class StepTesterTests
{
    private const string Pipeline = """
        pipeline: p
        sources:
          src: { format: csv, path: data/src.csv, columns: { d: { type: "DECIMAL(9,2)" } } }
        steps:
          orders:
            sql: SELECT id, amount, d, note FROM src
            expect: { positive: { sql: amount > 0 }, one: { unique: id }, some: { min_rows: 1 } }
          totals:
            sql: SELECT note, sum(amount) AS amount, avg(amount) AS mean FROM orders GROUP BY note
        """;

    private ProjectFixture _project = null!;

    [SetUp]
    public void SetUp()
    {
        _project = new ProjectFixture();
        _project.Pipeline(Pipeline);
        _project.Csv("src", "id,amount,d,note\n1,10,1.5,a\n");
    }

    [TearDown]
    public async Task TearDown() => await _project.DisposeAsync();

    [Test]
    public async Task Run_RowsAsExpected_PassesAndLeavesNothing()
    {
        UnitTestResult result = await TestAsync("""
            step: orders
            given: { src: [{ id: 2, amount: 5, d: 0.1, note: "null" }, { id: 1, amount: 3 }, { id: 3, amount: -1 }] }
            expect:
              rows: [{ id: 1, amount: 3, d: }, { id: 2, amount: 5, d: 0.10, note: "null" }]
              quarantine: [{ id: 3, __rules: positive, __reason: amount > 0 is false where amount = -1 }]
            """);
        Assert.That(result.IsPassed, result.Error?.Message);
        Assert.That((result.RowsQuarantined, result.Rows!.EqualRowCount), Is.EqualTo((1L, 2)));
        Assert.That(Directory.EnumerateFileSystemEntries(_project.Folder["scratch"]), Is.Empty);
    }

    [Test]
    public async Task Run_OtherRows_SaysWhichAreMissingUnexpectedAndChanged()
    {
        UnitTestResult result = await TestAsync("""
            step: orders
            given: { src: [{ id: 1, amount: 5, note: x }, { id: 2, amount: 6, note: y }, { id: 4, amount: 7 }] }
            expect: { rows: [{ id: 1, amount: 5 }, { id: 2, amount: 8 }, { id: 3, amount: 9 }] }
            """);
        RowDiff diff = result.Rows!;
        Assert.Multiple(() =>
        {
            Assert.That(result.IsPassed, Is.False);
            Assert.That(diff.Columns.Select(column => column.Name), Is.EqualTo(new[] { "id", "amount" }));
            Assert.That(diff.EqualRowCount, Is.EqualTo(1));
            Assert.That(diff.Changed.Select(row => ((long)row.Expected[0]!, row.Expected[1], row.Actual[1], row.Columns[0])), Is.EqualTo(new (long, object?, object?, int)[] { (2L, 8L, 6L, 1) }), "paired by the key that the step declares");
            Assert.That(diff.Missing.Single(), Is.EqualTo(new object?[] { 3L, 9L }));
            Assert.That(diff.Unexpected.Single(), Is.EqualTo(new object?[] { 4L, 7L }));
        });
    }

    [Test]
    public async Task Run_ARowTwiceThatIsExpectedOnce_IsUnexpected()
    {
        UnitTestResult result = await TestAsync("step: totals\ngiven: { orders: [{ note: a, amount: 1 }, { note: b, amount: 1 }] }\nexpect: { rows: [{ amount: 1 }] }");
        Assert.That((result.Rows!.EqualRowCount, result.Rows.Unexpected.Count, result.Rows.Missing.Count), Is.EqualTo((1, 1, 0)));
    }

    // 10 / 3 has no end; nine digits are as good as any.
    [TestCase("3.333333333", true)]
    [TestCase("3.3333", false)]
    [TestCase("3.3333333333333335", true)]
    public async Task Run_AFloat_IsComparedToNineDigits(string mean, bool isPassed)
        => Assert.That((await TestAsync($"step: totals\ngiven: {{ orders: [{{ amount: 4 }}, {{ amount: 3 }}, {{ amount: 3 }}] }}\nexpect: {{ rows: [{{ mean: {mean} }}] }}")).IsPassed, Is.EqualTo(isPassed));

    [Test]
    public async Task Run_RowsInACsvFileBeside_AreReadAsTheTypesAre()
    {
        _project.Folder.Write("pipelines/tests/in.csv", "id,amount,note\n1,5,\"a, \"\"b\"\"\n\"\n2,6,\n3,7,\"\"\n");
        UnitTestResult result = await TestAsync("""
            step: orders
            given: { src: in.csv }
            expect: { rows: [{ id: 1, note: "a, \"b\"\n" }, { id: 2, note: }, { id: 3, note: "" }] }
            """);
        Assert.That(result.IsPassed, result.Error?.Message);
    }

    [Test]
    public async Task Run_ARuleThatRefuses_IsWhatFailsMeans()
    {
        const string Test = "step: orders\ngiven: {{ src: [{0}] }}\nexpect: {{ fails: some }}";
        Assert.That((await TestAsync(string.Format(null, Test, "{ id: 1, amount: -1 }"))).IsPassed);
        UnitTestResult other = await TestAsync(string.Format(null, Test, "{ id: 1, amount: 1 }"));
        Assert.That((other.IsPassed, other.Error!.Code), Is.EqualTo((false, "jobs.test_did_not_fail")));
    }

    // What is wrong with a test is said of that test, with its place, and the others go on.
    [TestCase("step: order\ngiven: { src: [] }\nexpect: { rows: [] }", "jobs.unknown_step_but", "'orders'")]
    [TestCase("step: orders\ngiven: {}\nexpect: { rows: [] }", "jobs.test_input_missing", "src")]
    [TestCase("step: orders\ngiven: { src: [], scr: [] }\nexpect: { rows: [] }", "jobs.test_unknown_input_but", "'src'")]
    [TestCase("step: orders\ngiven: { src: [{ amont: 1 }] }\nexpect: { rows: [] }", "jobs.no_column_but", "'amount'")]
    [TestCase("step: orders\ngiven: { src: [{ amount: many }] }\nexpect: { rows: [] }", "jobs.test_value", "BIGINT")]
    [TestCase("step: orders\ngiven: { src: [{ d: 1.234 }] }\nexpect: { rows: [] }", "jobs.test_value", "DECIMAL(9,2)")]
    [TestCase("step: orders\ngiven: { src: [{ id: 1, amount: 1 }] }\nexpect: { rows: [{ amuont: 1 }] }", "jobs.no_column_but", "'amount'")]
    [TestCase("step: orders\ngiven: { src: { rows: [], columns: { id: VARCHAR } } }\nexpect: { rows: [] }", "jobs.test_other_type", "BIGINT")]
    [TestCase("step: orders\ngiven: { src: nothing.csv }\nexpect: { rows: [] }", "jobs.test_no_file", "nothing.csv")]
    [TestCase("step: orders\ngiven: { src: [] }\nexpect: { fails: positiv }", "jobs.test_unknown_rule_but", "'positive'")]
    [TestCase("step: orders\ngiven: { src: [] }\nexpect: { rows: [] }", "jobs.row_count", "some")]
    public async Task Run_ABadTest_SaysWhatIsWrongWithIt(string test, string code, string text)
    {
        UnitTestResult result = await TestAsync(test);
        Assert.That(result.Error?.Code, Is.EqualTo(code));
        Assert.That(result.Error!.Message, Does.Contain(text));
        Assert.That(result.Error.Place?.LineNumber, Is.GreaterThan(0));
    }

    [TestCase("step: orders\ngiven: { src: [] }\nexpect: {}", "jobs.test_expects_nothing")]
    [TestCase("step: orders\ngiven: { src: [] }\nexpect: { fails: some, rows: [] }", "jobs.test_fails_and_rows")]
    public void Read_AnExpectationThatSaysNothingOrTwoThings_IsRefused(string test, string code)
        => Assert.That(async () => await TestAsync(test), Throws.TypeOf<LeptonDataException>().With.Property("Code").EqualTo(code));

    [TestCase("TINYINT", "-128")]
    [TestCase("SMALLINT", "-32768")]
    [TestCase("INTEGER", "-5")]
    [TestCase("FLOAT", "0.1")]
    [TestCase("DOUBLE", "0.1")]
    [TestCase("\"DECIMAL(9,2)\"", "1.50")]
    public async Task Run_ValuesOfEachWidth_GoThroughTheStepAsTheyAre(string type, string value)
    {
        _project.Pipeline($"pipeline: p\nsources:\n  src: {{ format: csv, path: data/src.csv, columns: {{ id: {{ type: {type} }} }} }}\nsteps:\n  orders:\n    sql: SELECT id FROM src\n");
        UnitTestResult result = await TestAsync($"step: orders\ngiven: {{ src: [{{ id: {value} }}] }}\nexpect: {{ rows: [{{ id: {value} }}] }}");
        Assert.That(result.IsPassed, result.Error?.Message);
    }

    [Test]
    public async Task Run_ASourceWhoseFileIsNotHere_IsWhatTheTestDeclares()
    {
        File.Delete(_project.Folder["data/src.csv"]);
        const string Test = "step: totals\ngiven: { orders: [{ note: a, amount: 4 }] }\nexpect: { rows: [{ note: a, amount: 4 }] }";
        Assert.That((await TestAsync(Test)).Error!.Code, Is.EqualTo("jobs.test_no_type"));
        Assert.That((await TestAsync(Test, "columns: { src: { id: BIGINT, amount: BIGINT, d: DOUBLE, note: VARCHAR } }")).IsPassed);
        Assert.That((await TestAsync(Test, "columns: { orders: { amount: BIGINT, note: VARCHAR } }")).IsPassed);
    }

    [Test]
    public async Task Run_ATableOfTheLake_HasItsTypes()
    {
        await _project.RunWellAsync();
        File.Delete(_project.Folder["data/src.csv"]);
        _project.Folder.Write("pipelines/tests/t.yaml", Indent("step: totals\ngiven: { orders: [{ note: a, amount: 4 }] }\nexpect: { rows: [{ note: a, amount: 4 }] }"));
        Assert.That((await _project.TestAsync(() => _project.Lake)).Single().IsPassed);
        Assert.That(await _project.RowsAsync("totals", "note"), Is.EqualTo(new[] { "a" }), "the lake itself is left alone");
    }

    [Test]
    public async Task Run_NestedValues_AreReadAndCompared()
    {
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/nowhere.csv } }
            steps: { s: { sql: "SELECT l, st, ts FROM src" } }
            """);
        UnitTestResult result = await TestAsync("""
            step: s
            given: { src: [{ l: [1, null], st: { a: x }, ts: 2001-01-01 }, {}] }
            expect: { rows: [{ l: , st: }, { l: [1, ], st: { a: x, b: }, ts: 2001-01-01T00:00:00Z }] }
            """, "columns: { src: { l: \"BIGINT[]\", st: \"STRUCT(a VARCHAR, b DOUBLE)\", ts: TIMESTAMPTZ } }");
        Assert.That(result.Error?.Message, Is.Null);
        Assert.That(result.Rows!.Missing.Count + result.Rows.Changed.Count, Is.EqualTo(1), "[1, ] is a list of one");
    }

    [TestCase("late: [{ id: 2 }]", true)]
    [TestCase("late: [{ id: 1 }]", false)]
    [TestCase("rows: [{ n: 1, known: 2001-01-01T01:15:00Z }]\n  late: [{ id: 2, known: 2001-01-01T03:00:00Z }]", true)]
    public async Task Run_AStepWithRevisions_GivesThoseAndItsLateRows(string expected, bool isPassed)
    {
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/nowhere.csv, columns: { seen: { type: TIMESTAMPTZ }, known: { type: TIMESTAMPTZ } } } }
            steps:
              s: { sql: "SELECT date_trunc('hour', seen) AS hour, count(*) AS n FROM src GROUP BY hour", grows: { by_window: 1h, time: hour, emit: 15min, created_time: known } }
            """);
        UnitTestResult result = await TestAsync($$"""
            step: s
            given: { src: [{ id: 1, seen: 2001-01-01T00:10:00Z, known: 2001-01-01T00:10:00Z }, { id: 2, seen: 2001-01-01T00:10:00Z, known: 2001-01-01T03:00:00Z }] }
            expect:
              {{expected}}
            """, "columns: { src: { id: BIGINT, seen: TIMESTAMPTZ, known: TIMESTAMPTZ } }");
        Assert.That(result.Error?.Message, Is.Null);
        Assert.That(result.IsPassed, Is.EqualTo(isPassed));
    }

    [Test]
    public async Task Run_LateRowsOfAStepWithoutRevisions_IsAnError()
    {
        UnitTestResult result = await TestAsync("step: totals\ngiven: { orders: [{ note: a, amount: 1 }] }\nexpect: { late: [] }");
        Assert.That(result.Error?.Code, Is.EqualTo("jobs.test_no_late"));
    }

    private async Task<UnitTestResult> TestAsync(string test, string head = "")
    {
        _project.Folder.Write("pipelines/tests/t.yaml", $"{head}\n{Indent(test)}");
        return (await _project.TestAsync()).Single();
    }

    private static string Indent(string test) => $"unit_tests:\n  t:\n    {test.ReplaceLineEndings("\n").Replace("\n", "\n    ", StringComparison.Ordinal)}\n";
}

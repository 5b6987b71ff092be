using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Rules on a table as a whole, and keys of several columns.</summary>
[TestFixture]
internal sealed class TableRuleTests
{
    private ProjectFixture _project = null!;

    [SetUp]
    public void SetUp() => _project = new ProjectFixture();

    [TearDown]
    public async Task TearDown() => await _project.DisposeAsync();

    [Test]
    public async Task Run_AKeyOfTwoColumns_QuarantinesPairsThatAreNotThere()
    {
        _project.Csv("src", "id,x,y\n1,a,1\n2,a,2\n3,,2\n4,b,1\n5,b,\n");
        _project.Csv("pairs", "f,t\na,1\nb,2\na,1\n,1\n");
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv }, pairs: { format: csv, path: data/pairs.csv } }
            steps:
              checked:
                sql: SELECT id, x, y FROM src
                expect: { r: { foreign_key: { columns: [x, y], table: pairs, references: [f, t] } } }
            """);
        RunRecord run = await _project.RunWellAsync();
        Assert.That(await _project.RowsAsync("checked__quarantine", "id", "__reason"), Is.EqualTo(new[] { "2|x = 'a', y = 2 is not in pairs(f, t)", "4|x = 'b', y = 1 is not in pairs(f, t)" }));
        Assert.That(run.Steps.Single().Rules.Single().Text, Is.EqualTo("(x, y) in pairs(f, t)"));
    }

    [TestCase("{ foreign_key: { columns: [id, x], table: src, references: [id] } }", "jobs.rule_key_lengths")]
    [TestCase("{ foreign_key: { columns: [id, z], table: src } }", "jobs.no_column")]
    [TestCase("{ foreign_key: { columns: [id], table: scr } }", "jobs.unknown_input_but")]
    [TestCase("{ column: x, freshness: 1d }", "jobs.rule_needs_time")]
    [TestCase("{ freshness: 1d }", "schemas.key_needs")]
    [TestCase("{ row_count: { within: 30 } }", "schemas.value_expected")]
    [TestCase("{ row_count: { within: 30% }, on_failure: quarantine }", "jobs.rule_on_table")]
    [TestCase("{ no_rows: SELECT idd FROM checked }", "sql.unknown_column_suggest")]
    [TestCase("{ no_rows: SELECT id FROM checked; }", "jobs.rule_not_query")]
    [TestCase("{ no_rows: \"SELECT 1 AS x) AS a, (SELECT 2 AS y\" }", "sql.syntax")]
    [TestCase("{ no_rows: SELECT random() AS r FROM checked }", "jobs.not_pure")]
    public void Run_ARuleThatCannotBe_IsRefusedBeforeAnythingRuns(string rule, string code)
    {
        Arrange($"r: {rule}");
        Assert.That(async () => await _project.RunAsync(), Throws.TypeOf<LeptonDataException>().With.Property("Code").EqualTo(code));
    }

    [Test]
    public async Task Run_SeveralBadRules_AreAllSaid()
    {
        Arrange("a: { not_null: z }, b: { column: id, type: VARCHAR }, c: { unique: zz }");
        LeptonDataException failure = (await Assert.ThrowsAsync<LeptonDataException>(async () => await _project.RunAsync()))!;
        Assert.That(failure.Others.Prepend(failure).Select(problem => problem.Code), Is.EqualTo(new[] { "jobs.no_column", "jobs.no_column", "jobs.rule_type" }));
    }

    [TestCase("SELECT id FROM checked WHERE id > 2", false)]
    [TestCase("SELECT id, x FROM checked WHERE id > 1", true)]
    [TestCase("SELECT id FROM checked WHERE id = -1", false)]
    [TestCase("SELECT c.id FROM checked AS c JOIN other AS o ON o.id = c.id", true)]
    public async Task Run_AQueryThatGivesNoRow_IsAskedOfTheRowsThatStay(string query, bool isRefused)
    {
        // -1 goes to the quarantine, so that no rule on the table sees it.
        _project.Csv("src", "id,x\n1,a\n2,b\n-1,c\n");
        Arrange($"positive: {{ sql: id > 0 }}, r: {{ no_rows: \"{query}\" }}", other: "SELECT 2 AS id");
        RunSummary summary = await _project.RunAsync();
        Assert.That(summary.IsComplete, Is.Not.EqualTo(isRefused), string.Join(' ', summary.Failures));
        if (isRefused)
        {
            Assert.That(summary.Failures.Single().Error.Code, Is.EqualTo("jobs.failing_rows"));
            Assert.That(summary.Failures.Single().Error.Message, Does.Contain("(1)").And.Contain("id = 2"));
            Assert.That(await _project.SnapshotAsync("checked"), Is.Null);
        }
        else Assert.That(summary.Runs.Single().Steps.Single(step => step.Name == "checked").Rules.Single(rule => rule.Name == "r").BrokenRowCount, Is.Zero);
    }

    [Test]
    public async Task Run_AQueryThatWarns_CountsItsRowsAndIsAskedAnewWhenItChanges()
    {
        Arrange("r: { no_rows: SELECT id FROM checked WHERE id >= 2, on_failure: warn }");
        RunRecord first = await _project.RunWellAsync();
        Assert.That(first.Steps.Single(step => step.Name == "checked").Rules.Single().BrokenRowCount, Is.EqualTo(1));
        Arrange("r: { no_rows: SELECT id FROM checked WHERE id >= 1, on_failure: warn }");
        RunRecord second = await _project.RunWellAsync();
        Assert.That(second.Steps.Single(step => step.Name == "checked").Rules.Single().BrokenRowCount, Is.EqualTo(2));
    }

    [Test]
    public async Task Run_RowsFarFromTheLastRuns_AreRefused()
    {
        Arrange("r: { row_count: { within: 30%, of_last: 3 } }");
        foreach (int rows in new[] { 100, 1000, 90 })
        {
            Rows(rows);
            RunSummary early = await _project.RunAsync();
            // 1,000 is far from 100; it makes no table, and is no history.
            Assert.That(early.IsComplete, Is.EqualTo(rows != 1000), $"{rows}: {string.Join(' ', early.Failures)}");
        }
        // The median of 100 and 90 is 95; 30 % of it are 28.5.
        Rows(124);
        RunSummary high = await _project.RunAsync();
        Assert.That(high.Failures.Single().Error.Code, Is.EqualTo("jobs.row_history"));
        Assert.That(high.Failures.Single().Error.Message, Does.Contain("124 rows").And.Contain("90, 100"));
        Rows(123);
        Assert.That((await _project.RunAsync()).IsComplete);
        // Of the last three, 123, 90 and 100, the median is 100.
        Rows(131);
        Assert.That((await _project.RunAsync()).IsComplete, Is.False);
        Rows(70);
        Assert.That((await _project.RunAsync()).IsComplete);
    }

    [Test]
    public async Task Run_AColumnThatIsNotFresh_IsRefusedAlsoWhereTheTableIsUpToDate()
    {
        DateTimeOffset now = _project.Time.GetUtcNow();
        _project.Csv("src", $"id,t\n1,{now.AddHours(-1):yyyy-MM-dd'T'HH:mm:ss'Z'}\n2,\n");
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv, columns: { t: { type: TIMESTAMPTZ } } } }
            steps:
              checked: { sql: "SELECT id, t FROM src", expect: { fresh: { column: t, freshness: 2h }, told: { column: t, freshness: 90min, on_failure: warn } } }
              after: { sql: SELECT id FROM checked }
            """);
        RunRecord first = await _project.RunWellAsync();
        Assert.That(first.Steps[0].Rules.Select(rule => (rule.Name, rule.BrokenRowCount)), Is.EqualTo(new (string, long?)[] { ("fresh", 0), ("told", 0) }));
        _project.Time.Advance(TimeSpan.FromMinutes(40));
        RunRecord second = await _project.RunWellAsync();
        Assert.Multiple(() =>
        {
            Assert.That(second.Steps[0].State, Is.EqualTo(StepState.Unchanged));
            Assert.That(second.Steps[0].Rules.Select(rule => (rule.Name, rule.BrokenRowCount)), Is.EqualTo(new (string, long?)[] { ("fresh", 0), ("told", 1) }));
            Assert.That(second.Steps[0].Rules[1].Newest?.ToString(), Is.EqualTo($"{now.AddHours(-1):yyyy-MM-dd'T'HH:mm:ss}.000000Z"));
        });
        _project.Time.Advance(TimeSpan.FromMinutes(40));
        RunSummary third = await _project.RunAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(third.FailureKind, Is.EqualTo(ErrorKind.DataRefused));
            Assert.That(third.Failures.Single().Error.Code, Is.EqualTo("jobs.stale"));
            Assert.That(third.Runs.Single().Steps.Select(step => step.State), Is.EqualTo(new[] { StepState.Failed, StepState.Skipped }));
            Assert.That(await _project.RowsAsync("checked", "id"), Is.EqualTo(new[] { "1", "2" }), "the table stays as it was");
        });
    }

    [TestCase("t: { type: TIMESTAMPTZ }", "")]
    [TestCase("t: { type: DATE }", "")]
    public async Task Run_ATableWithoutTimes_IsNotFresh(string column, string value)
    {
        _project.Csv("src", $"id,t\n1,{value}\n");
        _project.Pipeline($"pipeline: p\nsources: {{ src: {{ format: csv, path: data/src.csv, columns: {{ {column} }} }} }}\nsteps: {{ checked: {{ sql: \"SELECT id, t FROM src\", expect: {{ fresh: {{ column: t, freshness: 2h }} }} }} }}");
        Assert.That((await _project.RunAsync()).Failures.Single().Error.Code, Is.EqualTo("jobs.stale_empty"));
    }

    // A day is over when the next begins: at noon, yesterday's rows are twelve hours old.
    [TestCase("12h", true)]
    [TestCase("11h", false)]
    public async Task Run_ADate_IsAsOldAsItsEnd(string age, bool isFresh)
    {
        DateTimeOffset now = _project.Time.GetUtcNow();
        _project.Time.Advance(now.Date.AddDays(1).AddHours(11.9) - now.UtcDateTime);
        _project.Csv("src", $"id,t\n1,{_project.Time.GetUtcNow().AddDays(-1):yyyy-MM-dd}\n");
        _project.Pipeline($"pipeline: p\nsources: {{ src: {{ format: csv, path: data/src.csv }} }}\nsteps: {{ checked: {{ sql: \"SELECT id, t FROM src\", expect: {{ fresh: {{ column: t, freshness: {age} }} }} }} }}");
        Assert.That((await _project.RunAsync()).IsComplete, Is.EqualTo(isFresh));
    }

    [Test]
    public async Task Run_RulesOnTheTable_StandInTheRecordWithWhatTheyAsk()
    {
        Arrange("t: { column: id, type: BIGINT }, h: { row_count: { within: 12.5% } }, q: { no_rows: SELECT id FROM checked WHERE id < 0 }, n: { min_rows: 1 }");
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Single(step => step.Name == "checked").Rules.Select(rule => (rule.Text, rule.OnFailure, rule.BrokenRowCount)), Is.EqualTo(new (string, string, long?)[]
        {
            ("id is BIGINT", "fail", 0), ("rows within 12.5% of the median of the last 5 runs", "fail", 0), ("no row of SELECT id FROM checked WHERE id < 0", "fail", 0), ("at least 1 row", "fail", 0),
        }));
    }

    private void Rows(int count) => _project.Csv("src", "id,x\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"{i},a\n")));

    private void Arrange(string rules, string other = "SELECT 1 AS id")
    {
        if (!File.Exists(_project.Folder["data/src.csv"])) _project.Csv("src", "id,x\n1,a\n2,b\n");
        _project.Pipeline($$"""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              other: { sql: {{other}} }
              checked:
                sql: SELECT id, x FROM src
                expect: { {{rules}} }
            """);
    }
}

using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

[TestFixture]
internal sealed class RuleTests
{
    private ProjectFixture _project = null!;

    [SetUp]
    public void SetUp() => _project = new ProjectFixture();

    [TearDown]
    public async Task TearDown() => await _project.DisposeAsync();

    // Every kind of rule over the same rows: which rows go, and with what reason. NULL breaks nothing but not_null.
    [TestCase("{ sql: n > 0 }", "-1|r|n > 0 is false where n = -1", "0|r|n > 0 is false where n = 0")]
    [TestCase("{ sql: luhn_is_valid(CAST(n + 17 AS VARCHAR)) }", "-1|r|luhn_is_valid(CAST(n + 17 AS VARCHAR)) is false where n = -1", "0|r|luhn_is_valid(CAST(n + 17 AS VARCHAR)) is false where n = 0", Description = "a function of ours: 18 and 26 are such numbers")]
    [TestCase("{ sql: n > 0 OR word = 'no' }", "-1|r|n > 0 OR word = 'no' is false where n = -1, word = 'Bad'")]
    [TestCase("{ column: n, between: [0, 5] }", "-1|r|n -1 is not between 0 and 5", "9|r|n 9 is not between 0 and 5")]
    [TestCase("{ column: n, between: [-0.5, 8.99] }", "-1|r|n -1 is not between -0.5 and 8.99", "9|r|n 9 is not between -0.5 and 8.99")]
    [TestCase("{ column: word, in: [yes, no] }", "-1|r|word 'Bad' is none of yes, no")]
    [TestCase("{ column: n, in: [-1, 0, 1, 9] }")]
    [TestCase("{ column: n, in: [0, 1] }", "-1|r|n -1 is none of 0, 1", "9|r|n 9 is none of 0, 1")]
    [TestCase("{ column: word, matches: '[a-z]+' }", "-1|r|word 'Bad' does not match [a-z]+")]
    [TestCase("{ column: word, matches: 'ye' }", "-1|r|word 'Bad' does not match ye", "0|r|word 'no' does not match ye", "1|r|word 'yes' does not match ye", "9|r|word 'yes' does not match ye")]
    [TestCase("{ not_null: n }", "NULL|r|n is NULL")]
    [TestCase("{ not_null: [n, word] }", "NULL|r|n, word is NULL")]
    [TestCase("{ unique: word }", "1|r|word = 'yes' occurs more than once", "9|r|word = 'yes' occurs more than once")]
    [TestCase("{ unique: [n, word] }")]
    [TestCase("{ column: word, in: known.w }", "-1|r|word 'Bad' is not in known.w", "0|r|word 'no' is not in known.w")]
    [TestCase("{ column: day, between: [2001-01-02, 2001-01-03] }", "-1|r|day 2001-01-01 is not between 2001-01-02 and 2001-01-03")]
    public async Task Run_ARule_SendsTheRowsThatBreakItToQuarantine(string rule, params string[] expected)
    {
        Arrange($"r: {rule}");
        RunRecord run = await _project.RunWellAsync();
        StepRecord step = run.Steps.Single(step => step.Name == "checked");
        Assert.Multiple(async () =>
        {
            Assert.That(await _project.RowsAsync("checked__quarantine", "n", "__rules", "__reason"), Is.EqualTo(expected.Order(StringComparer.Ordinal)));
            Assert.That(await _project.RowsAsync("checked", "n"), Is.EquivalentTo(new[] { "-1", "0", "1", "9", "NULL" }.Except(expected.Select(row => row.Split('|')[0]))));
            Assert.That((step.RowsComputed, step.RowsOut, step.RowsQuarantined), Is.EqualTo((5L, 5L - expected.Length, (long)expected.Length)));
            Assert.That(step.Rules.Single(rule => rule.Name == "r").BrokenRowCount, Is.EqualTo(expected.Length));
        });
    }

    [Test]
    public async Task Run_ARowThatBreaksSeveralRules_ListsThemAll()
    {
        Arrange("low: { sql: n >= 0 }, lower: { column: word, matches: '[a-z]+' }, fine: { not_null: day }");
        RunRecord run = await _project.RunWellAsync();
        string source = (await _project.RowsAsync("checked__quarantine", "__source", "__run_id")).Single();
        Assert.Multiple(async () =>
        {
            Assert.That(await _project.RowsAsync("checked__quarantine", "n", "__rules", "__reason"), Is.EqualTo(new[] { "-1|low,lower|n >= 0 is false where n = -1; word 'Bad' does not match [a-z]+" }));
            Assert.That(source, Is.EqualTo($"src|{run.RunId}"));
            Assert.That(run.Steps.Single(step => step.Name == "checked").RowsQuarantined, Is.EqualTo(1));
        });
    }

    [Test]
    public async Task Run_ARuleThatWarns_KeepsTheRowsAndCountsThem()
    {
        Arrange("low: { sql: n >= 0, on_failure: warn }, lower: { column: word, matches: '[a-z]+' }, few: { max_rows: 3, on_failure: warn }, some: { min_rows: 4, on_failure: warn }, high: { sql: n < 9, on_failure: warn }");
        RunRecord run = await _project.RunWellAsync();
        StepRecord step = run.Steps.Single(step => step.Name == "checked");
        Assert.Multiple(async () =>
        {
            Assert.That(await _project.RowsAsync("checked", "n"), Is.EquivalentTo(new[] { "0", "1", "9", "NULL" }), "9 breaks a rule that only warns");
            Assert.That(await _project.RowsAsync("checked__quarantine", "n", "__rules"), Is.EqualTo(new[] { "-1|low,lower" }), "a bad row lists every rule that it broke");
            Assert.That(step.Rules.Select(rule => (rule.Name, rule.OnFailure, rule.BrokenRowCount)), Is.EqualTo(new (string, string, long?)[] { ("low", "warn", 1), ("lower", "quarantine", 1), ("high", "warn", 1), ("few", "warn", 1), ("some", "warn", 0) }));
        });
    }

    [TestCase("DOUBLE", "BIGINT", "9007199254740992", "9007199254740993", "r|n 7.0 is not in known.v")]
    [TestCase("BIGINT", "DOUBLE", "9007199254740992", "9007199254740992", "r|n 7 is not in known.v")]
    [TestCase("FLOAT", "DOUBLE", "0.5", "0.5", "r|n 7.0 is not in known.v")]
    [TestCase("FLOAT", "INTEGER", "16777216", "16777217", "r|n 7.0 is not in known.v")]
    [TestCase("DOUBLE", "DECIMAL(38, 2)", "9007199254740992.00", "9007199254740992.01", "r|n 7.0 is not in known.v")]
    [TestCase("DECIMAL(20, 2)", "BIGINT", "5", "5", "r|n 7.00 is not in known.v")]
    public async Task Run_ARelationWhoseKeysAreOneValueWhenCompared_LeavesEachRowOnce(string type, string otherType, string value, string sameWhenCompared, string refused)
    {
        _project.Csv("src", $"n\n{value}\n7\n");
        _project.Csv("known", $"v\n{value}\n{sameWhenCompared}\n");
        _project.Pipeline($$"""
            pipeline: p
            sources:
              src: { format: csv, path: data/src.csv, columns: { n: { type: "{{type}}" } } }
              known_src: { format: csv, path: data/known.csv, columns: { v: { type: "{{otherType}}" } } }
            steps:
              known: { sql: SELECT v FROM known_src }
              checked:
                sql: SELECT n FROM src
                expect: { r: { column: n, in: known.v } }
            """);
        StepRecord step = (await _project.RunWellAsync()).Steps.Single(step => step.Name == "checked");
        Assert.That((step.RowsComputed, step.RowsOut, step.RowsQuarantined), Is.EqualTo((2L, 1L, 1L)));
        Assert.That(await _project.RowsAsync("checked__quarantine", "__rules", "__reason"), Is.EqualTo(new[] { refused }));
    }

    [TestCase("{ sql: n > 0, on_failure: warn }", "{ sql: n > 0, on_failure: fail }")]
    [TestCase("{ min_rows: 6, on_failure: warn }", "{ min_rows: 6 }")]
    public async Task Run_ARuleThatWarnedAndNowFails_IsAskedAnew(string before, string after)
    {
        Arrange($"r: {before}");
        await _project.RunWellAsync();
        Arrange($"r: {after}");
        Assert.That((await _project.RunAsync()).FailureKind, Is.EqualTo(ErrorKind.DataRefused));
    }

    [TestCase("{ sql: n > 0, on_failure: fail }", "jobs.rule_broken", "2 of 5 rows")]
    [TestCase("{ column: word, in: known.w, on_failure: fail }", "jobs.rule_broken", "word 'Bad' is not in known.w")]
    [TestCase("{ unique: [word], on_failure: fail }", "jobs.rule_broken", "2 of 5 rows")]
    [TestCase("{ min_rows: 6 }", "jobs.row_count", "5 rows")]
    [TestCase("{ max_rows: 4 }", "jobs.row_count", "at most 4 rows")]
    public async Task Run_ARuleThatFails_WritesNothingAndRefusesTheData(string rule, string code, string text)
    {
        Arrange($"r: {rule}, other: {{ column: n, between: [0, 100] }}");
        if (rule.Contains("_rows", StringComparison.Ordinal)) Arrange($"r: {rule}");
        RunSummary summary = await _project.RunAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(summary.FailureKind, Is.EqualTo(ErrorKind.DataRefused));
            Assert.That(summary.Failures.Single().Error.Code, Is.EqualTo(code));
            Assert.That(summary.Failures.Single().Error.Message, Does.Contain(text).And.StartWith($"{_project.Folder.Path}/pipelines/p.yaml:10:"));
            Assert.That(await _project.SnapshotAsync("checked"), Is.Null);
            Assert.That(await _project.SnapshotAsync("checked__quarantine"), Is.Null);
            Assert.That(Directory.Exists(_project.Folder["lake/main/checked"]) ? Directory.GetFiles(_project.Folder["lake/main/checked"]) : [], Is.Empty, "nothing half-written is left");
        });
    }

    [Test]
    public async Task Run_RowCountRules_CountWhatIsLeft()
    {
        Arrange("r: { max_rows: 3 }, low: { sql: n > 0 }");
        Assert.That((await _project.RunWellAsync()).State, Is.EqualTo(RunState.Finished));
    }

    [Test]
    public async Task Run_ANullEventTime_IsQuarantined()
    {
        _project.Csv("src", "id,t\n1,2001-01-01T00:00:00Z\n2,\n");
        _project.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv, columns: { t: { type: TIMESTAMPTZ } } } }
            steps:
              events: { sql: "SELECT id, t FROM src", event_time: t }
            """);
        await _project.RunWellAsync();
        Assert.That(await _project.RowsAsync("events__quarantine", "id", "__rules", "__reason"), Is.EqualTo(new[] { "2|event_time_present|t is NULL" }));
        Assert.That(await _project.RowsAsync("events", "id"), Is.EqualTo(new[] { "1" }));
    }

    [TestCase("{ sql: nn > 0 }", "sql.unknown_column_suggest", 17)]
    [TestCase("{ sql: n + 1 }", "jobs.rule_not_boolean", 17)]
    [TestCase("{ sql: random() > 0.5 }", "jobs.not_pure", 17)]
    [TestCase("{ sql: 'n > 0) FROM checked WHERE (n > 0' }", "jobs.rule_not_expression", 18)]
    [TestCase("{ sql: 'count(*) > 5' }", "jobs.rule_aggregate", 18)]
    [TestCase("{ sql: 'max(n) > min(n)' }", "jobs.rule_aggregate", 18)]
    [TestCase("{ column: nn, between: [0, 1] }", "jobs.no_column_but", 20)]
    [TestCase("{ column: n, between: [0, many] }", "jobs.rule_value", 36)]
    [TestCase("{ column: n, between: [5, 1] }", "jobs.rule_bounds_swapped", 36)]
    [TestCase("{ column: n, matches: x }", "jobs.rule_needs_text", 20)]
    [TestCase("{ column: word, matches: '[a-z' }", "jobs.rule_pattern", 35)]
    [TestCase("{ column: n, in: known.w }", "jobs.rule_types", 27)]
    [TestCase("{ column: word, in: known.v }", "jobs.no_column", 30)]
    [TestCase("{ column: word, in: knwon.w }", "jobs.unknown_input_but", 30)]
    public void Run_ARuleThatDoesNotFit_IsRefusedWhereItStandsBeforeAnythingRuns(string rule, string code, int column)
    {
        Arrange($"r: {rule}");
        LeptonDataException refused = Assert.Catch<LeptonDataException>(() => _project.RunAsync().GetAwaiter().GetResult())!;
        Assert.Multiple(() =>
        {
            Assert.That(refused.Code, Is.EqualTo(code), refused.Message);
            Assert.That(refused.Place?.ToString(), Is.EqualTo($"{_project.Folder.Path}/pipelines/p.yaml:10:{column}"));
            Assert.That(_project.Lake.ListTables(), Is.Empty);
        });
    }

    private void Arrange(string rules)
    {
        _project.Csv("src", "n,word,day\n-1,Bad,2001-01-01\n0,no,2001-01-02\n1,yes,2001-01-03\n9,yes,2001-01-02\n,,2001-01-02\n");
        _project.Csv("known", "w\nyes\n\nmaybe\n");
        _project.Pipeline($$"""
            pipeline: p
            sources:
              src: { format: csv, path: data/src.csv }
              known_src: { format: csv, path: data/known.csv, header: true }
            steps:
              known: { sql: "SELECT w FROM known_src UNION ALL SELECT NULL" }
              checked:
                sql: SELECT n, word, day FROM src
                expect: {
                  {{rules}} }
            """);
    }
}

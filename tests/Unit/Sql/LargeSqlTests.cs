using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>SQL that is deep or long in every form: it is bound, or refused in one sentence that says where and what to do; the process lives.</summary>
internal sealed class LargeSqlTests
{
    private static readonly string[] s_deep = ["sql.too_deep", "sql.expression_too_large", "sql.too_many_columns", "sql.too_long"];

    // Of each form a text of any depth. Some are wrong in types from a depth on, which is found only where the depth is not.
    private static readonly Dictionary<string, Func<int, string>> s_forms = new()
    {
        ["parentheses"] = n => $"SELECT {Times("(", n)}1{Times(")", n)} AS a",
        ["tables in tables"] = n => $"{Times("SELECT * FROM (", n)}SELECT id FROM t{Times(")", n)}",
        ["values in values"] = n => $"SELECT {Times("(SELECT ", n)}1{Times(")", n)} AS a",
        ["exists"] = n => $"{Times("SELECT id FROM t WHERE EXISTS (", n)}SELECT id FROM t{Times(")", n)}",
        ["in a query"] = n => $"{Times("SELECT id FROM t WHERE id IN (", n)}SELECT id FROM t{Times(")", n)}",
        ["lateral"] = n => $"SELECT 1 AS a FROM t {Times(", LATERAL (SELECT id FROM t ", n)}{Times(")", n)}",
        ["common tables in common tables"] = n => $"{Times("WITH c AS (", n)}SELECT id FROM t{Times(") SELECT id FROM c", n)}",
        ["common tables one after the other"] = n => $"WITH c0 AS (SELECT id FROM t), {Join(", ", n, i => $"c{i + 1} AS (SELECT id FROM c{i})")} SELECT id FROM c{n}",
        ["unions"] = n => Join(" UNION ALL ", n, _ => "SELECT id FROM t"),
        ["unions in unions"] = n => $"{Times("SELECT id FROM t UNION ALL (", n)}SELECT id FROM t{Times(")", n)}",
        ["excepts"] = n => Join(" EXCEPT ", n, _ => "SELECT id FROM t"),
        ["selects in parentheses"] = n => $"{Times("(", n)}SELECT id FROM t{Times(")", n)}",
        ["joins"] = n => $"SELECT 1 AS a FROM {Times("(", n)}t{Times(" CROSS JOIN t)", n)}",
        ["pivots"] = n => $"{Times("SELECT * FROM (PIVOT (", n)}SELECT id FROM t{Times(") ON id IN (1) USING count(*))", n)}",
        ["calls"] = n => $"SELECT {Times("upper(", n)}'a'{Times(")", n)} AS a",
        ["windows"] = n => $"SELECT {Times("sum(", n)}id{Times(") OVER ()", n)} AS a FROM t",
        ["lambdas"] = n => $"SELECT {Times("list_transform([1], lambda x: ", n)}1{Times(")", n)} AS a",
        ["not"] = n => $"SELECT {Times("NOT ", n)}true AS a",
        ["minus"] = n => $"SELECT {Times("- ", n)}id AS a FROM t",
        ["cases in THEN"] = n => $"SELECT {Times("CASE WHEN true THEN ", n)}1{Times(" END", n)} AS a",
        ["cases in ELSE"] = n => $"SELECT {Times("CASE WHEN false THEN 0 ELSE ", n)}1{Times(" END", n)} AS a",
        ["lists"] = n => $"SELECT {Times("[", n)}1{Times("]", n)} AS a",
        ["structs"] = n => $"SELECT {Times("{'a': ", n)}1{Times("}", n)} AS a",
        ["types of lists"] = n => $"SELECT CAST(NULL AS INTEGER{Times("[]", n)}) AS a",
        ["types of structs"] = n => $"SELECT CAST(NULL AS {Times("STRUCT(a ", n)}INTEGER{Times(")", n)}) AS a",
        ["casts"] = n => $"SELECT id{Times("::INTEGER", n)} AS a FROM t",
        ["fields"] = n => $"SELECT id{Times(".a", n)} AS a FROM t",
        ["elements"] = n => $"SELECT id{Times("[1]", n)} AS a FROM t",
        ["is null"] = n => $"SELECT id {Times("IS NULL ", n)}AS a FROM t",
        ["between"] = n => $"SELECT {Times("true BETWEEN false AND (", n)}true{Times(")", n)} AS a",
        ["collations"] = n => $"SELECT 'a' {Times("COLLATE NOCASE ", n)}AS a",
        ["sums"] = n => $"SELECT {Join(" + ", n, _ => "id")} AS a FROM t",
        ["texts joined"] = n => $"SELECT {Join(" || ", n, _ => "'a'")} AS a",
        ["aliases of aliases"] = n => $"SELECT id AS a0, {Join(", ", n, i => $"a{i} + 1 AS a{i + 1}")} FROM t",
        ["conditions"] = n => $"SELECT id FROM t WHERE {Join(" AND ", n, i => $"id <> {i}")}",
        ["alternatives"] = n => $"SELECT id FROM t WHERE {Join(" OR ", n, i => $"(id = {i} AND id < 7)")}",
        ["in a list"] = n => $"SELECT id FROM t WHERE id IN ({Join(", ", n, i => $"{i}")})",
        ["columns"] = n => $"SELECT {Join(", ", n, i => $"id AS c{i}")} FROM t",
    };

    private SqlWorkbench _bench = null!;

    private static bool IsTorture => Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 };

    [OneTimeSetUp]
    public void Open() => _bench = new SqlWorkbench();

    [OneTimeTearDown]
    public void Close() => _bench.Dispose();

    [Test]
    public void Bind_TenThousandLevels_IsBoundOrRefusedClearly([ValueSource(nameof(Forms))] string form) => Try(form, 10_000, "");

    // Where the parser takes it, our walkers have to: on a thread with the stack that pools give.
    [Test]
    [Category("Torture")]
    public void Bind_AnyDepth_IsBoundOrRefusedClearly()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("LEPTON_SEED"), out int given) ? given : 20010621;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    for (int round = 0; round < (IsTorture ? 1_500 : 30); round++)
                        Try(Forms[random.Next(Forms.Length)], (int)Math.Exp(random.NextDouble() * Math.Log(IsTorture ? 12_000 : 2_500)), $", seed {seed}, round {round}");
                }
                catch (Exception error)
                {
                    failure = error;
                }
            },
            maxStackSize: 1536 << 10);
        thread.Start();
        thread.Join();
        Assert.That(failure, Is.Null);
    }

    [Test]
    public void Bind_ManyColumns_WorksUpToTheBoundAndIsRefusedAtTheFirstBeyond()
    {
        Assert.That(_bench.Bind(s_forms["columns"](2_000)).Schema.Count, Is.EqualTo(2_000));
        LeptonDataException refused = Assert.Throws<LeptonDataException>(() => _bench.Bind(s_forms["columns"](30_000)))!;
        Assert.That((refused.Code, refused.Place!.ColumnNumber), Is.EqualTo(("sql.too_many_columns", s_forms["columns"](10_001).LastIndexOf("id AS", StringComparison.Ordinal) + 1)));
    }

    [Test]
    public void Bind_AMegabyte_IsRefusedBeforeItIsParsed()
    {
        LeptonDataException refused = Assert.Throws<LeptonDataException>(() => _bench.Bind($"SELECT '{new string('x', 1_000_000)}' AS a"))!;
        Assert.That((refused.Code, refused.Arguments[0]), Is.EqualTo(("sql.too_long", 1_000_014)));
    }

    private static string[] Forms => [.. s_forms.Keys];

    private void Try(string form, int depth, string where)
    {
        try
        {
            Assert.That(_bench.Bind(s_forms[form](depth)).Schema.Count, Is.Positive);
        }
        catch (LeptonDataException error)
        {
            // What a form means may be wrong in types; ten thousand of it are refused for their number.
            Assert.That(error.Message, Does.Not.Contain("SET ").And.Not.Contain("memory exhausted").And.Not.Contain("   at "), $"{form} {depth}{where}");
            if (depth >= 10_000) Assert.That(error.Code, Is.AnyOf(s_deep), $"{form}{where}: {error.Message}");
            Assert.That(error.Place, Is.Not.Null, $"{form} {depth}{where}");
        }
    }

    private static string Times(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static string Join(string separator, int count, Func<int, string> part) => string.Join(separator, Enumerable.Range(0, count).Select(part));
}

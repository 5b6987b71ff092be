using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Sql.Growth;
using Lepton.Data.Sql.Printing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Sql;

/// <summary>
/// Revisions are what the rule says of them, window by window and delay by delay: the person's own text over the rows of one window that were known by then. And as rows come and go, the
/// windows that they touch, with those that came due, are enough.
/// </summary>
internal sealed class WindowRevisionTests
{
    private const string Columns = "id INTEGER, k VARCHAR, n BIGINT, ts TIMESTAMPTZ, c TIMESTAMPTZ";

    private static readonly TimeSpan[] s_delays = [TimeSpan.FromMinutes(15), TimeSpan.FromHours(2), TimeSpan.FromHours(5)];

    private SqlWorkbench _bench = null!;
    private Dictionary<string, Schema> _inputs = null!;

    [SetUp]
    public void Open()
    {
        _bench = new SqlWorkbench();
        var t = new Schema(Columns.Split(", ").Select(column => new Field(column.Split(' ')[0], DataType.Parse(column.Split(' ')[1]))));
        _inputs = new Dictionary<string, Schema>(SqlWorkbench.Inputs, StringComparer.OrdinalIgnoreCase) { ["t"] = t };
    }

    [TearDown]
    public void Close() => _bench.Dispose();

    [TestCase("SELECT time_bucket(INTERVAL 1 HOUR, ts) AS h, count(*) AS m, sum(n) AS s FROM t GROUP BY h", "h", "01:00:00", "TIMESTAMPTZ")]
    [TestCase("SELECT k, date_trunc('hour', ts) + INTERVAL 30 MINUTE AS h, max(n) AS m FROM t WHERE n > 0 GROUP BY ALL", "h", "02:00:00", "TIMESTAMPTZ")]
    [TestCase("SELECT CAST(ts AS DATE) AS h, count(*) AS m FROM t GROUP BY h", "h", "1.00:00:00", "DATE")]
    [TestCase("SELECT DISTINCT ts AS h, k FROM t", "h", "01:00:00", "TIMESTAMPTZ")]
    [TestCase("SELECT a.ts AS h, a.id, b.id AS other FROM t a JOIN t b ON a.ts = b.ts", "h", "01:00:00", "TIMESTAMPTZ")]
    [TestCase("SELECT ts AS h, id FROM t UNION ALL SELECT since, w FROM u", "h", "01:00:00", "TIMESTAMPTZ")]
    [TestCase("SELECT t.ts AS h, t.id, u.w FROM t LEFT JOIN u ON t.k = u.k", "h", "03:00:00", "TIMESTAMPTZ")]
    [TestCase("WITH g AS (SELECT time_bucket(INTERVAL 1 HOUR, ts) AS h, k, sum(n) AS s FROM t GROUP BY ALL) SELECT a.h, a.s, b.s AS s2 FROM g a JOIN g b ON a.h = b.h", "h", "01:00:00", "TIMESTAMPTZ")]
    public void Revisions_RowsComeAndGo_AreWhatTheRuleSays(string sql, string time, string width, string type)
    {
        BoundQuery query = _bench.Binder.Bind(new SqlText(sql), _inputs, AccessContext.Owner);
        WindowRevisions revisions = WindowRevisions.Prove(query, "t", time, TimeSpan.Parse(width, CultureInfo.InvariantCulture), "c", s_delays);
        var random = new Random(11);
        int columns = query.Schema.Count + 1, reused = 0, shared = 0, changed = 0, within = 0;
        RandomRows.Replace(_bench.Connection, random);
        _bench.Connection.Execute($"CREATE OR REPLACE TABLE t ({Columns})");
        _bench.Connection.Execute($"CREATE OR REPLACE TABLE changed ({Columns})");
        for (int round = 0; round < 14; round++)
        {
            string where = $"round {round}, seed 11";
            EventTime? before = Greatest();
            _bench.Connection.Execute($"CREATE OR REPLACE TABLE old AS {Print(revisions.Whole)}");
            _bench.Connection.Execute($"CREATE OR REPLACE TABLE old_late AS {Print(revisions.LateRows)}");
            Change(random, round);
            EventTime? now = Greatest();
            _bench.Connection.Execute($"CREATE OR REPLACE TABLE __touched AS {DuckDbPrinter.Print(revisions.Keyed.Touched, name => name == "t" ? "changed" : name)}");
            if (before != now) _bench.Connection.Execute($"CREATE OR REPLACE TABLE __touched AS FROM __touched UNION ({Print(revisions.Due(before, now))})");
            _bench.Connection.Execute("CREATE OR REPLACE TABLE __read AS FROM __touched");

            List<string> whole = _bench.Rows(Print(revisions.Whole), columns, false);
            Assert.That(whole, Is.EqualTo(Oracle(sql, query, time, width, type)), where);
            string kept = $"SELECT * FROM old WHERE {NotTouched(revisions.Keyed)}";
            Assert.That(_bench.Rows($"({kept}) UNION ALL ({Print(revisions.Revise(query, null, now))})", columns, false), Is.EqualTo(whole), where);
            List<string> late = _bench.Rows(Print(revisions.LateRows), 5, false);
            if (Stretch() is { } stretch)
            {
                Assert.That(_bench.Rows($"({kept}) UNION ALL ({Print(revisions.Revise(query, stretch, now))})", columns, false), Is.EqualTo(whole), $"{where}, by time first");
                Assert.That(_bench.Rows($"SELECT * FROM old WHERE NOT ({revisions.Keyed.Within(stretch)}) AND NOT ({NotTouched(revisions.Keyed)})", columns, false), Is.Empty, where);
                Assert.That(_bench.Rows($"SELECT * FROM old_late WHERE NOT ({revisions.Late.Within(stretch)}) AND NOT ({NotTouched(revisions.Late)})", 5, false), Is.Empty, where);
                within++;
            }
            string due = $"CAST(CAST(time_bucket(to_microseconds({Micros(width)}), CAST(ts AS {type})) AS {type}) AS TIMESTAMPTZ) + to_microseconds({Micros(width) + (long)s_delays[^1].TotalMicroseconds})";
            if (!sql.Contains("INTERVAL 30 MINUTE", StringComparison.Ordinal)) Assert.That(late, Is.EqualTo(_bench.Rows($"SELECT * FROM t WHERE ts IS NULL OR c IS NULL OR c > {due}", 5, false)), where);
            Assert.That(_bench.Rows($"(SELECT * FROM old_late WHERE {NotTouched(revisions.Late)}) UNION ALL ({Print(revisions.Late.Restricted)})", 5, false), Is.EqualTo(late), where);
            reused += _bench.Rows(kept, columns, false).Count;
            shared += late.Count;
            changed += whole.Count;
        }
        Assert.That((reused > 0, shared > 0, changed > 0, within > 0), Is.EqualTo((true, true, true, true)), "each has rows");
    }

    [Test]
    public void Prove_TheInputReadForTwoTimes_IsRefused()
    {
        BoundQuery query = _bench.Binder.Bind(new SqlText("SELECT ts AS h FROM t UNION ALL SELECT c FROM t"), _inputs, AccessContext.Owner);
        Assert.That(
            () => WindowRevisions.Prove(query, "t", "h", TimeSpan.FromHours(1), "c", s_delays),
            Throws.InstanceOf<LeptonDataException>().With.Property("Code").EqualTo("sql.not_grown").And.Message.Contains("t is read twice"));
    }

    [Test]
    public void Whole_Lineage_TellsThatCreatedTimesDecideAboutRows()
    {
        BoundQuery query = _bench.Binder.Bind(new SqlText("SELECT ts AS h, n FROM t"), _inputs, AccessContext.Owner);
        BoundQuery whole = WindowRevisions.Prove(query, "t", "h", TimeSpan.FromHours(1), "c", s_delays).Whole;
        Assert.Multiple(() =>
        {
            Assert.That(whole.Schema.Fields.Select(field => field.Name), Is.EqualTo(new[] { "h", "n", "c" }));
            Assert.That(whole.Lineage.Columns["n"].Values.Select(column => column.Column), Is.EqualTo(new[] { "n" }));
            Assert.That(whole.Lineage.Columns["n"].Influences.Select(column => column.Column), Does.Contain("c").And.Contain("ts"));
            Assert.That(whole.Lineage.Columns["c"].Values.Select(column => column.Column), Is.EqualTo(new[] { "ts" }));
        });
    }

    // For each window and each delay the text over the rows that it is about, in a table of their own.
    private List<string> Oracle(string sql, BoundQuery query, string time, string width, string type)
    {
        long size = Micros(width);
        string Bucket(string of) => $"CAST(CAST(time_bucket(to_microseconds({size}), CAST({of} AS {type})) AS {type}) AS TIMESTAMPTZ)";
        string moved = sql.Contains("INTERVAL 30 MINUTE", StringComparison.Ordinal) ? "date_trunc('hour', ts) + INTERVAL 30 MINUTE" : "ts";
        var rows = new List<string>();
        List<string> windows = _bench.Texts($"SELECT DISTINCT epoch_us({Bucket(moved)})::VARCHAR FROM t WHERE ts IS NOT NULL");
        _bench.Connection.Execute("CREATE OR REPLACE TABLE everything AS FROM t");
        foreach (long window in windows.Select(text => long.Parse(text, CultureInfo.InvariantCulture)))
        {
            string last = "-infinity";
            foreach (TimeSpan delay in s_delays)
            {
                string due = new EventTime(window + size + (long)delay.TotalMicroseconds).ToString();
                _bench.Connection.Execute($"CREATE OR REPLACE TABLE t AS SELECT * FROM everything WHERE epoch_us({Bucket(moved)}) = {window} AND c <= TIMESTAMPTZ '{due}'");
                bool hasNew = _bench.Connection.ReadValue<long>($"SELECT count(*) FROM t WHERE c > TIMESTAMPTZ '{last}'") > 0;
                bool isDue = _bench.Connection.ReadValue<long>($"SELECT count(*) FROM everything WHERE c >= TIMESTAMPTZ '{due}'") > 0;
                if (hasNew && isDue) rows.AddRange(_bench.Rows($"SELECT *, TIMESTAMPTZ '{due}' FROM ({SqlWorkbench.Print(query)}) WHERE epoch_us({Bucket(time)}) = {window}", query.Schema.Count + 1, false));
                last = due;
            }
        }
        _bench.Connection.Execute("CREATE OR REPLACE TABLE t AS FROM everything");
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    // Rows come with the hours, some late, some as their revision comes due; some go, and with them perhaps the newest.
    private void Change(Random random, int round)
    {
        _bench.Connection.Execute("DELETE FROM changed");
        if (random.Next(3) == 0) _bench.Connection.Execute($"INSERT INTO changed SELECT * FROM t WHERE id % 5 = {random.Next(5)}");
        if (random.Next(4) == 0) _bench.Connection.Execute("INSERT INTO changed SELECT * FROM t WHERE c >= (SELECT max(c) FROM t) - INTERVAL 2 HOUR");
        _bench.Connection.Execute("DELETE FROM t WHERE id IN (SELECT id FROM changed)");
        string Of(params string[] values) => values[random.Next(values.Length)];
        var rows = new List<string>();
        for (int i = random.Next(6); i >= 0; i--)
        {
            // The first ones lie before 1970.
            int seen = 60 * (round - 3) - random.Next(300);
            int known = random.Next(4) == 0 ? (int)Math.Floor(seen / 60.0) * 60 + 60 + (int)s_delays[random.Next(3)].TotalMinutes : seen + random.Next(-20, 500);
            string Time(int minutes) => $"TIMESTAMPTZ '1970-01-01 00:00:00+00' + to_minutes({minutes})";
            rows.Add($"({100 * round + i}, {Of("NULL", "'a'", "'b'")}, {Of("NULL", "-1", "2", "3")}, {(random.Next(12) == 0 ? "NULL" : Time(random.Next(3) == 0 ? seen / 30 * 30 : seen))}, {(random.Next(12) == 0 ? "NULL" : Time(known))})");
        }
        _bench.Connection.Execute($"CREATE OR REPLACE TABLE came AS FROM (VALUES {string.Join(", ", rows)}) AS v(id, k, n, ts, c)");
        _bench.Connection.Execute("INSERT INTO t FROM came");
        _bench.Connection.Execute("INSERT INTO changed FROM came");
    }

    private EventTime? Greatest()
        => _bench.Texts("SELECT coalesce(epoch_us(max(c))::VARCHAR, '') FROM t") is [{ Length: > 0 } text] ? new EventTime(long.Parse(text, CultureInfo.InvariantCulture)) : null;

    private (EventTime First, EventTime Last)? Stretch()
    {
        if (_bench.Rows("SELECT 1 FROM __read HAVING count(*) = count(__k0) AND count(*) > 0", 1, false).Count == 0) return null;
        EventTime At(string which) => new(_bench.Connection.ReadValue<long>($"SELECT epoch_us(CAST({which}(__k0) AS TIMESTAMPTZ)) FROM __read"));
        return (At("min"), At("max"));
    }

    private static string NotTouched(KeyedGrowth growth) => $"NOT EXISTS (SELECT 1 FROM __touched WHERE __k0 IS NOT DISTINCT FROM {growth.KeyOfRow[0]})";

    private static long Micros(string span) => (long)TimeSpan.Parse(span, CultureInfo.InvariantCulture).TotalMicroseconds;

    private static string Print(BoundQuery query) => DuckDbPrinter.Print(query, name => name);
}

using System.Globalization;
using System.Text;
using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Section 6, rule 7 of the design: windows with revisions, however the input came in.</summary>
internal sealed class RevisionRunTests
{
    private const string Sources = """
        pipeline: p
        sources:
          src: { format: csv, path: data/part-*.csv, columns: { id: { type: BIGINT }, seen: { type: TIMESTAMP, zone: UTC }, known: { type: TIMESTAMP, zone: UTC }, amount: { type: BIGINT } } }
        steps:
        """ + "\n";

    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1), s_day = TimeSpan.FromDays(1);
    private static readonly TimeSpan[] s_delays = [TimeSpan.FromMinutes(15), TimeSpan.FromHours(2), TimeSpan.FromHours(6)];

    private readonly Dictionary<string, List<Row>> _files = [];
    private ProjectFixture _project = null!;
    private int _fileCount;

    [SetUp]
    public void Arrange()
    {
        _project = new ProjectFixture();
        _files.Clear();
        _fileCount = 0;
    }

    [TearDown]
    public async Task End() => await _project.DisposeAsync();

    // Visits from 10 to 11, as they became known: the example of docs/incremental.md.
    [Test]
    public async Task Run_AWindowOfTwoRevisions_IsAsWorkedOutByHand()
    {
        _project.Pipeline(Sources + """
              visits:
                sql: SELECT * FROM src
                grows: append
              hourly:
                sql: SELECT date_trunc('hour', seen) AS hour, count(*) AS visits, sum(amount) AS amount FROM visits GROUP BY hour
                grows: { by_window: 1h, time: hour, emit: [15min, 6h], created_time: known }
            """);
        async Task<string[]> RunAsync(params string[] rows)
        {
            WriteText(string.Concat(rows.Select(row => row + "\n")));
            await _project.RunWellAsync();
            return await _project.RowsAsync("hourly", "hour", "visits", "amount", "known");
        }
        const string Hour = "2001-01-01T10:00:00.000000Z", First = "2001-01-01T11:15:00.000000Z", Second = "2001-01-01T17:00:00.000000Z";
        Assert.That(await RunAsync("1,2001-01-01 10:10:00,2001-01-01 10:11:00,5", "2,2001-01-01 10:50:00,2001-01-01 11:15:00,7"), Is.EqualTo(new[] { $"{Hour}|2|12|{First}" }), "known until 11:15 exactly");
        Assert.That(await RunAsync("3,2001-01-01 10:55:00,2001-01-01 12:00:00,1"), Is.EqualTo(new[] { $"{Hour}|2|12|{First}" }), "the second revision waits for 17:00");
        Assert.That(await RunAsync("4,2001-01-01 16:30:00,2001-01-01 17:00:00,9"), Is.EqualTo(new[] { $"{Hour}|2|12|{First}", $"{Hour}|3|13|{Second}" }), "due, and nothing of its window came");
        Assert.That(await _project.RowsAsync("hourly__late", "id"), Is.Empty);
        // A row that was known at 10:31 and comes only now changes both; one that became known after 17:00 is late.
        Assert.That(await RunAsync("5,2001-01-01 10:30:00,2001-01-01 10:31:00,10", "6,2001-01-01 10:40:00,2001-01-01 17:00:01,90"), Is.EqualTo(new[] { $"{Hour}|3|22|{First}", $"{Hour}|4|23|{Second}" }));
        Assert.That(await _project.RowsAsync("hourly__late"), Is.EqualTo(new[] { "6|2001-01-01T10:40:00.000000Z|2001-01-01T17:00:01.000000Z|90" }));
        RunRecord last = (await _project.RunAsync()).Runs.Single();
        Assert.Multiple(async () =>
        {
            Assert.That(last.Steps.Select(step => step.State), Is.All.EqualTo(StepState.Unchanged));
            Assert.That((last.Steps[1].RowsLate, last.Steps[1].LateVersion), Is.EqualTo((1L, 3L)));
            Assert.That((await _project.SnapshotAsync("hourly"))!.Schema.Find("known")!.Metadata[FieldMetadata.CreatedTimeKey], Is.EqualTo("true"));
        });
    }

    // `make torture` runs each seed twenty times as long.
    [Test]
    [Category("Torture")]
    public async Task Run_AnySplitOfTheInput_GivesTheRevisionsOfTheRule([Values(1, 2, 3)] int seed)
    {
        _project.Pipeline(Sources + """
              visits: { sql: SELECT * FROM src, grows: append }
              newest: { sql: "SELECT DISTINCT ON (id) * FROM visits ORDER BY id, amount DESC, seen, known", grows: { by_key: id } }
              hourly:
                sql: SELECT date_trunc('hour', seen) AS hour, count(*) AS visits, sum(amount) AS amount FROM newest GROUP BY hour
                grows: { by_window: 1h, time: hour, emit: [15min, 2h, 6h], created_time: known }
                expect: { few: { sql: visits < 4 } }
              daily:
                sql: SELECT CAST(seen AS DATE) AS day, max(amount) AS most FROM src GROUP BY day
                grows: { by_window: 1d, time: day, emit: 6h, created_time: known }
              rows:
                sql: SELECT seen, id FROM visits
                grows: { by_window: 1h, time: seen, emit: [15min, 2h, 6h], created_time: known, of: visits }
              missed: { sql: SELECT count(*) AS missed FROM hourly__late }
            """);
        var random = new Random(seed);
        _project.StepsAtOnce = 1 + seed % 3;
        int grown = 0, moved = 0;
        EventTime? before = null;
        int runCount = Environment.GetEnvironmentVariable("LEPTON_TORTURE") is { Length: > 0 } ? 200 : 10;
        for (int run = 0; run < runCount; run++)
        {
            string where = $"seed {seed}, run {run}";
            for (int i = random.Next(2); i >= 0; i--) Write([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Random(random, run))]);
            if (random.Next(5) == 0) Remove(_files.Keys.ElementAt(random.Next(_files.Count)));
            if (random.Next(6) == 0 && _files.Count > 0) Write([.. _files.Values.Last()]);
            RunRecord record = await _project.RunWellAsync(random.Next(5) == 0 ? ["+newest"] : []);
            if (record.Steps.Any(step => step.State == StepState.LeftOut)) continue;
            StepRecord hourly = record.Steps.Single(step => step.Name == "hourly");
            grown += record.Steps.Count(step => step is { Name: "hourly" or "daily" or "rows", Growth.FullBecause: null } and { State: StepState.Done });
            if (hourly.Growth is { FullBecause: null } growth && growth.KnownUntil != before) moved++;
            before = hourly.Growth?.KnownUntil ?? before;
            string[] hashes = await CheckAsync(where);
            if (random.Next(4) != 0 && run < runCount - 1) continue;
            await _project.RunAsync(isFullRefresh: true);
            Assert.That(await CheckAsync($"{where}, as a whole"), Is.EqualTo(hashes), $"{where}: content hashes");
        }
        Assert.That(grown, Is.GreaterThan(runCount), "steps grew");
        Assert.That(moved, Is.Positive, "revisions came due");
    }

    [Test]
    public async Task Run_KilledBetweenItsCommits_IsRepeatedAndGoesOn([Values(0, 1, 2)] int committed, [Values] bool hasRules, [Values] bool hasMore)
    {
        _project.Pipeline(Sources + """
              hourly:
                sql: SELECT date_trunc('hour', seen) AS hour, sum(amount) AS amount FROM src GROUP BY hour
                grows: { by_window: 1h, time: hour, emit: [15min, 2h, 6h], created_time: known }
            """ + (hasRules ? "\n    expect: { large: { sql: amount > 5 } }\n" : ""));
        Write([Row.At(1, 10, 10.1, 3), Row.At(2, 11, 11.1, 9), Row.At(3, 10, 20, 9)]);
        await _project.RunWellAsync();
        Write([Row.At(4, 11, 11.2, 9), Row.At(5, 12, 14, 2), Row.At(6, 11, 21, 9)]);
        await _project.RunWellAsync();
        // Quarantine, late rows, table: of the second run only the first ones were committed.
        string[] tables = hasRules ? ["hourly__quarantine", "hourly__late", "hourly"] : ["hourly__late", "hourly"];
        foreach (string table in tables.Skip(committed)) File.Delete(_project.Folder[$"lake/main/{table}/_delta_log/00000000000000000001.json"]);
        _project.Reopen();
        if (hasMore) Write([Row.At(7, 10, 10.2, 4), Row.At(8, 13, 22, 9), Row.At(9, 12, 22, 1)]);
        PlannedStep planned = (await _project.PlanAsync()).Single();
        bool isDead = committed > 0 && committed < tables.Length;
        if (hasMore || committed < tables.Length) Assert.That((planned.Reason, planned.Growth!.FullBecause), Is.EqualTo((isDead ? "interrupted" : "input:src", (string?)null)));
        await _project.RunWellAsync();
        string[] made = await HashesAsync(tables);
        Assert.That((await _project.RunAsync()).IsUnchanged, Is.True);
        await _project.RunAsync(isFullRefresh: true);
        Assert.That(made, Is.EqualTo(await HashesAsync(tables)));
    }

    // What the dead run laid beside its rows is not there any more, so that they cannot be told apart.
    [Test]
    public async Task Run_KilledBetweenItsCommitsAndTheQuarantineGone_IsDoneAsAWhole()
    {
        _project.Pipeline(Sources + """
              hourly:
                sql: SELECT date_trunc('hour', seen) AS hour, sum(amount) AS amount FROM src GROUP BY hour
                grows: { by_window: 1h, time: hour, emit: [15min, 2h, 6h], created_time: known }
                expect: { large: { sql: amount > 5 } }

            """);
        Write([Row.At(1, 10, 10.1, 3), Row.At(2, 11, 11.1, 9), Row.At(3, 10, 20, 9)]);
        await _project.RunWellAsync();
        Write([Row.At(4, 11, 11.2, 9), Row.At(5, 12, 14, 2), Row.At(6, 11, 21, 9)]);
        await _project.RunWellAsync();
        File.Delete(_project.Folder["lake/main/hourly/_delta_log/00000000000000000001.json"]);
        Directory.Delete(_project.Folder["lake/main/hourly__quarantine"], recursive: true);
        _project.Reopen();
        Assert.That((await _project.PlanAsync()).Single().Growth!.FullBecause, Is.EqualTo("interrupted"));
        await _project.RunWellAsync();
        string[] tables = ["hourly__quarantine", "hourly__late", "hourly"], made = await HashesAsync(tables);
        await _project.RunAsync(isFullRefresh: true);
        Assert.That(made, Is.EqualTo(await HashesAsync(tables)));
    }

    [Test]
    public async Task Run_RevisionsAreTakenOut_TheLateRowsGo()
    {
        string step = "  hourly:\n    sql: SELECT date_trunc('hour', seen) AS hour, sum(amount) AS amount FROM src GROUP BY hour\n    grows: { by_window: 1h, time: hour";
        _project.Pipeline(Sources + step + ", emit: 6h, created_time: known }\n");
        Write([Row.At(1, 10, 10.1, 3), Row.At(2, 10, 19, 9)]);
        await _project.RunWellAsync();
        Assert.That((await _project.RowsAsync("hourly__late", "id"), (await _project.RowsAsync("hourly", "amount")).Single()), Is.EqualTo((new[] { "2" }, "3")));
        _project.Pipeline(Sources + step + " }\n");
        await _project.RunWellAsync();
        Assert.That((await _project.RowsAsync("hourly__late", "id"), (await _project.RowsAsync("hourly", "amount")).Single()), Is.EqualTo((Array.Empty<string>(), "12")));
    }

    // No row waits for the year 9999.
    [Test]
    public async Task Run_ACreatedTimeThatStandsForUnknown_IsRefusedAndSaysWhatToDo()
    {
        _project.Pipeline(Sources + "  rows: { sql: SELECT seen FROM src, grows: { by_window: 1h, time: seen, emit: 6h, created_time: known } }\n");
        WriteText("1,2001-01-01 10:10:00,9999-12-31 00:00:00,5\n");
        LeptonDataException refused = (await _project.RunAsync()).Failures.Single().Error;
        Assert.That((refused.Code, refused.Kind), Is.EqualTo(("jobs.emit_far", ErrorKind.DataRefused)));
        Assert.That(refused.Place, Is.Not.Null);
    }

    [TestCase("SELECT seen FROM src", "emit: 6h", "schemas.key_needs", "created_time")]
    [TestCase("SELECT seen FROM src", "created_time: known", "schemas.key_needs", "emit")]
    [TestCase("SELECT seen FROM src", "emit: 6h, created_time: knwn", "jobs.no_column_but", "known")]
    [TestCase("SELECT seen FROM src", "emit: 6h, created_time: amount", "jobs.emit_time", "BIGINT")]
    [TestCase("SELECT seen, known FROM src", "emit: 6h, created_time: known", "jobs.emit_twice", "known")]
    [TestCase("SELECT seen FROM src", "emit: 0h, created_time: known", "jobs.emit_order", "longer than 0")]
    [TestCase("SELECT seen FROM src", "emit: [6h, 15min], created_time: known", "jobs.emit_order", "in order")]
    [TestCase("SELECT seen FROM src", "emit: [6h, 6h], created_time: known", "jobs.emit_order", "in order")]
    [TestCase("SELECT seen FROM src", "emit: 4000d, created_time: known", "jobs.emit_order", "3660 days")]
    [TestCase("SELECT seen FROM src", "emit: [1h,2h,3h,4h,5h,6h,7h,8h,9h,10h,11h,12h,13h,14h,15h,16h,17h], created_time: known", "jobs.emit_count", "16")]
    [TestCase("SELECT seen FROM src", "emit: 6h, created_time: known, lookback: 1h", "jobs.emit_lookback", "lookback")]
    [TestCase("SELECT seen FROM src LIMIT 3", "emit: 6h, created_time: known", "jobs.grows_not", "LIMIT")]
    [TestCase("SELECT seen FROM src\n    created_time: seen", "emit: 6h, created_time: known", "jobs.emit_created_twice", "known")]
    [TestCase("SELECT s.seen FROM src s, x__late l", "emit: 6h, created_time: known", "jobs.grows_which", "x__late")]
    public async Task Run_RevisionsThatCannotBe_AreRefusedBeforeAnythingRuns(string sql, string more, string code, string part)
    {
        WriteText("1,2001-01-01 10:10:00,2001-01-01 10:11:00,5\n");
        _project.Pipeline(Sources + (part == "x__late" ? "  x: { sql: SELECT seen FROM src, grows: { by_window: 1h, time: seen, emit: 6h, created_time: known } }\n" : "") + $"  y:\n    sql: {sql}\n    grows: {{ by_window: 1h, time: seen, {more} }}\n");
        LeptonDataException? refused = null;
        try
        {
            await _project.RunAsync();
        }
        catch (LeptonDataException refusal)
        {
            refused = refusal;
        }
        Assert.That(refused, Is.Not.Null, "it ran");
        Assert.That((refused!.Code, refused.Message), Is.EqualTo((code, refused.Message)));
        Assert.That(refused.Message, Does.Contain(part));
        Assert.That(refused.Place, Is.Not.Null);
    }

    [Test]
    public async Task Run_LateRowsOfAStepWithoutRevisions_AreAnUnknownTable()
    {
        WriteText("1,2001-01-01 10:10:00,2001-01-01 10:11:00,5\n");
        _project.Pipeline(Sources + "  x: { sql: SELECT seen FROM src }\n  y: { sql: SELECT * FROM x__late }\n");
        Assert.That(async () => await _project.RunAsync(), Throws.InstanceOf<LeptonDataException>().With.Property("Code").StartsWith("jobs.unknown_input"));
    }

    private async Task<string[]> CheckAsync(string where)
    {
        List<Row> all = [.. _files.Values.SelectMany(rows => rows)];
        List<Row> newest = [.. all.GroupBy(row => row.Id).Select(same => same.OrderByDescending(row => row.Amount).ThenBy(row => row.Seen ?? DateTime.MaxValue).ThenBy(row => row.Known ?? DateTime.MaxValue).First())];
        // The rule quarantines revisions of four visits and more.
        string[] hourly = [.. Revisions(newest, s_hour, s_delays).Select(r => (Text: $"{Text(r.Window)}|{r.Rows.Count}|{r.Rows.Sum(row => row.Amount)}|{Text(r.Due)}", r.Rows.Count)).Where(r => r.Count < 4).Select(r => r.Text).Order(StringComparer.Ordinal)];
        string[] refused = [.. Revisions(newest, s_hour, s_delays).Where(r => r.Rows.Count >= 4).Select(r => $"{Text(r.Window)}|{r.Rows.Count}|{Text(r.Due)}").Order(StringComparer.Ordinal)];
        string[] daily = [.. Revisions(all, s_day, s_delays[2..]).Select(r => $"{Convert.ToString(DateOnly.FromDateTime(r.Window), CultureInfo.InvariantCulture)}|{r.Rows.Max(row => row.Amount)}|{Text(r.Due)}").Order(StringComparer.Ordinal)];
        string[] rows = [.. Revisions(all, s_hour, s_delays).SelectMany(r => r.Rows.Select(row => $"{Text(row.Seen!.Value)}|{row.Id}|{Text(r.Due)}")).Order(StringComparer.Ordinal)];
        Assert.That(await _project.RowsAsync("hourly", "hour", "visits", "amount", "known"), Is.EqualTo(hourly), $"hourly: {where}");
        Assert.That(await _project.RowsAsync("hourly__quarantine", "hour", "visits", "known"), Is.EqualTo(refused), $"hourly__quarantine: {where}");
        Assert.That(await _project.RowsAsync("daily", "day", "most", "known"), Is.EqualTo(daily), $"daily: {where}");
        Assert.That(await _project.RowsAsync("rows", "seen", "id", "known"), Is.EqualTo(rows), $"rows: {where}");
        Assert.That(await _project.RowsAsync("hourly__late", "id", "seen", "known", "amount"), Is.EqualTo(Late(newest, s_hour)), $"hourly__late: {where}");
        Assert.That(await _project.RowsAsync("daily__late", "id", "seen", "known", "amount"), Is.EqualTo(Late(all, s_day)), $"daily__late: {where}");
        Assert.That(await _project.RowsAsync("rows__late", "id", "seen", "known", "amount"), Is.EqualTo(Late(all, s_hour)), $"rows__late: {where}");
        Assert.That(await _project.RowsAsync("missed"), Is.EqualTo(new[] { Late(newest, s_hour).Length.ToString(CultureInfo.InvariantCulture) }), $"missed: {where}");
        return await HashesAsync("hourly", "hourly__quarantine", "hourly__late", "daily", "daily__late", "rows", "rows__late");
    }

    private async Task<string[]> HashesAsync(params string[] tables)
    {
        var hashes = new List<string>();
        foreach (string table in tables) hashes.Add($"{table} {(await _project.SnapshotAsync(table))!.ContentHash}");
        return [.. hashes];
    }

    // The rule, word by word.
    private static List<(DateTime Window, DateTime Due, List<Row> Rows)> Revisions(List<Row> rows, TimeSpan width, TimeSpan[] delays)
    {
        var revisions = new List<(DateTime, DateTime, List<Row>)>();
        DateTime? greatest = rows.Max(row => row.Known);
        foreach (DateTime window in rows.Where(row => row.Seen is not null).Select(row => WindowOf(row, width)).Distinct())
        {
            int before = 0;
            foreach (TimeSpan delay in delays)
            {
                DateTime due = window + width + delay;
                List<Row> known = [.. rows.Where(row => row.Seen is not null && WindowOf(row, width) == window && row.Known <= due)];
                if (known.Count > before && greatest >= due) revisions.Add((window, due, known));
                before = known.Count;
            }
        }
        return revisions;
    }

    private static string[] Late(List<Row> rows, TimeSpan width)
        => [.. rows.Where(row => row.Seen is null || row.Known is null || row.Known > WindowOf(row, width) + width + s_delays[^1]).Select(row => $"{row.Id}|{Text(row.Seen)}|{Text(row.Known)}|{row.Amount}").Order(StringComparer.Ordinal)];

    private static DateTime WindowOf(Row row, TimeSpan width)
    {
        DateTime start = DateTime.MinValue;
        return start + width * Math.Floor((row.Seen!.Value - start) / width);
    }

    // Hours that go on from run to run, over the beginning of 1970; late rows, some just in time.
    private static Row Random(Random random, int run)
    {
        DateTime seen = DateTime.UnixEpoch.AddMinutes(60 * (run - 4) - random.Next(300));
        DateTime due = WindowOf(new Row(0, seen, null, 0), s_hour) + s_hour + s_delays[random.Next(3)];
        DateTime known = random.Next(4) switch { 0 => due, 1 => due.AddSeconds(1), _ => seen.AddMinutes(random.Next(-30, 500)) };
        return new Row(random.Next(60), random.Next(12) == 0 ? null : seen, random.Next(12) == 0 ? null : known, random.Next(1, 9));
    }

    private void Write(List<Row> rows)
    {
        _files.Add($"data/part-{_fileCount + 1}.csv", rows);
        static string Csv(DateTime? time) => time?.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
        var text = new StringBuilder();
        foreach (Row row in rows) text.Append(CultureInfo.InvariantCulture, $"{row.Id},{Csv(row.Seen)},{Csv(row.Known)},{row.Amount}\n");
        WriteText(text.ToString());
    }

    private void WriteText(string rows) => _project.Csv($"part-{++_fileCount}", $"id,seen,known,amount\n{rows}");

    private void Remove(string file)
    {
        if (_files.Count < 2) return;
        File.Delete(_project.Folder[file]);
        _files.Remove(file);
    }

    private static string Text(DateTime? time) => time is { } at ? EventTime.FromDateTimeOffset(new DateTimeOffset(at, TimeSpan.Zero)).ToString() : "NULL";

    private sealed record Row(long Id, DateTime? Seen, DateTime? Known, long Amount)
    {
        /// <summary>Of one day, in hours.</summary>
        internal static Row At(long id, double seen, double known, long amount) => new(id, new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddHours(seen), new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddHours(known), amount);
    }
}

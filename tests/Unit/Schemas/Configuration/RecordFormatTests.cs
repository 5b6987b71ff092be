using System.Globalization;
using System.Text;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas.Configuration;

public sealed class RecordFormatTests
{
    private static readonly CultureInfo s_chinese = CultureInfo.GetCultureInfo("zh-CN");

    internal enum Action
    {
        Keep,
        Drop,
    }

    internal sealed record Column(string Name, DataType? Type)
    {
        internal static RecordFormat<Column> Format { get; } = RecordFormat.Declare<Column>(new("column", "列"), "A column.", "一列。", format =>
        {
            Property<string> name = format.Required("name", Kinds.Text, "Its name.", "列名。");
            Property<DataType> type = format.Optional("type", Kinds.Type, "Its type.", "类型。");
            return values => new Column(values.Get(name), values.Find(type));
        });
    }

    internal sealed record Job(
        string Name, TimeSpan Every, TimeSpan? Timeout, long? Memory, bool Quiet, Action OnFailure, EquatableList<string> Keys, EquatableList<Entry<Column>> Columns,
        Located<string>? Note, TextWithPlace? Sql, TableName? Table, EventTime? Since, double? Share, long? Count)
    {
        internal static RecordFormat<Job> Format { get; } = RecordFormat.Declare<Job>(new("job", "作业"), "Work to be done | often.", "要做的工作。", format =>
        {
            Property<string> name = format.Required("job", Kinds.Name, "Its name.", "名称。");
            Property<TimeSpan> every = format.Optional("every", Kinds.Duration, "1d", "How often.", "频率。");
            Property<TimeSpan> timeout = format.Optional("timeout", Kinds.Duration, "How long at most.", "最长时间。");
            Property<long> memory = format.Optional("memory", Kinds.ByteSize, "How much it may hold.", "内存上限。");
            Property<bool> quiet = format.Optional("quiet", Kinds.Boolean, "false", "Whether it says nothing.", "是否安静。");
            Property<Action> onFailure = format.Optional("on_failure", Kinds.Choice(("keep", Action.Keep), ("drop", Action.Drop)), "keep", "What then.", "失败时怎么办。");
            Property<EquatableList<string>> keys = format.Optional("keys", Kinds.OneOrMore(Kinds.Text), "[id, b]", "The keys.", "键。");
            Property<EquatableList<Entry<Column>>> columns = format.Optional(
                "columns", Kinds.MapByText(Column.Format.Or(Kinds.Text.Select(text => new Column(text, null)))), "{}", "The columns.", "列。");
            Property<Located<string>> note = format.Optional("note", Kinds.Text.WithPlace(), "Anything.", "备注。");
            Property<TextWithPlace> sql = format.Optional("sql", Kinds.Sql, "The query.", "查询。");
            Property<TableName> table = format.Optional("table", Kinds.Table, "The table.", "表。");
            Property<EventTime> since = format.Optional("since", Kinds.Instant, "From when on.", "起始时间。");
            Property<double> share = format.Optional("share", Kinds.Number(0, 1), "A share.", "比例。");
            Property<long> count = format.Optional("count", Kinds.Integer(1, 9), "A count.", "数量。");
            format.AtMostOne(sql, table);
            format.Needs(timeout, memory);
            return values =>
            {
                if (values.Find(share) is 0.5) throw values.Error(share, "schemas.bad_name", "half");
                return new Job(
                    values.Get(name), values.Get(every), values.Find(timeout), values.Find(memory), values.Get(quiet), values.Get(onFailure), values.Get(keys), values.Get(columns),
                    values.Find(note), values.Find(sql), values.Find(table), values.Find(since), values.Find(share), values.Find(count));
            };
        });
    }

    [Test]
    public void Read_AllKeys_GivesTheRecord()
    {
        Job job = Read("""
            job: nightly
            every: 15min
            timeout: 90s
            memory: 1.5KiB
            quiet: true
            on_failure: drop
            keys: only
            columns:
              b: { name: bee, type: "decimal(18, 2)" }
              a: short
            note: here
            table: raw.flights
            since: 2001-05-01
            share: 0.25
            count: 9
            """);
        Assert.Multiple(() =>
        {
            Assert.That((job.Name, job.Every, job.Timeout, job.Memory, job.Quiet, job.OnFailure), Is.EqualTo(("nightly", TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(90), 1536L, true, Action.Drop)));
            Assert.That(job.Keys, Is.EqualTo(new[] { "only" }));
            Assert.That(job.Columns.Select(entry => (entry.Name, entry.Place.LineNumber, entry.Value)), Is.EqualTo(new[] { ("b", 9, new Column("bee", DataType.Decimal(18, 2))), ("a", 10, new Column("short", null)) }));
            Assert.That(job.Note, Is.EqualTo(new Located<string>("here", new SourcePlace("job.yaml", 11, 7))));
            Assert.That((job.Table?.ToString(), job.Since?.ToString(), job.Share, job.Count), Is.EqualTo(("raw.flights", "2001-05-01T00:00:00.000000Z", 0.25, 9L)));
        });
    }

    [Test]
    public void Read_OnlyWhatIsRequired_FillsInTheDefaults()
    {
        Job job = Read("job: nightly");
        Assert.Multiple(() =>
        {
            Assert.That((job.Every, job.Timeout, job.Quiet, job.OnFailure, job.Note, job.Since), Is.EqualTo((TimeSpan.FromDays(1), default(TimeSpan?), false, Action.Keep, default(Located<string>?), default(EventTime?))));
            Assert.That(job.Keys, Is.EqualTo(new[] { "id", "b" }));
            Assert.That(job.Columns, Is.Empty);
        });
    }

    [TestCase("jop: x", "job.yaml:1:1: 'jop' is not a key of a job; did you mean 'job'?")]
    [TestCase("job: x\nwhatever: x", "job.yaml:2:1: 'whatever' is not a key of a job; it takes job, every, timeout, memory, quiet, on_failure, keys, columns, note, sql, table, since, share, count.")]
    [TestCase("every: 1d", "job.yaml:1:1: This job lacks the key 'job'; add it with a name.")]
    [TestCase("[a]", "job.yaml:1:1: Expected a job with job, found a list; correct the value.")]
    [TestCase("job:", "job.yaml:1:5: Expected a name, found nothing; correct the value.")]
    [TestCase("job: X", "job.yaml:1:6: 'X' is not a name for a table, step or view; use lower-case letters, digits and single underscores, beginning with a letter.")]
    [TestCase("job: x\nevery: 5 m", "job.yaml:2:8: Expected a duration such as 90s, 15min, 6h or 7d, found '5 m'; correct the value.")]
    [TestCase("job: x\nquiet: yes", "job.yaml:2:8: Expected true or false, found 'yes'; correct the value.")]
    [TestCase("job: x\non_failure: dorp", "job.yaml:2:13: 'dorp' is not allowed here; did you mean 'drop'?")]
    [TestCase("job: x\non_failure: explode", "job.yaml:2:13: 'explode' is not allowed here; write keep or drop.")]
    [TestCase("job: x\nkeys: {a: b}", "job.yaml:2:7: Expected a list, each item a text, or a text, found a map of keys; correct the value.")]
    [TestCase("job: x\nkeys: []", "job.yaml:2:7: At least 1 entries are needed and there are 0; add some.")]
    [TestCase("job: x\nkeys: [a, [b]]", "job.yaml:2:11: Expected a text, found a list; correct the value.")]
    [TestCase("job: x\ncolumns: {a: {name: b, typ: INT}}", "job.yaml:2:24: 'typ' is not a key of a column; did you mean 'type'?")]
    [TestCase("job: x\ncolumns: {a: {name: b, type: INTT}}", "job.yaml:2:30: 'INTT' is not a type; did you mean 'INT'?")]
    [TestCase("job: x\nsql: SELECT 1\ntable: t", "job.yaml:3:1: 'table' cannot stand beside 'sql'; keep one of sql, table.")]
    [TestCase("job: x\ntimeout: 1s", "job.yaml:2:1: 'timeout' needs 'memory' beside it; add it.")]
    [TestCase("job: x\nsql: SELECT 1\n  -- all\n  FROM t", "job.yaml:2:6: SQL over several lines must be a literal block, so that its comments and line numbers stay; write `|` behind the key and the SQL below, indented.")]
    [TestCase("job: x\nsql: ' '", "job.yaml:2:6: Expected SQL, found nothing; correct the value.")]
    [TestCase("job: x\nsince: 2001-05-01T12:00:00", "job.yaml:2:8: Expected a date such as 2001-05-01, or a time with its zone such as 2001-05-01T12:00:00Z, found '2001-05-01T12:00:00'; correct the value.")]
    [TestCase("job: x\nshare: 1.5", "job.yaml:2:8: Expected a number from 0 to 1, found '1.5'; correct the value.")]
    [TestCase("job: x\nshare: NaN", "job.yaml:2:8: Expected a number from 0 to 1, found 'NaN'; correct the value.")]
    [TestCase("job: x\ncount: 10", "job.yaml:2:8: Expected a whole number from 1 to 9, found '10'; correct the value.")]
    [TestCase("job: x\nshare: 0.5", "job.yaml:2:8: 'half' is not a name for a table, step or view; use lower-case letters, digits and single underscores, beginning with a letter.")]
    public void Read_Mistake_IsOneLineWithPlaceAndRemedy(string yaml, string expected)
    {
        LeptonDataException failure = Assert.Throws<LeptonDataException>(() => Read(yaml))!;
        Assert.That(failure.Message, Is.EqualTo(expected));
        Assert.That(failure.MessageIn(s_chinese), Does.Match(@"^job\.yaml:\d+:\d+: .*\p{IsCJKUnifiedIdeographs}"));
    }

    [Test]
    public void Message_InChinese_SaysTheExpectedFormInChinese()
    {
        LeptonDataException failure = Assert.Throws<LeptonDataException>(() => Read("job: x\nevery: [1]"))!;
        Assert.That(failure.MessageIn(s_chinese), Is.EqualTo("job.yaml:2:8: 此处应为时长，如 90s、15min、6h 或 7d，实际为列表；请改正该值。"));
    }

    [TestCase("jop: x", "job.yaml:1:1: 作业没有键“jop”；是否想写“job”？")]
    [TestCase("every: 1d", "job.yaml:1:1: 此作业缺少键“job”；请补上，其值为名称。")]
    [TestCase("[a]", "job.yaml:1:1: 此处应为作业（键：job），实际为列表；请改正该值。")]
    public void Message_InChinese_CallsTheRecordByItsChineseName(string yaml, string expected)
        => Assert.That(Assert.Throws<LeptonDataException>(() => Read(yaml))!.MessageIn(s_chinese), Is.EqualTo(expected));

    [Test]
    public void Get_OfAKeyThatMayBeAbsent_IsTheCallersMistake()
    {
        RecordFormat<string> format = RecordFormat.Declare<string>(new("x", "某"), "X.", "某。", declare =>
        {
            Property<string> a = declare.Optional("a", Kinds.Text, "A.", "甲。");
            return values => values.Get(a);
        });
        Assert.That(() => format.Read("{}"u8, "x.yaml"), Throws.InvalidOperationException);
    }

    [Test]
    public void Declare_DefaultThatItsKindRefuses_IsTheCallersMistake()
        => Assert.That(
            () => RecordFormat.Declare<TimeSpan>(new("x", "某"), "X.", "某。", format =>
            {
                Property<TimeSpan> a = format.Optional("a", Kinds.Duration, "soon", "A.", "甲。");
                return values => values.Get(a);
            }),
            Throws.ArgumentException.With.Message.Contains("'a'").And.Message.Contains("'soon'"));

    [Test]
    public void ToJsonSchema_OfNestedRecords_SaysKeysTypesAndRules()
    {
        using JsonDocument document = JsonDocument.Parse(Job.Format.ToJsonSchema(CultureInfo.InvariantCulture));
        JsonElement root = document.RootElement;
        JsonElement properties = root.GetProperty("properties");
        Assert.Multiple(() =>
        {
            Assert.That(root.GetProperty("$schema").GetString(), Is.EqualTo("https://json-schema.org/draft/2020-12/schema"));
            Assert.That(root.GetProperty("additionalProperties").GetBoolean(), Is.False);
            Assert.That(root.GetProperty("required").EnumerateArray().Select(key => key.GetString()), Is.EqualTo(new[] { "job" }));
            Assert.That(properties.EnumerateObject().Select(property => property.Name), Is.EqualTo(Job.Format.Properties.Select(property => property.Key)));
            Assert.That(properties.GetProperty("on_failure").GetProperty("enum").GetArrayLength(), Is.EqualTo(2));
            Assert.That(properties.GetProperty("every").GetProperty("default").GetString(), Is.EqualTo("1d"));
            Assert.That(properties.GetProperty("columns").GetProperty("additionalProperties").GetProperty("anyOf")[0].GetProperty("$ref").GetString(), Is.EqualTo("#/$defs/column"));
            Assert.That(root.GetProperty("$defs").GetProperty("column").GetProperty("properties").GetProperty("type").GetProperty("description").GetString(), Is.EqualTo("Its type."));
            Assert.That(root.GetProperty("allOf").GetArrayLength(), Is.EqualTo(2));
            Assert.That(Job.Format.ToJsonSchema(s_chinese), Does.Contain("最长时间。"));
        });
    }

    [Test]
    public void ToMarkdown_OfNestedRecords_IsATableForEach()
    {
        string[] lines = Job.Format.ToMarkdown(CultureInfo.InvariantCulture).Split('\n');
        Assert.Multiple(() =>
        {
            Assert.That(lines.Take(7), Is.EqualTo(new[]
            {
                "### job", "", "Work to be done | often.", "", "| key | value | default | meaning |", "| --- | --- | --- | --- |", "| `job` | a name | required | Its name. |",
            }));
            Assert.That(lines, Does.Contain("| `every` | a duration such as 90s, 15min, 6h or 7d | `1d` | How often. |"));
            Assert.That(lines, Does.Contain("At most one of `sql`, `table` is given."));
            Assert.That(lines, Does.Contain("### column"));
            Assert.That(Job.Format.ToMarkdown(s_chinese), Does.Contain("| 键 | 取值 | 默认值 | 含义 |").And.Contains("`sql`, `table` 中最多给出一个。"));
        });
    }

    private static Job Read(string yaml) => Job.Format.Read(Encoding.UTF8.GetBytes(yaml), "job.yaml");
}

using System.Text.Json;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary><c>lepton run --sample</c>: a part of the rows, into a lake of its own.</summary>
[TestFixture]
internal sealed class SampleRunTests
{
    private const string Pipeline = """
        pipeline: events
        sources:
          events_raw: { format: csv, path: data/events.csv }
          kinds_raw: { format: csv, path: data/kinds.csv }
        steps:
          kinds: { sql: SELECT kind FROM kinds_raw }
          events:
            sql: SELECT id, kind FROM events_raw
            expect:
              kind_known: { column: kind, in: kinds.kind }
              many: { min_rows: 100000, on_failure: fail }
          by_kind:
            sql: SELECT kind, count(*) AS n FROM events GROUP BY kind
            grows: { by_key: kind }
          alone: { sql: SELECT count(*) AS n FROM kinds }

        """;

    private TestFolder _folder = null!;

    [SetUp]
    public void WriteTheProject()
    {
        _folder = new TestFolder().Write("lepton.yaml", "project: events\nlake: lake\n").Write("pipelines/events.yaml", Pipeline).Write("data/kinds.csv", "kind\n" + string.Concat(Enumerable.Range(0, 10).Select(i => $"k{i}\n")));
        _folder.Write("data/events.csv", "id,kind\n" + string.Concat(Enumerable.Range(0, 150_000).Select(i => $"{i},k{i % 10}\n")));
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Sample_OfAProjectThatNeverRan_ReadsAPartAndLeavesTheLakeAlone()
    {
        Answer answer = _folder.Lepton.Done("run", "--sample", "2%");
        Assert.That(answer.Out, Does.StartWith("Of a sample: 2% of the rows of each source above 1 MiB (seed 1).").And.Contain("lepton --project .lepton/sample query \"SELECT * FROM "));
        // Five standard deviations of 150,000 draws of a fiftieth are 271.
        Assert.That(Count("events"), Is.InRange(3_000 - 271, 3_000 + 271));
        Assert.That(Count("kinds"), Is.EqualTo(10), "a small source is whole, so that nothing is refused for want of it");
        Assert.That(Count("events__quarantine"), Is.Zero);
        Assert.That(Directory.Exists(_folder["lake"]), Is.False);
        Assert.That(_folder.Lepton.With("LANG", "zh_CN.UTF-8").Done("run", "--sample", "2%").Out, Does.StartWith("以下为样本的数字：").And.Contain("种子 1"));
    }

    [Test]
    public void Sample_Again_HasTheSameRowsAndAnotherSeedOthers()
    {
        string Hash(params string[] more)
        {
            JsonElement run = _folder.Lepton.Done(["run", "--output", "json", .. more]).Json;
            return run.GetProperty("steps").EnumerateArray().Single(step => step.GetProperty("step").GetString() == "events").GetProperty("content_hash").GetString()!;
        }
        string first = Hash("--sample", "2%");
        Assert.That(Hash("--sample", "2%"), Is.EqualTo(first));
        Assert.That(Hash("--sample", "2%", "--seed", "9"), Is.Not.EqualTo(first));
        _folder.Lepton.Done("run");
        Assert.That(Hash("--sample", "100%"), Is.EqualTo(Json(_folder.Lepton.Done("table", "list", "--output", "json").Json, "events")));

        static string Json(JsonElement list, string table) => list.GetProperty("tables").EnumerateArray().Single(one => one.GetProperty("name").GetString() == table).GetProperty("content_hash").GetString()!;
    }

    [Test]
    public void Sample_OfSelectedSteps_TakesAlongWhatTheyRestOnAndDropsTheSampleBefore()
    {
        _folder.Lepton.Done("run", "--sample", "100%");
        _folder.Lepton.Done("run");
        string[] lake = _folder.Files("lake");
        JsonElement run = _folder.Lepton.Done("run", "--sample", "0.5%", "--select", "by_kind", "--output", "json").Json;
        JsonElement sample = run.GetProperty("sample");
        Assert.That((sample.GetProperty("percent").GetDouble(), sample.GetProperty("seed").GetInt64(), sample.GetProperty("project").GetString()), Is.EqualTo((0.5, 1L, ".lepton/sample")));
        string[] tables = [.. _folder.Lepton.Done("--project", ".lepton/sample", "table", "list", "--output", "json").Json.GetProperty("tables").EnumerateArray().Select(table => table.GetProperty("name").GetString()!).Where(name => !name.EndsWith("__quarantine", StringComparison.Ordinal))];
        Assert.That(tables, Is.EqualTo(new[] { "by_kind", "events", "kinds" }));
        Assert.That(_folder.Files("lake"), Is.EqualTo(lake));
    }

    [Test]
    public void Sample_WhereSomethingElseLies_LeavesItThere()
    {
        using TestFolder folder = SmallProject.Create();
        folder.Write(".lepton/sample/precious.txt", "mine");
        Assert.That(folder.Lepton.Run("run", "--sample", "1%").ErrorLines.Single(), Does.Contain("no sample left there"));
        Assert.That(File.ReadAllText(folder[".lepton/sample/precious.txt"]), Is.EqualTo("mine"));
    }

    [TestCase("0%", "above 0% and up to 100%, such as 1%, not '0%'")]
    [TestCase("1", "not '1'")]
    [TestCase("101%", "not '101%'")]
    [TestCase("-1%", "not '-1%'")]
    [TestCase("1e0%", "not '1e0%'")]
    [TestCase("%", "not '%'")]
    public void Sample_NoShare_IsAWrongCommandLine(string share, string words)
    {
        Answer answer = _folder.Lepton.Run("run", "--sample", share);
        Assert.That(answer.ExitCode, Is.EqualTo(2));
        Assert.That(answer.ErrorLines.Single(), Does.Contain(words));
    }

    [TestCase(new[] { "--sample", "1%", "--plan" }, "--sample and --plan do not go together")]
    [TestCase(new[] { "--seed", "2" }, "--seed is taken only with --sample")]
    public void Sample_OptionsThatDoNotFit_AreAWrongCommandLine(string[] options, string words)
    {
        Answer answer = _folder.Lepton.Run(["run", .. options]);
        Assert.That((answer.ExitCode, answer.ErrorLines.Single()), Is.EqualTo((2, $"error: {words} (see `lepton run --help`).")));
    }

    private long Count(string table)
    {
        JsonElement.ArrayEnumerator tables = _folder.Lepton.Done("--project", ".lepton/sample", "table", "list", "--output", "json").Json.GetProperty("tables").EnumerateArray();
        return tables.Where(one => one.GetProperty("name").GetString() == table).Select(one => one.GetProperty("rows").GetInt64()).SingleOrDefault();
    }
}

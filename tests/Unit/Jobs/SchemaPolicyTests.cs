using System.Globalization;
using Lepton.Data.Jobs;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Runs;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

/// <summary>Sources whose columns are not what the pipeline saw before.</summary>
[TestFixture]
internal sealed class SchemaPolicyTests
{
    private const string Before = "id,amount,note\n1,10,a\n2,20,b\n";

    private ProjectFixture _project = null!;

    [SetUp]
    public void SetUp() => _project = new ProjectFixture();

    [TearDown]
    public async Task TearDown() => await _project.DisposeAsync();

    // What each policy takes, and what the record then says of it; null where the data is refused and nothing runs.
    [TestCase(null, "id,amount,note,gate\n1,10,a,x\n", "+ gate VARCHAR")]
    [TestCase("add", "id,amount,note,gate\n1,10,a,x\n", "+ gate VARCHAR")]
    [TestCase("widen", "id,amount,note,gate\n1,10,a,x\n", "+ gate VARCHAR")]
    [TestCase("fail", "id,amount,note,gate\n1,10,a,x\n", null)]
    [TestCase(null, "id,amount\n1,10\n", null)]
    [TestCase("widen", "id,amount\n1,10\n", null)]
    [TestCase("fail", "id,amount\n1,10\n", null)]
    [TestCase(null, "id,amount,note\n1,10.5,a\n", null)]
    [TestCase("widen", "id,amount,note\n1,10.5,a\n", "~ amount BIGINT -> DOUBLE")]
    [TestCase("widen", "id,amount,note\n1,ten,a\n", null)]
    [TestCase("fail", "note,id,amount\na,1,11\n", "")]
    [TestCase("fail", "id,amount,note\n1,10,5\n", "")]
    public async Task Run_ASourceOfOtherColumns_IsTakenOrRefusedByItsPolicy(string? policy, string after, string? changes)
    {
        Pipeline(policy);
        _project.Csv("src", Before);
        await _project.RunWellAsync();
        _project.Csv("src", after);
        if (changes is null)
        {
            LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(async () => await _project.RunAsync()))!;
            Assert.That((refused.Code, refused.Kind, refused.Place?.LineNumber), Is.EqualTo(("jobs.schema_changed", ErrorKind.DataRefused, (int?)3)));
            Assert.That(await _project.RowsAsync("t", "id"), Is.EqualTo(new[] { "1", "2" }), "nothing ran");
            RunSummary accepted = await _project.RunAsync(isFullRefresh: true);
            Assert.That(accepted.Failures.Select(failure => failure.Error.Code), Is.Empty, "--full-refresh takes the files as they are");
            Assert.That(accepted.Runs.Single().Sources.Single().Changes, Is.Not.Empty, "and says what changed");
        }
        else
        {
            RunRecord run = await _project.RunWellAsync();
            Assert.That(run.Sources.Single().Changes, Is.EqualTo(changes.Length == 0 ? [] : new[] { changes }));
            Assert.That((await _project.RunWellAsync()).Sources.Single().Changes, Is.Empty, "what was taken is what was seen");
        }
    }

    [Test]
    public async Task Run_WholeNumbersWhereBrokenOnesWere_KeepTheType()
    {
        Pipeline(null);
        _project.Csv("src", "id,amount,note\n1,10.5,a\n");
        await _project.RunWellAsync();
        _project.Csv("src", "id,amount,note\n1,10,a\n");
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Single().Columns, Does.Contain("amount DOUBLE"));
        Assert.That(run.Sources.Single().Changes, Is.Empty);
    }

    // An empty day is no change: a column without a value says nothing of its type.
    [TestCase("src0", "id,amount\n")]
    [TestCase("src9", "id,amount\n")]
    [TestCase("src0", "id,amount\n,\n,\n")]
    public async Task Run_AFileWithoutValues_ChangesNoType(string name, string text)
    {
        Pipeline(null, "data/src*.csv");
        _project.Csv("src1", "id,amount\n1,9.5\n2,10.5\n10,1\n");
        _project.Csv(name, text);
        RunRecord first = await _project.RunWellAsync();
        Assert.That(first.Sources.Single().Columns, Is.EqualTo(new[] { "id BIGINT", "amount DOUBLE" }));
        File.Delete(_project.Folder[$"data/{name}.csv"]);
        await _project.RunWellAsync();
        _project.Csv("src5", text);
        RunRecord later = await _project.RunWellAsync();
        Assert.That((later.Sources.Single().Changes, later.Sources.Single().Columns), Is.EqualTo((Array.Empty<string>(), new[] { "id BIGINT", "amount DOUBLE" })));
    }

    [Test]
    public async Task Run_AColumnOfQuotedEmptyTexts_IsText()
    {
        Pipeline(null, "data/src*.csv");
        _project.Csv("src1", "id,amount\n1,9.5\n");
        _project.Csv("src2", "id,amount\n2,\"\"\n");
        Assert.That((await _project.RunWellAsync()).Sources.Single().Columns, Is.EqualTo(new[] { "id BIGINT", "amount VARCHAR" }));
    }

    // Rows that are laid side by side by place would change their meaning.
    [TestCase("csv")]
    [TestCase("parquet")]
    public async Task Run_AFileThatSortsFirst_ChangesNoOrder(string format)
    {
        Directory.CreateDirectory(_project.Folder["data"]);
        Write("2024-02", "SELECT 'bob' AS first, 'jones' AS last");
        _project.Pipeline($"pipeline: p\nsources:\n  src: {{ format: {format}, path: \"data/*.{format}\" }}\nsteps:\n  t: {{ sql: \"SELECT 'anna' AS first, 'smith' AS last UNION ALL SELECT * FROM src\" }}\n  u: {{ sql: SELECT * FROM src, grows: {{ append: src }} }}");
        await _project.RunWellAsync();
        Write("2024-01", "SELECT 'x' AS gate, 'brown' AS last, 'cleo' AS first");
        // One column more, which the set operation cannot take, is told apart by naming.
        _project.Pipeline($"pipeline: p\nsources:\n  src: {{ format: {format}, path: \"data/*.{format}\" }}\nsteps:\n  t: {{ sql: \"SELECT 'anna' AS first, 'smith' AS last UNION ALL SELECT * EXCLUDE (gate) FROM src\" }}\n  u: {{ sql: SELECT * FROM src, grows: {{ append: src }} }}");
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Sources.Single().Columns, Is.EqualTo(new[] { "first VARCHAR", "last VARCHAR", "gate VARCHAR" }));
        Assert.That(await _project.RowsAsync("t", "first", "last"), Is.EquivalentTo(new[] { "anna|smith", "bob|jones", "cleo|brown" }));
        Assert.That(run.Steps.Single(step => step.Name == "u").Growth!.FullBecause, Is.EqualTo("plan"), "a column more is another plan");
        Write("2023-12", "SELECT 'dora' AS first, 'y' AS gate, 'black' AS last");
        Assert.That((await _project.RunWellAsync()).Steps.Single(step => step.Name == "u").Growth!.FilesRead, Is.EqualTo(1), "and an order is none");

        void Write(string name, string select) => Query($"COPY ({select}) TO {SqlLiteral.Text(_project.Folder[$"data/{name}.{format}"])} (FORMAT {format})");
    }

    [Test]
    public async Task Run_AFileWithNoColumnOfTheOthers_IsRefused()
    {
        _project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: \"data/src*.csv\", header: true } }\nsteps: { t: { sql: SELECT * FROM src } }");
        _project.Csv("src1", "id,note\n1,a\n");
        _project.Csv("src2", "x,3\nz,4\n");
        Assert.That(async () => await _project.RunAsync(), Throws.TypeOf<LeptonDataException>().With.Property("Code").EqualTo("connectors.nothing_in_common").And.Property("Kind").EqualTo(ErrorKind.DataRefused));
    }

    [Test]
    public async Task Run_NamesThatDifferInCase_AreRefusedWithBothFiles()
    {
        Pipeline(null, "data/src*.csv");
        _project.Csv("src1", "id,Note\n1,a\n");
        _project.Csv("src2", "id,note\n2,b\n");
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(async () => await _project.RunAsync()))!;
        Assert.That(refused.Code, Is.EqualTo("connectors.names_collide_between"));
        Assert.That(refused.Message, Does.Contain("src1.csv").And.Contain("src2.csv"));
    }

    // In whatever order the files have them.
    [TestCase("REAL", "INTEGER", "DOUBLE", "DOUBLE")]
    [TestCase("DOUBLE", "REAL", "INTEGER", "DOUBLE")]
    [TestCase("INTEGER", "BIGINT", "SMALLINT", "BIGINT")]
    [TestCase("REAL", "INTEGER", "INTEGER", null)]
    public async Task Run_StoredTypesUnderWiden_MeetInTheOneThatHoldsAll(string first, string second, string third, string? both)
    {
        Directory.CreateDirectory(_project.Folder["data"]);
        string[] types = [first, second, third];
        for (int i = 0; i < types.Length; i++) Query($"COPY (SELECT CAST({i} AS {types[i]}) AS v) TO {SqlLiteral.Text(_project.Folder[$"data/src{i}.parquet"])} (FORMAT parquet)");
        _project.Pipeline("pipeline: p\nsources:\n  src: { format: parquet, path: \"data/src*.parquet\", on_schema_change: widen }\nsteps: { t: { sql: SELECT * FROM src } }");
        if (both is null)
        {
            Assert.That(async () => await _project.RunAsync(), Throws.TypeOf<LeptonDataException>().With.Property("Code").EqualTo("connectors.types_differ"));
            return;
        }
        Assert.That((await _project.RunWellAsync()).Sources.Single().Columns, Is.EqualTo(new[] { $"v {both}" }));
        File.Delete(_project.Folder[$"data/src{Array.IndexOf(types, both)}.parquet"]);
        Assert.That((await _project.RunWellAsync()).Sources.Single().Columns, Is.EqualTo(new[] { $"v {both}" }), "what was widened stays wide");
    }

    [Test]
    public async Task Run_StoredTypesThatDoNotMeet_AreReadAsDeclared()
    {
        Directory.CreateDirectory(_project.Folder["data"]);
        Query($"COPY (SELECT 1 AS v) TO {SqlLiteral.Text(_project.Folder["data/src1.parquet"])} (FORMAT parquet)");
        Query($"COPY (SELECT 'x' AS v) TO {SqlLiteral.Text(_project.Folder["data/src2.parquet"])} (FORMAT parquet)");
        _project.Pipeline("pipeline: p\nsources:\n  src: { format: parquet, path: \"data/src*.parquet\", columns: { v: { type: VARCHAR } } }\nsteps: { t: { sql: SELECT * FROM src } }");
        await _project.RunWellAsync();
        Assert.That(await _project.RowsAsync("t", "v"), Is.EquivalentTo(new[] { "1", "x" }));
    }

    // What the person declares is no change of the file.
    [Test]
    public async Task Run_ADeclaredType_IsThePersonsWord()
    {
        Pipeline("fail");
        _project.Csv("src", Before);
        await _project.RunWellAsync();
        _project.Pipeline("pipeline: p\nsources:\n  src: { format: csv, path: data/src.csv, on_schema_change: fail, columns: { amount: { type: INTEGER } } }\nsteps: { t: { sql: SELECT * FROM src } }");
        RunRecord run = await _project.RunWellAsync();
        Assert.That(run.Steps.Single().Columns, Does.Contain("amount INTEGER"));
    }

    [Test]
    public async Task Run_FilesOfOtherColumns_AreLeftAsideAndNamed()
    {
        Pipeline("quarantine", "data/src*.csv");
        _project.Csv("src1", Before);
        _project.Csv("src2", "id,amount,note\n3,30,c\n");
        await _project.RunWellAsync();
        _project.Csv("src3", "id,amount,note,gate\n4,40,d,x\n");
        _project.Csv("src4", "id,amount,note\n5,many,e\n");
        _project.Csv("src5", "id,amount,note\n6,60,f\n");
        RunRecord run = await _project.RunWellAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(await _project.RowsAsync("t", "id"), Is.EqualTo(new[] { "1", "2", "3", "6" }));
            Assert.That(run.Sources.Single().Changes, Is.EqualTo(new[] { "data/src3.csv left aside: + gate VARCHAR", "data/src4.csv left aside: ~ amount BIGINT -> VARCHAR" }));
            Assert.That(run.Sources.Single().Files.Select(file => Path.GetFileName(file.Path)), Is.EqualTo(new[] { "src1.csv", "src2.csv", "src5.csv" }));
            Assert.That((await _project.RunWellAsync()).Sources.Single().Changes, Has.Count.EqualTo(2), "they are still not read, and that is still said");
        });
        foreach (string name in new[] { "src1", "src2", "src5" }) File.Delete(_project.Folder[$"data/{name}.csv"]);
        Assert.That(async () => await _project.RunAsync(), Throws.TypeOf<LeptonDataException>().With.Property("Code").EqualTo("connectors.all_set_aside"));
    }

    // What DuckDB reads by name from all files at once, CSV in any order of columns among them.
    [TestCase("csv")]
    [TestCase("parquet")]
    public async Task Run_AColumnThatSomeFilesHave_IsNullInTheOthers(string format)
    {
        Directory.CreateDirectory(_project.Folder["data"]);
        Write("src1", "SELECT 1 AS id, 'a' AS note");
        Write("src2", "SELECT 'b' AS note, 2 AS id");
        _project.Pipeline($"pipeline: p\nsources:\n  src: {{ format: {format}, path: \"data/src*.{format}\" }}\nsteps:\n  t: {{ sql: SELECT * FROM src, grows: {{ append: src }} }}\n  u: {{ sql: SELECT id + 1 AS id FROM src, grows: {{ append: src }} }}");
        RunRecord first = await _project.RunWellAsync();
        Assert.That(first.Sources.Single().Changes, Is.Empty, "an order is no difference");
        Write("src0", "SELECT 'x' AS gate, 3 AS id, 'c' AS note, CAST(4.5 AS DOUBLE) AS more");
        RunRecord second = await _project.RunWellAsync();
        Assert.That(second.Sources.Single().Changes, Is.EqualTo(new[] { "+ gate VARCHAR (in 1 of 3 files, NULL in the others)", "+ more DOUBLE (in 1 of 3 files, NULL in the others)" }));
        await AssertRowsAsync();
        Write("src4", "SELECT 7 AS id, 'y' AS gate, 'd' AS note, CAST(5.5 AS DOUBLE) AS more");
        RunRecord third = await _project.RunWellAsync();
        Assert.That(third.Sources.Single().Changes, Is.Empty, "what was taken is what was seen");
        Assert.That(third.Steps.Select(step => step.Growth?.FilesRead), Is.EqualTo(new long?[] { 1, 1 }), "grown by the new file alone");
        await AssertRowsAsync();
        Write("src5", "SELECT 8 AS id, 'z' AS gate");
        LeptonDataException refused = (await Assert.ThrowsAsync<LeptonDataException>(async () => await _project.RunAsync()))!;
        Assert.That((refused.Code, refused.Arguments[2]), Is.EqualTo(("jobs.schema_changed", (object)$"- note VARCHAR in data/src5.{format}, - more DOUBLE in data/src5.{format}")));
        RunSummary refreshed = await _project.RunAsync(isFullRefresh: true);
        Assert.That(refreshed.Failures, Is.Empty);
        Assert.That((await _project.RunWellAsync()).Sources.Single().Changes, Is.Empty, "a full refresh took it");
        await AssertRowsAsync();

        async Task AssertRowsAsync()
        {
            string files = $"read_{format}({SqlLiteral.TextList(Directory.GetFiles(_project.Folder["data"]).Order(StringComparer.Ordinal))}, union_by_name = true)";
            Assert.That(await _project.RowsAsync("t", "id", "note", "gate", "more"), Is.EqualTo(Query($"SELECT concat_ws('|', id, coalesce(note, 'NULL'), coalesce(gate, 'NULL'), coalesce(CAST(more AS VARCHAR), 'NULL')) FROM {files}")));
            Assert.That(await _project.RowsAsync("u"), Is.EqualTo(Query($"SELECT CAST(id + 1 AS VARCHAR) FROM {files}")));
        }

        void Write(string name, string select) => Query($"COPY ({select}) TO {SqlLiteral.Text(_project.Folder[$"data/{name}.{format}"])} (FORMAT {format})");
    }

    [Test]
    public async Task Run_OfOneStepOnly_SaysNothingOfTheSourcesOfOthers()
    {
        _project.Csv("src", Before);
        _project.Csv("other", "x\n1\n");
        _project.Pipeline("pipeline: p\nsources: { src: { format: csv, path: data/src.csv }, other: { format: csv, path: data/other.csv } }\nsteps: { t: { sql: SELECT id FROM src }, u: { sql: SELECT x FROM other } }");
        await _project.RunWellAsync();
        _project.Csv("src", "id,amount,note,gate\n1,10,a,x\n");
        await _project.RunWellAsync();
        RunRecord one = (await _project.RunAsync(select: ["u"])).Runs.Single();
        Assert.That(one.Sources.SelectMany(source => source.Changes), Is.Empty);
    }

    // Texts in one column, sorted.
    private string[] Query(string sql)
    {
        using DuckDbDatabase database = DuckDbDatabase.Open(new DuckDbOptions { AllowedFolders = [_project.Folder.Path] });
        using DuckDbConnection connection = database.Connect();
        using DuckDbReader reader = connection.Read(sql);
        var texts = new List<string>();
        while (reader.ReadBatch() is { } batch)
        {
            using (batch)
                for (int row = 0; row < batch.RowCount; row++) texts.Add(Convert.ToString(batch.Column(0).Value(row), CultureInfo.InvariantCulture)!);
        }
        texts.Sort(StringComparer.Ordinal);
        return [.. texts];
    }

    private void Pipeline(string? policy, string path = "data/src.csv")
        => _project.Pipeline($"pipeline: p\nsources:\n  src: {{ format: csv, path: \"{path}\"{(policy is null ? "" : $", on_schema_change: {policy}")} }}\nsteps: {{ t: {{ sql: SELECT * FROM src }} }}");
}

using System.Text;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Sql;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

[TestFixture]
internal sealed class DefinitionTests
{
    private const string Head = "pipeline: p\nsteps:\n  a:\n    sql: SELECT 1 AS x\n    expect:\n      r: ";

    [TestCase("{ sql: x > 0 }", typeof(SqlRule), OnFailure.Quarantine)]
    [TestCase("{ column: x, in: b.y }", typeof(RelationRule), OnFailure.Quarantine)]
    [TestCase("{ column: x, in: [1, 2] }", typeof(SetRule), OnFailure.Quarantine)]
    [TestCase("{ column: x, between: [0, 5] }", typeof(BetweenRule), OnFailure.Quarantine)]
    [TestCase("{ column: x, matches: '[a-z]+', on_failure: fail }", typeof(MatchRule), OnFailure.Fail)]
    [TestCase("{ not_null: x }", typeof(NotNullRule), OnFailure.Quarantine)]
    [TestCase("{ unique: [x] }", typeof(UniqueRule), OnFailure.Quarantine)]
    [TestCase("{ min_rows: 1, max_rows: 5 }", typeof(RowCountRule), OnFailure.Fail)]
    [TestCase("{ min_rows: 1, on_failure: warn }", typeof(RowCountRule), OnFailure.Warn)]
    [TestCase("{ sql: x > 0, on_failure: warn }", typeof(SqlRule), OnFailure.Warn)]
    public void Read_ARule_IsOfItsKind(string rule, Type kind, OnFailure onFailure)
    {
        RuleDefinition read = Read(Head + rule + "\n").Steps[0].Rules.Single();
        Assert.That(read, Is.TypeOf(kind));
        Assert.That((read.Name, read.OnFailure), Is.EqualTo(("r", onFailure)));
    }

    [TestCase("{ on_failure: fail }", "jobs.rule_empty", "6:10")]
    [TestCase("{ not_null: x, unique: x }", "jobs.rule_twice", "6:33")]
    [TestCase("{ column: x, not_null: x }", "jobs.rule_column_unused", "6:20")]
    [TestCase("{ in: [1] }", "schemas.key_needs", "6:12")]
    [TestCase("{ column: x, between: [1, 2, 3] }", "jobs.rule_two_bounds", "6:32")]
    [TestCase("{ column: x, in: airports }", "jobs.rule_in_what", "6:27")]
    [TestCase("{ min_rows: 1, on_failure: quarantine }", "jobs.rule_on_table", "6:37")]
    [TestCase("{ min_rows: 5, max_rows: 1 }", "jobs.rule_bounds_swapped", "6:35")]
    [TestCase("{ column: x, betwen: [1, 2] }", "schemas.key_unknown_near", "6:23")]
    [TestCase("{ sql: coalesce(x, y) > 0 }", "schemas.key_unknown_words", "6:29")]
    public void Read_ARuleThatAsksNothingSensible_IsRefusedWhereItStands(string rule, string code, string place)
    {
        LeptonDataException refused = Assert.Catch<LeptonDataException>(() => Read(Head + rule + "\n"))!;
        Assert.That((refused.Code, refused.Place?.ToString()), Is.EqualTo((code, $"p.yaml:{place}")), refused.Message);
    }

    [Test]
    public void Read_AStepNamedAsASource_IsRefused()
        => Assert.That(
            Assert.Catch<LeptonDataException>(() => Read("pipeline: p\nsources: { a: { format: csv, path: x.csv } }\nsteps: { a: { sql: SELECT 1 AS x } }\n"))!.Code,
            Is.EqualTo("jobs.name_twice"));

    [Test]
    public void Read_BlockSql_KnowsThePlaceOfEachCharacter()
    {
        PipelineDefinition pipeline = Read("pipeline: p\nsteps:\n  a:\n    sql: |\n      SELECT x\n      FROM b\n");
        Assert.That(pipeline.Steps[0].Sql.PlaceOfCharacter(pipeline.Steps[0].Sql.Text.IndexOf('b')).ToString(), Is.EqualTo("p.yaml:6:12"));
    }

    [Test]
    public void Load_AProject_ReadsItsFiles()
    {
        using var folder = new TempFolder();
        folder.Write("lepton.yaml", "project: shop\nmemory: 2GiB\nthreads: 3\nlake: ../elsewhere\n");
        folder.Write("pipelines/b.yaml", "pipeline: second\nsteps: { x: { sql: SELECT 1 AS a } }\n");
        folder.Write("pipelines/a.yaml", "pipeline: first\nsteps: { y: { sql: SELECT 1 AS a } }\n");
        var project = Project.Load(folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That((project.Name, project.MemoryBytes, project.ThreadCount, project.Engine), Is.EqualTo(("shop", 2L << 30, 3, "duckdb")));
            Assert.That(project.LakeLocation, Is.EqualTo(Path.GetFullPath(Path.Combine(folder.Path, "../elsewhere"))));
            Assert.That(project.LoadPipelines().Select(pipeline => pipeline.Name), Is.EqualTo(new[] { "first", "second" }));
        });
    }

    [Test]
    public void Load_AFolderWithoutProject_IsRefused()
    {
        using var folder = new TempFolder();
        Assert.That(Assert.Catch<LeptonDataException>(() => Project.Load(folder.Path))!.Code, Is.EqualTo("jobs.no_project"));
    }

    [Test]
    public void LoadPipelines_TwoOfOneName_AreRefused()
    {
        using var folder = new TempFolder();
        folder.Write("lepton.yaml", "project: shop\n");
        folder.Write("pipelines/a.yaml", "pipeline: p\nsteps: { x: { sql: SELECT 1 AS a } }\n");
        folder.Write("pipelines/b.yml", "pipeline: p\nsteps: { y: { sql: SELECT 1 AS a } }\n");
        Assert.That(Assert.Catch<LeptonDataException>(() => Project.Load(folder.Path).LoadPipelines())!.Code, Is.EqualTo("jobs.pipeline_twice"));
    }

    [TestCase("x > 0", true)]
    [TestCase("x IN (1, 2) AND name <> 'it''s )'", true)]
    [TestCase("name = E'\\')' AND (x)", true)]
    [TestCase("x > 0 -- ) a comment", true)]
    [TestCase("x /* ) /* ( */ */ > 0", true)]
    [TestCase("\"odd)name\" > $$)$$", true)]
    [TestCase("x > 0) FROM a WHERE (x > 0", false)]
    [TestCase("x) UNION SELECT (x", false)]
    [TestCase("(x > 0", false)]
    [TestCase("x > 0; SELECT 1", false)]
    [TestCase("x = 'open", false)]
    [TestCase("x /* open", false)]
    [TestCase("x /* /* */ open", false)]
    [TestCase("x = $tag$ open", false)]
    public void IsClosed_OnlyTextsThatStayInTheirParentheses(string text, bool isClosed) => Assert.That(new SqlText(text).IsClosed, Is.EqualTo(isClosed));

    private static PipelineDefinition Read(string yaml) => PipelineFormat.Format.Read(Encoding.UTF8.GetBytes(yaml), "p.yaml");
}

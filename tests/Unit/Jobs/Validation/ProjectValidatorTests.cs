using Lepton.Data.Engines;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Validation;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Validation;

[TestFixture]
internal sealed class ProjectValidatorTests
{
    [Test]
    public async Task Validate_ASoundProject_FindsNothingAndWritesNothing()
    {
        await using ProjectFixture project = ProjectFixture.Shop();
        ValidationResult result = await project.ValidateAsync();
        Assert.That(result.Problems, Is.Empty);
        Assert.That((result.StepCount, result.Skipped.Count), Is.EqualTo((2, 0)));
        Assert.That(project.Lake.ListTables(), Is.Empty);
    }

    [Test]
    public async Task Validate_ManyMistakes_SaysAllOfThemWithTheirPlaces()
    {
        await using var project = new ProjectFixture();
        project.Csv("src", "id,amount\n1,10\n");
        project.Pipeline("""
            pipeline: p
            sources:
              src: { format: csv, path: data/src.csv }
              gone: { format: csv, path: data/gone.csv }
            steps:
              a:
                sql: SELECT id, amonut FROM src
              b:
                sql: SELECT id, amount FROM src
                expect:
                  one: { column: idd, between: [1, 2] }
                  two: { sql: amount > 'x' AND nothing }
                  three: { column: amount, type: VARCHAR }
              c:
                sql: SELECT id FROM scr
              d:
                sql: SELECT id FROM a
              e:
                sql: SELECT * FROM gone
              f:
                sql: SELECT id FROM src WHERE
              g:
                sql: SELECT id FROM src
            """);
        project.Pipeline("""
            pipeline: q
            steps:
              s: { sqll: SELECT 1 AS x, expect: { r: { unique: [] }, t: { on_failure: maybe, sql: x } } }
              t: { sql: SELECT 2 AS x, event_time: }
            """, "q");
        project.Folder.Write("pipelines/tests/t.yaml", "unit_tests:\n  t: { step: gg, given: {}, expect: { rows: [] } }\n  u: { step: g, given: { scr: [] }, expect: { fails: nothing } }\n");
        project.Folder.Write("features/f.yaml", """
            entities: { e: { keys: [id] } }
            feature_views:
              v: { entity: e, table: g, features: [idd] }
              w: { entity: e, table: gg, features: [id] }
              x: { entity: e, table: a, features: [whatever] }
            training_sets:
              y: { features: ["v"], event_time: at, labels: "SELECT id FROM gx" }
            """);
        project.Folder.Write("reports/r.yaml", "report: r\ntitle: t\npanels:\n  one: { title: a, sql: SELECT nothing FROM g }\n  two: { title: b, sql: SELEC }\n");
        ValidationResult result = await project.ValidateAsync();
        string folder = project.Folder.Path + "/";
        string[] found = [.. result.Problems.Select(problem => $"{problem.Place?.Path.Replace(folder, "", StringComparison.Ordinal)}:{problem.Place?.LineNumber} {problem.Code}")];
        Assert.That(found, Is.EquivalentTo(new[]
        {
            "features/f.yaml:3 featurestore.unknown_column_near",
            "features/f.yaml:4 featurestore.unknown_table_near",
            "features/f.yaml:7 featurestore.unknown_table_near",
            "pipelines/p.yaml:4 connectors.no_file",
            "pipelines/p.yaml:7 sql.unknown_column_suggest",
            "pipelines/p.yaml:11 jobs.no_column_but",
            "pipelines/p.yaml:12 sql.unknown_column",
            "pipelines/p.yaml:13 jobs.rule_type",
            "pipelines/p.yaml:15 jobs.unknown_input_but",
            "pipelines/p.yaml:21 sql.syntax",
            "pipelines/q.yaml:3 schemas.key_unknown_near",
            "pipelines/q.yaml:3 schemas.too_few",
            "pipelines/q.yaml:3 schemas.choice_unknown",
            "pipelines/q.yaml:4 schemas.value_expected",
            "pipelines/tests/t.yaml:2 jobs.unknown_step_but",
            "pipelines/tests/t.yaml:3 jobs.test_unknown_rule",
            "pipelines/tests/t.yaml:3 jobs.test_unknown_input_but",
            "pipelines/tests/t.yaml:3 jobs.test_input_missing",
            "reports/r.yaml:4 sql.unknown_column",
            "reports/r.yaml:5 sql.syntax",
        }), string.Join('\n', found));
        Assert.That(result.Skipped, Is.EquivalentTo(new[] { "c", "f", "d", "e" }));
        Assert.That(project.Lake.ListTables(), Is.Empty);
    }

    [Test]
    public async Task Validate_ACircle_IsSaidOnce()
    {
        await using var project = new ProjectFixture();
        project.Pipeline("pipeline: p\nsteps:\n  a: { sql: SELECT x FROM b }\n  b: { sql: SELECT x FROM a }\n");
        Assert.That((await project.ValidateAsync()).Problems.Select(problem => problem.Code), Is.EqualTo(new[] { "jobs.cycle" }));
    }

    // No data is beside the example in the repository: the unit tests say what its columns are.
    [Test]
    public async Task Validate_TheExampleWithoutItsData_FindsNothing()
    {
        using var frontEnd = new DuckDbFrontEnd();
        ValidationResult result = await new ProjectValidator(new Binder(frontEnd), () => null).ValidateAsync(Project.Load(RepositoryFolder.At("examples/flights")), AccessContext.Owner, CancellationToken.None);
        Assert.That(result.Problems.Select(problem => problem.Message), Is.Empty);
        Assert.That((result.StepCount, result.TestCount, result.FeatureCount, result.ReportCount, result.Skipped.Count), Is.EqualTo((4, 7, 5, 1, 0)));
    }
}

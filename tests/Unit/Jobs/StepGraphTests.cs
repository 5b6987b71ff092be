using System.Text;
using System.Text.RegularExpressions;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Planning;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

[TestFixture]
internal sealed partial class StepGraphTests
{
    [Test]
    public void Build_StepsInAnyOrder_ComeAfterWhatTheyRead()
    {
        StepGraph graph = Build("c FROM b", "b FROM a", "a FROM src", "d FROM src");
        Assert.That(graph.Nodes.Select(node => node.Step.Name), Is.EqualTo(new[] { "a", "b", "c", "d" }));
    }

    [Test]
    public void Build_IndependentSteps_KeepTheOrderOfTheFile()
        => Assert.That(Build("z FROM src", "a FROM src", "m FROM src").Nodes.Select(node => node.Step.Name), Is.EqualTo(new[] { "z", "a", "m" }));

    [Test]
    public void Build_ACircle_IsPrintedWithItsPlaces()
    {
        LeptonDataException refused = Assert.Catch<LeptonDataException>(() => Build("start FROM src", "a FROM c", "b FROM a", "c FROM b"))!;
        Assert.Multiple(() =>
        {
            Assert.That(refused.Code, Is.EqualTo("jobs.cycle"));
            Assert.That(refused.Arguments[0], Is.EqualTo("a -> c (p.yaml:6:29) -> b (p.yaml:8:29) -> a (p.yaml:7:29)"));
            Assert.That(refused.Place?.ToString(), Is.EqualTo("p.yaml:6:29"));
        });
    }

    [Test]
    public void Build_AStepThatReadsItself_IsACircle()
        => Assert.That(Assert.Catch<LeptonDataException>(() => Build("a FROM a"))!.Arguments[0], Is.EqualTo("a -> a (p.yaml:5:29)"));

    [TestCase("b FROM airprots", "airports", "p.yaml:6:29")]
    [TestCase("b FROM scr", "src", "p.yaml:6:29")]
    [TestCase("b FROM other_tabel", "other_table", "p.yaml:6:29")]
    public void Build_AnUnknownName_IsSuggested(string step, string suggestion, string place)
    {
        LeptonDataException refused = Assert.Catch<LeptonDataException>(() => Build("airports FROM src", step))!;
        Assert.That((refused.Code, refused.Arguments[1], refused.Place?.ToString()), Is.EqualTo(("jobs.unknown_input_but", suggestion, place)));
    }

    [Test]
    public void Build_AQuarantine_ComesAfterItsStep()
    {
        StepGraph graph = Build("b FROM a__quarantine", "a FROM src");
        Assert.That(graph.Nodes.Select(node => node.Step.Name), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(graph.Nodes[1].Inputs.Single().Table, Is.EqualTo(TableName.Parse("a").Quarantine));
    }

    [Test]
    public void Build_TablesOfTheLake_AreInputsWithoutAStep()
        => Assert.That(Build("a FROM other_table").Nodes.Single().Inputs.Single(), Has.Property("Step").Null.And.Property("Table").EqualTo(TableName.Parse("other_table")));

    [Test]
    public void Build_ARelationRule_MakesAnEdge()
    {
        PipelineDefinition pipeline = PipelineFormat.Format.Read(Encoding.UTF8.GetBytes("pipeline: p\nsources:\n  src: { format: csv, path: a.csv }\nsteps:\n  b: { sql: SELECT * FROM src, expect: { known: { column: x, in: a.x } } }\n  a: { sql: SELECT * FROM src }\n"), "p.yaml");
        StepGraph graph = StepGraph.Build([pipeline], References, []);
        Assert.That(graph.Nodes.Select(node => node.Step.Name), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void Build_OneTableOfTwoPipelines_IsRefused()
    {
        PipelineDefinition Read(string name) => PipelineFormat.Format.Read(Encoding.UTF8.GetBytes($"pipeline: {name}\nsteps:\n  a: {{ sql: SELECT 1 AS x }}\n"), $"{name}.yaml");
        Assert.That(Assert.Catch<LeptonDataException>(() => StepGraph.Build([Read("p"), Read("q")], References, []))!.Code, Is.EqualTo("jobs.table_twice"));
    }

    // A thousand steps in one chain, written backwards, must neither take long nor end the stack.
    [Test]
    public void Build_AChainOfTwoThousand_IsOrdered()
    {
        string[] steps = [.. Enumerable.Range(1, 2000).Reverse().Select(i => $"s{i} FROM {(i == 1 ? "src" : $"s{i - 1}")}")];
        Assert.That(Build(steps).Nodes.Select(node => node.Step.Name), Is.EqualTo(Enumerable.Range(1, 2000).Select(i => $"s{i}")));
    }

    /// <summary>A pipeline whose steps are <c>name FROM input</c>; the name of an input begins in column 29 of line 4 + its step.</summary>
    private static StepGraph Build(params string[] steps)
    {
        var yaml = new StringBuilder("pipeline: p\nsources:\n  src: { format: csv, path: a.csv }\nsteps:\n");
        foreach (string step in steps)
        {
            string[] words = step.Split(' ');
            string head = $"  {words[0]}: {{ ";
            yaml.Append(head).Append(' ', Math.Max(0, 17 - head.Length)).Append(System.Globalization.CultureInfo.InvariantCulture, $"sql: FROM  {words[2]} }}\n");
        }
        return StepGraph.Build([PipelineFormat.Format.Read(Encoding.UTF8.GetBytes(yaml.ToString()), "p.yaml")], References, [TableName.Parse("other_table")]);
    }

    private static IReadOnlyList<TableReference> References(SqlText sql)
        => [.. FromPattern().Matches(sql.Text).Select(match => new TableReference(match.Groups[1].Value, sql.PlaceOfCharacter(match.Groups[1].Index)))];

    [GeneratedRegex("FROM\\s+(\\w+)")]
    private static partial Regex FromPattern();
}

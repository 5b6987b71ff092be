using Lepton.Data.Engines;
using Lepton.Data.Jobs;
using Lepton.Data.Jobs.Lineage;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs;

internal sealed class LineageTests
{
    private static async Task<LineageGraph> ReadAsync(ProjectFixture fixture)
    {
        using var frontEnd = new DuckDbFrontEnd();
        var project = Project.Load(fixture.Folder.Path);
        return await new ProjectLineage(new Binder(frontEnd), () => null).ReadAsync(project, project.LoadPipelines(), AccessContext.Owner, CancellationToken.None);
    }

    private static string Text(LineageGraph graph, string relation, string column, bool isDownstream = false)
        => string.Join(' ', graph.Reach([new LineageColumn(relation, column)], isDownstream).Select(edge => $"{edge.From}{(edge.IsValue ? "->" : "~>")}{edge.To}").Order(StringComparer.Ordinal));

    [Test]
    public async Task Read_TwoSteps_GivesTheWayOfAColumnUpToItsFileAndDown()
    {
        await using ProjectFixture fixture = ProjectFixture.Shop();
        LineageGraph graph = await ReadAsync(fixture);
        Assert.That(graph.Relations.Select(relation => (relation.Name, relation.Kind, relation.Path)), Is.EqualTo(new (string, LineageRelationKind, string?)[]
        {
            ("src", LineageRelationKind.Source, "data/src.csv"), ("orders", LineageRelationKind.Step, null), ("totals", LineageRelationKind.Step, null),
        }));
        Assert.That(Text(graph, "totals", "amount"), Is.EqualTo("orders.amount->totals.amount src.amount->orders.amount"));
        Assert.That(Text(graph, "totals", "orders"), Is.Empty, "count(*) reads no column");
        Assert.That(Text(graph, "src", "amount", isDownstream: true), Is.EqualTo("orders.amount->totals.amount src.amount->orders.amount src.amount~>orders.id"), "a rule on amount decides which rows there are");
        Assert.That(Text(graph, "src", "id", isDownstream: true), Is.EqualTo("src.id->orders.id"));
    }

    [Test]
    public async Task Run_APersonalColumn_IsMarkedWhereverItsValuesGo()
    {
        await using var fixture = new ProjectFixture();
        fixture.Csv("src", "id,name,amount\n1,Ann,10\n2,Bob,-1\n");
        void Write(string vouched) => fixture.Pipeline($$"""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv, columns: { name: { personal: true } } } }
            steps:
              people: { sql: "SELECT id, name, amount FROM src", expect: { positive: { sql: amount > 0 } } }
              refused: { sql: "SELECT __reason AS why, __rules AS rules FROM people__quarantine" }
              counts: { sql: "SELECT amount, count(name) AS names, min(name) AS first FROM people GROUP BY amount"{{vouched}} }
            """);
        async Task<string> MarkedAsync(string table)
            => string.Join(' ', (await fixture.SnapshotAsync(table))!.Schema.Fields.Where(field => field.Metadata[FieldMetadata.PersonalKey] == "true").Select(field => field.Name));
        Write("");
        await fixture.RunWellAsync();
        Assert.That((await MarkedAsync("people"), await MarkedAsync("people__quarantine"), await MarkedAsync("refused"), await MarkedAsync("counts")), Is.EqualTo(("name", "name __reason", "why", "names first")));
        Write(", not_personal: names");
        await fixture.RunWellAsync();
        Assert.That(await MarkedAsync("counts"), Is.EqualTo("first"));
        Write(", not_personal: [namen]");
        LeptonDataException error = (await Assert.ThrowsAsync<LeptonDataException>(async () => await fixture.RunAsync()))!;
        Assert.That(error.ToString(), Does.Contain("namen").And.Contain("names"));
    }

    [Test]
    public async Task Read_QuarantiningRules_DecideAboutEveryColumn()
    {
        await using var fixture = new ProjectFixture();
        fixture.Csv("src", "id,shop,amount\n1,a,10\n");
        fixture.Csv("known", "shop,city\na,x\n");
        fixture.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv }, known: { format: csv, path: data/known.csv } }
            steps:
              shops: { sql: "SELECT shop AS name FROM known" }
              sales:
                sql: SELECT id, upper(shop) AS shop, amount * 2 AS twice FROM src
                expect:
                  known: { column: shop, in: shops.name }
                  warned: { sql: "id > 0", on_failure: warn }
              paid:
                sql: SELECT id FROM sales
                expect: { some: { sql: id < 5 } }
            """);
        LineageGraph graph = await ReadAsync(fixture);
        Assert.That(Text(graph, "sales", "id"), Is.EqualTo("known.shop->shops.name shops.name~>sales.id src.id->sales.id src.shop~>sales.id"));
        Assert.That(Text(graph, "paid", "id"), Is.EqualTo("sales.id->paid.id src.id->sales.id shops.name~>sales.id src.shop~>sales.id known.shop->shops.name".Split(' ').Order(StringComparer.Ordinal).Aggregate((a, b) => $"{a} {b}")));
    }

    /// <summary>Of what only decides, its own values are followed and not what decided about it.</summary>
    [Test]
    public async Task Reach_ColumnThatOnlyDecides_IsFollowedByValueAlone()
    {
        await using var fixture = new ProjectFixture();
        fixture.Csv("src", "id,kind,amount\n1,a,10\n");
        fixture.Pipeline("""
            pipeline: p
            sources: { src: { format: csv, path: data/src.csv } }
            steps:
              a: { sql: "SELECT id, upper(kind) AS kind, amount FROM src WHERE amount > 0" }
              b: { sql: "SELECT id FROM a WHERE kind = 'A'" }
            """);
        LineageGraph graph = await ReadAsync(fixture);
        Assert.That(Text(graph, "b", "id"), Is.EqualTo("a.id->b.id a.kind~>b.id src.amount~>a.id src.id->a.id src.kind->a.kind"));
    }
}

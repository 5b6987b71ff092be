using System.Text;
using Lepton.Data.Jobs.Reports;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Jobs.Reports;

public sealed class ReportDefinitionTests
{
    [Test]
    public void Read_WholeDefinition_KeepsOrderAndPlaces()
    {
        ReportDefinition report = Read("""
            report: flights
            title: { en: Late?, zh: 晚点？ }
            introduction: Only one language.
            lineage: { training_set: late, column: hourly__share }
            panels:
              second:
                title: B
                sql: |
                  SELECT 1 AS a,
                    2 AS b
                chart: bar
                y: b
                from: 0.5
                columns:
                  a: { title: { en: One, zh: 一 }, values: { "1": first } }
              first: { title: A, sql: SELECT 1 }
            """);
        Assert.Multiple(() =>
        {
            Assert.That(report.Title, Is.EqualTo(new ReportText("Late?", "晚点？")));
            Assert.That(report.Introduction, Is.EqualTo(new ReportText("Only one language.", null)));
            Assert.That(report.Lineage, Is.EqualTo(new LineageTarget("late", "hourly__share", new SourcePlace("reports/a.yaml", 4, 40))));
            Assert.That(report.Panels.Select(panel => panel.Name), Is.EqualTo(new[] { "second", "first" }));
            Assert.That(report.Panels[0].Y, Is.EqualTo(new[] { "b" }));
            Assert.That(report.Panels[0].From, Is.EqualTo(0.5));
            Assert.That(report.Panels[0].Columns[0].Value.Values[0].Value, Is.EqualTo(new ReportText("first", null)));
            // The second line of the SQL begins at column 7 of line 10, two spaces of its own come before "2".
            Assert.That(report.Panels[0].Sql.PlaceOfCharacter(report.Panels[0].Sql.Text.IndexOf('2', StringComparison.Ordinal)), Is.EqualTo(new SourcePlace("reports/a.yaml", 10, 9)));
            Assert.That(report.Panels[1].Chart, Is.EqualTo("table"));
        });
    }

    [TestCase("report: a\ntitel: A", "titel", TestName = "Read_MisspeltKey_IsRefusedAtItsPlace")]
    [TestCase("report: a\ntitle: A\npanels: { p: { title: P, sql: SELECT 1, chart: pie } }", "pie", TestName = "Read_UnknownChart_IsRefusedAtItsPlace")]
    [TestCase("report: a\ntitle: { en: A }", "zh", TestName = "Read_OneLanguageOfTwo_IsRefused")]
    public void Read_Mistake_IsRefused(string yaml, string named)
        => Assert.That(() => Read(yaml), Throws.TypeOf<LeptonDataException>().With.Message.Contains(named).And.Message.StartsWith("reports/a.yaml:"));

    private static ReportDefinition Read(string yaml) => ReportDefinition.Format.Read(Encoding.UTF8.GetBytes(yaml), "reports/a.yaml");
}

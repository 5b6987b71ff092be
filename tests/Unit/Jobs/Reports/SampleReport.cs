using Lepton.Data.Jobs.Reports;

namespace Lepton.Data.Tests.Unit.Jobs.Reports;

/// <summary>A small report with something in every section.</summary>
internal static class SampleReport
{
    internal static ReportModel Create(string text = "flights") => new()
    {
        Title = new ReportText(text, text),
        Introduction = new ReportText(text, null),
        Sources = [new ReportSource(text, "parquet", text, 1000, "00ff", 12)],
        Steps = [new ReportStep(text, text, new ReportText(text, null), [new ReportInput(text, 12, IsCheckOnly: false)], 12, 1, 11, 0, "ab12", 1500, [new ReportPhase(text, 1000), new ReportPhase("write", 500)], IsReused: false) { RowsLate = 2 }],
        Rules = [new ReportRule(text, text, text, "quarantine", 12, 1)],
        Refused = [new ReportRefused(text, 1, [new ReportCellKind(text, "text"), new ReportCellKind("delay", "number")], [[text, 1441L], [null, 0.5]])],
        TrainingSets =
        [
            new ReportTrainingSet(
                text, 1, null, text, 11, "cd34", 2048, [new ReportLabel(text, IsShare: true)], [new ReportSplit(text, "2001-05-01T00:00:00.000000Z", 11, [0.25])],
                [new ReportView(text, text, text, 0, IsPointInTime: true, 21600, 9, 1, 1)], 2,
                [
                    new ReportFeature(text, text, text, "DOUBLE", "number", 11, 2, 0, 5, -1.5, 0.0, 0.25, 2.0, [new ReportBin(-1.5, 2.0, 9)], []),
                    new ReportFeature(text, text, text, "VARCHAR", "text", 11, 0, 0, 5, null, null, null, null, [], [new ReportValueCount(text, 11)]),
                ])
            {
                Leaks = new ReportLeaks(
                    [text, "late"], 0.95, 5, 11,
                    [
                        new ReportLeak(text, text, IsPointInTime: true, 4, 1, [0, 60_000, 3_600_000, 7_200_000, 200_000_000], [new ReportMissing(text, 2, 8), new ReportMissing("test", 0, 3)], [new ReportStrength(text, "correlation", -0.5, 0.75), new ReportStrength("late", "auc", 0.99, 0.99)]),
                        new ReportLeak("state", text, IsPointInTime: false, 0, 0, [], [new ReportMissing(text, 0, 8), new ReportMissing("test", 0, 3)], [new ReportStrength("late", "auc", null, 0.5)]),
                    ],
                    [new ReportOverlap(text, text, "test", 2, 3)]),
            },
        ],
        Lineage = new ReportLineage(text, text, [new ReportLineageNode("a", text, text), new ReportLineageNode("b", text, text)], [new ReportLineageEdge("a", "b", IsValue: true)]),
        Panels =
        [
            new ReportPanel(
                "leak", new ReportText(text, text), new ReportText(text, text), "bar", text, ["share"], null, text,
                [new ReportPanelColumn(text, "text", new ReportText(text, text), null, [new ReportNamedValue(text, new ReportText(text, text))]), new ReportPanelColumn("share", "number", null, "percent", null)], [[text, 0.5]]),
        ],
        Provenance = new ReportProvenance(text, [new ReportRun(text, text, "2001-05-01T00:00:00.000000Z")], "0.1.0", text, [new ReportSnapshot(text, 0)], [text]),
    };
}

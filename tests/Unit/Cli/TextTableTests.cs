using Lepton.Data.Cli.Output;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Cli;

/// <summary>Tables where there is room, and where there is not.</summary>
internal sealed class TextTableTests
{
    private static string Written(int? room)
    {
        TextTable table = new TextTable().Column("step").Column("rows", isRight: true).Column("seconds", isRight: true, rank: 3).Column("reason", rank: 2);
        table.Row("visits", "8", "0.1", "append: visits_raw changed, 1 changed file read");
        table.Row("by_day", "4", "0.1", "by_window: 2 windows touched, visits changed");
        for (int i = 0; i < 7; i++) table.Row($"s{i}", "1", "–", "nothing that it reads changed");
        var output = new StringWriter { NewLine = "\n" };
        table.Write(output, room, hasColor: false);
        return output.ToString();
    }

    [TestCase(null)]
    [TestCase(80)]
    public void Write_WhereTheReasonFits_ItStandsInTheLastColumn(int? room)
        => Assert.That(Written(room).Split('\n')[2], Is.EqualTo("by_day     4      0.1  by_window: 2 windows touched, visits changed"));

    [Test]
    public void Write_WhereTheReasonDoesNotFit_ItStandsWholeBelow()
    {
        string[] lines = Written(48).Split('\n');
        Assert.That(lines[..3], Is.EqualTo(new[] { "step    rows  seconds", "visits     8      0.1", "by_day     4      0.1" }));
        Assert.That(lines[10..], Is.EqualTo(new[]
        {
            "visits: append: visits_raw changed, 1 changed",
            "  file read",
            "by_day: by_window: 2 windows touched, visits",
            "  changed",
            "s0, s1, s2, s3, s4, …: nothing that it reads",
            "  changed",
            "",
        }));
    }
}

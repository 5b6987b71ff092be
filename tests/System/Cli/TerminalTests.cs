using System.Text.RegularExpressions;
using Lepton.Data.Tests.System.Running;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Cli;

/// <summary><c>lepton run</c> in a real pseudo-terminal (util-linux' script makes it): nothing is wider than it, in English and Chinese.</summary>
[TestFixture]
internal sealed partial class TerminalTests
{
    [TestCase(60, "C.UTF-8", "version")]
    [TestCase(60, "zh_CN.UTF-8", "秒")]
    [TestCase(140, "C.UTF-8", "reason")]
    [TestCase(140, "zh_CN.UTF-8", "原因")]
    public void Run_InATerminal_ShowsBarsAndATableThatFit(int columns, string language, string lastColumn)
    {
        if (!File.Exists("/usr/bin/script")) Needs.Skip("there is no /usr/bin/script to make a pseudo-terminal");
        using TestFolder folder = SmallProject.Create();
        // A step of some seconds' tenths, so that its bar is seen.
        folder.Replace(SmallProject.PipelineFile, "    sql: SELECT customer, city FROM customers_raw\n", "    sql: SELECT customer, city, (SELECT count(*) FROM range(40000000) AS a(i) WHERE hash(i) % 3 = 0) AS n FROM customers_raw\n");
        string shown = folder.Lepton.With("LANG", language).With("TERM", "xterm-256color").Shell($"script -qec 'stty cols {columns} rows 30; $LEPTON run' /dev/null").Out;
        Assert.That(shown, Does.Contain("━"), "bars");
        Assert.That(shown, Does.Contain(language[0] == 'C' ? "memory " : "内存 "));
        string[] lines = [.. Control().Replace(shown, "").Split('\n').SelectMany(line => line.Split('\r')).Select(line => line.TrimEnd())];
        Assert.That(lines.Where(line => Cells(line) > columns && !line.Contains("lepton query", StringComparison.Ordinal)), Is.Empty);
        string head = lines.Last(line => line.StartsWith(language[0] == 'C' ? "step " : "步骤 ", StringComparison.Ordinal));
        Assert.That(head, Does.EndWith(lastColumn));
        Assert.That(lines, Has.One.Match("^orders +\\S+ +6 +\\S+ +2 +0"));
    }

    [Test]
    public void Run_IntoAPipe_WritesPlainLines()
    {
        using TestFolder folder = SmallProject.Create();
        Answer answer = folder.Lepton.With("TERM", "xterm-256color").Done("run");
        Assert.That((answer.Out + answer.Error).Where(c => char.IsControl(c) && c != '\n'), Is.Empty);
        Assert.That(answer.Error, Does.Match("(?m)^  orders: done, 6 rows, [0-9.]+ k?B$"));
        Assert.That(answer.Out, Does.Match("(?m)^orders +done +6 +new +2 +0 .* its table is not there yet$"));
        Assert.That(folder.Lepton.Done("run").Out, Does.Match("(?m)^orders +unchanged +6 +– +2 +0 .* nothing that it reads changed$"));
        File.AppendAllText(folder[SmallProject.OrderFile], "9,ada,2024-03-03 08:00:00,9.99\n");
        Assert.That(folder.Lepton.Done("run").Out, Does.Match("(?m)^orders +done +7 +\\+1 +2 +0 → 1 .* orders_raw changed$"));
    }

    private static int Cells(string line) => line.Sum(c => c is >= '\u2e80' and < '\ufe70' or >= '\uff00' and <= '\uff60' ? 2 : 1);

    [GeneratedRegex("\e\\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Control();
}

using System.CommandLine;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton report</c>: the HTML report, and what the lake holds.</summary>
internal static class ReportCommand
{
    internal static Command Create(VerbBuilder verbs)
    {
        var target = new Option<string?>("--out") { Description = Texts.Get("cli.help_report_out"), HelpName = "FILE" };
        return verbs.Verb("report", Texts.Get("cli.help_report"), _ => Task.FromResult(ExitCode.Done), [target]);
    }
}

using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;

namespace Lepton.Data.Cli;

internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        // Text of ours is invariant; only the look-up of messages follows the person.
        CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        CultureInfo.CurrentUICulture = CultureInfo.DefaultThreadCurrentUICulture = Language.Of(arguments);

        using var terminal = new Terminal();
        using var interruption = new Interruption();
        var globals = new GlobalOptions();
        ParseResult parsed = LeptonCommand.Create(globals, terminal).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var failures = new Failures(terminal, isJson: globals.OutputOf(parsed) == OutputFormat.Json, isVerbose: parsed.GetValue(globals.Verbose));
        if (parsed.Action is ParseErrorAction || UsageErrors.UnknownOption(parsed) is not null) return failures.ReportUsage(parsed);
        try
        {
            int exitCode = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interruption.Token);
            terminal.Out.Flush();
            return exitCode;
        }
        catch (Exception exception)
        {
            return failures.Report(exception, interruption.IsRequested);
        }
    }
}

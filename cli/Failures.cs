using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lepton.Data.Cli.Native;
using Lepton.Data.Cli.Output;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Cli;

/// <summary>Says what went wrong, on standard error, in the person's language, and which exit code that is.</summary>
internal sealed class Failures(Terminal terminal, bool isJson, bool isVerbose)
{
    /// <summary>Reports what ended the command.</summary>
    internal int Report(Exception exception, bool isInterrupted)
    {
        while (exception is AggregateException { InnerExceptions: [Exception only, ..] }) exception = only;
        switch (exception)
        {
            case BrokenPipeException:
                return ExitCode.Done;
            // What a stopped piece of work throws on its way out depends on where it was caught; the person only stopped it.
            case OperationCanceledException:
            case LeptonDataException when isInterrupted:
                Write("cli.interrupted", Texts.Get("cli.interrupted"), null, null, isTransient: true, exception);
                return ExitCode.Interrupted;
            case LeptonDataException known:
                (SourcePlace? place, string message) = AsSeenFromHere(known.Place, known.MessageIn(CultureInfo.CurrentUICulture));
                Write(known.Code, message, place, known.Excerpt, known.IsTransient, exception);
                foreach (LeptonDataException other in known.Others) Report(other, isInterrupted: false);
                return ExitCodeOf(known.Kind);
            case UnauthorizedAccessException or IOException:
                Write("cli.io", Texts.Get("cli.io", FileErrors.Reason(exception)), null, null, isTransient: false, exception);
                return ExitCode.Failed;
            default:
                Write("cli.unexpected", Texts.Get("cli.unexpected", exception.GetType().Name, OneLine(exception.Message)), null, null, isTransient: false, exception);
                return ExitCode.Failed;
        }
    }

    /// <summary>Reports a command line that is not understood: what is wrong with it, the nearest thing that would be right, and where to read on.</summary>
    internal int ReportUsage(ParseResult parsed)
    {
        string path = CommandPath(parsed);
        string message = UsageErrors.Describe(parsed);
        Write("cli.usage", Texts.Get("cli.usage", message, path), null, null, isTransient: false, null);
        return ExitCode.Usage;
    }

    internal static int ExitCodeOf(ErrorKind kind) => kind == ErrorKind.DataRefused ? ExitCode.DataRefused : ExitCode.Failed;

    // A file below the folder that the person is in is named as they would name it.
    private static (SourcePlace? Place, string Message) AsSeenFromHere(SourcePlace? place, string message)
    {
        if (place is null || !Path.IsPathRooted(place.Path)) return (place, message);
        string relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), place.Path);
        if (relative.StartsWith("..", StringComparison.Ordinal)) return (place, message);
        return (place with { Path = relative }, message.StartsWith(place.Path, StringComparison.Ordinal) ? relative + message[place.Path.Length..] : message);
    }

    private static string CommandPath(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? result = parsed.CommandResult; result is not null; result = result.Parent)
        {
            if (result is System.CommandLine.Parsing.CommandResult command) names.Insert(0, command.Command is RootCommand ? "lepton" : command.Command.Name);
        }
        return string.Join(' ', names);
    }

    private static string OneLine(string text) => string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private void Write(string code, string message, SourcePlace? place, string? excerpt, bool isTransient, Exception? exception)
    {
        try
        {
            terminal.Out.Flush();
            if (isJson) WriteJson(code, message, place, excerpt, isTransient);
            else WriteText(message, excerpt);
            if (isVerbose && exception is not null) terminal.Error.WriteLine(exception);
        }
        catch (IOException)
        {
            // There is nobody left to tell.
        }
    }

    private void WriteText(string message, string? excerpt)
    {
        string label = Texts.Get("cli.error");
        // A full-width colon carries its own space.
        string gap = label.EndsWith('：') ? "" : " ";
        terminal.Error.WriteLine($"{(terminal.HasErrorColor ? $"\e[31m{label}\e[0m" : label)}{gap}{TextCells.Visible(OneLine(message))}");
        if (excerpt is null) return;
        foreach (string line in excerpt.Split('\n')) terminal.Error.WriteLine($"    {TextCells.Visible(line.TrimEnd('\r'))}");
    }

    private void WriteJson(string code, string message, SourcePlace? place, string? excerpt, bool isTransient)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, JsonOutput.LineOptions))
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("code", code);
            json.WriteString("message", message);
            if (place is not null)
            {
                json.WriteString("file", place.Path);
                if (place.LineNumber > 0) json.WriteNumber("line", place.LineNumber);
                if (place.ColumnNumber > 0) json.WriteNumber("column", place.ColumnNumber);
            }
            if (excerpt is not null) json.WriteString("excerpt", excerpt);
            json.WriteBoolean("is_transient", isTransient);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        terminal.Error.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }
}

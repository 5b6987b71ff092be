using System.CommandLine;

namespace Lepton.Data.Cli;

/// <summary>The options that every verb takes, before or after it.</summary>
internal sealed class GlobalOptions
{
    internal GlobalOptions()
    {
        Output.AcceptOnlyFromAmong("text", "json", "csv");
        Lang.AcceptOnlyFromAmong(Language.Known);
    }

    internal Option<string?> Project { get; } = new("--project", "-p") { Description = Texts.Get("cli.help_project"), HelpName = "DIR", Recursive = true };

    internal Option<string> Output { get; } = new("--output", "-o") { Description = Texts.Get("cli.help_output"), Recursive = true, DefaultValueFactory = _ => "text" };

    internal Option<string?> Lang { get; } = new("--lang") { Description = Texts.Get("cli.help_lang"), Recursive = true };

    internal Option<bool> Verbose { get; } = new("--verbose") { Description = Texts.Get("cli.help_verbose"), Recursive = true };

    internal IEnumerable<Option> All => [Project, Output, Lang, Verbose];

    /// <summary>The format asked for; text where the command line is not understood.</summary>
    internal OutputFormat OutputOf(ParseResult parsed)
    {
        // An option with an error in it has no value to ask for.
        if (parsed.GetResult(Output) is not { } result || result.Errors.Any()) return OutputFormat.Text;
        return parsed.GetValue(Output) switch { "json" => OutputFormat.Json, "csv" => OutputFormat.Csv, _ => OutputFormat.Text };
    }
}

/// <summary>The form of results.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>One JSON document.</summary>
    Json,

    /// <summary>Delimited text, of rows only.</summary>
    Csv,
}

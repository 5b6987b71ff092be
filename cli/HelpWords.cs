using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Lepton.Data.Cli;

/// <summary>Shows the library's help with those of its own words in the person's language that it knows in English only.</summary>
internal sealed class HelpWords(HelpAction inner) : SynchronousCommandLineAction
{
    // The words stand so in no text of ours. What stands in a column of the help takes equally many cells in both languages.
    private static readonly (string English, string Code)[] s_words =
    [
        ("Description:", "cli.word_description"), ("[command]", "cli.word_command"), ("[options]", "cli.word_options"), ("[default: ", "cli.word_default"), ("(REQUIRED)", "cli.word_required"),
    ];

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        using var help = new StringWriter();
        parseResult.InvocationConfiguration.Output = help;
        int exitCode = inner.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        string text = help.ToString();
        foreach ((string english, string code) in s_words) text = text.Replace(english, Texts.Get(code), StringComparison.Ordinal);
        output.Write(text);
        return exitCode;
    }
}

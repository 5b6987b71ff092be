using System.CommandLine;
using System.CommandLine.Parsing;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Cli;

/// <summary>Says in one sentence what is wrong with a command line.</summary>
internal static class UsageErrors
{
    internal static string Describe(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (UnknownOption(parsed) is { } unknown)
            return Suggest.Nearest(unknown, OptionNames(parsed.CommandResult)) is { } near ? Texts.Get("cli.unknown_option_near", unknown, near) : Texts.Get("cli.unknown_option", unknown);
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string word = parsed.UnmatchedTokens[0];
            string? nearest = Suggest.Nearest(word, command.Subcommands.Select(verb => verb.Name));
            if (command.Subcommands.Count > 0) return nearest is null ? Texts.Get("cli.unknown_verb", word) : Texts.Get("cli.unknown_verb_near", word, nearest);
            return Texts.Get("cli.extra_argument", word);
        }
        if (command.Action is null && command.Subcommands.Count > 0) return Texts.Get("cli.missing_verb", string.Join(", ", command.Subcommands.Select(verb => verb.Name)));
        return parsed.Errors.Count > 0 ? parsed.Errors[0].Message.TrimEnd('.', '。') : "";
    }

    /// <summary>A word that looks like an option and is none; the parser takes it as an argument.</summary>
    internal static string? UnknownOption(ParseResult parsed)
        => parsed.UnmatchedTokens
            .Concat(parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens.Select(token => token.Value)))
            .Select(word => word.Split('=')[0])
            .FirstOrDefault(word => word.StartsWith("--", StringComparison.Ordinal) && word.Length > 2 && word[2..].All(c => char.IsAsciiLetterLower(c) || c == '-'));

    private static IEnumerable<string> OptionNames(CommandResult result)
    {
        for (SymbolResult? current = result; current is not null; current = current.Parent)
        {
            if (current is not CommandResult command) continue;
            foreach (Option option in command.Command.Options)
            {
                if (command == result || option.Recursive) yield return option.Name;
            }
        }
    }
}

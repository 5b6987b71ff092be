using System.CommandLine;
using System.CommandLine.Help;
using Lepton.Data.Cli.Commands;

namespace Lepton.Data.Cli;

/// <summary>The tree of verbs. Building it loads no room: a verb's work begins in the method that its action calls.</summary>
internal static class LeptonCommand
{
    internal static RootCommand Create(GlobalOptions globals, Terminal terminal)
    {
        var root = new RootCommand(Texts.Get("cli.help_lepton"));
        // The library's own options, in the person's language; a verb shows the version, too, and says more.
        foreach (Option option in root.Options) option.Description = Texts.Get(option is VersionOption ? "cli.help_version" : "cli.help_help");
        foreach (HelpOption help in root.Options.OfType<HelpOption>()) help.Action = new HelpWords((HelpAction)help.Action!);
        foreach (Option option in globals.All) root.Options.Add(option);
        var verbs = new VerbBuilder(globals, terminal);
        root.Subcommands.Add(InitCommand.Create(verbs));
        root.Subcommands.Add(RunCommand.Create(verbs));
        root.Subcommands.Add(ValidateCommand.Create(verbs));
        root.Subcommands.Add(TestCommand.Create(verbs));
        root.Subcommands.Add(ProfileCommand.Create(verbs));
        root.Subcommands.Add(DiffCommand.Create(verbs));
        root.Subcommands.Add(ContractCommands.Create(verbs));
        root.Subcommands.Add(FeatureCommands.CreatePlan(verbs));
        root.Subcommands.Add(FeatureCommands.CreateApply(verbs));
        root.Subcommands.Add(FeatureCommands.CreateTeardown(verbs));
        root.Subcommands.Add(ImportCommands.Create(verbs));
        root.Subcommands.Add(HistoricalFeaturesCommand.Create(verbs));
        root.Subcommands.Add(DatasetCommands.Create(verbs));
        root.Subcommands.Add(TableCommands.Create(verbs));
        root.Subcommands.Add(FeatureViewCommands.Create(verbs));
        root.Subcommands.Add(QueryCommand.Create(verbs));
        root.Subcommands.Add(LineageCommand.Create(verbs));
        root.Subcommands.Add(ReportCommand.Create(verbs));
        root.Subcommands.Add(DoctorCommand.Create(verbs));
        root.Subcommands.Add(VersionCommand.Create(verbs));
        return root;
    }
}

/// <summary>Makes verbs whose actions get a <see cref="CommandContext"/>.</summary>
internal sealed class VerbBuilder(GlobalOptions globals, Terminal terminal)
{
    /// <summary>A verb.</summary>
    /// <param name="name">As it is typed.</param>
    /// <param name="description">In the person's language.</param>
    /// <param name="run">Does the work and gives the exit code; errors are thrown.</param>
    /// <param name="symbols">Its arguments and options.</param>
    /// <param name="allowsCsv">Whether its results are rows.</param>
    internal Command Verb(string name, string description, Func<CommandContext, Task<int>> run, IEnumerable<Symbol>? symbols = null, bool allowsCsv = false)
    {
        var command = new Command(name, description);
        foreach (Symbol symbol in symbols ?? [])
        {
            if (symbol is Option option) command.Options.Add(option);
            else command.Arguments.Add((Argument)symbol);
        }
        if (!allowsCsv)
        {
            command.Validators.Add(result =>
            {
                if (result.GetResult(globals.Output) is { Errors: var errors } && !errors.Any() && result.GetValue(globals.Output) == "csv")
                    result.AddError(Texts.Get("cli.no_csv", name));
            });
        }
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var context = new CommandContext(parsed, globals, terminal, cancellationToken);
            return await run(context);
        });
        return command;
    }
}

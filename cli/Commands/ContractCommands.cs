using System.CommandLine;
using Lepton.Data.Cli.Output;
using Lepton.Data.Jobs.Profiles;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton contract infer</c>: expectations that a table fulfils, ready to paste.</summary>
internal static class ContractCommands
{
    internal static Command Create(VerbBuilder verbs)
    {
        var name = new Argument<string>("TABLE") { Description = Texts.Get("cli.help_relation") };
        var group = new Command("contract", Texts.Get("cli.help_contract"));
        group.Subcommands.Add(verbs.Verb("infer", Texts.Get("cli.help_contract_infer"), context => InferAsync(context, context.Get(name)!), [name]));
        return group;
    }

    private static async Task<int> InferAsync(CommandContext context, string name)
    {
        TableProfile profile = await ProfileCommand.ProfileAsync(context, name);
        string yaml = ContractWriter.Write(profile);
        if (context.IsJson) JsonOutput.Write(context.Terminal, json => json.WriteString("yaml", yaml));
        else context.Terminal.Out.Write(yaml);
        return ExitCode.Done;
    }
}

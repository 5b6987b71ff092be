using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using Lepton.Data.Cli.Output;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>The product's version.</summary>
    internal static string Version => typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    internal static Command Create(VerbBuilder verbs) => verbs.Verb("version", Texts.Get("cli.help_version"), Run);

    private static Task<int> Run(CommandContext context)
    {
        // What a verb loads is what it costs to start; `--verbose` shows it.
        string[] assemblies = context.IsVerbose
            ? [.. AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetName().Name ?? "?").Order(StringComparer.Ordinal)]
            : [];
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("version", Version);
                json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
                json.WriteString("platform", RuntimeInformation.RuntimeIdentifier);
                if (context.IsVerbose) json.WriteStrings("assemblies", assemblies);
            });
        }
        else
        {
            context.Terminal.Out.WriteLine($"lepton {Version} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})");
            foreach (string assembly in assemblies) context.Terminal.Out.WriteLine($"  {assembly}");
        }
        return Task.FromResult(ExitCode.Done);
    }
}

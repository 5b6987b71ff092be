using System.CommandLine;
using System.Reflection;
using System.Text;
using Lepton.Data.Cli.Output;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton init</c>: a small project that works, to be changed into one's own.</summary>
internal static class InitCommand
{
    private const string TemplatePrefix = "template/";

    internal static Command Create(VerbBuilder verbs)
    {
        var folder = new Argument<string>("DIR") { Description = Texts.Get("cli.help_init_folder"), DefaultValueFactory = _ => "." };
        return verbs.Verb("init", Texts.Get("cli.help_init"), context => RunAsync(context, context.Get(folder)!), [folder]);
    }

    private static async Task<int> RunAsync(CommandContext context, string named)
    {
        string folder = Path.GetFullPath(named);
        var files = new List<(string Path, byte[] Content)>();
        foreach (string resource in typeof(InitCommand).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(TemplatePrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            files.Add((resource[TemplatePrefix.Length..], Content(resource, ProjectName(folder))));
        // Looked at before anything is written: a project is made whole or not at all.
        foreach ((string path, _) in files)
        {
            if (Path.Exists(Path.Combine(folder, path))) throw new LeptonDataException("cli.init_exists", [Path.Combine(named, path)]);
        }
        foreach ((string path, byte[] content) in files)
        {
            string target = Path.Combine(folder, path);
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                await File.WriteAllBytesAsync(target, content, context.CancellationToken);
            }
            catch (Exception failure) when (FileErrors.IsFileFailure(failure))
            {
                throw FileErrors.Of(failure, target);
            }
        }
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("folder", folder);
                json.WriteStrings("files", files.Select(file => file.Path));
            });
            return ExitCode.Done;
        }
        context.Terminal.Out.WriteLine(Texts.Get("cli.init_done", folder));
        foreach ((string path, _) in files) context.Terminal.Out.WriteLine($"  {path}");
        context.Terminal.Out.WriteLine(Texts.Get("cli.init_next"));
        string change = named == "." ? "" : $"cd {(named.All(c => char.IsLetterOrDigit(c) || "/._-".Contains(c, StringComparison.Ordinal)) ? named : $"'{named}'")} && ";
        context.Terminal.Out.WriteLine($"  {change}lepton run && lepton apply && lepton dataset create");
        return ExitCode.Done;
    }

    private static byte[] Content(string resource, string projectName)
    {
        using Stream stream = typeof(InitCommand).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return Encoding.UTF8.GetBytes(reader.ReadToEnd().Replace("{{project}}", projectName, StringComparison.Ordinal));
    }

    // A folder may have any name, a project not.
    private static string ProjectName(string folder)
    {
        var name = new StringBuilder();
        foreach (char c in Path.GetFileName(folder).ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c)) name.Append(c);
            else if (name.Length > 0 && name[^1] != '_') name.Append('_');
        }
        string text = name.ToString().Trim('_');
        return text.Length > 0 && char.IsAsciiLetter(text[0]) ? text : "my_project";
    }
}

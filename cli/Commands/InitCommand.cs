using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Text;
using Lepton.Data.Cli.Output;
using Lepton.Data.Engines;
using Lepton.Data.Jobs.Drafts;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton init</c>: a small project that works, to be changed into one's own; or one drawn from a person's own files.</summary>
internal static class InitCommand
{
    private const string TemplatePrefix = "template/";

    internal static Command Create(VerbBuilder verbs)
    {
        var folder = new Argument<string>("DIR") { Description = Texts.Get("cli.help_init_folder"), DefaultValueFactory = _ => "." };
        var from = new Option<string[]>("--from") { Description = Texts.Get("cli.help_init_from"), HelpName = "FILE" };
        var zone = new Option<string?>("--zone") { Description = Texts.Get("cli.help_init_zone"), HelpName = "ZONE" };
        Command command = verbs.Verb("init", Texts.Get("cli.help_init"), context => context.Get(from) is { Length: > 0 } files
            ? DrawAsync(context, context.Get(folder)!, files, context.Get(zone))
            : CopyAsync(context, context.Get(folder)!), [folder, from, zone]);
        command.Validators.Add(result =>
        {
            if (result.GetResult(zone) is not null && result.GetResult(from) is null) result.AddError(Texts.Get("cli.init_zone_without_from"));
        });
        return command;
    }

    private static async Task<int> CopyAsync(CommandContext context, string named)
    {
        string folder = Path.GetFullPath(named);
        var files = new List<(string Path, byte[] Content)>();
        foreach (string resource in typeof(InitCommand).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(TemplatePrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            files.Add((resource[TemplatePrefix.Length..], Content(resource, ProjectName(folder))));
        files.AddRange(ProjectDraft.EditorSchemas(CultureInfo.CurrentUICulture).Select(file => (file.Path, Encoding.UTF8.GetBytes(file.Content))));
        await WriteAsync(context, named, files);
        Report(context, named, files, [], "lepton run && lepton apply && lepton dataset create");
        return ExitCode.Done;
    }

    private static async Task<int> DrawAsync(CommandContext context, string named, string[] from, string? zone)
    {
        string folder = Path.GetFullPath(named);
        RefuseToOverwrite(named, ["lepton.yaml"]);
        await using var engine = new DuckDbEngine(new DuckDbEngineOptions { AllowedFolders = ProjectDraft.FoldersOf(from), TempFolder = CommandContext.TempFolder });
        ProjectDraft draft = await ProgressDisplay.ShowAsync(context, progress =>
        {
            var run = new RunContext(RunId.Create(context.Time), AccessContext.Owner, context.Time, new MemoryBudget(CommandContext.MemoryOfMachine), progress);
            return ProjectDraft.LookAsync(from, folder, engine, context.FrontEnd, run, context.CancellationToken).AsTask();
        });
        if (draft.ClockWithoutZone is var (column, path)) zone ??= AskForZone(context, column, path);
        DraftedProject project = await draft.WriteAsync(ProjectName(folder), zone, context.FrontEnd, CultureInfo.CurrentUICulture, context.CancellationToken);
        List<(string, byte[])> files = [.. project.Files.Select(file => (file.Path, Encoding.UTF8.GetBytes(file.Content)))];
        await WriteAsync(context, named, files);
        Report(context, named, files, project.Sources, project.Sources.Any(source => source.HasFeatures) ? "lepton run && lepton apply" : "lepton run");
        return ExitCode.Done;
    }

    // An instant cannot be guessed: whoever sits there is asked, a script has to say it.
    private static string AskForZone(CommandContext context, string column, string path)
    {
        if (context.IsJson || Console.IsInputRedirected || !context.Terminal.IsErrorTerminal) throw new LeptonDataException("cli.init_zone_needed", [column, path]);
        context.Terminal.Error.Write(TextCells.Visible(Texts.Get("cli.init_zone_question", column, path)));
        return Console.In.ReadLine()?.Trim() switch { null => throw new LeptonDataException("cli.init_zone_needed", [column, path]), "" => "UTC", var answer => answer };
    }

    // Looked at before anything is written: a project is made whole or not at all.
    private static void RefuseToOverwrite(string named, IEnumerable<string> paths)
    {
        foreach (string path in paths)
            if (Path.Exists(Path.Combine(Path.GetFullPath(named), path))) throw new LeptonDataException("cli.init_exists", [Path.Combine(named, path)]);
    }

    private static async Task WriteAsync(CommandContext context, string named, List<(string Path, byte[] Content)> files)
    {
        RefuseToOverwrite(named, files.Select(file => file.Path));
        foreach ((string path, byte[] content) in files)
        {
            string target = Path.Combine(Path.GetFullPath(named), path);
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
    }

    private static void Report(CommandContext context, string named, List<(string Path, byte[] Content)> files, IReadOnlyList<DraftedSource> sources, string next)
    {
        string folder = Path.GetFullPath(named);
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteString("folder", folder);
                json.WriteStrings("files", files.Select(file => file.Path));
                if (sources.Count == 0) return;
                json.WriteList("sources", sources, source =>
                {
                    json.WriteString("path", source.Path);
                    json.WriteString("table", source.Table);
                    json.WriteNumber("rows", source.RowCount);
                    json.WriteNumber("columns", source.ColumnCount);
                    json.WriteBoolean("has_features", source.HasFeatures);
                    json.WriteStrings("guesses", source.Guesses.Select(guess => guess.Trim()));
                });
            });
            return;
        }
        foreach (DraftedSource source in sources)
        {
            context.Terminal.Out.WriteLine(TextCells.Visible(Texts.Get("cli.init_look", source.Path, TextTable.Number(source.RowCount), TextTable.Number(source.ColumnCount), source.Table)));
            foreach (string guess in source.Guesses) context.Terminal.Out.WriteLine($"  {TextCells.Visible(guess)}");
        }
        context.Terminal.Out.WriteLine(Texts.Get("cli.init_done", folder));
        foreach ((string path, _) in files.Where(file => !file.Path.StartsWith('.'))) context.Terminal.Out.WriteLine($"  {path}");
        context.Terminal.Out.WriteLine(Texts.Get("cli.init_next"));
        string change = named == "." ? "" : $"cd {(named.All(c => char.IsLetterOrDigit(c) || "/._-".Contains(c, StringComparison.Ordinal)) ? named : $"'{named}'")} && ";
        context.Terminal.Out.WriteLine($"  {change}{next}");
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

using System.CommandLine;
using System.Globalization;
using Lepton.Data.Cli.Output;
using Lepton.Data.FeatureStore.Feast;
using Lepton.Data.Schemas;

namespace Lepton.Data.Cli.Commands;

/// <summary><c>lepton import feast</c>: definitions of other feature stores.</summary>
internal static class ImportCommands
{
    private const string FeatureFile = "features/feast.yaml";
    private const string PipelineFile = "pipelines/feast.yaml";

    internal static Command Create(VerbBuilder verbs)
    {
        var file = new Argument<string>("FILE") { Description = Texts.Get("cli.help_import_file") };
        var group = new Command("import", Texts.Get("cli.help_import"));
        group.Subcommands.Add(verbs.Verb("feast", Texts.Get("cli.help_import_feast"), context => FeastAsync(context, context.Get(file)!), [file]));
        return group;
    }

    private static async Task<int> FeastAsync(CommandContext context, string file)
    {
        byte[] dump;
        try
        {
            dump = await File.ReadAllBytesAsync(file, context.CancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LeptonDataException("featurestore.file_unreadable", [file, failure.Message], failure);
        }
        FeastImport import = FeastImport.Read(dump, file);
        string folder = context.Project.Folder;
        // All or none: a project with half of it would say that tables are missing.
        (string Path, string Text)[] files = [(FeatureFile, import.Features), .. import.Pipeline is null ? ((string, string)[])[] : [(PipelineFile, import.Pipeline)]];
        if (Array.Find(files, written => File.Exists(Path.Combine(folder, written.Path))) is { Path: not null } taken) throw new LeptonDataException("cli.import_taken", [taken.Path]);
        foreach ((string path, string text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            await File.WriteAllTextAsync(Path.Combine(folder, path), text, context.CancellationToken);
        }
        if (context.IsJson)
        {
            JsonOutput.Write(context.Terminal, json =>
            {
                json.WriteStrings("files", files.Select(written => written.Path));
                json.WriteNumber("entities", import.Counts.Entities);
                json.WriteNumber("feature_views", import.Counts.Views);
                json.WriteNumber("feature_services", import.Counts.Services);
                json.WriteList("notes", import.Left, note =>
                {
                    json.WriteString("object", note.Object);
                    json.WriteString("text", note.Text.In(CultureInfo.CurrentUICulture));
                });
            });
            return ExitCode.Done;
        }
        context.Terminal.Out.WriteLine(Texts.Get("cli.imported", import.Counts.Entities, import.Counts.Views, import.Counts.Services, string.Join(", ", files.Select(written => written.Path))));
        foreach (FeastNote note in import.Left) context.Terminal.Out.WriteLine(TextCells.Visible($"  {note.Object}: {note.Text.In(CultureInfo.CurrentUICulture)}"));
        context.Terminal.Out.WriteLine(Texts.Get(import.Pipeline is null ? "cli.imported_next" : "cli.imported_next_run"));
        return ExitCode.Done;
    }
}

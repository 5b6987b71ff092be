using System.Globalization;
using System.Text;
using Lepton.Data.Connectors.Files;
using Lepton.Data.Engines;
using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Jobs.Drafts;

/// <summary>A project drawn from a person's own files: what is in them decides how they are read, checked and described, and comments say why.</summary>
public sealed class ProjectDraft
{
    private readonly IReadOnlyList<(SourceFacts Facts, SourceGuess Guess)> _sources;
    private readonly string _folder;

    private ProjectDraft(string folder, IReadOnlyList<(SourceFacts, SourceGuess)> sources) => (_folder, _sources) = (folder, sources);

    /// <summary>A column whose times have no zone, and its file: what the person has to be asked. Null where every time says its own.</summary>
    public (string Column, string Path)? ClockWithoutZone
    {
        get
        {
            foreach ((SourceFacts facts, SourceGuess guess) in _sources)
                if (ClockOf(facts, guess) is { } column) return (column.SourceName, facts.Path);
            return null;
        }
    }

    /// <summary>Sources as they must be known before an engine that may reach them is opened.</summary>
    /// <param name="files">Paths or patterns, relative to the current folder.</param>
    /// <returns>The folders that they lie in, without links.</returns>
    public static IReadOnlyList<string> FoldersOf(IReadOnlyList<string> files) => FileSources.FoldersOf(files.Select((file, i) => SourceLook.Definition(file, string.Create(CultureInfo.InvariantCulture, $"s{i}"))), Environment.CurrentDirectory);

    /// <summary>Looks into <paramref name="files"/>, every row of them.</summary>
    /// <param name="files">Parquet or delimited text: paths or patterns, relative to the current folder, one source each.</param>
    /// <param name="folder">Where the project will lie, absolute; it need not exist.</param>
    /// <param name="engine">Computes; may reach the files.</param>
    /// <param name="frontEnd">The engine's parser and binder.</param>
    /// <param name="run">Told of progress.</param>
    /// <param name="cancellationToken">Observed between blocks of rows.</param>
    /// <exception cref="LeptonDataException">A file is missing, empty, ragged, of a kind that is not read; with the file and, where there is one, the line.</exception>
    public static async ValueTask<ProjectDraft> LookAsync(IReadOnlyList<string> files, string folder, IEngine engine, ISqlFrontEnd frontEnd, RunContext run, CancellationToken cancellationToken)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var profiler = new SourceProfiler(engine, new Binder(frontEnd), run);
        var sources = new List<(SourceFacts, SourceGuess)>(files.Count);
        foreach (string file in files)
        {
            string name = DraftText.TableName(file, taken);
            InspectedSource source = await SourceLook.IntoAsync(file, name, run, cancellationToken).ConfigureAwait(false);
            sources.Add(await profiler.ProfileAsync(file, name, source, cancellationToken).ConfigureAwait(false));
        }
        return new ProjectDraft(folder, sources);
    }

    /// <summary>The files of the project, checked as a run would check them; nothing is written.</summary>
    /// <param name="projectName">As <c>lepton.yaml</c> takes it.</param>
    /// <param name="zone">The IANA zone of clocks that do not say theirs; needed where <see cref="ClockWithoutZone"/> is not null.</param>
    /// <param name="frontEnd">The engine's parser and binder.</param>
    /// <param name="culture">The language of the comments.</param>
    /// <param name="cancellationToken">Observed between files.</param>
    /// <exception cref="LeptonDataException">There is no such zone.</exception>
    public async ValueTask<DraftedProject> WriteAsync(string projectName, string? zone, ISqlFrontEnd frontEnd, CultureInfo culture, CancellationToken cancellationToken)
    {
        var files = new List<(string, string)> { ("lepton.yaml", ProjectFile(projectName, culture)) };
        var summaries = new List<DraftedSource>();
        var entities = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((SourceFacts facts, SourceGuess guess) in _sources)
        {
            var draft = new PipelineDraft(facts, guess, PathInProject(facts.Path), ClockOf(facts, guess) is null ? null : zone ?? throw new ArgumentNullException(nameof(zone)), culture);
            string pipeline = draft.Write();
            await CheckAsync(pipeline, $"pipelines/{facts.Name}.yaml", frontEnd, cancellationToken).ConfigureAwait(false);
            files.Add(($"pipelines/{facts.Name}.yaml", pipeline));
            string? features = draft.WriteFeatures(entities);
            if (features is not null) files.Add(($"features/{facts.Name}.yaml", features));
            summaries.Add(new DraftedSource(facts.Path, facts.Name, facts.RowCount, facts.Columns.Count, [.. draft.Summary()], features is not null));
        }
        return new DraftedProject([.. files, .. EditorSchemas(culture)], summaries);
    }

    /// <summary>The JSON schemas by which editors complete and check a project's files, as files of the project (<c>.lepton/schemas/…</c>).</summary>
    /// <param name="culture">The language of their descriptions.</param>
    public static IReadOnlyList<(string Path, string Content)> EditorSchemas(CultureInfo culture)
        => [.. new RecordFormat[] { ProjectDefinition.Format, PipelineFormat.Format, DefinitionFormats.FeatureFile, Testing.UnitTestFormat.Format, Reports.ReportDefinition.Format }.Select(format => ($".lepton/schemas/{format.Name.Replace(' ', '-')}.json", format.ToJsonSchema(culture)))];

    // What is written must work: read, looked into and bound as a run does it, all but the rows.
    private async ValueTask CheckAsync(string yaml, string path, ISqlFrontEnd frontEnd, CancellationToken cancellationToken)
    {
        PipelineDefinition pipeline = PipelineFormat.Format.Read(Encoding.UTF8.GetBytes(yaml), path);
        using var files = new FileSources(pipeline.Sources, _folder, new Dictionary<string, KnownFile>());
        var schemas = new Dictionary<string, Schema>(StringComparer.OrdinalIgnoreCase);
        try
        {
            foreach (FileSourceDefinition source in pipeline.Sources) schemas.Add(source.Name, (await files.InspectAsync(source, null, cancellationToken).ConfigureAwait(false)).Scan.Schema);
        }
        catch (LeptonDataException failure) when (failure.Code is "connectors.unknown_zone" or "connectors.unknown_zone_near")
        {
            throw new LeptonDataException(failure.Code, [.. failure.Arguments]);
        }
        var binder = new Binder(frontEnd);
        foreach (StepDefinition step in pipeline.Steps) binder.Bind(step.Sql, schemas, AccessContext.Owner);
    }

    private static ColumnFacts? ClockOf(SourceFacts facts, SourceGuess guess)
        => facts.Columns.FirstOrDefault(column => column.ValueCount > 0 && (column.Shape.Kind == ShapeKind.Time || column == guess.TimeOfDay || (column == guess.EventTime && column.Shape.Kind == ShapeKind.Date && guess.TimeOfDay is null) || facts.Inspected.Scan.TimeZones.ContainsKey(column.Name)));

    // A project that moves with its data keeps working; data far away is named by its full path.
    private string PathInProject(string path)
    {
        string full = Path.GetFullPath(path);
        string relative = Path.GetRelativePath(RealPath.Of(_folder), RealPath.Of(Path.GetDirectoryName(full)!) is var real ? Path.Combine(real, Path.GetFileName(full)) : full);
        return relative.StartsWith("../../..", StringComparison.Ordinal) ? full : relative;
    }

    private static string ProjectFile(string name, CultureInfo culture)
    {
        string Say(string code) => MessageCatalog.Format(code, culture);
        return $"""
            # yaml-language-server: $schema=.lepton/schemas/project.json
            # {Say("jobs.draft_project")}
            #
            #   {Say("jobs.draft_project_pipelines")}
            #   {Say("jobs.draft_project_features")}
            #   {Say("jobs.draft_project_lake")}
            #   {Say("jobs.draft_project_schemas")}
            project: {name}
            lake: lake
            engine: duckdb

            """;
    }
}

/// <summary>A project as it would be written.</summary>
/// <param name="Files">Paths relative to the project's folder, and contents.</param>
/// <param name="Sources">What was made of each file that the person named.</param>
public sealed record DraftedProject(IReadOnlyList<(string Path, string Content)> Files, IReadOnlyList<DraftedSource> Sources);

/// <summary>What was made of one file or pattern.</summary>
/// <param name="Path">As the person named it.</param>
/// <param name="Table">The table that the pipeline makes.</param>
/// <param name="RowCount">Rows of the source.</param>
/// <param name="ColumnCount">Columns of the source.</param>
/// <param name="Guesses">What it was taken for, one guess a line, in the person's language.</param>
/// <param name="HasFeatures">Whether there is a feature view.</param>
public sealed record DraftedSource(string Path, string Table, long RowCount, int ColumnCount, IReadOnlyList<string> Guesses, bool HasFeatures);

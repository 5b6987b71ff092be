using Lepton.Data.Connectors.Files;
using Lepton.Data.Jobs.Definitions;
using Lepton.Data.Jobs.Events;
using Lepton.Data.Jobs.Testing;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Objects.S3;

namespace Lepton.Data.Jobs;

/// <summary>A project: the folder of <c>lepton.yaml</c>, and what it says. Nothing outside the folder is written, except a lake that it places elsewhere.</summary>
public sealed record Project
{
    /// <summary>What the file that names a project is called.</summary>
    public const string FileName = "lepton.yaml";

    internal const string S3Scheme = "s3://";

    /// <summary>The folder, absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>The project's name.</summary>
    public required string Name { get; init; }

    /// <summary>Where the lake lies: a folder, absolute; or <c>s3://bucket/prefix</c>.</summary>
    public required string LakeLocation { get; init; }

    /// <summary>Where in which bucket the lake lies, and how to get there; null for a lake in a folder.</summary>
    public S3Options? S3 { get; init; }

    /// <summary>Which engine runs the steps: <c>duckdb</c>.</summary>
    public string Engine { get; init; } = "duckdb";

    /// <summary>What the engine may hold in memory, in bytes; null for a share of the machine's.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>How many threads the engine may use; null for all cores.</summary>
    public int? ThreadCount { get; init; }

    /// <summary>Where events of runs go; null for nowhere.</summary>
    public OpenLineageDefinition? OpenLineage { get; init; }

    /// <summary>The files below <c>pipelines/</c>, absolute, in order of name.</summary>
    public IReadOnlyList<string> PipelineFiles => FilesIn("pipelines");

    /// <summary>The files below <c>pipelines/tests/</c>, absolute, in order of name.</summary>
    public IReadOnlyList<string> UnitTestFiles => FilesIn("pipelines/tests");

    /// <summary>The files below <c>features/</c>, absolute, in order of name.</summary>
    public IReadOnlyList<string> FeatureFiles => FilesIn("features");

    /// <summary>The files below <c>reports/</c>, absolute, in order of name.</summary>
    public IReadOnlyList<string> ReportFiles => FilesIn("reports");

    /// <summary>Reads the project of <paramref name="folder"/>.</summary>
    /// <exception cref="LeptonDataException">There is no <c>lepton.yaml</c>, or it is not as it must be.</exception>
    public static Project Load(string folder)
    {
        string root = Path.GetFullPath(folder);
        string file = Path.Combine(root, FileName);
        if (Directory.Exists(file)) throw new LeptonDataException("jobs.project_is_folder", [file]);
        if (!File.Exists(file)) throw new LeptonDataException("jobs.no_project", [root]);
        ProjectDefinition definition = ProjectDefinition.Format.Read(ReadFile(file), DisplayPath(file));
        bool isBucket = definition.Lake.StartsWith(S3Scheme, StringComparison.Ordinal);
        return new Project
        {
            Folder = root,
            Name = definition.Name,
            LakeLocation = isBucket ? definition.Lake.TrimEnd('/') : Path.GetFullPath(definition.Lake, root),
            S3 = isBucket ? (definition.S3 ?? S3Definition.Default).OptionsFor(definition.Lake, root) : null,
            Engine = definition.Engine,
            MemoryBytes = definition.MemoryBytes,
            ThreadCount = definition.ThreadCount,
            OpenLineage = definition.OpenLineage,
        };
    }

    /// <summary>Reads and checks the project's pipelines, in order of file name.</summary>
    /// <exception cref="LeptonDataException">A file is not as it must be; its place says where.</exception>
    public IReadOnlyList<PipelineDefinition> LoadPipelines()
    {
        var pipelines = new List<PipelineDefinition>();
        foreach (string file in PipelineFiles)
        {
            PipelineDefinition pipeline = PipelineFormat.Format.Read(ReadFile(file), DisplayPath(file));
            if (pipelines.Find(other => other.Name == pipeline.Name) is { } twin) throw new LeptonDataException("jobs.pipeline_twice", [pipeline.Name, twin.Place]) { Place = pipeline.Place };
            pipelines.Add(pipeline);
        }
        return pipelines;
    }

    /// <summary>Reads and checks the project's unit tests, in order of file name.</summary>
    /// <exception cref="LeptonDataException">A file is not as it must be; its place says where.</exception>
    public IReadOnlyList<UnitTestDefinition> LoadUnitTests()
    {
        var tests = new List<UnitTestDefinition>();
        foreach (string file in UnitTestFiles)
        {
            foreach (UnitTestDefinition test in UnitTestFormat.Format.Read(ReadFile(file), DisplayPath(file)).Select(test => test with { Folder = Path.GetDirectoryName(file)! }))
            {
                if (tests.Find(other => other.Name == test.Name) is { } twin) throw new LeptonDataException("jobs.test_twice", [test.Name, twin.Place]) { Place = test.Place };
                tests.Add(test);
            }
        }
        return tests;
    }

    /// <summary>Opens the store of the lake; nothing is read or asked yet. The caller disposes it where it can be.</summary>
    /// <param name="time">What a store that is not of this machine goes by.</param>
    public IObjectStore OpenStore(TimeProvider time) => S3 is null ? new LocalObjectStore(LakeLocation) : new S3ObjectStore(S3, time);

    /// <summary>The folders that an engine has to reach, without links: a lake that lies in one, and where the sources of <paramref name="pipelines"/> lie.</summary>
    public IReadOnlyList<string> FoldersToReach(IReadOnlyList<PipelineDefinition> pipelines)
        => [.. S3 is null ? [RealPath.Of(LakeLocation)] : Array.Empty<string>(), .. FileSources.FoldersOf(pipelines.SelectMany(pipeline => pipeline.Sources), Folder)];

    /// <summary>A file of the project as bytes, with errors that name it.</summary>
    internal static byte[] ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path).Length > YamlReader.SizeBytesMax) throw new LeptonDataException("schemas.yaml_too_large", [new FileInfo(path).Length, YamlReader.SizeBytesMax]) { Place = new SourcePlace(DisplayPath(path)) };
            return File.ReadAllBytes(path);
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            throw FileErrors.Of(failure, path);
        }
    }

    /// <summary>A path as a person at the terminal would write it: relative where it lies below the folder that they are in.</summary>
    public static string DisplayPath(string path)
    {
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    private string[] FilesIn(string subfolder)
    {
        string path = Path.Combine(Folder, subfolder);
        if (!Directory.Exists(path)) return [];
        return [.. Directory.EnumerateFiles(path, "*.yaml").Concat(Directory.EnumerateFiles(path, "*.yml")).Order(StringComparer.Ordinal)];
    }
}

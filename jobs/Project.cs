using Lepton.Data.Jobs.Definitions;

namespace Lepton.Data.Jobs;

/// <summary>A project: the folder of <c>lepton.yaml</c>, and what it says. Nothing outside the folder is written, except a lake that it places elsewhere.</summary>
public sealed record Project
{
    /// <summary>What the file that names a project is called.</summary>
    public const string FileName = "lepton.yaml";

    /// <summary>The folder, absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>The project's name.</summary>
    public required string Name { get; init; }

    /// <summary>Where the lake lies, absolute.</summary>
    public required string LakeFolder { get; init; }

    /// <summary>Which engine runs the steps: <c>duckdb</c>.</summary>
    public string Engine { get; init; } = "duckdb";

    /// <summary>What the engine may hold in memory, in bytes; null for a share of the machine's.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>How many threads the engine may use; null for all cores.</summary>
    public int? ThreadCount { get; init; }

    /// <summary>The files below <c>pipelines/</c>, absolute, in order of name.</summary>
    public IReadOnlyList<string> PipelineFiles => FilesIn("pipelines");

    /// <summary>The files below <c>features/</c>, absolute, in order of name.</summary>
    public IReadOnlyList<string> FeatureFiles => FilesIn("features");

    /// <summary>The files below <c>reports/</c>, absolute, in order of name.</summary>
    public IReadOnlyList<string> ReportFiles => FilesIn("reports");

    /// <summary>Reads the project of <paramref name="folder"/>.</summary>
    /// <exception cref="Schemas.LeptonDataException">There is no <c>lepton.yaml</c>, or it is not as it must be.</exception>
    public static Project Load(string folder) => throw new InvalidOperationException(folder);

    /// <summary>Reads and checks the project's pipelines, in order of file name.</summary>
    /// <exception cref="Schemas.LeptonDataException">A file is not as it must be; its place says where.</exception>
    public IReadOnlyList<PipelineDefinition> LoadPipelines() => throw new InvalidOperationException(Folder);

    private string[] FilesIn(string subfolder)
    {
        string path = Path.Combine(Folder, subfolder);
        if (!Directory.Exists(path)) return [];
        return [.. Directory.EnumerateFiles(path, "*.yaml").Concat(Directory.EnumerateFiles(path, "*.yml")).Order(StringComparer.Ordinal)];
    }
}

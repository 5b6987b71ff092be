using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.FeatureStore.Definitions;

/// <summary>All that a project defines for its feature store. Immutable.</summary>
public sealed record FeatureDefinitions
{
    /// <summary>The folder of a project that holds them.</summary>
    public const string FolderName = "features";

    /// <summary>No definitions.</summary>
    public static FeatureDefinitions Empty { get; } = new();

    /// <summary>By name, in order of name.</summary>
    public IReadOnlyList<Entity> Entities { get; init; } = [];

    /// <inheritdoc cref="Entities"/>
    public IReadOnlyList<FeatureView> FeatureViews { get; init; } = [];

    /// <summary>Earlier versions of feature views, by name, then version; null where they are not known, as in files.</summary>
    public IReadOnlyList<FeatureView>? ViewVersions { get; init; }

    /// <inheritdoc cref="Entities"/>
    public IReadOnlyList<OnDemandView> OnDemandViews { get; init; } = [];

    /// <inheritdoc cref="Entities"/>
    public IReadOnlyList<FeatureService> FeatureServices { get; init; } = [];

    /// <inheritdoc cref="Entities"/>
    public IReadOnlyList<TrainingSetDefinition> TrainingSets { get; init; } = [];

    /// <summary>Whether nothing is defined.</summary>
    public bool IsEmpty => Entities.Count + FeatureViews.Count + OnDemandViews.Count + FeatureServices.Count + TrainingSets.Count == 0;

    /// <summary>Reads <c>features/*.yaml</c> of a project.</summary>
    /// <param name="projectFolder">The folder of <c>lepton.yaml</c>; errors name files relative to it.</param>
    /// <returns>The definitions, checked for themselves (names, references among them), not yet against the lake's tables; empty where there is no such folder.</returns>
    /// <exception cref="LeptonDataException">A file is not as it must be; the place says where.</exception>
    public static FeatureDefinitions Load(string projectFolder)
    {
        string folder = Path.Combine(projectFolder, FolderName);
        if (!Directory.Exists(folder)) return Empty;
        var reading = new DefinitionReading();
        var problems = new ProblemList();
        foreach (string path in FilesOf(folder)) problems.Try(() => reading.Add(ReadFile(path), $"{FolderName}/{Path.GetFileName(path)}"));
        problems.ThrowIfAny();
        return reading.Complete();
    }

    /// <summary>Reads definitions from one text.</summary>
    /// <param name="utf8">YAML.</param>
    /// <param name="path">What to call it in messages.</param>
    /// <inheritdoc cref="Load" path="/returns|/exception"/>
    public static FeatureDefinitions Parse(ReadOnlySpan<byte> utf8, string path)
    {
        var reading = new DefinitionReading();
        reading.Add(utf8, path);
        return reading.Complete();
    }

    /// <summary>These definitions with the versions that a registry has of their views.</summary>
    internal FeatureDefinitions WithVersionsOf(FeatureDefinitions applied) => this with
    {
        FeatureViews = [.. FeatureViews.Select(view => view with { Version = applied.FeatureViews.FirstOrDefault(other => other.Name == view.Name)?.Version })],
        ViewVersions = applied.ViewVersions ?? [],
    };

    private static List<string> FilesOf(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Where(path => Path.GetExtension(path) is ".yaml" or ".yml").Order(StringComparer.Ordinal)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LeptonDataException("featurestore.file_unreadable", [folder, failure.Message], failure);
        }
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            // What is larger is refused by its reader; it need not be in memory for that.
            var bytes = new byte[Math.Min(file.Length, YamlReader.SizeBytesMax + 1L)];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LeptonDataException("featurestore.file_unreadable", [path, failure.Message], failure);
        }
    }
}

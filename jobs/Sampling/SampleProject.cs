using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Objects;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Sampling;

/// <summary>Where the tables of a sample lie: a project of its own below the one that was sampled, so that every verb reads them and none takes them for the real ones.</summary>
public static class SampleProject
{
    /// <summary>Its folder, relative to the project's.</summary>
    public const string Folder = ".lepton/sample";

    private const string LakeFolder = "lake";
    private const string FirstLine = "# Made by `lepton run --sample`; the next one makes it anew.";

    /// <summary>Makes it anew: what an earlier sample left is removed.</summary>
    /// <param name="project">What is sampled.</param>
    /// <returns>The sample's lake, empty.</returns>
    /// <exception cref="LeptonDataException"><c>jobs.sample_folder</c>: something else lies there. <c>storage.run_in_progress</c>: another sample is being made.</exception>
    public static Lake Make(Project project)
    {
        string folder = Path.Combine(project.Folder, Folder);
        FileErrors.Guard(folder, () =>
        {
            if (Directory.Exists(folder)) Clear(folder);
            Directory.CreateDirectory(folder);
            // Of no interest to who keeps the project in git.
            File.WriteAllText(Path.Combine(project.Folder, Path.GetDirectoryName(Folder)!, ".gitignore"), "*\n");
            File.WriteAllText(Path.Combine(folder, Project.FileName), Text(project));
        });
        return Lake.Create(Path.Combine(folder, LakeFolder));
    }

    private static void Clear(string folder)
    {
        string file = Path.Combine(folder, Project.FileName);
        bool isOurs = File.Exists(file) && File.ReadLines(file).FirstOrDefault() == FirstLine;
        if (!isOurs && Directory.EnumerateFileSystemEntries(folder).Any()) throw new LeptonDataException("jobs.sample_folder", [folder]);
        string lake = Path.Combine(folder, LakeFolder);
        // Nobody's tables go while they are written.
        using RunLock? hold = File.Exists(Path.Combine(lake, Lake.MarkerFileName)) ? RunLock.Take(Lake.Open(lake), "run --sample") : null;
        if (Directory.Exists(lake)) Directory.Delete(lake, recursive: true);
    }

    private static string Text(Project project)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{FirstLine}\nproject: sample\ndescription: A sample of {project.Name}.\nlake: {LakeFolder}\n");
        if (project.MemoryBytes is { } memory) text.Append(CultureInfo.InvariantCulture, $"memory: {memory}B\n");
        if (project.ThreadCount is { } threads) text.Append(CultureInfo.InvariantCulture, $"threads: {threads}\n");
        return text.ToString();
    }
}

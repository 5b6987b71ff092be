using System.Globalization;
using System.Text.Json;
using Lepton.Data.FeatureStore.Offline.Join;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.FeatureStore.TrainingSets;

/// <summary>A folder of this machine in which a training set is built. What a killed build of the very same left is taken up again; gone once disposed.</summary>
/// <remarks>
/// <code>
/// rows/part-00000.parquet…   the files, and nothing else: this folder is what is published
/// part-00000.json…           a note for each file that is durable, written after it
/// </code>
/// A file that no note speaks of, or that is not as its note says, is thrown away with all that follow.
/// </remarks>
internal sealed class BuildFolder : IDisposable
{
    private const string Prefix = ".building-";

    private readonly HeldFolder _held;
    private readonly IObjectStore _notes;
    private readonly string? _identity;

    private BuildFolder(HeldFolder held, IObjectStore notes, string? identity) => (_held, _notes, _identity) = (held, notes, identity);

    /// <summary>Absolute; holds the files of rows.</summary>
    internal string RowsPath => Path.Combine(_held.Path, "rows");

    /// <summary>Opens the folder of a killed build of the same identity, else makes one; removes those of other builds that died.</summary>
    /// <param name="lake">Where.</param>
    /// <param name="name">The training set.</param>
    /// <param name="identity">What is to be built; null where nothing is to be taken up (a verification).</param>
    /// <param name="run">On whose behalf.</param>
    internal static BuildFolder Open(Lake lake, string name, string? identity, RunContext run)
    {
        string path = Lake.DatasetPath(name), parent = lake.Store.PathToKeep(path);
        if (lake.Store.IsOfFiles) lake.Store.MakeFolder(path);
        HeldFolder held = HeldFolder.Make(parent, Prefix, $"{run.Id.Value}-", MakeFolder, identity is null ? null : folder => NoteIn(folder) is { } note && note.Identity == identity && note.Build == BuildNote.ThisBuild);
        var folder = new BuildFolder(held, lake.Store.IsOfFiles ? lake.Store.Below($"{path}/{Path.GetFileName(held.Path)}") : new LocalObjectStore(held.Path), identity);
        return folder;

        void MakeFolder(string made)
        {
            foreach (string one in (string[])[made, Path.Combine(made, "rows")])
            {
                if (lake.Store.IsOfFiles) lake.Store.MakeFolder($"{path}/{Path.GetRelativePath(parent, one)}");
                else FileErrors.Guard(one, () => { Directory.CreateDirectory(one); });
            }
        }
    }

    /// <summary>What stands of a build that was killed: its first files, as far as they are whole. All else is removed.</summary>
    /// <param name="plan">The join's, which the notes' counts are of.</param>
    /// <param name="rowsPerFile">How many rows each but the last has.</param>
    /// <param name="cancellationToken">Observed between files.</param>
    /// <returns>The note of each file, in order.</returns>
    internal async ValueTask<IReadOnlyList<BuildNote>> TakeAsync(JoinPlan plan, long rowsPerFile, CancellationToken cancellationToken)
    {
        var taken = new List<BuildNote>();
        HashSet<string> kept = [];
        while (Read(taken.Count) is { } note && note.Identity == _identity && note.Build == BuildNote.ThisBuild && note.File.Path == FileName(taken.Count) && note.File.RowCount <= rowsPerFile && note.Fits(plan))
        {
            string path = Path.Combine(RowsPath, note.File.Path);
            if (new FileInfo(path) is not { Exists: true } file || file.Length != note.File.SizeBytes || await TrainingSetBuilder.Sha256Async(path, cancellationToken).ConfigureAwait(false) != note.File.Sha256) break;
            taken.Add(note);
            kept.UnionWith([FileName(taken.Count - 1), NoteName(taken.Count - 1)]);
            if (note.File.RowCount < rowsPerFile) break;
        }
        FileErrors.Guard(_held.Path, () =>
        {
            foreach (string path in Directory.GetFiles(_held.Path).Concat(Directory.GetFiles(RowsPath)))
                if (!kept.Contains(Path.GetFileName(path))) File.Delete(path);
        });
        return taken;
    }

    /// <summary>Notes that a file is durable.</summary>
    internal async ValueTask NoteAsync(int index, TrainingSetFile file, RangeStatistics counted, CancellationToken cancellationToken)
    {
        // Of a verification nobody takes anything up.
        if (_identity is null) return;
        await _notes.PutIfAbsentAsync(NoteName(index), new BuildNote(_identity, BuildNote.ThisBuild, file, counted.Labels, BuildNote.CountsOf(counted)).Write(), cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _held.Dispose();

    private static string FileName(int index) => string.Create(CultureInfo.InvariantCulture, $"part-{index:D5}.parquet");

    private static string NoteName(int index) => string.Create(CultureInfo.InvariantCulture, $"part-{index:D5}.json");

    private BuildNote? Read(int index) => NoteIn(_held.Path, index);

    // A note appears whole, so one that cannot be read is not ours.
    private static BuildNote? NoteIn(string folder, int index = 0)
    {
        try
        {
            string path = Path.Combine(folder, NoteName(index));
            return File.Exists(path) ? BuildNote.Read(File.ReadAllBytes(path)) : null;
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure) || failure is JsonException)
        {
            return null;
        }
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Objects;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>What the names in a query stand for, all files of them on this machine. Disposing it lets those go that were brought here.</summary>
internal sealed class LocalInputs : IDisposable
{
    private readonly Dictionary<string, Input> _byName = new(StringComparer.OrdinalIgnoreCase);
    private LocalFiles? _files;

    private LocalInputs(Inputs given) => Given = [.. given.ByName.Values.OfType<SnapshotInput>().Select(input => input.Snapshot)];

    /// <summary>The tables, as they are called outside.</summary>
    internal IReadOnlyCollection<Snapshot> Given { get; }

    /// <summary>The tables, all files of them on this machine.</summary>
    internal IReadOnlyCollection<Snapshot> Tables => [.. _byName.Values.OfType<SnapshotInput>().Select(input => input.Snapshot)];

    internal Input this[string name] => _byName[name];

    /// <summary>Brings what lies in <paramref name="store"/>; all else stays as it is.</summary>
    /// <exception cref="LeptonDataException"><c>engines.table_file_missing</c>, <c>engines.file_missing</c></exception>
    internal static async ValueTask<LocalInputs> FetchAsync(IObjectStore? store, Inputs inputs, CancellationToken cancellationToken)
    {
        var local = new LocalInputs(inputs);
        string[] paths = store is null ? [] : [.. inputs.ByName.Values.SelectMany(FilesOf).Select(file => store.PathOf(file)).OfType<string>().Distinct(StringComparer.Ordinal)];
        try
        {
            if (paths.Length > 0) local._files = await store!.FetchAsync(paths, cancellationToken).ConfigureAwait(false);
        }
        catch (LeptonDataException failure) when (failure.Code == "storage.not_found")
        {
            string missing = failure.Arguments[0]?.ToString() ?? "";
            throw new LeptonDataException(EngineErrors.IsOfTable(missing, local.Given) ? "engines.table_file_missing" : "engines.file_missing", [missing], failure);
        }
        foreach ((string name, Input input) in inputs.ByName) local._byName.Add(name, local._files is null ? input : Here(input, store!, local._files));
        return local;
    }

    public void Dispose() => _files?.Dispose();

    private static IEnumerable<string> FilesOf(Input input) => input switch
    {
        SnapshotInput { Snapshot: var snapshot } => snapshot.StoredLocations,
        FileInput { Scan: var scan } => scan.Files.Select(file => file.Path),
        _ => [],
    };

    private static Input Here(Input input, IObjectStore store, LocalFiles files) => input switch
    {
        SnapshotInput { Snapshot: var snapshot } table when store.PathOf(snapshot.RootPath) is not null => table with { Snapshot = snapshot.At(store, files) },
        FileInput { Scan: var scan } file => file with { Scan = scan with { Files = new EquatableList<SourceFile>(scan.Files.Select(source => store.PathOf(source.Path) is { } path ? source with { Path = files.PathOf(path) } : source)) } },
        _ => input,
    };
}

using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Objects;

/// <summary>Objects as files of this machine: where they lie, or copies that go when this is disposed.</summary>
internal sealed class LocalFiles : IAsyncDisposable
{
    private readonly string? _folder;

    private LocalFiles(IReadOnlyList<string> paths, IReadOnlyList<string> folders, string? folder) => (Paths, Folders, _folder) = (paths, folders, folder);

    /// <summary>Absolute, in the order asked for.</summary>
    internal IReadOnlyList<string> Paths { get; }

    /// <summary>The folders that they lie in.</summary>
    internal IReadOnlyList<string> Folders { get; }

    /// <exception cref="LeptonDataException"><c>storage.not_found</c>; a store or a disk that refuses.</exception>
    internal static async ValueTask<LocalFiles> OfAsync(IObjectStore store, IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        if (store is LocalObjectStore)
        {
            string[] there = [.. paths.Select(store.Locate)];
            return new LocalFiles(there, [.. there.Select(path => Path.GetDirectoryName(path)!).Distinct(StringComparer.Ordinal)], null);
        }
        string folder = Directory.CreateTempSubdirectory("lepton-").FullName;
        var files = new LocalFiles([.. paths.Select((path, i) => Path.Join(folder, $"{i}{Path.GetExtension(path)}"))], [folder], folder);
        try
        {
            foreach ((string path, string copy) in paths.Zip(files.Paths))
            {
                Stream source = await store.OpenAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false) ?? throw new LeptonDataException("storage.not_found", [store.Locate(path)]);
                await using (source.ConfigureAwait(false))
                {
                    FileStream target = File.Create(copy);
                    await using (target.ConfigureAwait(false)) await source.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
                }
            }
            return files;
        }
        catch (Exception failure) when (FileErrors.IsFileFailure(failure))
        {
            await files.DisposeAsync().ConfigureAwait(false);
            throw FileErrors.Of(failure, folder);
        }
        catch
        {
            await files.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        if (_folder is not null) FileErrors.Quietly(() => Directory.Delete(_folder, recursive: true));
        return ValueTask.CompletedTask;
    }
}

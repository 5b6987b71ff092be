namespace Lepton.Data.Storage.DuckDb;

/// <summary>Folders as DuckDB wants them: it resolves links in what it opens, so a folder is allowed both as it is named and as it really is.</summary>
internal static class AllowedFolders
{
    internal static IReadOnlyList<string> Of(IEnumerable<string> folders)
    {
        var all = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string folder in folders)
        {
            string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
            all.Add(full);
            all.Add(Real(full));
        }
        return [.. all];
    }

    private static string Real(string path)
    {
        string? parent = Path.GetDirectoryName(path);
        if (parent is null) return path;
        string here = Path.Combine(Real(parent), Path.GetFileName(path));
        // What is not there is no link; who reads it says so better.
        if (!Directory.Exists(here)) return here;
        return Directory.ResolveLinkTarget(here, returnFinalTarget: true)?.FullName is { } target ? Path.TrimEndingDirectorySeparator(target) : here;
    }
}

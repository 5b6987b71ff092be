using System.IO.Enumeration;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Connectors.Files;

/// <summary>Finds the files that a path or pattern means.</summary>
internal static class SourcePaths
{
    private const int FileCountMax = 100_000;
    private const int DepthMax = 64;

    /// <summary>The files, absolute, in order of name (by UTF-16 unit, so on every machine the same).</summary>
    /// <exception cref="LeptonDataException">No file matches, or what is there is no file.</exception>
    internal static IReadOnlyList<string> Resolve(Located<string> path, string projectFolder)
    {
        if (path.Value.Length == 0 || path.Value.Contains('\0', StringComparison.Ordinal)) throw Error(path, "connectors.bad_path", path.Value);
        string full = Path.GetFullPath(path.Value, projectFolder);
        if (!IsPattern(path.Value)) return [Single(path, full)];
        string[] segments = full[1..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        int fixedCount = Array.FindIndex(segments, IsPattern);
        if (fixedCount < 0) return [Single(path, full)];
        string root = "/" + string.Join('/', segments[..fixedCount]);
        if (!Directory.Exists(root)) throw Error(path, "connectors.no_folder", path.Value, root);
        var files = new SortedSet<string>(StringComparer.Ordinal);
        Collect(path, root, segments.AsSpan(fixedCount), files, depth: 0);
        if (files.Count == 0) throw Error(path, "connectors.no_match", path.Value, root);
        return [.. files];
    }

    /// <summary>The folder below which all files of a path or pattern lie, absolute: what an engine must be allowed to read.</summary>
    internal static string FolderOf(string path, string projectFolder)
    {
        string full = Path.GetFullPath(path, projectFolder);
        string[] segments = full[1..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        int fixedCount = Array.FindIndex(segments, IsPattern);
        return "/" + string.Join('/', segments[..(fixedCount < 0 ? Math.Max(segments.Length - 1, 0) : fixedCount)]);
    }

    private static string Single(Located<string> path, string full)
    {
        if (Directory.Exists(full)) throw Error(path, "connectors.is_folder", path.Value);
        if (File.Exists(full)) return full;
        string? folder = Path.GetDirectoryName(full);
        string? near = folder is not null && Directory.Exists(folder)
            ? Suggest.Nearest(Path.GetFileName(full), Directory.EnumerateFiles(folder).Take(1000).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal))
            : null;
        throw near is null
            ? Error(path, "connectors.no_file", path.Value)
            : Error(path, "connectors.no_file_but", path.Value, Path.Combine(Path.GetDirectoryName(path.Value) ?? "", near));
    }

    private static void Collect(Located<string> path, string folder, ReadOnlySpan<string> segments, SortedSet<string> files, int depth)
    {
        // A link that points to a folder above it would never end.
        if (depth > DepthMax) throw Error(path, "connectors.too_deep", path.Value, DepthMax);
        string segment = segments[0];
        ReadOnlySpan<string> rest = segments[1..];
        if (segment == "**")
        {
            if (rest.IsEmpty) rest = new[] { "*" };
            Collect(path, folder, rest, files, depth + 1);
            foreach (string child in Directory.EnumerateDirectories(folder))
                if (!IsHidden(child)) Collect(path, child, segments, files, depth + 1);
            return;
        }
        if (rest.IsEmpty)
        {
            foreach (string file in Directory.EnumerateFiles(folder))
            {
                if (!Matches(segment, Path.GetFileName(file))) continue;
                files.Add(file);
                if (files.Count > FileCountMax) throw Error(path, "connectors.too_many_files", path.Value, FileCountMax);
            }
            return;
        }
        foreach (string child in Directory.EnumerateDirectories(folder))
            if (Matches(segment, Path.GetFileName(child))) Collect(path, child, rest, files, depth + 1);
    }

    private static bool Matches(string pattern, string name)
        => (!name.StartsWith('.') || pattern.StartsWith('.')) && FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);

    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');

    private static bool IsPattern(string text) => text.AsSpan().ContainsAny('*', '?');

    private static LeptonDataException Error(Located<string> path, string code, params ReadOnlySpan<object?> arguments) => new(code, arguments.ToArray()) { Place = path.Place };
}

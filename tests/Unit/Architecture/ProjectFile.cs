using System.Xml.Linq;
using Lepton.Data.Testing;

namespace Lepton.Data.Tests.Unit.Architecture;

/// <summary>A room's project as its files say it: a compiled assembly does not list a reference that it never used.</summary>
internal sealed record ProjectFile(string Folder, string Path)
{
    private static readonly string[] s_notRooms = ["artifacts", "node_modules", "docs", "examples", "deploy", "tests", "clients", "tools"];

    /// <summary>All rooms of the repository.</summary>
    internal static IReadOnlyList<ProjectFile> Rooms { get; } =
    [
        .. Directory.EnumerateDirectories(RepositoryFolder.Path)
            .Where(folder => System.IO.Path.GetFileName(folder) is var name && !name.StartsWith('.') && !s_notRooms.Contains(name))
            .SelectMany(ProjectsBelow)
            .OrderBy(project => project.Room, StringComparer.Ordinal),
    ];

    /// <summary>Rooms and test projects.</summary>
    internal static IReadOnlyList<ProjectFile> All { get; } =
        [.. Rooms, .. ProjectsBelow(RepositoryFolder.At("tests")).OrderBy(project => project.Room, StringComparer.Ordinal)];

    /// <summary>The folder below the root: <c>schemas</c>, <c>tests/Unit</c>.</summary>
    internal string Room => System.IO.Path.GetRelativePath(RepositoryFolder.Path, Folder).Replace('\\', '/');

    internal string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>The rooms that the project file refers to.</summary>
    internal IEnumerable<string> ReferencedRooms => XDocument.Load(Path).Descendants("ProjectReference").Select(reference =>
    {
        string target = System.IO.Path.GetFullPath(System.IO.Path.Combine(Folder, reference.Attribute("Include")!.Value.Replace('\\', '/')));
        return System.IO.Path.GetRelativePath(RepositoryFolder.Path, System.IO.Path.GetDirectoryName(target)!).Replace('\\', '/');
    });

    /// <summary>The C# files, as paths relative to the root and their lines.</summary>
    internal IEnumerable<(string Path, string[] Lines)> Sources()
        => Directory.EnumerateFiles(Folder, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => (System.IO.Path.GetRelativePath(RepositoryFolder.Path, path).Replace('\\', '/'), File.ReadAllLines(path)));

    public override string ToString() => Room;

    private static IEnumerable<ProjectFile> ProjectsBelow(string folder)
        => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/node_modules/", StringComparison.Ordinal))
            .Select(path => new ProjectFile(System.IO.Path.GetDirectoryName(path)!, path));
}

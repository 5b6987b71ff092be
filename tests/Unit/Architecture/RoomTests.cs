using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Architecture;

/// <summary>The map of the house: which room may know which, and what is found where.</summary>
public sealed partial class RoomTests
{
    private const string BeforeFeatureStore = "schemas sql storage privacy operators engines";
    private const string BeforeJobs = BeforeFeatureStore + " featurestore connectors";
    private const string BeforeServer = BeforeJobs + " jobs governance";

    private static readonly Dictionary<string, string> s_mayKnow = new()
    {
        ["schemas"] = "",
        ["sql"] = "schemas",
        ["storage"] = "schemas",
        ["privacy"] = "schemas sql",
        ["operators"] = "schemas privacy",
        ["engines"] = "schemas sql storage privacy operators",
        ["connectors"] = "schemas storage",
        ["governance"] = "schemas sql storage",
        ["featurestore"] = BeforeFeatureStore,
        ["jobs"] = BeforeJobs,
        ["server"] = BeforeServer,
        ["cli"] = BeforeServer + " server",
        ["spark-submit/worker"] = "schemas sql privacy operators",
    };

    private static IReadOnlyList<ProjectFile> Rooms => ProjectFile.Rooms;

    private static IReadOnlyList<ProjectFile> Projects => ProjectFile.All;

    [Test]
    public void Rooms_OfTheRepository_AreThoseOfTheMap()
    {
        Assert.That(Rooms.Select(room => room.Room), Is.SubsetOf(s_mayKnow.Keys), "a folder at the root with a project is a room, and docs/architecture.md has no such room");
        Assert.That(Rooms.Select(room => room.Room), Is.SupersetOf(new[] { "schemas", "sql", "storage", "engines", "connectors", "featurestore", "jobs", "cli" }));
        Assert.That(Projects.Select(project => project.Room), Is.Unique, "a room has one project");
    }

    [TestCaseSource(nameof(Rooms))]
    public void Room_References_OnlyWhatTheMapAllows(object room)
    {
        var project = (ProjectFile)room;
        string[] allowed = s_mayKnow.GetValueOrDefault(project.Room, "").Split(' ');
        foreach (string referenced in project.ReferencedRooms)
            Assert.That(allowed, Does.Contain(referenced), $"{project.Room} may not know {referenced}; docs/architecture.md has the map");
    }

    [TestCaseSource(nameof(Rooms))]
    public void Room_Native_DeclarationsLiveInANativeFolder(object room)
        => Offenders(room, (path, line) => NativeDeclaration().IsMatch(line) && !path.Contains("/Native/", StringComparison.Ordinal));

    [TestCaseSource(nameof(Rooms))]
    public void Room_Console_IsTheCommandLinesAlone(object room)
    {
        if (((ProjectFile)room).Room == "cli") return;
        Offenders(room, (_, line) => ConsoleUse().IsMatch(line));
    }

    [TestCaseSource(nameof(Projects))]
    public void Project_Sources_LeaveNothingForLater(object project)
        => Offenders(project, (path, line) => LeftForLater().IsMatch(line) && !path.EndsWith("/RoomTests.cs", StringComparison.Ordinal));

    [TestCaseSource(nameof(Projects))]
    public void Project_Sources_AreReadableInOneSitting(object project)
    {
        foreach ((string path, string[] lines) in ((ProjectFile)project).Sources()) Assert.That(lines, Has.Length.LessThanOrEqualTo(600), path);
    }

    [TestCaseSource(nameof(Projects))]
    public void Project_Namespaces_AreProjectAndFolder(object project)
    {
        var file = (ProjectFile)project;
        foreach ((string path, string[] lines) in file.Sources())
        {
            string below = Path.GetRelativePath(file.Room, Path.GetDirectoryName(path)!).Replace('\\', '/');
            string expected = below == "." ? file.Name : $"{file.Name}.{below.Replace('/', '.')}";
            string? found = lines.FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
            // Only the program's start and attributes of the assembly stand in no namespace.
            if (found is null) Assert.That(Path.GetFileName(path), Is.AnyOf("Program.cs", "AssemblyInfo.cs"), $"{path} has no namespace");
            else Assert.That(found, Is.EqualTo($"namespace {expected};"), path);
        }
    }

    private static void Offenders(object project, Func<string, string, bool> isOffence)
    {
        List<string> offenders = [];
        foreach ((string path, string[] lines) in ((ProjectFile)project).Sources())
            for (int i = 0; i < lines.Length; i++)
                if (isOffence(path, lines[i])) offenders.Add($"{path}:{i + 1}: {lines[i].Trim()}");
        Assert.That(offenders, Is.Empty, string.Join('\n', offenders));
    }

    [GeneratedRegex(@"^\s*\[(LibraryImport|DllImport)\b")]
    private static partial Regex NativeDeclaration();

    [GeneratedRegex(@"^(?!\s*//).*\bConsole\.")]
    private static partial Regex ConsoleUse();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK)\b|NotImplementedException")]
    private static partial Regex LeftForLater();
}

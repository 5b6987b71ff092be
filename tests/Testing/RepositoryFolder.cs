namespace Lepton.Data.Testing;

/// <summary>The repository that the tests were built from, for tests of its own files.</summary>
public static class RepositoryFolder
{
    /// <summary>Absolute; found by walking up from the tests' binaries.</summary>
    public static string Path { get; } = Find();

    /// <summary>A path below the root.</summary>
    public static string At(string relativePath) => System.IO.Path.Combine(Path, relativePath);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Lepton.Data.sln"))) return folder.FullName;
        throw new InvalidOperationException("the tests run outside their repository");
    }
}

namespace Lepton.Data.Testing;

/// <summary>A folder that is gone when the test ends, even where the test took rights away.</summary>
public sealed class TempFolder : IDisposable
{
    /// <summary>Makes a new, empty folder.</summary>
    public TempFolder() => Path = Directory.CreateTempSubdirectory("lepton-test-").FullName;

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>A path below the folder.</summary>
    public string this[string relativePath] => System.IO.Path.Combine(Path, relativePath);

    /// <summary>Writes a file below the folder, with the folders on the way to it.</summary>
    /// <returns>Its absolute path.</returns>
    public string Write(string relativePath, string text)
    {
        string path = this[relativePath];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!Directory.Exists(Path)) return;
        if (!OperatingSystem.IsWindows())
        {
            foreach (string folder in Directory.EnumerateDirectories(Path, "*", SearchOption.AllDirectories).Prepend(Path))
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        Directory.Delete(Path, recursive: true);
    }
}

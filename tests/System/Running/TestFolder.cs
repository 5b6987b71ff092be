using NUnit.Framework;

namespace Lepton.Data.Tests.System.Running;

/// <summary>A folder of one test's own, inside the repository's outputs, deleted at the end.</summary>
internal sealed class TestFolder : IDisposable
{
    internal TestFolder()
    {
        Path = global::System.IO.Path.Combine(LeptonProcess.Repository, "artifacts", "tests", "folders", $"{Environment.ProcessId}-{Guid.NewGuid():N}"[..24]);
        Directory.CreateDirectory(Path);
    }

    internal string Path { get; }

    internal LeptonProcess Lepton => new(Path);

    internal string this[string relative] => global::System.IO.Path.Combine(Path, relative);

    /// <summary>The same files in a folder of its own, with their times.</summary>
    internal TestFolder Copy()
    {
        var copy = new TestFolder();
        foreach (string file in Files())
        {
            Directory.CreateDirectory(global::System.IO.Path.GetDirectoryName(copy[file])!);
            File.Copy(this[file], copy[file]);
            File.SetLastWriteTimeUtc(copy[file], File.GetLastWriteTimeUtc(this[file]));
        }
        return copy;
    }

    /// <summary>Writes a file, its folder included.</summary>
    internal TestFolder Write(string relative, string content)
    {
        Directory.CreateDirectory(global::System.IO.Path.GetDirectoryName(this[relative])!);
        File.WriteAllText(this[relative], content);
        return this;
    }

    /// <summary>Changes a part of a file, which must be there.</summary>
    internal TestFolder Replace(string relative, string old, string replacement)
    {
        string content = File.ReadAllText(this[relative]);
        Assert.That(content, Does.Contain(old), $"{relative} has changed; so must the test");
        File.WriteAllText(this[relative], content.Replace(old, replacement, StringComparison.Ordinal));
        return this;
    }

    /// <summary>Every file below a folder, relative to it, in order.</summary>
    internal string[] Files(string relative = ".")
        => Directory.Exists(this[relative])
            ? [.. Directory.EnumerateFiles(this[relative], "*", SearchOption.AllDirectories).Select(file => global::System.IO.Path.GetRelativePath(this[relative], file)).Order(StringComparer.Ordinal)]
            : [];

    public void Dispose()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
    }
}

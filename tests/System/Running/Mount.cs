using System.Diagnostics;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Running;

/// <summary>A small file system of its own, which can be full or read-only; also root is bound by those.</summary>
internal sealed class Mount : IDisposable
{
    private readonly string _path;

    private Mount(string path) => _path = path;

    /// <summary>A file system in memory at <paramref name="path"/>; where this process may not mount, the test is skipped.</summary>
    internal static Mount Tmpfs(string path, string size)
    {
        Directory.CreateDirectory(path);
        (int exitCode, string error) = Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path);
        if (exitCode != 0) Needs.Skip($"this user may not mount a file system: {error}");
        return new Mount(path);
    }

    internal void Remount(string options)
    {
        (int exitCode, string error) = Run("mount", "-o", $"remount,{options}", _path);
        Assert.That(exitCode, Is.Zero, error);
    }

    public void Dispose() => Run("umount", "--lazy", _path);

    private static (int ExitCode, string Error) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error.Trim());
    }
}

/// <summary>What a test needs and a machine may lack.</summary>
internal static class Needs
{
    /// <summary>Skips the test; where LEPTON_TEST_ASSETS is set, nothing may be skipped, and it fails.</summary>
    internal static void Skip(string reason)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("LEPTON_TEST_ASSETS"))) Assert.Ignore(reason);
        else Assert.Fail($"LEPTON_TEST_ASSETS is set, so nothing may be skipped: {reason}");
    }
}

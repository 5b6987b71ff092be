using System.Diagnostics;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Running;

/// <summary>Programs of other people that the tests compare with: Python with pyarrow, made by tools/python from the test assets, and Node.js with what package.json names.</summary>
internal static class Peers
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);
    private static readonly Lazy<string?> s_python = new(MakePython);

    /// <summary>Where that Python lies; null where there are no test assets.</summary>
    internal static string? PythonFolder => s_python.Value;

    /// <summary>Runs a script of this project to its end, and asks that it succeeds; where there are no test assets, the test is skipped.</summary>
    internal static void Python(string script, params IEnumerable<string> arguments)
    {
        if (s_python.Value is { } folder) Run(Path.Combine(folder, "bin", "python"), [Path.Combine(RepositoryFolder.Path, script), .. arguments]);
        else Needs.Skip("LEPTON_TEST_ASSETS is not set, so there is no pyarrow");
    }

    /// <summary>Runs a script of this project to its end, and asks that it succeeds.</summary>
    internal static void Node(string script, params IEnumerable<string> arguments) => Run("node", [Path.Combine(RepositoryFolder.Path, script), .. arguments]);

    private static string? MakePython()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("LEPTON_TEST_ASSETS"))) return null;
        Run(Path.Combine(RepositoryFolder.Path, "tools", "python"), []);
        return Path.Combine(RepositoryFolder.Path, "artifacts", "python");
    }

    private static void Run(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = RepositoryFolder.Path };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} did not end within {s_limit}");
        }
        Assert.That(process.ExitCode, Is.Zero, $"{program} {string.Join(' ', start.ArgumentList)}\n{output.Result}\n{error.Result}");
    }
}

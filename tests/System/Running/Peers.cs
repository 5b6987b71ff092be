using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Lepton.Data.Testing;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Running;

/// <summary>
/// Programs of other people that the tests compare with, made from the test assets: Python with pyarrow and a Spark client (tools/python), Java servers (tools/jars); and Node.js with
/// what package.json names.
/// </summary>
internal static class Peers
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);
    private static readonly Lazy<string?> s_python = new(MakePython);

    /// <summary>Where that Python lies; null where there are no test assets.</summary>
    internal static string? PythonFolder => s_python.Value;

    /// <summary>Runs a script of this project to its end, and asks that it succeeds; where there are no test assets, the test is skipped.</summary>
    internal static void Python(string script, params IEnumerable<string> arguments)
    {
        NeedAssets("pyarrow");
        Run(Path.Combine(PythonFolder!, "bin", "python"), [Path.Combine(RepositoryFolder.Path, script), .. arguments]);
    }

    /// <summary>Skips the test where there are no test assets to make something of.</summary>
    internal static void NeedAssets(string what)
    {
        if (!HasAssets) Needs.Skip($"LEPTON_TEST_ASSETS is not set, so there is no {what}");
    }

    /// <summary>The jars that a pom names, as a class path.</summary>
    internal static string Jars(string name, string pom)
    {
        NeedAssets(name);
        Run(Path.Combine(RepositoryFolder.Path, "tools", "jars"), [name, pom]);
        return Path.Combine(RepositoryFolder.Path, "artifacts", name, "jars", "*");
    }

    /// <summary>A port of this machine that nobody listens on now.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a script of this project to its end, and asks that it succeeds.</summary>
    internal static void Node(string script, params IEnumerable<string> arguments) => Run("node", [Path.Combine(RepositoryFolder.Path, script), .. arguments]);

    private static bool HasAssets => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("LEPTON_TEST_ASSETS"));

    private static string? MakePython()
    {
        if (!HasAssets) return null;
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

using System.Diagnostics;
using System.Text;
using System.Text.Json;
using NUnit.Framework;

namespace Lepton.Data.Tests.System.Running;

/// <summary>Starts the published command as a process of its own, in a folder, with a clean environment.</summary>
internal sealed class LeptonProcess
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    private readonly string _folder;
    private readonly Dictionary<string, string?> _environment = new(StringComparer.Ordinal)
    {
        // The machine's own language and terminal must not decide a test.
        ["LC_ALL"] = null,
        ["LC_MESSAGES"] = null,
        ["LANG"] = "C.UTF-8",
        ["TERM"] = "dumb",
        ["NO_COLOR"] = null,
        ["TZ"] = null,
    };

    internal LeptonProcess(string folder) => _folder = folder;

    /// <summary>The root of the repository.</summary>
    internal static string Repository { get; } = FindRepository();

    /// <summary>The command under test: what <c>make build</c> published, or LEPTON_COMMAND.</summary>
    internal static string Command { get; } = FindCommand();

    internal LeptonProcess With(string variable, string? value)
    {
        _environment[variable] = value;
        return this;
    }

    /// <summary>Runs to the end.</summary>
    internal Answer Run(params string[] arguments)
    {
        using RunningLepton running = Start(arguments);
        return running.WaitForEnd();
    }

    /// <summary>Runs to the end and asserts that it was done.</summary>
    internal Answer Done(params string[] arguments)
    {
        Answer answer = Run(arguments);
        Assert.That(answer.ExitCode, Is.Zero, $"lepton {string.Join(' ', arguments)}\n{answer}");
        return answer;
    }

    /// <summary>Starts, and returns at once; disposing it ends the process if it runs still.</summary>
    internal RunningLepton Start(params string[] arguments) => StartProgram(Command, arguments);

    /// <summary>Starts a shell command; <c>$LEPTON</c> is the command under test.</summary>
    internal RunningLepton StartShell(string script) => StartProgram("/bin/bash", ["-c", script]);

    /// <summary>Runs a shell command to the end; <c>$LEPTON</c> is the command under test.</summary>
    internal Answer Shell(string script)
    {
        using RunningLepton running = StartShell(script);
        return running.WaitForEnd();
    }

    private RunningLepton StartProgram(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach ((string name, string? value) in _environment)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }
        start.Environment["LEPTON"] = Command;
        return new RunningLepton(Process.Start(start)!, s_limit);
    }

    private static string FindRepository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Lepton.Data.sln"))) folder = Path.GetDirectoryName(folder.TrimEnd('/'));
        return folder ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside the repository");
    }

    private static string FindCommand()
    {
        string command = Environment.GetEnvironmentVariable("LEPTON_COMMAND") ?? Path.Combine(Repository, "artifacts", "lepton", "lepton");
        return File.Exists(command) ? command : throw new InvalidOperationException($"{command} does not exist: make build");
    }
}

/// <summary>A command that runs.</summary>
internal sealed class RunningLepton : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly Task<string> _out;
    private readonly Task<string> _error;

    internal RunningLepton(Process process, TimeSpan limit)
    {
        (Process, _limit) = (process, limit);
        process.StandardInput.Close();
        _out = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    internal Process Process { get; }

    /// <summary>Sends a signal, such as <c>INT</c>.</summary>
    internal void Signal(string name)
    {
        using var kill = Process.Start("/bin/kill", [$"-{name}", Process.Id.ToString(global::System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    internal Answer WaitForEnd()
    {
        if (!Process.WaitForExit(_limit))
        {
            Process.Kill(entireProcessTree: true);
            Process.WaitForExit();
            Assert.Fail($"did not end within {_limit}\n{_out.Result}\n{_error.Result}");
        }
        return new Answer(Process.ExitCode, _out.Result, _error.Result);
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill(entireProcessTree: true);
            Process.WaitForExit();
        }
        Process.Dispose();
    }
}

/// <summary>What a command answered.</summary>
internal sealed record Answer(int ExitCode, string Out, string Error)
{
    /// <summary>The standard output, as one JSON document; of a run's events the last, which is the run as a whole.</summary>
    internal JsonElement Json => Out.StartsWith("{\"event\"", StringComparison.Ordinal) ? Events[^1] : JsonDocument.Parse(Out).RootElement;

    /// <summary>The standard output, as JSON lines.</summary>
    internal JsonElement[] Events => [.. Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The lines of standard error that say what failed.</summary>
    internal string[] ErrorLines => [.. Error.Split('\n').Where(line => line.StartsWith("error:", StringComparison.Ordinal) || line.StartsWith("错误：", StringComparison.Ordinal))];

    public override string ToString() => $"exit code {ExitCode}\n--- out\n{Out}--- error\n{Error}---";
}

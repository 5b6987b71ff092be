using System.Diagnostics;

namespace Lepton.Data.Tests.Benchmarks;

/// <summary>pyarrow in a process of its own (artifacts/python, made by tools/python), which waits for what to do: asking costs some microseconds.</summary>
internal sealed class PyArrow : IDisposable
{
    private readonly Process _process;

    internal PyArrow()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Lepton.Data.sln"))) root = root.Parent;
        string python = Path.Combine(root!.FullName, "artifacts", "python", "bin", "python");
        if (!File.Exists(python)) throw new FileNotFoundException("there is no pyarrow to compare with: run LEPTON_TEST_ASSETS=DIR tools/python");
        string script = Path.Combine(root.FullName, "tests", "Benchmarks", "arrow_peer.py");
        _process = Process.Start(new ProcessStartInfo(python, [script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    internal void Do(string command, string path)
    {
        _process.StandardInput.WriteLine($"{command} {path}");
        _process.StandardInput.Flush();
        if (_process.StandardOutput.ReadLine() != "done") throw new InvalidOperationException($"pyarrow failed: {command} {path}");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}

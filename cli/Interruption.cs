using System.Runtime.InteropServices;

namespace Lepton.Data.Cli;

/// <summary>Turns SIGINT and SIGTERM into a cancelled token, so that the work stops cleanly. A second signal ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _signalCount;

    internal Interruption()
        => _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];

    internal CancellationToken Token => _source.Token;

    internal bool IsRequested => _source.IsCancellationRequested;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _signalCount) > 1) Environment.Exit(ExitCode.Interrupted);
        context.Cancel = true;
        _source.Cancel();
    }
}

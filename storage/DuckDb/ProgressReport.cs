using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Tells a run how far a statement is, a few times a second, until disposed.</summary>
public sealed class ProgressReport : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(200);

    private readonly ITimer? _timer;
    private volatile bool _isDone;

    /// <param name="run">Whose progress; its listener names the step.</param>
    /// <param name="activity">A key of the message catalogue.</param>
    /// <param name="connection">Runs the statement.</param>
    public ProgressReport(RunContext run, string activity, DuckDbConnection connection)
    {
        if (run.Progress is not { } progress) return;
        _timer = run.Time.CreateTimer(_ =>
        {
            // A tick may be under way when the statement ends; then others have the word.
            if (!_isDone) progress.Report(new StepProgress("", activity, connection.Progress));
        }, null, s_period, s_period);
    }

    public void Dispose()
    {
        _isDone = true;
        _timer?.Dispose();
    }
}

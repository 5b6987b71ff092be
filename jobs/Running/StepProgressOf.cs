using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Jobs.Running;

/// <summary>
/// Puts a step's name on what an engine reports, and makes one way of its passes over the rows: an engine begins anew with each statement, and the step goes on. A fraction is never less
/// than one before, and 1 only when the step is over.
/// </summary>
internal sealed class StepProgressOf(string step, IProgress<StepProgress> inner) : IProgress<StepProgress>
{
    private const string ReadingBack = "storage.checking";
    private const double NotYetDone = 0.99;

    // Where the passes of a step lie between its beginning and its end: about what they take of the time.
    private static readonly Dictionary<string, (double From, double To)> s_passes = new(StringComparer.Ordinal)
    {
        ["jobs.finding_changes"] = (0, 0.1),
        ["jobs.computing"] = (0.1, 0.6),
        ["jobs.checking"] = (0.6, 0.65),
        ["jobs.quarantining"] = (0.65, 0.7),
        ["jobs.writing"] = (0.7, 0.85),
        [ReadingBack] = (0.85, 0.95),
        ["jobs.writing_late"] = (0.95, 0.98),
        ["jobs.committing"] = (0.98, NotYetDone),
    };

    private readonly Lock _gate = new();
    private (double From, double To) _pass;
    private bool _isBeside;
    private double _reached;

    public void Report(StepProgress value)
    {
        // One after another also to the listener: from two threads the lesser might arrive last.
        lock (_gate)
        {
            // What lies beside the table is read back within its own pass.
            if (s_passes.TryGetValue(value.Activity, out (double From, double To) pass) && !(value.Activity == ReadingBack && _isBeside))
            {
                _pass = pass;
                _isBeside = value.Activity is "jobs.quarantining" or "jobs.writing_late";
            }
            bool isOver = value.Activity is "jobs.done" or "jobs.unchanged";
            if (!isOver && value.Fraction is { } fraction) _reached = Math.Max(_reached, Math.Min(_pass.From + ((_pass.To - _pass.From) * Math.Clamp(fraction, 0, 1)), NotYetDone));
            inner.Report(value with { Step = step, Fraction = isOver ? value.Fraction : _reached > 0 ? _reached : null });
        }
    }

    /// <summary>The run as seen by one step.</summary>
    internal static RunContext Of(RunContext run, string step) => run.Progress is { } progress ? run with { Progress = new StepProgressOf(step, progress) } : run;
}

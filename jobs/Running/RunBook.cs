using Lepton.Data.Schemas;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Jobs.Running;

/// <summary>The record of one pipeline's run: written when the first step needs to run, before anything else is written, and once more at the end.</summary>
/// <param name="log">Where it is written.</param>
/// <param name="planned">The record as planned.</param>
/// <param name="newestNumber">The log's newest number when the run was planned. Asked again later, the log would hide that another run took this one's number in between.</param>
internal sealed class RunBook(RunLog log, RunRecord planned, long newestNumber)
{
    // Of steps that begin at once, the first begins the run.
    private readonly Lock _gate = new();
    private Task? _beginning;

    private bool HasBegun => _beginning is { IsCompletedSuccessfully: true };

    /// <summary>The record as it is now.</summary>
    internal RunRecord Record { get; private set; } = planned;

    /// <summary>Sees to it that the run stands in the log.</summary>
    /// <returns>Its number.</returns>
    internal async ValueTask<long> BeginAsync(CancellationToken cancellationToken)
    {
        Task beginning;
        lock (_gate)
        {
            // One that failed may be tried again.
            if (_beginning is null or { IsFaulted: true } or { IsCanceled: true }) _beginning = log.BeginAsync(Record, newestNumber, cancellationToken).AsTask();
            beginning = _beginning;
        }
        await beginning.ConfigureAwait(false);
        return Record.Number;
    }

    /// <summary>Whether every step is done, or needed not to be.</summary>
    /// <param name="steps">As for <see cref="FinishAsync"/>.</param>
    internal bool IsWhole(IReadOnlyDictionary<string, StepRecord> steps) => Array.TrueForAll(Now(steps), step => step.State is StepState.Done or StepState.Unchanged or StepState.LeftOut);

    /// <summary>Writes how the run ended.</summary>
    /// <param name="steps">What became of the steps, by name; those that are not in it were not taken up.</param>
    /// <param name="stopped">How the run was cut off; null where it came to its end.</param>
    /// <param name="isHeldBack">Whether it read what nobody is to see yet.</param>
    /// <param name="at">When.</param>
    /// <param name="cancellationToken">Observed until the commit begins.</param>
    internal async ValueTask FinishAsync(IReadOnlyDictionary<string, StepRecord> steps, RunState? stopped, bool isHeldBack, EventTime at, CancellationToken cancellationToken)
    {
        RunState state = stopped ?? (IsWhole(steps) && !isHeldBack ? RunState.Finished : RunState.Failed);
        Record = Record with { Steps = Now(steps), State = state, FinishedAt = at };
        if (HasBegun) await log.FinishAsync(Record, cancellationToken).ConfigureAwait(false);
        // Nothing had to be done: one entry says so. One that was stopped before it did anything leaves none.
        else if (stopped is null) await log.BeginAsync(Record, newestNumber, cancellationToken).ConfigureAwait(false);
    }

    private StepRecord[] Now(IReadOnlyDictionary<string, StepRecord> steps) => [.. Record.Steps.Select(step => steps.GetValueOrDefault(step.Name, step))];
}

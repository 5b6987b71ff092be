using System.Collections.Concurrent;
using System.Globalization;
using Lepton.Data.Jobs.Events;
using Lepton.Data.Storage.Runs;

namespace Lepton.Data.Cli.Output;

/// <summary>What a run changed, table by table, for people.</summary>
internal sealed class RunChanges : IRunListener
{
    private readonly ConcurrentDictionary<string, StepEnded> _ended = new(StringComparer.Ordinal);

    public void Report(RunEvent happened)
    {
        if (happened is StepEnded ended) _ended[ended.Record.Name] = ended;
    }

    /// <summary>How many rows more or fewer than before; a word for a table that is new.</summary>
    internal string RowsOf(StepRecord step)
    {
        if (step.State != StepState.Done || !_ended.TryGetValue(step.Name, out StepEnded? ended) || step.RowsOut is not { } rows) return "–";
        if (step.VersionBefore is null) return Texts.Get("cli.run_new");
        return ended.RowsBefore is not { } before ? "?" : rows == before ? "±0" : (rows - before).ToString("+#,0;−#,0", CultureInfo.InvariantCulture);
    }

    /// <summary>What the table's files come to.</summary>
    internal string SizeOf(StepRecord step) => _ended.TryGetValue(step.Name, out StepEnded? ended) && ended.SizeBytes is { } bytes ? Commands.TableCommands.SizeText(bytes) : "–";
}

/// <summary>Several listeners as one.</summary>
internal sealed class RunListeners(IEnumerable<IRunListener?> listeners) : IRunListener
{
    private readonly IRunListener[] _listeners = [.. listeners.OfType<IRunListener>()];

    public void Report(RunEvent happened)
    {
        foreach (IRunListener listener in _listeners) listener.Report(happened);
    }
}

using System.Diagnostics;
using Lepton.Data.Schemas.Contracts;
using Spectre.Console;

namespace Lepton.Data.Cli.Output;

/// <summary>Shows how far a piece of work is, on standard error: bars that move on a terminal, a line now and then elsewhere, nothing where the answer is JSON.</summary>
internal static class ProgressDisplay
{
    /// <summary>Does <paramref name="work"/> and shows what it reports.</summary>
    internal static async Task<T> ShowAsync<T>(CommandContext context, Func<IProgress<StepProgress>?, Task<T>> work)
    {
        if (context.IsJson) return await work(null);
        return context.Terminal.HasErrorColor ? await ShowBarsAsync(work) : await work(new PlainProgress(context.Terminal));
    }

    private static async Task<T> ShowBarsAsync<T>(Func<IProgress<StepProgress>?, Task<T>> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        // What is printed afterwards holds the same steps, with their results: the bars leave no trace.
        return await console.Progress().AutoClear(true).HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 }, new ElapsedTimeColumn())
            .StartAsync(bars => work(new BarProgress(bars)));
    }

    private static string Describe(StepProgress progress)
    {
        string activity = Texts.OrWord(progress.Activity);
        return progress.Rows is { } rows ? Texts.Get("cli.progress_rows", progress.Step, activity, TextTable.Number(rows)) : Texts.Get("cli.progress", progress.Step, activity);
    }

    private sealed class BarProgress(ProgressContext bars) : IProgress<StepProgress>
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<string, ProgressTask> _tasks = new(StringComparer.Ordinal);

        public void Report(StepProgress value)
        {
            lock (_gate)
            {
                if (!_tasks.TryGetValue(value.Step, out ProgressTask? task))
                {
                    // Work is done one step after the other: what came before is over.
                    foreach (ProgressTask other in _tasks.Values.Where(other => !other.IsFinished)) other.Value = other.MaxValue;
                    _tasks.Add(value.Step, task = bars.AddTask(Markup.Escape(value.Step), maxValue: 1));
                }
                task.Description = Markup.Escape(TextCells.Visible(Describe(value)));
                task.IsIndeterminate = value.Fraction is null;
                if (value.Fraction is { } fraction) task.Value = Math.Clamp(fraction, 0, 0.999);
            }
        }
    }

    private sealed class PlainProgress(Terminal terminal) : IProgress<StepProgress>
    {
        // Often enough to see that it lives, seldom enough for a log.
        private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

        private readonly Lock _gate = new();
        private (string Step, string Activity) _last;
        private long _lastAt;

        public void Report(StepProgress value)
        {
            lock (_gate)
            {
                if (_last == (value.Step, value.Activity) && Stopwatch.GetElapsedTime(_lastAt) < s_interval) return;
                _last = (value.Step, value.Activity);
                _lastAt = Stopwatch.GetTimestamp();
                terminal.Error.WriteLine(TextCells.Visible(Describe(value)));
            }
        }
    }
}

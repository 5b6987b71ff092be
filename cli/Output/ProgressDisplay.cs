using System.Diagnostics;
using Lepton.Data.Schemas.Contracts;
using Spectre.Console;

namespace Lepton.Data.Cli.Output;

/// <summary>Shows how far a piece of work is, on standard error: bars that move on a terminal, a line now and then elsewhere, nothing where the answer is JSON.</summary>
internal static class ProgressDisplay
{
    /// <summary>Does <paramref name="work"/> and shows what it reports.</summary>
    /// <param name="context">Where to show it.</param>
    /// <param name="work">Reports.</param>
    /// <param name="isSideBySide">Whether several steps may be under way at once. Where not, what came before the newest is over.</param>
    internal static async Task<T> ShowAsync<T>(CommandContext context, Func<IProgress<StepProgress>?, Task<T>> work, bool isSideBySide = false)
    {
        if (context.IsJson) return await work(null);
        return context.Terminal.HasErrorColor ? await ShowBarsAsync(work, isSideBySide) : await work(new PlainProgress(context.Terminal));
    }

    private static async Task<T> ShowBarsAsync<T>(Func<IProgress<StepProgress>?, Task<T>> work, bool isSideBySide)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        // What is printed afterwards holds the same steps, with their results: the bars leave no trace.
        return await console.Progress().AutoClear(true).HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 }, new ElapsedTimeColumn())
            .StartAsync(bars => work(new BarProgress(bars, isSideBySide)));
    }

    private static string Describe(StepProgress progress)
    {
        string activity = Texts.OrWord(progress.Activity);
        if (progress.Rows is { } rows) return TextCells.Visible(Texts.Get("cli.progress_rows", progress.Step, activity, TextTable.Number(rows)));
        return TextCells.Visible(progress.Fraction is > 0 and < 1
            ? Texts.Get("cli.progress_percent", progress.Step, activity, (int)(100 * progress.Fraction))
            : Texts.Get("cli.progress", progress.Step, activity));
    }

    private sealed class BarProgress(ProgressContext bars, bool isSideBySide) : IProgress<StepProgress>
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<string, ProgressTask> _tasks = new(StringComparer.Ordinal);
        private ProgressTask? _current;

        public void Report(StepProgress value)
        {
            lock (_gate)
            {
                // An engine does not know whose work it does, only how far it is.
                if (value.Step.Length > 0) Turn(value);
                if (_current is null) return;
                _current.IsIndeterminate = value.Fraction is null;
                if (value.Fraction is { } fraction) _current.Value = Math.Clamp(fraction, 0, 1);
            }
        }

        private void Turn(StepProgress value)
        {
            if (!_tasks.TryGetValue(value.Step, out _current))
            {
                if (!isSideBySide) foreach (ProgressTask other in _tasks.Values.Where(other => !other.IsFinished)) other.Value = other.MaxValue;
                _tasks.Add(value.Step, _current = bars.AddTask(Markup.Escape(value.Step), maxValue: 1));
            }
            _current.Description = Markup.Escape(Describe(value).Trim());
        }
    }

    private sealed class PlainProgress(Terminal terminal) : IProgress<StepProgress>
    {
        // Often enough to see that it lives, seldom enough for a log; what is over is always said.
        private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

        private readonly Lock _gate = new();
        private StepProgress? _last;
        private string? _shown;
        private long _shownAt;

        public void Report(StepProgress value)
        {
            lock (_gate)
            {
                if (value.Step.Length > 0) _last = value;
                if (_last is null) return;
                bool isOver = value.Step.Length > 0 && value.Fraction >= 1;
                if (!isOver && _shown is not null && Stopwatch.GetElapsedTime(_shownAt) < s_interval) return;
                string text = Describe(_last);
                if (text == _shown) return;
                (_shown, _shownAt) = (text, Stopwatch.GetTimestamp());
                terminal.Error.WriteLine(text);
            }
        }
    }
}

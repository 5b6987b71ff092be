using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lepton.Data.Cli.Native;
using Lepton.Data.Schemas.Contracts;
using Spectre.Console;
using Spectre.Console.Rendering;

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
        // The framework would ask the terminal behind standard output, which may be another or none.
        if (TerminalSize.Width(2) is { } width) console.Profile.Width = width;
        // What is printed afterwards holds the same steps, with their results: the bars leave no trace.
        return await Bars(console).StartAsync(bars => work(new BarProgress(bars, isSideBySide)));
    }

    /// <summary>Bars that fit the console's width: what is done, a bar, how long it still takes; below them the process's memory.</summary>
    internal static Progress Bars(IAnsiConsole console)
    {
        int width = console.Profile.Width;
        int bar = width >= 90 ? 20 : 8;
        return console.Progress().AutoClear(true).HideCompleted(false)
            .Columns(new ActivityColumn(Math.Max(10, width - bar - TimeLeftColumn.Width - 5)), new ProgressBarColumn { Width = bar }, new TimeLeftColumn())
            .UseRenderHook((bars, _) => new Rows(bars, new Text(Texts.Get("cli.progress_memory", Commands.TableCommands.SizeText(Environment.WorkingSet)))));
    }

    /// <summary>What a step does, in one line.</summary>
    internal static string Describe(StepProgress progress)
    {
        var text = new StringBuilder(Texts.Get("cli.progress", progress.Step, Texts.OrWord(progress.Activity)));
        if (progress.Fraction is > 0 and < 1) text.Append(Texts.Get("cli.progress_percent", (int)(100 * progress.Fraction)));
        if (progress.Rows is { } rows) text.Append(Texts.Get("cli.progress_rows", TextTable.Number(rows)));
        if (progress.Bytes is { } bytes) text.Append(Texts.Get("cli.progress_bytes", Commands.TableCommands.SizeText(bytes)));
        return TextCells.Visible(text.ToString());
    }

    /// <summary>The task's description, cut to the cells that it has.</summary>
    private sealed class ActivityColumn(int cells) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(TextCells.Cut(task.Description, cells));

        public override int? GetColumnWidth(RenderOptions options) => cells;
    }

    /// <summary>How long a task still takes, as far as its pace tells; until then, and when it is done, how long it took.</summary>
    private sealed class TimeLeftColumn : ProgressColumn
    {
        internal const int Width = 9;

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            bool isKnown = !task.IsIndeterminate && !task.IsFinished && task.Value > 0 && task.RemainingTime is not null;
            TimeSpan time = (isKnown ? task.RemainingTime : task.ElapsedTime) ?? TimeSpan.Zero;
            string clock = time.TotalHours >= 100 ? "" : time.TotalHours >= 1 ? time.ToString("h\\:mm\\:ss", CultureInfo.InvariantCulture) : time.ToString("m\\:ss", CultureInfo.InvariantCulture);
            return new Text(isKnown ? $"-{clock}" : clock, isKnown ? null : new Style(decoration: Decoration.Dim)).RightJustified();
        }

        public override int? GetColumnWidth(RenderOptions options) => Width;
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
                _tasks.Add(value.Step, _current = bars.AddTask(value.Step, maxValue: 1));
            }
            _current.Description = Describe(value).Trim();
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

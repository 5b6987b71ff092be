using System.Runtime.ExceptionServices;
using Lepton.Data.Jobs.Planning;

namespace Lepton.Data.Jobs.Running;

/// <summary>Takes steps, each after those that it reads, several at once.</summary>
internal static class StepSchedule
{
    /// <summary>Takes all <paramref name="steps"/>; of those that could be next, the one that stands first is.</summary>
    /// <param name="steps">Each after those that it reads.</param>
    /// <param name="atOnceMax">How many at once at most; with 1 in their order.</param>
    /// <param name="take">Takes one. An exception ends the run: what is under way is cancelled and waited for, and the first exception is thrown.</param>
    /// <param name="cancellationToken">Handed on.</param>
    internal static async Task RunAsync(IReadOnlyList<BoundStep> steps, int atOnceMax, Func<BoundStep, CancellationToken, Task> take, CancellationToken cancellationToken)
    {
        Dictionary<string, int> places = steps.Select((step, i) => (step.Node.Step.Name, i)).ToDictionary(pair => pair.Name, pair => pair.i, StringComparer.Ordinal);
        var readers = new List<int>[steps.Count];
        int[] waitsFor = new int[steps.Count];
        for (int i = 0; i < steps.Count; i++) readers[i] = [];
        for (int i = 0; i < steps.Count; i++)
        {
            foreach (string before in steps[i].Node.Inputs.Select(input => input.Step).OfType<string>().Distinct(StringComparer.Ordinal))
            {
                waitsFor[i]++;
                readers[places[before]].Add(i);
            }
        }
        var ready = new PriorityQueue<int, int>(Enumerable.Range(0, steps.Count).Where(i => waitsFor[i] == 0).Select(i => (i, i)));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // A list: two that are done at once may be one and the same task.
        var running = new List<(Task Task, int Place)>();
        ExceptionDispatchInfo? failed = null;
        while (true)
        {
            while (failed is null && running.Count < atOnceMax && ready.TryDequeue(out int next, out _)) running.Add((take(steps[next], stop.Token), next));
            if (running.Count == 0) break;
            Task done = await Task.WhenAny(running.Select(one => one.Task)).ConfigureAwait(false);
            int at = running.FindIndex(one => one.Task == done);
            int place = running[at].Place;
            running.RemoveAt(at);
            try
            {
                await done.ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                failed ??= ExceptionDispatchInfo.Capture(failure);
                await stop.CancelAsync().ConfigureAwait(false);
            }
            foreach (int reader in readers[place])
                if (--waitsFor[reader] == 0) ready.Enqueue(reader, reader);
        }
        failed?.Throw();
    }
}

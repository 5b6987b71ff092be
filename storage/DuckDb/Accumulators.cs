using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Runs one accumulator on each of some threads and merges them.</summary>
public static class Accumulators
{
    /// <param name="perThread">Makes one for each thread.</param>
    /// <param name="threadCount">How many.</param>
    /// <param name="work">Feeds one.</param>
    /// <param name="stop">Cancelled when one fails, so that the others end; <paramref name="work"/> observes its token.</param>
    public static async Task<T> RunAsync<T>(Func<T> perThread, int threadCount, Action<T> work, CancellationTokenSource stop)
        where T : IAccumulator
    {
        var accumulators = new List<T>(threadCount);
        try
        {
            while (accumulators.Count < threadCount) accumulators.Add(perThread());
            // The first failure is the one that counts: it stops the others, whose cancellation says nothing.
            Exception? first = null;
            await Task.WhenAll(accumulators.Select(accumulator => Task.Run(() =>
            {
                try
                {
                    work(accumulator);
                }
                catch (Exception error)
                {
                    Interlocked.CompareExchange(ref first, error, null);
                    stop.Cancel();
                    throw;
                }
            }))).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
            if (first is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
            for (int i = 1; i < threadCount; i++) accumulators[0].Merge(accumulators[i]);
        }
        catch
        {
            foreach (T accumulator in accumulators) accumulator.Dispose();
            throw;
        }
        for (int i = 1; i < threadCount; i++) accumulators[i].Dispose();
        return accumulators[0];
    }
}

namespace Lepton.Data.Storage.DuckDb;

/// <summary>
/// The readers of ours that statements of one database are reading. DuckDB notices that a statement is stopped between two calls; a reader that is waited for must be told. Safe for use by
/// several threads.
/// </summary>
internal sealed class RunningScans
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, List<CancellationTokenSource>> _stops = [];

    /// <summary>Has <paramref name="stop"/> cancelled when the connection's statement is stopped, until it is removed.</summary>
    internal void Add(ulong connectionId, CancellationTokenSource stop)
    {
        lock (_gate)
        {
            if (!_stops.TryGetValue(connectionId, out List<CancellationTokenSource>? stops)) _stops.Add(connectionId, stops = []);
            stops.Add(stop);
        }
    }

    internal void Remove(ulong connectionId, CancellationTokenSource stop)
    {
        lock (_gate)
            if (_stops.TryGetValue(connectionId, out List<CancellationTokenSource>? stops) && stops.Remove(stop) && stops.Count == 0) _stops.Remove(connectionId);
    }

    /// <summary>Tells the readers of a connection's statement. What comes of it, their reads say.</summary>
    internal void Stop(ulong connectionId)
    {
        CancellationTokenSource[] stops;
        lock (_gate) stops = _stops.TryGetValue(connectionId, out List<CancellationTokenSource>? found) ? [.. found] : [];
        foreach (CancellationTokenSource stop in stops)
        {
            try
            {
                stop.Cancel();
            }
            catch (Exception failure) when (failure is ObjectDisposedException or AggregateException)
            {
                // The scan ended meanwhile, or what its reader hung on the token failed.
            }
        }
    }
}

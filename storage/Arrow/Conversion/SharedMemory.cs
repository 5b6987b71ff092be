namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>Memory that somebody else gave and several hold: whoever asked for it first, until it disposes this, and the holders of shares.</summary>
/// <param name="free">Called once, by the last who gives it up.</param>
internal sealed class SharedMemory(Action free) : IDisposable
{
    private int _holderCount = 1;

    /// <summary>Another hold, until it is disposed.</summary>
    /// <exception cref="ObjectDisposedException">All gave it up.</exception>
    internal IDisposable Share()
    {
        int count;
        do
        {
            count = Volatile.Read(ref _holderCount);
            ObjectDisposedException.ThrowIf(count == 0, typeof(ArrowFile));
        }
        while (Interlocked.CompareExchange(ref _holderCount, count + 1, count) != count);
        return new Holder(this);
    }

    /// <summary>Gives up the first hold; called once.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holderCount) == 0) free();
    }

    private sealed class Holder(SharedMemory memory) : IDisposable
    {
        private SharedMemory? _memory = memory;

        public void Dispose() => Interlocked.Exchange(ref _memory, null)?.Dispose();
    }
}

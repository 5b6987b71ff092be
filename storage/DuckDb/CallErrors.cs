using System.Collections.Concurrent;
using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>
/// What functions of ours threw while DuckDB called them. No exception may cross the native boundary, so DuckDB carries its number in a message, and whoever ran the statement
/// throws it again.
/// </summary>
internal static class CallErrors
{
    private const string Mark = "lepton.call:";

    // A statement that fails is answered at once; what nobody asked for (TRY() swallowed it) is let go when so many others came.
    private const int KeptMax = 256;

    private static readonly ConcurrentDictionary<long, LeptonDataException> s_kept = new();
    private static long s_last;

    /// <returns>What to tell DuckDB.</returns>
    internal static string Keep(string function, Exception error)
    {
        LeptonDataException kept = error as LeptonDataException ?? new LeptonDataException("storage.function_failed", [function, OneLine.Of(error.Message)], error);
        long id = Interlocked.Increment(ref s_last);
        s_kept[id] = kept;
        s_kept.TryRemove(id - KeptMax, out _);
        return string.Create(CultureInfo.InvariantCulture, $"{Mark}{id}: {OneLine.Of(kept.Message)}");
    }

    /// <returns>What was thrown when DuckDB says this, or null where DuckDB itself failed.</returns>
    internal static LeptonDataException? Find(string message)
    {
        int start = message.IndexOf(Mark, StringComparison.Ordinal);
        if (start < 0) return null;
        start += Mark.Length;
        int end = message.IndexOf(':', start);
        return end > start && long.TryParse(message.AsSpan(start, end - start), NumberStyles.None, CultureInfo.InvariantCulture, out long id) && s_kept.TryRemove(id, out LeptonDataException? error) ? error : null;
    }
}

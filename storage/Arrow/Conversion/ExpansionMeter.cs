using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>Bounds what one message may unfold to, and how long that goes on once nobody waits for it.</summary>
internal sealed class ExpansionMeter(ArrowReadOptions options, long messageSize, CancellationToken cancellationToken = default)
{
    private readonly long _limit = (long)Int128.Min(long.MaxValue, Int128.Max(options.ExpandedBytesMin, (Int128)messageSize * options.ExpansionRatioMax));
    private long _used;

    /// <summary>Canceled when nobody waits for the rows any more; looked at by whatever takes longer than the message is.</summary>
    internal CancellationToken CancellationToken => cancellationToken;

    /// <summary>Asks that <paramref name="bytes"/> more are within the bounds; they count from now on. Fewer than none are a number that overflowed, and refused too.</summary>
    /// <exception cref="Schemas.LeptonDataException"><c>storage.arrow_expansion</c></exception>
    internal void Charge(ArrowPlace place, ArrowField field, long bytes)
    {
        if (bytes < 0 || bytes > _limit - _used) throw place.Error("storage.arrow_expansion", field.Path, _limit);
        _used += bytes;
    }
}

using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>Bounds what one message may unfold to.</summary>
internal sealed class ExpansionMeter(ArrowReadOptions options, long messageSize)
{
    private readonly long _limit = (long)Int128.Min(long.MaxValue, Int128.Max(options.ExpandedBytesMin, (Int128)messageSize * options.ExpansionRatioMax));
    private long _used;

    /// <summary>Whether <paramref name="bytes"/> more are within the bounds; they count from now on.</summary>
    /// <exception cref="Schemas.LeptonDataException"><c>storage.arrow_expansion</c></exception>
    internal void Charge(ArrowPlace place, ArrowField field, long bytes)
    {
        if (bytes > _limit - _used) throw place.Error("storage.arrow_expansion", field.Path, _limit);
        _used += bytes;
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow.Conversion;

/// <summary>Byte values of 16 bytes each as Arrow's UUIDs.</summary>
internal static unsafe class UuidPacking
{
    /// <exception cref="LeptonDataException"><c>storage.arrow_uuid</c></exception>
    internal static void Pack(ArrowField field, in ColumnBuffers buffers, int count, byte* target)
    {
        int* offsets = (int*)buffers.Values + buffers.Offset;
        for (int i = 0; i < count; i++, target += 16)
        {
            var value = new Span<byte>(target, 16);
            if (!Bits.IsPresent(buffers.Validity, buffers.Offset + i)) value.Clear();
            else if (offsets[i + 1] - offsets[i] == 16) new Span<byte>(buffers.Data + offsets[i], 16).CopyTo(value);
            else throw new LeptonDataException("storage.arrow_uuid", [field.Path, i, offsets[i + 1] - offsets[i]]);
        }
    }
}

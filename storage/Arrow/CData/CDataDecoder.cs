using System.Runtime.InteropServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.Conversion;

namespace Lepton.Data.Storage.Arrow.CData;

/// <summary>Makes record batches of the arrays that another library passes under one schema.</summary>
internal sealed unsafe class CDataDecoder(ColumnChoice choice)
{
    /// <summary>Of the batches.</summary>
    internal Schema Schema => choice.Schema;

    /// <summary>The rows of an array of structs.</summary>
    internal RecordBatch Decode(ImportedArray source, ArrowPlace place, CancellationToken cancellationToken = default)
    {
        var owners = new BatchOwners(source.Share());
        try
        {
            // Who made it vouches for its size.
            var converter = new ArrayConverter(place, null, new ExpansionMeter(choice.Options, long.MaxValue, cancellationToken), choice.Options, owners.Items);
            WireArray top = CDataImport.Array(choice.Root, source.Array, place);
            converter.CheckTop(choice.Root, top);
            ColumnBuffers[] columns = [.. choice.Columns.Select(column => converter.TopColumn(choice.Fields[column], top, top.Children[column]))];
            return RecordBatch.Over(Schema, (int)top.Length, columns, owners);
        }
        catch
        {
            owners.Dispose();
            throw;
        }
    }
}

/// <summary>An array that was taken over from its producer, and is shared by the batches over it.</summary>
internal sealed unsafe class ImportedArray : IDisposable
{
    private readonly SharedMemory _shares;

    /// <summary>Moves the array: the producer's structure counts as released.</summary>
    internal ImportedArray(CArrowArray* source)
    {
        Array = (CArrowArray*)NativeMemory.Alloc((nuint)sizeof(CArrowArray));
        *Array = *source;
        source->Release = null;
        _shares = new SharedMemory(Free);
    }

    internal CArrowArray* Array { get; }

    /// <inheritdoc cref="SharedMemory.Share"/>
    internal IDisposable Share() => _shares.Share();

    public void Dispose() => _shares.Dispose();

    private void Free()
    {
        if (Array->Release is not null) Array->Release(Array);
        NativeMemory.Free(Array);
    }
}

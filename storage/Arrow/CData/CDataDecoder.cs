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
    internal RecordBatch Decode(ImportedArray source, ArrowPlace place)
    {
        var owners = new BatchOwners(source.Share());
        try
        {
            // Who made it vouches for its size.
            var converter = new ArrayConverter(place, null, new ExpansionMeter(choice.Options, long.MaxValue), choice.Options, owners.Items);
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

/// <summary>An array that was taken over from its producer; shared by the batch over it.</summary>
internal sealed unsafe class ImportedArray : IDisposable
{
    private CArrowArray* _array;
    private int _shares = 1;

    /// <summary>Moves the array: the producer's structure counts as released.</summary>
    internal ImportedArray(CArrowArray* source)
    {
        _array = (CArrowArray*)NativeMemory.Alloc((nuint)sizeof(CArrowArray));
        *_array = *source;
        source->Release = null;
    }

    internal CArrowArray* Array => _array;

    /// <summary>Another holder.</summary>
    internal IDisposable Share()
    {
        Interlocked.Increment(ref _shares);
        return new Holder(this);
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _shares) > 0) return;
        if (_array->Release is not null) _array->Release(_array);
        NativeMemory.Free(_array);
        _array = null;
    }

    private sealed class Holder(ImportedArray array) : IDisposable
    {
        private ImportedArray? _array = array;

        public void Dispose() => Interlocked.Exchange(ref _array, null)?.Dispose();
    }
}

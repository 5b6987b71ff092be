using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Arrow.CData;
using Lepton.Data.Storage.Arrow.Types;

namespace Lepton.Data.Storage.Arrow;

/// <summary>
/// Arrow's C data and C stream interface: batches pass to and from DuckDB, Python, Apache.Arrow or any other library in this process, without a copy wherever Arrow's layout is ours.
/// </summary>
/// <remarks>
/// Export fills in a structure that the caller has made room for; whoever then holds it releases it. Import takes a structure over, also when it fails, and leaves a released one behind.
/// What is imported is checked as far as the interface allows: it does not say how long buffers are, so their owner is trusted in that.
/// </remarks>
public static unsafe class ArrowCData
{
    /// <summary>Exports a schema, as a struct of its columns, metadata included.</summary>
    /// <param name="schema">Any.</param>
    /// <param name="target">Room for the structure; what it holds at first is overwritten.</param>
    public static void Export(Schema schema, CArrowSchema* target)
    {
        ArgumentNullException.ThrowIfNull(target);
        CDataExport.Schema(TypeMapping.FromOurs(schema), target);
    }

    /// <summary>Exports a batch, as a struct of its columns; its memory lives until both this batch and the export are given up.</summary>
    /// <remarks>
    /// Values are not copied. Made anew are UUIDs, which our batches keep with offsets, and the bitmaps of missing structs and fixed-size lists where a slice begins within a byte.
    /// </remarks>
    /// <param name="batch">Stays the caller's.</param>
    /// <param name="target">Room for the structure; what it holds at first is overwritten.</param>
    /// <exception cref="LeptonDataException"><c>storage.arrow_uuid</c>: bytes that the schema calls a UUID are not 16. Nothing is exported.</exception>
    public static void Export(RecordBatch batch, CArrowArray* target)
    {
        ArgumentNullException.ThrowIfNull(target);
        CDataExport.Batch(batch, TypeMapping.FromOurs(batch.Schema), target);
    }

    /// <summary>Exports a reader, which is disposed with the stream. Its calls wait for the reader, and tell its exceptions as the stream's last error.</summary>
    /// <param name="reader">Belongs to the stream from now on.</param>
    /// <param name="target">Room for the structure; what it holds at first is overwritten.</param>
    public static void Export(IRecordBatchReader reader, CArrowArrayStream* target)
    {
        ArgumentNullException.ThrowIfNull(target);
        CDataStream.Export(reader, target);
    }

    /// <summary>Imports a schema, and releases <paramref name="source"/>.</summary>
    /// <exception cref="LeptonDataException">A code that begins with <c>storage.arrow_</c>.</exception>
    public static Schema Import(CArrowSchema* source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return CDataImport.Schema(source, new ArrowReadOptions(), new ArrowPlace("C data")).Schema;
    }

    /// <summary>Imports a batch. The caller owns it; <paramref name="source"/> is released with the last of its memory, <paramref name="schema"/> at once.</summary>
    /// <exception cref="LeptonDataException">A code that begins with <c>storage.arrow_</c>.</exception>
    public static RecordBatch Import(CArrowArray* source, CArrowSchema* schema, ArrowReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(schema);
        options ??= new();
        var place = new ArrowPlace(options.Source ?? "C data");
        using var array = new ImportedArray(source);
        return CDataImport.Schema(schema, options, place).Decode(array, place);
    }

    /// <summary>Imports a stream; <paramref name="source"/> is released with the reader. Reading waits for the stream's producer, in the caller's thread.</summary>
    /// <exception cref="LeptonDataException">A code that begins with <c>storage.arrow_</c>.</exception>
    public static IRecordBatchReader Import(CArrowArrayStream* source, ArrowReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return CDataStream.Import(source, options ?? new());
    }
}

namespace Lepton.Data.Schemas.Batches;

/// <summary>
/// Where the buffers of one column lie, in Arrow's layout: what storage and the wire share with <see cref="RecordBatch"/> so that columns pass without a copy.
/// The pointers stay valid as long as the batch that they belong to.
/// </summary>
/// <remarks>Value i of the column is value <see cref="Offset"/> + i of each buffer; for children see <see cref="ColumnView.Child"/>.</remarks>
public unsafe struct ColumnBuffers
{
    /// <summary>Bitmap of present values, least significant bit first, or null where none is missing.</summary>
    public byte* Validity { get; set; }

    /// <summary>Fixed-width values, boolean bits, or one offset of 32 bits more than there are values for text, bytes, lists and maps; null for NULL, structs and fixed-size lists.</summary>
    public byte* Values { get; set; }

    /// <summary>Text and bytes; null for other types.</summary>
    public byte* Data { get; set; }

    /// <summary>How many values in the buffers stand before the first of the column.</summary>
    public int Offset { get; set; }

    /// <summary>The columns within, one for each of <see cref="DataType.Children"/>; null for flat types.</summary>
    public ColumnBuffers[]? Children { get; set; }
}

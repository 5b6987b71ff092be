namespace Lepton.Data.Schemas.Batches;

/// <summary>
/// Rows held by column under one schema, in Arrow's memory layout: validity as a bitmap (bit set = value present, least significant bit first),
/// fixed-width values side by side, booleans as bits, text and bytes as 32-bit offsets into one run of data, lists and maps as 32-bit offsets into the columns within.
/// </summary>
/// <remarks>
/// Immutable; reading is safe for several threads. The native memory is counted: who receives a batch disposes it once, and <see cref="Share"/> and
/// <see cref="Slice"/> make another owner without a copy.
/// </remarks>
public sealed class RecordBatch : IDisposable
{
    private readonly BatchMemory _memory;
    private readonly int _start;
    private int _isDisposed;

    internal RecordBatch(Schema schema, BatchMemory memory, int start, int rowCount)
        => (Schema, _memory, _start, RowCount) = (schema, memory, start, rowCount);

    /// <summary>Names and types of the columns.</summary>
    public Schema Schema { get; }

    /// <summary>How many rows every column has.</summary>
    public int RowCount { get; }

    /// <summary>A batch over memory that somebody else filled, without a copy: a mapped file, a message, another library's columns. The caller owns the batch.</summary>
    /// <param name="schema">Names and types of the columns.</param>
    /// <param name="rowCount">How many rows every column has.</param>
    /// <param name="columns">One for each field of the schema. They are trusted: whoever calls has checked that buffers are long enough, offsets ascend, and text is UTF-8.</param>
    /// <param name="owner">Keeps the memory; disposed with the last batch that shares it.</param>
    public static RecordBatch Over(Schema schema, int rowCount, ColumnBuffers[] columns, IDisposable owner)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rowCount);
        if (columns.Length != schema.Count) throw new ArgumentException($"{columns.Length} columns for {schema.Count} fields", nameof(columns));
        return new RecordBatch(schema, new BatchMemory(columns, [owner]), 0, rowCount);
    }

    /// <summary>The columns of several batches of as many rows, one batch after the other, without a copy. The caller owns the batch.</summary>
    /// <param name="schema">The columns' names; their types are those that they have.</param>
    /// <param name="parts">Disposed with the last batch that shares them, or at once where this fails.</param>
    /// <exception cref="ArgumentException">The parts differ in rows, or have other columns.</exception>
    public static RecordBatch Beside(Schema schema, IReadOnlyList<RecordBatch> parts)
    {
        var columns = new List<ColumnBuffers>(schema.Count);
        try
        {
            foreach (RecordBatch part in parts)
            {
                if (part.RowCount != parts[0].RowCount) throw new ArgumentException($"batches of {parts[0].RowCount} and {part.RowCount} rows do not stand side by side", nameof(parts));
                for (int i = 0; i < part.Schema.Count; i++)
                {
                    if (columns.Count >= schema.Count || !part.Schema[i].Type.Equals(schema[columns.Count].Type)) throw new ArgumentException($"the batches have not the columns {schema}", nameof(parts));
                    columns.Add(part.Column(i).Buffers);
                }
            }
            if (columns.Count != schema.Count) throw new ArgumentException($"{columns.Count} columns for {schema.Count} fields", nameof(parts));
            return new RecordBatch(schema, new BatchMemory([.. columns], [.. parts]), 0, parts[0].RowCount);
        }
        catch
        {
            foreach (RecordBatch part in parts) part.Dispose();
            throw;
        }
    }

    /// <summary>The column at <paramref name="index"/>; valid until this batch is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public ColumnView Column(int index)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        return new ColumnView(Schema[index].Type, in _memory.Columns[index], _start, RowCount);
    }

    /// <summary>Rows <c>[start, start + count)</c> as a batch of their own, without a copy. The caller owns it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the batch.</exception>
    public RecordBatch Slice(int start, int count)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, RowCount - count);
        _memory.AddOwner();
        return new RecordBatch(Schema, _memory, _start + start, count);
    }

    /// <summary>Another owner of the same rows, without a copy. The caller owns it.</summary>
    public RecordBatch Share() => Slice(0, RowCount);

    /// <summary>The same rows under other names or metadata; the types must be equal. The caller owns the result.</summary>
    public RecordBatch WithSchema(Schema schema)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        if (!schema.Fields.Select(field => field.Type).SequenceEqual(Schema.Fields.Select(field => field.Type)))
            throw new ArgumentException("the types differ", nameof(schema));
        _memory.AddOwner();
        return new RecordBatch(schema, _memory, _start, RowCount);
    }

    /// <summary>Gives this owner's share up; the last one frees the memory. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0) _memory.RemoveOwner();
    }
}

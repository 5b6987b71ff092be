namespace Lepton.Data.Schemas.Batches;

/// <summary>Makes record batches of one schema, one after the other. Not safe for use by several threads.</summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private readonly ColumnBuilder[] _columns;

    /// <summary>A builder for batches of <paramref name="schema"/>.</summary>
    /// <param name="schema">Names and types of the columns.</param>
    /// <param name="rowCapacity">Rows to make room for with the first; more may follow.</param>
    /// <param name="budget">Charged for the memory until the batch is freed; null for none.</param>
    /// <exception cref="LeptonDataException">Appending may throw <c>schemas.memory_exhausted</c>.</exception>
    public RecordBatchBuilder(Schema schema, int rowCapacity = 0, MemoryBudget? budget = null)
    {
        Schema = schema;
        ArgumentOutOfRangeException.ThrowIfNegative(rowCapacity);
        _columns = [.. schema.Fields.Select(field => new ColumnBuilder(field.Type, rowCapacity, budget))];
        RowCapacity = rowCapacity;
    }

    /// <summary>Names and types of the columns.</summary>
    public Schema Schema { get; }

    /// <summary>Rows that each new batch has room for with its first.</summary>
    public int RowCapacity { get; }

    /// <summary>The column at <paramref name="index"/>.</summary>
    public ColumnBuilder Column(int index) => _columns[index];

    /// <summary>The rows appended so far, as a batch that the caller owns; the builder starts anew.</summary>
    /// <param name="rowCount">For a schema without columns: how many rows. Else it must be what the columns hold, or -1.</param>
    /// <exception cref="InvalidOperationException">The columns are not equally long, or the columns within one do not fit it.</exception>
    public RecordBatch Build(int rowCount = -1)
    {
        int rows = _columns.Length > 0 ? _columns[0].Count : Math.Max(rowCount, 0);
        foreach (ColumnBuilder column in _columns)
            if (column.Count != rows) throw new InvalidOperationException($"columns hold {rows} and {column.Count} rows");
        if (rowCount >= 0 && rowCount != rows) throw new InvalidOperationException($"columns hold {rows} rows, not {rowCount}");
        // What can fail comes first: after it, either all columns are handed over or none.
        foreach (ColumnBuilder column in _columns) column.Complete();
        var blocks = new List<IDisposable>(_columns.Length * 2);
        var buffers = new ColumnBuffers[_columns.Length];
        for (int i = 0; i < _columns.Length; i++) buffers[i] = _columns[i].Take(blocks);
        return new RecordBatch(Schema, new BatchMemory(buffers, [.. blocks]), 0, rows);
    }

    /// <summary>Frees what was appended and not built.</summary>
    public void Dispose()
    {
        foreach (ColumnBuilder column in _columns) column.Free();
    }
}

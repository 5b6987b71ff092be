using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>Batches with the columns that say where a row lies, where these are asked for. The batches' own columns are not copied.</summary>
internal sealed class NumberedBatches : IDisposable
{
    private readonly List<RecordBatch> _owned = [];

    internal NumberedBatches(BatchInput input)
    {
        if (input.FileNumber is null && input.RowNumber is null)
        {
            Batches = input.Batches;
            return;
        }
        Batches = _owned;
        try
        {
            foreach (RecordBatch batch in input.Batches) _owned.Add(Numbered(input, batch, _owned.Count));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal IReadOnlyList<RecordBatch> Batches { get; }

    public void Dispose()
    {
        foreach (RecordBatch batch in _owned) batch.Dispose();
        _owned.Clear();
    }

    private static RecordBatch Numbered(BatchInput input, RecordBatch batch, long file)
    {
        var numbers = new List<Field>();
        if (input.FileNumber is { } fileNumber) numbers.Add(new Field(fileNumber, DataType.Int64));
        if (input.RowNumber is { } rowNumber) numbers.Add(new Field(rowNumber, DataType.Int64));
        using var builder = new RecordBatchBuilder(new Schema(numbers), batch.RowCount);
        for (int row = 0; row < batch.RowCount; row++)
        {
            if (input.FileNumber is not null) builder.Column(0).Append(file);
            if (input.RowNumber is not null) builder.Column(numbers.Count - 1).Append((long)row);
        }
        return RecordBatch.Beside(input.Schema, [batch.Share(), builder.Build()]);
    }
}

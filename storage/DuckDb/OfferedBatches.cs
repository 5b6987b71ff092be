using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>Batches that SQL can read. Safe for use by several threads and queries at once.</summary>
public sealed class OfferedBatches : IDisposable
{
    private readonly BatchRegistry _registry;
    private readonly RecordBatch[] _batches;
    private int _isDisposed;

    internal OfferedBatches(BatchRegistry registry, long id, Schema schema, IReadOnlyList<RecordBatch> batches)
    {
        (_registry, Id, Schema) = (registry, id, schema);
        foreach (RecordBatch batch in batches)
            if (!batch.Schema.Fields.Select(field => field.Type).SequenceEqual(schema.Fields.Select(field => field.Type)))
                throw new ArgumentException($"a batch has {batch.Schema}, not {schema}", nameof(batches));
        _batches = [.. batches.Where(batch => batch.RowCount > 0).Select(batch => batch.Share())];
        RowCount = _batches.Sum(batch => (long)batch.RowCount);
    }

    /// <summary>What stands for the rows after FROM.</summary>
    public string Sql => $"{BatchRegistry.FunctionName}({SqlLiteral.Number(Id)})";

    /// <summary>The columns.</summary>
    public Schema Schema { get; }

    /// <summary>How many rows.</summary>
    public long RowCount { get; }

    internal long Id { get; }

    internal IReadOnlyList<RecordBatch> Batches => _batches;

    /// <summary>Gives the batches up; no query may read them any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        _registry.Remove(Id);
        foreach (RecordBatch batch in _batches) batch.Dispose();
    }
}

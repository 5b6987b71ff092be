using System.Collections.Concurrent;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>The batches that one database may read, and the table function that reads them: <c>lepton_batches(id)</c>.</summary>
internal sealed class BatchRegistry : IRowSource
{
    internal const string FunctionName = "lepton_batches";

    private readonly ConcurrentDictionary<long, OfferedBatches> _offers = new();
    private long _lastId;

    public string Name => FunctionName;

    public IReadOnlyList<DataType> Parameters { get; } = [DataType.Int64];

    public IBoundRows Bind(IReadOnlyList<object?> arguments, ulong connectionId)
        => arguments[0] is long id && _offers.TryGetValue(id, out OfferedBatches? offer) ? new Rows(offer) : throw new InvalidOperationException($"no batches are offered as {arguments[0]}");

    internal OfferedBatches Offer(Schema schema, IReadOnlyList<RecordBatch> batches)
    {
        long id = Interlocked.Increment(ref _lastId);
        var offer = new OfferedBatches(this, id, schema, batches);
        _offers[id] = offer;
        return offer;
    }

    internal void Remove(long id) => _offers.TryRemove(id, out _);

    // Not the offer itself, which DuckDB would dispose with the query.
    private sealed class Rows(OfferedBatches offer) : IBoundRows
    {
        public string Name => FunctionName;

        public Schema Schema => offer.Schema;

        public long? RowCount => offer.RowCount;

        public IRowScan Scan(int[] columns) => new BatchScan(offer, columns);
    }
}

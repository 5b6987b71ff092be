using System.Collections.Concurrent;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>The readers that one database may read, and the table function that reads them: <c>lepton_reader(id)</c>.</summary>
internal sealed class ReaderRegistry
{
    internal const string FunctionName = "lepton_reader";

    private readonly ConcurrentDictionary<long, Func<IRecordBatchReader>> _offers = new();
    private long _lastId;

    internal TableFunction Function => new(FunctionName, [DataType.Int64], Open);

    internal OfferedReaders Offer(Func<IRecordBatchReader> open)
    {
        long id = Interlocked.Increment(ref _lastId);
        _offers[id] = open;
        return new OfferedReaders(this, id);
    }

    internal void Remove(long id) => _offers.TryRemove(id, out _);

    private IRecordBatchReader Open(IReadOnlyList<object?> arguments)
        => arguments[0] is long id && _offers.TryGetValue(id, out Func<IRecordBatchReader>? open) ? open() : throw new InvalidOperationException($"no reader is offered as {arguments[0]}");
}

/// <summary>Readers that SQL can read. Safe for use by several threads and queries at once.</summary>
public sealed class OfferedReaders : IDisposable
{
    private readonly ReaderRegistry _registry;
    private readonly long _id;

    internal OfferedReaders(ReaderRegistry registry, long id) => (_registry, _id) = (registry, id);

    /// <summary>What stands for the rows after FROM.</summary>
    public string Sql => $"{ReaderRegistry.FunctionName}({SqlLiteral.Number(_id)})";

    /// <summary>Gives the readers up; no query may read them any more.</summary>
    public void Dispose() => _registry.Remove(_id);
}

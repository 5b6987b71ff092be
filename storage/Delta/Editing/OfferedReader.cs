using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Storage.Delta.Editing;

/// <summary>A reader as something that SQL can read from, once. The reader stays its owner's.</summary>
internal sealed class OfferedReader : IDisposable
{
    private const string FunctionName = "lepton_rows";

    // One function for each database, which knows the readers of all operations that are under way.
    private static readonly ConditionalWeakTable<DuckDbDatabase, OfferedReader[]> s_registered = [];
    private static readonly ConcurrentDictionary<long, OfferedReader> s_offers = new();
    private static readonly Lock s_gate = new();
    private static long s_lastId;

    private readonly IRecordBatchReader _reader;
    private readonly long _id = Interlocked.Increment(ref s_lastId);
    private Borrowed? _taken;

    private OfferedReader(IRecordBatchReader reader) => _reader = reader;

    /// <summary>What stands for the rows after FROM.</summary>
    internal string Sql => $"{FunctionName}({SqlLiteral.Number(_id)})";

    internal static OfferedReader Of(DuckDbDatabase database, IRecordBatchReader reader)
    {
        lock (s_gate)
        {
            if (!s_registered.TryGetValue(database, out _))
            {
                database.Register(new TableFunction(FunctionName, [DataType.Int64], static arguments => s_offers.TryGetValue((long)arguments[0]!, out OfferedReader? offer)
                    ? new Borrowed(offer)
                    : throw new InvalidOperationException($"no rows are offered as {arguments[0]}")));
                s_registered.Add(database, []);
            }
        }
        var offered = new OfferedReader(reader);
        s_offers[offered._id] = offered;
        return offered;
    }

    public void Dispose() => s_offers.TryRemove(_id, out _);

    /// <summary>The reader for one statement. A statement may be prepared more than once; who reads first reads alone.</summary>
    private sealed class Borrowed(OfferedReader offer) : IRecordBatchReader
    {
        public Schema Schema => offer._reader.Schema;

        public ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
            => (Interlocked.CompareExchange(ref offer._taken, this, null) ?? this) == this
                ? offer._reader.ReadAsync(cancellationToken)
                : throw new InvalidOperationException("rows to write are read once");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

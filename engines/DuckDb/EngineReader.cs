using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>A query's rows; DuckDB's errors come out as the engine's.</summary>
internal sealed class EngineReader(DuckDbReader reader, BoundQuery query) : IRecordBatchReader
{
    public Schema Schema => reader.Schema;

    public async ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DuckDbException error)
        {
            throw EngineErrors.Of(error, query.Source.Start);
        }
    }

    public ValueTask DisposeAsync() => reader.DisposeAsync();
}

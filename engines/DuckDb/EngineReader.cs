using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>A query's rows; DuckDB's errors come out as the engine's.</summary>
/// <param name="reader">Owned.</param>
/// <param name="errorOf">The engine's error for one of DuckDB's.</param>
/// <param name="ensureFilesUnchanged">Called at the end of the rows.</param>
/// <param name="report">Reports progress until disposed; called for each read, since that is when the work is done.</param>
internal sealed class EngineReader(DuckDbReader reader, Func<DuckDbException, CancellationToken, LeptonDataException> errorOf, Action ensureFilesUnchanged, Func<IDisposable> report) : IRecordBatchReader
{
    public Schema Schema => reader.Schema;

    public async ValueTask<RecordBatch?> ReadAsync(CancellationToken cancellationToken = default)
    {
        using IDisposable progress = report();
        try
        {
            RecordBatch? batch = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (batch is null) ensureFilesUnchanged();
            return batch;
        }
        catch (DuckDbException error)
        {
            throw errorOf(error, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => reader.DisposeAsync();
}

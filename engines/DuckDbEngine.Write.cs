using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Engines;

public sealed partial class DuckDbEngine
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<DataFile>> WriteAsync(BoundQuery query, Inputs inputs, FileTarget target, RunContext run, CancellationToken cancellationToken)
    {
        EnsureWritable(query);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        // Nobody waits for a write of an engine that is gone, and nothing else would end it.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        using LocalInputs local = await LocalInputs.FetchAsync(_options.Store, inputs, cancellationToken).ConfigureAwait(false);
        try
        {
            using var statement = new Statement(this, query, local);
            var rows = new RowQuery(statement.Connection, statement.SelectAs(query.Schema), query.Schema) { IsOrdered = query.IsOrdered, WhenRead = WhenRead };
            IReadOnlyList<DataFile> files = await new ParquetWriter(Database, _storeOf(target.Folder), ThreadCount, run).WriteAsync(rows, target, stop.Token).ConfigureAwait(false);
            return query.RowsAreInexact ? [.. files.Select(file => file with { ContentSum = null })] : files;

            void WhenRead()
            {
                // Its database stays open for as long as the statement does.
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                statement.EnsureFilesUnchanged();
            }
        }
        catch (OperationCanceledException) when (_isDisposed && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(DuckDbEngine));
        }
        catch (DuckDbException error)
        {
            throw ErrorOf(error, query, local, cancellationToken);
        }
    }

    private static void EnsureWritable(BoundQuery query)
    {
        foreach (Field field in query.Schema.Fields) EnsureWritable(field.Name, field.Type);

        void EnsureWritable(string path, DataType type)
        {
            string? code = type.Id switch
            {
                TypeId.NaiveTime => "engines.naive_time",
                TypeId.Null => "engines.untyped_null",
                _ => null,
            };
            if (code is not null) throw new LeptonDataException(code, [path, type]) { Place = query.Source.Start };
            foreach (Field inner in type.Children) EnsureWritable($"{path}.{inner.Name}", inner.Type);
        }
    }
}

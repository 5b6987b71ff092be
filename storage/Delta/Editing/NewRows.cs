using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Storage.Delta.Editing;

/// <summary>
/// The rows that an operation brings. A reader gives them once, so they are written at once as the files that they are to be; whatever is to be known of them is asked of these files,
/// and where a table has changed so that they do not fit, they are written anew from themselves.
/// </summary>
internal sealed class NewRows(EditFiles files, IRecordBatchReader reader) : IDisposable
{
    private readonly OfferedReader _offer = OfferedReader.Of(files.Database, reader);
    private Snapshot? _written;

    /// <summary>What holds them; none before they are written.</summary>
    internal IReadOnlyList<DataFile> Files => _written?.Files ?? [];

    /// <summary>Sees to it that they are files of a table.</summary>
    /// <param name="current">The table.</param>
    /// <param name="schema">Its columns when it has them.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    internal async ValueTask<IReadOnlyList<DataFile>> WriteAsync(Snapshot current, Schema schema, CancellationToken cancellationToken)
    {
        if (_written is not null && Fit(_written, current, schema)) return _written.Files;
        var target = new FileTarget(current.RootPath) { PartitionColumns = current.PartitionColumns };
        using OpenedRows? before = _written is null ? null : await files.OpenAsync(_written, null, cancellationToken).ConfigureAwait(false);
        Schema given = _written?.Schema ?? reader.Schema;
        string sql = $"SELECT {EditFiles.Columns(schema, name => given.Find(name) is { } field ? SqlLiteral.Name(field.Name) : null)} FROM {before?.Sql ?? _offer.Sql}";
        IReadOnlyList<DataFile> written = await files.WriteAsync(sql, schema, target, isOrdered: false, cancellationToken).ConfigureAwait(false);
        _written = current with { Files = written, Schema = schema };
        return written;
    }

    /// <summary>The table as if it had these rows only.</summary>
    internal Snapshot AsSnapshot(Snapshot current) => current with { Files = Files, Schema = _written!.Schema };

    public void Dispose() => _offer.Dispose();

    private static bool Fit(Snapshot written, Snapshot current, Schema schema)
        => written.PartitionColumns.SequenceEqual(current.PartitionColumns) && written.Schema.Fields.All(field => schema.Find(field.Name) is { } column && column.Name == field.Name && column.Type.Equals(field.Type));
}

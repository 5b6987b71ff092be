using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb.Native;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>A statement that is parsed and bound, to be run with arguments of its parameters' types. Used like its <see cref="DuckDbConnection"/>, by one caller at a time.</summary>
public sealed class DuckDbStatement : IDisposable
{
    private readonly DuckDbConnection _connection;

    internal DuckDbStatement(DuckDbConnection connection, string sql, StatementHandle handle) => (_connection, Sql, Handle) = (connection, sql, handle);

    /// <summary>Its text.</summary>
    public string Sql { get; }

    /// <summary>
    /// The types of <c>$1</c>, <c>$2</c>, …, as an INSERT or a comparison with a column wants them; null where any type will do (<c>$1::BIGINT</c>) or no batch holds it.
    /// </summary>
    public IReadOnlyList<DataType?> ParameterTypes
    {
        get
        {
            var types = new DataType?[NativeMethods.ParameterCount(Handle)];
            for (int i = 0; i < types.Length; i++)
            {
                using var type = new TypeHandle(NativeMethods.ParameterType(Handle, (ulong)i + 1));
                types[i] = type.IsInvalid ? null : LogicalTypes.DataTypeOf(type.Value);
            }
            return types;
        }
    }

    internal StatementHandle Handle { get; }

    /// <inheritdoc cref="DuckDbConnection.Execute"/>
    public long Execute(IReadOnlyList<object?>? arguments = null, CancellationToken cancellationToken = default)
    {
        using ResultHandle result = _connection.Run(this, arguments ?? [], isStreaming: false, cancellationToken);
        return (long)result.RowsChanged;
    }

    /// <summary>As <see cref="Execute"/>, of a statement without parameters whose rows leave traces with us: it is not run again where DuckDB does not say why it stopped.</summary>
    internal void ExecuteOnce(CancellationToken cancellationToken) => _connection.RunOnce(Handle, [], isStreaming: false, cancellationToken).Dispose();

    /// <inheritdoc cref="DuckDbConnection.Read(string, IReadOnlyList{object}, MemoryBudget, CancellationToken)"/>
    public DuckDbReader Read(IReadOnlyList<object?>? arguments = null, MemoryBudget? memory = null, CancellationToken cancellationToken = default)
        => _connection.Read(this, arguments ?? [], memory, cancellationToken);

    /// <summary>Frees it; readers that it gave go on.</summary>
    public void Dispose() => Handle.Dispose();
}

using Lepton.Data.Engines.DuckDb;
using Lepton.Data.Sql;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Engines;

/// <summary>DuckDB's parser and binder in a small database of its own, which reaches no file and runs nothing. Safe for use by several threads.</summary>
public sealed class DuckDbFrontEnd : ISqlFrontEnd, IDisposable
{
    private readonly Lock _gate = new();
    private readonly DuckDbDatabase _database;
    private readonly DuckDbConnection _connection;

    /// <summary>Opens the database.</summary>
    /// <exception cref="Schemas.LeptonDataException"><c>storage.duckdb_library_missing</c></exception>
    public DuckDbFrontEnd()
    {
        _database = Databases.Open(new DuckDbOptions { MemoryLimitBytes = 256L << 20, ThreadCount = 1 });
        _connection = _database.Connect();
        // Nothing is run here, and to optimise an expression takes the cube of its depth: 0.2 s for a sum of 300 terms, 1.6 s for 600.
        _connection.Execute("PRAGMA disable_optimizer");
    }

    /// <inheritdoc/>
    public string Parse(string sql)
    {
        // A NUL would end the statement for the parser and hide what follows.
        if (sql.Contains('\0', StringComparison.Ordinal)) throw new SqlFrontEndException("the text holds a NUL character");
        lock (_gate)
        {
            try
            {
                return _connection.ReadValue<string>("SELECT CAST(json_serialize_sql($1::VARCHAR) AS VARCHAR)", [sql])!;
            }
            catch (DuckDbException error)
            {
                throw new SqlFrontEndException(error.Words);
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, string DuckDbType)> Describe(string select)
    {
        lock (_gate)
        {
            try
            {
                return [.. _connection.Describe(select).Select(column => (column.Name, column.Type))];
            }
            catch (DuckDbException error)
            {
                throw new SqlFrontEndException(error.Words);
            }
        }
    }

    /// <summary>Closes the database.</summary>
    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }
}

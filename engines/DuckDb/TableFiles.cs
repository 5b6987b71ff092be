using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>Finds the file of a table that made a query fail, where DuckDB does not name it: it does so only for some queries, and a person's SQL must not be blamed for a table's file.</summary>
internal static class TableFiles
{
    // To look into one takes about a millisecond.
    private const int CountMax = 1000;

    /// <param name="tables">What the query read, all of it files of this machine.</param>
    /// <param name="connection">Free, and within reach of the files.</param>
    /// <param name="isDamaged">Whether some file surely is damaged: then all of each is read, and else only the columns that are of another type than the table says.</param>
    /// <param name="cancellationToken">Observed throughout.</param>
    /// <returns>The first such file and what DuckDB says of it alone; null for none.</returns>
    internal static (string Path, DuckDbException Fault)? FindFaulty(IReadOnlyCollection<Snapshot> tables, DuckDbConnection connection, bool isDamaged, CancellationToken cancellationToken)
    {
        if (tables.Sum(table => table.Files.Count) > CountMax) return null;
        foreach (Snapshot table in tables)
            foreach (string path in table.FilePaths)
                if (FaultOf(path, table, connection, isDamaged, cancellationToken) is { } fault) return (path, fault);
        return null;
    }

    private static DuckDbException? FaultOf(string path, Snapshot table, DuckDbConnection connection, bool isDamaged, CancellationToken cancellationToken)
    {
        try
        {
            string file = $"read_parquet({SqlLiteral.Text(ParquetSql.Pattern(path))}, hive_partitioning = false)";
            var types = connection.Describe($"SELECT * FROM {file}").ToLookup(column => column.Name, column => column.BatchType, StringComparer.OrdinalIgnoreCase);
            Field[] misfits = [.. table.Schema.Fields.Where(field => !table.PartitionColumns.Contains(field.Name) && types[field.Name].Any(type => !field.Type.Equals(type)))];
            if (misfits.Length > 0) connection.Execute($"SELECT max(hash(COLUMNS(*))) FROM {ParquetSql.Rows([path], new Schema(misfits))}", null, cancellationToken);
            if (isDamaged) connection.Execute($"SELECT max(hash(COLUMNS(*))) FROM {file}", null, cancellationToken);
            return null;
        }
        catch (DuckDbException fault) when (fault.Error is DuckDbError.Value or DuckDbError.Statement or DuckDbError.Other)
        {
            return fault;
        }
        catch (DuckDbException)
        {
            // It could not be looked into, which says nothing of it.
            return null;
        }
    }
}

using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Connectors.Files;

/// <summary>Reads what the footer of a Parquet file says.</summary>
internal sealed class ParquetLook(DuckDbConnection connection, FileSourceDefinition source)
{
    /// <summary>Columns and row count of a file whose ends were checked.</summary>
    /// <exception cref="LeptonDataException">The footer cannot be read, or a column has a type that we do not have.</exception>
    internal (Field[] Fields, long RowCount) LookInto(string path, CancellationToken cancellationToken)
    {
        try
        {
            string file = SqlLiteral.Text(ParquetSql.Pattern(path));
            var columns = connection.Describe($"SELECT * FROM read_parquet({file}, hive_partitioning = false)");
            long rows = connection.ReadValue<long>($"SELECT num_rows FROM parquet_file_metadata({file})", null, cancellationToken);
            return ([.. columns.Select(column => new Field(column.Name, TypeOf(column.Name, column.Type, path)))], rows);
        }
        catch (DuckDbException failure)
        {
            throw new LeptonDataException("connectors.parquet_unreadable", [path, failure.Words], failure) { Place = source.Path.Place };
        }
    }

    private DataType TypeOf(string name, string type, string path)
    {
        if (FileTypes.Of(type) is { } ours) return ours;
        // What the person declares is read by a cast, which the engine may still refuse.
        ColumnDeclaration? declared = source.Columns.FirstOrDefault(column => string.Equals(column.Name, name, StringComparison.OrdinalIgnoreCase));
        return declared?.Type ?? throw new LeptonDataException("connectors.unknown_type", [name, type, path]) { Place = declared?.Place ?? source.Place };
    }
}

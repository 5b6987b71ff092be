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

/// <summary>Compares the columns of files that are read as one.</summary>
internal static class SameColumns
{
    /// <summary>Refuses files of different columns or types.</summary>
    internal static void Check(Field[] first, Field[] other, string firstPath, string otherPath, SourcePlace place)
    {
        CheckNames(first, other, firstPath, otherPath, place);
        foreach (Field field in first)
        {
            Field twin = Array.Find(other, candidate => candidate.Name == field.Name)!;
            if (!twin.Type.Equals(field.Type)) throw new LeptonDataException("connectors.types_differ", [field.Name, field.Type, firstPath, twin.Type, otherPath]) { Place = place, Kind = ErrorKind.DataRefused };
        }
    }

    /// <summary>Columns of guessed types that hold the values of both files: equal types stay, whole and broken numbers meet as DOUBLE, all else as text.</summary>
    internal static Field[] Widened(Field[] first, Field[] other, string firstPath, string otherPath, SourcePlace place)
    {
        CheckNames(first, other, firstPath, otherPath, place);
        // Text is read by position, so the order counts.
        for (int i = 0; i < first.Length; i++)
            if (first[i].Name != other[i].Name) throw new LeptonDataException("connectors.order_differs", [firstPath, otherPath, first[i].Name, other[i].Name]) { Place = place, Kind = ErrorKind.DataRefused };
        return [.. first.Select((field, i) => field with { Type = Wider(field.Type, other[i].Type) })];
    }

    private static void CheckNames(Field[] first, Field[] other, string firstPath, string otherPath, SourcePlace place)
    {
        if (first.FirstOrDefault(field => !Array.Exists(other, candidate => candidate.Name == field.Name)) is { } missing)
            throw new LeptonDataException("connectors.column_missing_in", [missing.Name, firstPath, otherPath]) { Place = place, Kind = ErrorKind.DataRefused };
        if (other.FirstOrDefault(field => !Array.Exists(first, candidate => candidate.Name == field.Name)) is { } surplus)
            throw new LeptonDataException("connectors.column_missing_in", [surplus.Name, otherPath, firstPath]) { Place = place, Kind = ErrorKind.DataRefused };
    }

    private static DataType Wider(DataType left, DataType right)
    {
        if (left.Equals(right)) return left;
        static bool IsNumber(DataType type) => type.Id is TypeId.Integer or TypeId.Float;
        return IsNumber(left) && IsNumber(right) ? DataType.Float64 : DataType.String;
    }
}

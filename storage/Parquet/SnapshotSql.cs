using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Storage.Parquet;

/// <summary>A snapshot as something that DuckDB's SQL can read from.</summary>
public static class SnapshotSql
{
    /// <summary>
    /// What stands for the snapshot's rows after FROM, with its columns by name and type. A column that a file lacks, since it was added later, is NULL there;
    /// columns that the table has no more are not seen.
    /// </summary>
    /// <exception cref="LeptonDataException"><c>storage.delta_feature</c>: the table has partition columns, whose values are not in the files.</exception>
    public static string Of(Snapshot snapshot)
    {
        if (snapshot.PartitionColumns.Count > 0) throw new LeptonDataException("storage.delta_feature", [snapshot.RootPath, "partition columns", "reader"]);
        if (snapshot.Files.Count == 0)
            return $"(SELECT {string.Join(", ", snapshot.Schema.Fields.Select(field => $"CAST(NULL AS {field.Type}) AS {SqlLiteral.Name(field.Name)}"))} WHERE false)";
        // By name and not by place, since writers order columns as they like; DuckDB would otherwise take the first file's columns for all.
        string columns = string.Join(", ", snapshot.Schema.Fields.Select(field =>
            $"{SqlLiteral.Text(field.Name)}: {{name: {SqlLiteral.Text(field.Name)}, type: {SqlLiteral.Text(field.Type.ToString()!)}, default_value: NULL}}"));
        return $"read_parquet({SqlLiteral.TextList(snapshot.FilePaths)}, hive_partitioning = false, schema = MAP {{{columns}}})";
    }
}

using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Storage.Parquet;

/// <summary>Parquet files as something that DuckDB's SQL can read from.</summary>
public static class ParquetSql
{
    /// <summary>
    /// What stands after FROM for the rows of files, by the schema given and not by that of the first file: columns are found by name, cast, and NULL where a file
    /// (older than the column) lacks one.
    /// </summary>
    /// <param name="paths">Absolute; at least one.</param>
    /// <param name="schema">Names and types to read.</param>
    /// <param name="typeOf">Another type to cast a column to than its own, in DuckDB's spelling.</param>
    /// <param name="nameOf">Another name for a column to have than its own.</param>
    public static string Rows(IEnumerable<string> paths, Schema schema, Func<Field, string>? typeOf = null, Func<string, string>? nameOf = null)
    {
        typeOf ??= static field => field.Type.ToString()!;
        nameOf ??= static name => name;
        IEnumerable<string> columns = schema.Fields.Select(field => $"{SqlLiteral.Text(field.Name)}: {{name: {SqlLiteral.Text(nameOf(field.Name))}, type: {SqlLiteral.Text(typeOf(field))}, default_value: NULL}}");
        return $"read_parquet({SqlLiteral.TextList(paths.Select(Pattern))}, schema = MAP {{{string.Join(", ", columns)}}}, hive_partitioning = false)";
    }

    /// <summary>What stands after FROM for no rows, of the schema's columns.</summary>
    public static string NoRows(Schema schema)
        => $"(SELECT {string.Join(", ", schema.Fields.Select(field => $"CAST(NULL AS {field.Type}) AS {SqlLiteral.Name(field.Name)}"))} WHERE false)";

    /// <summary>The pattern that means this one file: DuckDB takes every path for a pattern, in which <c>*</c>, <c>?</c> and <c>[</c> stand for others.</summary>
    public static string Pattern(string path)
    {
        var pattern = new StringBuilder(path.Length);
        foreach (char c in path)
        {
            if (c is '*' or '?' or '[') pattern.Append('[').Append(c).Append(']');
            else pattern.Append(c);
        }
        return pattern.ToString();
    }

    /// <summary>The file that <see cref="Pattern"/> means.</summary>
    public static string PathOf(string pattern)
        => pattern.Replace("[*]", "*", StringComparison.Ordinal).Replace("[?]", "?", StringComparison.Ordinal).Replace("[[]", "[", StringComparison.Ordinal);
}

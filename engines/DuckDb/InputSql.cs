using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>DuckDB SQL for what the names in a query stand for. Nothing of it was written by a person but names and paths, which are quoted.</summary>
internal static class InputSql
{
    /// <summary>What the error begins with that a time of too fine a unit raises; the column's name follows.</summary>
    internal const string ImpreciseTime = "lepton.imprecise_time:";

    private const string Nanoseconds = "TIMESTAMP_NS";

    /// <summary>The columns of source files that hold times in nanoseconds, found by looking into each.</summary>
    internal static IReadOnlySet<string> NanosecondColumns(FileScan scan, DuckDbConnection connection)
    {
        var columns = new HashSet<string>(StringComparer.Ordinal);
        if (scan.Format != FileFormat.Parquet || !scan.FileSchema.Fields.Any(field => field.Type.Id == TypeId.NaiveTime)) return columns;
        foreach (SourceFile file in scan.Files)
            foreach ((string name, string type, _) in connection.Describe($"SELECT * FROM read_parquet({SqlLiteral.Text(ParquetSql.Pattern(file.Path))}, hive_partitioning = false)"))
                if (type == Nanoseconds) columns.Add(name);
        return columns;
    }

    /// <summary>The rows of source files, under the names that the lake gives them and with naive times made instants.</summary>
    /// <param name="scan">What to read.</param>
    /// <param name="nanoseconds">Columns of the file schema that hold nanoseconds in a file; one that is no whole microsecond fails the query.</param>
    /// <param name="fileNumber">Null, or a column to have besides: the number of the file, from 0. Of Parquet files only.</param>
    /// <param name="rowNumber">Null, or a column to have besides: the row's number in its file, from 0. Of Parquet files only.</param>
    /// <param name="columns">The columns to have, under the lake's names; null for all.</param>
    internal static string OfFiles(FileScan scan, IReadOnlySet<string>? nanoseconds = null, string? fileNumber = null, string? rowNumber = null, IReadOnlySet<string>? columns = null)
    {
        int[] kept = [.. Enumerable.Range(0, scan.Schema.Count).Where(i => columns?.Contains(scan.Schema[i].Name) != false)];
        // Without a column there would be no rows.
        if (kept.Length == 0) kept = [0];
        bool HasNanoseconds(Field field) => field.Type.Id == TypeId.NaiveTime && nanoseconds?.Contains(field.Name) == true;
        string files = scan.Format switch
        {
            FileFormat.Parquet => ParquetSql.Rows(scan.Files.Select(file => file.Path), new Schema(kept.Select(i => scan.FileSchema[i])), field => HasNanoseconds(field) ? Nanoseconds : field.Type.ToString()!, Unhidden),
            FileFormat.Csv => CsvRows(scan),
            _ => throw new InvalidOperationException($"no format {scan.Format}"),
        };
        string numbers = (fileNumber is null ? "" : $", file_index::BIGINT AS {SqlLiteral.Name(fileNumber)}") + (rowNumber is null ? "" : $", file_row_number::BIGINT AS {SqlLiteral.Name(rowNumber)}");
        return $"(SELECT {Columns(kept.Select(i => Instant(scan.FileSchema[i], scan.Schema[i], scan.TimeZones, HasNanoseconds(scan.FileSchema[i]), scan.Format == FileFormat.Parquet)), [.. kept.Select(i => scan.Schema[i])])}{numbers} FROM {(scan.Sample is { } sample ? Sampled(files, sample, scan) : files)})";
    }

    // A column of the name that DuckDB has for a file's number or a row's would hide it.
    private static string Unhidden(string column) => column.ToUpperInvariant() is "FILE_INDEX" or "FILE_ROW_NUMBER" ? "__" + column : column;

    private static string Sampled(string files, RowSample sample, FileScan scan)
    {
        string limit = string.Create(CultureInfo.InvariantCulture, $"CAST('{(UInt128)Math.Ceiling(Math.Clamp(sample.Share, 0, 1) * Math.Pow(2, 64)) - 1}' AS UBIGINT)");
        // Parquet knows each row's place. Of text the rows are counted, which one thread does in their order.
        if (scan.Format == FileFormat.Parquet) return $"{files} WHERE hash(file_index, file_row_number, {SqlLiteral.BigInt(sample.Seed)}) <= {limit}";
        string number = "__row_number";
        while (scan.FileSchema.IndexOf(number) >= 0) number += "_";
        return $"(SELECT *, row_number() OVER () AS {number} FROM {files}) WHERE hash({number}, {SqlLiteral.BigInt(sample.Seed)}) <= {limit}";
    }

    // Text is read by position, so files of other columns, or of another order, are read by themselves.
    private static string CsvRows(FileScan scan)
    {
        string[] readings = [.. scan.Files.GroupBy(file => file.Columns).Select(group => group.Key is null
            ? ReadCsv(group.Select(file => file.Path), scan.FileSchema, scan.Csv!)
            : $"(SELECT {AllColumns(scan.FileSchema, group.Key)} FROM {ReadCsv(group.Select(file => file.Path), new Schema(group.Key.Select(name => scan.FileSchema[scan.FileSchema.IndexOf(name)])), scan.Csv!)})")];
        return readings is [var only] ? only : $"({string.Join(" UNION ALL ", readings.Select(reading => $"SELECT * FROM {reading}"))})";
    }

    private static string AllColumns(Schema schema, IEnumerable<string> ofFile)
    {
        var present = ofFile.ToHashSet(StringComparer.Ordinal);
        return string.Join(", ", schema.Fields.Select(field => present.Contains(field.Name) ? SqlLiteral.Name(field.Name) : $"CAST(NULL AS {field.Type}) AS {SqlLiteral.Name(field.Name)}"));
    }

    // Every option that would be guessed is given, so that a file never changes how it is read. The reader's buffers are sixteen times as large as the longest line.
    private static string ReadCsv(IEnumerable<string> paths, Schema schema, CsvFormat csv)
    {
        IEnumerable<string> columns = schema.Fields.Select(field => $"{SqlLiteral.Text(field.Name)}: {SqlLiteral.Text(field.Type.ToString()!)}");
        return $"read_csv({SqlLiteral.TextList(paths.Select(ParquetSql.Pattern))}, auto_detect = false, columns = {{{string.Join(", ", columns)}}}, delim = {Character(csv.Delimiter)}, quote = {Character(csv.Quote)}, "
            + $"escape = {Character(csv.Escape)}, header = {(csv.HasHeader ? "true" : "false")}, nullstr = {SqlLiteral.TextList(csv.NullText)}, allow_quoted_nulls = false, "
            + $"encoding = {SqlLiteral.Text(csv.Encoding)}, strict_mode = true, ignore_errors = false, null_padding = false, skip = 0, comment = '', decimal_separator = '.', "
            + "max_line_size = 2097152, union_by_name = false, hive_partitioning = false)";
    }

    private static string Character(char? c) => SqlLiteral.Text(c?.ToString() ?? "");

    private static string Instant(Field source, Field target, IReadOnlyDictionary<string, string> zones, bool hasNanoseconds, bool isParquet)
    {
        string name = SqlLiteral.Name(isParquet ? Unhidden(source.Name) : source.Name);
        // A cast would cut them off without a word.
        string value = hasNanoseconds ? $"CASE WHEN epoch_ns({name}) % 1000 <> 0 THEN error({SqlLiteral.Text(ImpreciseTime + source.Name)}) ELSE CAST({name} AS TIMESTAMP) END" : name;
        return source.Type.Id == TypeId.NaiveTime && target.Type.Id == TypeId.Instant && zones.TryGetValue(target.Name, out string? zone) ? $"timezone({SqlLiteral.Text(zone)}, {value})" : value;
    }

    private static string Columns(IEnumerable<string> expressions, IReadOnlyList<Field> schema)
        => string.Join(", ", expressions.Select((expression, i) => $"CAST({expression} AS {schema[i].Type}) AS {SqlLiteral.Name(schema[i].Name)}"));
}

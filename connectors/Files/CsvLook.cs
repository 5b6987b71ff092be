using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Connectors.Files;

/// <summary>Finds out how a delimited text is written and what its columns hold.</summary>
internal sealed class CsvLook(DuckDbConnection connection, FileSourceDefinition source)
{
    // A column's type is guessed from so many rows; a later value that does not fit is an error that names its line.
    private const int SampleRows = 100_000;

    /// <summary>How the file is written, and its columns.</summary>
    /// <exception cref="LeptonDataException">Nothing can be made of it, or two columns have one name.</exception>
    internal (CsvFormat Format, Field[] Fields) LookInto(string path, CancellationToken cancellationToken)
    {
        CsvDialect dialect = CsvDialect.Detect(path, source.Csv, source.Path.Place, triesSpaces: source.ReadsAsText);
        (bool hasHeader, List<(string Name, string Type)> columns) = Sniff(path, dialect, cancellationToken);
        var fields = new List<Field>(columns.Count);
        for (int i = 0; i < columns.Count; i++)
        {
            string name = hasHeader && i < dialect.FirstRecord.Count && dialect.FirstRecord[i].Length > 0 ? dialect.FirstRecord[i] : columns[i].Name;
            // The sniffer gives a second "a" the name "a_1"; a person who asks for a column should know which one it is.
            if (fields.Find(field => string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase)) is { } twin)
                throw new LeptonDataException("connectors.names_collide", [twin.Name, name, path, name]) { Place = source.Place };
            fields.Add(new Field(name, (source.ReadsAsText ? null : FileTypes.Of(columns[i].Type)) ?? DataType.String));
        }
        var format = new CsvFormat(dialect.Delimiter, dialect.Quote, dialect.Escape, hasHeader, new EquatableList<string>(source.Csv.NullTexts ?? [""]), source.Csv.Encoding ?? "utf-8");
        return (format, [.. fields]);
    }

    /// <summary>Those of some columns in which no row of the sample has a value.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="fields">All its columns.</param>
    /// <param name="names">Which of them to look at.</param>
    /// <param name="cancellationToken">Observed while it is read.</param>
    internal IReadOnlySet<string> ColumnsWithoutValues(string path, CsvFormat format, Field[] fields, string[] names, CancellationToken cancellationToken)
    {
        var empty = new HashSet<string>(StringComparer.Ordinal);
        if (names.Length == 0) return empty;
        string columns = string.Join(", ", fields.Select((_, i) => $"'c{i}': 'VARCHAR'"));
        string counts = string.Join(", ", names.Select(name => $"count(c{Array.FindIndex(fields, field => field.Name == name)})"));
        string sql = $"SELECT {counts} FROM (FROM read_csv({SqlLiteral.Text(ParquetSql.Pattern(path))}, auto_detect = false, columns = {{{columns}}}, delim = {Option(format.Delimiter)}, quote = {Option(format.Quote)}, escape = {Option(format.Escape)}, "
            + $"header = {(format.HasHeader ? "true" : "false")}, nullstr = {SqlLiteral.TextList(format.NullText)}, allow_quoted_nulls = false, encoding = {SqlLiteral.Text(format.Encoding)}, ignore_errors = true, null_padding = true, skip = 0, comment = '') LIMIT {SampleRows})";
        try
        {
            using DuckDbReader reader = connection.Read(sql, null, null, cancellationToken);
            using RecordBatch batch = reader.ReadBatch(cancellationToken) ?? throw new InvalidOperationException("a count gave no row");
            for (int i = 0; i < names.Length; i++)
                if (batch.Column(i).Values<long>()[0] == 0) empty.Add(names[i]);
        }
        catch (DuckDbException failure) when (failure.Error is DuckDbError.Value or DuckDbError.Other)
        {
            // Reading the file will say what is wrong with it, and where.
        }
        return empty;
    }

    private (bool HasHeader, List<(string Name, string Type)> Columns) Sniff(string path, CsvDialect dialect, CancellationToken cancellationToken)
    {
        string given = $"{SqlLiteral.Text(ParquetSql.Pattern(path))}, skip = 0, sample_size = {SampleRows}, delim = {Option(dialect.Delimiter)}, quote = {Option(dialect.Quote)}, escape = {Option(dialect.Escape)}, encoding = {SqlLiteral.Text(source.Csv.Encoding ?? "utf-8")}";
        // Where nobody said anything yet; a project's files are read as they always were.
        if ((source.Csv.HasHeader ?? (source.ReadsAsText && dialect.IsFirstRecordData ? false : null)) is { } header) given += header ? ", header = true" : ", header = false";
        if (source.Csv.NullTexts is { } nulls) given += $", nullstr = {SqlLiteral.TextList(nulls)}";
        // A ragged row in the sample makes the sniffer give up; types are then taken from the rows that fit, and reading the file names the row that does not.
        DuckDbException? first = null;
        foreach (string leniency in (string[])["", ", ignore_errors = true", ", ignore_errors = true, null_padding = true"])
        {
            try
            {
                using DuckDbReader reader = connection.Read($"SELECT HasHeader, CAST(to_json(Columns) AS VARCHAR) FROM sniff_csv({given}{leniency})", null, null, cancellationToken);
                using RecordBatch batch = reader.ReadBatch(cancellationToken) ?? throw new InvalidOperationException("the sniffer gave no row");
                using JsonDocument columns = JsonDocument.Parse((string)batch.Column(1).Value(0)!);
                return (batch.Column(0).Boolean(0), [.. columns.RootElement.EnumerateArray().Select(column => (column.GetProperty("name").GetString()!, column.GetProperty("type").GetString()!))]);
            }
            catch (DuckDbException failure) when (failure.Error is DuckDbError.Value or DuckDbError.Other)
            {
                first ??= failure;
            }
        }
        if (OpenQuoteLine(path, dialect) is { } line) throw new LeptonDataException("connectors.csv_quote", [], first) { Place = new SourcePlace(path, line) };
        throw new LeptonDataException("connectors.csv_unreadable", [path], first) { Place = source.Path.Place };
    }

    // The sniffer does not say which line it stumbled over. A doubled quote closes and opens again.
    private int? OpenQuoteLine(string path, CsvDialect dialect)
    {
        if (dialect.Quote is not { } quote || source.Csv.Encoding == "utf-16") return null;
        using var text = new StreamReader(path, System.Text.Encoding.Latin1);
        (int lineNumber, int openedLine, bool isOpen, bool isFieldStart) = (1, 0, false, true);
        char[] buffer = new char[1 << 16];
        (bool isEscaped, bool isJustClosed) = (false, false);
        char? escape = dialect.Escape == quote ? null : dialect.Escape;
        for (int count = text.Read(buffer); count > 0; count = text.Read(buffer))
        {
            foreach (char character in buffer.AsSpan(0, count))
            {
                if (character == '\n') lineNumber++;
                if (isOpen && isEscaped) isEscaped = false;
                else if (isOpen && character == escape) isEscaped = true;
                else if (isOpen && character == quote) (isOpen, isJustClosed) = (false, escape is null);
                else if (character == quote && isFieldStart) (isOpen, openedLine) = (true, lineNumber);
                else if (character == quote && isJustClosed) (isOpen, isJustClosed) = (true, false);
                else isJustClosed = false;
                isFieldStart = !isOpen && (character == dialect.Delimiter || character is '\n' or '\r');
            }
        }
        return isOpen ? openedLine : null;
    }

    private static string Option(char? character) => character is { } c ? SqlLiteral.Text(c.ToString()) : "''";
}

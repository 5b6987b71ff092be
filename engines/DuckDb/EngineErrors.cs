using System.Globalization;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>What DuckDB says while it runs a query, as an error that names the person's place and a remedy.</summary>
internal static partial class EngineErrors
{
    /// <param name="error">What DuckDB says.</param>
    /// <param name="place">The query, which is to blame where no file is.</param>
    /// <param name="tables">What the query reads of tables, under the names that <paramref name="error"/> has.</param>
    internal static LeptonDataException Of(DuckDbException error, SourcePlace place, IReadOnlyCollection<Snapshot>? tables = null)
        => Csv(error) ?? Parquet(error, place, tables ?? []) ?? error.Error switch
        {
            _ when error.Words.StartsWith(InputSql.ImpreciseTime, StringComparison.Ordinal)
                => new LeptonDataException("engines.imprecise_time", [error.Words[InputSql.ImpreciseTime.Length..]], error) { Place = place },
            // The one failure of the CSV reader that names neither file nor line.
            _ when error.Original.Contains("CSV Parser state machine", StringComparison.Ordinal) => new LeptonDataException("engines.csv_form", [], error) { Place = place },
            DuckDbError.Value => At(place, "engines.value", error),
            DuckDbError.OutOfMemory => At(place, "engines.out_of_memory", error),
            DuckDbError.DiskFull => At(place, "engines.disk_full", error),
            DuckDbError.Interrupted => new LeptonDataException("engines.interrupted", [], error) { Place = place, IsTransient = true },
            DuckDbError.File => At(place, "engines.file", error),
            DuckDbError.Refused => At(place, "engines.refused", error),
            _ => At(place, "engines.failed", error),
        };

    private static LeptonDataException At(SourcePlace place, string code, DuckDbException error) => new(code, [error.Words], error) { Place = place };

    private static LeptonDataException? Csv(DuckDbException error)
    {
        Match line = CsvLine().Match(error.Original);
        if (!line.Success) return null;
        // The file stands below the line itself, which may hold anything: so the last one counts.
        string file = CsvFile().Matches(error.Original).LastOrDefault()?.Groups[1].Value ?? "";
        string what = CsvWhat().Match(error.Original) is { Success: true } detail ? detail.Value : error.Words;
        int lineNumber = int.TryParse(line.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
        (string code, object?[] arguments) = CsvSentence(what);
        return new LeptonDataException(code, arguments, error) { Place = new SourcePlace(file, lineNumber) };
    }

    private static (string Code, object?[] Arguments) CsvSentence(string what)
    {
        if (CsvValue().Match(what) is { Success: true } value) return ("engines.csv_value", [value.Groups[1].Value, value.Groups[2].Value, value.Groups[3].Value]);
        if (CsvColumn().Match(what) is { Success: true } column) return ("engines.csv_column", [column.Groups[1].Value]);
        if (CsvCounts().Match(what) is { Success: true } counts) return ("engines.csv_columns", [counts.Groups[1].Value, counts.Groups[2].Value]);
        if (what.Contains("unterminated quote", StringComparison.Ordinal)) return ("engines.csv_quote", []);
        return what.StartsWith("Invalid unicode", StringComparison.Ordinal) ? ("engines.csv_encoding", []) : ("engines.csv_line", []);
    }

    /// <summary>The error of a file that is there.</summary>
    /// <param name="path">The file, as the person knows it.</param>
    /// <param name="error">What DuckDB says of it.</param>
    /// <param name="tables">What the query reads of tables.</param>
    internal static LeptonDataException OfFile(string path, DuckDbException error, IReadOnlyCollection<Snapshot> tables)
    {
        bool isOfTable = IsOfTable(path, tables);
        if (isOfTable && MisfitColumn().Match(error.Original) is { Success: true } misfit)
            return new LeptonDataException("engines.table_file_type", [path, misfit.Groups[2].Value, misfit.Groups[3].Value, misfit.Groups[4].Value], error);
        return new LeptonDataException(isOfTable ? "engines.table_file_broken" : "engines.parquet_broken", [path, error.Words.Replace($" '{path}'", "", StringComparison.Ordinal)], error);
    }

    /// <summary>Whether a file is one of a table that runs make, and neither a person's nor a record of the product's own below <c>_lepton</c>.</summary>
    internal static bool IsOfTable(string path, IEnumerable<Snapshot> tables)
        => !path.Contains("/_lepton/", StringComparison.Ordinal) && tables.Any(table => path.StartsWith($"{table.RootPath}/", StringComparison.Ordinal));

    private static LeptonDataException? Parquet(DuckDbException error, SourcePlace place, IReadOnlyCollection<Snapshot> tables)
    {
        if (MissingFile().Match(error.Original) is { Success: true } missing && ParquetSql.PathOf(missing.Groups[1].Value) is var gone)
            return new LeptonDataException(IsOfTable(gone, tables) ? "engines.table_file_missing" : "engines.file_missing", [gone], error);
        if (BrokenParquet().Match(error.Original) is { Success: true } broken) return OfFile(broken.Groups[1].Value, error, tables);
        if (MisfitColumn().Match(error.Original) is { Success: true } misfit && IsOfTable(misfit.Groups[1].Value, tables)) return OfFile(misfit.Groups[1].Value, error, tables);
        if (!DamagedParquet().IsMatch(error.Original)) return null;
        // Bytes that went wrong in the middle: DuckDB calls it a bad value or a failure of its own.
        return NamedFile().Match(error.Original) is { Success: true } named && IsOfTable(named.Groups[1].Value, tables)
            ? OfFile(named.Groups[1].Value, error, tables)
            : new LeptonDataException("engines.parquet_damaged", [error.Words], error) { Place = place };
    }

    [GeneratedRegex(@"CSV Error on Line: (\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex CsvLine();

    [GeneratedRegex(@"^  file = (.*)$", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex CsvFile();

    [GeneratedRegex(@"^(Error when converting column .*|Expected Number of Columns: .*|Value with unterminated quote found.*|Invalid unicode.*|Maximum line size.*)$", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex CsvWhat();

    [GeneratedRegex("^Error when converting column \"(.*)\"\\. Could not convert string \"(.*)\" to '(.*)'", RegexOptions.CultureInvariant)]
    private static partial Regex CsvValue();

    [GeneratedRegex("^Error when converting column \"([^\"]*)\"", RegexOptions.CultureInvariant)]
    private static partial Regex CsvColumn();

    [GeneratedRegex(@"^Expected Number of Columns: (\d+) Found: (\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex CsvCounts();

    [GeneratedRegex("Error while reading file \"(.*?)\": failed to cast column \"(.*?)\" from type (.*?) to (.*?): ", RegexOptions.CultureInvariant)]
    private static partial Regex MisfitColumn();

    [GeneratedRegex("[Ff]ile \"(.*?)\": ", RegexOptions.CultureInvariant)]
    private static partial Regex NamedFile();

    [GeneratedRegex("No files found that match the pattern \"(.*)\"", RegexOptions.CultureInvariant)]
    private static partial Regex MissingFile();

    [GeneratedRegex(@"(?:No magic bytes found at end of file|Footer length error in file|Failed to read Parquet file|File) '([^'\n]*)'(?: too small to be a Parquet file)?", RegexOptions.CultureInvariant)]
    private static partial Regex BrokenParquet();

    // Such are also the words of its Thrift reader.
    [GeneratedRegex(@"[Dd]ecompression failure|Parquet file is likely corrupted|^(?:\w+ Error: )?Out of buffer|TProtocolException|Variable-length int over|don't know what type", RegexOptions.CultureInvariant)]
    private static partial Regex DamagedParquet();
}

using System.Globalization;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.DuckDb;
using Lepton.Data.Storage.Parquet;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>What DuckDB says while it runs a query, as an error that names the person's place and a remedy.</summary>
internal static partial class EngineErrors
{
    internal static LeptonDataException Of(DuckDbException error, SourcePlace place)
        => Csv(error) ?? Parquet(error, place) ?? error.Error switch
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

    private static LeptonDataException? Parquet(DuckDbException error, SourcePlace place)
    {
        if (MissingFile().Match(error.Original) is { Success: true } missing) return Missing(ParquetSql.PathOf(missing.Groups[1].Value), error);
        if (BrokenParquet().Match(error.Original) is { Success: true } broken) return new LeptonDataException("engines.parquet_broken", [broken.Groups[1].Value, error.Words.Replace($" '{broken.Groups[1].Value}'", "", StringComparison.Ordinal)], error);
        // Bytes that went wrong in the middle: DuckDB calls it a bad value or a failure of its own.
        return DamagedParquet().IsMatch(error.Original) ? new LeptonDataException("engines.parquet_damaged", [error.Words], error) { Place = place } : null;
    }

    // A run makes the lake's own tables again, but neither a person's files nor the product's records below _lepton.
    private static LeptonDataException Missing(string path, DuckDbException error)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        bool isOfTable = Directory.Exists(Path.Join(folder, "_delta_log")) && !folder.Split('/').Contains("_lepton");
        return new LeptonDataException(isOfTable ? "engines.table_file_missing" : "engines.file_missing", [path], error);
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

    [GeneratedRegex("No files found that match the pattern \"(.*)\"", RegexOptions.CultureInvariant)]
    private static partial Regex MissingFile();

    [GeneratedRegex(@"(?:No magic bytes found at end of file|Footer length error in file|Failed to read Parquet file|File) '([^'\n]*)'(?: too small to be a Parquet file)?", RegexOptions.CultureInvariant)]
    private static partial Regex BrokenParquet();

    [GeneratedRegex(@"Decompression failure|Parquet file is likely corrupted|^(?:\w+ Error: )?Out of buffer|TProtocolException", RegexOptions.CultureInvariant)]
    private static partial Regex DamagedParquet();
}

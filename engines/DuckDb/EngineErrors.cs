using System.Globalization;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Engines.DuckDb;

/// <summary>What DuckDB says while it runs a query, as an error that names the person's place and a remedy.</summary>
internal static partial class EngineErrors
{
    internal static LeptonDataException Of(DuckDbException error, BoundQuery query)
        => Csv(error) ?? Parquet(error) ?? error.Error switch
        {
            DuckDbError.Value => At(query, "engines.value", error),
            DuckDbError.OutOfMemory => At(query, "engines.out_of_memory", error),
            DuckDbError.DiskFull => At(query, "engines.disk_full", error),
            DuckDbError.Interrupted => new LeptonDataException("engines.interrupted", [], error) { Place = query.Source.Start, IsTransient = true },
            DuckDbError.File => At(query, "engines.file", error),
            DuckDbError.Refused => At(query, "engines.refused", error),
            _ => At(query, "engines.failed", error),
        };

    private static LeptonDataException At(BoundQuery query, string code, DuckDbException error) => new(code, [error.Words], error) { Place = query.Source.Start };

    private static LeptonDataException? Csv(DuckDbException error)
    {
        Match line = CsvLine().Match(error.Original);
        if (!line.Success) return null;
        // The file stands below the line itself, which may hold anything: so the last one counts.
        string file = CsvFile().Matches(error.Original).LastOrDefault()?.Groups[1].Value ?? "";
        string what = CsvWhat().Match(error.Original) is { Success: true } detail ? detail.Value : error.Words;
        string code = what.StartsWith("Error when converting", StringComparison.Ordinal) ? "engines.csv_value" : what.StartsWith("Invalid unicode", StringComparison.Ordinal) ? "engines.csv_encoding" : "engines.csv_line";
        int lineNumber = int.TryParse(line.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
        return new LeptonDataException(code, [what.TrimEnd('.')], error) { Place = new SourcePlace(file, lineNumber) };
    }

    private static LeptonDataException? Parquet(DuckDbException error)
    {
        if (MissingFile().Match(error.Original) is { Success: true } missing) return new LeptonDataException("engines.file_missing", [missing.Groups[1].Value], error);
        if (BrokenParquet().Match(error.Original) is { Success: true } broken) return new LeptonDataException("engines.parquet_broken", [broken.Groups[1].Value, error.Words], error);
        return null;
    }

    [GeneratedRegex(@"CSV Error on Line: (\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex CsvLine();

    [GeneratedRegex(@"^  file = (.*)$", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex CsvFile();

    [GeneratedRegex(@"^(Error when converting column .*|Expected Number of Columns: .*|Value with unterminated quote found.*|Invalid unicode.*|Maximum line size.*)$", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex CsvWhat();

    [GeneratedRegex("No files found that match the pattern \"(.*)\"", RegexOptions.CultureInvariant)]
    private static partial Regex MissingFile();

    [GeneratedRegex(@"(?:No magic bytes found at end of file|Footer length error in file|Failed to read Parquet file|File) '([^'\n]*)'(?: too small to be a Parquet file)?", RegexOptions.CultureInvariant)]
    private static partial Regex BrokenParquet();
}

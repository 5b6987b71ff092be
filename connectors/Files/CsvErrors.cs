using System.Globalization;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Connectors.Files;

/// <summary>Says in the product's words, with file and line, what DuckDB says of a row of delimited text.</summary>
public static partial class CsvErrors
{
    /// <summary>The error for a failure that a query over sources met, or null where no row of theirs is its cause.</summary>
    /// <param name="failure">What the engine threw.</param>
    /// <param name="sources">What the query read.</param>
    public static LeptonDataException? Of(Exception failure, IEnumerable<InspectedSource> sources)
    {
        DuckDbException? cause = null;
        for (Exception? inner = failure; inner is not null && cause is null; inner = inner.InnerException) cause = inner as DuckDbException;
        if (cause is null || !cause.Words.StartsWith("CSV Error on Line:", StringComparison.Ordinal)) return null;
        InspectedSource[] texts = [.. sources.Where(source => source.Scan.Format == FileFormat.Csv)];
        string? named = FilePattern().Match(cause.Words) is { Success: true } match ? match.Groups[1].Value : null;
        (InspectedSource Source, SourceFile File)[] files = [.. texts.SelectMany(source => source.Scan.Files.Select(file => (source, file)))];
        (InspectedSource Source, SourceFile File)[] meant = [.. files.Where(file => named is null || file.File.Path == named)];
        return meant is [var only] ? Of(cause, only.File.Path, only.Source.Definition.Place)
            : texts.Length > 0 ? Of(cause, named ?? string.Join(", ", files.Take(3).Select(file => file.File.Path)), texts[0].Definition.Place)
            : null;
    }

    internal static LeptonDataException? Of(DuckDbException failure, string path, SourcePlace source)
    {
        if (LinePattern().Match(failure.Words) is not { Success: true } line || !int.TryParse(line.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int number)) return null;
        var place = new SourcePlace(path, number);
        if (CountPattern().Match(failure.Words) is { Success: true } count)
            return new LeptonDataException("connectors.csv_ragged", [count.Groups[1].Value, count.Groups[2].Value], failure) { Place = place };
        if (ConversionPattern().Match(failure.Words) is { Success: true } conversion)
            return new LeptonDataException("connectors.csv_value", [conversion.Groups[1].Value, conversion.Groups[2].Value, conversion.Groups[3].Value, source], failure) { Place = place };
        if (failure.Words.Contains("unterminated quote", StringComparison.Ordinal)) return new LeptonDataException("connectors.csv_open_quote", [], failure) { Place = place };
        return new LeptonDataException("connectors.csv_row", [failure.Words], failure) { Place = place };
    }

    [GeneratedRegex("^CSV Error on Line: ([0-9]+)", RegexOptions.CultureInvariant)]
    private static partial Regex LinePattern();

    [GeneratedRegex("Expected Number of Columns: ([0-9]+) Found: ([0-9]+)", RegexOptions.CultureInvariant)]
    private static partial Regex CountPattern();

    [GeneratedRegex("Error when converting column \"(.*?)\"\\. Could not convert string \"(.*?)\" to '(.*?)'", RegexOptions.CultureInvariant)]
    private static partial Regex ConversionPattern();

    [GeneratedRegex(" file = (.*?) delimiter = ", RegexOptions.CultureInvariant)]
    private static partial Regex FilePattern();
}

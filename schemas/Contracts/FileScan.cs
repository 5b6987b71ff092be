using System.Text.Json.Serialization;

namespace Lepton.Data.Schemas.Contracts;

/// <summary>Files that an engine reads by itself, as one relation. A connector makes it after it has looked into every file.</summary>
/// <param name="Format">How the bytes are laid out.</param>
/// <param name="Files">At least one; a column that one of them lacks is NULL for its rows.</param>
/// <param name="FileSchema">Names and types as the files have them (for CSV: as they are to be read).</param>
/// <param name="Schema">What the relation offers: the same columns in the same order, source names made fit for the lake, naive times with a declared zone made instants.</param>
/// <param name="Csv">How to read CSV; null for other formats.</param>
/// <param name="TimeZones">By column of <paramref name="Schema"/>: the IANA zone whose clock a naive time was read from.</param>
public sealed record FileScan(
    FileFormat Format,
    EquatableList<SourceFile> Files,
    Schema FileSchema,
    Schema Schema,
    CsvFormat? Csv,
    IReadOnlyDictionary<string, string> TimeZones)
{
    /// <summary>Which of the rows are read; null for all.</summary>
    public RowSample? Sample { get; init; }
}

/// <summary>Some rows of many, chosen by a hash of the row's place: the same rows of the same files, and no others, for one share and seed. A larger share holds the rows of a smaller one.</summary>
/// <param name="Share">How many, from more than 0 to 1; of few rows it is only about as many.</param>
/// <param name="Seed">Chooses another sample.</param>
public sealed record RowSample(double Share, long Seed);

/// <summary>A layout of bytes in files.</summary>
public enum FileFormat
{
    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>Delimited text.</summary>
    Csv,
}

/// <summary>One file of a source, as it was when the connector looked.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="ModifiedAt">Last modification, as the file system says.</param>
/// <param name="Sha256">Digest of its bytes, lower-case hexadecimal.</param>
public sealed record SourceFile(string Path, long SizeBytes, EventTime ModifiedAt, string Sha256)
{
    /// <summary>The names of its columns in their order, where they are not all of the scan's in that order; else null. No part of what is recorded of a file: its bytes say it.</summary>
    [JsonIgnore]
    public EquatableList<string>? Columns { get; init; }
}

/// <summary>How delimited text is written.</summary>
/// <param name="Delimiter">One character between fields.</param>
/// <param name="Quote">The character around fields that hold delimiters or line ends; null for none.</param>
/// <param name="Escape">The character before a quote inside a quoted field; usually the quote itself.</param>
/// <param name="HasHeader">Whether the first line names the columns.</param>
/// <param name="NullText">Texts that mean NULL where they stand unquoted.</param>
/// <param name="Encoding">An encoding's name, <c>utf-8</c> as a rule.</param>
public sealed record CsvFormat(char Delimiter, char? Quote, char? Escape, bool HasHeader, EquatableList<string> NullText, string Encoding);

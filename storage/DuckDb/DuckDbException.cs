using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.DuckDb;

/// <summary>DuckDB refused or failed. The text keeps DuckDB's own words, on one line.</summary>
public sealed class DuckDbException : LeptonDataException
{
    private DuckDbException(string code, DuckDbError error, string words, string original)
        : base(code, [words])
        => (Error, Words, Original) = (error, words, original);

    /// <summary>What kind of failure it is.</summary>
    public DuckDbError Error { get; }

    /// <summary>What DuckDB said, on one line, without the kind that it begins with.</summary>
    public string Words { get; }

    /// <summary>All that DuckDB said, on as many lines.</summary>
    public string Original { get; }

    /// <summary>The same failure in other words.</summary>
    /// <param name="rename">Given all that DuckDB said.</param>
    public DuckDbException In(Func<string, string> rename) => rename(Original) is var renamed && renamed == Original ? this : Of(renamed);

    /// <summary>What DuckDB says of a statement that was stopped.</summary>
    internal static DuckDbException Stopped() => Of("INTERRUPT Error: Interrupted!");

    internal static DuckDbException Of(string message)
    {
        (DuckDbError error, string code) = Classify(message);
        return new DuckDbException(code, error, OneLine.Of(WithoutKind(WithoutAdvice(message))), message);
    }

    // DuckDB's kinds stand at the front of its messages and have been stable for years; the numeric code is not had for failed prepares.
    private static (DuckDbError Error, string Code) Classify(string message)
    {
        if (message.Contains("No space left on device", StringComparison.Ordinal) || message.Contains("Disk quota exceeded", StringComparison.Ordinal)
            || message.Contains("max_temp_directory_size", StringComparison.Ordinal) || message.Contains("File too large", StringComparison.Ordinal))
            return (DuckDbError.DiskFull, "storage.duckdb_disk_full");
        // A Parquet file without its end, which DuckDB counts among bad values.
        if (message.StartsWith("Invalid Input Error: No magic bytes found at end of file", StringComparison.Ordinal) || message.StartsWith("Invalid Input Error: Footer length error in file", StringComparison.Ordinal)
            || message.EndsWith("too small to be a Parquet file", StringComparison.Ordinal))
            return (DuckDbError.File, "storage.duckdb_file");
        if (message.StartsWith("Invalid Input Error: Cannot prepare multiple statements at once", StringComparison.Ordinal)) return (DuckDbError.Statement, "storage.duckdb_statements");
        if (message.StartsWith("Invalid Input Error: No statement to prepare", StringComparison.Ordinal)) return (DuckDbError.Statement, "storage.duckdb_no_statement");
        string kind = message.IndexOf(" Error", StringComparison.Ordinal) is > 0 and var end ? message[..end] : "";
        return kind switch
        {
            "INTERRUPT" => (DuckDbError.Interrupted, "storage.duckdb_interrupted"),
            "Out of Memory" => (DuckDbError.OutOfMemory, "storage.duckdb_out_of_memory"),
            "IO" => (DuckDbError.File, "storage.duckdb_file"),
            "Permission" => (DuckDbError.Refused, "storage.duckdb_refused"),
            "Conversion" or "Out of Range" or "Constraint" or "Mismatch Type" or "Invalid Input" or "Divide by Zero" or "Object Size" or "Decimal" => (DuckDbError.Value, "storage.duckdb_value"),
            "Parser" or "Binder" or "Catalog" or "Syntax" or "Invalid" or "Expression" or "Not implemented" or "Invalid type" or "Unknown Type" => (DuckDbError.Statement, "storage.duckdb_statement"),
            _ => (DuckDbError.Other, "storage.duckdb_failed"),
        };
    }

    // Below a blank line stand the statement with a caret (it is ours, printed, and no help to a person) and advice on settings that nobody can reach here.
    private static string WithoutAdvice(string message)
    {
        int blank = message.IndexOf("\n\n", StringComparison.Ordinal);
        if (blank >= 0) message = message[..blank];
        int excerpt = message.IndexOf("\nLINE ", StringComparison.Ordinal);
        return excerpt < 0 ? message : message[..excerpt];
    }

    private static string WithoutKind(string message)
    {
        int colon = message.IndexOf(" Error: ", StringComparison.Ordinal);
        return colon is > 0 and < 24 ? message[(colon + " Error: ".Length)..] : message;
    }
}

/// <summary>Kinds of DuckDB's failures that need different remedies.</summary>
public enum DuckDbError
{
    /// <summary>None of the others.</summary>
    Other,

    /// <summary>The SQL does not parse or bind.</summary>
    Statement,

    /// <summary>A value does not fit: a cast, an overflow, a bad line of text.</summary>
    Value,

    /// <summary>A file cannot be opened, read or written.</summary>
    File,

    /// <summary>A setting forbids it.</summary>
    Refused,

    /// <summary>The memory limit was reached and what is held cannot spill.</summary>
    OutOfMemory,

    /// <summary>The disk, or the share of it that may be used, is full.</summary>
    DiskFull,

    /// <summary>It was stopped.</summary>
    Interrupted,
}

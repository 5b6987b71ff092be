using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Drafts;

/// <summary>What the rows of a file say of one column.</summary>
/// <param name="Name">As the source offers it.</param>
/// <param name="SourceName">As the file has it.</param>
/// <param name="FileType">Its type in the file: VARCHAR for delimited text.</param>
internal sealed record ColumnFacts(string Name, string SourceName, DataType FileType)
{
    /// <summary>How its values are written; for columns that have a type of their own, that type's kind.</summary>
    internal required TextShape Shape { get; init; }

    /// <summary>Rows in which it is neither NULL nor a word for it.</summary>
    internal long ValueCount { get; init; }

    /// <summary>How many different values, nearly; exactly where <see cref="IsDistinctExact"/>.</summary>
    internal long DistinctCount { get; init; }

    internal bool IsDistinctExact { get; init; }

    /// <summary>The least and the greatest value, as text; null for texts.</summary>
    internal string? Min { get; init; }

    internal string? Max { get; init; }

    /// <summary>Texts that stand for NULL among values that are no text, and how often.</summary>
    internal IReadOnlyList<(string Text, long Count)> NullWords { get; init; } = [];

    /// <summary>A text that stands for itself and keeps the column from being what the others look like; how many rows have such.</summary>
    internal (TextShape Almost, string Example, long Count)? Exception { get; init; }

    /// <summary>A text among texts that often means NULL, and how many rows have such.</summary>
    internal (string Text, long Count)? PerhapsNull { get; init; }

    /// <summary>A number that looks as if it meant "missing", and how often it stands there.</summary>
    internal (string Value, long Count)? Sentinel { get; init; }

    /// <summary>Seconds, milliseconds or microseconds since 1970 in one unit of a whole number's values; null for other columns.</summary>
    internal long? EpochMicroseconds { get; init; }

    /// <summary>Whether days and months could be the other way round.</summary>
    internal bool IsDayMonthOpen { get; init; }

    /// <summary>Values that begin with a zero which a number would lose.</summary>
    internal bool HasLeadingZeros { get; init; }

    /// <summary>Whether values have spaces before or behind them.</summary>
    internal bool HasSpaces { get; init; }

    internal bool IsTime => Shape.Kind is ShapeKind.Time or ShapeKind.ZonedTime or ShapeKind.Date || EpochMicroseconds is not null;

    internal bool IsIdentifier => Shape.Kind is ShapeKind.Whole or ShapeKind.Text && EpochMicroseconds is null;
}

/// <summary>What was found out of one source.</summary>
/// <param name="Path">The file or pattern, as the person named it.</param>
/// <param name="Name">What the table is to be called.</param>
/// <param name="RowCount">All rows, empty ones included.</param>
/// <param name="EmptyRowCount">Rows that are NULL in every column.</param>
/// <param name="RepeatedRowCount">Rows that are exactly like an earlier one.</param>
/// <param name="Columns">The columns, in order.</param>
internal sealed record SourceFacts(string Path, string Name, long RowCount, long EmptyRowCount, long? RepeatedRowCount, IReadOnlyList<ColumnFacts> Columns)
{
    /// <summary>How it is read.</summary>
    internal required Connectors.Files.InspectedSource Inspected { get; init; }

    internal long FilledRowCount => RowCount - EmptyRowCount;
}

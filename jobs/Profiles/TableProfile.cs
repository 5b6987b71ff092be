using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>What the rows of a relation are like, column by column.</summary>
/// <param name="Name">As the person named it.</param>
/// <param name="RowCount">How many rows.</param>
/// <param name="Columns">In order.</param>
public sealed record TableProfile(string Name, long RowCount, IReadOnlyList<ColumnProfile> Columns);

/// <summary>What the values of one column are like.</summary>
public sealed record ColumnProfile
{
    /// <summary>Name and type.</summary>
    public required Field Field { get; init; }

    /// <summary>Whether values of the column tell of persons: then it has counts and lengths, and no value nor what is reckoned from values.</summary>
    public bool IsPersonal => Field.Metadata[FieldMetadata.PersonalKey] == "true";

    /// <summary>Rows where it is NULL.</summary>
    public required long NullCount { get; init; }

    /// <summary>How many different values, NULL aside; null for nested types.</summary>
    public long? DistinctCount { get; init; }

    /// <summary>Whether <see cref="DistinctCount"/> was counted; else it is estimated (HyperLogLog, within a few percent).</summary>
    public bool IsDistinctExact { get; init; }

    /// <summary>The least value (of floating-point numbers, dates and times: the least finite one), of the column's type; null where there is none, and for nested types.</summary>
    public object? Min { get; init; }

    /// <summary>The greatest value, as <see cref="Min"/>.</summary>
    public object? Max { get; init; }

    /// <summary>Of numbers: the mean of the finite ones.</summary>
    public double? Mean { get; init; }

    /// <summary>Of numbers: the standard deviation of the finite ones, as of a whole population.</summary>
    public double? StandardDeviation { get; init; }

    /// <summary>Of numbers and times: values at <see cref="Profiler.Quantiles"/>, numbers as double, times as <see cref="DateOnly"/> or <see cref="EventTime"/>; empty where there are none.</summary>
    public IReadOnlyList<object> Quantiles { get; init; } = [];

    /// <summary>Whether the quantiles are values of the column; else they are estimated (t-digest).</summary>
    public bool AreQuantilesExact { get; init; }

    /// <summary>Of numbers and times: what divides them into ten parts of equal size, as numbers, days or microseconds.</summary>
    internal IReadOnlyList<double> Tenths { get; init; } = [];

    /// <summary>Of floating-point numbers: how many are NaN.</summary>
    public long? NanCount { get; init; }

    /// <summary>Of floating-point numbers, dates and times: how many are infinite.</summary>
    public long? InfiniteCount { get; init; }

    /// <summary>Of texts: how many are empty.</summary>
    public long? EmptyCount { get; init; }

    /// <summary>Of texts in characters, of lists in elements: the shortest, the mean, the longest.</summary>
    public (long Min, double Mean, long Max)? Lengths { get; init; }

    /// <summary>The most frequent values, most frequent first; empty where there are too many different ones.</summary>
    public IReadOnlyList<ValueCount> Top { get; init; } = [];

    /// <summary>Of numbers and times: how the finite ones lie between the least and the greatest; null where they do not differ.</summary>
    public Histogram? Histogram { get; init; }

    /// <summary>The same without values.</summary>
    internal ColumnProfile WithoutValues() => this with { Min = null, Max = null, Mean = null, StandardDeviation = null, Quantiles = [], Tenths = [], Top = [], Histogram = null };
}

/// <summary>A value and how many rows have it.</summary>
/// <param name="Value">Of the column's type.</param>
/// <param name="Count">How many rows.</param>
public sealed record ValueCount(object Value, long Count);

/// <summary>Counts of values in bins of equal width.</summary>
/// <param name="Low">Where the first bin begins: the value; of a date days, of a time microseconds since 1970.</param>
/// <param name="High">Where the last one ends.</param>
/// <param name="Counts">A bin each; a value on an edge is of the upper bin, the greatest of the last.</param>
public sealed record Histogram(double Low, double High, IReadOnlyList<long> Counts);

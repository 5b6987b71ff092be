using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Predicates;

/// <summary>What is known of some rows without reading them.</summary>
internal interface IRowFacts
{
    /// <summary>What is known of one column.</summary>
    ColumnFacts Of(string column);
}

/// <summary>What is known of one column of some rows. Bounds hold, and need not be reached.</summary>
/// <param name="MayBeNull">Whether NULL may be among them.</param>
/// <param name="MayHaveValue">Whether another value than NULL may be.</param>
/// <param name="Min">At most every value; null if not known.</param>
/// <param name="Max">At least every value that is no NaN; null if not known.</param>
/// <param name="MayBeNan">Whether NaN, which is above every bound, may be among them.</param>
internal readonly record struct ColumnFacts(bool MayBeNull, bool MayHaveValue, object? Min, object? Max, bool MayBeNan)
{
    internal static ColumnFacts Nothing { get; } = new(MayBeNull: true, MayHaveValue: true, null, null, MayBeNan: true);

    internal bool MayBeBelow(object value) => Min is null || PredicateValue.Compare(Min, value) < 0;

    internal bool MayBeAbove(object value) => MayBeNan || Max is null || PredicateValue.Compare(Max, value) > 0;

    internal bool MayBe(object value) => (Min is null || PredicateValue.Compare(Min, value) <= 0) && (Max is null || PredicateValue.Compare(Max, value) >= 0);
}

/// <summary>What a table's log says of one file's rows.</summary>
internal sealed class FileFacts(DataFile file, Schema schema) : IRowFacts
{
    /// <summary>Whether a row of the file may be meant.</summary>
    internal static bool MayMatch(DataFile file, Schema schema, RowPredicate rows) => file.Statistics is not { RowCount: 0 } && rows.Of(new FileFacts(file, schema)).HasFlag(Truths.True);

    /// <summary>Whether every row of the file is meant.</summary>
    internal static bool AllMatch(DataFile file, Schema schema, RowPredicate rows) => rows.Of(new FileFacts(file, schema)) == Truths.True;

    public ColumnFacts Of(string column)
    {
        if (schema.Find(column) is not { } field) return ColumnFacts.Nothing;
        if (file.PartitionValues.TryGetValue(field.Name, out string? text))
        {
            if (string.IsNullOrEmpty(text)) return new ColumnFacts(MayBeNull: true, MayHaveValue: false, null, null, MayBeNan: false);
            return PartitionValue.Read(text, field.Type) is { } value && PredicateValue.IsComparable(value)
                ? new ColumnFacts(MayBeNull: false, MayHaveValue: true, PredicateValue.Checked(value), PredicateValue.Checked(value), MayBeNan: false)
                : ColumnFacts.Nothing;
        }
        if (file.Statistics is not { } statistics || !statistics.Columns.TryGetValue(field.Name, out ColumnStatistics? known)) return ColumnFacts.Nothing;
        // Other writers give a NaN no place among the bounds; ours give no bounds then, and a sum shows that a file is ours.
        bool mayBeNan = field.Type is FloatType && (file.ContentSum is null || known.Max is null);
        return new ColumnFacts(known.NullCount != 0, known.NullCount is null || known.NullCount < statistics.RowCount, Bound(known.Min), Bound(known.Max), mayBeNan);
    }

    private static object? Bound(object? value) => value is not null && PredicateValue.IsComparable(value) ? PredicateValue.Checked(value) : null;
}

using Lepton.Data.Schemas;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>How a view says that its rows become visible.</summary>
internal sealed record HistoryRule
{
    internal bool HasCreatedTime { get; init; } = true;

    internal bool HasSequence { get; init; }

    internal bool IsStrict { get; init; }

    internal bool SkipsNulls { get; init; }

    internal long? TtlMicroseconds { get; init; }
}

/// <summary>A row of a view's table: key, event time, created time, sequence (microseconds, or NULL) and features.</summary>
internal sealed record HistoryRow(object?[] Key, long? EventTime, long? CreatedTime, long? Sequence, object?[] Features);

/// <summary>A label row.</summary>
internal sealed record HistoryLabel(object?[] Key, long Time);

/// <summary>What a label gets from a view.</summary>
internal sealed record HistoryAnswer(object?[] Features, string Status);

/// <summary>The oracle found rows that tie with different values where they would win.</summary>
internal sealed class HistoryTieException() : Exception("rows tie");

/// <summary>The point-in-time rule, word by word, in loops over loops. It is slow, and it is what every faster way must agree with.</summary>
internal static class NestedLoopJoin
{
    internal static HistoryAnswer Answer(HistoryLabel label, IReadOnlyList<HistoryRow> rows, int featureCount, HistoryRule rule)
    {
        if (!rule.SkipsNulls)
        {
            (object?[]? winner, string status) = Winner(label, rows, row => row.Features, rule);
            return new HistoryAnswer(winner ?? new object?[featureCount], status);
        }
        var values = new object?[featureCount];
        var statuses = new string[featureCount];
        for (int feature = 0; feature < featureCount; feature++)
        {
            int index = feature;
            (object?[]? winner, statuses[feature]) = Winner(label, [.. rows.Where(row => row.Features[index] is not null)], row => [row.Features[index]], rule);
            values[feature] = winner?[0];
        }
        return new HistoryAnswer(values, statuses.Contains("present") ? "present" : statuses.Contains("expired") ? "expired" : "absent");
    }

    private static (object?[]? Values, string Status) Winner(HistoryLabel label, IReadOnlyList<HistoryRow> rows, Func<HistoryRow, object?[]> valuesOf, HistoryRule rule)
    {
        var best = new List<HistoryRow>();
        foreach (HistoryRow row in rows)
        {
            if (!IsVisible(row, label, rule)) continue;
            int comparison = best.Count == 0 ? 1 : Order(row, rule).CompareTo(Order(best[0], rule));
            if (comparison > 0) best.Clear();
            if (comparison >= 0) best.Add(row);
        }
        if (best.Count == 0) return (null, "absent");
        if (best.Any(row => !AreEqual(valuesOf(row), valuesOf(best[0])))) throw new HistoryTieException();
        // Age is judged on the winner alone: an older row never takes the place of an expired one.
        if (rule.TtlMicroseconds is { } ttl && (Int128)best[0].EventTime!.Value < (Int128)label.Time - ttl) return (null, "expired");
        return (valuesOf(best[0]), "present");
    }

    /// <summary>Whether values are equal, lists and structs by what is in them.</summary>
    internal static bool AreEqual(object?[] left, object?[] right)
        => left.Length == right.Length && left.Zip(right).All(pair => pair is { First: object?[] one, Second: object?[] other } ? AreEqual(one, other) : AreEqual(pair.First, pair.Second));

    /// <summary>As above, for one value.</summary>
    internal static bool AreEqual(object? left, object? right) => left is byte[] one && right is byte[] other ? one.AsSpan().SequenceEqual(other) : Equals(left, right);

    internal static bool IsVisible(HistoryRow row, HistoryLabel label, HistoryRule rule)
    {
        for (int i = 0; i < row.Key.Length; i++)
            if (row.Key[i] is null || label.Key[i] is null || !AreEqual(row.Key[i], label.Key[i])) return false;
        if (row.EventTime is not { } eventTime) return false;
        if (rule.IsStrict ? eventTime >= label.Time : eventTime > label.Time) return false;
        return !rule.HasCreatedTime || (row.CreatedTime is { } createdTime && createdTime <= label.Time);
    }

    private static (long, long, long) Order(HistoryRow row, HistoryRule rule)
        => (row.EventTime!.Value, rule.HasCreatedTime ? row.CreatedTime!.Value : 0, rule.HasSequence ? row.Sequence ?? long.MinValue : 0);
}

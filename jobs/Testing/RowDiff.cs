using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Testing;

/// <summary>How the rows that a step made differ from those that were expected.</summary>
/// <param name="Columns">The columns that were compared, in the table's order.</param>
/// <param name="EqualRowCount">Rows that are as expected.</param>
/// <param name="Changed">Rows that are near an expected one.</param>
/// <param name="Missing">Expected rows that were not made.</param>
/// <param name="Unexpected">Rows that nobody expected.</param>
public sealed record RowDiff(
    IReadOnlyList<Field> Columns, int EqualRowCount, IReadOnlyList<ChangedRow> Changed, IReadOnlyList<IReadOnlyList<object?>> Missing, IReadOnlyList<IReadOnlyList<object?>> Unexpected)
{
    // Pairing looks at each pair of rows; beyond so many, rows are only missing and unexpected.
    private const int PairedRowsMax = 1000;

    /// <summary>Whether the rows are as expected.</summary>
    public bool IsEmpty => Changed.Count == 0 && Missing.Count == 0 && Unexpected.Count == 0;

    /// <summary>Compares rows without their order; a row that occurs twice is expected twice.</summary>
    /// <param name="columns">What the values are of.</param>
    /// <param name="expected">Rows of as many values.</param>
    /// <param name="actual">Rows of as many values.</param>
    /// <param name="keys">Indexes of the columns that name a row; none where nobody said.</param>
    internal static RowDiff Of(IReadOnlyList<Field> columns, IReadOnlyList<object?[]> expected, IReadOnlyList<object?[]> actual, IReadOnlyList<int> keys)
    {
        var left = new Dictionary<object?[], Queue<int>>(RowComparer.Instance);
        for (int i = 0; i < actual.Count; i++)
        {
            if (!left.TryGetValue(actual[i], out Queue<int>? same)) left.Add(actual[i], same = new Queue<int>());
            same.Enqueue(i);
        }
        var missing = new List<object?[]>();
        foreach (object?[] row in expected)
            if (!left.TryGetValue(row, out Queue<int>? same) || !same.TryDequeue(out _)) missing.Add(row);
        List<object?[]> unexpected = [.. left.Values.SelectMany(same => same).Order().Select(i => actual[i])];
        int equal = expected.Count - missing.Count;
        var changed = new List<ChangedRow>();
        if (missing.Count <= PairedRowsMax && unexpected.Count <= PairedRowsMax)
        {
            foreach (object?[] row in missing.ToArray())
            {
                if (Nearest(row, unexpected, keys) is not { } near) continue;
                changed.Add(new ChangedRow(row, near, [.. Enumerable.Range(0, columns.Count).Where(i => !FixtureValues.AreEqual(row[i], near[i]))]));
                missing.Remove(row);
                unexpected.Remove(near);
            }
        }
        return new RowDiff(columns, equal, changed, missing, unexpected);
    }

    // With a key, the row of the same key; without, the one that shares most values, if these are at least half.
    private static object?[]? Nearest(object?[] row, List<object?[]> candidates, IReadOnlyList<int> keys)
    {
        if (keys.Count > 0) return candidates.Find(candidate => keys.All(key => FixtureValues.AreEqual(row[key], candidate[key])));
        int Shared(object?[] candidate) => row.Where((value, i) => FixtureValues.AreEqual(value, candidate[i])).Count();
        object?[]? best = candidates.MaxBy(Shared);
        return best is not null && row.Length > 1 && Shared(best) * 2 >= row.Length ? best : null;
    }

    private sealed class RowComparer : IEqualityComparer<object?[]>
    {
        internal static readonly RowComparer Instance = new();

        public bool Equals(object?[]? x, object?[]? y) => x!.Zip(y!).All(pair => FixtureValues.AreEqual(pair.First, pair.Second));

        // What is compared with tolerance, or is nested, does not count, so that equal rows have equal hashes.
        public int GetHashCode(object?[] row)
        {
            var hash = new HashCode();
            foreach (object? value in row) hash.Add(value is double or float or Array ? 0 : value);
            return hash.ToHashCode();
        }
    }
}

/// <summary>A row that is near an expected one.</summary>
/// <param name="Expected">As the test says.</param>
/// <param name="Actual">As the step made it.</param>
/// <param name="Columns">Indexes of the columns that differ.</param>
public sealed record ChangedRow(IReadOnlyList<object?> Expected, IReadOnlyList<object?> Actual, IReadOnlyList<int> Columns);

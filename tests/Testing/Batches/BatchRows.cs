using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Testing.Batches;

/// <summary>Rows as objects, and the comparison of streams: slow and obvious, for tests.</summary>
public static class BatchRows
{
    /// <summary>The rows of one batch, each value as <see cref="ColumnView.Value"/> gives it.</summary>
    public static List<object?[]> Of(RecordBatch batch)
    {
        var rows = new List<object?[]>(batch.RowCount);
        for (int row = 0; row < batch.RowCount; row++)
        {
            var values = new object?[batch.Schema.Count];
            for (int column = 0; column < values.Length; column++) values[column] = batch.Column(column).Value(row);
            rows.Add(values);
        }
        return rows;
    }

    /// <summary>All rows of a stream; the batches are disposed, the reader is not.</summary>
    public static async Task<List<object?[]>> ReadAsync(IRecordBatchReader reader, CancellationToken cancellationToken = default)
    {
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(cancellationToken) is { } batch)
        {
            using (batch) rows.AddRange(Of(batch));
        }
        return rows;
    }

    /// <summary>A batch of these rows.</summary>
    public static RecordBatch Build(Schema schema, params IEnumerable<object?[]> rows)
    {
        using var builder = new RecordBatchBuilder(schema);
        int count = 0;
        foreach (object?[] row in rows)
        {
            for (int column = 0; column < schema.Count; column++) builder.Column(column).AppendValue(row[column]);
            count++;
        }
        return builder.Build(count);
    }

    /// <summary>Whether names, types and rows of two streams are equal, in order, however they are cut into batches.</summary>
    /// <param name="expected">Read to its end, not disposed.</param>
    /// <param name="actual">Read to its end, not disposed.</param>
    /// <param name="tolerance">How far two floating-point numbers may be apart, relative to the larger; 0 compares them exactly (NaN equals NaN, 0.0 does not equal -0.0).</param>
    /// <returns>Null, or the first difference in words.</returns>
    public static async Task<string?> FirstDifferenceAsync(IRecordBatchReader expected, IRecordBatchReader actual, double tolerance = 0)
    {
        string expectedColumns = Columns(expected.Schema);
        string actualColumns = Columns(actual.Schema);
        if (expectedColumns != actualColumns) return $"expected columns {expectedColumns}, found {actualColumns}";
        return FirstDifference(await ReadAsync(expected), await ReadAsync(actual), tolerance);
    }

    /// <inheritdoc cref="FirstDifferenceAsync"/>
    public static string? FirstDifference(IReadOnlyList<object?[]> expected, IReadOnlyList<object?[]> actual, double tolerance = 0)
    {
        for (int row = 0; row < Math.Min(expected.Count, actual.Count); row++)
        {
            for (int column = 0; column < expected[row].Length; column++)
            {
                if (!AreEqual(expected[row][column], actual[row][column], tolerance))
                    return $"row {row}, column {column}: expected {Say(expected[row][column])}, found {Say(actual[row][column])}";
            }
        }
        return expected.Count == actual.Count ? null : $"expected {expected.Count} rows, found {actual.Count}";
    }

    /// <summary>Whether two values are the same; see <see cref="FirstDifferenceAsync"/>.</summary>
    public static bool AreEqual(object? expected, object? actual, double tolerance = 0) => (expected, actual) switch
    {
        (byte[] left, byte[] right) => left.AsSpan().SequenceEqual(right),
        (object?[] left, object?[] right) => left.Length == right.Length && left.Zip(right).All(pair => AreEqual(pair.First, pair.Second, tolerance)),
        (KeyValuePair<object, object?>[] left, KeyValuePair<object, object?>[] right) => left.Length == right.Length
            && left.Zip(right).All(pair => AreEqual(pair.First.Key, pair.Second.Key) && AreEqual(pair.First.Value, pair.Second.Value, tolerance)),
        (double left, double right) => AreClose(left, right, tolerance),
        (float left, float right) => AreClose(left, right, tolerance),
        _ => Equals(expected, actual),
    };

    private static bool AreClose(double left, double right, double tolerance)
    {
        if (double.IsNaN(left) || double.IsNaN(right)) return double.IsNaN(left) && double.IsNaN(right);
        if (BitConverter.DoubleToInt64Bits(left) == BitConverter.DoubleToInt64Bits(right)) return true;
        return tolerance > 0 && Math.Abs(left - right) <= tolerance * Math.Max(Math.Abs(left), Math.Abs(right));
    }

    private static string Columns(Schema schema) => string.Join(", ", schema.Fields.Select(field => $"{field.Name} {field.Type}"));

    private static string Say(object? value) => value switch
    {
        null => "NULL",
        byte[] bytes => $"x'{Convert.ToHexString(bytes)}'",
        object?[] items => $"[{string.Join(", ", items.Select(Say))}]",
        KeyValuePair<object, object?>[] entries => $"{{{string.Join(", ", entries.Select(entry => $"{Say(entry.Key)}: {Say(entry.Value)}"))}}}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => $"'{value}'",
    };
}

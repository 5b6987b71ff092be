using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using Lepton.Data.Schemas;
using Lepton.Data.Testing.Batches;

namespace Lepton.Data.Tests.System.Arrow;

/// <summary>Rows in the form that peer.py and peer.mjs give them.</summary>
internal static class CanonicalRows
{
    internal static JsonArray Of(IEnumerable<object?[]> rows) => [.. rows.Select(row => (JsonNode)Values(row))];

    /// <summary>Null, or the first row that differs, in words.</summary>
    internal static string? FirstDifference(string jsonFile, IReadOnlyList<object?[]> actual)
    {
        JsonArray expected = JsonNode.Parse(File.ReadAllText(jsonFile))!["rows"]!.AsArray();
        for (int i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            JsonArray row = Values(actual[i]);
            if (!JsonNode.DeepEquals(expected[i], row)) return $"row {i}: {expected[i]!.ToJsonString()} there, {row.ToJsonString()} here";
        }
        return expected.Count == actual.Count ? null : $"{expected.Count} rows there, {actual.Count} here";
    }

    private static JsonArray Values(IEnumerable<object?> values) => [.. values.Select(Value)];

    private static JsonNode? Value(object? value) => value switch
    {
        null => null,
        bool flag => flag,
        float number => Double(number),
        double number => Double(number),
        string text => $"s:{text}",
        byte[] bytes => $"x:{Convert.ToHexString(bytes)}",
        DateOnly day => (day.DayNumber - new DateOnly(1970, 1, 1).DayNumber).ToString(CultureInfo.InvariantCulture),
        EventTime time => time.MicrosecondsSinceEpoch.ToString(CultureInfo.InvariantCulture),
        KeyValuePair<object, object?>[] entries => new JsonArray([.. entries.Select(entry => (JsonNode)Values([entry.Key, entry.Value]))]),
        object?[] items => Values(items),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"{value.GetType()}"),
    };

    private static string Double(double value)
    {
        if (double.IsNaN(value)) return "nan";
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, value);
        return Convert.ToHexStringLower(bytes);
    }
}

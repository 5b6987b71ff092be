using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;
using Lepton.Data.Schemas.Configuration;

namespace Lepton.Data.Jobs.Testing;

/// <summary>Values of fixtures as objects of a column's type, as <see cref="ColumnView.Value"/> gives them.</summary>
internal static class FixtureValues
{
    /// <summary>The value that <paramref name="cell"/> writes.</summary>
    /// <exception cref="LeptonDataException"><c>jobs.test_value</c>: it is none of <paramref name="type"/>.</exception>
    internal static object? Of(FixtureCell cell, DataType type)
    {
        if (type.Children.Count > 0)
        {
            // In a CSV file a list or struct is written as JSON, which is YAML.
            YamlNode? node = cell.Node ?? (cell.Text is null ? null : YamlReader.Read(Encoding.UTF8.GetBytes(cell.Text), cell.Place.Path));
            return node is null or YamlScalar { IsNothing: true } ? null : Nested(node, type);
        }
        if (cell is { Text: null, Node: YamlList or YamlMap }) throw Error(cell.Place, cell.Node is YamlList ? "[…]" : "{…}", type);
        return cell.Text is null ? null : Scalar(cell.Text, type) ?? throw Error(cell.Place, cell.Text, type);
    }

    /// <summary>Whether two values are the same; floating-point numbers to nine digits, since people write few.</summary>
    internal static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (double x, double y) => AreNear(x, y, 1e-9),
        (float x, float y) => AreNear(x, y, 1e-6),
        (byte[] x, byte[] y) => x.AsSpan().SequenceEqual(y),
        (object?[] x, object?[] y) => x.Length == y.Length && x.Zip(y).All(pair => AreEqual(pair.First, pair.Second)),
        (KeyValuePair<object, object?>[] x, KeyValuePair<object, object?>[] y) => x.Length == y.Length && x.All(entry => Array.Exists(y, other => AreEqual(entry.Key, other.Key) && AreEqual(entry.Value, other.Value))),
        _ => left.Equals(right),
    };

    private static bool AreNear(double x, double y, double tolerance) => x.Equals(y) || Math.Abs(x - y) <= tolerance * Math.Max(Math.Abs(x), Math.Abs(y));

    private static object? Scalar(string text, DataType type)
    {
        switch (type)
        {
            case BooleanType: return text switch { "true" => true, "false" => false, _ => null };
            case IntegerType { BitWidth: var bits }:
                if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)) return null;
                return bits switch
                {
                    8 => whole is >= sbyte.MinValue and <= sbyte.MaxValue ? (sbyte)whole : null,
                    16 => whole is >= short.MinValue and <= short.MaxValue ? (short)whole : null,
                    32 => whole is >= int.MinValue and <= int.MaxValue ? (int)whole : null,
                    _ => (object)whole,
                };
            case FloatType { BitWidth: var bits }:
                if (Float(text) is not { } number) return null;
                return bits == 32 ? (object)(float)number : number;
            case DecimalType { Precision: var precision, Scale: var scale }: return Decimal(text, precision, scale);
            case StringType: return text;
            case BinaryType: return text.StartsWith("\\x", StringComparison.Ordinal) && text.Length % 2 == 0 && text.Skip(2).All(char.IsAsciiHexDigit) ? Convert.FromHexString(text.AsSpan(2)) : null;
            case DateType: return DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date) ? date : null;
            case InstantType: return EventTime.TryParse(text, out EventTime time) ? time : null;
            case NaiveTimeType: return EventTime.TryParse(text, out EventTime clock) || EventTime.TryParse(text + "Z", out clock) ? clock : null;
            default: return null;
        }
    }

    private static double? Float(string text) => text.ToLowerInvariant() switch
    {
        "nan" or ".nan" => double.NaN,
        "inf" or ".inf" or "infinity" => double.PositiveInfinity,
        "-inf" or "-.inf" or "-infinity" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null,
    };

    private static Int128? Decimal(string text, int precision, int scale)
    {
        string digits = text.TrimStart('+', '-');
        int point = digits.IndexOf('.', StringComparison.Ordinal);
        string fraction = point < 0 ? "" : digits[(point + 1)..].TrimEnd('0');
        string whole = (point < 0 ? digits : digits[..point]).TrimStart('0');
        if (digits.Length == 0 || text.Length - digits.Length > 1 || fraction.Length > scale || whole.Length > precision - scale || (whole + fraction).AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0) return null;
        var unscaled = Int128.Parse($"0{whole}{fraction.PadRight(scale, '0')}", CultureInfo.InvariantCulture);
        return text.StartsWith('-') ? -unscaled : unscaled;
    }

    private static object? Nested(YamlNode node, DataType type)
    {
        static FixtureCell Cell(YamlNode node) => new(node is YamlScalar { IsNothing: false } scalar ? scalar.Text.Text : null, node, node.Place);
        switch (type, node)
        {
            case (StructType { Fields: var fields }, YamlMap map):
                if (map.Entries.FirstOrDefault(entry => fields.All(field => !string.Equals(field.Name, entry.Key.Text.Text, StringComparison.OrdinalIgnoreCase))) is { Key: { } foreign }) throw Error(foreign.Place, foreign.Text.Text, type);
                return fields.Select(field => map.Entries.FirstOrDefault(entry => string.Equals(field.Name, entry.Key.Text.Text, StringComparison.OrdinalIgnoreCase)).Value is { } value ? Of(Cell(value), field.Type) : null).ToArray();
            case (ListType { Element.Type: var element }, YamlList list): return list.Items.Select(item => Of(Cell(item), element)).ToArray();
            case (FixedSizeListType { Element.Type: var element, Length: var length }, YamlList list) when list.Items.Count == length: return list.Items.Select(item => Of(Cell(item), element)).ToArray();
            case (MapType { Key.Type: var key, Value.Type: var item }, YamlMap map):
                return map.Entries.Select(entry => new KeyValuePair<object, object?>(Of(Cell(entry.Key), key) ?? throw Error(entry.Key.Place, "NULL", key), Of(Cell(entry.Value), item))).ToArray();
            default: throw Error(node.Place, node is YamlScalar scalar ? scalar.Text.Text : node is YamlList ? "[…]" : "{…}", type);
        }
    }

    private static LeptonDataException Error(SourcePlace place, string text, DataType type) => new("jobs.test_value", [text, type]) { Place = place };
}

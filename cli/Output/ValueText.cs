using System.Globalization;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Cli.Output;

/// <summary>Values of a batch as people and JSON read them.</summary>
internal static class ValueText
{
    private static readonly System.Buffers.SearchValues<char> s_wholeNumber = System.Buffers.SearchValues.Create("-0123456789");

    /// <summary>The value as text, nested ones as JSON; null for NULL.</summary>
    internal static string? Of(in ColumnView column, int row) => Of(column.Type, column.Value(row));

    /// <summary>The value, as a column of <paramref name="type"/> gives it, as text.</summary>
    internal static string? Of(DataType type, object? value) => value switch
    {
        null => null,
        bool truth => truth ? "true" : "false",
        string text => text,
        byte[] bytes => $"\\x{Convert.ToHexStringLower(bytes)}",
        float number => Float(number.ToString("R", CultureInfo.InvariantCulture)),
        double number => Float(number.ToString("R", CultureInfo.InvariantCulture)),
        Int128 unscaled when type is DecimalType { Scale: var scale } => Decimal(unscaled, scale),
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        EventTime time => type.Id == TypeId.NaiveTime ? time.ToString().TrimEnd('Z') : time.ToString(),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => Json(type, value),
    };

    private static string Json(DataType type, object value)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, JsonOutput.LineOptions)) WriteJson(json, type, value);
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The value as text, whole seconds without their zeros.</summary>
    internal static string? ForPeople(in ColumnView column, int row) => ForPeople(column.Type, column.Value(row));

    /// <inheritdoc cref="ForPeople(in ColumnView, int)"/>
    internal static string? ForPeople(DataType type, object? value)
    {
        string? text = Of(type, value);
        if (text is null || type.Id is not (TypeId.Instant or TypeId.NaiveTime)) return text;
        return text.Replace(".000000", "", StringComparison.Ordinal).Replace('T', ' ');
    }

    /// <summary>Whether values stand at the right of their column.</summary>
    internal static bool IsNumber(DataType type) => type.Id is TypeId.Integer or TypeId.Float or TypeId.Decimal;

    /// <summary>Writes the value: numbers as numbers with all their digits (NaN and the infinities as text, since JSON has none), bytes as base64, times as ISO 8601.</summary>
    /// <remarks>A struct is an object, a list an array, a map an object by the texts of its keys.</remarks>
    internal static void WriteJson(Utf8JsonWriter json, in ColumnView column, int row) => WriteJson(json, column.Type, column.Value(row));

    /// <summary>Writes a value that a column of <paramref name="type"/> gave.</summary>
    internal static void WriteJson(Utf8JsonWriter json, DataType type, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes);
                break;
            case float number when float.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case object?[] parts when type is StructType { Fields: var fields }:
                json.WriteStartObject();
                for (int i = 0; i < parts.Length; i++)
                {
                    json.WritePropertyName(fields[i].Name);
                    WriteJson(json, fields[i].Type, parts[i]);
                }
                json.WriteEndObject();
                break;
            case object?[] items:
                json.WriteStartArray();
                foreach (object? item in items) WriteJson(json, type.Children[0].Type, item);
                json.WriteEndArray();
                break;
            case KeyValuePair<object, object?>[] entries:
                json.WriteStartObject();
                foreach ((object key, object? item) in entries)
                {
                    json.WritePropertyName(Of(type.Children[0].Type, key)!);
                    WriteJson(json, type.Children[1].Type, item);
                }
                json.WriteEndObject();
                break;
            case sbyte or short or int or long or Int128:
                json.WriteRawValue(Of(type, value)!, skipInputValidation: true);
                break;
            default:
                json.WriteStringValue(Of(type, value));
                break;
        }
    }

    // A whole number that is a float says so: 5.0.
    private static string Float(string digits) => digits.AsSpan().IndexOfAnyExcept(s_wholeNumber) < 0 ? $"{digits}.0" : digits;

    private static string Decimal(Int128 unscaled, int scale)
    {
        string digits = (unscaled < 0 ? (UInt128)(-unscaled) : (UInt128)unscaled).ToString(CultureInfo.InvariantCulture);
        if (scale > 0)
        {
            digits = digits.PadLeft(scale + 1, '0');
            digits = $"{digits[..^scale]}.{digits[^scale..]}";
        }
        return unscaled < 0 ? $"-{digits}" : digits;
    }
}

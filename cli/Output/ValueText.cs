using System.Globalization;
using System.Text.Json;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Batches;

namespace Lepton.Data.Cli.Output;

/// <summary>Values of a batch as people and JSON read them.</summary>
internal static class ValueText
{
    private static readonly System.Buffers.SearchValues<char> s_wholeNumber = System.Buffers.SearchValues.Create("-0123456789");

    /// <summary>The value as text; null for NULL.</summary>
    internal static string? Of(in ColumnView column, int row) => column.Value(row) switch
    {
        null => null,
        bool value => value ? "true" : "false",
        string value => value,
        byte[] value => $"\\x{Convert.ToHexStringLower(value)}",
        float value => Float(value.ToString("R", CultureInfo.InvariantCulture)),
        double value => Float(value.ToString("R", CultureInfo.InvariantCulture)),
        Int128 value when column.Type is DecimalType type => Decimal(value, type.Scale),
        DateOnly value => value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        EventTime value => column.Type.Id == TypeId.NaiveTime ? value.ToString().TrimEnd('Z') : value.ToString(),
        IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
        object value => value.ToString(),
    };

    /// <summary>The value as text, whole seconds without their zeros.</summary>
    internal static string? ForPeople(in ColumnView column, int row)
    {
        string? text = Of(column, row);
        if (text is null || column.Type.Id is not (TypeId.Instant or TypeId.NaiveTime)) return text;
        return text.Replace(".000000", "", StringComparison.Ordinal).Replace('T', ' ');
    }

    /// <summary>Whether values stand at the right of their column.</summary>
    internal static bool IsNumber(DataType type) => type.Id is TypeId.Integer or TypeId.Float or TypeId.Decimal;

    /// <summary>Writes the value: numbers as numbers with all their digits (NaN and the infinities as text, since JSON has none), bytes as base64, times as ISO 8601.</summary>
    internal static void WriteJson(Utf8JsonWriter json, in ColumnView column, int row)
    {
        switch (column.Value(row))
        {
            case null:
                json.WriteNullValue();
                break;
            case bool value:
                json.WriteBooleanValue(value);
                break;
            case byte[] value:
                json.WriteBase64StringValue(value);
                break;
            case float value when float.IsFinite(value):
                json.WriteNumberValue(value);
                break;
            case double value when double.IsFinite(value):
                json.WriteNumberValue(value);
                break;
            case sbyte or short or int or long or Int128:
                json.WriteRawValue(Of(column, row)!, skipInputValidation: true);
                break;
            default:
                json.WriteStringValue(Of(column, row));
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

using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>
/// A file's statistics as Delta's <c>stats</c> text. Bounds always hold: text is cut to 32 characters, the greatest rounded up; times are in milliseconds, widened outward;
/// what JSON or other readers cannot hold (NaN, infinities, years outside 1 to 9999, booleans, bytes, nested columns) has no bounds.
/// </summary>
internal static class StatisticsJson
{
    internal const int TextLengthMax = 32;

    // More rows than any file has; keeps sums over files inside 64 bits.
    private const long RowCountMax = 1L << 40;
    private const long MicrosecondsMin = -62_135_596_800_000_000, MicrosecondsMax = 253_402_300_799_999_999;

    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static string Write(FileStatistics statistics, Schema schema)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, s_writing))
        {
            json.WriteStartObject();
            json.WriteNumber("numRecords", statistics.RowCount);
            json.WriteStartObject("minValues");
            foreach ((Field field, ColumnStatistics column) in InOrder(statistics, schema)) WriteBound(json, field, column.Min, isMax: false);
            json.WriteEndObject();
            json.WriteStartObject("maxValues");
            foreach ((Field field, ColumnStatistics column) in InOrder(statistics, schema)) WriteBound(json, field, column.Max, isMax: true);
            json.WriteEndObject();
            json.WriteStartObject("nullCount");
            foreach ((Field field, ColumnStatistics column) in InOrder(statistics, schema))
                if (column.NullCount is { } nulls && field.Type is not StructType) json.WriteNumber(field.Name, nulls);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Reads what it can: statistics are a hint, so that what does not make sense is left out, not believed and not refused.</summary>
    /// <returns>Null where not even the row count is known.</returns>
    internal static FileStatistics? Read(string text, Schema schema) => Read(Encoding.UTF8.GetBytes(text), schema, field => field.Name);

    /// <inheritdoc cref="Read(string, Schema)"/>
    internal static FileStatistics? Read(ReadOnlyMemory<byte> utf8, Schema schema, Func<Field, string> nameOf)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
            JsonElement json = document.RootElement;
            if (json.ValueKind != JsonValueKind.Object || CountOf(json, "numRecords", RowCountMax) is not { } rows) return null;
            var columns = new Dictionary<string, ColumnStatistics>(StringComparer.Ordinal);
            foreach (Field field in schema.Fields)
            {
                string name = nameOf(field);
                long? nulls = Part(json, "nullCount") is { } counts ? CountOf(counts, name, rows) : null;
                object? min = BoundOf(json, "minValues", name, field, isMax: false);
                object? max = BoundOf(json, "maxValues", name, field, isMax: true);
                if (nulls is not null || min is not null || max is not null) columns.Add(field.Name, new ColumnStatistics(nulls, min, max));
            }
            return new FileStatistics(rows, columns);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The row count alone, as <see cref="Read(string, Schema)"/> gives it; most writers put it first.</summary>
    internal static long? ReadRowCount(ReadOnlySpan<byte> utf8)
    {
        // As nearly everybody writes it.
        if (utf8.StartsWith("{\"numRecords\":"u8) && Utf8Parser.TryParse(utf8[14..], out long rows, out int length) && utf8[(14 + length)..] is [(byte)',' or (byte)'}', ..] && rows is >= 0 and <= RowCountMax) return rows;
        try
        {
            var reader = new Utf8JsonReader(utf8);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isCount = reader.ValueTextEquals("numRecords"u8);
                reader.Read();
                if (isCount) return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long count) && count is >= 0 and <= RowCountMax ? count : null;
                reader.Skip();
            }
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<(Field Field, ColumnStatistics Column)> InOrder(FileStatistics statistics, Schema schema)
        => schema.Fields.Where(field => statistics.Columns.ContainsKey(field.Name)).Select(field => (field, statistics.Columns[field.Name]));

    private static void WriteBound(Utf8JsonWriter json, Field field, object? value, bool isMax)
    {
        switch (field.Type, value)
        {
            case (IntegerType, sbyte or short or int or long):
                json.WriteNumber(field.Name, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case (FloatType { BitWidth: 32 }, float number) when float.IsFinite(number):
                json.WriteNumber(field.Name, number);
                break;
            case (FloatType, double number) when double.IsFinite(number):
                json.WriteNumber(field.Name, number);
                break;
            case (DecimalType type, Int128 unscaled):
                json.WritePropertyName(field.Name);
                json.WriteRawValue(DecimalText.Write(unscaled, type.Scale));
                break;
            case (StringType, string text) when (isMax ? CutUp(text) : CutDown(text)) is { } cut:
                json.WriteString(field.Name, cut);
                break;
            case (DateType, DateOnly date):
                json.WriteString(field.Name, date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                break;
            case (InstantType or NaiveTimeType, EventTime time) when Milliseconds(time, isMax) is { } milliseconds:
                string form = field.Type is InstantType ? "yyyy-MM-dd'T'HH:mm:ss.fff'Z'" : "yyyy-MM-dd'T'HH:mm:ss.fff";
                json.WriteString(field.Name, DateTime.UnixEpoch.AddMilliseconds(milliseconds).ToString(form, CultureInfo.InvariantCulture));
                break;
            default:
                break;
        }
    }

    /// <summary>The first 32 characters (Unicode scalar values), which are not after the text.</summary>
    internal static string? CutDown(string text) => IsWellFormed(text) ? Cut(text) : null;

    /// <summary>The text, or where it is longer the least text of at most 32 characters after all that begin as it does; null where there is none.</summary>
    internal static string? CutUp(string text)
    {
        if (!IsWellFormed(text)) return null;
        string cut = Cut(text);
        if (cut.Length == text.Length) return text;
        List<Rune> runes = [.. cut.EnumerateRunes()];
        for (int last = runes.Count - 1; last >= 0; last--)
        {
            if (runes[last].Value == 0x10FFFF) continue;
            // Order is that of code points, as in UTF-8's bytes; the surrogates between are no characters.
            runes[last] = new Rune(runes[last].Value == 0xD7FF ? 0xE000 : runes[last].Value + 1);
            return string.Concat(runes.Take(last + 1));
        }
        return null;
    }

    private static bool IsWellFormed(string text) => text.EnumerateRunes().All(rune => rune != Rune.ReplacementChar) || text.Contains('\uFFFD', StringComparison.Ordinal);

    private static string Cut(string text)
    {
        int at = 0;
        for (int characters = 0; at < text.Length && characters < TextLengthMax; characters++) at += char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
        return text[..at];
    }

    // Floor and ceiling to whole milliseconds, so that a reader that compares microseconds skips nothing that it must see.
    private static long? Milliseconds(EventTime time, bool isMax)
    {
        long micros = time.MicrosecondsSinceEpoch;
        if (micros is < MicrosecondsMin or > MicrosecondsMax - 999) return null;
        (long quotient, long remainder) = Math.DivRem(micros, 1000);
        return isMax ? remainder > 0 ? quotient + 1 : quotient : remainder < 0 ? quotient - 1 : quotient;
    }

    private static JsonElement? Part(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement part) && part.ValueKind == JsonValueKind.Object ? part : null;

    private static long? CountOf(JsonElement json, string name, long max)
        => json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long count) && count >= 0 && count <= max ? count : null;

    private static object? BoundOf(JsonElement json, string part, string name, Field field, bool isMax)
    {
        if (Part(json, part) is not { } bounds || !bounds.TryGetProperty(name, out JsonElement value)) return null;
        return (field.Type, value.ValueKind) switch
        {
            (BooleanType, JsonValueKind.True or JsonValueKind.False) => value.GetBoolean(),
            (IntegerType { BitWidth: 8 }, JsonValueKind.Number) => value.TryGetSByte(out sbyte number) ? number : null,
            (IntegerType { BitWidth: 16 }, JsonValueKind.Number) => value.TryGetInt16(out short number) ? number : null,
            (IntegerType { BitWidth: 32 }, JsonValueKind.Number) => value.TryGetInt32(out int number) ? number : null,
            (IntegerType, JsonValueKind.Number) => value.TryGetInt64(out long number) ? number : null,
            (FloatType { BitWidth: 32 }, JsonValueKind.Number) => value.TryGetSingle(out float number) && float.IsFinite(number) ? number : null,
            (FloatType, JsonValueKind.Number) => value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null,
            (DecimalType type, JsonValueKind.Number) => DecimalText.Read(value.GetRawText(), type, isMax),
            (StringType, JsonValueKind.String) => value.GetString(),
            (DateType, JsonValueKind.String) => DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date) ? date : null,
            (InstantType or NaiveTimeType, JsonValueKind.String) => TimeOf(value.GetString()!, field.Type is InstantType, isMax),
            _ => null,
        };
    }

    private static EventTime? TimeOf(string text, bool isInstant, bool isMax)
    {
        // Only the fraction's length says how exact the writer was; Spark cuts to milliseconds, downward also for the greatest.
        int point = text.IndexOf('.', StringComparison.Ordinal);
        int digits = 0;
        while (point >= 0 && point + 1 + digits < text.Length && char.IsAsciiDigit(text[point + 1 + digits])) digits++;
        const DateTimeStyles styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        string[] forms = isInstant ? s_instantForms : s_naiveForms;
        if (digits > 7 || !DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, styles, out DateTimeOffset time)) return null;
        long unseen = digits >= 6 ? 0 : (long)Math.Pow(10, 6 - digits) - 1;
        EventTime bound = EventTime.FromDateTimeOffset(time);
        return isMax ? new EventTime(bound.MicrosecondsSinceEpoch + unseen + (digits == 7 ? 1 : 0)) : bound;
    }

    private static readonly string[] s_instantForms = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd HH:mm:ss.FFFFFFF'Z'"];
    private static readonly string[] s_naiveForms = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd HH:mm:ss.FFFFFFF"];
}

using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.DuckDb;

namespace Lepton.Data.Storage.Parquet;

/// <summary>The statistics that DuckDB's COPY returns as text, as values. A bound that cannot be read back exactly is left out.</summary>
internal static class CopyStatistics
{
    internal static FileStatistics Of(CopiedFile file, Schema schema)
    {
        var columns = new Dictionary<string, ColumnStatistics>(StringComparer.Ordinal);
        foreach (Field field in schema.Fields)
            if (file.Columns.TryGetValue(SqlLiteral.Name(field.Name), out IReadOnlyDictionary<string, string>? facts)) columns[field.Name] = Of(facts, field.Type);
        return new FileStatistics(file.RowCount, columns);
    }

    private static ColumnStatistics Of(IReadOnlyDictionary<string, string> facts, DataType type)
    {
        long? nulls = facts.TryGetValue("null_count", out string? count) && long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out long parsed) ? parsed : null;
        // Where one value is NaN, the bounds that DuckDB gives leave it out, and readers disagree on where it would stand.
        bool hasNan = facts.TryGetValue("has_nan", out string? nan) && nan != "false";
        object? min = hasNan ? null : Parse(facts.GetValueOrDefault("min"), type);
        object? max = hasNan ? null : Parse(facts.GetValueOrDefault("max"), type);
        return new ColumnStatistics(nulls, min, max);
    }

    /// <returns>As <see cref="ColumnStatistics"/> says, or null.</returns>
    internal static object? Parse(string? text, DataType type) => (text, type) switch
    {
        (null, _) => null,
        (_, BooleanType) => text switch { "0" or "false" => false, "1" or "true" => true, _ => null },
        (_, IntegerType { BitWidth: 8 }) => sbyte.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out sbyte value) ? value : null,
        (_, IntegerType { BitWidth: 16 }) => short.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out short value) ? value : null,
        (_, IntegerType { BitWidth: 32 }) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : null,
        (_, IntegerType) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null,
        (_, FloatType { BitWidth: 32 }) => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value) ? value : null,
        (_, FloatType) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null,
        (_, DecimalType { Scale: var scale }) => Decimal(text, scale),
        (_, StringType) => text,
        (_, DateType) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly value) ? value : null,
        (_, InstantType) => text.EndsWith("+00", StringComparison.Ordinal) ? Time(text[..^3]) : null,
        (_, NaiveTimeType) => Time(text),
        _ => null,
    };

    private static Int128? Decimal(string text, int scale)
    {
        int point = text.IndexOf('.', StringComparison.Ordinal);
        int digits = point < 0 ? 0 : text.Length - point - 1;
        if (digits != scale) return null;
        string unscaled = point < 0 ? text : text.Remove(point, 1);
        return Int128.TryParse(unscaled, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out Int128 value) ? value : null;
    }

    // Years before 1 and infinite times are left out.
    private static EventTime? Time(string text)
    {
        string[] formats = ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFFFFF"];
        return DateTime.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime value)
            ? EventTime.FromDateTimeOffset(new DateTimeOffset(value, TimeSpan.Zero))
            : null;
    }
}

using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Log;

namespace Lepton.Data.Storage.Delta;

/// <summary>Values of partition columns: texts in the log, in SQL a list of one value for each file.</summary>
internal static class PartitionText
{
    private const NumberStyles RealStyles = NumberStyles.Float;

    private static readonly string[] s_instantForms =
    [
        "yyyy-MM-dd HH:mm:ss.FFFFFF", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF", "yyyy-MM-dd HH:mm:ss.FFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFzzz", "yyyy-MM-dd HH:mm:ss.FFFFFFzzz",
    ];

    /// <summary>SQL for the text's value, of the column's type. The empty text is NULL for every type, as the protocol says; a time without a zone is one of UTC.</summary>
    /// <exception cref="LeptonDataException"><c>storage.partition_value</c></exception>
    internal static string ToSql(string? text, Field column)
    {
        if (string.IsNullOrEmpty(text)) return "NULL";
        string? value = column.Type switch
        {
            StringType => text,
            BinaryType => text,
            BooleanType => bool.TryParse(text, out bool truth) ? truth ? "true" : "false" : null,
            IntegerType { BitWidth: 8 } => sbyte.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? text : null,
            IntegerType { BitWidth: 16 } => short.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? text : null,
            IntegerType { BitWidth: 32 } => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? text : null,
            IntegerType => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? text : null,
            FloatType => text is "NaN" or "Infinity" or "-Infinity" || double.TryParse(text, RealStyles, CultureInfo.InvariantCulture, out _) ? text : null,
            DecimalType type => decimal.TryParse(text, RealStyles, CultureInfo.InvariantCulture, out _) || text.All(c => char.IsAsciiDigit(c) || c is '-' or '.')
                ? DecimalText.Read(text, type, roundsUp: false) is { } unscaled ? DecimalText.Write(unscaled, type.Scale) : null
                : null,
            DateType => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? text : null,
            InstantType or NaiveTimeType => DateTimeOffset.TryParseExact(text, s_instantForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
                ? time.ToString(column.Type is InstantType ? "yyyy-MM-dd HH:mm:ss.ffffff'+00'" : "yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture)
                : null,
            _ => null,
        };
        if (value is null || value.Contains('\0', StringComparison.Ordinal)) throw new LeptonDataException("storage.partition_value", [column.Name, column.Type, text]);
        return column.Type is BinaryType ? $"encode({SqlLiteral.Text(value)})" : SqlLiteral.Text(value);
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Log;

namespace Lepton.Data.Storage.Delta;

/// <summary>
/// Values of partition columns as Delta's text, and the folders of files that have them. Readers go by the text in the log, so that a folder's name only has to be a name: every byte that is
/// no letter, digit, <c>-</c>, <c>.</c>, <c>_</c> or <c>~</c> is <c>%XX</c>, and a long one is cut.
/// </summary>
public static partial class PartitionValue
{
    private const string NullFolder = "__HIVE_DEFAULT_PARTITION__";
    private const int FolderNameMax = 200;

    private static readonly string[] s_naive = ["yyyy-MM-dd HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF"];
    private static readonly string[] s_instants = [.. s_naive.SelectMany(form => (string[])[form, $"{form}'Z'", $"{form}zzz"])];

    /// <summary>Whether a column of this type may divide a table of ours: floats have several texts for one value, and bytes have none that readers agree on.</summary>
    public static bool Takes(DataType type) => type is BooleanType or IntegerType or DecimalType or StringType or DateType or InstantType;

    /// <summary>A value's text, or null for NULL.</summary>
    /// <param name="value">As <c>ColumnView.Value</c> gives it.</param>
    /// <param name="type">One that <see cref="Takes"/>.</param>
    public static string? Write(object? value, DataType type) => (value, type) switch
    {
        (null, _) => null,
        (bool truth, BooleanType) => truth ? "true" : "false",
        (sbyte or short or int or long, IntegerType) => Convert.ToInt64(value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        (Int128 unscaled, DecimalType { Scale: var scale }) => DecimalText.Write(unscaled, scale),
        (string text, StringType) => text,
        (DateOnly date, DateType) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        (EventTime time, InstantType) => time.ToString(),
        _ => throw new ArgumentException($"a {value.GetType().Name} is no value of a partition column of {type}", nameof(value)),
    };

    /// <summary>The value that a text means, or null where it is none of the type. Floats and bytes have no value here, though they have SQL.</summary>
    internal static object? Read(string text, DataType type) => type switch
    {
        // The protocol has small letters; other writers' languages have others.
        BooleanType => text.Equals("true", StringComparison.OrdinalIgnoreCase) ? true : text.Equals("false", StringComparison.OrdinalIgnoreCase) ? false : null,
        IntegerType { BitWidth: var width } => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >> (width - 1) is 0 or -1 ? number : null,
        DecimalType number => Number().IsMatch(text) && DecimalText.Read(text, number, roundsUp: false) is { } low && DecimalText.Read(text, number, roundsUp: true) is { } high && low.Equals(high) ? low : null,
        StringType => text,
        DateType => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date) ? date : null,
        // The protocol leaves the zone of a text without one to the session; here that is UTC, for readers and for predicates.
        InstantType => TimeOf(text, s_instants),
        NaiveTimeType => TimeOf(text, s_naive),
        _ => null,
    };

    /// <summary>The folder, relative to the table's, of files with these values: <c>day=2026-01-01/city=Sk%C3%B6vde</c>.</summary>
    /// <param name="columns">The partition columns, in order.</param>
    /// <param name="values">Their texts.</param>
    public static string FolderOf(IReadOnlyList<string> columns, IReadOnlyDictionary<string, string?> values)
        => string.Join('/', columns.Select(column => $"{NameOf(column)}={(string.IsNullOrEmpty(values[column]) ? NullFolder : NameOf(values[column]!))}"));

    /// <summary>Whether a text can stand in a log for the value that is meant, whoever reads it: to Delta an empty text is NULL, not every time has a text, and one without a zone is taken for several.</summary>
    /// <exception cref="LeptonDataException"><c>storage.partition_value_write</c></exception>
    public static void Check(string? text, Field column, string table)
    {
        if (text is null) return;
        bool isClear = text.Length > 0 && Read(text, column.Type) is { } value && (value is not bool || Write(value, column.Type) == text) && !(column.Type is InstantType && TimeOf(text, s_naive) is not null);
        if (!isClear) throw new LeptonDataException("storage.partition_value_write", [table, column.Name, text]);
    }

    /// <summary>SQL for a text's value, of the column's type.</summary>
    /// <exception cref="LeptonDataException"><c>storage.partition_value</c>: it is no value of that type.</exception>
    public static string ToSql(string? text, Field column) => $"CAST({ToSqlText(text, column)} AS {column.Type})";

    /// <summary>SQL that a cast to the column's type makes the text's value. The empty text is NULL for every type, as the protocol says.</summary>
    /// <param name="text">As the log has it.</param>
    /// <param name="column">Of the table.</param>
    /// <param name="place">The file whose value it is; null where it is of none yet.</param>
    /// <exception cref="LeptonDataException"><c>storage.partition_value</c></exception>
    internal static string ToSqlText(string? text, Field column, SourcePlace? place = null)
    {
        if (string.IsNullOrEmpty(text)) return "NULL";
        string? value = column.Type switch
        {
            StringType or BinaryType => text,
            FloatType => text is "NaN" or "Infinity" or "-Infinity" || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? text : null,
            _ => Read(text, column.Type) switch
            {
                null => null,
                EventTime time => DateTimeOffset.UnixEpoch.AddTicks(time.MicrosecondsSinceEpoch * TimeSpan.TicksPerMicrosecond).ToString(column.Type is InstantType ? "yyyy-MM-dd HH:mm:ss.ffffff'+00'" : "yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture),
                var known => Write(known, column.Type),
            },
        };
        if (value is null || value.Contains('\0', StringComparison.Ordinal)) throw new LeptonDataException("storage.partition_value", [column.Name, column.Type, text]) { Place = place };
        return column.Type is BinaryType ? $"encode({SqlLiteral.Text(value)})" : SqlLiteral.Text(value);
    }

    private static string NameOf(string text)
    {
        var name = new StringBuilder(text.Length);
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            char c = (char)value;
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~') name.Append(c);
            else name.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }
        // A file system takes 255 bytes; two long values may share a folder, since the log says which file has which.
        return name.Length <= FolderNameMax / 2 ? name.ToString() : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    // What no number is must not reach the digits' reader, which takes JSON's numbers only.
    [GeneratedRegex(@"\A-?(?=\.?[0-9])[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    private static EventTime? TimeOf(string text, string[] forms)
        => DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time) && time.Ticks % TimeSpan.TicksPerMicrosecond == 0
            ? EventTime.FromDateTimeOffset(time)
            : null;
}

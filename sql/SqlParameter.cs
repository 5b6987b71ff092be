using System.Globalization;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;

namespace Lepton.Data.Sql;

/// <summary>
/// A value for <c>$name</c> in an SQL text. The binder puts it there as a constant, never as text of SQL. Without a type it is a literal in quotes, read as whatever it is compared with;
/// with one it is cast to that type.
/// </summary>
public sealed partial record SqlParameter
{
    /// <summary>A value of a type.</summary>
    /// <param name="type">Null for a literal in quotes.</param>
    /// <param name="value">As SQL writes it without quotes; null for NULL.</param>
    /// <exception cref="LeptonDataException"><c>sql.parameter_type</c>: no values of this type are written out; <c>sql.parameter_value</c>: this is none of it.</exception>
    public SqlParameter(DataType? type, string? value)
    {
        (Type, Value) = (type, value);
        if (type is null || value is null) return;
        bool? fits = type switch
        {
            StringType => true,
            BooleanType => value is "true" or "false",
            IntegerType => Whole().IsMatch(value),
            DecimalType or FloatType => Number().IsMatch(value),
            DateType => DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
            InstantType => Instant().IsMatch(value) && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _),
            _ => null,
        };
        if (fits is null) throw new LeptonDataException("sql.parameter_type", [type.ToString()]);
        if (fits is false) throw new LeptonDataException("sql.parameter_value", [value, type.ToString()]);
    }

    /// <summary>Its type; null for a literal in quotes.</summary>
    public DataType? Type { get; }

    /// <summary>The value as text; null for NULL.</summary>
    public string? Value { get; }

    /// <summary>Reads <c>name=value</c> or <c>name:TYPE=value</c>; a name may be the number of a <c>?</c>, counted from 1.</summary>
    /// <exception cref="LeptonDataException"><c>sql.parameter_form</c>: it is neither; or the value is none of the type.</exception>
    public static (string Name, SqlParameter Value) Parse(string text)
    {
        Match match = Form().Match(text);
        if (!match.Success) throw new LeptonDataException("sql.parameter_form", [text]);
        DataType? type = match.Groups["type"].Success ? DataType.Parse(match.Groups["type"].Value) : null;
        return (match.Groups["name"].Value, new SqlParameter(type, match.Groups["value"].Value));
    }

    [GeneratedRegex(@"\A(?<name>\w+)(?::(?<type>[^=]+))?=(?<value>.*)\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    [GeneratedRegex(@"\A-?[0-9]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();

    [GeneratedRegex(@"\A-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    // A time without a zone could be any of a day's.
    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9:.]+(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Instant();
}

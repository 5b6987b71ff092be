using System.Globalization;
using System.Numerics;
using Lepton.Data.Schemas;
using Lepton.Data.Sql.Binding;

namespace Lepton.Data.Sql.Printing;

/// <summary>Constants as SQL text.</summary>
internal static class SqlWords
{
    internal static string Constant(BoundConstant constant) => constant.Value switch
    {
        null => constant.Type.Name == "NULL" ? "NULL" : $"CAST(NULL AS {constant.Type.Name})",
        bool value => value ? "true" : "false",
        string value => SqlLiteral.Text(value),
        double value => Double(value),
        BigInteger value when constant.Type.Name.StartsWith("DECIMAL(", StringComparison.Ordinal) => Decimal(value, constant.Type),
        BigInteger value => Integer(value, constant.Type),
        var value => throw new InvalidOperationException($"A constant holds a {value.GetType()}."),
    };

    // Digits alone have the narrowest type that holds them; the least integers are read as the negation of one that no longer fits.
    private static string Integer(BigInteger value, SqlType type)
    {
        string digits = value.ToString(CultureInfo.InvariantCulture);
        string natural = BigInteger.Abs(value) <= int.MaxValue ? "INTEGER" : BigInteger.Abs(value) <= long.MaxValue ? "BIGINT" : "HUGEINT";
        return natural == type.Name && natural != "HUGEINT" ? digits : $"CAST('{digits}' AS {type.Name})";
    }

    private static string Decimal(BigInteger unscaled, SqlType type)
    {
        string[] arguments = type.Name["DECIMAL(".Length..^1].Split(',');
        int precision = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        int scale = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        string digits = BigInteger.Abs(unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        string text = $"{(unscaled.Sign < 0 ? "-" : "")}{digits[..^scale]}{(scale > 0 ? "." : "")}{digits[^scale..]}";
        return scale > 0 && digits.Length == precision && precision <= 18 ? text : $"CAST('{text}' AS {type.Name})";
    }

    // Without an exponent it would be a decimal.
    private static string Double(double value)
    {
        if (!double.IsFinite(value)) return $"CAST('{(double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf")}' AS DOUBLE)";
        string digits = value.ToString("R", CultureInfo.InvariantCulture);
        return digits.Contains('E', StringComparison.Ordinal) ? digits.Replace("E+", "e", StringComparison.Ordinal).Replace('E', 'e') : $"{digits}e0";
    }
}

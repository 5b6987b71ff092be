using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;

namespace Lepton.Data.Storage.Delta.Log;

/// <summary>Decimals of up to 38 digits as JSON numbers, without a detour through floating point.</summary>
internal static class DecimalText
{
    internal static string Write(Int128 unscaled, int scale)
    {
        string digits = UInt128.CreateTruncating(Int128.IsNegative(unscaled) ? -unscaled : unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        var text = new StringBuilder(Int128.IsNegative(unscaled) ? "-" : "").Append(digits.AsSpan(0, digits.Length - scale));
        return scale == 0 ? text.ToString() : text.Append('.').Append(digits.AsSpan(digits.Length - scale)).ToString();
    }

    /// <summary>The unscaled value of a JSON number under a decimal type; what the scale cannot hold is rounded outward, so that a bound stays one.</summary>
    /// <returns>Null where it has more digits than the type.</returns>
    internal static Int128? Read(string text, DecimalType type, bool roundsUp)
    {
        bool isNegative = text.StartsWith('-');
        string number = isNegative ? text[1..] : text;
        int mark = number.AsSpan().IndexOfAny('e', 'E');
        int exponent = 0;
        if (mark >= 0 && (!int.TryParse(number.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || Math.Abs((long)exponent) > 1000)) return null;
        string mantissa = mark >= 0 ? number[..mark] : number;
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string digits = (point < 0 ? mantissa : mantissa.Remove(point, 1)).TrimStart('0');
        if (digits.Length > 1000) return null;
        // The value is digits * 10^-fraction; shift it to the type's scale.
        int shift = type.Scale + exponent - (point < 0 ? 0 : mantissa.Length - point - 1);
        bool isCut = shift < 0 && digits.AsSpan(Math.Max(digits.Length + shift, 0)).ContainsAnyExcept('0');
        digits = shift >= 0 ? digits.Length == 0 ? "" : digits + new string('0', shift) : digits[..Math.Max(digits.Length + shift, 0)];
        if (digits.Length > type.Precision) return null;
        Int128 magnitude = digits.Length == 0 ? 0 : Int128.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        if (isCut && roundsUp != isNegative) magnitude++;
        return isNegative ? -magnitude : magnitude;
    }
}

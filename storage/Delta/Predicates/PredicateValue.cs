using System.Globalization;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta.Log;

namespace Lepton.Data.Storage.Delta.Predicates;

/// <summary>Values that a predicate compares: bool, long, double, <see cref="Int128"/> (a decimal's digits), string, <see cref="DateOnly"/>, <see cref="EventTime"/>.</summary>
internal static class PredicateValue
{
    internal static bool IsComparable(object value) => value is bool or sbyte or short or int or long or Int128 or string or DateOnly or EventTime or float and not float.NaN or double and not double.NaN;

    /// <summary>The value with one type for all whole numbers and one for all others.</summary>
    internal static object Checked(object value) => value switch
    {
        sbyte or short or int => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        float number when !float.IsNaN(number) => (double)number,
        null => throw new ArgumentException("a comparison with NULL is never true; use IsNull", nameof(value)),
        _ when IsComparable(value) => value,
        _ => throw new ArgumentException($"a {value.GetType().Name} ({value}) is not compared", nameof(value)),
    };

    internal static EquatableList<object> Sorted(IEnumerable<object> values)
    {
        object[] sorted = [.. values.Select(Checked)];
        if (sorted.Select(value => value.GetType()).Distinct().Count() > 1) throw new ArgumentException("the values have several types", nameof(values));
        Array.Sort(sorted, Compare);
        return new EquatableList<object>(sorted.Distinct());
    }

    internal static bool Fits(object value, DataType type) => (value, type) switch
    {
        (bool, BooleanType) or (long, IntegerType) or (double, FloatType) or (Int128, DecimalType) or (string, StringType) or (DateOnly, DateType) or (EventTime, InstantType or NaiveTimeType) => true,
        _ => false,
    };

    /// <summary>Both of one type.</summary>
    internal static int Compare(object left, object right) => (left, right) switch
    {
        (string a, string b) => CompareText(a, b),
        // Both zeros are one number here, and NaN does not come.
        (double a, double b) => a < b ? -1 : a > b ? 1 : 0,
        (EventTime a, EventTime b) => a.CompareTo(b),
        (IComparable a, _) when left.GetType() == right.GetType() => a.CompareTo(right),
        _ => throw new ArgumentException($"a {left.GetType().Name} is not compared with a {right.GetType().Name}"),
    };

    internal static string Sql(object value, DataType type) => value switch
    {
        bool truth => truth ? "true" : "false",
        long number => SqlLiteral.BigInt(number),
        double number => $"CAST({SqlLiteral.Text(number.ToString("R", CultureInfo.InvariantCulture))} AS DOUBLE)",
        Int128 unscaled => $"CAST({SqlLiteral.Text(DecimalText.Write(unscaled, ((DecimalType)type).Scale))} AS {type})",
        DateOnly date => $"CAST({SqlLiteral.Text(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))} AS DATE)",
        EventTime time => $"make_timestamp{(type is InstantType ? "tz" : "")}({SqlLiteral.BigInt(time.MicrosecondsSinceEpoch)})",
        var text => SqlLiteral.Text((string)text),
    };

    // The order of code points, which is that of UTF-8's bytes: in UTF-16 the surrogates stand before U+E000 to U+FFFF, in the order of code points after them.
    private static int CompareText(string left, string right)
    {
        int length = Math.Min(left.Length, right.Length);
        for (int i = 0; i < length; i++)
        {
            if (left[i] == right[i]) continue;
            bool isLeftSurrogate = char.IsSurrogate(left[i]), isRightSurrogate = char.IsSurrogate(right[i]);
            return isLeftSurrogate == isRightSurrogate ? left[i].CompareTo(right[i]) : isLeftSurrogate ? 1 : -1;
        }
        return left.Length.CompareTo(right.Length);
    }
}

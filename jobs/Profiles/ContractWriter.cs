using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>Writes the expectations that a table fulfils, as YAML to be pasted below a step and then thought about: what holds today need not be a rule.</summary>
public static partial class ContractWriter
{
    // A value among few is one of a set; that it stays so is only likely where each was seen often.
    private const int SetSizeMax = Profiler.TopCount;
    private const int RowsAValueMin = 10;
    private const int SetValueLengthMax = 60;

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The block <c>expect:</c> for a profiled table.</summary>
    /// <param name="profile">Of the table as it is; <see cref="ColumnProfile.IsDistinctExact"/> decides whether uniqueness is spoken of.</param>
    public static string Write(TableProfile profile)
    {
        var yaml = new StringBuilder();
        string rows = Count(profile.RowCount);
        yaml.Append(CultureInfo.InvariantCulture, $"# What holds for the {rows} of {OneLine(profile.Name)}. Keep what must hold, loosen what merely does; bounds are rounded outwards.\nexpect:\n");
        var names = new HashSet<string>(StringComparer.Ordinal);
        void Rule(string name, string rule, string why) => yaml.Append(CultureInfo.InvariantCulture, $"  # {OneLine(why)}\n  {Unused(name, names)}: {rule}\n");

        foreach (ColumnProfile column in profile.Columns) Rule($"{column.Field.Name}_type", $"{{ column: {Scalar(column.Field.Name)}, type: {Scalar(column.Field.Type.ToString())} }}", $"the type of {column.Field.Name} as it is");
        string[] present = [.. profile.Columns.Where(column => column.NullCount == 0).Select(column => Scalar(column.Field.Name))];
        if (profile.RowCount > 0)
        {
            Rule("has_rows", "{ min_rows: 1, on_failure: fail }", $"there are {rows}");
            if (present.Length > 0) Rule("all_present", $"{{ not_null: [{string.Join(", ", present)}] }}", $"no NULL in {rows}");
        }
        foreach (ColumnProfile column in profile.Columns)
        {
            string name = column.Field.Name;
            if (IsUnique(column, profile.RowCount)) Rule($"{name}_unique", $"{{ unique: {Scalar(name)} }}", $"{rows}, and each has another {name}");
            else if (column.IsPersonal) yaml.Append(CultureInfo.InvariantCulture, $"  # {OneLine(name)} is personal: none of its values is written here\n");
            else if (SetOf(column, profile.RowCount) is { } set) Rule($"{name}_known", $"{{ column: {Scalar(name)}, in: [{string.Join(", ", set)}] }}", string.Create(CultureInfo.InvariantCulture, $"{set.Count} different value{(set.Count == 1 ? "" : "s")} in {rows}"));
            else if (BoundsOf(column) is var (min, max, why)) Rule($"{name}_in_range", $"{{ column: {Scalar(name)}, between: [{min}, {max}] }}", why);
        }
        return yaml.ToString();
    }

    // Equal times and broken numbers are rare by themselves, and make no key.
    private static bool IsUnique(ColumnProfile column, long rows)
        => rows > 1 && column is { IsDistinctExact: true, NullCount: 0, Field.Type.Id: TypeId.Integer or TypeId.String } && column.DistinctCount == rows;

    private static List<string>? SetOf(ColumnProfile column, long rows)
    {
        if (column is not { IsDistinctExact: true, Field.Type.Id: TypeId.String or TypeId.Integer } || column.DistinctCount is not (> 0 and <= SetSizeMax)) return null;
        if (rows - column.NullCount < column.DistinctCount * RowsAValueMin) return null;
        // Whole numbers without gaps are a range; with gaps they are codes.
        if (column.Field.Type.Id == TypeId.Integer && Convert.ToInt64(column.Max, CultureInfo.InvariantCulture) - (Int128)Convert.ToInt64(column.Min, CultureInfo.InvariantCulture) < column.DistinctCount) return null;
        string?[] values = [.. column.Top.Select(top => Convert.ToString(top.Value, CultureInfo.InvariantCulture)).Order(StringComparer.Ordinal)];
        return Array.TrueForAll(values, value => value!.Length <= SetValueLengthMax && !value.Contains('\0', StringComparison.Ordinal)) ? [.. values.Select(value => column.Field.Type.Id == TypeId.Integer ? value! : Quoted(value!))] : null;
    }

    private static (string Min, string Max, string Why)? BoundsOf(ColumnProfile column)
    {
        // NaN and the infinities lie outside of any range.
        if (column.NanCount > 0 || column.InfiniteCount > 0) return null;
        switch (column.Min, column.Max)
        {
            case (sbyte or short or int or long, _):
                (long least, long greatest) = (Convert.ToInt64(column.Min, CultureInfo.InvariantCulture), Convert.ToInt64(column.Max, CultureInfo.InvariantCulture));
                Int128 limit = Int128.One << (((IntegerType)column.Field.Type).BitWidth - 1);
                return (Text(Outwards(least, isUp: false, -limit)), Text(Outwards(greatest, isUp: true, limit - 1)), string.Create(CultureInfo.InvariantCulture, $"from {least} to {greatest}"));
            case (float or double, _):
                (double low, double high) = (Convert.ToDouble(column.Min, CultureInfo.InvariantCulture), Convert.ToDouble(column.Max, CultureInfo.InvariantCulture));
                return Outwards(low, isUp: false) is { } floor && Outwards(high, isUp: true) is { } ceiling ? (floor, ceiling, string.Create(CultureInfo.InvariantCulture, $"from {low} to {high}")) : null;
            case (Int128 lowest, Int128 highest) when column.Field.Type is DecimalType { Scale: var scale }:
                Int128 one = Int128.One;
                for (int i = 0; i < scale; i++) one *= 10;
                // Whole numbers around it: a decimal's range is said in them.
                Int128 from = lowest >= 0 ? 0 : (lowest / one) - (lowest % one < 0 ? 1 : 0);
                return (Text(from), Text((highest / one) + (highest % one > 0 ? 1 : 0)), $"from {ProfileText.Value(column.Field.Type, lowest)} to {ProfileText.Value(column.Field.Type, highest)}");
            case (DateOnly first, DateOnly last) when last.Year < 9999:
                return (first.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), "9999-12-31", string.Create(CultureInfo.InvariantCulture, $"from {first:yyyy-MM-dd} to {last:yyyy-MM-dd}; time goes on, so there is no upper bound"));
            case (EventTime first, EventTime last) when column.Field.Type.Id == TypeId.Instant && first.ToString().EndsWith('Z') && last < Year9999:
                return (first.ToString()[..10], "9999-12-31", $"from {first} to {last}; time goes on, so there is no upper bound");
            default: return null;
        }
    }

    private static EventTime Year9999 => EventTime.TryParse("9999-01-01", out EventTime time) ? time : default;

    // To two digits: 1437 becomes 1500, -96 stays; what is not negative begins at 0.
    private static Int128 Outwards(long value, bool isUp, Int128 limit)
    {
        if (value >= 0 && !isUp) return 0;
        Int128 step = 1;
        while (Int128.Abs(value) / step >= 100) step *= 10;
        Int128 rounded = value / step * step;
        if (rounded != value && (value > 0) == isUp) rounded += isUp ? step : -step;
        return isUp ? Int128.Min(rounded, limit) : Int128.Max(rounded, limit);
    }

    private static string? Outwards(double value, bool isUp)
    {
        if (value >= 0 && !isUp) return "0";
        if (value == 0) return "0";
        double step = Math.Pow(10, Math.Floor(Math.Log10(Math.Abs(value))) - 1);
        double rounded = (isUp ? Math.Ceiling(value / step) : Math.Floor(value / step)) * step;
        // Steps below one are no binary numbers: the shortest text of few digits is what was meant.
        string text = rounded.ToString("G2", CultureInfo.InvariantCulture);
        if (!double.TryParse(text, CultureInfo.InvariantCulture, out double read) || !double.IsFinite(read) || (isUp ? read < value : read > value)) text = value.ToString("R", CultureInfo.InvariantCulture);
        return Plain(text);
    }

    // 1E+20 as YAML and SQL both take it.
    private static string? Plain(string text) => Number().IsMatch(text) ? text : null;

    private static string Text(Int128 value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Count(long rows) => string.Create(CultureInfo.InvariantCulture, $"{rows:N0} row{(rows == 1 ? "" : "s")}");

    // Of a column's name what a rule's name may hold.
    private static string Unused(string name, HashSet<string> names)
    {
        string fit = NotOfNames().Replace(name.ToLowerInvariant(), "_").Trim('_');
        fit = Underscores().Replace(fit, "_");
        if (fit.Length == 0 || !char.IsAsciiLetterLower(fit[0])) fit = $"column_{fit}".TrimEnd('_');
        if (!TableName.IsName(fit)) fit = "rule";
        string unused = fit;
        for (int i = 2; !names.Add(unused); i++) unused = string.Create(CultureInfo.InvariantCulture, $"{fit}_{i}");
        return unused;
    }

    private static string Scalar(string text) => Word().IsMatch(text) && text is not "null" ? text : Quoted(text);

    // JSON's strings are YAML's.
    private static string Quoted(string text) => JsonSerializer.Serialize(text, s_json);

    private static string OneLine(string text) => string.Create(text.Length, text, static (line, text) =>
    {
        for (int i = 0; i < line.Length; i++) line[i] = char.IsControl(text[i]) || text[i] is '\u2028' or '\u2029' or '\u0085' or '\uFEFF' ? ' ' : text[i];
    });

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex Word();

    [GeneratedRegex("[^a-z0-9]")]
    private static partial Regex NotOfNames();

    [GeneratedRegex("_+")]
    private static partial Regex Underscores();

    [GeneratedRegex("^[+-]?[0-9]{1,38}(\\.[0-9]{1,38})?([eE][+-]?[0-9]{1,3})?$")]
    private static partial Regex Number();
}

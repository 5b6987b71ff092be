using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>What is asked of one column in a pass over all rows, and what the answers mean.</summary>
internal sealed class ProfileExpressions
{
    private static readonly DateOnly s_epoch = new(1970, 1, 1);
    private static readonly double[] s_tenths = [.. Enumerable.Range(1, 9).Select(i => i / 10.0)];
    private static readonly double[] s_quantiles = [.. Profiler.Quantiles, .. s_tenths];

    private readonly Field _field;
    private readonly bool _areQuantilesExact;
    private readonly List<(string What, string Sql)> _asked = [];

    /// <summary>What is asked of <paramref name="field"/>.</summary>
    /// <param name="field">The column.</param>
    /// <param name="index">Of the column in its query, so that names differ.</param>
    /// <param name="areQuantilesExact">Whether quantiles are taken from all values, which all are held for it.</param>
    internal ProfileExpressions(Field field, int index, bool areQuantilesExact)
    {
        (_field, _areQuantilesExact, Name) = (field, areQuantilesExact, SqlLiteral.Name(field.Name));
        bool hasInfinite = field.Type.Id is TypeId.Float or TypeId.Date or TypeId.Instant or TypeId.NaiveTime;
        string finite = hasInfinite ? $"CASE WHEN isfinite({Name}) THEN {Name} END" : Name;
        // Numbers as they are, dates as days, times as microseconds: what can be binned.
        Scale = field.Type.Id switch
        {
            TypeId.Integer or TypeId.Float or TypeId.Decimal => $"CAST({finite} AS DOUBLE)",
            TypeId.Date => $"CAST({finite} - DATE '1970-01-01' AS DOUBLE)",
            TypeId.Instant or TypeId.NaiveTime => $"CAST(epoch_us({finite}) AS DOUBLE)",
            _ => null,
        };
        Ask("present", $"count({Name})");
        if (field.Type.Children.Count == 0)
        {
            Ask("distinct", $"approx_count_distinct({Name})");
            Ask("min", $"min({finite})");
            Ask("max", $"max({finite})");
        }
        if (Scale is not null)
        {
            string quantiles = string.Join(", ", s_quantiles.Select(quantile => quantile.ToString(CultureInfo.InvariantCulture)));
            Ask("quantiles", $"{(areQuantilesExact ? "quantile_disc" : "approx_quantile")}({Scale}, [{quantiles}])");
        }
        if (field.Type.Id is TypeId.Integer or TypeId.Float or TypeId.Decimal)
        {
            Ask("mean", $"avg({Scale})");
            Ask("deviation", $"stddev_pop({(field.Type.Id == TypeId.Float ? $"CASE WHEN abs({Name}) < 1e150 THEN {Scale} END" : Scale)})");
        }
        if (field.Type.Id == TypeId.Float) Ask("nan", $"count(*) FILTER (WHERE isnan({Name}))");
        if (hasInfinite) Ask("infinite", $"count(*) FILTER (WHERE isinf({Name}))");
        if (field.Type.Id == TypeId.String) Ask("empty", $"count(*) FILTER (WHERE {Name} = '')");
        if (field.Type.Id is TypeId.String or TypeId.List)
        {
            string length = field.Type.Id == TypeId.List ? $"len({Name})" : $"length({Name})";
            Ask("length_min", $"min({length})");
            Ask("length_mean", $"avg({length})");
            Ask("length_max", $"max({length})");
        }
        List = [.. _asked.Select(asked => string.Create(CultureInfo.InvariantCulture, $"{asked.Sql} AS {asked.What}{index}"))];
    }

    /// <summary>The column, quoted.</summary>
    internal string Name { get; }

    /// <summary>The expressions, with names.</summary>
    internal IReadOnlyList<string> List { get; }

    /// <summary>The column as a DOUBLE, NULL where it is infinite or no number; null where it is neither number nor time.</summary>
    internal string? Scale { get; }

    /// <summary>A number as SQL that has all of its digits.</summary>
    internal static string Double(double value) => $"CAST('{value.ToString("R", CultureInfo.InvariantCulture)}' AS DOUBLE)";

    /// <summary>What the answers to <see cref="List"/> say.</summary>
    internal ColumnProfile Read(ReadOnlySpan<object?> answers, long rows)
    {
        var by = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (int i = 0; i < answers.Length; i++) by.Add(_asked[i].What, answers[i]);
        long? Count(string what) => by.GetValueOrDefault(what) is { } value ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : null;
        double? Number(string what) => by.GetValueOrDefault(what) is { } value && Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && double.IsFinite(number) ? number : null;
        double[] quantiles = [.. (by.GetValueOrDefault("quantiles") as object?[] ?? []).OfType<double>()];
        return new ColumnProfile
        {
            Field = _field,
            NullCount = rows - Count("present")!.Value,
            DistinctCount = Count("distinct"),
            Min = by.GetValueOrDefault("min"),
            Max = by.GetValueOrDefault("max"),
            Mean = Number("mean"),
            StandardDeviation = Number("deviation"),
            Quantiles = [.. quantiles.Take(Profiler.Quantiles.Count).Select(FromScale)],
            Tenths = [.. quantiles.Skip(Profiler.Quantiles.Count)],
            AreQuantilesExact = _areQuantilesExact,
            NanCount = Count("nan"),
            InfiniteCount = Count("infinite"),
            EmptyCount = Count("empty"),
            Lengths = Count("length_min") is { } shortest ? (shortest, Number("length_mean")!.Value, Count("length_max")!.Value) : null,
        };
    }

    /// <summary>How the values are binned; null where they do not differ, or so much that a bin's width is no number.</summary>
    internal (double Low, double Width, int Count)? BinsOf(ColumnProfile profile)
    {
        if (Scale is null || profile.Min is null || profile.IsPersonal) return null;
        (double low, double high) = (OnScale(profile.Min), OnScale(profile.Max!));
        double width = (high - low) / Profiler.BinCount;
        if (!double.IsFinite(width) || width <= 0 || low + width <= low) return null;
        // Few whole numbers have a bin each.
        if (profile.Field.Type.Id is TypeId.Integer or TypeId.Date && high - low < Profiler.BinCount) return (low, 1, (int)(high - low) + 1);
        return (low, width, Profiler.BinCount);
    }

    private double OnScale(object value) => value switch
    {
        DateOnly date => date.DayNumber - s_epoch.DayNumber,
        EventTime time => time.MicrosecondsSinceEpoch,
        Int128 unscaled => (double)unscaled / Math.Pow(10, ((DecimalType)_field.Type).Scale),
        _ => Convert.ToDouble(value, CultureInfo.InvariantCulture),
    };

    private object FromScale(double value) => _field.Type.Id switch
    {
        TypeId.Date => DateOnly.FromDayNumber((int)Math.Clamp(value + s_epoch.DayNumber, 0, DateOnly.MaxValue.DayNumber)),
        // An estimate is not good to the microsecond.
        TypeId.Instant or TypeId.NaiveTime => new EventTime(_areQuantilesExact ? (long)value : (long)value / 1_000_000 * 1_000_000),
        _ => value,
    };

    private void Ask(string what, string sql) => _asked.Add((what, sql));
}

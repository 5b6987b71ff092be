using System.Globalization;
using Lepton.Data.Schemas;

namespace Lepton.Data.Jobs.Profiles;

/// <summary>What is asked of one column in a pass over all rows, and what the answers mean.</summary>
internal sealed class ProfileExpressions
{
    private readonly Field _field;
    private readonly bool _areQuantilesExact;
    private readonly List<(string What, string Sql)> _asked = [];
    private double _scaleMin;
    private double _scaleMax;

    /// <summary>What is asked of <paramref name="field"/>.</summary>
    /// <param name="field">The column.</param>
    /// <param name="index">Of the column in its query, so that names differ.</param>
    /// <param name="areQuantilesExact">Whether quantiles are taken from all values, which all are held for it.</param>
    internal ProfileExpressions(Field field, int index, bool areQuantilesExact)
    {
        (_field, _areQuantilesExact, Name) = (field, areQuantilesExact, SqlLiteral.Name(field.Name));
        // Numbers as they are, dates as days, times as microseconds: what can be binned.
        Scale = field.Type.Id switch
        {
            TypeId.Integer or TypeId.Float or TypeId.Decimal => $"CAST({Name} AS DOUBLE)",
            TypeId.Date => $"CAST({Name} - DATE '1970-01-01' AS DOUBLE)",
            TypeId.Instant or TypeId.NaiveTime => $"CAST(epoch_us({Name}) AS DOUBLE)",
            _ => null,
        };
        IsOnScale = field.Type.Id == TypeId.Float ? $"isfinite({Name})" : $"{Name} IS NOT NULL";
        Ask("present", $"count({Name})");
        if (field.Type.Children.Count == 0)
        {
            string finite = field.Type.Id == TypeId.Float ? $" FILTER (WHERE {IsOnScale})" : "";
            Ask("distinct", $"approx_count_distinct({Name})");
            Ask("min", $"min({Name}){finite}");
            Ask("max", $"max({Name}){finite}");
        }
        if (Scale is not null)
        {
            string quantiles = string.Join(", ", Profiler.Quantiles.Select(quantile => quantile.ToString(CultureInfo.InvariantCulture)));
            Ask("scale_min", $"min({Scale}) FILTER (WHERE {IsOnScale})");
            Ask("scale_max", $"max({Scale}) FILTER (WHERE {IsOnScale})");
            Ask("quantiles", $"{(areQuantilesExact ? "quantile_disc" : "approx_quantile")}({Scale}, [{quantiles}]) FILTER (WHERE {IsOnScale})");
        }
        if (field.Type.Id is TypeId.Integer or TypeId.Float or TypeId.Decimal)
        {
            Ask("mean", $"avg({Scale}) FILTER (WHERE {IsOnScale})");
            Ask("deviation", $"stddev_pop({Scale}) FILTER (WHERE {IsOnScale} AND abs({Scale}) < 1e150)");
        }
        if (field.Type.Id == TypeId.Float)
        {
            Ask("nan", $"count(*) FILTER (WHERE isnan({Name}))");
            Ask("infinite", $"count(*) FILTER (WHERE NOT isfinite({Name}) AND NOT isnan({Name}))");
        }
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

    /// <summary>The column as a DOUBLE; null where it is neither number nor time.</summary>
    internal string? Scale { get; }

    /// <summary>A condition: whether a row has a value on the scale.</summary>
    internal string IsOnScale { get; }

    /// <summary>A number as SQL that has all of its digits.</summary>
    internal static string Double(double value) => $"CAST('{value.ToString("R", CultureInfo.InvariantCulture)}' AS DOUBLE)";

    /// <summary>What the answers to <see cref="List"/> say.</summary>
    internal ColumnProfile Read(ReadOnlySpan<object?> answers, long rows)
    {
        var by = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (int i = 0; i < answers.Length; i++) by.Add(_asked[i].What, answers[i]);
        long? Count(string what) => by.GetValueOrDefault(what) is { } value ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : null;
        double? Number(string what) => by.GetValueOrDefault(what) is { } value && Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && double.IsFinite(number) ? number : null;
        (_scaleMin, _scaleMax) = (Number("scale_min") ?? double.NaN, Number("scale_max") ?? double.NaN);
        return new ColumnProfile
        {
            Field = _field,
            NullCount = rows - Count("present")!.Value,
            DistinctCount = Count("distinct"),
            Min = by.GetValueOrDefault("min"),
            Max = by.GetValueOrDefault("max"),
            Mean = Number("mean"),
            StandardDeviation = Number("deviation"),
            Quantiles = by.GetValueOrDefault("quantiles") is object?[] values ? [.. values.OfType<double>().Select(FromScale)] : [],
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
        double width = (_scaleMax - _scaleMin) / Profiler.BinCount;
        if (Scale is null || !double.IsFinite(width) || width <= 0 || _scaleMin + width <= _scaleMin) return null;
        // Few whole numbers have a bin each.
        if (profile.Field.Type.Id is TypeId.Integer or TypeId.Date && _scaleMax - _scaleMin < Profiler.BinCount) return (_scaleMin, 1, (int)(_scaleMax - _scaleMin) + 1);
        return (_scaleMin, width, Profiler.BinCount);
    }

    private object FromScale(double value) => _field.Type.Id switch
    {
        TypeId.Date => DateOnly.FromDayNumber((int)Math.Clamp(value + new DateOnly(1970, 1, 1).DayNumber, 0, DateOnly.MaxValue.DayNumber)),
        // An estimate is not good to the microsecond.
        TypeId.Instant or TypeId.NaiveTime => new EventTime(_areQuantilesExact ? (long)value : (long)value / 1_000_000 * 1_000_000),
        _ => value,
    };

    private void Ask(string what, string sql) => _asked.Add((what, sql));
}

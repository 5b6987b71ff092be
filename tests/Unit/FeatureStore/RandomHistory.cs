using Lepton.Data.Schemas;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>Histories that hurt: few keys, few instants, many ties, NULLs everywhere, rows that were known late or before they happened.</summary>
internal static class RandomHistory
{
    /// <summary>A history of its own for each seed.</summary>
    /// <param name="seed">Says everything.</param>
    /// <param name="allowsTies">Whether rows may tie with different values.</param>
    internal static HistoryCase Of(int seed, bool allowsTies) => Of(seed, allowsTies, viewCount: 1)[0];

    /// <summary>Several views of one history: they have the keys and the labels in common, and each its own rule, features and rows.</summary>
    internal static IReadOnlyList<HistoryCase> Of(int seed, bool allowsTies, int viewCount)
    {
        var random = new Random(seed);
        HistoryRule firstRule = RuleOf(random);
        DataType[] keyTypes = KeyTypes[random.Next(KeyTypes.Length)];
        // Some histories crowd into few instants, others lie far apart, around 1970, long before, and at the ends of time.
        int instants = allowsTies ? random.Next(2, 5) : random.Next(2, 30);
        long unit = (long)Math.Pow(10, random.Next(0, 11));
        long origin = random.Next(5) switch { 0 => 0, 1 => -5_000_000_000_000, 2 => long.MinValue + 1, 3 => long.MaxValue - (40 * unit), _ => 1_000_000_000_000_000 };
        int keyCount = random.Next(1, allowsTies ? 3 : 25);
        long Instant() => origin + (random.Next(instants) * unit);
        object?[] Key() => [.. keyTypes.Select(type => random.Next(12) == 0 ? null : KeyValue(type, random.Next(keyCount)))];

        var views = new List<HistoryCase>();
        for (int view = 0; view < viewCount; view++)
        {
            HistoryRule rule = view == 0 ? firstRule : RuleOf(random);
            DataType[] featureTypes = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => FeatureTypes[random.Next(FeatureTypes.Length)])];
            var rows = new List<HistoryRow>();
            for (int i = random.Next(allowsTies ? 16 : 400); i > 0; i--)
            {
                long eventTime = Instant();
                long createdTime = random.Next(4) switch { 0 => Instant(), 1 => eventTime, _ => eventTime + (random.Next(allowsTies ? 2 : 5) * unit) };
                rows.Add(new HistoryRow(
                    Key(),
                    random.Next(15) == 0 ? null : eventTime,
                    random.Next(15) == 0 ? null : createdTime,
                    random.Next(8) == 0 ? null : random.Next(4) - 2,
                    [.. featureTypes.Select(type => random.Next(rule.SkipsNulls ? 2 : 5) == 0 ? null : FeatureValue(type, random))]));
            }
            if (!allowsTies) rows = WithoutTies(rows, rule, random);
            views.Add(new HistoryCase { Name = viewCount == 1 ? "v" : $"v{view}", Rule = rule, KeyTypes = keyTypes, FeatureTypes = featureTypes, Rows = rows, BatchCount = random.Next(1, 4) });
        }
        HistoryLabel[] labels = [.. Enumerable.Range(0, random.Next(1, allowsTies ? 10 : 200)).Select(_ => new HistoryLabel(Key(), Instant() + (random.Next(3) - 1)))];
        return [.. views.Select(view => view with { Labels = labels })];
    }

    private static readonly DataType[][] KeyTypes =
    [
        [DataType.String], [DataType.Int64], [DataType.Int32, DataType.String], [DataType.String, DataType.String], [DataType.Date], [DataType.Int64, DataType.Int64, DataType.Boolean],
        [DataType.Decimal(10, 2)], [DataType.Instant], [DataType.Float64], [DataType.Int16], [DataType.Boolean], [DataType.Binary, DataType.Decimal(30, 1)],
    ];

    internal static readonly DataType[] FeatureTypes = [DataType.Int64, DataType.Float64, DataType.String, DataType.Boolean, DataType.Date, DataType.Int16, DataType.Decimal(20, 3), DataType.Instant, new ListType(new Field("element", DataType.Int64)),
        new StructType([new Field("a", DataType.String), new Field("b", DataType.Float64)])];

    private static HistoryRule RuleOf(Random random) => new()
    {
        HasCreatedTime = random.Next(4) != 0,
        HasSequence = random.Next(2) == 0,
        IsStrict = random.Next(3) == 0,
        SkipsNulls = random.Next(4) == 0,
        TtlMicroseconds = random.Next(3) == 0 ? null : random.Next(3) == 0 ? 1 : (long)Math.Pow(10, random.Next(0, 12)) * random.Next(1, 5),
    };

    // Texts such as 1|23 and 12|3, which one joined text would confuse.
    private static object KeyValue(DataType type, int number) => type switch
    {
        StringType => new string('1', (number % 3) + 1) + new string('a', number / 3),
        BinaryType => new[] { (byte)number },
        FloatType => number == 0 ? double.NaN : number / 4.0,
        IntegerType { BitWidth: 16 } => (short)(number * 1000),
        IntegerType { BitWidth: 32 } => number,
        // Far apart, so that they are looked up by their hash and not by themselves.
        IntegerType => number * 1_000_003L * 1_000_000_007L,
        BooleanType => number % 2 == 0,
        DateType => new DateOnly(2001, 1, 1).AddDays(number),
        DecimalType => (Int128)number,
        _ => new EventTime(number),
    };

    internal static object FeatureValue(DataType type, Random random) => type switch
    {
        IntegerType { BitWidth: 16 } => (short)random.Next(-3, 3),
        IntegerType => random.NextInt64(-5, 5),
        FloatType => random.Next(6) switch { 0 => double.NaN, 1 => double.PositiveInfinity, _ => random.Next(-4, 4) / 2.0 },
        StringType => random.Next(4) == 0 ? "" : new string('x', random.Next(20)),
        BooleanType => random.Next(2) == 0,
        DateType => new DateOnly(1969, 12, 30).AddDays(random.Next(4)),
        DecimalType => (Int128)random.Next(-9, 9),
        ListType => Enumerable.Range(0, random.Next(4)).Select(i => random.Next(5) == 0 ? null : (object?)(long)i).ToArray(),
        StructType => new object?[] { random.Next(3) == 0 ? null : "a", random.Next(3) == 0 ? null : 0.5 },
        _ => new EventTime(random.Next(-9, 9)),
    };

    // Half of the rows that tie go, the others become equal: both must be fine.
    private static List<HistoryRow> WithoutTies(List<HistoryRow> rows, HistoryRule rule, Random random)
    {
        var kept = new Dictionary<string, HistoryRow>();
        var result = new List<HistoryRow>();
        foreach (HistoryRow row in rows)
        {
            string order = $"{string.Join('|', row.Key.Select(value => value is byte[] bytes ? Convert.ToHexString(bytes) : value ?? "-"))}/{row.EventTime}/{(rule.HasCreatedTime ? row.CreatedTime : 0)}/{(rule.HasSequence ? row.Sequence ?? long.MinValue : 0)}";
            if (kept.TryAdd(order, row)) result.Add(row);
            else if (random.Next(2) == 0) result.Add(row with { Features = kept[order].Features });
        }
        return result;
    }
}

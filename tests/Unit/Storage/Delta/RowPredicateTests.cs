using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Predicates;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class RowPredicateTests
{
    private static readonly Schema s_columns = new([
        new Field("n", DataType.Int32), new Field("t", DataType.String), new Field("x", DataType.Float64), new Field("d", DataType.Decimal(9, 2)), new Field("p", DataType.Date),
    ]);

    [Test]
    public void OverAFile_RandomRowsAndPredicates_NeverRulesOutWhatARowIs([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        int skipped = 0, proven = 0;
        for (int round = 0; round < 2000; round++)
        {
            object?[][] rows = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomRow(random))];
            DateOnly? day = random.Next(4) == 0 ? null : new DateOnly(2026, 1, random.Next(1, 4));
            foreach (object?[] row in rows) row[4] = day;
            DataFile file = FileOf(rows, day, random);
            RowPredicate predicate = RandomPredicate(random, 3);
            predicate.CheckColumns(s_columns);
            Truths[] truths = [.. rows.Select(row => predicate.Of(new OneRow(row)))];
            string at = $"seed {seed}, round {round}: {predicate.ToSql(s_columns)} over {string.Join(" | ", rows.Select(row => string.Join(",", row)))}";
            Assert.That(truths, Is.All.AnyOf(Truths.True, Truths.False, Truths.Unknown), at);
            bool mayMatch = FileFacts.MayMatch(file, s_columns, predicate), allMatch = FileFacts.AllMatch(file, s_columns, predicate);
            if (truths.Contains(Truths.True)) Assert.That(mayMatch, at);
            if (allMatch) Assert.That(truths, Is.All.EqualTo(Truths.True), at);
            if (!mayMatch) skipped++;
            if (allMatch) proven++;
        }
        // A predicate that knows nothing would be right as well, and of no use.
        Assert.That((skipped > 300, proven > 100), Is.EqualTo((true, true)), $"seed {seed}: {skipped} files skipped, {proven} known to match whole");
    }

    [TestCase("z", "\uE000", TestName = "TextOrder_PrivateUse_IsAfterAscii")]
    [TestCase("\uE000", "\U0001F600", TestName = "TextOrder_BeyondTheBasicPlane_IsAfterAllOfIt")]
    [TestCase("a", "ab", TestName = "TextOrder_Beginning_IsBeforeTheWhole")]
    public void TextOrder(string less, string greater)
    {
        Assert.That(PredicateValue.Compare(less, greater), Is.Negative);
        Assert.That(PredicateValue.Compare(greater, less), Is.Positive);
    }

    [Test]
    public void Between_Times_GoesByTheirBounds()
    {
        var schema = new Schema([new Field("at", DataType.Instant)]);
        var file = new DataFile("a", 1, default, new FileStatistics(2, new Dictionary<string, ColumnStatistics> { ["at"] = new(0, new EventTime(10), new EventTime(20)) }), null);
        Assert.That(FileFacts.MayMatch(file, schema, RowPredicate.Between("at", new EventTime(20), new EventTime(30))), Is.True);
        Assert.That(FileFacts.MayMatch(file, schema, RowPredicate.In("at", [new EventTime(9), new EventTime(21)])), Is.False);
    }

    [Test]
    public void Greater_FloatsOfAnotherWriter_MayBeNan()
    {
        var statistics = new FileStatistics(2, new Dictionary<string, ColumnStatistics> { ["x"] = new(0, 1.0, 2.0) });
        var theirs = new DataFile("a", 1, default, statistics, null);
        RowPredicate above = RowPredicate.Compare("x", Comparison.Greater, 5.0);
        Assert.That(FileFacts.MayMatch(theirs, s_columns, above), Is.True, "others leave NaN out of their bounds, and it is greater than 5");
        Assert.That(FileFacts.MayMatch(theirs with { ContentSum = new(2, 1) }, s_columns, above), Is.False, "ours give no bounds then");
        Assert.That(FileFacts.AllMatch(theirs, s_columns, RowPredicate.Compare("x", Comparison.Less, 5.0)), Is.False);
    }

    [Test]
    public void Predicate_AsSql_QuotesNamesAndValues()
    {
        RowPredicate predicate = RowPredicate.Compare("N", Comparison.Less, 5).And(RowPredicate.Compare("t", Comparison.Equal, "it's").Or(RowPredicate.IsNull("p").Not())).And(RowPredicate.In("d", [(Int128)250]));
        Assert.That(predicate.ToSql(s_columns), Is.EqualTo("""(("n" < CAST('5' AS BIGINT) AND ("t" = 'it''s' OR (NOT "p" IS NULL))) AND "d" IN (CAST('2.50' AS DECIMAL(9,2))))"""));
    }

    [Test]
    public void Predicate_ColumnOrTypeThatTheTableLacks_IsTheCallersMistake()
    {
        Assert.Throws<ArgumentException>(() => RowPredicate.IsNull("missing").CheckColumns(s_columns));
        Assert.Throws<ArgumentException>(() => RowPredicate.Compare("n", Comparison.Equal, "1").CheckColumns(s_columns));
        Assert.Throws<ArgumentException>(() => RowPredicate.Compare("x", Comparison.Equal, double.NaN));
        Assert.Throws<ArgumentException>(() => RowPredicate.In("n", [1, "1"]));
    }

    private static object?[] RandomRow(Random random) =>
    [
        random.Next(5) == 0 ? null : random.Next(-3, 4),
        random.Next(5) == 0 ? null : s_texts[random.Next(s_texts.Length)],
        random.Next(6) switch { 0 => null, 1 => double.NaN, 2 => -0.0, _ => random.Next(-2, 3) / 2.0 },
        random.Next(5) == 0 ? null : (Int128)random.Next(-200, 200),
        null,
    ];

    private static readonly string[] s_texts = ["", "a", "ab", "b", "é", "\uE000", "\U0001F600"];

    private static RowPredicate RandomPredicate(Random random, int depth)
    {
        if (depth > 0 && random.Next(2) == 0)
        {
            RowPredicate left = RandomPredicate(random, depth - 1);
            return random.Next(3) switch { 0 => left.Not(), 1 => left.And(RandomPredicate(random, depth - 1)), _ => left.Or(RandomPredicate(random, depth - 1)) };
        }
        int column = random.Next(s_columns.Count);
        string name = s_columns[column].Name;
        return random.Next(6) switch
        {
            0 => RowPredicate.IsNull(name),
            1 => RowPredicate.In(name, Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, column))),
            2 => RowPredicate.Everything,
            _ => RowPredicate.Compare(name, (Comparison)random.Next(6), RandomValue(random, column)),
        };
    }

    private static object RandomValue(Random random, int column)
    {
        if (column == 4) return new DateOnly(2026, 1, random.Next(1, 4));
        while (true)
            if (RandomRow(random)[column] is { } value and not double.NaN) return value;
    }

    /// <summary>As our writer describes rows: bounds that are reached or wider, none where a NaN is; sometimes nothing at all.</summary>
    private static DataFile FileOf(object?[][] rows, DateOnly? day, Random random)
    {
        var columns = new Dictionary<string, ColumnStatistics>();
        for (int i = 0; i < 4; i++)
        {
            if (random.Next(6) == 0) continue;
            object[] values = [.. rows.Select(row => row[i]).OfType<object>()];
            long? nulls = random.Next(6) == 0 ? null : rows.Length - values.Length;
            bool hasBounds = values.Length > 0 && !values.Contains(double.NaN);
            object[] sorted = hasBounds ? [.. values.Select(PredicateValue.Checked).Order(Comparer<object>.Create(PredicateValue.Compare))] : [];
            object? min = hasBounds ? sorted[0] : null, max = hasBounds ? sorted[^1] : null;
            if (max is string text && random.Next(3) == 0) max = text + "z";
            if (i == 0 && min is long low) min = (int)low;
            columns[s_columns[i].Name] = new ColumnStatistics(nulls, random.Next(8) == 0 ? null : min, random.Next(8) == 0 ? null : max);
        }
        return new DataFile("f", 1, default, random.Next(10) == 0 ? null : new FileStatistics(rows.Length, columns), new(rows.Length, 1))
        {
            PartitionValues = new Dictionary<string, string?> { ["p"] = PartitionValue.Write(day, DataType.Date) },
        };
    }

    private sealed class OneRow(object?[] row) : IRowFacts
    {
        public ColumnFacts Of(string column) => row[s_columns.IndexOf(column)] switch
        {
            null => new ColumnFacts(MayBeNull: true, MayHaveValue: false, null, null, MayBeNan: false),
            double.NaN => new ColumnFacts(MayBeNull: false, MayHaveValue: true, double.PositiveInfinity, double.NegativeInfinity, MayBeNan: true),
            var value => new ColumnFacts(MayBeNull: false, MayHaveValue: true, PredicateValue.Checked(value), PredicateValue.Checked(value), MayBeNan: false),
        };
    }
}

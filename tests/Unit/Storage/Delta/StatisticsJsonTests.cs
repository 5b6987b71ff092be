using System.Globalization;
using System.Text;
using Lepton.Data.Schemas;
using Lepton.Data.Storage.Delta;
using Lepton.Data.Storage.Delta.Log;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Storage.Delta;

public sealed class StatisticsJsonTests
{
    [Test]
    public void Write_HandMadeValues_AreInDeltasForms()
    {
        var schema = new Schema(
        [
            new Field("i", DataType.Int32), new Field("f", DataType.Float32), new Field("d", DataType.Float64), new Field("n", DataType.Decimal(10, 3)), new Field("s", DataType.String),
            new Field("day", DataType.Date), new Field("at", DataType.Instant), new Field("raw", DataType.Binary), new Field("ok", DataType.Boolean), new Field("none", DataType.Int64),
        ]);
        var statistics = new FileStatistics(5, new Dictionary<string, ColumnStatistics>
        {
            ["i"] = new(0, -7, 9),
            ["f"] = new(0, 0.1f, 2.5f),
            ["d"] = new(0, 0.1, 1e300),
            ["n"] = new(0, (Int128)(-5), (Int128)1234567),
            ["s"] = new(1, "a", "世界"),
            ["day"] = new(0, new DateOnly(2001, 1, 2), new DateOnly(2001, 12, 31)),
            // 1.5 ms and 2.5 ms after the epoch: widened to 1 and 3.
            ["at"] = new(0, new EventTime(1500), new EventTime(2500)),
            ["raw"] = new(2, new byte[] { 1 }, new byte[] { 2 }),
            ["ok"] = new(0, false, true),
            ["none"] = new(5, null, null),
        });
        Assert.That(StatisticsJson.Write(statistics, schema), Is.EqualTo(
            """{"numRecords":5,"minValues":{"i":-7,"f":0.1,"d":0.1,"n":-0.005,"s":"a","day":"2001-01-02","at":"1970-01-01T00:00:00.001Z"},"""
            + "\"maxValues\":" + """{"i":9,"f":2.5,"d":1E+300,"n":1234.567,"s":"世界","day":"2001-12-31","at":"1970-01-01T00:00:00.003Z"},"""
            + "\"nullCount\":" + """{"i":0,"f":0,"d":0,"n":0,"s":1,"day":0,"at":0,"raw":2,"ok":0,"none":5}}"""));
    }

    [TestCase(-1500, -2, -1, TestName = "Write_TimeBeforeTheEpoch_IsWidenedOutward")]
    [TestCase(-1000, -1, -1, TestName = "Write_WholeMillisecond_StaysAsItIs")]
    [TestCase(999, 0, 1, TestName = "Write_TimeAfterTheEpoch_IsWidenedOutward")]
    public void Write_Times(long microseconds, long min, long max)
    {
        var schema = new Schema([new Field("at", DataType.Instant)]);
        string text = StatisticsJson.Write(new FileStatistics(1, new Dictionary<string, ColumnStatistics> { ["at"] = new(0, new EventTime(microseconds), new EventTime(microseconds)) }), schema);
        Assert.That(text, Does.Contain($"\"minValues\":{{\"at\":\"{Text(min)}\"}},\"maxValues\":{{\"at\":\"{Text(max)}\"}}"));

        static string Text(long milliseconds) => DateTime.UnixEpoch.AddMilliseconds(milliseconds).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void Write_NumberThatJsonLacks_HasNoBound(double value)
    {
        var schema = new Schema([new Field("d", DataType.Float64)]);
        string text = StatisticsJson.Write(new FileStatistics(1, new Dictionary<string, ColumnStatistics> { ["d"] = new(0, 1.0, value) }), schema);
        Assert.That(text, Is.EqualTo("""{"numRecords":1,"minValues":{"d":1},"maxValues":{},"nullCount":{"d":0}}"""));
    }

    // 32 characters stay; the 33rd is cut off, and the last that stays goes one up.
    [TestCase("abc", "abc", "abc")]
    [TestCase("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [TestCase("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")]
    [TestCase("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\uD7FFb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\uD7FF", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\uE000")]
    [TestCase("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\U0001F600b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\U0001F600", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\U0001F601")]
    [TestCase("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\U0010FFFFb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\U0010FFFF", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")]
    public void Cut_Text_IsShortAndBounds(string text, string min, string max)
    {
        Assert.That(StatisticsJson.CutDown(text), Is.EqualTo(min));
        Assert.That(StatisticsJson.CutUp(text), Is.EqualTo(max));
    }

    [Test]
    public void Cut_OnlyTheGreatestCharacter_HasNoUpperBound()
        => Assert.That(StatisticsJson.CutUp(string.Concat(Enumerable.Repeat("\U0010FFFF", 33))), Is.Null);

    [Test]
    public void Cut_RandomText_BoundsInByteOrder()
    {
        const int seed = 20260301;
        var random = new Random(seed);
        int[] alphabet = ['a', 'z', '"', 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF];
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(28, 40)).Select(_ => new Rune(alphabet[random.Next(alphabet.Length)]).ToString()));
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            Assert.That(Encoding.UTF8.GetBytes(StatisticsJson.CutDown(text)!).AsSpan().SequenceCompareTo(bytes), Is.LessThanOrEqualTo(0), $"seed {seed}, {i}");
            if (StatisticsJson.CutUp(text) is not { } max) continue;
            Assert.That(Encoding.UTF8.GetBytes(max).AsSpan().SequenceCompareTo(bytes), Is.GreaterThanOrEqualTo(0), $"seed {seed}, {i}");
            Assert.That(max.EnumerateRunes().Count(), Is.LessThanOrEqualTo(32), $"seed {seed}, {i}");
        }
    }

    // What Spark, delta-rs and others write: times in milliseconds cut downward even for the greatest, or in microseconds, with a zone or with Z.
    [TestCase("2001-01-01T00:00:00.123Z", 123_000, 123_999)]
    [TestCase("2001-01-01T00:00:00.123456Z", 123_456, 123_456)]
    [TestCase("2001-01-01T01:00:00.123+01:00", 123_000, 123_999)]
    [TestCase("2001-01-01T00:00:00Z", 0, 999_999)]
    [TestCase("2001-01-01 00:00:00.5Z", 500_000, 599_999)]
    public void Read_TimesOfOtherWriters_AreWidenedByWhatTheyCutOff(string text, long min, long max)
    {
        long day = (long)(new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).TotalMicroseconds;
        FileStatistics statistics = StatisticsJson.Read($$$"""{"numRecords":1,"minValues":{"at":"{{{text}}}"},"maxValues":{"at":"{{{text}}}"}}""", new Schema([new Field("at", DataType.Instant)]))!;
        Assert.That(statistics.Columns["at"], Is.EqualTo(new ColumnStatistics(null, new EventTime(day + min), new EventTime(day + max))));
    }

    [TestCase("""{"numRecords":-1}""")]
    [TestCase("""{"numRecords":"1"}""")]
    [TestCase("""{"numRecords":9223372036854775807}""")]
    [TestCase("""{"minValues":{}}""")]
    [TestCase("[1]")]
    [TestCase("{")]
    [TestCase("""{"numRecords":1,"minValues":{"s":"\ud800"}}""")]
    public void Read_NoStatistics_IsNull(string text) => Assert.That(StatisticsJson.Read(text, new Schema([new Field("s", DataType.String)])), Is.Null);

    [TestCase("""{"i":"7"}""")]
    [TestCase("""{"i":7.5}""")]
    [TestCase("""{"i":99999999999}""")]
    [TestCase("""{"i":null}""")]
    [TestCase("""{"i":{"j":1}}""")]
    public void Read_BoundOfAnotherType_IsLeftOut(string bounds)
    {
        FileStatistics statistics = StatisticsJson.Read($$$"""{"numRecords":3,"minValues":{{{bounds}}},"maxValues":{"i":9},"nullCount":{"i":4}}""", new Schema([new Field("i", DataType.Int32)]))!;
        // Four NULLs among three rows are not believed either.
        Assert.That(statistics.Columns["i"], Is.EqualTo(new ColumnStatistics(null, null, 9)));
    }

    [TestCase("1.5", 3, 1500, 1500)]
    [TestCase("-1.5", 0, -2, -1)]
    [TestCase("1.5", 0, 1, 2)]
    [TestCase("1.5e3", 1, 15000, 15000)]
    [TestCase("15e-4", 3, 1, 2)]
    [TestCase("0", 2, 0, 0)]
    [TestCase("-0.0001", 2, -1, 0)]
    [TestCase("99999999999", 0, null, null)]
    public void Decimals_AnyForm_AreRoundedOutward(string text, int scale, long? min, long? max)
    {
        var type = (DecimalType)DataType.Decimal(10, scale);
        Assert.That((long?)DecimalText.Read(text, type, roundsUp: false), Is.EqualTo(min));
        Assert.That((long?)DecimalText.Read(text, type, roundsUp: true), Is.EqualTo(max));
    }

    [Test]
    public void Decimals_Extremes_ComeBack()
    {
        Int128 greatest = Int128.Parse(new string('9', 38), CultureInfo.InvariantCulture);
        foreach (int scale in new[] { 0, 1, 37, 38 })
            foreach (Int128 value in new[] { greatest, -greatest, 0, 1, -1 })
                Assert.That(DecimalText.Read(DecimalText.Write(value, scale), (DecimalType)DataType.Decimal(38, scale), roundsUp: true), Is.EqualTo(value), $"{value} at {scale}");
    }
}

using System.Globalization;
using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.Schemas;

public sealed class EventTimeTests
{
    [TestCase(0, "1970-01-01T00:00:00.000000Z")]
    [TestCase(-1, "1969-12-31T23:59:59.999999Z")]
    [TestCase(988675200000000, "2001-05-01T00:00:00.000000Z")]
    [TestCase(-62135596800000000, "0001-01-01T00:00:00.000000Z")]
    [TestCase(253402300799999999, "9999-12-31T23:59:59.999999Z")]
    [TestCase(-62135596800000001, "-62135596800000001us")]
    [TestCase(253402300800000000, "253402300800000000us")]
    [TestCase(long.MinValue, "-9223372036854775808us")]
    [TestCase(long.MaxValue, "9223372036854775807us")]
    public void ToString_AnyMicroseconds_IsIsoWhereTheCalendarReachesAndReadsBack(long microseconds, string expected)
    {
        var time = new EventTime(microseconds);
        Assert.That(time.ToString(), Is.EqualTo(expected));
        Assert.That((EventTime.TryParse(expected, out EventTime parsed), parsed), Is.EqualTo((true, time)));
    }

    [TestCase("2001-05-01", "2001-05-01T00:00:00.000000Z")]
    [TestCase("2001-05-01T12:30Z", "2001-05-01T12:30:00.000000Z")]
    [TestCase("2001-05-01 12:30:15Z", "2001-05-01T12:30:15.000000Z")]
    [TestCase("2001-05-01T12:30:15.25+02:00", "2001-05-01T10:30:15.250000Z")]
    [TestCase("2001-05-01T00:30:00-08:00", "2001-05-01T08:30:00.000000Z")]
    [TestCase("2000-02-29", "2000-02-29T00:00:00.000000Z")]
    public void TryParse_DateOrTimeWithItsZone_IsTheInstant(string text, string expected)
        => Assert.That((EventTime.TryParse(text, out EventTime time), time.ToString()), Is.EqualTo((true, expected)));

    [TestCase(null)]
    [TestCase("")]
    [TestCase("2001-05-01T12:30:15")]
    [TestCase("2001-05-01 12:30")]
    [TestCase("2001-5-1")]
    [TestCase("01/05/2001")]
    [TestCase("2001-02-29")]
    [TestCase("2001-05-01T24:00Z")]
    [TestCase("2001-05-01T12:30:15.1234567Z")]
    [TestCase("now")]
    [TestCase(" 2001-05-01")]
    [TestCase("us")]
    [TestCase("1.5us")]
    public void TryParse_AnythingElse_IsRefused(string? text) => Assert.That(EventTime.TryParse(text, out _), Is.False);

    [Test]
    public void FromDateTimeOffset_PartsOfAMicrosecond_AreCutTowardsThePast()
    {
        Assert.That(EventTime.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddTicks(19)), Is.EqualTo(new EventTime(1)));
        Assert.That(EventTime.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddTicks(-1)), Is.EqualTo(new EventTime(-1)));
        Assert.That(EventTime.FromDateTimeOffset(DateTimeOffset.Parse("2001-05-01T02:00:00+02:00", CultureInfo.InvariantCulture)).ToString(), Is.EqualTo("2001-05-01T00:00:00.000000Z"));
    }

    [Test]
    public void Order_OfTimes_IsThatOfTheirMicroseconds()
    {
        var early = new EventTime(-5);
        var late = new EventTime(7);
        bool[] found = [early < late, early > late, early <= late, early >= late];
        Assert.That(found, Is.EqualTo(new[] { true, false, true, false }));
        Assert.That(early.CompareTo(late), Is.Negative);
    }
}

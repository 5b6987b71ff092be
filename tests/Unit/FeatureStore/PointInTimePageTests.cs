using Lepton.Data.Schemas;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>What docs/point-in-time.md works by hand and draws, and each line of its table of ties, bounds and NULLs that no test of the rule has.</summary>
public sealed class PointInTimePageTests
{
    private static readonly HistoryRow[] s_rows = [Row("08:00", "08:15", 'A'), Row("09:00", "09:15", 'B'), Row("09:00", "10:40", 'b'), Row("10:00", "10:15", 'C'), Row("11:00", "11:15", 'D')];

    // The second drawing, at both sides of each of its edges; 'b' is B'.
    [TestCase("07:30", 0, "absent", '-')]
    [TestCase("08:15", -1, "absent", '-')]
    [TestCase("08:15", 0, "present", 'A')]
    [TestCase("09:15", -1, "present", 'A')]
    [TestCase("09:15", 0, "present", 'B')]
    [TestCase("10:10", 0, "present", 'B')]
    [TestCase("10:15", -1, "present", 'B')]
    [TestCase("10:15", 0, "present", 'C')]
    [TestCase("10:40", 0, "present", 'C')]
    [TestCase("11:15", -1, "present", 'C')]
    [TestCase("11:15", 0, "present", 'D')]
    [TestCase("17:00", 0, "present", 'D')]
    [TestCase("17:00", 1, "expired", '-')]
    public async Task Moments_OfTheExample_AreAnsweredAsDrawn(string time, int more, string status, char winner)
        => await AssertAsync(s_rows, Minutes(time) + more, status, winner);

    [TestCase(0, "present", 'C')]
    [TestCase(1, "expired", '-')]
    public async Task Moments_WithoutTheLastRow_ExpireAsWritten(int more, string status, char winner)
        => await AssertAsync(s_rows[..4], Minutes("16:00") + more, status, winner);

    // Known at 08:00 of what happens at 09:00: a forecast counts from when it happens.
    [TestCase("08:59", "absent", '-')]
    [TestCase("09:00", "present", 'F')]
    public async Task Forecast_IsVisibleFromItsEventTimeOn(string time, string status, char winner)
        => await AssertAsync([Row("09:00", "08:00", 'F')], Minutes(time), status, winner);

    [TestCase("09:00", "09:00", "09:00", "absent", '-')]
    [TestCase("09:00", "09:30", "09:30", "present", 'X')]
    public async Task Strict_HoldsForTheEventTimeAlone(string happened, string known, string time, string status, char winner)
        => await AssertAsync([Row(happened, known, 'X')], Minutes(time), status, winner, new HistoryRule { IsStrict = true });

    [Test]
    public async Task CreatedTimeNone_DoesNotDecideBetweenEqualEventTimes()
    {
        HistoryCase history = Of([Row("09:00", "09:15", 'X'), Row("09:00", "09:30", 'Y')], Minutes("12:00"), new HistoryRule { HasCreatedTime = false });
        Assert.That((await Assert.ThrowsAsync<LeptonDataException>(async () => await history.JoinAsync()))!.Code, Is.EqualTo("featurestore.tie"));
    }

    [TestCase("12:00", null, true)]
    [TestCase("20:00", 60, true)]
    [TestCase("09:14", null, false)]
    public async Task Tie_IsAnErrorWhereItWouldWinEvenIfItExpires(string time, int? ttlMinutes, bool isError)
    {
        HistoryCase history = Of([Row("09:00", "09:15", 'X'), Row("09:00", "09:15", 'Y')], Minutes(time), new HistoryRule { TtlMicroseconds = ttlMinutes * 60_000_000L });
        if (isError) Assert.That((await Assert.ThrowsAsync<LeptonDataException>(async () => await history.JoinAsync()))!.Code, Is.EqualTo("featurestore.tie"));
        else Assert.That((await history.JoinAsync())[0, "v__status"], Is.EqualTo("absent"));
    }

    [TestCase(double.NaN, double.NaN, "present")]
    [TestCase(0.0, -0.0, "present")]
    [TestCase(0.1, 0.2, "absent")]
    public async Task FloatKeys_AreEqualAsWritten(double label, double row, string status) => await AssertKeyAsync(DataType.Float64, label, row, status);

    [TestCase("01902", "1902", "absent")]
    [TestCase("a", "A", "absent")]
    [TestCase("a", "a ", "absent")]
    [TestCase("", "", "present")]
    public async Task TextKeys_AreEqualByteByByte(string label, string row, string status) => await AssertKeyAsync(DataType.String, label, row, status);

    private static async Task AssertKeyAsync(DataType type, object label, object row, string status)
    {
        var history = new HistoryCase { KeyTypes = [type], Rows = [new HistoryRow([row], 1, 1, null, [1L])], Labels = [new HistoryLabel([label], 2)] };
        Assert.That((await history.JoinAsync())[0, "v__status"], Is.EqualTo(status));
    }

    private static async Task AssertAsync(IReadOnlyList<HistoryRow> rows, long time, string status, char winner, HistoryRule? rule = null)
    {
        HistoryCase history = Of(rows, time, rule ?? new HistoryRule { TtlMicroseconds = 6 * 3_600_000_000L });
        JoinedCase joined = await history.JoinAsync();
        Assert.That((joined[0, "v__status"], joined[0, "v__f0"]), Is.EqualTo(((object?)status, winner == '-' ? null : (object?)(long)winner)));
        await history.AssertAgreesAsync("the nested loop");
    }

    private static HistoryCase Of(IReadOnlyList<HistoryRow> rows, long time, HistoryRule rule) => new() { Rule = rule, Rows = rows, Labels = [new HistoryLabel(["JFK"], time)] };

    private static HistoryRow Row(string happened, string known, char value) => new(["JFK"], Minutes(happened), Minutes(known), null, [(long)value]);

    private static long Minutes(string time) => (long)TimeSpan.ParseExact(time, @"hh\:mm", null).TotalMinutes * 60_000_000;
}

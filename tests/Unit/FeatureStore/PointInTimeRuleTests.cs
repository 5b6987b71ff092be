using Lepton.Data.FeatureStore.Definitions;
using Lepton.Data.Schemas;
using Lepton.Data.Schemas.Contracts;
using NUnit.Framework;

namespace Lepton.Data.Tests.Unit.FeatureStore;

/// <summary>The rule of docs/point-in-time.md, clause by clause, with answers worked by hand. Times are microseconds; the key is "a" where none is said.</summary>
public sealed class PointInTimeRuleTests
{
    // ---- one output row for each label row, in order

    [Test]
    public async Task Labels_InAnyOrderAndTwiceOver_ComeOutAsTheyWere()
    {
        JoinedCase joined = await Case([Row(10, 10, 1)], Label(30), Label(5), Label(30), Label(20)).JoinAsync();
        Assert.That(joined.Rows.Select(row => row[2]), Is.EqualTo((object[])[0L, 1L, 2L, 3L]));
        Assert.That(Values(joined), Is.EqualTo((object?[])[1L, null, 1L, 1L]));
    }

    [Test]
    public async Task Labels_OfEqualKeyAndTimeWithDifferentOwnColumns_StayApart()
        => Assert.That((await Case([Row(1, 1, 7)], Label(9), Label(9)).JoinAsync()).Rows, Has.Count.EqualTo(2));

    [Test]
    public async Task Labels_OfWhichNoneIsAnswered_AreAllKept()
        => Assert.That(Statuses(await Case([Row(50, 50, 1)], Label(9), Label(10)).JoinAsync()), Is.EqualTo((string[])["absent", "absent"]));

    [Test]
    public async Task Labels_Without_GiveNoRows()
        => Assert.That((await Case([Row(1, 1, 1)]).JoinAsync()).Rows, Is.Empty);

    [Test]
    public async Task View_WithoutRows_AnswersNobody()
        => Assert.That(Statuses(await Case([], Label(9)).JoinAsync()), Is.EqualTo((string[])["absent"]));

    // ---- keys are equal as tuples, by type; NULL equals nothing

    [Test]
    public async Task CompositeKeys_ThatOneJoinedTextWouldConfuse_AreDifferent()
    {
        HistoryCase history = new()
        {
            KeyTypes = [DataType.Int64, DataType.Int64],
            Rows = [new HistoryRow([1L, 23L], 1, 1, null, [100L]), new HistoryRow([12L, 3L], 1, 1, null, [200L])],
            Labels = [new HistoryLabel([1L, 23L], 5), new HistoryLabel([12L, 3L], 5), new HistoryLabel([1L, 3L], 5)],
        };
        Assert.That(Values(await history.JoinAsync(), column: 4), Is.EqualTo((object?[])[100L, 200L, null]));
    }

    [Test]
    public async Task NullKey_OnBothSides_MatchesNothing()
    {
        HistoryCase history = Case([new HistoryRow([null], 1, 1, null, [1L])]) with { Labels = [new HistoryLabel([null], 5)] };
        Assert.That(Statuses(await history.JoinAsync()), Is.EqualTo((string[])["absent"]));
    }

    [Test]
    public async Task NullInOnePartOfAKey_MatchesNothing()
    {
        HistoryCase history = new()
        {
            KeyTypes = [DataType.String, DataType.String],
            Rows = [new HistoryRow(["a", null], 1, 1, null, [1L])],
            Labels = [new HistoryLabel(["a", null], 5), new HistoryLabel(["a", "a"], 5)],
        };
        Assert.That(Values(await history.JoinAsync(), column: 4), Is.EqualTo((object?[])[null, null]));
    }

    [Test]
    public async Task Keys_DifferingInCaseOrSpace_AreDifferent()
    {
        HistoryCase history = Case([new HistoryRow(["A"], 1, 1, null, [1L]), new HistoryRow(["a "], 1, 1, null, [2L])], Label(5));
        Assert.That(Statuses(await history.JoinAsync()), Is.EqualTo((string[])["absent"]));
    }

    // ---- visible: happened and known

    [TestCase(9, null)]
    [TestCase(10, 1L)]
    [TestCase(11, 1L)]
    public async Task Row_AtExactlyTheLabelsTime_IsVisible(long time, long? expected)
        => Assert.That(Values(await Case([Row(10, 10, 1)], Label(time)).JoinAsync()), Is.EqualTo((object?[])[expected]));

    [TestCase(10, null)]
    [TestCase(11, 1L)]
    public async Task StrictRow_AtExactlyTheLabelsTime_IsStillToCome(long time, long? expected)
        => Assert.That(Values(await (Case([Row(10, 10, 1)], Label(time)) with { Rule = new HistoryRule { IsStrict = true } }).JoinAsync()), Is.EqualTo((object?[])[expected]));

    [Test]
    public async Task StrictRow_KnownAtExactlyTheLabelsTime_IsVisible()
        => Assert.That(Values(await (Case([Row(10, 20, 1)], Label(20)) with { Rule = new HistoryRule { IsStrict = true } }).JoinAsync()), Is.EqualTo((object?[])[1L]));

    [TestCase(19, null)]
    [TestCase(20, 1L)]
    public async Task Row_KnownLaterThanItHappened_IsVisibleFromThenOn(long time, long? expected)
        => Assert.That(Values(await Case([Row(10, 20, 1)], Label(time)).JoinAsync()), Is.EqualTo((object?[])[expected]));

    [Test]
    public async Task BackfilledRow_KnownAfterTheLabel_DoesNotLeak()
        => Assert.That(Values(await Case([Row(10, 10, 1), Row(15, 99, 2)], Label(20)).JoinAsync()), Is.EqualTo((object?[])[1L]));

    [Test]
    public async Task Row_KnownBeforeItHappens_WaitsUntilItHappens()
        => Assert.That(Values(await Case([Row(10, 10, 1), Row(30, 5, 2)], Label(29), Label(30)).JoinAsync()), Is.EqualTo((object?[])[1L, 2L]));

    [Test]
    public async Task Row_WithoutEventTime_IsLeftOutAndCounted()
    {
        JoinedCase joined = await Case([new HistoryRow(["a"], null, 1, null, [1L])], Label(5)).JoinAsync();
        Assert.That(Statuses(joined), Is.EqualTo((string[])["absent"]));
        Assert.That(joined.Statistics[0].WithoutEventTime, Is.EqualTo(1));
    }

    [Test]
    public async Task Row_WithoutCreatedTime_IsNeverVisibleAndCounted()
    {
        JoinedCase joined = await Case([Row(1, 1, 1), new HistoryRow(["a"], 2, null, null, [2L])], Label(5)).JoinAsync();
        Assert.That(Values(joined), Is.EqualTo((object?[])[1L]));
        Assert.That(joined.Statistics[0].WithoutCreatedTime, Is.EqualTo(1));
    }

    [Test]
    public async Task CreatedTimeNone_TakesARowAsKnownWhenItHappened()
        => Assert.That(Values(await (Case([Row(10, 99, 1), new HistoryRow(["a"], 11, null, null, [2L])], Label(10), Label(11)) with { Rule = new HistoryRule { HasCreatedTime = false } }).JoinAsync()), Is.EqualTo((object?[])[1L, 2L]));

    // ---- the greatest (event time, created time, sequence) wins

    [Test]
    public async Task Winner_IsTheLatestToHappen_NotTheLatestToBeKnown()
        => Assert.That(Values(await Case([Row(20, 21, 1), Row(10, 30, 2)], Label(40)).JoinAsync()), Is.EqualTo((object?[])[1L]));

    [Test]
    public async Task Correction_OfTheSameEventTime_WinsOnceItIsKnown()
        => Assert.That(Values(await Case([Row(10, 11, 1), Row(10, 30, 2)], Label(29), Label(30)).JoinAsync()), Is.EqualTo((object?[])[1L, 2L]));

    [Test]
    public async Task RowsThatBecomeVisibleTogether_TheOneThatHappenedLastWins()
        => Assert.That(Values(await Case([Row(20, 5, 1), Row(10, 20, 2), Row(15, 20, 3)], Label(20)).JoinAsync()), Is.EqualTo((object?[])[1L]));

    [Test]
    public async Task Sequence_DecidesBetweenRowsOfEqualTimes_AndNullIsTheSmallest()
    {
        HistoryCase history = Case([new HistoryRow(["a"], 10, 10, 7, [1L]), new HistoryRow(["a"], 10, 10, 9, [2L]), new HistoryRow(["a"], 10, 10, null, [3L])], Label(20)) with { Rule = new HistoryRule { HasSequence = true } };
        Assert.That(Values(await history.JoinAsync()), Is.EqualTo((object?[])[2L]));
        Assert.That(Values(await (history with { Rows = [history.Rows[2], history.Rows[0] with { Sequence = -1 }] }).JoinAsync()), Is.EqualTo((object?[])[1L]));
    }

    [Test]
    public async Task RowsThatTieWithEqualValues_AreOneRow()
        => Assert.That(Values(await Case([Row(10, 10, 5), Row(10, 10, 5), Row(10, 10, 5)], Label(20), Label(30)).JoinAsync()), Is.EqualTo((object?[])[5L, 5L]));

    [Test]
    public async Task RowsThatTieWithDifferentValues_WhereTheyWouldWin_AreAnErrorWithViewKeyTimeAndRemedy()
    {
        var error = await Assert.ThrowsAsync<LeptonDataException>(() => Case([Row(10, 10, 5), Row(10, 10, 6)], Label(20)).JoinAsync());
        Assert.That(error!.Code, Is.EqualTo("featurestore.tie"));
        Assert.That(error.Message, Does.Contain("'v'").And.Contain("key0 = a").And.Contain("1970-01-01T00:00:00.000010Z").And.Contain("`sequence`"));
    }

    [Test]
    public async Task RowsThatTieOnAValueAndNull_AreAnError()
        => Assert.That((await Assert.ThrowsAsync<LeptonDataException>(() => Case([Row(10, 10, 5), new HistoryRow(["a"], 10, 10, null, [null])], Label(20)).JoinAsync()))!.Code, Is.EqualTo("featurestore.tie"));

    [Test]
    public async Task RowsThatTieWithDifferentValues_WhereTheyDoNotWin_AreNoError()
        => Assert.That(Values(await Case([Row(10, 10, 5), Row(10, 10, 6), Row(11, 11, 7)], Label(9), Label(20)).JoinAsync()), Is.EqualTo((object?[])[null, 7L]));

    [Test]
    public async Task RowsThatTieInTheSequence_NameItInTheError()
    {
        HistoryCase history = Case([new HistoryRow(["a"], 10, 10, 1, [1L]), new HistoryRow(["a"], 10, 10, 1, [2L])], Label(20)) with { Rule = new HistoryRule { HasSequence = true } };
        Assert.That((await Assert.ThrowsAsync<LeptonDataException>(() => history.JoinAsync()))!.Message, Does.Contain("'seq'"));
    }

    // ---- age is judged on the winner alone, both ends inclusive

    [TestCase(15, 1L, "present")]
    [TestCase(16, null, "expired")]
    public async Task Winner_OfExactlyTheTtlsAge_IsUsed(long time, long? expected, string status)
    {
        JoinedCase joined = await (Case([Row(10, 10, 1)], Label(time)) with { Rule = new HistoryRule { TtlMicroseconds = 5 } }).JoinAsync();
        Assert.That(Values(joined), Is.EqualTo((object?[])[expected]));
        Assert.That(Statuses(joined), Is.EqualTo((string[])[status]));
    }

    [Test]
    public async Task Age_IsCountedFromWhenItHappened_NotFromWhenItWasKnown()
        => Assert.That(Statuses(await (Case([Row(10, 18, 1)], Label(18)) with { Rule = new HistoryRule { TtlMicroseconds = 5 } }).JoinAsync()), Is.EqualTo((string[])["expired"]));

    [Test]
    public async Task Ttl_NearTheBeginningOfTime_DoesNotOverflow()
    {
        // The earliest instant that DuckDB takes for one, and a ttl that reaches far before it.
        const long earliest = -9_000_000_000_000_000_000;
        HistoryCase history = Case([Row(earliest, earliest, 1)], Label(earliest + 5)) with { Rule = new HistoryRule { TtlMicroseconds = 900_000_000_000_000_000 } };
        Assert.That(Values(await history.JoinAsync()), Is.EqualTo((object?[])[1L]));
    }

    // ---- NULL is a value, unless the view skips NULLs

    [Test]
    public async Task NullInTheWinner_IsTheAnswer()
    {
        JoinedCase joined = await Case([Row(10, 10, 1), new HistoryRow(["a"], 11, 11, null, [null])], Label(20)).JoinAsync();
        Assert.That(Values(joined), Is.EqualTo((object?[])[null]));
        Assert.That(Statuses(joined), Is.EqualTo((string[])["present"]));
    }

    [Test]
    public async Task SkipNulls_EachFeatureLooksFurtherBackByItself()
    {
        HistoryCase history = new()
        {
            FeatureTypes = [DataType.Int64, DataType.Int64],
            Rule = new HistoryRule { SkipsNulls = true },
            Rows = [new HistoryRow(["a"], 10, 10, null, [1L, 2L]), new HistoryRow(["a"], 11, 11, null, [null, 3L]), new HistoryRow(["a"], 12, 12, null, [4L, null])],
            Labels = [Label(11), Label(12)],
        };
        JoinedCase joined = await history.JoinAsync();
        Assert.That(joined.Rows.Select(row => (row[3], row[4])), Is.EqualTo(new (object?, object?)[] { (1L, 3L), (4L, 3L) }));
    }

    [Test]
    public async Task SkipNulls_AgeIsJudgedOnEachFeaturesWinner()
    {
        HistoryCase history = new()
        {
            FeatureTypes = [DataType.Int64, DataType.Int64],
            Rule = new HistoryRule { SkipsNulls = true, TtlMicroseconds = 5 },
            Rows = [new HistoryRow(["a"], 10, 10, null, [1L, null]), new HistoryRow(["a"], 18, 18, null, [null, 2L])],
            Labels = [Label(20), Label(30), Label(9)],
        };
        JoinedCase joined = await history.JoinAsync();
        Assert.That(joined.Rows.Select(row => (row[3], row[4])), Is.EqualTo(new (object?, object?)[] { (null, 2L), (null, null), (null, null) }));
        Assert.That(Statuses(joined), Is.EqualTo((string[])["present", "expired", "absent"]));
        Assert.That(joined.Misses.Select(miss => (miss.Absent, miss.Expired)), Is.EqualTo(new[] { (1L, 2L), (1L, 1L) }));
    }

    private static HistoryCase Case(IReadOnlyList<HistoryRow> rows, params HistoryLabel[] labels) => new() { Rows = rows, Labels = labels };

    private static HistoryRow Row(long eventTime, long createdTime, long value) => new(["a"], eventTime, createdTime, null, [value]);

    private static HistoryLabel Label(long time) => new(["a"], time);

    private static object?[] Values(JoinedCase joined, int column = 3) => [.. joined.Rows.Select(row => row[column])];

    private static string[] Statuses(JoinedCase joined) => [.. joined.Rows.Select(row => (string)row[^1]!)];
}
